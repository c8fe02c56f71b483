//! What the API takes of a controller that has as much as the service's quotas allow: the real daemon over its socket.

use super::Report;
use firewall_common::verdict::Direction;
use firewall_ctl::api::client::{CallOptions, Client};
use firewall_ctl::model::{GroupId, L4, Model, NumberPool, Peer, RuleKey, Service};
use firewall_ctl::store::{PendingEdit, RedbStore, Store as _};
use firewall_tests::build::ModelBuilder;
use firewall_tests::controller::Controller;
use firewall_tests::netns::Namespace;
use ipnet::Ipv4Net;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// Groups beside the default one: the service's default quota.
const GROUPS: u32 = 2499;
/// Rules of each, inbound: the service's default quota, but for one that is authorized and revoked.
const RULES: u32 = 59;
/// Interfaces that carry them: the service's default quota.
const INTERFACES: u32 = 5000;
/// Calls of each kind.
const CALLS: u32 = 200;
/// Highest number of a rule.
const RULE_NUMBERS: u32 = 200_000;

pub fn report() -> Report {
    let (model, groups) = model();
    let namespace = Namespace::new("api");
    let mut ctl = Controller::stopped(&namespace, &[]).of_full_size();
    let config = ctl.run_dir().join("firewall.toml");
    std::fs::write(&config, format!("[limits]\nrule-numbers = {RULE_NUMBERS}\n")).expect("write a configuration");
    let store = RedbStore::open(&ctl.state_dir()).expect("a new store");
    store.commit(&Model::default().changes(&model), PendingEdit::Keep).expect("store a model");
    drop(store);
    ctl.restart_with(&["--config", &config.to_string_lossy()]);
    let client = Client::new(ctl.socket());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let call = |operation: &str, body: &Value| {
        let begun = Instant::now();
        let answer = runtime.block_on(client.call(operation, body, &CallOptions::default()));
        let answer = answer.unwrap_or_else(|error| panic!("{operation} {body}: {error:?}"));
        (answer.body, begun.elapsed())
    };
    let of_group = |number: u32| groups[(number as usize * 37) % groups.len()].to_string();
    let rule = |number| {
        json!({ "GroupId": of_group(number), "IpPermissions": [{ "IpProtocol": "udp", "FromPort": 53, "ToPort": 53,
            "IpRanges": [{ "CidrIp": "192.0.2.0/24" }] }] })
    };
    let each = |name: &str, operation: &str, body: &dyn Fn(u32) -> Value| {
        row(name, (0..CALLS).map(|number| call(operation, &body(number)).1).collect())
    };
    let mut pages = Vec::new();
    let mut token = Value::Null;
    loop {
        let (answer, time) = call("DescribeSecurityGroups", &json!({ "MaxResults": 100, "NextToken": token }));
        pages.push(time);
        token = answer["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    let filter = |name: &str, value: String| json!({ "Filters": [{ "Name": name, "Values": [value] }] });
    Report {
        title: format!("Milliseconds of a call, {GROUPS} groups of {RULES} rules, {INTERFACES} interfaces"),
        head: vec!["call", "p50", "p99"],
        rows: vec![
            each("authorize", "AuthorizeSecurityGroupIngress", &rule),
            each("revoke", "RevokeSecurityGroupIngress", &rule),
            row("describe groups, a page of 100", pages),
            each("describe a group by id", "DescribeSecurityGroups", &|n| json!({ "GroupIds": [of_group(n)] })),
            each("describe groups, filter by name", "DescribeSecurityGroups", &|n| {
                filter("group-name", format!("group {n}"))
            }),
            each("describe groups, filter by CIDR", "DescribeSecurityGroups", &|n| {
                filter("ip-permission.cidr", cidr(n % GROUPS, 0).to_string())
            }),
            each("describe rules, filter by group", "DescribeSecurityGroupRules", &|n| filter("group-id", of_group(n))),
            each("describe interfaces, filter by group", "DescribeNetworkInterfaces", &|n| {
                filter("group-id", of_group(n))
            }),
            each("describe interfaces, a page of 100", "DescribeNetworkInterfaces", &|_| json!({ "MaxResults": 100 })),
        ],
    }
}

fn row(name: &str, mut times: Vec<Duration>) -> Vec<String> {
    times.sort_unstable();
    let of = |percent: usize| format!("{:.2}", times[times.len() * percent / 100].as_secs_f64() * 1e3);
    vec![name.to_owned(), of(50), of(99)]
}

fn cidr(group: u32, rule: u32) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::from_bits(0x0a00_0000 | group << 8 | rule), 32)
}

fn model() -> (Model, Vec<GroupId>) {
    let mut builder = ModelBuilder::new();
    let mut rng = StdRng::seed_from_u64(2);
    let groups: Vec<GroupId> = (0..GROUPS).map(|number| builder.group(&format!("group {number}"))).collect();
    for (number, group) in (0..).zip(&groups) {
        let key = |rule| RuleKey {
            direction: Direction::Inbound,
            service: Service::Ports { protocol: L4::Tcp, from: 443, to: 443 },
            peer: Peer::Ipv4(cidr(number, rule)),
        };
        builder.change(|model| {
            let pool = NumberPool { last: RULE_NUMBERS, busy: &BTreeSet::new() };
            let rules = model.new_rules((0..RULES).map(key).collect(), pool, &mut rng).expect("numbers for rules");
            model.put_rules(*group, rules.into_values()).expect("rules of their own");
        });
    }
    for number in 0..INTERFACES {
        let carried = [0, 1, 2].map(|step| groups[((number * 3 + step) % GROUPS) as usize]);
        builder.member(&carried, &[&Ipv4Addr::from_bits(0xac1f_0000 | number).to_string()]);
    }
    (builder.model(), groups)
}
