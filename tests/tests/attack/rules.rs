//! Rules: services, peers, and their edges.

use super::diary::{Diary, NO_PEER, NO_SERVICE, RULE, both, case};
use super::stage::{CLOSED, DATABASE, DNS, EPHEMERAL, Family, HTTP, HTTPS, LISTED, SSH, families};
use firewall_tests::packet::protocol;

pub fn cases() -> Vec<Diary> {
    families()
        .iter()
        .flat_map(|family| {
            let rules = [services(family), peers(family), edges(family)].concat();
            [case(17, rules), case(9, tunnels(family))]
        })
        .flatten()
        .collect()
}

fn services(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let mut diaries = Vec::new();
    diaries.extend(both(&format!("{name}: TCP by its port"), |diary| {
        diary
            .inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn(), RULE)
            .inbound(family.coming().tcp(EPHEMERAL, CLOSED).syn(), NO_SERVICE)
            .inbound(family.coming().tcp(HTTPS, CLOSED).syn(), NO_SERVICE)
            .outbound(family.going().tcp(EPHEMERAL, HTTP).syn(), RULE)
            .outbound(family.going().tcp(EPHEMERAL, HTTPS).syn(), NO_SERVICE)
    }));
    diaries.extend(both(&format!("{name}: UDP by its port"), |diary| {
        diary
            .inbound(family.coming().udp(EPHEMERAL, DNS), RULE)
            .inbound(family.coming().udp(EPHEMERAL, HTTPS), NO_SERVICE)
            .inbound(family.coming().tcp(EPHEMERAL, DNS).syn(), NO_SERVICE)
            .outbound(family.going().udp(EPHEMERAL, 123), RULE)
            .outbound(family.going().udp(EPHEMERAL, DNS), NO_SERVICE)
    }));
    diaries.extend(both(&format!("{name}: other protocols by their number"), |diary| {
        diary
            .inbound(family.coming().protocol(protocol::GRE).payload(&[0; 8]), RULE)
            .inbound(family.from(family.stranger).protocol(protocol::GRE).payload(&[0; 8]), NO_PEER)
            .inbound(family.coming().protocol(protocol::ESP).payload(&[0; 8]), NO_SERVICE)
            .inbound(family.coming().protocol(protocol::SCTP).payload(&[1, 187, 1, 187]), NO_SERVICE)
            .inbound(family.coming().protocol(253).payload(&[]), NO_SERVICE)
    }));
    diaries
}

fn peers(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let from = |peer, port| family.from(peer).tcp(EPHEMERAL, port).syn();
    both(&format!("{name}: peers"), |diary| {
        diary
            .inbound(from(family.stranger, HTTPS), RULE)
            .inbound(from(family.friend, SSH), RULE)
            .inbound(from(family.stranger, SSH), NO_PEER)
            .inbound(from(family.member, SSH), NO_PEER)
            .inbound(from(family.member, DATABASE), RULE)
            .inbound(from(family.friend, DATABASE), NO_PEER)
            .inbound(from(family.stranger, DATABASE), NO_PEER)
            .inbound(from(family.friend, LISTED), RULE)
            .inbound(from(family.friend, LISTED + 1), RULE)
            .inbound(from(family.stranger, LISTED), NO_PEER)
            .inbound(from(family.stranger, LISTED + 1), NO_PEER)
            .inbound(from(family.member, LISTED), NO_PEER)
    })
    .into()
}

fn edges(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let to = |port| family.coming().tcp(EPHEMERAL, port).syn();
    both(&format!("{name}: edges of ports and blocks"), |diary| {
        diary
            .inbound(to(0), RULE)
            .inbound(to(1), NO_SERVICE)
            .inbound(to(65535), RULE)
            .inbound(to(65534), NO_SERVICE)
            .inbound(to(999), NO_SERVICE)
            .inbound(to(1000), RULE)
            .inbound(to(2000), RULE)
            .inbound(to(2001), NO_SERVICE)
            .inbound(to(6999), NO_SERVICE)
            .inbound(to(7000), RULE)
            .inbound(to(7001), NO_SERVICE)
            // The friend is in a narrow block with a port of its own, and still in the broad one.
            .inbound(to(8443), RULE)
            .inbound(to(SSH), RULE)
            .inbound(family.from(family.stranger).tcp(EPHEMERAL, 8443).syn(), NO_PEER)
            .inbound(family.coming().tcp(0, HTTPS).syn(), RULE)
            .inbound(family.coming().udp(0, DNS).udp_length(8), RULE)
    })
    .into()
}

/// The outer header decides, whatever is inside.
fn tunnels(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let inner =
        |packet: firewall_tests::packet::Packet| packet.ip(family.friend, family.local).tcp(EPHEMERAL, HTTPS).syn();
    let gre = [0, 0, if family.is_v4() { 0x08 } else { 0x86 }, if family.is_v4() { 0 } else { 0xdd }];
    both(&format!("{name}: tunnels"), |diary| {
        diary
            .inbound(inner(family.coming()), NO_SERVICE)
            .inbound(inner(family.from(family.stranger)), NO_SERVICE)
            .inbound(family.coming().protocol(protocol::GRE).payload(&gre).payload(&[0xff; 40]), RULE)
            .inbound(family.coming().udp(EPHEMERAL, 4789).payload(&[8, 0, 0, 0, 0, 0, 1, 0]), NO_SERVICE)
    })
    .into()
}
