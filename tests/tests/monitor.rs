//! Rules that are watched before they are enforced.

use firewall_tests::controller::Controller;
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, World, friend, host, only};
use serde_json::json;

/// The port that stands for SSH.
const PORT: u16 = OPEN;

#[test]
fn what_would_be_dropped_passes_and_is_counted_until_it_is_enforced() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("tried");
    ctl.close_egress(&group);
    let attached = ctl.ok(&["attach", "eth0", "--groups", &group, "--enforce", "off"]);
    assert_eq!(attached["Enforce"], false, "{attached}");
    for family in [0, 1] {
        let mut connection = world.connected_in(friend()[family], PORT);
        connection.talk("watched").answers();
        assert!(ctl.would_drop("eth0", "Ingress", "no-service") > 0);
        // What comes back would not pass either: nothing admitted what it answers.
        assert!(ctl.would_drop("eth0", "Egress", "denied-flow") > 0);
        assert_eq!(ctl.would_drop("eth0", "Egress", "no-service"), 0);

        ctl.ok(&["attach", "eth0", "--enforce", "on", "--replace"]);
        connection.talk("enforced").is_silent();
        world.tcp_in(friend()[family], PORT).is_silent();
        ctl.ok(&["attach", "eth0", "--enforce", "off", "--replace"]);
    }
    let status = ctl.ok(&["status"]);
    assert_eq!(status["Interfaces"][0]["State"], "monitored: nothing is dropped", "{status}");
    for command in ["status", "describe-network-interfaces"] {
        let table = ctl.ctl(&[command, "--output", "table"]).stdout;
        assert!(table.contains("monitored: nothing is dropped"), "{table}");
    }
    let table = ctl.ctl(&["counters", "--output", "table"]).stdout;
    assert!(table.contains("would-drop"), "{table}");
}

#[test]
fn what_the_rules_allow_by_then_goes_on() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("tried");
    ctl.close_egress(&group);
    ctl.ok(&["attach", "eth0", "--groups", &group, "--enforce", "off"]);
    let mut connection = world.connected_in(friend()[0], PORT);
    connection.talk("denied").answers();
    ctl.allow(&group, "tcp", &PORT.to_string(), &only(friend()[0]));
    ctl.ok(&["attach", "eth0", "--enforce", "on", "--replace"]);
    connection.talk("allowed").answers();
    eventually("its answers belong to a flow", || ctl.counter("eth0", "Egress", "flow") > 0);
}

#[test]
fn enforcing_is_held_against_the_caller_and_watching_is_not() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("closed");
    let session = format!("{} 50000 {} {PORT}", friend()[0], host()[0]);
    let watched = ctl.ctl_over_ssh(&session, &["attach", "eth0", "--groups", &group, "--enforce", "off"]);
    assert_eq!(watched.ok()["State"], json!("attached"));
    let enforce = ["attach", "eth0", "--enforce", "on", "--replace"];
    ctl.ctl_over_ssh(&session, &enforce).refused_as("WouldLockOut", "AttachDevice", &["eth0", "--confirm-within"]);
    world.tcp_in(friend()[0], PORT).answers();
}
