//! What is told of flows, and what cutting them does, with real sockets.

use firewall_tests::controller::{Controller, text};
use firewall_tests::world::{OPEN, OTHER, World, friend, host, only};
use serde_json::{Value, json};

/// The flows of a device with a port of the host's.
fn flows(ctl: &Controller<'_>, port: u16) -> Vec<Value> {
    let filter = format!("Name=port,Values={port}");
    let answer = ctl.ok(&["describe-flows", "eth0", "--filters", &filter]);
    answer["Flows"].as_array().cloned().unwrap_or_default()
}

#[test]
fn flows_are_told_and_cut() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    ctl.close_egress(&group);
    for port in [OPEN, OTHER] {
        for address in friend() {
            ctl.allow(&group, "tcp", &port.to_string(), &only(address));
        }
    }
    ctl.attach("eth0", &group, &[]);
    for (family, from) in friend().into_iter().enumerate() {
        let mut cut = world.connected_in(from, OPEN);
        let mut kept = world.connected_in(from, OTHER);
        cut.talk("before").answers();
        kept.talk("before").answers();
        let told = flows(&ctl, OPEN);
        let told =
            told.iter().find(|flow| flow["RemoteAddress"] == from.to_string()).unwrap_or_else(|| panic!("{told:?}"));
        assert_eq!(told["RemotePort"], cut.local().port(), "{told}");
        assert_eq!(
            (&told["LocalAddress"], &told["State"]),
            (&json!(host()[family].to_string()), &json!("established"))
        );
        assert!(text(told, "/SecurityGroupRuleId").starts_with("sgr-"), "{told}");
        assert!(told["IngressPackets"].as_u64() > Some(1) && told["EgressBytes"].as_u64() > Some(0), "{told}");

        let counters = ctl.ok(&["counters", "eth0"]);
        assert!(counters["Interfaces"][0]["Flows"]["TcpEstablished"].as_u64() >= Some(2), "{counters}");
        assert!(counters["Interfaces"][0]["ConntrackAllowanceAvailable"].as_u64() > Some(0), "{counters}");

        let (port, peer) = (OPEN.to_string(), from.to_string());
        let chosen = ["flush-flows", "eth0", "--peer", &peer, "--port", &port];
        let trial = ctl.ok(&[chosen.as_slice(), &["--dry-run"]].concat());
        assert_eq!(trial, json!({"Matched": 1, "Cut": 0, "DryRun": true}));
        let own = format!("{from} {} {} {port}", cut.local().port(), host()[family]);
        ctl.ctl_over_ssh(&own, &chosen).refused_as("WouldLockOut", "FlushFlows", &[&peer, "--force"]);
        cut.talk("still").answers();
        assert_eq!(ctl.ok(&chosen), json!({"Matched": 1, "Cut": 1}));
        cut.talk("after").is_silent();
        kept.talk("after").answers();
        // Only the connection is cut: another one is judged by the rules.
        world.tcp_in(from, OPEN).answers();
    }
}

#[test]
fn flows_go_with_the_rule_that_admitted_them() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    ctl.close_egress(&group);
    for address in friend() {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
    }
    ctl.attach("eth0", &group, &[]);
    let mut connections = friend().map(|from| world.connected_in(from, OPEN));
    connections.iter_mut().for_each(|connection| connection.talk("before").answers());
    let rule = |family: usize| {
        let told = flows(&ctl, OPEN);
        let told = told.iter().find(|flow| flow["RemoteAddress"] == friend()[family].to_string()).cloned();
        text(&told.expect("the flow"), "/SecurityGroupRuleId")
    };
    let [v4, v6] = [rule(0), rule(1)];
    let revoke = ["revoke-security-group-ingress", "--group-id", &group, "--security-group-rule-ids"];
    let answer = ctl.ok(&[revoke.as_slice(), &[&v4, "--cut-flows"]].concat());
    assert_eq!(answer["CutFlows"], 1, "{answer}");
    connections[0].talk("after").is_silent();
    connections[1].talk("after").answers();
    // As the service does it, the rest goes on; and is found afterwards.
    ctl.ok(&[revoke.as_slice(), &[&v6]].concat());
    connections[1].talk("revoked").answers();
    assert_eq!(ctl.ok(&["flush-flows", "--rule-id", "revoked"])["Cut"], 1);
    connections[1].talk("cut").is_silent();
}
