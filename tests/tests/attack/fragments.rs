//! Fragments: the first one decides, the others follow it.

use super::court::Hearing;
use super::diary::{Diary, ERROR, FLOW, NO_SERVICE, RULE, both, case, drop, host, workload};
use super::stage::{self, CLOSED, DNS, EPHEMERAL, Family, HTTP, HTTPS, families};
use firewall_common::verdict::{Pass, Reason, Verdict};
use firewall_tests::judge::{Hook, Kernel, entry, small_limits};
use firewall_tests::ledger::Line;
use firewall_tests::packet::{Packet, bare, eth, protocol};
use std::net::IpAddr;

const FOLLOWS: Verdict = Verdict::Allow(Pass::Fragment);
const ALONE: Verdict = drop(Reason::FragmentWithoutFirst);
const BAD: Verdict = drop(Reason::FragmentHeader);
const OVERLAP: Verdict = drop(Reason::FragmentOverlap);

/// Identification of the datagrams, where it does not matter.
const ID: u16 = 7;

pub fn cases() -> Vec<Diary> {
    let mut diaries = Vec::new();
    for family in families() {
        diaries.extend(in_order(&family));
        diaries.extend(case(1, looks_allowed(&family)));
        diaries.extend(case(2, tiny(&family)));
        diaries.extend(case(2, overlaps(&family)));
        diaries.extend(case(3, without_order(&family)));
        diaries.extend(case(3, other_datagrams(&family)));
        diaries.extend(of_flows(&family));
        diaries.extend(case(10, of_icmp(&family)));
    }
    let [_, v6] = families();
    diaries.extend(case(1, behind_other_headers(&v6)));
    diaries.extend(case(4, atomic(&v6)));
    diaries.extend(discovery());
    diaries.extend(dhcp());
    diaries
}

/// A fragment on top of a packet: offset in units of eight octets.
fn part(packet: Packet, family: &Family, number: u8, id: u16, (offset, more): (u16, bool), octets: &[u8]) -> Packet {
    let packet = if family.is_v4() {
        packet.ip_id(id).fragment(offset, more)
    } else {
        packet.fragment_header(offset, more, id.into())
    };
    packet.protocol(number).payload(octets)
}

/// A fragment of UDP that comes from the friend.
fn udp(family: &Family, at: (u16, bool), octets: &[u8]) -> Packet {
    part(family.coming(), family, protocol::UDP, ID, at, octets)
}

/// A fragment of TCP that comes from the friend.
fn tcp(family: &Family, at: (u16, bool), octets: &[u8]) -> Packet {
    part(family.coming(), family, protocol::TCP, ID, at, octets)
}

/// The beginning of a datagram to a port: the header, and 16 octets.
fn beginning(port: u16) -> Vec<u8> {
    bare().udp(EPHEMERAL, port).udp_length(2000).payload(&[0xee; 16]).build()
}

/// The beginning of a connection to a port: the header, and four octets.
fn segment(port: u16) -> Vec<u8> {
    bare().tcp(EPHEMERAL, port).syn().payload(b"data").build()
}

fn in_order(family: &Family) -> Vec<Diary> {
    let first = |port| udp(family, (0, true), &beginning(port));
    let mut diaries = Vec::from(both(&format!("{}: fragments in order", family.name), |diary| {
        diary
            .inbound(first(DNS), RULE)
            .inbound(udp(family, (3, true), &[0; 16]), FOLLOWS)
            .inbound(udp(family, (5, true), &[0; 1400]), FOLLOWS)
            // The last one has any length, and the end may come before something in between.
            .inbound(udp(family, (300, false), &[0; 5]), FOLLOWS)
            .inbound(udp(family, (180, true), &[0; 8]), FOLLOWS)
            .inbound(tcp(family, (0, true), &segment(HTTPS)), RULE)
            .inbound(tcp(family, (3, false), &[0; 7]), FOLLOWS)
    }));
    diaries.extend(both(&format!("{}: fragments of what is denied", family.name), |diary| {
        diary
            .inbound(first(CLOSED), NO_SERVICE)
            .inbound(udp(family, (3, true), &[0; 16]), ALONE)
            .inbound(udp(family, (3, false), &[0; 16]), ALONE)
            .inbound(tcp(family, (0, true), &segment(CLOSED)), NO_SERVICE)
            .inbound(tcp(family, (3, false), &[0; 16]), ALONE)
            // A datagram that is allowed, and then one with the same identification that is not: the first stays.
            .inbound(first(DNS), RULE)
            .inbound(first(CLOSED), NO_SERVICE)
            .inbound(udp(family, (3, false), &[0; 16]), FOLLOWS)
    }));
    diaries
}

/// Octets of a later fragment that look like a header with an allowed port (case 1).
fn looks_allowed(family: &Family) -> Vec<Diary> {
    both(&format!("{}: a later fragment that looks allowed", family.name), |diary| {
        diary
            .inbound(tcp(family, (100, false), &segment(HTTPS)), ALONE)
            .inbound(tcp(family, (100, true), &segment(HTTPS)), ALONE)
            .inbound(udp(family, (1, false), &beginning(DNS)), ALONE)
            .inbound(tcp(family, (0, true), &segment(CLOSED)), NO_SERVICE)
            .inbound(tcp(family, (3, false), &segment(HTTPS)), ALONE)
    })
    .into()
}

/// Fragments that would split the header that has the ports (case 2).
fn tiny(family: &Family) -> Vec<Diary> {
    let allowed = segment(HTTPS);
    let options = bare().tcp(EPHEMERAL, HTTPS).syn().tcp_options(&[1; 8]).build();
    let icmp = if family.is_v4() { protocol::ICMP } else { protocol::ICMPV6 };
    let of = |number, at, octets: &[u8]| part(family.coming(), family, number, ID, at, octets);
    both(&format!("{}: tiny fragments", family.name), |diary| {
        diary
            .inbound(tcp(family, (0, true), &allowed[..8]), BAD)
            .inbound(tcp(family, (1, false), &allowed[8..]), BAD)
            .inbound(tcp(family, (0, true), &allowed[..16]), BAD)
            .inbound(tcp(family, (2, false), &allowed[16..]), BAD)
            .inbound(tcp(family, (0, true), &options[..24]), BAD)
            .inbound(udp(family, (0, true), &[]), BAD)
            .inbound(of(icmp, (0, true), &[]), BAD)
            .inbound(of(47, (0, true), &[]), BAD)
            // These are as short as they may be.
            .inbound(udp(family, (0, true), &beginning(DNS)[..8]), RULE)
            .inbound(udp(family, (1, false), &[0; 1]), FOLLOWS)
            .inbound(of(47, (0, true), &[0; 8]), RULE)
            .inbound(of(47, (1, false), &[0; 1]), FOLLOWS)
            // Not the last one, and yet no multiple of eight octets.
            .inbound(udp(family, (0, true), &beginning(DNS)[..23]), BAD)
            .inbound(udp(family, (3, true), &[0; 9]), BAD)
            .inbound(udp(family, (3, false), &[]), BAD)
            // A datagram that no receiver has room for.
            .inbound(udp(family, (8190, false), &[0; 100]), BAD)
    })
    .into()
}

/// One that begins within the first (case 2): by the least that the offset can say.
fn overlaps(family: &Family) -> Vec<Diary> {
    both(&format!("{}: fragments that overlap", family.name), |diary| {
        diary
            .inbound(udp(family, (0, true), &beginning(DNS)), RULE)
            .inbound(udp(family, (2, false), &[0; 16]), OVERLAP)
            .inbound(udp(family, (1, true), &[0; 8]), OVERLAP)
            .inbound(udp(family, (3, true), &[0; 8]), FOLLOWS)
            .inbound(udp(family, (2, true), &[0; 8]), OVERLAP)
            .inbound(udp(family, (3, true), &[0; 8]), FOLLOWS)
            // Out of order there is nothing yet that it could overlap.
            .inbound(part(family.coming(), family, protocol::UDP, 8, (2, false), &[0; 16]), ALONE)
            .inbound(part(family.coming(), family, protocol::UDP, 8, (0, true), &beginning(DNS)), FLOW)
            .inbound(part(family.coming(), family, protocol::UDP, 8, (2, false), &[0; 16]), OVERLAP)
            // A longer first one covers more.
            .inbound(udp(family, (0, true), &[beginning(DNS), vec![0; 8]].concat()), FLOW)
            .inbound(udp(family, (3, true), &[0; 8]), OVERLAP)
            .inbound(udp(family, (4, true), &[0; 8]), FOLLOWS)
    })
    .into()
}

/// Last first, first last, first never (case 3).
fn without_order(family: &Family) -> Vec<Diary> {
    let last = || udp(family, (5, false), &[0; 16]);
    both(&format!("{}: fragments out of order", family.name), |diary| {
        diary
            .inbound(last(), ALONE)
            .inbound(udp(family, (3, true), &[0; 16]), ALONE)
            .inbound(udp(family, (0, true), &beginning(DNS)), RULE)
            // As the sender sends it again.
            .inbound(last(), FOLLOWS)
            .inbound(udp(family, (3, true), &[0; 16]), FOLLOWS)
    })
    .into()
}

/// What is not of the datagram, though all but one thing is the same (case 3).
fn other_datagrams(family: &Family) -> Vec<Diary> {
    let later = |packet, number, id| part(packet, family, number, id, (3, false), &[0; 16]);
    let tagged = |id| eth().vlan(id).ip(family.friend, family.local);
    both(&format!("{}: fragments of other datagrams", family.name), |diary| {
        diary
            .inbound(udp(family, (0, true), &beginning(DNS)), RULE)
            .inbound(later(family.coming(), protocol::UDP, 8), ALONE)
            .inbound(later(family.coming(), protocol::TCP, ID), ALONE)
            .inbound(later(family.coming(), 47, ID), ALONE)
            .inbound(later(family.from(family.stranger), protocol::UDP, ID), ALONE)
            .inbound(later(tagged(5), protocol::UDP, ID), ALONE)
            .inbound(later(eth().ip(family.friend, family.member), protocol::UDP, ID), ALONE)
            .outbound(later(family.going(), protocol::UDP, ID), ALONE)
            // Of the same addresses, but the other way past the interface.
            .outbound(later(family.coming(), protocol::UDP, ID), ALONE)
            .inbound(later(family.coming(), protocol::UDP, ID), FOLLOWS)
            .inbound(part(tagged(5), family, protocol::UDP, ID, (0, true), &beginning(DNS)), RULE)
            .inbound(later(tagged(6), protocol::UDP, ID), ALONE)
            .inbound(later(tagged(5), protocol::UDP, ID), FOLLOWS)
    })
    .into()
}

/// Answers in fragments, as those of a name server are.
fn of_flows(family: &Family) -> Vec<Diary> {
    let answer = bare().udp(DNS, EPHEMERAL).udp_length(2000).payload(&[0xee; 16]).build();
    let out = |at, octets: &[u8]| part(family.going(), family, protocol::UDP, 9, at, octets);
    both(&format!("{}: fragments of a flow", family.name), |diary| {
        diary
            .outbound(out((0, true), &answer), NO_SERVICE)
            .outbound(out((3, false), &[0; 9]), ALONE)
            .inbound(family.coming().udp(EPHEMERAL, DNS), RULE)
            .outbound(out((0, true), &answer), FLOW)
            .outbound(out((3, true), &[0; 8]), FOLLOWS)
            .outbound(out((4, false), &[0; 9]), FOLLOWS)
    })
    .into()
}

/// An echo in fragments, and an error about the first fragment of a flow.
fn of_icmp(family: &Family) -> Vec<Diary> {
    let number = if family.is_v4() { protocol::ICMP } else { protocol::ICMPV6 };
    let message = |kind: u8| [&[kind, 0, 0, 0, 0x12, 0x34, 0, 1], [0_u8; 16].as_slice()].concat();
    let (asks, answers) = if family.is_v4() { (8, 0) } else { (128, 129) };
    let of = |packet, at, octets: &[u8]| part(packet, family, number, ID, at, octets);
    let echo = both(&format!("{}: an echo in fragments", family.name), |diary| {
        diary
            .inbound(of(family.coming(), (0, true), &message(answers)), NO_SERVICE)
            .inbound(of(family.coming(), (3, false), &[0; 16]), ALONE)
            .inbound(of(family.coming(), (0, true), &message(asks)), RULE)
            .inbound(of(family.coming(), (3, false), &[0; 16]), FOLLOWS)
            .outbound(of(family.going(), (0, true), &message(answers)), FLOW)
            .outbound(of(family.going(), (3, false), &[0; 16]), FOLLOWS)
    });
    let answer = bare().udp(DNS, EPHEMERAL).udp_length(2000).payload(&[0xee; 16]).build();
    let sent = part(family.going(), family, protocol::UDP, 9, (0, true), &answer);
    let later = part(family.going(), family, protocol::UDP, 9, (3, false), &answer);
    let router: IpAddr = if family.is_v4() { "192.0.2.1" } else { "2001:db8:3::1" }.parse().expect("an address");
    let (kind, code) = if family.is_v4() { (3, 4) } else { (2, 0) };
    let about = |packet: &Packet| family.message(family.from(router), kind, code).quote(packet, 72);
    let error = both(&format!("{}: an error about a first fragment", family.name), |diary| {
        diary
            .inbound(about(&sent), NO_SERVICE)
            .inbound(family.coming().udp(EPHEMERAL, DNS), RULE)
            .outbound(sent.clone(), FLOW)
            .outbound(later.clone(), FOLLOWS)
            .inbound(about(&sent), ERROR)
            // A later fragment does not say what flow it is of.
            .inbound(about(&later), NO_SERVICE)
    });
    [echo, error].concat()
}

/// Headers before the fragment header, and behind it.
fn behind_other_headers(v6: &Family) -> Vec<Diary> {
    let looks = segment(HTTPS);
    let hidden = |at: (u16, bool)| v6.coming().hop_by_hop().destination().fragment_header(at.0, at.1, ID.into());
    // The first eight octets behind the fragment header are options.
    let options = |at: (u16, bool)| v6.coming().fragment_header(at.0, at.1, ID.into());
    both("IPv6: fragments behind other headers", |diary| {
        diary
            .inbound(hidden((100, false)).protocol(protocol::TCP).payload(&looks), ALONE)
            .inbound(hidden((0, true)).protocol(protocol::TCP).payload(&looks), RULE)
            .inbound(hidden((3, false)).protocol(protocol::TCP).payload(&looks), FOLLOWS)
            .inbound(hidden((0, true)).protocol(protocol::TCP).payload(&segment(CLOSED)), NO_SERVICE)
            .inbound(options((4, false)).protocol(protocol::DESTINATION).payload(&looks), ALONE)
            .inbound(options((0, true)).destination().protocol(protocol::TCP).payload(&looks), RULE)
            // What belongs together is what the fragment header names: the options, not TCP.
            .inbound(options((4, false)).protocol(protocol::DESTINATION).payload(&looks), FOLLOWS)
            .inbound(options((2, false)).protocol(protocol::DESTINATION).payload(&looks), OVERLAP)
            // Options that do not end within the first fragment hide what follows (RFC 7112).
            .inbound(
                options((0, true)).destination().extension_length(20).protocol(protocol::TCP).payload(&looks),
                drop(Reason::Ipv6Extension),
            )
            .inbound(options((0, true)).fragment_header(0, true, 8).protocol(protocol::TCP).payload(&looks), BAD)
    })
    .into()
}

/// A fragment header in front of a whole packet (case 4; RFC 6946).
fn atomic(v6: &Family) -> Vec<Diary> {
    let atomic = |id| v6.coming().fragment_header(0, false, id);
    both("IPv6: atomic fragments", |diary| {
        diary
            .inbound(atomic(7).tcp(EPHEMERAL, HTTPS).syn(), RULE)
            .outbound(v6.going().fragment_header(0, false, 1).tcp(HTTPS, EPHEMERAL).syn_ack(), FLOW)
            .inbound(atomic(7).destination().tcp(EPHEMERAL, CLOSED).syn(), NO_SERVICE)
            // They are remembered for nothing.
            .inbound(part(v6.coming(), v6, protocol::TCP, 7, (3, false), &[0; 16]), ALONE)
            // A whole packet, and yet cut short.
            .inbound(atomic(7).protocol(protocol::TCP).payload(&[0; 8]), drop(Reason::TcpHeader))
    })
    .into()
}

/// Neighbour and listener discovery in fragments could not be looked at by anybody on the way (RFC 6980).
fn discovery() -> Vec<Diary> {
    let dropped = drop(Reason::NeighbourDiscoveryFragment);
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let message = |kind: u8, at: (u16, bool)| {
        let packet = eth().ip(address("fe80::9"), address("ff02::1")).hop_limit(255).fragment_header(at.0, at.1, 7);
        packet.protocol(protocol::ICMPV6).payload(&[&[kind], [0_u8; 23].as_slice()].concat())
    };
    both("IPv6: discovery in fragments", |diary| {
        [130, 133, 135, 136, 143]
            .into_iter()
            .fold(diary, |diary, kind| diary.inbound(message(kind, (0, true)), dropped))
            .inbound(message(136, (3, false)), ALONE)
    })
    .into()
}

/// The answer of a DHCP server may be too long for a frame.
fn dhcp() -> Vec<Diary> {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let [v4, _] = families();
    let from = || eth().ip(address("10.0.0.254"), v4.local);
    let octets = |from, to| bare().udp(from, to).udp_length(600).payload(&[0; 16]).build();
    let first = part(from(), &v4, protocol::UDP, ID, (0, true), &octets(67, 68));
    let later = part(from(), &v4, protocol::UDP, ID, (3, false), &[0; 16]);
    let forged = part(v4.going(), &v4, protocol::UDP, ID, (0, true), &octets(67, 68));
    vec![
        host("IPv4: DHCP in fragments").inbound(first, Verdict::Allow(Pass::Dhcp)).inbound(later, FOLLOWS),
        workload("IPv4: a workload's DHCP in fragments")
            .outbound(forged, drop(Reason::WorkloadDhcpServer))
            .outbound(part(v4.going(), &v4, protocol::UDP, ID, (3, false), &[0; 16]), ALONE),
    ]
}

/// As long as the kernel waits for the rest of a datagram, and a little more.
const LIFETIME: u32 = 30;

#[test]
fn fragments_follow_for_a_while_only() {
    let result = "followed for 30 s from the first one on, and not a moment longer for having been followed";
    Hearing { case: 3, name: "fragments that come late", result }.hold(&stage::model(), |court| {
        let family = court.family;
        court.inbound(udp(&family, (0, true), &beginning(DNS)), RULE);
        let later = || udp(&family, (3, true), &[0; 8]);
        // A machine that stands still for seconds between two frames makes no difference.
        court.inbound(later(), FOLLOWS).wait(LIFETIME / 2).inbound(later(), FOLLOWS);
        court.wait(LIFETIME / 2 + 1).inbound(later(), ALONE);
        court.inbound(udp(&family, (0, true), &beginning(DNS)), RULE).inbound(later(), FOLLOWS);
    });
}

/// First fragments of more datagrams than there is room for, all of which a rule allows.
#[test]
fn a_flood_of_datagrams_fills_a_table_of_its_own_and_harms_no_flow() {
    let room = small_limits().fragments_v4 as usize;
    let mut kernel = Kernel::shared();
    kernel.publish(&stage::model());
    kernel.place(entry(super::diary::ATTACHMENT, firewall_ctl::model::Side::Host));
    for family in families() {
        for hook in [Hook::Xdp, Hook::TcReceive] {
            kernel.forget();
            let passes = |hook, packet: Packet| kernel.run(hook, &packet.build()).expect("it is long enough");
            let asks = || family.going().tcp(EPHEMERAL, HTTP);
            let answers = || family.coming().tcp(HTTP, EPHEMERAL);
            assert!(passes(Hook::TcSend, asks().syn().numbers(100, 0)));
            assert!(passes(hook, answers().syn_ack().numbers(500, 101)));
            let of = |id: u16, at| part(family.coming(), &family, protocol::UDP, id, at, &beginning(DNS));
            for id in 0..room as u16 * 4 {
                assert!(passes(hook, of(id, (0, true))), "{hook:?}, {}: datagram {id}", family.name);
            }
            // The last one of them is known, and the first one is forgotten.
            assert!(passes(hook, of(room as u16 * 4 - 1, (3, false))));
            assert!(!passes(hook, of(0, (3, false))));
            assert!(passes(Hook::TcSend, asks().tcp_ack().numbers(101, 501)));
            assert!(passes(hook, answers().tcp_ack().numbers(501, 101)));
            let counts = kernel.fragment_counts();
            assert!(counts.iter().all(|count| *count <= room), "{counts:?} of {room}");
        }
    }
    let result = "as many datagrams as there is room for are remembered, and the flow lives";
    let hook = "xdp, tc-in";
    Line { case: 3, name: "a flood of ids", hook, family: "both", side: "host", result, is_expected: true }.write();
}
