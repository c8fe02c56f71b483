//! Services that need no flows, as in the service: what they cost, and what becomes of them when their rule goes.

use super::court::Hearing;
use super::diary::{ERROR, FLOW, NO_SERVICE, RULE};
use super::stage::{CLOSED, DNS, EPHEMERAL, HTTPS, SSH};
use firewall_common::verdict::{Direction, Pass, Verdict};
use firewall_ctl::model::{Model, Side};
use firewall_tests::build::ModelBuilder;

const UNTRACKED: Verdict = Verdict::Allow(Pass::Untracked);
const ANYONE: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// An interface with services for anyone, all of whose answers pass; as many of the services as are left, for each family.
fn model(services: [&[&str]; 2], open: [&[&str]; 2]) -> Model {
    let mut build = ModelBuilder::new();
    let group = build.group("open");
    for family in [0, 1] {
        for service in services[family] {
            build.rule(group, Direction::Inbound, service, ANYONE[family]);
        }
        for service in open[family] {
            build.rule(group, Direction::Outbound, service, ANYONE[family]);
        }
        build.rule(group, Direction::Inbound, "tcp/22", ["198.51.100.0/24", "2001:db8:1::/64"][family]);
        build.rule(group, Direction::Inbound, ["icmp/8", "icmpv6/128"][family], ANYONE[family]);
    }
    build.interface(1, Side::Host, &[group], &["10.0.0.1", "2001:db8::1"]);
    build.model()
}

fn both(services: &[&str]) -> Model {
    model([services; 2], [&["all"]; 2])
}

#[test]
fn an_untracked_service_needs_no_flows() {
    let result = "1 000 connections and datagrams: pass untracked, no flow; TCP for some, ICMP and clients are tracked";
    let hearing = Hearing { case: 0, name: "services for anyone, with all answers allowed", result };
    hearing.hold(&both(&["tcp/443", "udp/53"]), |court| {
        let family = court.family;
        for port in EPHEMERAL..EPHEMERAL + 500 {
            court.inbound(family.coming().tcp(port, HTTPS).syn().numbers(100, 0), UNTRACKED);
            court.outbound(family.going().tcp(HTTPS, port).syn_ack().numbers(500, 101), UNTRACKED);
            court.inbound(family.coming().udp(port, DNS), UNTRACKED);
            court.outbound(family.going().udp(DNS, port), UNTRACKED);
        }
        court.inbound(family.coming().tcp(EPHEMERAL, HTTPS).rst(), UNTRACKED);
        assert_eq!(court.flows().len(), 0);
        let (kind, code) = if family.is_v4() { (3, 4) } else { (2, 0) };
        let answer = family.going().tcp(HTTPS, EPHEMERAL).tcp_ack();
        court.inbound(family.message(family.coming(), kind, code).quote(&answer, 60), ERROR);
        let datagram = family.coming().udp(EPHEMERAL, DNS);
        court.outbound(family.message(family.going(), kind, code).quote(&datagram, 60), ERROR);
        assert_eq!(court.flows().len(), 0);
        // About what no rule for anyone lets through, it needs a rule itself.
        let forged = family.going().tcp(SSH, EPHEMERAL).tcp_ack();
        court.inbound(family.message(family.coming(), kind, code).quote(&forged, 60), NO_SERVICE);
        // Not for anyone; no ports; and the client's side of what is open to anyone.
        court.inbound(family.coming().tcp(EPHEMERAL, SSH).syn(), RULE);
        court.outbound(family.going().tcp(SSH, EPHEMERAL).syn_ack(), FLOW);
        court.inbound(family.request(family.coming(), 7), RULE).outbound(family.reply(family.going(), 7), FLOW);
        court.outbound(family.going().tcp(EPHEMERAL, HTTPS).syn(), RULE);
        court.inbound(family.coming().tcp(HTTPS, EPHEMERAL).syn_ack(), FLOW);
        assert_eq!(court.flows().len(), 3);
    });
}

#[test]
fn families_are_untracked_apart() {
    let only_v4 = model([&["tcp/443"]; 2], [&["all"], &["tcp/0-442", "tcp/444-65535", "udp/0-65535"]]);
    let result = "untracked where all answers are allowed, tracked in the family that lacks a port";
    Hearing { case: 0, name: "one family is open, the other lacks a port", result }.hold(&only_v4, |court| {
        let family = court.family;
        let (first, then) = if family.is_v4() { (UNTRACKED, UNTRACKED) } else { (RULE, FLOW) };
        court.inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn(), first);
        court.outbound(family.going().tcp(HTTPS, EPHEMERAL).syn_ack(), then);
        assert_eq!(court.flows().len(), usize::from(!family.is_v4()));
    });
}

#[test]
fn a_revoked_service_of_tcp_ends_at_once() {
    let result = "the server's segments begin no flow, the peer's are dropped; clients are as before";
    let hearing = Hearing { case: 26, name: "the rule of an untracked service of TCP is revoked", result };
    hearing.hold(&both(&["tcp/443"]), |court| {
        let family = court.family;
        let coming = || family.coming().tcp(EPHEMERAL, HTTPS).tcp_ack().numbers(101, 501).payload(b"x");
        let going = || family.going().tcp(HTTPS, EPHEMERAL).tcp_ack().numbers(501, 102).payload(b"y");
        court.inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn().numbers(100, 0), UNTRACKED);
        court.outbound(family.going().tcp(HTTPS, EPHEMERAL).syn_ack().numbers(500, 101), UNTRACKED);
        court.inbound(coming(), UNTRACKED).outbound(going(), UNTRACKED);
        court.publish(&both(&[]));
        // Rules of its own let it go, as they would let go whatever else leaves.
        for packet in [going(), going().fin(), family.going().tcp(HTTPS, EPHEMERAL).rst(), going()] {
            court.outbound(packet, RULE);
            assert_eq!(court.flows().len(), 0);
            court.inbound(coming(), NO_SERVICE);
        }
        // The service comes back: so do its packets.
        court.publish(&both(&["tcp/443"]));
        court.inbound(coming(), UNTRACKED).outbound(going(), UNTRACKED);
        // All answers are not allowed any more: the connection is taken up.
        court.publish(&model([&["tcp/443"]; 2], [&[]; 2]));
        court.outbound(going(), NO_SERVICE).inbound(coming(), RULE).outbound(going(), FLOW);
    });
}

#[test]
fn a_revoked_service_of_udp_is_not_ridden_on() {
    let result = "datagrams from the port pass and begin no flow until it has lingered, the peer's are dropped";
    let hearing = Hearing { case: 26, name: "the rule of an untracked service of UDP is revoked", result };
    hearing.hold(&both(&["udp/53", "udp/1000-1010"]), |court| {
        let family = court.family;
        let coming = |port| family.coming().udp(EPHEMERAL, port);
        let going = |port| family.going().udp(port, EPHEMERAL);
        for port in [DNS, 1000, 1005, 1010] {
            court.inbound(coming(port), UNTRACKED).outbound(going(port), UNTRACKED);
        }
        court.publish_lingering(&both(&["udp/1000-1004"]), u64::MAX);
        for port in [DNS, 1005, 1010] {
            court.outbound(going(port), RULE).inbound(coming(port), NO_SERVICE);
            court.outbound(going(port), RULE).inbound(coming(port), NO_SERVICE);
        }
        assert_eq!(court.flows().len(), 0);
        // What is still untracked, and ports that never were.
        court.inbound(coming(1000), UNTRACKED).outbound(going(1004), UNTRACKED);
        for port in [CLOSED, 1011, 999] {
            court.outbound(going(port), RULE).inbound(coming(port), FLOW);
        }
        assert_eq!(court.flows().len(), 3);
    });
    let result = "what leaves from the port begins flows again";
    let hearing = Hearing { case: 26, name: "a port of UDP after it has lingered", result };
    hearing.hold(&both(&["udp/53"]), |court| {
        let family = court.family;
        court.publish_lingering(&both(&[]), 0);
        court.outbound(family.going().udp(DNS, EPHEMERAL), RULE);
        court.inbound(family.coming().udp(EPHEMERAL, DNS), FLOW);
    });
}
