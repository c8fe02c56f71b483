//! ICMP and ICMPv6: requests, replies, errors.

use super::diary::{Diary, ERROR, FLOW, NO_SERVICE, RULE, both, case};
use super::stage::{EPHEMERAL, Family, HTTP, HTTPS, families};
use firewall_tests::packet::{Packet, protocol};

pub fn cases() -> Vec<Diary> {
    families()
        .iter()
        .flat_map(|family| [case(11, echo(family)), case(11, types(family)), case(10, errors(family))])
        .flatten()
        .collect()
}

fn echo(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let mut diaries = Vec::from(both(&format!("{name}: echo"), |diary| {
        diary
            .outbound(family.reply(family.going(), 7), NO_SERVICE)
            .inbound(family.reply(family.coming(), 7), NO_SERVICE)
            .inbound(family.request(family.coming(), 7), RULE)
            .outbound(family.reply(family.going(), 7), FLOW)
            .inbound(family.request(family.coming(), 7), FLOW)
            .outbound(family.reply(family.going(), 8), NO_SERVICE)
            .outbound(family.reply(family.to(family.stranger), 7), NO_SERVICE)
            // Allowed one way is not allowed the other way, same identifier or not.
            .outbound(family.request(family.going(), 7), NO_SERVICE)
            .inbound(family.reply(family.coming(), 7), NO_SERVICE)
    }));
    // The identifier is 443 in the place of a source port, and type and code are where a destination port would be.
    diaries.extend(both(&format!("{name}: identifiers are no ports"), |diary| {
        diary
            .inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn(), RULE)
            .outbound(family.reply(family.going(), HTTPS), NO_SERVICE)
            .outbound(family.message(family.going(), 0x9c, 0x40).icmp_rest([1, 187, 0, 0]), NO_SERVICE)
    }));
    diaries
}

fn types(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let message = |kind, code| family.message(family.coming(), kind, code);
    let mut diaries = Vec::from(both(&format!("{name}: types without a rule"), |diary| {
        let kinds: &[u8] = if family.is_v4() {
            &[0, 3, 4, 5, 9, 10, 11, 12, 13, 15, 17, 255]
        } else {
            &[0, 1, 2, 3, 4, 127, 129, 138, 139, 144, 255]
        };
        kinds.iter().fold(diary, |diary, kind| diary.inbound(message(*kind, 0), NO_SERVICE))
    }));
    // Echo requests with any code are in `icmp/8`.
    diaries.extend(both(&format!("{name}: a rule without a code"), |diary| {
        let kind = if family.is_v4() { 8 } else { 128 };
        diary.inbound(message(kind, 0), RULE).inbound(message(kind, 99), FLOW)
    }));
    // ICMP of the other family is just another protocol, and rules about it match nothing here.
    let other = if family.is_v4() { protocol::ICMPV6 } else { protocol::ICMP };
    diaries.extend(both(&format!("{name}: ICMP of the other family"), |diary| {
        diary
            .inbound(family.coming().protocol(other).payload(&[128, 0, 0, 0, 0, 1, 0, 1]), NO_SERVICE)
            .inbound(family.coming().protocol(other).payload(&[8, 0, 0, 0, 0, 1, 0, 1]), NO_SERVICE)
            .inbound(family.coming().protocol(other).payload(&[]), NO_SERVICE)
    }));
    diaries
}

/// An error passes when it is about a flow and goes to who sent the packet that it quotes. Others need a rule, and none
/// makes a flow.
fn errors(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let (unreachable, too_big, least) = if family.is_v4() { ((3, 3), (3, 4), 28) } else { ((1, 4), (2, 0), 48) };
    let sent = || family.going().tcp(EPHEMERAL, HTTP).syn();
    let error = |(kind, code), quoted: &Packet| family.message(family.coming(), kind, code).quote(quoted, 60);
    let mut diaries = Vec::from(both(&format!("{name}: errors about what was sent"), |diary| {
        diary
            .inbound(error(unreachable, &sent()), NO_SERVICE)
            .outbound(sent(), RULE)
            .inbound(error(unreachable, &sent()), ERROR)
            .inbound(error(too_big, &sent()), ERROR)
            // A router on the way says so, and quotes no more than it must.
            .inbound(family.message(family.from(family.stranger), too_big.0, too_big.1).quote(&sent(), least), ERROR)
            .inbound(family.message(family.coming(), unreachable.0, 0).quote(&sent(), least - 1), NO_SERVICE)
            .inbound(family.message(family.coming(), unreachable.0, unreachable.1), NO_SERVICE)
            // Forged: another port, another peer, and a protocol that is not there.
            .inbound(error(unreachable, &family.going().tcp(EPHEMERAL, HTTPS).syn()), NO_SERVICE)
            .inbound(error(unreachable, &family.to(family.stranger).tcp(EPHEMERAL, HTTP).syn()), NO_SERVICE)
            .inbound(error(too_big, &family.going().udp(EPHEMERAL, HTTP)), NO_SERVICE)
            // In the direction of the packet that it quotes, or to another than its sender.
            .outbound(family.message(family.going(), unreachable.0, 0).quote(&sent(), 60), NO_SERVICE)
            .inbound(error(unreachable, &family.coming().tcp(HTTP, EPHEMERAL).syn_ack()), NO_SERVICE)
            // About an error, however true that one is.
            .inbound(error(unreachable, &error(unreachable, &sent())), NO_SERVICE)
            // Types that are no errors.
            .inbound(error((5, 0), &sent()), NO_SERVICE)
            // None of them has begun anything.
            .inbound(family.from(family.stranger).tcp(HTTP, EPHEMERAL).tcp_ack(), NO_SERVICE)
    }));
    diaries.extend(both(&format!("{name}: errors about what came"), |diary| {
        let came = || family.coming().tcp(EPHEMERAL, HTTPS).syn();
        let answer = |quoted: &Packet| family.message(family.going(), unreachable.0, unreachable.1).quote(quoted, 60);
        diary
            .outbound(answer(&came()), NO_SERVICE)
            .inbound(came(), RULE)
            .outbound(answer(&came()), ERROR)
            .inbound(family.request(family.coming(), 7), RULE)
            .outbound(answer(&family.request(family.coming(), 7)), ERROR)
            .outbound(answer(&family.request(family.coming(), 8)), NO_SERVICE)
    }));
    if family.is_v4() {
        diaries.extend(both("IPv4: an error about a fragment", |diary| {
            let fragment = |offset| family.going().fragment(offset, true).tcp(EPHEMERAL, HTTP).syn();
            diary
                .outbound(sent(), RULE)
                .inbound(error(unreachable, &fragment(0)), ERROR)
                .inbound(error(unreachable, &fragment(8)), NO_SERVICE)
        }));
    } else {
        diaries.extend(both("IPv6: an error about a packet with extension headers", |diary| {
            let error = |quoted: Packet| {
                let quoted = quoted.tcp(EPHEMERAL, HTTP).syn();
                family.message(family.from(family.stranger), too_big.0, too_big.1).quote(&quoted, 120)
            };
            let six = (0..6).fold(family.going(), |packet, _| packet.destination());
            diary
                .outbound(sent(), RULE)
                .inbound(error(family.going().hop_by_hop()), ERROR)
                .inbound(error(family.going().routing()), ERROR)
                .inbound(error(family.going().ah()), ERROR)
                .inbound(error(family.going().destination().fragment_header(0, true, 7).destination()), ERROR)
                .inbound(error(six.clone()), ERROR)
                .inbound(error(six.destination()), NO_SERVICE)
                .inbound(error(family.going().destination().fragment_header(1, true, 7)), NO_SERVICE)
                .inbound(error(family.to(family.stranger).destination()), NO_SERVICE)
                .inbound(error(family.going().destination().extension_length(200)), NO_SERVICE)
        }));
    }
    diaries
}
