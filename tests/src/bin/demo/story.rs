//! What the demonstration tells.

use super::chapter::Expected::{Answer, Silence};
use super::chapter::{Tally, Teller, Try};
use super::interrupt::Interrupt;
use super::paint::Paint;
use super::stage::{Stage, port};
use anyhow::Context;
use firewall_tests::controller::Controller;
use firewall_tests::traffic::connect;
use firewall_tests::wait::deadline;
use nix::sys::signal::Signal;
use serde_json::Value;
use std::net::SocketAddr;

/// Why the story was not told to its end.
#[derive(Debug)]
pub enum Stopped {
    /// A signal came.
    Interrupted,
    /// Something failed that is no part of the story.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Stopped {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Tells it.
pub fn tell(interrupt: &Interrupt, paint: Paint) -> Result<Tally, Stopped> {
    let stage = Stage::build();
    let mut controller = Controller::stopped(&stage.host, &[]).of_full_size();
    controller.restart();
    let mut teller = Teller::new(interrupt, paint);
    before(&mut teller, &stage)?;
    let (web, db) = attach(&mut teller, &stage, &controller)?;
    rules(&mut teller, &stage, &controller, &web)?;
    members(&mut teller, &stage, &controller, &web, &db)?;
    replies(&mut teller, &stage, &controller, &db)?;
    live_rules(&mut teller, &stage, &controller, &web, &db)?;
    live_members(&mut teller, &stage, &controller, &web)?;
    host(&mut teller, &stage, &controller)?;
    without_daemon(&mut teller, &stage, &mut controller)?;
    Ok(teller.tally)
}

fn before(teller: &mut Teller<'_>, stage: &Stage) -> Result<(), Stopped> {
    let Stage { client, web, db, .. } = stage;
    teller
        .chapter("An open network", "A host routes between a client, a web server and a database. All talk to all.")?;
    teller.tries(vec![
        Try::http(client, "web", web.v4, Answer),
        Try::tcp(client, "web", web.v4, port::SHELL, Answer),
        Try::timestamp(client, "web", web.v4, Answer),
        Try::tcp(client, "db", db.v4, port::DATABASE, Answer),
        Try::tcp(client, "db", db.v6, port::DATABASE, Answer),
    ])
}

fn attach(teller: &mut Teller<'_>, stage: &Stage, controller: &Controller<'_>) -> Result<(String, String), Stopped> {
    let Stage { client, web, db, .. } = stage;
    teller.chapter(
        "Groups without rules",
        "Two interfaces, one filtered by XDP and one by TC. A new group lets everything out and nothing in.",
    )?;
    let web_group = create_group(teller, controller, "web", "answers everybody")?;
    let db_group = create_group(teller, controller, "db", "answers web servers")?;
    for (device, hook, group) in [("web0", "xdp", &web_group), ("db0", "tc", &db_group)] {
        let side = ["--side", "workload", "--hook", hook, "--private-ip-addresses", "auto"];
        teller.command(controller, &[&["attach", device, "--groups", group], side.as_slice()].concat())?;
    }
    teller.tries(vec![
        Try::http(client, "web", web.v4, Silence),
        Try::http(client, "web", web.v6, Silence),
        Try::ping(client, "web", web.v4, Silence),
        Try::tcp(web, "db", db.v4, port::DATABASE, Silence),
        Try::ping(web, "client", client.v4, Answer),
    ])?;
    Ok((web_group, db_group))
}

fn rules(teller: &mut Teller<'_>, stage: &Stage, controller: &Controller<'_>, group: &str) -> Result<(), Stopped> {
    let Stage { client, web, .. } = stage;
    teller.chapter("Rules by address", "Web answers HTTP and pings of anybody, and nothing else.")?;
    for (protocol, port, cidr) in [("tcp", "80", "0.0.0.0/0"), ("tcp", "80", "::/0"), ("icmp", "8-0", "0.0.0.0/0")] {
        let command = ["authorize-security-group-ingress", "--group-id", group, "--protocol", protocol];
        teller.command(controller, &[command.as_slice(), &["--port", port, "--cidr", cidr]].concat())?;
    }
    teller.tries(vec![
        Try::http(client, "web", web.v4, Answer),
        Try::http(client, "web", web.v6, Answer),
        Try::tcp(client, "web", web.v4, port::SHELL, Silence),
        Try::ping(client, "web", web.v4, Answer),
        Try::timestamp(client, "web", web.v4, Silence),
        Try::ping(client, "web", web.v6, Silence),
    ])
}

fn members(
    teller: &mut Teller<'_>,
    stage: &Stage,
    controller: &Controller<'_>,
    web_group: &str,
    db_group: &str,
) -> Result<(), Stopped> {
    let Stage { client, web, db, .. } = stage;
    teller.chapter("Rules by group", "The database answers members of the group web, whatever their addresses are.")?;
    teller.command(controller, &database_rule("authorize-security-group-ingress", db_group, web_group))?;
    teller.tries(vec![
        Try::tcp(web, "db", db.v4, port::DATABASE, Answer),
        Try::tcp(web, "db", db.v6, port::DATABASE, Answer),
        Try::tcp(client, "db", db.v4, port::DATABASE, Silence),
        Try::tcp(client, "db", db.v6, port::DATABASE, Silence),
        Try::ping(web, "db", db.v4, Silence),
    ])
}

fn replies(teller: &mut Teller<'_>, stage: &Stage, controller: &Controller<'_>, group: &str) -> Result<(), Stopped> {
    let Stage { web, db, .. } = stage;
    teller.chapter(
        "Replies need no rule",
        "With no rule for egress at all, the database still answers; it only cannot begin.",
    )?;
    for anyone in ["0.0.0.0/0", "::/0"] {
        let command = ["revoke-security-group-egress", "--group-id", group, "--protocol", "all", "--cidr", anyone];
        teller.command(controller, &command)?;
    }
    teller.tries(vec![
        Try::tcp(web, "db", db.v4, port::DATABASE, Answer),
        Try::tcp(web, "db", db.v6, port::DATABASE, Answer),
        Try::http(db, "web", web.v4, Silence),
        Try::http(db, "web", web.v6, Silence),
    ])
}

fn live_rules(
    teller: &mut Teller<'_>,
    stage: &Stage,
    controller: &Controller<'_>,
    web_group: &str,
    db_group: &str,
) -> Result<(), Stopped> {
    let Stage { client, web, db, .. } = stage;
    let database = SocketAddr::new(db.v4, port::DATABASE);
    let mut open =
        connect(&web.namespace, None, database, deadline()).map_err(|error| failed("connect to db", &error))?;
    let http = ["--group-id", web_group, "--protocol", "tcp", "--port", "80", "--cidr", "0.0.0.0/0"];
    teller
        .chapter("Rules revoked", "A tracked connection lives on, as in the service; new ones are dropped at once.")?;
    teller.command(controller, &database_rule("revoke-security-group-ingress", db_group, web_group))?;
    teller.command(controller, &[&["revoke-security-group-ingress"], http.as_slice()].concat())?;
    teller.tries(vec![
        Try::open("web", "db", &mut open, Answer),
        Try::tcp(web, "db", db.v4, port::DATABASE, Silence),
        Try::http(client, "web", web.v4, Silence),
        Try::http(client, "web", web.v6, Answer),
    ])?;
    teller
        .chapter("Rules authorized again", "The next packet is let through: a command answers after it is in force.")?;
    teller.command(controller, &database_rule("authorize-security-group-ingress", db_group, web_group))?;
    teller.command(controller, &[&["authorize-security-group-ingress"], http.as_slice()].concat())?;
    teller.tries(vec![
        Try::open("web", "db", &mut open, Answer),
        Try::tcp(web, "db", db.v4, port::DATABASE, Answer),
        Try::http(client, "web", web.v4, Answer),
    ])
}

fn live_members(
    teller: &mut Teller<'_>,
    stage: &Stage,
    controller: &Controller<'_>,
    web_group: &str,
) -> Result<(), Stopped> {
    let Stage { client, db, .. } = stage;
    teller.chapter("A member comes", "The client's address becomes a member of web, and no rule is touched.")?;
    let address = client.v4.to_string();
    let create = ["create-network-interface", "--groups", web_group, "--private-ip-address", &address];
    let created = teller.command(controller, &create)?;
    let id = text(&created, "/NetworkInterface/NetworkInterfaceId")?;
    teller.call(&id, "CLIENT");
    teller.tries(vec![
        Try::tcp(client, "db", db.v4, port::DATABASE, Answer),
        Try::tcp(client, "db", db.v6, port::DATABASE, Silence),
    ])?;
    teller.chapter("A member goes", "And it is a stranger again.")?;
    teller.command(controller, &["delete-network-interface", "--network-interface-id", &id])?;
    teller.tries(vec![Try::tcp(client, "db", db.v4, port::DATABASE, Silence)])
}

fn host(teller: &mut Teller<'_>, stage: &Stage, controller: &Controller<'_>) -> Result<(), Stopped> {
    let Stage { admin, host_address, .. } = stage;
    teller.chapter(
        "The host itself",
        "Its own interface: the shell for the administrator's address, metrics for nobody.",
    )?;
    let group = create_group(teller, controller, "host", "the host itself")?;
    let only = format!("{}/32", admin.v4);
    let rule = ["--group-id", &group, "--protocol", "tcp", "--port", "22", "--cidr", &only];
    teller.command(controller, &[&["authorize-security-group-ingress"], rule.as_slice()].concat())?;
    teller.command(controller, &["attach", "admin0", "--groups", &group])?;
    teller.tries(vec![
        Try::tcp(admin, "host", *host_address, port::SHELL, Answer),
        Try::tcp(admin, "host", *host_address, port::METRICS, Silence),
        Try::ping(admin, "host", *host_address, Silence),
    ])
}

fn without_daemon(teller: &mut Teller<'_>, stage: &Stage, controller: &mut Controller<'_>) -> Result<(), Stopped> {
    let Stage { client, web, db, .. } = stage;
    let database = SocketAddr::new(db.v4, port::DATABASE);
    let mut open =
        connect(&web.namespace, None, database, deadline()).map_err(|error| failed("connect to db", &error))?;
    teller
        .chapter("Without the daemon", "It is killed, and the kernel goes on: rules, members and open connections.")?;
    teller.say("the daemon is killed by SIGKILL");
    controller.stop(Signal::SIGKILL);
    teller.tries(vec![
        Try::open("web", "db", &mut open, Answer),
        Try::http(client, "web", web.v4, Answer),
        Try::tcp(web, "db", db.v4, port::DATABASE, Answer),
        Try::tcp(client, "db", db.v4, port::DATABASE, Silence),
    ])?;
    teller.chapter("And with it again", "It takes up what it finds in the kernel.")?;
    controller.restart();
    teller.command(controller, &["status"])?;
    teller.tries(vec![
        Try::open("web", "db", &mut open, Answer),
        Try::http(client, "web", web.v4, Answer),
        Try::tcp(client, "db", db.v4, port::DATABASE, Silence),
    ])
}

/// Makes a group and gives its id.
fn create_group(
    teller: &mut Teller<'_>,
    controller: &Controller<'_>,
    name: &str,
    description: &str,
) -> Result<String, Stopped> {
    let command = ["create-security-group", "--group-name", name, "--description", description];
    let id = text(&teller.command(controller, &command)?, "/GroupId")?;
    teller.call(&id, &name.to_uppercase());
    Ok(id)
}

/// The command about the rule that lets members of `web` reach the database.
fn database_rule<'a>(command: &'a str, db_group: &'a str, web_group: &'a str) -> [&'a str; 9] {
    [command, "--group-id", db_group, "--protocol", "tcp", "--port", "5432", "--source-group", web_group]
}

/// A text in an answer.
fn text(answer: &Value, pointer: &str) -> Result<String, Stopped> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    Ok(text.with_context(|| format!("the answer has no {pointer}: {answer}"))?.to_owned())
}

/// A connection that the story needs and that did not come about.
fn failed(what: &str, error: &firewall_tests::traffic::Failure) -> Stopped {
    Stopped::Failed(anyhow::anyhow!("{what}: {error}"))
}
