//! The controller is killed at moments that nobody chose, while it is at work and traffic flows; and tables that a change
//! does not fit.

use firewall_tests::controller::Controller;
use firewall_tests::effort;
use firewall_tests::ledger::Line;
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, OTHER, World, enforced, friend, only, served, stranger};
use nix::sys::signal::Signal;
use rand::{RngExt as _, SeedableRng as _};
use std::process::{Child, Stdio};
use std::time::Duration;

/// Times that the controller is killed, on each hook.
const KILLS: usize = 4;

/// Rules that come and go, one command after the other, by a process of its own; what is refused since nobody listens is
/// of no interest.
fn load(ctl: &Controller<'_>, group: &str) -> Vec<Child> {
    let commands = ["authorize-security-group-ingress", "revoke-security-group-ingress"];
    let start = |(number, command): (usize, &str)| {
        let (port, peer) = ((5000 + number / 2).to_string(), only(stranger()[number / 2 % 2]));
        let rule = [command, "--group-id", group, "--protocol", "tcp", "--port", &port, "--cidr", &peer];
        ctl.command(&rule).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start a command")
    };
    (0..12).map(|number| start((number, commands[number % 2]))).collect()
}

fn killed_under_load(hook: &str) {
    let seed = effort::seed();
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let world = World::new();
    let mut ctl = Controller::start(&world.host);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &["--hook", hook]);
    let mut flows = friend().map(|friend| world.connected_in(friend, OPEN));
    for round in 0..KILLS {
        let mut commands = load(&ctl, &group);
        for flow in &mut flows {
            flow.talk("under load").answers();
        }
        std::thread::sleep(Duration::from_micros(rng.random_range(0..60_000)));
        ctl.stop(Signal::SIGKILL);
        for command in &mut commands {
            command.wait().expect("the end of a command");
        }
        for flow in &mut flows {
            flow.talk("without a controller").answers();
        }
        world.tcp_in(stranger()[0], OPEN).is_silent();
        ctl.restart();
        // Whatever came through before it was killed is recorded, in force and nothing else is.
        let status = ctl.ok(&["status"]);
        assert_eq!(status["Interfaces"][0]["State"], "enforced", "round {round}, seed {seed}: {status}");
        assert_eq!(status["Problems"].as_array().map(Vec::len), Some(0), "round {round}, seed {seed}: {status}");
        enforced(&world);
        for flow in &mut flows {
            flow.talk("with the next one").answers();
        }
    }
    let again = ctl.ok(&["attach", "eth0", "--groups", &group, "--hook", hook]);
    assert_eq!(again["State"], "unchanged", "{again}");
    let line = Line {
        case: 24,
        name: "kill -9 while rules change and traffic flows",
        hook: if hook == "xdp" { "xdp, tc-out" } else { "tc-in, tc-out" },
        family: "both",
        side: "host",
        result: &format!(
            "{KILLS} times: flows live on, rules stay in force, the next controller finds all as recorded"
        ),
        is_expected: true,
    };
    line.write();
}

#[test]
fn kill_under_load_with_xdp() {
    killed_under_load("xdp");
}

#[test]
fn kill_under_load_with_tc() {
    killed_under_load("tc");
}

/// A change that does not fit is refused whole, and says what is full; the rules before it stay in force.
#[test]
fn a_change_that_does_not_fit_is_refused_whole() {
    let world = World::new();
    let ctl = Controller::start_with(&world.host, &["--limit", "cidrs-v4=32"]);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &[]);
    let authorize = |net: u8| {
        let blocks: Vec<String> = (0..20).map(|number| format!("{{CidrIp=198.{net}.{number}.0/24}}")).collect();
        let permissions = format!("IpProtocol=tcp,FromPort={OTHER},ToPort={OTHER},IpRanges=[{}]", blocks.join(","));
        ctl.ctl(&["authorize-security-group-ingress", "--group-id", &group, "--ip-permissions", &permissions])
    };
    // The first twenty fit beside what is in force until they are; of the next, some would.
    let answer = authorize(18);
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    let before = ctl.ok(&["describe-security-group-rules"]);
    let answer = authorize(19);
    assert_ne!(answer.code, Some(0), "{answer:#?}");
    assert!(answer.stderr.to_lowercase().contains("cidrs_v4"), "{answer:#?}");
    assert_eq!(ctl.ok(&["describe-security-group-rules"]), before, "all of a change, or nothing");
    enforced(&world);
    eventually("the daemon goes on", || ctl.ctl(&["status"]).code == Some(0));
    let line = Line {
        case: 24,
        name: "a change that a table has no room for",
        hook: "tc-in, tc-out",
        family: "IPv4",
        side: "host",
        result: "refused whole with the name of the limit, the rules before it in force",
        is_expected: true,
    };
    line.write();
}
