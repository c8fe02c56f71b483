//! The oracle itself, on cases that can be read off the specification.

use super::*;
use crate::build::ModelBuilder;
use firewall_ctl::model::Side;

fn ip(source: &str, destination: &str, upper: Upper) -> Sketch {
    let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
    let (quote, target, part, flaw) = (None, None, None, None);
    Sketch {
        link: LinkSketch::Plain,
        vlans: Vec::new(),
        content: Content::Ip(IpSketch { source, destination, hop_limit: 64, upper, quote, target, part, flaw }),
    }
}

fn syn(source: &str, destination: &str, port: u16) -> Sketch {
    ip(source, destination, Upper::Tcp(40_000, port, flag::SYN))
}

#[test]
fn replies_need_no_rule_and_openers_do() {
    let mut build = ModelBuilder::new();
    let group = build.group("web");
    build.rule(group, Direction::Inbound, "tcp/80", "10.0.0.0/8");
    let id = build.interface(1, Side::Host, &[group], &["10.9.9.9"]);
    let model = build.model();
    let mut oracle = Oracle::default();
    let inbound = Direction::Inbound;
    let reply = ip("10.9.9.9", "10.1.1.1", Upper::Tcp(80, 40_000, flag::SYN | flag::ACK));

    assert_eq!(oracle.judge(&model, id, inbound.reverse(), &reply).verdict, Verdict::Drop(Reason::NoService));
    let opened = oracle.judge(&model, id, inbound, &syn("10.1.1.1", "10.9.9.9", 80));
    assert_eq!((opened.verdict, opened.peer), (Verdict::Allow(Pass::Rule), Some(PeerKind::Cidr)));
    assert_eq!(oracle.judge(&model, id, inbound.reverse(), &reply).verdict, Verdict::Allow(Pass::Flow));
    let stranger = oracle.judge(&model, id, inbound, &syn("11.1.1.1", "10.9.9.9", 80));
    assert_eq!(stranger.verdict, Verdict::Drop(Reason::NoPeer));
    let other = oracle.judge(&model, id, inbound, &syn("10.1.1.1", "10.9.9.9", 81));
    assert_eq!(other.verdict, Verdict::Drop(Reason::NoService));
}

#[test]
fn members_are_told_by_address_and_vpc() {
    let mut build = ModelBuilder::new();
    let (web, db) = (build.group("web"), build.group("db"));
    build.rule(db, Direction::Inbound, "tcp/5432", &web.to_string());
    let id = build.interface(1, Side::Host, &[db], &["10.0.0.1"]);
    build.member(&[web], &["10.0.0.2", "fd00::2"]);
    let model = build.model();
    let mut oracle = Oracle::default();
    for (source, destination, expected) in [
        ("10.0.0.2", "10.0.0.1", Verdict::Allow(Pass::Rule)),
        ("fd00::2", "fd00::1", Verdict::Allow(Pass::Rule)),
        ("10.0.0.3", "10.0.0.1", Verdict::Drop(Reason::NoPeer)),
    ] {
        let judgement = oracle.judge(&model, id, Direction::Inbound, &syn(source, destination, 5432));
        assert_eq!(judgement.verdict, expected, "{source}");
    }
}
