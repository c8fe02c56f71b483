//! Devices on devices: what is judged where.

use firewall_tests::controller::Controller;
use firewall_tests::netns::{Namespace, veth};
use firewall_tests::packet::eth_between;
use firewall_tests::traffic::{Wire, ping, tcp, tcp_echo};
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, OTHER, World, enforced, friend, host, only, served, stranger};
use std::net::{IpAddr, SocketAddr};

/// The host's address is on a bridge, of which its network card is a port.
#[test]
fn a_bridge_is_a_hosts_interface_and_its_port_is_not() {
    for (hook, options) in super::HOOKS {
        let world = World::new();
        let machine = &world.host;
        machine.ip("address flush dev eth0");
        machine.ip("link add br0 type bridge");
        machine.ip("link set eth0 master br0");
        machine.up("br0");
        for address in ["10.0.0.1/24", "fd00::1/64"] {
            machine.address("br0", address.parse().unwrap());
        }
        // A machine that is bridged through, as a guest on br0 would be.
        let guest = Namespace::new("guest");
        veth((machine, "vnet0"), (&guest, "eth0"));
        machine.ip("link set vnet0 master br0");
        machine.up("vnet0");
        guest.up("eth0");
        guest.address("eth0", "10.0.0.9/24".parse().unwrap());
        eventually("the ports forward", || ping(&world.beyond, None, "10.0.0.9".parse().unwrap()).is_answered());
        let ctl = Controller::start_with(machine, options);
        let group = served(&ctl);
        let answer = ctl.ctl(&["attach", "eth0", "--groups", &group, "--hook", hook]);
        answer.refused_as("DeviceUnsuitable", "AttachDevice", &["bridge 'br0'", "attach br0", "--side workload"]);
        if hook == "xdp" {
            let answer = ctl.ctl(&["attach", "br0", "--groups", &group, "--hook", hook]);
            answer.refused_as("DataplaneError", "AttachDevice", &["its driver has no XDP", "--hook tc"]);
            ctl.attach("br0", &group, &[]);
        } else {
            ctl.attach("br0", &group, &["--hook", hook]);
        }
        enforced(&world);
        ping(&world.beyond, Some(stranger()[0]), host()[0]).is_silent();
        // What the bridge passes from port to port does not come to the bridge's own programs.
        ping(&world.beyond, Some(stranger()[0]), "10.0.0.9".parse().unwrap()).answers();
    }
}

/// Frames of a macvlan pass its parent first and last.
#[test]
fn a_macvlan_is_judged_at_its_parent_too() {
    for (hook, options) in super::HOOKS {
        let world = World::new();
        let machine = &world.host;
        machine.ip("link add mv0 link eth0 type macvlan mode bridge");
        machine.up("mv0");
        machine.address("mv0", "10.0.5.1/24".parse().unwrap());
        world.beyond.address("eth0", "10.0.5.2/24".parse().unwrap());
        let (inner, outer): (IpAddr, IpAddr) = ("10.0.5.1".parse().unwrap(), "10.0.5.2".parse().unwrap());
        let at = |address, port| SocketAddr::new(address, port);
        let _servers = [(machine, inner), (&world.beyond, outer)]
            .map(|(namespace, address)| [OPEN, OTHER].map(|port| tcp_echo(namespace, at(address, port))));
        // Each device answers for its own addresses only.
        machine.sysctl("net/ipv4/conf/all/arp_ignore", "1");
        tcp(&world.beyond, Some(outer), at(inner, OPEN)).answers();
        let ctl = Controller::start_with(machine, options);
        let [parent, own] = ["parent", "own"].map(|name| {
            let group = ctl.group(name);
            ctl.close_egress(&group);
            group
        });
        let rule = |group: &str, port: u16| {
            ctl.allow(group, "tcp", &port.to_string(), &only(outer));
            ctl.allow_out(group, "tcp", &port.to_string(), &only(outer));
        };
        ctl.attach("eth0", &parent, &["--hook", hook]);
        tcp(&world.beyond, Some(outer), at(inner, OPEN)).is_silent();
        tcp(machine, None, at(outer, OPEN)).is_silent();
        rule(&parent, OPEN);
        rule(&parent, OTHER);
        tcp(&world.beyond, Some(outer), at(inner, OPEN)).answers();
        tcp(machine, None, at(outer, OPEN)).answers();
        ctl.attach("mv0", &own, &["--hook", "tc"]);
        tcp(&world.beyond, Some(outer), at(inner, OPEN)).is_silent();
        tcp(machine, None, at(outer, OPEN)).is_silent();
        rule(&own, OPEN);
        if hook == "xdp-generic" {
            // Behind generic XDP of its parent, the kernel hides the header from the programs of the macvlan.
            tcp(&world.beyond, Some(outer), at(inner, OPEN)).is_silent();
            ctl.counts_above(0, "mv0", "Ingress", "hidden-header");
            continue;
        }
        tcp(&world.beyond, Some(outer), at(inner, OPEN)).answers();
        tcp(machine, None, at(outer, OPEN)).answers();
        tcp(&world.beyond, Some(outer), at(inner, OTHER)).is_silent();
        tcp(machine, None, at(outer, OTHER)).is_silent();
    }
}

/// The kernel takes a tag off the frame before traffic control sees it, and XDP sees it in the frame; both know it.
#[test]
fn tagged_frames_are_judged_at_the_device_that_receives_them() {
    for (hook, options) in super::HOOKS {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, options);
        let group = ctl.group("served");
        for friend in friend() {
            ctl.allow(&group, "udp", &OPEN.to_string(), &only(friend));
        }
        ctl.attach("eth0", &group, &["--hook", hook]);
        let wire = Wire::new(&world.beyond, "eth0");
        let macs = [world.beyond.mac("eth0"), world.host.mac("eth0")];
        for (friend, host) in friend().into_iter().zip(host()) {
            let frame = |tags: &[u16], port| {
                let frame = tags.iter().fold(eth_between(macs[0], macs[1]), |frame, tag| frame.vlan(*tag));
                let frame = match (friend, host) {
                    (IpAddr::V4(friend), IpAddr::V4(host)) => frame.ipv4(friend, host),
                    (IpAddr::V6(friend), IpAddr::V6(host)) => frame.ipv6(friend, host),
                    (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => panic!("two families"),
                };
                frame.udp(40_000, port).payload(b"tagged").build()
            };
            // Each number of tags is a flow of its own: each begins by a rule.
            for tags in [[5u16].as_slice(), &[6], &[5, 7]] {
                let count = |reason| ctl.counter("eth0", "Ingress", reason);
                let before = (count("rule"), count("no-service"));
                wire.send(&frame(tags, OPEN)).unwrap();
                wire.send(&frame(tags, OTHER)).unwrap();
                eventually("both are judged", || (count("rule"), count("no-service")) == (before.0 + 1, before.1 + 1));
            }
            let before = ctl.counter("eth0", "Ingress", "too-many-vlans");
            wire.send(&frame(&[5, 6, 7], OPEN)).unwrap();
            eventually("three are too many", || ctl.counter("eth0", "Ingress", "too-many-vlans") == before + 1);
        }
    }
}
