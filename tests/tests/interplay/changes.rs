//! While programs change places, no packet goes unjudged.

use super::CLSACT;
use firewall_tests::controller::Controller;
use firewall_tests::foreign::{Foreign, Hook, Link, action};
use firewall_tests::traffic::{Flood, ON_THE_WAY};
use firewall_tests::wait::{eventually, eventually_some};
use firewall_tests::world::{World, host};
use nix::sys::signal::Signal;
use std::net::SocketAddr;

const BEFORE: usize = 0;
const MEANWHILE: usize = 1;
const AFTERWARDS: usize = 2;

/// Datagrams that are to be sent while it changes, so that a moment without a program would let some through.
const ENOUGH: u64 = 500;

/// Floods a device that denies everything, changes something until enough was sent meanwhile, and counts what came
/// through. The change leaves everything as it found it.
fn nothing_slips_through(
    what: &str,
    options: &[&str],
    first: &[&str],
    mut change: impl FnMut(&World, &mut Controller<'_>),
) {
    let world = World::new();
    let mut ctl = Controller::start_with(&world.host, options);
    let closed = ctl.group("closed");
    ctl.close_egress(&closed);
    let flood = Flood::between(&world.beyond, &world.host, SocketAddr::new(host()[0], 5000));
    eventually("the flood arrives", || flood.received(BEFORE) > ENOUGH);
    ctl.attach("eth0", &closed, first);
    flood.begin(MEANWHILE);
    let before = flood.sent(MEANWHILE);
    let sent = eventually_some("enough is sent while it changes", || {
        change(&world, &mut ctl);
        Some(flood.sent(MEANWHILE) - before).filter(|sent| *sent > ENOUGH)
    });
    flood.begin(AFTERWARDS);
    // When more has been dropped than can be on its way, all that was sent before has been.
    let dropped = ctl.counter("eth0", "Ingress", "no-service");
    ctl.counts_above(dropped + ON_THE_WAY, "eth0", "Ingress", "no-service");
    ctl.ok(&["detach", "eth0"]);
    eventually("the flood arrives again", || flood.received(AFTERWARDS) > ENOUGH);
    assert_eq!(flood.received(MEANWHILE), 0, "{what}: of {sent} that were sent meanwhile");
}

fn replace(ctl: &Controller<'_>, options: &[&str]) {
    let answer = ctl.ok(&[&["attach", "eth0", "--replace"], options].concat());
    assert_eq!(answer["State"], "replaced", "{answer}");
}

#[test]
fn between_hooks() {
    let hooks = ["xdp", "xdp-generic", "tc", "xdp-generic", "xdp", "tc"];
    nothing_slips_through("hooks", &[], &["--hook", "tc"], |_, ctl| {
        for hook in hooks {
            replace(ctl, &["--hook", hook]);
            assert_eq!(ctl.hooks("eth0")[0], if hook == "tc" { "tcx" } else { hook });
        }
    });
    nothing_slips_through("hooks with filters", CLSACT, &["--hook", "tc"], |_, ctl| {
        for hook in hooks {
            replace(ctl, &["--hook", hook]);
            assert_eq!(ctl.hooks("eth0")[0], if hook == "tc" { "clsact" } else { hook });
        }
    });
}

#[test]
fn between_sides() {
    for (hook, options) in super::HOOKS {
        nothing_slips_through(hook, options, &["--hook", hook], |_, ctl| {
            let number = || ctl.ok(&["status"])["Interfaces"][0]["AttachmentNumber"].clone();
            for _ in 0..3 {
                let before = number();
                let workload = ["--side", "workload", "--private-ip-addresses", "10.0.0.1", "--hook", hook];
                replace(ctl, &workload);
                assert_ne!(number(), before, "flows of one side are none of the other's");
                replace(ctl, &["--side", "host", "--hook", hook]);
                assert_eq!(ctl.state(), "enforced");
            }
        });
    }
}

#[test]
fn between_links_and_filters() {
    nothing_slips_through("traffic control", &[], &["--hook", "tc"], |_, ctl| {
        for (options, hook) in [(CLSACT, "clsact"), (&[] as &[&str], "tcx")] {
            ctl.stop(Signal::SIGTERM);
            ctl.restart_with(options);
            assert_eq!(ctl.hooks("eth0"), [hook, hook]);
            assert_eq!(ctl.state(), "enforced");
        }
    });
}

/// Another log level makes other programs, which take the place of those that run.
#[test]
fn between_releases() {
    for (hook, options) in super::HOOKS {
        nothing_slips_through(hook, options, &["--hook", hook], |_, ctl| {
            for level in ["warn", "off"] {
                ctl.stop(Signal::SIGKILL);
                ctl.restart_with(&[options, &["--program-log", level]].concat());
                assert_eq!(ctl.state(), "enforced");
            }
        });
    }
}

#[test]
fn when_ours_goes_before_another_program() {
    let mut others: Option<(Foreign, Link)> = None;
    nothing_slips_through("order", &[], &["--hook", "tc"], |world, ctl| {
        // Once: whoever insists on being first is let be for a minute.
        let (other, _link) = others.get_or_insert_with(|| {
            let other = Foreign::tc(action::NEXT);
            let link = other.attach(&world.host, "eth0", Hook::TcxIngress);
            // It sees the flood until ours goes first again, which may be too soon for a single datagram.
            eventually("ours goes first", || ctl.said("ours go first again") > 0 && ctl.state() == "enforced");
            (other, link)
        });
        let seen = other.runs();
        replace(ctl, &["--hook", "xdp"]);
        assert_eq!(other.runs(), seen, "what ours drops does not come to it");
        replace(ctl, &["--hook", "tc"]);
    });
}
