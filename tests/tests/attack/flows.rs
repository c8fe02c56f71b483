//! Flows: what they admit, and what does not make one.

use super::diary::{Diary, FLOW, NO_PEER, NO_SERVICE, RULE, both, case};
use super::stage::{CLOSED, DNS, EPHEMERAL, Family, HTTP, HTTPS, SSH, families};
use firewall_tests::packet::{Packet, flag, protocol};

pub fn cases() -> Vec<Diary> {
    families()
        .iter()
        .flat_map(|family| {
            [case(21, connections(family)), strays(family), case(12, endings(family)), case(21, datagrams(family))]
        })
        .flatten()
        .collect()
}

fn coming(family: &Family) -> Packet {
    family.coming().tcp(EPHEMERAL, HTTPS)
}

fn going(family: &Family) -> Packet {
    family.going().tcp(HTTPS, EPHEMERAL)
}

fn connections(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let mut diaries = Vec::from(both(&format!("{name}: a connection from outside"), |diary| {
        diary
            .outbound(going(family).syn_ack(), NO_SERVICE)
            .inbound(coming(family).syn().numbers(100, 0), RULE)
            .outbound(going(family).syn_ack().numbers(500, 101), FLOW)
            .inbound(coming(family).tcp_ack().numbers(101, 501), FLOW)
            .inbound(coming(family).tcp_ack().numbers(101, 501).payload(b"GET /"), FLOW)
            .outbound(going(family).tcp_ack().numbers(501, 106).payload(b"200"), FLOW)
            // One port away in either place there is no flow.
            .outbound(family.going().tcp(HTTPS, EPHEMERAL + 1).tcp_ack(), NO_SERVICE)
            .outbound(family.going().tcp(HTTPS + 1, EPHEMERAL).tcp_ack(), NO_SERVICE)
            .outbound(family.to(family.stranger).tcp(HTTPS, EPHEMERAL).tcp_ack(), NO_SERVICE)
            .outbound(family.going().udp(HTTPS, EPHEMERAL), NO_SERVICE)
    }));
    diaries.extend(both(&format!("{name}: a connection from inside"), |diary| {
        diary
            .inbound(family.coming().tcp(HTTP, EPHEMERAL).syn_ack(), NO_SERVICE)
            .outbound(family.going().tcp(EPHEMERAL, HTTP).syn().numbers(100, 0), RULE)
            .inbound(family.coming().tcp(HTTP, EPHEMERAL).syn_ack().numbers(900, 101), FLOW)
            .outbound(family.going().tcp(EPHEMERAL, HTTP).tcp_ack().numbers(101, 901), FLOW)
            .inbound(family.coming().tcp(HTTP, EPHEMERAL).tcp_ack().numbers(901, 101).payload(b"x"), FLOW)
    }));
    diaries.extend(both(&format!("{name}: both sides open at the same time"), |diary| {
        diary
            .inbound(family.coming().tcp(HTTP, HTTPS).syn().numbers(100, 0), RULE)
            .outbound(family.going().tcp(HTTPS, HTTP).syn().numbers(700, 0), RULE)
            .inbound(family.coming().tcp(HTTP, HTTPS).syn_ack().numbers(100, 701), FLOW)
            .outbound(family.going().tcp(HTTPS, HTTP).syn_ack().numbers(700, 101), FLOW)
    }));
    diaries
}

/// Segments that no SYN was seen before.
fn strays(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let mut diaries = Vec::from(both(&format!("{name}: segments out of nowhere"), |diary| {
        diary
            .inbound(family.coming().tcp(EPHEMERAL, CLOSED).tcp_ack(), NO_SERVICE)
            .inbound(family.coming().tcp(EPHEMERAL, CLOSED).fin(), NO_SERVICE)
            .inbound(family.coming().tcp(EPHEMERAL, CLOSED).rst(), NO_SERVICE)
            .inbound(family.from(family.stranger).tcp(EPHEMERAL, SSH).tcp_ack(), NO_PEER)
            .outbound(family.going().tcp(HTTPS, EPHEMERAL).tcp_ack(), NO_SERVICE)
    }));
    diaries.extend(both(&format!("{name}: a RST begins no flow"), |diary| {
        diary.inbound(coming(family).rst(), RULE).outbound(going(family).tcp_ack(), NO_SERVICE)
    }));
    diaries.extend(both(&format!("{name}: a segment to an open port is taken up"), |diary| {
        diary.inbound(coming(family).tcp_ack(), RULE).outbound(going(family).tcp_ack(), FLOW)
    }));
    diaries.extend(both(&format!("{name}: a segment from inside is not"), |diary| {
        diary
            .outbound(family.going().tcp(EPHEMERAL, HTTP).tcp_ack(), RULE)
            .inbound(family.coming().tcp(HTTP, EPHEMERAL).tcp_ack(), NO_SERVICE)
    }));
    diaries.into_iter().map(|diary| diary.case(12).case(13)).collect()
}

fn endings(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let open = |diary: Diary| {
        diary
            .inbound(coming(family).syn().numbers(100, 0), RULE)
            .outbound(going(family).syn_ack().numbers(500, 101), FLOW)
            .inbound(coming(family).tcp_ack().numbers(101, 501), FLOW)
    };
    let mut diaries = Vec::from(both(&format!("{name}: a connection that closes, and its successor"), |diary| {
        open(diary)
            .inbound(coming(family).fin().numbers(101, 501), FLOW)
            .outbound(going(family).fin().numbers(501, 102), FLOW)
            .inbound(coming(family).tcp_ack().numbers(102, 502), FLOW)
            .inbound(coming(family).syn().numbers(9000, 0), RULE)
            .outbound(going(family).syn_ack().numbers(4000, 9001), FLOW)
    }));
    diaries.extend(both(&format!("{name}: a RST that guesses changes nothing"), |diary| {
        open(diary)
            .inbound(coming(family).rst().numbers(99_999, 0), FLOW)
            .outbound(going(family).tcp_ack().numbers(501, 101), FLOW)
            .inbound(coming(family).tcp_flags(flag::SYN), RULE)
            .outbound(going(family).tcp_ack().numbers(501, 101), FLOW)
    }));
    diaries.extend(both(&format!("{name}: a RST ends it, and traffic restores it"), |diary| {
        open(diary)
            .inbound(coming(family).rst().numbers(101, 0), FLOW)
            .inbound(coming(family).tcp_ack().numbers(101, 501), FLOW)
            .outbound(going(family).tcp_ack().numbers(501, 101), FLOW)
    }));
    diaries
}

fn datagrams(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let mut diaries = Vec::from(both(&format!("{name}: UDP"), |diary| {
        diary
            .outbound(family.going().udp(DNS, EPHEMERAL), NO_SERVICE)
            .inbound(family.coming().udp(EPHEMERAL, DNS), RULE)
            .outbound(family.going().udp(DNS, EPHEMERAL), FLOW)
            .inbound(family.coming().udp(EPHEMERAL, DNS), FLOW)
            .outbound(family.going().udp(DNS, EPHEMERAL + 1), NO_SERVICE)
            .outbound(family.going().tcp(DNS, EPHEMERAL).tcp_ack(), NO_SERVICE)
    }));
    diaries.extend(both(&format!("{name}: other protocols"), |diary| {
        diary
            .outbound(family.going().protocol(protocol::GRE).payload(&[0; 4]), NO_SERVICE)
            .inbound(family.coming().protocol(protocol::GRE).payload(&[0; 4]), RULE)
            .outbound(family.going().protocol(protocol::GRE).payload(&[0; 4]), FLOW)
            .outbound(family.going().protocol(protocol::ESP).payload(&[0; 4]), NO_SERVICE)
            .outbound(family.to(family.stranger).protocol(protocol::GRE).payload(&[0; 4]), NO_SERVICE)
    }));
    diaries
}
