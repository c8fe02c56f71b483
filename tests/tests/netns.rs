//! Real sockets through the real daemon.

use firewall_tests::controller::Controller;
use firewall_tests::pair::{Pair, addresses};
use firewall_tests::traffic::{ping, tcp, tcp_echo, udp};
use firewall_tests::world::{OPEN, OTHER, World, friend, only, stranger};
use nix::sys::signal::Signal;
use std::net::SocketAddr;

/// The same on every hook for received frames.
macro_rules! on_every_hook {
    ($($test:ident)*) => {
        mod xdp { $(#[test] fn $test() { super::$test("xdp"); })* }
        mod xdp_generic { $(#[test] fn $test() { super::$test("xdp-generic"); })* }
        mod tc { $(#[test] fn $test() { super::$test("tc"); })* }
    };
}

on_every_hook! {
    rules_name_protocol_port_and_peer
    replies_need_no_rule
    rules_change_while_traffic_flows
    members_come_and_go
    a_workload_is_filtered_at_the_hosts_end
    large_segments_pass_and_are_counted
    detaching_ends_all_flows
    addresses_let_through_always_need_no_rule
}

fn rules_name_protocol_port_and_peer(hook: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    for address in friend() {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
        ctl.allow(&group, "udp", &OPEN.to_string(), &only(address));
    }
    ctl.allow(&group, "icmp", "8-0", &only(friend()[0]));
    ctl.allow(&group, "icmpv6", "128-0", &only(friend()[1]));
    ctl.attach("eth0", &group, &["--hook", hook]);
    for (friend, stranger) in friend().into_iter().zip(stranger()) {
        world.tcp_in(friend, OPEN).answers();
        world.udp_in(friend, OPEN).answers();
        world.ping_in(friend).answers();
        let before = ctl.counter("eth0", "Ingress", "no-service");
        world.tcp_in(friend, OTHER).is_silent();
        ctl.counts_above(before, "eth0", "Ingress", "no-service");
        world.udp_in(friend, OTHER).is_silent();
        let before = ctl.counter("eth0", "Ingress", "no-peer");
        world.tcp_in(stranger, OPEN).is_silent();
        ctl.counts_above(before, "eth0", "Ingress", "no-peer");
        world.udp_in(stranger, OPEN).is_silent();
        world.ping_in(stranger).is_silent();
    }
}

fn replies_need_no_rule(hook: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("asks");
    ctl.attach("eth0", &group, &["--hook", hook]);
    for friend in friend() {
        world.tcp_out(friend, OPEN).answers();
        world.udp_out(friend, OPEN).answers();
        world.ping_out(friend).answers();
        world.tcp_in(friend, OPEN).is_silent();
    }
    ctl.close_egress(&group);
    for friend in friend() {
        let before = ctl.counter("eth0", "Egress", "no-service");
        world.tcp_out(friend, OPEN).is_silent();
        ctl.counts_above(before, "eth0", "Egress", "no-service");
        world.udp_out(friend, OPEN).is_silent();
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend));
        world.tcp_in(friend, OPEN).answers();
    }
}

fn rules_change_while_traffic_flows(hook: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("live");
    ctl.attach("eth0", &group, &["--hook", hook]);
    for friend in friend() {
        let rule = ["tcp", &OPEN.to_string(), &only(friend)];
        world.tcp_in(friend, OPEN).is_silent();
        ctl.allow(&group, rule[0], rule[1], rule[2]);
        world.tcp_in(friend, OPEN).answers();
        let mut open = world.connected_in(friend, OPEN);
        ctl.revoke(&group, rule[0], rule[1], rule[2]);
        open.talk("still there").answers();
        world.tcp_in(friend, OPEN).is_silent();
        ctl.allow(&group, rule[0], rule[1], rule[2]);
        world.tcp_in(friend, OPEN).answers();
        open.talk("and after").answers();
    }
}

fn members_come_and_go(hook: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let (served, trusted) = (ctl.group("served"), ctl.group("trusted"));
    ctl.allow(&served, "tcp", &OPEN.to_string(), &trusted);
    ctl.attach("eth0", &served, &["--hook", hook]);
    for (friend, stranger) in friend().into_iter().zip(stranger()) {
        world.tcp_in(friend, OPEN).is_silent();
        let member = ctl.member(&trusted, friend);
        world.tcp_in(friend, OPEN).answers();
        world.tcp_in(stranger, OPEN).is_silent();
        let other = ctl.member(&trusted, stranger);
        world.tcp_in(stranger, OPEN).answers();
        ctl.delete_member(&member);
        world.tcp_in(friend, OPEN).is_silent();
        world.tcp_in(stranger, OPEN).answers();
        ctl.ok(&["modify-network-interface-attribute", "--network-interface-id", &other, "--groups", &served]);
        world.tcp_in(stranger, OPEN).is_silent();
    }
}

/// What the host's end receives is what the workload sends: directions turn around, and `auto` finds its addresses.
fn a_workload_is_filtered_at_the_hosts_end(hook: &str) {
    let pair = Pair::new();
    let Pair { host, work } = &pair;
    let at = |address, port| SocketAddr::new(address, port);
    let mut servers = pair.servers();
    for (namespace, address) in addresses(1).map(|a| (host, a)).into_iter().chain(addresses(2).map(|a| (work, a))) {
        servers.extend([OPEN, OTHER].map(|port| tcp_echo(namespace, at(address, port))));
    }
    let ctl = Controller::start(host);
    let group = ctl.group("work");
    ctl.close_egress(&group);
    for address in addresses(1) {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
        ctl.allow_out(&group, "udp", &OPEN.to_string(), &only(address));
    }
    let options = ["--side", "workload", "--hook", hook, "--private-ip-addresses", "auto"];
    let answer = ctl.ok(&[&["attach", "work0", "--groups", &group], options.as_slice()].concat());
    let found: Vec<_> = answer["PrivateIpAddresses"].as_array().unwrap().iter().filter_map(|a| a.as_str()).collect();
    assert!(found.contains(&"10.1.0.2") && found.contains(&"fd01::2"), "{answer}");
    for (outside, inside) in addresses(1).into_iter().zip(addresses(2)) {
        tcp(host, None, at(inside, OPEN)).answers();
        tcp(host, None, at(inside, OTHER)).is_silent();
        udp(work, None, at(outside, OPEN)).answers();
        tcp(work, None, at(outside, OPEN)).is_silent();
        udp(host, None, at(inside, OPEN)).is_silent();
        ping(work, None, outside).is_silent();
    }
}

/// Segments that the kernel has not cut yet, or has put together, are larger than a frame.
fn large_segments_pass_and_are_counted(hook: &str) {
    const PIECE: usize = 100_000;
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("bulk");
    for friend in friend() {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend));
    }
    ctl.attach("eth0", &group, &["--hook", hook]);
    let piece = "x".repeat(PIECE);
    for friend in friend() {
        let before = ["Ingress", "Egress"].map(|side| ctl.counter("eth0", side, "flow"));
        let mut connection = world.connected_in(friend, OPEN);
        for _ in 0..10 {
            connection.talk(&piece).answers();
        }
        let after = ["Ingress", "Egress"].map(|side| ctl.counter("eth0", side, "flow"));
        // As many as fit the wire: 1 500 octets a frame, whatever the kernel has made of them. Only a frame that generic
        // XDP receives counts as one however large it is: there is no telling how many segments are in it.
        let frames = (10 * PIECE / 1500) as u64;
        let least = [if hook == "xdp-generic" { 1 } else { frames }, frames];
        for ((before, after), least) in before.into_iter().zip(after).zip(least) {
            assert!(after - before >= least, "{friend}: {} of {least}", after - before);
        }
    }
}

fn detaching_ends_all_flows(hook: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    ctl.close_egress(&group);
    for friend in friend() {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend));
    }
    ctl.attach("eth0", &group, &["--hook", hook]);
    let mut connections = friend().map(|friend| world.connected_in(friend, OPEN));
    for friend in friend() {
        ctl.revoke(&group, "tcp", &OPEN.to_string(), &only(friend));
    }
    for connection in &mut connections {
        connection.talk("tracked").answers();
    }
    ctl.ok(&["detach", "eth0"]);
    ctl.ok(&["attach", "eth0", "--no-adopt"]);
    for connection in &mut connections {
        connection.talk("forgotten").is_silent();
    }
}

fn addresses_let_through_always_need_no_rule(hook: &str) {
    let world = World::new();
    let always = stranger().map(|address| address.to_string()).join(",");
    let mut ctl = Controller::start_with(&world.host, &["--always-allow", &always]);
    let group = ctl.group("closed");
    ctl.close_egress(&group);
    ctl.attach("eth0", &group, &["--hook", hook]);
    for (friend, stranger) in friend().into_iter().zip(stranger()) {
        world.tcp_in(stranger, OTHER).answers();
        world.udp_in(stranger, OPEN).answers();
        world.ping_in(stranger).answers();
        world.ping_out(stranger).answers();
        world.tcp_in(friend, OTHER).is_silent();
        world.tcp_out(friend, OTHER).is_silent();
    }
    assert!(ctl.counter("eth0", "Ingress", "always-allowed") > 0);
    // The next start looks at the configuration anew.
    ctl.stop(Signal::SIGTERM);
    ctl.restart_with(&[]);
    for stranger in stranger() {
        world.tcp_in(stranger, OTHER).is_silent();
        world.tcp_out(stranger, OTHER).is_silent();
    }
}
