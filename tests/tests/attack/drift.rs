//! What somebody else does to devices and programs is noticed, repaired and told.

use firewall_tests::controller::Controller;
use firewall_tests::foreign::{Foreign, Hook, Link, action};
use firewall_tests::ledger::Line;
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, World, enforced, friend, only, served};
use std::fs;

/// Deletes the pins of an interface's links, all that there are.
fn puts_programs_back(hook: &str, place: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &["--hook", hook]);
    enforced(&world);
    let (attached, links) = (ctl.said("attached device"), ctl.bpffs().join("links"));
    let pins: Vec<_> = fs::read_dir(&links).unwrap().map(|link| link.unwrap().path()).collect();
    pins.iter().for_each(|pin| fs::remove_file(pin).unwrap());
    eventually("the programs are put back", || ctl.said("attached device") > attached);
    assert!(ctl.said("repairing") > 0, "{}", ctl.log());
    enforced(&world);
    assert_eq!(fs::read_dir(&links).unwrap().count(), pins.len(), "all links are pinned again");
    mended("pins of links that are deleted", place, "noticed, repaired, reported; rules in force");
}

#[test]
fn programs_whose_pins_were_removed_are_put_back_with_tcx() {
    puts_programs_back("tc", "tc-in, tc-out");
}

#[test]
fn programs_whose_pins_were_removed_are_put_back_with_xdp() {
    puts_programs_back("xdp", "xdp, tc-out");
}

/// Writes down what was done to the programs of a host's interface, and mended.
fn mended(name: &str, hook: &str, result: &str) {
    Line { case: 23, name, hook, family: "both", side: "host", result, is_expected: true }.write();
}

/// As `bpftool link detach` does: the pins stay, and nothing is behind them.
fn puts_links_back(hook: &str, place: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &["--hook", hook]);
    for leg in ["in", "out"] {
        let number = ctl.ok(&["status"])["Interfaces"][0]["AttachmentNumber"].clone();
        let pin = ctl.bpffs().join(format!("links/{number}-{leg}"));
        // Beside XDP, what is sent is judged by a filter on kernels without TCX.
        if (hook, leg) == ("xdp", "out") && !pin.exists() {
            continue;
        }
        let repairs = ctl.said("repairing");
        Link::pinned(&pin).detach();
        eventually("it is put back", || ctl.said("repairing") > repairs && ctl.state() == "enforced");
        enforced(&world);
    }
    mended("links that are detached", place, "noticed, repaired, reported; rules in force");
}

#[test]
fn links_that_are_detached_are_put_back_with_tcx() {
    puts_links_back("tc", "tc-in, tc-out");
}

#[test]
fn links_that_are_detached_are_put_back_with_xdp() {
    puts_links_back("xdp", "xdp, tc-out");
}

/// With the discipline go both filters, which no link holds.
#[test]
fn a_queueing_discipline_that_is_deleted_is_put_back() {
    let world = World::new();
    let ctl = Controller::start_with(&world.host, &["--traffic-control", "clsact"]);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &["--hook", "tc"]);
    let repairs = ctl.said("repairing");
    world.host.tc("qdisc del dev eth0 clsact");
    eventually("it is put back", || ctl.said("repairing") > repairs && ctl.state() == "enforced");
    enforced(&world);
    mended("tc qdisc del", "tc-in, tc-out", "noticed, repaired, reported; rules in force");
}

/// It answers that everything passes, which ends the judging before ours.
#[test]
fn a_program_that_gets_ahead_is_overtaken() {
    for (hook, place) in [(Hook::TcxIngress, "tc-in"), (Hook::TcxEgress, "tc-out")] {
        let world = World::new();
        let ctl = Controller::start(&world.host);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &["--hook", "tc"]);
        let other = Foreign::tc(action::OK);
        let _link = other.attach(&world.host, "eth0", hook);
        eventually("ours is first", || ctl.said("ours go first again") > 0 && ctl.state() == "enforced");
        enforced(&world);
        mended("another program ahead of ours", place, "noticed, overtaken, reported; rules in force");
    }
}

#[test]
fn a_device_that_comes_back_is_attached_again_and_inherits_nothing() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &[]);
    enforced(&world);
    let mut flow = world.connected_in(friend()[0], OPEN);
    flow.talk("before").answers();
    let number = ctl.ok(&["attach", "eth0", "--groups", &group])["AttachmentNumber"].clone();
    // Only its flow would let the connection go on.
    for address in friend() {
        ctl.revoke(&group, "tcp", &OPEN.to_string(), &only(address));
    }
    flow.talk("without a rule").answers();

    let attached = ctl.said("attached device");
    world.rewire();
    eventually("the new device is attached", || ctl.said("attached device") > attached);
    flow.talk("to another device of that name").is_silent();
    let again = ctl.ok(&["attach", "eth0", "--groups", &group])["AttachmentNumber"].clone();
    assert_ne!(again, number, "counters and flows of the old device are none of the new one's");
    for address in friend() {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
    }
    enforced(&world);
    let line = Line {
        case: 15,
        name: "a device that is made again under its name",
        hook: "tc-in, tc-out",
        family: "both",
        side: "host",
        result: "another attachment number, no flow of the one before",
        is_expected: true,
    };
    line.write();
}
