//! Filters of the clsact queueing discipline, where they could be links: everything that a link would do for us.

use super::CLSACT;
use firewall_tests::controller::Controller;
use firewall_tests::foreign::{Foreign, action};
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, OTHER, World, enforced, friend, only, served, stranger};
use nix::sys::signal::Signal;

fn filters(world: &World) -> String {
    ["ingress", "egress"].map(|leg| world.host.tc(&format!("filter show dev eth0 {leg}"))).concat()
}

fn ours(world: &World) -> usize {
    filters(world).matches(" name firewall_tc_").count()
}

#[test]
fn attach_warns_restart_keeps_and_detach_removes() {
    let world = World::new();
    let mut ctl = Controller::start_with(&world.host, CLSACT);
    let group = served(&ctl);
    let rehearsed = ctl.ok(&["attach", "eth0", "--groups", &group, "--hook", "tc", "--dry-run"]);
    let answer = ctl.ok(&["attach", "eth0", "--groups", &group, "--hook", "tc"]);
    for answer in [&rehearsed, &answer] {
        assert!(answer["Warnings"].to_string().contains("outlives controller"), "{answer}");
    }
    assert_eq!((ctl.hooks("eth0"), ctl.state().as_str()), (["clsact", "clsact"].map(str::to_owned), "enforced"));
    enforced(&world);
    let mut flow = world.connected_in(friend()[0], OPEN);
    ctl.revoke(&group, "tcp", &OPEN.to_string(), &only(friend()[0]));
    flow.talk("before").answers();
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        ctl.stop(signal);
        flow.talk("without a daemon").answers();
        world.tcp_in(friend()[0], OPEN).is_silent();
        ctl.restart();
        flow.talk("with the next one").answers();
        assert_eq!(ctl.state(), "enforced");
    }
    ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend()[0]));
    enforced(&world);
    ctl.ok(&["detach", "eth0"]);
    assert_eq!(ours(&world), 0, "{}", filters(&world));
    world.tcp_in(stranger()[0], OTHER).answers();
}

#[test]
fn what_is_deleted_is_put_back() {
    let deletions = [
        "qdisc del dev eth0 clsact",
        "filter del dev eth0 ingress",
        "filter del dev eth0 egress",
        "filter del dev eth0 ingress prio 1",
    ];
    for deletion in deletions {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, CLSACT);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &["--hook", "tc"]);
        let repairs = ctl.said("repairing");
        world.host.tc(deletion);
        eventually(deletion, || ctl.said("repairing") > repairs && ctl.state() == "enforced");
        assert_eq!(ours(&world), 2, "{}", filters(&world));
        enforced(&world);
    }
}

/// A release with other programs cannot give them to a link: it puts them into the filters.
#[test]
fn another_release_renews_the_filters() {
    let world = World::new();
    let mut ctl = Controller::start_with(&world.host, CLSACT);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &["--hook", "tc"]);
    let programs = |world: &World| -> Vec<String> {
        filters(world)
            .split(" id ")
            .skip(1)
            .filter_map(|rest| rest.split_whitespace().next().map(str::to_owned))
            .collect()
    };
    let before = programs(&world);
    let mut flow = world.connected_in(friend()[0], OPEN);
    ctl.stop(Signal::SIGTERM);
    ctl.restart_with(&[CLSACT, &["--program-log", "debug"]].concat());
    let after = programs(&world);
    assert_eq!((before.len(), after.len()), (2, 2), "{}", filters(&world));
    assert!(before.iter().all(|program| !after.contains(program)), "{before:?} {after:?}");
    flow.talk("under the next release").answers();
    enforced(&world);
    let logged = || ctl.said("dropped, reason") > 0;
    eventually("the new programs say what they drop", || {
        let _ = world.udp_in(stranger()[0], OTHER).is_answered();
        logged()
    });
}

#[test]
fn filters_of_others_run_behind_ours() {
    let world = World::new();
    let ctl = Controller::start_with(&world.host, CLSACT);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &["--hook", "tc"]);
    let other = Foreign::tc(action::OK);
    let pin = ctl.bpffs().join("foreign");
    other.pin(&pin);
    // Of the same priority, and later: the kernel runs it first.
    let add =
        format!("filter add dev eth0 ingress protocol all prio 1 bpf direct-action object-pinned {}", pin.display());
    world.host.tc(&add);
    eventually("ours goes first", || ctl.said("ours go first again") > 0 && ctl.state() == "enforced");
    assert_eq!(ours(&world), 2, "{}", filters(&world));
    enforced(&world);
    let before = other.runs();
    world.tcp_in(friend()[0], OPEN).answers();
    assert!(other.runs() > before, "it sees what ours lets through");
    ctl.ok(&["detach", "eth0"]);
    let left = filters(&world);
    assert!(left.contains("foreign") && !left.contains("firewall"), "{left}");
    std::fs::remove_file(pin).unwrap();
}

#[test]
fn a_filter_in_the_place_of_ours_is_named_with_what_to_do() {
    let world = World::new();
    let mut ctl = Controller::start_with(&world.host, CLSACT);
    let group = served(&ctl);
    world.host.tc("qdisc add dev eth0 clsact");
    world.host.tc("filter add dev eth0 ingress protocol ip prio 1 u32 match u32 0 0 flowid :1");
    let answer = ctl.ctl(&["attach", "eth0", "--groups", &group, "--hook", "tc"]);
    answer.refused_as("DataplaneError", "AttachDevice", &["clsact of eth0", "priority 1", "tc filter show"]);
    world.tcp_in(stranger()[0], OTHER).answers();
    assert_eq!(ours(&world), 0, "what was put there is taken off again: {}", filters(&world));
    ctl.stop(Signal::SIGTERM);
}

#[test]
fn emergency_detach_finds_filters() {
    for what in ["eth0", "--all"] {
        let world = World::new();
        let mut ctl = Controller::start_with(&world.host, CLSACT);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &["--hook", "tc"]);
        enforced(&world);
        ctl.stop(Signal::SIGKILL);
        let pins = ctl.bpffs().to_str().unwrap().to_owned();
        // Filters live without their pins, too.
        if what == "--all" {
            std::fs::remove_dir_all(&pins).unwrap();
            world.tcp_in(stranger()[0], OPEN).is_silent();
        }
        let answer = ctl.ctl(&["emergency-detach", what, "--bpffs", &pins]);
        assert_eq!(answer.code, Some(0), "{answer:#?}");
        assert_eq!(ours(&world), 0, "{}", filters(&world));
        world.tcp_in(stranger()[0], OTHER).answers();
    }
}
