//! Real sockets through the real daemon.

use firewall_tests::controller::Controller;
use firewall_tests::netns::{Namespace, veth};
use firewall_tests::traffic::{Failure, ping, tcp_echo, tcp_talk, udp_echo, udp_talk};
use firewall_tests::world::{OPEN, OTHER, World, friend, only, stranger};
use std::net::{IpAddr, SocketAddr};

const SILENCE: Result<(), Failure> = Err(Failure::Silence);

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
        assert_eq!(world.tcp_in(friend, OPEN), Ok(()), "{friend}");
        assert_eq!(world.udp_in(friend, OPEN), Ok(()), "{friend}");
        assert_eq!(world.ping_in(friend), Ok(()), "{friend}");
        let before = ctl.counter("eth0", "Ingress", "no-service");
        assert_eq!(world.tcp_in(friend, OTHER), SILENCE, "{friend}");
        assert!(ctl.counter("eth0", "Ingress", "no-service") > before);
        assert_eq!(world.udp_in(friend, OTHER), SILENCE, "{friend}");
        let before = ctl.counter("eth0", "Ingress", "no-peer");
        assert_eq!(world.tcp_in(stranger, OPEN), SILENCE, "{stranger}");
        assert!(ctl.counter("eth0", "Ingress", "no-peer") > before);
        assert_eq!(world.udp_in(stranger, OPEN), SILENCE, "{stranger}");
        assert_eq!(world.ping_in(stranger), SILENCE, "{stranger}");
    }
}

fn replies_need_no_rule(hook: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("asks");
    ctl.attach("eth0", &group, &["--hook", hook]);
    for friend in friend() {
        assert_eq!(world.tcp_out(friend, OPEN), Ok(()), "{friend}");
        assert_eq!(world.udp_out(friend, OPEN), Ok(()), "{friend}");
        assert_eq!(world.ping_out(friend), Ok(()), "{friend}");
        assert_eq!(world.tcp_in(friend, OPEN), SILENCE, "{friend}");
    }
    ctl.close_egress(&group);
    for friend in friend() {
        let before = ctl.counter("eth0", "Egress", "no-service");
        assert_eq!(world.tcp_out(friend, OPEN), SILENCE, "{friend}");
        assert!(ctl.counter("eth0", "Egress", "no-service") > before);
        assert_eq!(world.udp_out(friend, OPEN), SILENCE, "{friend}");
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend));
        assert_eq!(world.tcp_in(friend, OPEN), Ok(()), "{friend}: the answer flows though egress is closed");
    }
}

fn rules_change_while_traffic_flows(hook: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("live");
    ctl.attach("eth0", &group, &["--hook", hook]);
    for friend in friend() {
        let rule = ["tcp", &OPEN.to_string(), &only(friend)];
        assert_eq!(world.tcp_in(friend, OPEN), SILENCE);
        ctl.allow(&group, rule[0], rule[1], rule[2]);
        assert_eq!(world.tcp_in(friend, OPEN), Ok(()));
        let mut open = firewall_tests::traffic::connect(
            &world.beyond,
            Some(friend),
            SocketAddr::new(firewall_tests::world::host()[usize::from(friend.is_ipv6())], OPEN),
        )
        .unwrap();
        ctl.revoke(&group, rule[0], rule[1], rule[2]);
        assert_eq!(open.talk("still there"), Ok("still there".to_owned()));
        assert_eq!(world.tcp_in(friend, OPEN), SILENCE);
        ctl.allow(&group, rule[0], rule[1], rule[2]);
        assert_eq!(world.tcp_in(friend, OPEN), Ok(()));
        assert_eq!(open.talk("and after"), Ok("and after".to_owned()));
    }
}

fn members_come_and_go(hook: &str) {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let (served, trusted) = (ctl.group("served"), ctl.group("trusted"));
    ctl.allow(&served, "tcp", &OPEN.to_string(), &trusted);
    ctl.attach("eth0", &served, &["--hook", hook]);
    for (friend, stranger) in friend().into_iter().zip(stranger()) {
        assert_eq!(world.tcp_in(friend, OPEN), SILENCE);
        let member = ctl.member(&trusted, friend);
        assert_eq!(world.tcp_in(friend, OPEN), Ok(()));
        assert_eq!(world.tcp_in(stranger, OPEN), SILENCE);
        let other = ctl.member(&trusted, stranger);
        assert_eq!(world.tcp_in(stranger, OPEN), Ok(()));
        ctl.delete_member(&member);
        assert_eq!(world.tcp_in(friend, OPEN), SILENCE);
        assert_eq!(world.tcp_in(stranger, OPEN), Ok(()));
        ctl.ok(&["modify-network-interface-attribute", "--network-interface-id", &other, "--groups", &served]);
        assert_eq!(world.tcp_in(stranger, OPEN), SILENCE);
    }
}

/// What the host's end receives is what the workload sends: directions turn around, and `auto` finds its addresses.
fn a_workload_is_filtered_at_the_hosts_end(hook: &str) {
    let (host, work) = (Namespace::new("host"), Namespace::inhabited("work"));
    veth((&host, "work0"), (&work, "eth0"));
    host.up("work0");
    work.up("eth0");
    for (namespace, device, number) in [(&host, "work0", 1), (&work, "eth0", 2)] {
        namespace.address(device, format!("10.1.0.{number}/24").parse().unwrap());
        namespace.address(device, format!("fd01::{number}/64").parse().unwrap());
    }
    let addresses = |number| ["10.1.0.", "fd01::"].map(|net| format!("{net}{number}").parse::<IpAddr>().unwrap());
    let at = |address, port| SocketAddr::new(address, port);
    let mut servers = Vec::new();
    for (namespace, address) in addresses(1).map(|a| (&host, a)).into_iter().chain(addresses(2).map(|a| (&work, a))) {
        servers.extend([OPEN, OTHER].map(|port| tcp_echo(namespace, at(address, port))));
        servers.push(udp_echo(namespace, at(address, OPEN)));
    }
    let ctl = Controller::start(&host);
    let group = ctl.group("work");
    ctl.close_egress(&group);
    for address in addresses(1) {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
        let peer = only(address);
        let rule = ["--group-id", &group, "--protocol", "udp", "--port", "4000", "--cidr", &peer];
        ctl.ok(&[&["authorize-security-group-egress"], rule.as_slice()].concat());
    }
    let options = ["--side", "workload", "--hook", hook, "--private-ip-addresses", "auto"];
    let answer = ctl.ok(&[&["attach", "work0", "--groups", &group], options.as_slice()].concat());
    let found: Vec<_> = answer["PrivateIpAddresses"].as_array().unwrap().iter().filter_map(|a| a.as_str()).collect();
    assert!(found.contains(&"10.1.0.2") && found.contains(&"fd01::2"), "{answer}");
    for (outside, inside) in addresses(1).into_iter().zip(addresses(2)) {
        assert_eq!(tcp_talk(&host, at(inside, OPEN), "in"), Ok("in".to_owned()));
        assert_eq!(tcp_talk(&host, at(inside, OTHER), "in"), Err(Failure::Silence));
        assert_eq!(udp_talk(&work, at(outside, OPEN), "out"), Ok("out".to_owned()));
        assert_eq!(tcp_talk(&work, at(outside, OPEN), "out"), Err(Failure::Silence));
        assert_eq!(udp_talk(&host, at(inside, OPEN), "in"), Err(Failure::Silence));
        assert_eq!(ping(&work, outside), Err(Failure::Silence));
    }
}
