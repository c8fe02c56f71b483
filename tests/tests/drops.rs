//! What is told of packets that were dropped, with real sockets.

use firewall_tests::controller::{Controller, text};
use firewall_tests::wait::{eventually, eventually_some};
use firewall_tests::world::{OPEN, OTHER, World, friend, only, stranger};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

/// The drop of a peer's attempts at a port.
fn drop_of(ctl: &Controller<'_>, source: &str, port: u16) -> Value {
    eventually_some("a record", || {
        let answer = ctl.ok(&["drops", "eth0"]);
        let drops = answer["Drops"].as_array().cloned().unwrap_or_default();
        drops.into_iter().find(|drop| drop["SourceAddress"] == source && drop["DestinationPort"] == port)
    })
}

#[test]
fn drops_name_the_rule_that_comes_nearest() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    for address in friend() {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
    }
    ctl.attach("eth0", &group, &[]);
    for (friend, stranger) in friend().into_iter().zip(stranger()) {
        world.tcp_in(stranger, OPEN).is_silent();
        world.tcp_in(friend, OTHER).is_silent();
        let peer = drop_of(&ctl, &stranger.to_string(), OPEN);
        assert_eq!((&peer["Reason"], &peer["Verdict"]), (&json!("no-peer"), &json!("drop")), "{peer}");
        let near = text(&peer, "/NearestRules/0");
        assert!(near.ends_with(&format!("allows tcp/{OPEN}, but only from {}", only(friend))), "{near}");
        let service = drop_of(&ctl, &friend.to_string(), OTHER);
        assert_eq!(service["Reason"], "no-service", "{service}");
        let near = text(&service, "/NearestRules/0");
        assert!(near.ends_with(&format!("from {}, but not tcp/{OTHER}", only(friend))), "{near}");
        // What it says to do does it.
        let hint = text(&service, "/Hint");
        let command = hint.split_once("firewall-ctl ").expect("a command").1;
        ctl.ok(&command.split(' ').collect::<Vec<_>>());
        world.tcp_in(friend, OTHER).answers();
        let service = drop_of(&ctl, &friend.to_string(), OTHER);
        assert!(text(&service, "/Hint").starts_with("It is allowed by now: sgr-"), "{service}");
    }
    ctl.ok(&["attach", "eth0", "--enforce", "off", "--replace"]);
    world.tcp_in(stranger()[0], OTHER).answers();
    let watched = drop_of(&ctl, &stranger()[0].to_string(), OTHER);
    assert_eq!(watched["Verdict"], "would-drop", "{watched}");
    ctl.ctl(&["drops", "--reason", "bad-luck"]).refused_as("InvalidParameterValue", "DescribeDrops", &["no-peer"]);
}

/// A process that ends with its owner.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn new_drops_are_followed() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("closed");
    ctl.attach("eth0", &group, &[]);
    let mut command = ctl.command(&["drops", "eth0", "--follow"]);
    let mut following = Following(command.stdout(Stdio::piped()).spawn().expect("start the command"));
    let output = following.0.stdout.take().expect("a pipe");
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    let source = stranger()[0].to_string();
    // Each attempt comes from another port, so there is news until it has begun to look.
    eventually("a drop is told", || {
        world.tcp_in(stranger()[0], OPEN).is_silent();
        told.try_iter().any(|line| {
            let drop: Value = serde_json::from_str(&line).expect("a line of JSON");
            drop["SourceAddress"] == source && drop["DestinationPort"] == OPEN && drop["Reason"] == "no-service"
        })
    });
}
