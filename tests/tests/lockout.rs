//! Nobody locks out himself without saying so.

use firewall_tests::controller::Controller;
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, World, friend, host, only};
use nix::sys::signal::Signal;

/// The port that stands for SSH.
const PORT: u16 = OPEN;

/// What SSH says to a session of the friend's.
fn session(family: usize) -> String {
    format!("{} 50000 {} {PORT}", friend()[family], host()[family])
}

fn attach_within<'a>(time: &'a str, group: &'a str) -> [&'a str; 6] {
    ["attach", "eth0", "--confirm-within", time, "--groups", group]
}

#[test]
fn attaching_to_a_group_that_shuts_the_door_is_refused() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("closed");
    for family in [0, 1] {
        let client = only(friend()[family]);
        let answer = ctl.ctl_over_ssh(&session(family), &["attach", "eth0", "--groups", &group]);
        answer.refused_as("WouldLockOut", "AttachDevice", &["eth0", &client, "--confirm-within", "--force"]);
        assert!(ctl.attached().is_empty());
        world.tcp_in(friend()[family], PORT).answers();
    }
    // Those whom the change does not concern are not asked.
    ctl.attach("eth0", &group, &[]);
}

#[test]
fn a_rule_that_holds_the_door_open_is_kept() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("open");
    let rule = ["--protocol", "tcp", "--port", &PORT.to_string(), "--cidr", &only(friend()[0])];
    ctl.ok(&[&["authorize-security-group-ingress", "--group-id", &group], rule.as_slice()].concat());
    let attach = ctl.ctl_over_ssh(&session(0), &["attach", "eth0", "--groups", &group]);
    assert_eq!(attach.ok()["State"], "attached");

    let revoke = [&["revoke-security-group-ingress", "--group-id", &group], rule.as_slice()].concat();
    let refused = ctl.ctl_over_ssh(&session(0), &revoke);
    refused.refused_as("WouldLockOut", "RevokeSecurityGroupIngress", &["eth0", &group, "--force"]);
    world.tcp_in(friend()[0], PORT).answers();

    let other = ctl.group("closed");
    let interface = ctl.ok(&["describe-network-interfaces"])["NetworkInterfaces"][0]["NetworkInterfaceId"].clone();
    let interface = interface.as_str().unwrap();
    let modify = ["modify-network-interface-attribute", "--network-interface-id", interface, "--groups", &other];
    let refused = ctl.ctl_over_ssh(&session(0), &modify);
    refused.refused_as("WouldLockOut", "ModifyNetworkInterfaceAttribute", &["eth0"]);
    world.tcp_in(friend()[0], PORT).answers();

    let forced = ctl.ctl_over_ssh(&session(0), &[revoke.as_slice(), &["--force"]].concat());
    let _revoked = forced.ok();
    world.tcp_in(friend()[0], PORT).is_silent();
}

#[test]
fn a_change_that_is_not_confirmed_is_undone() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("closed");
    let attach = attach_within("1s", &group);
    assert_eq!(ctl.ctl_over_ssh(&session(0), &attach).ok()["State"], "attached");
    eventually("the change is undone", || world.tcp_in(friend()[0], PORT).is_answered());
    eventually("nothing is attached", || ctl.attached().is_empty());
    ctl.ctl(&["confirm"]).refused_as("NoChangePending", "ConfirmChange", &[]);
}

#[test]
fn a_change_that_is_confirmed_stays() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("closed");
    let attach = attach_within("10m", &group);
    let _attached = ctl.ctl_over_ssh(&session(0), &attach).ok();
    assert_eq!(ctl.ok(&["status"])["PendingChange"]["Operation"], "AttachDevice");
    assert_eq!(ctl.ok(&["confirm"])["State"], "confirmed");
    assert!(ctl.ok(&["status"])["PendingChange"].is_null());
    assert_eq!(ctl.attached(), ["eth0"]);
    world.tcp_in(friend()[0], PORT).is_silent();
    ctl.ctl(&["confirm"]).refused_as("NoChangePending", "ConfirmChange", &[]);
}

#[test]
fn a_change_can_be_taken_back_at_once() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("closed");
    let attach = attach_within("10m", &group);
    let _attached = ctl.ctl_over_ssh(&session(0), &attach).ok();
    let second = ctl.ctl(&["create-security-group", "--group-name", "x", "--description", "x"]);
    // Whatever is refused meanwhile says why.
    assert!(second.code == Some(0) || second.stderr.contains("ChangePending"), "{second:#?}");
    assert_eq!(ctl.ok(&["undo"])["State"], "undone");
    assert!(ctl.attached().is_empty());
    world.tcp_in(friend()[0], PORT).answers();
}

#[test]
fn the_clock_runs_on_over_a_restart() {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let world = World::new();
        let mut ctl = Controller::start(&world.host);
        let group = ctl.group("closed");
        let attach = attach_within("2s", &group);
        let _attached = ctl.ctl_over_ssh(&session(0), &attach).ok();
        ctl.stop(signal);
        ctl.restart();
        eventually("the change is undone", || world.tcp_in(friend()[0], PORT).is_answered());
        eventually("nothing is attached", || ctl.attached().is_empty());
    }
}

#[test]
fn a_second_pending_change_is_refused() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("closed");
    let attach = attach_within("10m", &group);
    let _attached = ctl.ctl_over_ssh(&session(0), &attach).ok();
    ctl.ctl(&["detach", "eth0", "--confirm-within", "10m"]).refused_as("ChangePending", "DetachDevice", &["confirm"]);
}
