//! What has to hold of any octets: the bodies of the fuzz targets, here so that tests run them on the seeds as well.

mod wire;

pub use wire::request;

use crate::build::ModelBuilder;
use crate::judge::{Hook, Host, entry, small_limits};
use crate::play::{ATTACHMENT, Play};
use arbitrary::{Arbitrary as _, Unstructured};
use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use firewall_common::packet::{Address as _, Form, Ipv4, Ipv6, Link, Metadata, Network, Packet, Transport, protocol};
use firewall_common::packet::{parse_link, parse_part_v4, parse_part_v6, parse_v4, parse_v6};
use firewall_common::verdict::{Direction, Reason};
use firewall_ctl::model::Side;
use std::net::IpAddr;

/// A frame behind an octet that says how it is met. The parser does not panic, says the same whatever stands behind the
/// packet, and finds addresses and ports where etherparse does; and the decision moves exactly one counter.
///
/// # Panics
/// If one of that does not hold.
pub fn packet(octets: &[u8]) {
    let Some((how, frame)) = octets.split_first() else { return };
    let has = |bit: u8| how & 1 << bit != 0;
    let metadata = Metadata { vlan: has(0).then_some(5), segments: if has(1) { 3 } else { 1 } };
    if let Ok(link) = parse_link(&frame, &metadata) {
        assert!(link.end <= frame.len(), "{link:?}");
        match link.network {
            Network::V4 => ipv4(frame, &metadata, &link),
            Network::V6 => ipv6(frame, &metadata, &link),
            Network::Arp | Network::Other => {}
        }
    }
    for offset in 0..frame.len() {
        // Wherever an error may begin to quote.
        let (mut v4, mut v6) = (Packet::EMPTY, Packet::EMPTY);
        Ipv4::quoted(&frame, offset, &mut v4);
        Ipv6::quoted(&frame, offset, &mut v6);
    }
    decision_of_a_frame(frame, if has(2) { Side::Host } else { Side::Workload }, has(3));
}

/// The compiled tables say of every packet of a play what the oracle says.
///
/// # Panics
/// If they do not.
pub fn decision(octets: &[u8]) {
    let Ok(play) = Play::arbitrary(&mut Unstructured::new(octets)) else { return };
    let performed = play.perform(&mut Host::new(small_limits()), &mut ());
    performed.unwrap_or_else(|difference| panic!("{difference}\n{play:#?}"));
}

fn ipv4(frame: &[u8], metadata: &Metadata, link: &Link) {
    let parse = |frame: &[u8]| {
        let mut packet = Packet::EMPTY;
        if parse_v4(&frame, metadata, link, &mut packet)? == Form::Part {
            parse_part_v4(&frame, metadata, link, &mut packet)?;
        }
        Ok(packet)
    };
    let parsed = parse(frame);
    let said = frame.get(link.end + 2..link.end + 4).map_or(0, length_of);
    // A header that is longer than the packet is looked at all the same.
    let header = frame.get(link.end).map_or(0, |octet| usize::from(octet & 0xf) * 4).max(20);
    let end = if said == 0 { frame.len() } else { link.end + said.max(header) };
    only_the_packet_counts(frame, end, &parsed, parse);
    if let Ok(packet) = parsed {
        assert_eq!(packet.offset as usize, link.end + usize::from(frame[link.end] & 0xf) * 4);
        let (source, destination) = (packet.source.into(), packet.destination.into());
        found_by_another_parser(frame, end, (source, destination), packet.protocol, &packet.transport);
    }
}

fn ipv6(frame: &[u8], metadata: &Metadata, link: &Link) {
    let parse = |frame: &[u8]| {
        let mut packet = Packet::EMPTY;
        if parse_v6(&frame, metadata, link, &mut packet)? == Form::Part {
            parse_part_v6(&frame, metadata, link, &mut packet)?;
        }
        Ok(packet)
    };
    let parsed = parse(frame);
    let said = frame.get(link.end + 4..link.end + 6).map_or(0, length_of);
    let end = if said == 0 && metadata.segments > 1 { frame.len() } else { link.end + 40 + said };
    only_the_packet_counts(frame, end, &parsed, parse);
    if let Ok(packet) = parsed {
        assert!((link.end + 40..=end).contains(&(packet.offset as usize)), "{packet:?}");
        let (source, destination) = (packet.source.into(), packet.destination.into());
        found_by_another_parser(frame, end, (source, destination), packet.protocol, &packet.transport);
    }
}

fn length_of(field: &[u8]) -> usize {
    u16::from_be_bytes([field[0], field[1]]).into()
}

/// What stands behind the packet that is `end` octets long changes nothing, and neither does its absence.
fn only_the_packet_counts<A: PartialEq + std::fmt::Debug>(
    frame: &[u8],
    end: usize,
    parsed: &Result<Packet<A>, Reason>,
    parse: impl Fn(&[u8]) -> Result<Packet<A>, Reason>,
) {
    if end < frame.len() {
        assert_eq!(parse(&frame[..end]), *parsed, "without what stands behind it");
        let other: Vec<u8> = frame[..end].iter().copied().chain(frame[end..].iter().map(|octet| !octet)).collect();
        assert_eq!(parse(&other), *parsed, "with other octets behind it");
    }
}

/// The protocol of authentication headers (RFC 4302).
const AUTHENTICATION: u8 = 51;

/// Another parser finds the same addresses and ports, where it finds any: it knows fewer protocols, and stops at what it
/// finds wrong.
fn found_by_another_parser(
    frame: &[u8],
    end: usize,
    (source, destination): (IpAddr, IpAddr),
    number: u8,
    transport: &Transport,
) {
    let Ok(LaxSlicedPacket { net, transport: found, .. }) = LaxSlicedPacket::from_ethernet(&frame[..end]) else {
        return;
    };
    let addresses: Option<(IpAddr, IpAddr)> = net.and_then(|net| match net {
        LaxNetSlice::Ipv4(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        LaxNetSlice::Ipv6(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        LaxNetSlice::Arp(_) => None,
    });
    if let Some(addresses) = addresses {
        assert_eq!(addresses, (source, destination));
    }
    // It looks through authentication headers of IPv4, too; for us what is in them is a packet of that protocol.
    if source.is_ipv4() && number == AUTHENTICATION {
        return;
    }
    let ports = (transport.source_port, transport.service);
    match found {
        Some(TransportSlice::Tcp(tcp)) => {
            assert_eq!((number, ports), (protocol::TCP, (tcp.source_port(), tcp.destination_port())));
        }
        Some(TransportSlice::Udp(udp)) => {
            assert_eq!((number, ports), (protocol::UDP, (udp.source_port(), udp.destination_port())));
        }
        Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_) | TransportSlice::Igmp(_)) | None => {}
    }
}

/// A few rules and whatever frame: it moves one counter, which says what became of it.
fn decision_of_a_frame(frame: &[u8], side: Side, received: bool) {
    thread_local! {
        static HOST: std::cell::RefCell<Host> = std::cell::RefCell::new(a_host());
    }
    let hook = if received { Hook::TcReceive } else { Hook::TcSend };
    HOST.with_borrow_mut(|host| {
        host.forget();
        host.place(entry(ATTACHMENT, side));
        // Twice, so that the flow that it may have begun is met.
        for _ in 0..2 {
            let outcome = host.judge(hook, frame);
            let verdict = outcome.verdict(ATTACHMENT, hook.direction(side), frame.len());
            assert!(verdict.is_ok(), "{verdict:?}");
        }
    });
}

fn a_host() -> Host {
    let mut build = ModelBuilder::new();
    let group = build.group("fuzzed");
    for anyone in ["0.0.0.0/0", "::/0"] {
        for service in ["tcp/443", "tcp/1000-2000", "udp/53", "47"] {
            build.rule(group, Direction::Inbound, service, anyone);
        }
        build.rule(group, Direction::Outbound, "all", anyone);
    }
    build.rule(group, Direction::Inbound, "icmp/8", "0.0.0.0/0");
    build.rule(group, Direction::Inbound, "icmpv6/128", "::/0");
    build.interface(ATTACHMENT, Side::Host, &[group], &["10.0.0.1", "fd00::1"]);
    let mut host = Host::new(small_limits());
    host.publish(&build.model());
    host
}

#[cfg(test)]
mod tests {
    /// What the fuzzer has found.
    #[test]
    fn a_total_length_below_the_header_is_the_same_however_much_follows() {
        for (header, said) in [(0x45, 16), (0x45, 19), (0x4f, 20), (0x4f, 59), (0x44, 16)] {
            let mut frame = [0; 1 + 14 + 80];
            (frame[13], frame[15], frame[18]) = (8, header, said);
            super::packet(&frame);
        }
    }

    /// The same.
    #[test]
    fn an_authentication_header_of_ipv4_is_a_protocol() {
        let mut frame = [0; 1 + 14 + 20 + 12 + 8];
        (frame[13], frame[15], frame[18], frame[24]) = (8, 0x45, 40, super::AUTHENTICATION);
        (frame[27], frame[31]) = (10, 10);
        // UDP behind a header of twelve octets.
        (frame[35], frame[36], frame[48], frame[50], frame[52]) = (17, 1, 53, 53, 8);
        super::packet(&frame);
    }
}
