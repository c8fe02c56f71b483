//! Devices without an Ethernet header, as tunnels have none.

use super::CLSACT;
use firewall_tests::controller::Controller;
use firewall_tests::netns::Namespace;
use firewall_tests::traffic::{Server, Tunnel, ping, tcp, tcp_echo, udp, udp_echo, udp_of};
use firewall_tests::world::{OPEN, OTHER, friend, host, only, stranger};
use nix::sys::signal::Signal;
use std::net::{IpAddr, SocketAddr};

/// A machine, and its peers at the other end of a tunnel.
struct World {
    here: Namespace,
    there: Namespace,
    _servers: Vec<Server>,
    _tunnel: Tunnel,
}

impl World {
    fn new() -> Self {
        let (here, there) = (Namespace::new("here"), Namespace::new("there"));
        let tunnel = Tunnel::new((&here, "tun0"), (&there, "tun0"));
        let mut servers = Vec::new();
        for (namespace, addresses) in [(&here, host().to_vec()), (&there, [friend(), stranger()].concat())] {
            namespace.up("tun0");
            for address in addresses {
                let length = if address.is_ipv4() { 24 } else { 64 };
                namespace.address("tun0", ipnet::IpNet::new_assert(address, length));
                for port in [OPEN, OTHER] {
                    servers.push(tcp_echo(namespace, SocketAddr::new(address, port)));
                    servers.push(udp_echo(namespace, SocketAddr::new(address, port)));
                }
            }
        }
        Self { here, there, _servers: servers, _tunnel: tunnel }
    }
}

/// What the rules that let the friend reach the open port, and be reached at it, come to at an end that has an address.
fn enforced(inside: &Namespace, address: IpAddr, outside: &Namespace, friend: IpAddr, other: IpAddr) {
    let (open, closed) = (SocketAddr::new(address, OPEN), SocketAddr::new(address, OTHER));
    tcp(outside, Some(friend), open).answers();
    tcp(outside, Some(friend), closed).is_silent();
    tcp(outside, Some(other), open).is_silent();
    udp(outside, Some(friend), open).is_silent();
    ping(outside, Some(friend), address).is_silent();
    udp(inside, None, SocketAddr::new(friend, OPEN)).answers();
    udp(inside, None, SocketAddr::new(friend, OTHER)).is_silent();
    // In fragments, there and back.
    udp_of(inside, None, SocketAddr::new(friend, OPEN), 4000).answers();
}

fn rules(ctl: &Controller<'_>, friends: [IpAddr; 2]) -> String {
    let group = ctl.group("tunnel");
    ctl.close_egress(&group);
    for friend in friends.map(only) {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &friend);
        ctl.allow_out(&group, "udp", &OPEN.to_string(), &friend);
    }
    group
}

#[test]
fn a_machine_is_protected_at_its_end_of_a_tunnel() {
    for options in [&[], CLSACT] {
        let world = World::new();
        let mut ctl = Controller::start_with(&world.here, options);
        let group = rules(&ctl, friend());
        ctl.attach("tun0", &group, &[]);
        let hook = if options.is_empty() { "tcx" } else { "clsact" };
        assert_eq!(ctl.hooks("tun0"), [hook, hook]);
        let enforced = || {
            for ((friend, stranger), address) in friend().into_iter().zip(stranger()).zip(host()) {
                enforced(&world.here, address, &world.there, friend, stranger);
            }
        };
        enforced();
        // What the programs know of the device is not lost when they are given other addresses, or the daemon starts anew.
        world.here.address("tun0", "10.0.0.9/24".parse().unwrap());
        ctl.stop(Signal::SIGTERM);
        ctl.restart();
        ctl.ok(&["attach", "tun0", "--strict-l2", "--replace"]);
        enforced();
        ["Ingress", "Egress"].iter().for_each(|side| ctl.counts_above(0, "tun0", side, "no-service"));
        assert_eq!(ctl.counter("tun0", "Ingress", "hidden-header"), 0);
    }
}

#[test]
fn a_workload_is_protected_at_the_machines_end_of_a_tunnel() {
    let world = World::new();
    let ctl = Controller::start(&world.here);
    let group = rules(&ctl, host());
    let given = friend().map(|address| address.to_string()).join(",");
    ctl.attach("tun0", &group, &["--side", "workload", "--private-ip-addresses", &given]);
    for ((friend, stranger), address) in friend().into_iter().zip(stranger()).zip(host()) {
        tcp(&world.here, None, SocketAddr::new(friend, OPEN)).answers();
        tcp(&world.here, None, SocketAddr::new(friend, OTHER)).is_silent();
        udp(&world.there, Some(friend), SocketAddr::new(address, OPEN)).answers();
        udp(&world.there, Some(friend), SocketAddr::new(address, OTHER)).is_silent();
        // Whose addresses they are is looked at here, too.
        udp(&world.there, Some(stranger), SocketAddr::new(address, OPEN)).is_silent();
        tcp(&world.here, None, SocketAddr::new(stranger, OPEN)).is_silent();
    }
    ctl.counts_above(0, "tun0", "Egress", "source-not-own");
    ctl.counts_above(0, "tun0", "Ingress", "destination-not-own");
}

#[test]
fn a_tunnel_has_no_xdp() {
    let world = World::new();
    let ctl = Controller::start(&world.here);
    let group = rules(&ctl, friend());
    for hook in ["xdp", "xdp-generic"] {
        let answer = ctl.ctl(&["attach", "tun0", "--groups", &group, "--hook", hook]);
        answer.refused_as("DeviceUnsuitable", "AttachDevice", &["hardware type 65534", "--hook tc"]);
    }
    assert_eq!(ctl.attached(), Vec::<String>::new());
}
