//! Other programs at the same hooks.

use firewall_tests::controller::Controller;
use firewall_tests::foreign::{Foreign, Hook, Link, action};
use firewall_tests::wait::{eventually, eventually_some};
use firewall_tests::world::{OPEN, OTHER, World, enforced, friend, served, stranger};

#[test]
fn a_program_that_was_there_runs_as_before_on_what_ours_lets_through() {
    let world = World::new();
    let [received, sent] = [Foreign::tc(action::NEXT), Foreign::tc(action::NEXT)];
    let _links =
        [received.attach(&world.host, "eth0", Hook::TcxIngress), sent.attach(&world.host, "eth0", Hook::TcxEgress)];
    world.tcp_in(friend()[0], OTHER).answers();
    assert!(received.runs() > 0 && sent.runs() > 0, "it sees all there is");
    let ctl = Controller::start(&world.host);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &["--hook", "tc"]);
    assert_eq!(ctl.state(), "enforced");
    let before = [received.runs(), sent.runs()];
    world.tcp_in(friend()[0], OPEN).answers();
    let after = [received.runs(), sent.runs()];
    assert!(after.iter().zip(before).all(|(after, before)| *after > before), "{before:?} {after:?}");
    // Neighbours are found already, so that nothing else comes by.
    world.udp_in(friend()[0], OTHER).is_silent();
    let dropped = ctl.counter("eth0", "Ingress", "no-service");
    world.udp_in(friend()[0], OTHER).is_silent();
    ctl.counts_above(dropped, "eth0", "Ingress", "no-service");
    ctl.ok(&["detach", "eth0"]);
    let before = received.runs();
    world.tcp_in(stranger()[0], OTHER).answers();
    assert!(received.runs() > before, "it is still there");
}

#[test]
fn a_program_behind_ours_may_drop_what_ours_lets_through() {
    for hook in ["tc", "xdp"] {
        let world = World::new();
        let ctl = Controller::start(&world.host);
        let group = served(&ctl);
        let other = Foreign::tc(action::DROP);
        let link = other.attach(&world.host, "eth0", Hook::TcxIngress);
        ctl.attach("eth0", &group, &["--hook", hook]);
        world.tcp_in(friend()[0], OPEN).is_silent();
        drop(link);
        eventually("it is gone", || world.tcp_in(friend()[0], OPEN).is_answered());
        enforced(&world);
    }
}

/// A program that answers that a packet passes ends the judging: ours would not see it.
#[test]
fn a_program_that_gets_ahead_and_lets_everything_pass_is_overtaken() {
    for (hook, leg) in [(Hook::TcxIngress, "in"), (Hook::TcxEgress, "out")] {
        let world = World::new();
        let ctl = Controller::start(&world.host);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &["--hook", "tc"]);
        let others = [Foreign::tc(action::OK), Foreign::tc(action::OK)];
        let link = others[0].attach(&world.host, "eth0", hook);
        eventually("ours is first", || ctl.said("ours go first again") > 0 && ctl.state() == "enforced");
        enforced(&world);
        // Who insists wins for a minute, and is named.
        let insisting = eventually_some("the status names it", || {
            let overtaken = ctl.said("ours go first again");
            let insisting = others[1].attach(&world.host, "eth0", hook);
            let name = format!("program \"foreign\" (id {}) runs before the {leg} program", insisting.program());
            // On a slow machine the minute may be over: then it is overtaken as well, and another minute begins.
            let mut is_named = false;
            eventually("it is named or overtaken", || {
                is_named = ctl.state().contains(&name);
                is_named || ctl.said("ours go first again") > overtaken
            });
            is_named.then_some(insisting)
        });
        drop(insisting);
        eventually("it is gone", || ctl.state() == "enforced");
        enforced(&world);
        drop(link);
    }
}

#[test]
fn a_link_that_was_detached_is_put_back_and_flows_live_on() {
    for hook in ["tc", "xdp", "xdp-generic"] {
        for leg in ["in", "out"] {
            let world = World::new();
            let ctl = Controller::start(&world.host);
            let group = served(&ctl);
            ctl.attach("eth0", &group, &["--hook", hook]);
            let mut flow = world.connected_in(friend()[0], OPEN);
            flow.talk("before").answers();
            let (repairs, number) = (ctl.said("repairing"), number(&ctl));
            Link::pinned(&ctl.bpffs().join(format!("links/{number}-{leg}"))).detach();
            eventually("it is put back", || ctl.said("repairing") > repairs && ctl.state() == "enforced");
            enforced(&world);
            flow.talk("after").answers();
            assert_eq!(self::number(&ctl), number);
        }
    }
}

fn number(ctl: &Controller<'_>) -> u64 {
    ctl.ok(&["status"])["Interfaces"][0]["AttachmentNumber"].as_u64().unwrap()
}

#[test]
fn xdp_cannot_be_turned_off_by_others() {
    let table = [("xdp", &["xdp", "xdpdrv"] as &[&str], "xdpgeneric"), ("xdp-generic", &["xdpgeneric"], "xdpdrv")];
    for (hook, modes, other) in table {
        let world = World::new();
        let ctl = Controller::start(&world.host);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &["--hook", hook]);
        for mode in modes {
            let text = world.host.refused_tool("ip", &format!("link set dev eth0 {mode} off"));
            assert!(text.contains("Can't replace active BPF XDP link"), "{text}");
        }
        // In the mode in which ours does not run there is nothing to turn off.
        world.host.ip(&format!("link set dev eth0 {other} off"));
        enforced(&world);
        assert_eq!(ctl.state(), "enforced");
        assert_eq!(ctl.hooks("eth0")[0], hook);
    }
}

#[test]
fn a_taken_xdp_hook_is_refused_with_the_name_of_its_holder() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = served(&ctl);
    let other = Foreign::xdp(action::XDP_PASS);
    let link = other.attach(&world.host, "eth0", Hook::Xdp);
    let holder = format!("program \"foreign\" (id {})", link.program());
    for hook in ["xdp", "xdp-generic"] {
        let answer = ctl.ctl(&["attach", "eth0", "--groups", &group, "--hook", hook]);
        answer.refused_as("DeviceUnsuitable", "AttachDevice", &[&holder, "--hook tc"]);
    }
    ctl.attach("eth0", &group, &["--hook", "auto"]);
    assert_eq!(ctl.hooks("eth0"), ["tcx", "tcx"]);
    let before = other.runs();
    enforced(&world);
    assert!(other.runs() > before, "it runs before ours, and goes on");
}

#[test]
fn generic_xdp_of_others_runs_before_ours() {
    for options in [&[], super::CLSACT] {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, options);
        let group = served(&ctl);
        let other = Foreign::xdp(action::XDP_PASS);
        let _link = other.attach(&world.host, "eth0", Hook::XdpGeneric);
        ctl.attach("eth0", &group, &["--hook", "tc"]);
        let before = other.runs();
        enforced(&world);
        assert!(other.runs() > before);
        assert_eq!(ctl.counter("eth0", "Ingress", "hidden-header"), 0);
        assert_eq!(ctl.counter("eth0", "Ingress", "non-ip"), 0);
    }
}

/// The kernel copies frames for such a program, and may hide their Ethernet headers from traffic control then.
#[test]
fn generic_xdp_of_others_in_pieces_leads_past_no_rule() {
    for options in [&[], super::CLSACT] {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, options);
        let group = served(&ctl);
        let other = Foreign::xdp_in_pieces(action::XDP_PASS);
        let link = other.attach(&world.host, "eth0", Hook::XdpGeneric);
        let answer = ctl.ok(&["attach", "eth0", "--groups", &group, "--hook", "tc"]);
        assert!(answer["Warnings"].to_string().contains("hidden-header"), "{answer}");
        let before = other.runs();
        world.tcp_in(friend()[0], OPEN).is_silent();
        ctl.counts_above(0, "eth0", "Ingress", "hidden-header");
        assert!(other.runs() > before);
        assert_eq!(ctl.counter("eth0", "Ingress", "non-ip"), 0);
        drop(link);
        eventually("it is gone", || world.tcp_in(friend()[0], OPEN).is_answered());
        enforced(&world);
    }
}

/// A tap has a driver with XDP, unlike a veth, so `auto` would take it.
#[test]
fn auto_gives_way_where_xdp_is_taken() {
    let world = World::new();
    world.host.ip("tuntap add dev tap0 mode tap");
    let ctl = Controller::start(&world.host);
    let group = served(&ctl);
    let other = Foreign::xdp(action::XDP_PASS);
    let link = other.attach(&world.host, "tap0", Hook::Xdp);
    let answer = ctl.ok(&["attach", "tap0", "--groups", &group]);
    let warnings = answer["Warnings"].to_string();
    assert!(warnings.contains("foreign") && warnings.contains(&link.program().to_string()), "{answer}");
    assert_eq!(ctl.hooks("tap0"), ["tcx", "tcx"]);
    ctl.ok(&["detach", "tap0"]);
    drop(link);
    eventually("the hook is free", || !super::has_xdp(&world.host, "tap0"));
    ctl.attach("tap0", &group, &[]);
    assert_eq!(ctl.hooks("tap0"), ["xdp", "tcx"]);
}
