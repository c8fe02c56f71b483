//! Devices that are renamed, moved away, and made again.

use firewall_tests::controller::Controller;
use firewall_tests::netns::{Namespace, veth_with_index};
use firewall_tests::traffic::ping;
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, World, enforced, friend, only, served, stranger};
use nix::sys::signal::Signal;
use std::fs;

fn links(ctl: &Controller<'_>) -> usize {
    fs::read_dir(ctl.bpffs().join("links")).unwrap().count()
}

#[test]
fn a_renamed_device_stays_enforced_and_its_flows_live() {
    for (hook, options) in super::HOOKS {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, options);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &["--hook", hook]);
        let mut flow = world.connected_in(friend()[0], OPEN);
        world.host.rename("eth0", "lan0");
        eventually("the status says so", || ctl.state().contains("the device is named lan0 now"));
        enforced(&world);
        ctl.revoke(&group, "tcp", &OPEN.to_string(), &only(friend()[0]));
        world.tcp_in(friend()[0], OPEN).is_silent();
        flow.talk("under another name").answers();
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend()[0]));
        world.host.rename("lan0", "eth0");
        eventually("all is well", || ctl.state() == "enforced");
        enforced(&world);
        flow.talk("under the old one").answers();
    }
}

/// Programs go on running on a device that leaves, with the tables of a host that it has left.
#[test]
fn a_device_that_moves_to_another_namespace_is_let_go_at_once() {
    for (hook, options) in super::HOOKS {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, options);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &["--hook", hook]);
        enforced(&world);
        let elsewhere = Namespace::new("elsewhere");
        world.host.give("eth0", &elsewhere);
        eventually("its links are gone", || links(&ctl) == 0);
        eventually("it is missed", || ctl.state() == "missing");
        assert!(!super::has_xdp(&elsewhere, "eth0"));
        elsewhere.up("eth0");
        elsewhere.address("eth0", "10.0.0.1/24".parse().unwrap());
        ping(&world.beyond, Some(stranger()[0]), "10.0.0.1".parse().unwrap()).answers();
        // It comes back without its addresses, and is attached again.
        let attached = ctl.said("attached device");
        elsewhere.give("eth0", &world.host);
        eventually("it is attached again", || ctl.said("attached device") > attached);
        world.host.up("eth0");
        for address in ["10.0.0.1/24", "fd00::1/64"] {
            world.host.address("eth0", address.parse().unwrap());
        }
        eventually("all is well", || ctl.state() == "enforced");
        enforced(&world);
    }
}

/// With the daemon away, nobody sees that the device was another one in between.
#[test]
fn a_device_of_the_same_name_and_index_inherits_nothing() {
    for (hook, options) in super::HOOKS {
        let world = World::new();
        let mut ctl = Controller::start_with(&world.host, options);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &["--hook", hook]);
        let number = |ctl: &Controller<'_>| ctl.ok(&["status"])["Interfaces"][0]["AttachmentNumber"].clone();
        let before = number(&ctl);
        let mut flow = world.connected_in(friend()[0], OPEN);
        for address in friend() {
            ctl.revoke(&group, "tcp", &OPEN.to_string(), &only(address));
        }
        flow.talk("without a rule").answers();
        ctl.stop(Signal::SIGKILL);
        let index = world.host.index("eth0");
        world.host.remove("eth0");
        veth_with_index((&world.host, "eth0"), (&world.beyond, "eth0"), index);
        world.address();
        flow.talk("to another device, with nobody there").answers();
        ctl.restart();
        eventually("the new device is attached", || ctl.state() == "enforced");
        assert_eq!(world.host.index("eth0"), index);
        assert_ne!(number(&ctl), before);
        flow.talk("to another device").is_silent();
        assert_eq!(ctl.counter("eth0", "Ingress", "flow"), 0, "counters begin anew");
        for address in friend() {
            ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
        }
        enforced(&world);
    }
}
