//! Guests on a bridge with a way out by NAT, as libvirt's default network has them.

use firewall_tests::controller::Controller;
use firewall_tests::netns::{Namespace, veth};
use firewall_tests::traffic::{Attempt, Server, Tap, tcp, tcp_echo, udp_echo};
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, OTHER, World, friend, only};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const WEB: u8 = 10;
const DB: u8 = 11;
const ODD: u8 = 12;

fn address(number: u8) -> IpAddr {
    Ipv4Addr::new(192, 168, 122, number).into()
}

/// `virbr0` of the world's host, with three guests.
struct Libvirt {
    web: Namespace,
    db: Namespace,
    odd: Namespace,
    world: World,
    _servers: Vec<Server>,
}

/// A port of the bridge with a guest behind it.
fn guest(host: &Namespace, label: &str, port: &str, number: u8) -> Namespace {
    let guest = Namespace::inhabited(label);
    veth((host, port), (&guest, "eth0"));
    host.ip(&format!("link set {port} master virbr0"));
    host.up(port);
    guest.up("eth0");
    guest.address("eth0", format!("192.168.122.{number}/24").parse().unwrap());
    guest.route("0.0.0.0/0".parse().unwrap(), address(1));
    guest
}

/// The bridge, and its way out.
fn bridge(host: &Namespace) {
    host.forward();
    host.ip("link add virbr0 type bridge");
    host.up("virbr0");
    host.nft(
        "table ip libvirt {
            chain postrouting {
                type nat hook postrouting priority srcnat;
                ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 masquerade
            }
        }",
    );
}

impl Libvirt {
    fn new() -> Self {
        let world = World::new();
        bridge(&world.host);
        let [web, db, odd] = [("web", "vnet0", WEB), ("db", "vnet1", DB), ("odd", "vnet2", ODD)]
            .map(|(label, port, number)| guest(&world.host, label, port, number));
        world.host.address("virbr0", "192.168.122.1/24".parse().unwrap());
        let mut servers = Vec::new();
        for (guest, number) in [(&web, WEB), (&db, DB), (&odd, ODD)] {
            for port in [OPEN, OTHER] {
                servers.push(tcp_echo(guest, SocketAddr::new(address(number), port)));
            }
        }
        Self { web, db, odd, world, _servers: servers }
    }
}

fn to(from: &Namespace, number: u8, port: u16) -> Attempt<'_> {
    tcp(from, None, SocketAddr::new(address(number), port))
}

#[test]
fn groups_hold_between_guests_on_a_bridge() {
    for (hook, options) in super::HOOKS {
        let libvirt = Libvirt::new();
        let Libvirt { web, db, odd, world, _servers } = &libvirt;
        let ctl = Controller::start_with(&world.host, options);
        let groups = ["web", "db", "odd"].map(|name| ctl.group(name));
        let [web_group, db_group, _] = &groups;
        for (group, port) in groups.iter().zip(["vnet0", "vnet1", "vnet2"]) {
            ctl.attach(port, group, &["--side", "workload", "--private-ip-addresses", "auto", "--hook", hook]);
        }
        to(web, DB, OPEN).is_silent();
        ctl.allow(db_group, "tcp", &OPEN.to_string(), web_group);
        to(web, DB, OPEN).answers();
        to(web, DB, OTHER).is_silent();
        to(odd, DB, OPEN).is_silent();
        to(db, WEB, OPEN).is_silent();
        // The host is no member of a group.
        to(&world.host, DB, OPEN).is_silent();
        ctl.allow(db_group, "tcp", &OPEN.to_string(), &only(address(1)));
        to(&world.host, DB, OPEN).answers();
        // The sender's own rules judge too.
        ctl.close_egress(web_group);
        to(web, DB, OPEN).is_silent();
        ctl.allow_out(web_group, "tcp", &OPEN.to_string(), db_group);
        to(web, DB, OPEN).answers();
        tcp(web, None, SocketAddr::new(friend()[0], OPEN)).is_silent();
        // The way out: judged with the guest's address, before it is translated.
        ctl.allow_out(web_group, "tcp", &OPEN.to_string(), &only(friend()[0]));
        tcp(web, None, SocketAddr::new(friend()[0], OPEN)).answers();
        tcp(web, None, SocketAddr::new(friend()[0], OTHER)).is_silent();
        tcp(odd, None, SocketAddr::new(friend()[0], OTHER)).answers();
    }
}

#[test]
fn a_port_of_a_bridge_is_taken_for_a_workload_only() {
    let libvirt = Libvirt::new();
    let ctl = Controller::start(&libvirt.world.host);
    let group = ctl.group("guest");
    let answer = ctl.ctl(&["attach", "vnet0", "--groups", &group]);
    answer.refused_as("DeviceUnsuitable", "AttachDevice", &["bridge 'virbr0'", "attach virbr0", "--side workload"]);
    ctl.attach("vnet0", &group, &["--side", "workload", "--private-ip-addresses", "192.168.122.10"]);
}

/// A guest whose frames come out of a tap, as a virtual machine's do.
#[test]
fn a_tap_is_judged_like_any_port() {
    for (hook, options) in super::HOOKS {
        let world = World::new();
        bridge(&world.host);
        let tap = Tap::new(&world.host, "vnet0", address(WEB));
        world.host.ip("link set vnet0 master virbr0");
        world.host.up("vnet0");
        world.host.address("virbr0", "192.168.122.1/24".parse().unwrap());
        world.host.ip(&format!("neigh add {} lladdr {} dev virbr0", address(WEB), tap.hardware()));
        let _servers = [OPEN, OTHER].map(|port| udp_echo(&world.host, SocketAddr::new(address(1), port)));
        let virbr = world.host.mac("virbr0");
        let asks = |port| tap.asks(virbr, SocketAddr::new(address(1), port));
        // A port of a bridge forwards when the bridge has learned that it is up.
        eventually("the port forwards", || asks(OTHER).is_answered());
        let ctl = Controller::start_with(&world.host, options);
        let group = ctl.group("guest");
        ctl.close_egress(&group);
        ctl.allow_out(&group, "udp", &OPEN.to_string(), &only(address(1)));
        let given = address(WEB).to_string();
        ctl.attach("vnet0", &group, &["--side", "workload", "--private-ip-addresses", &given, "--hook", hook]);
        asks(OPEN).answers();
        asks(OTHER).is_silent();
        ctl.counts_above(0, "vnet0", "Egress", "no-service");
    }
}
