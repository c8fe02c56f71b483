//! What the parser makes of good frames, and one row for each way to be malformed.

use super::*;
use crate::verdict::Reason;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const ETHERNET: usize = 14;
const SOURCE_V4: Ipv4 = [192, 0, 2, 1];
const DESTINATION_V4: Ipv4 = [198, 51, 100, 2];

/// What [`parse_link`] and the family's parser answer together.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Arp,
    Other,
    V4(Packet<Ipv4>),
    V6(Packet<Ipv6>),
}

fn parse(frame: &[u8], metadata: &Metadata) -> Result<Parsed, Reason> {
    let link = parse_link(&frame, metadata)?;
    match link.network {
        Network::Arp => Ok(Parsed::Arp),
        Network::Other => Ok(Parsed::Other),
        Network::V4 => {
            let mut packet = Packet { vlans: link.vlans, ..Packet::EMPTY };
            if parse_v4(&frame, metadata, &link, &mut packet)? == Form::Part {
                parse_part_v4(&frame, metadata, &link, &mut packet)?;
            }
            Ok(Parsed::V4(packet))
        }
        Network::V6 => {
            let mut packet = Packet { vlans: link.vlans, ..Packet::EMPTY };
            if parse_v6(&frame, metadata, &link, &mut packet)? == Form::Part {
                parse_part_v6(&frame, metadata, &link, &mut packet)?;
            }
            Ok(Parsed::V6(packet))
        }
    }
}

fn frame(ether_type: u16, network: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &ether_type.to_be_bytes(), network].concat()
}

fn v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len()) as u16;
    let [high, low] = length.to_be_bytes();
    let header = [0x45, 0, high, low, 0, 7, 0x40, 0, 64, protocol, 0, 0];
    frame(0x0800, &[&header[..], &SOURCE_V4, &DESTINATION_V4, payload].concat())
}

fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16).to_be_bytes();
    let mut header = [0u8; 40];
    header[..8].copy_from_slice(&[0x60, 0, 0, 0, high, low, next, 64]);
    header[8..24].copy_from_slice(&address(1));
    header[24..].copy_from_slice(&address(2));
    frame(0x86dd, &[&header[..], payload].concat())
}

/// An IPv4 fragment: flags and offset as the header has them, in units of eight octets.
fn part4(protocol: u8, field: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = field.to_be_bytes();
    with(v4(protocol, payload), &[(ETHERNET + 6, high), (ETHERNET + 7, low)])
}

/// An IPv6 fragment: offset in octets, and 1 when more follow.
fn part6(next: u8, field: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = field.to_be_bytes();
    v6(44, &[&[next, 0, high, low, 1, 2, 3, 4], payload].concat())
}

fn address(last: u8) -> Ipv6 {
    [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]
}

/// 1000 to 443, sequence 5, acknowledgement 9, three octets of data.
fn tcp(flags: u8) -> Vec<u8> {
    let header = [3, 0xe8, 1, 0xbb, 0, 0, 0, 5, 0, 0, 0, 9, 0x50, flags, 0, 0, 0, 0, 0, 0];
    [&header[..], b"abc"].concat()
}

fn udp() -> Vec<u8> {
    [0, 53, 0x30, 0x39, 0, 11, 0, 0, 1, 2, 3].to_vec()
}

fn arp() -> Vec<u8> {
    frame(0x0806, &[&[0, 1, 8, 0, 6, 4, 0, 1][..], &[0; 20]].concat())
}

fn tagged(frame: &[u8], tags: &[(u16, u16)]) -> Vec<u8> {
    let mut octets = frame[..12].to_vec();
    for (ether_type, control) in tags {
        octets.extend(ether_type.to_be_bytes());
        octets.extend(control.to_be_bytes());
    }
    octets.extend(&frame[12..]);
    octets
}

fn with(mut frame: Vec<u8>, changes: &[(usize, u8)]) -> Vec<u8> {
    for (at, octet) in changes {
        frame[*at] = *octet;
    }
    frame
}

/// Extension header: next, extent as the header says it, and as many octets in all.
fn extension(next: u8, says: u8, octets: usize) -> Vec<u8> {
    let mut header = vec![0; octets];
    header[0] = next;
    header[1] = says;
    header
}

fn transport_of(frame: &[u8]) -> Transport {
    match parse(frame, &Metadata::PLAIN) {
        Ok(Parsed::V4(packet)) => packet.transport,
        Ok(Parsed::V6(packet)) => packet.transport,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tcp_header_is_read() {
    let transport = transport_of(&v4(protocol::TCP, &tcp(ACK | FIN)));
    let expected = Transport {
        source_port: 1000,
        service: 443,
        flags: ACK | FIN,
        sequence: 5,
        acknowledgement: 9,
        extent: 4,
        reserved: [0; 3],
    };
    assert_eq!(transport, expected);
    assert_eq!(transport_of(&v6(protocol::TCP, &tcp(ACK | FIN))), expected);
}

#[test]
fn udp_and_icmp_headers_are_read() {
    let transport = transport_of(&v4(protocol::UDP, &udp()));
    assert_eq!((transport.source_port, transport.service), (53, 12345));
    let transport = transport_of(&v4(protocol::ICMP, &[8, 0, 0, 0, 0x12, 0x34, 0, 1]));
    assert_eq!((transport.icmp_type(), transport.icmp_code(), transport.source_port), (8, 0, 0x1234));
    let transport = transport_of(&v6(protocol::ICMPV6, &[1, 4, 0, 0, 0, 0, 0, 0]));
    assert_eq!((transport.icmp_type(), transport.icmp_code()), (1, 4));
}

#[test]
fn icmp_of_the_other_family_has_no_type() {
    assert_eq!(transport_of(&v4(protocol::ICMPV6, &[])), Transport::NONE);
    assert_eq!(transport_of(&v6(protocol::ICMP, &[])), Transport::NONE);
}

#[test]
fn ports_are_found_past_ipv4_options() {
    let mut octets = with(v4(protocol::UDP, &[]), &[(ETHERNET, 0x47), (ETHERNET + 3, 20 + 8 + 11)]);
    octets.extend([1; 8]);
    octets.extend(udp());
    assert_eq!(transport_of(&octets).service, 12345);
}

#[test]
fn extension_headers_are_looked_through() {
    let chain = [
        extension(60, 0, 8),
        extension(43, 1, 16),
        extension(51, 0, 8),
        // AH counts in words of four octets, less two.
        extension(60, 4, 24),
        extension(protocol::UDP, 0, 8),
        udp(),
    ];
    assert_eq!(transport_of(&v6(0, &chain.concat())).service, 12345);
    let atomic = [extension(protocol::UDP, 0, 8), udp()].concat();
    assert_eq!(transport_of(&v6(44, &atomic)).service, 12345, "atomic fragment");
}

#[test]
fn protocols_that_are_not_looked_into_have_no_ports() {
    for number in [0u8, 2, 4, 47, 50, 132, 255] {
        assert_eq!(transport_of(&v4(number, &[1, 2, 3])), Transport::NONE, "{number}");
    }
    // No next header, ESP, mobility: what ends a chain is judged by its number.
    for number in [59u8, 50, 135, 253] {
        assert_eq!(transport_of(&v6(number, &[])), Transport::NONE, "{number}");
    }
}

#[test]
fn vlan_tags_are_looked_through_and_remembered() {
    let plain = v4(protocol::UDP, &udp());
    let vlans = |frame: &[u8], vlan| match parse(frame, &Metadata { vlan, segments: 1 }) {
        Ok(Parsed::V4(packet)) => packet.vlans,
        other => panic!("{other:?}"),
    };
    assert_eq!(vlans(&plain, None), 0);
    assert_eq!(vlans(&tagged(&plain, &[(0x8100, 0x6005)]), None), 5, "priority bits are no part of it");
    assert_eq!(vlans(&tagged(&plain, &[(0x8100, 0)]), None), 0, "a priority tag is no VLAN");
    assert_eq!(vlans(&tagged(&plain, &[(0x88a8, 7), (0x8100, 5)]), None), 7 << 16 | 5);
    assert_eq!(vlans(&plain, Some(0x2005)), 5, "a tag in the metadata counts like one in the frame");
    assert_eq!(vlans(&tagged(&plain, &[(0x8100, 5)]), Some(7)), 7 << 16 | 5);
}

#[test]
fn frames_that_are_not_ip_are_told() {
    assert_eq!(parse(&arp(), &Metadata::PLAIN), Ok(Parsed::Arp));
    for ether_type in [0x0026, 0x8847, 0x8864, 0x88cc] {
        assert_eq!(parse(&frame(ether_type, &[0; 46]), &Metadata::PLAIN), Ok(Parsed::Other), "{ether_type:#x}");
    }
}

#[test]
fn length_zero_is_for_segments_only() {
    let octets = with(v4(protocol::TCP, &tcp(ACK)), &[(ETHERNET + 2, 0), (ETHERNET + 3, 0)]);
    assert_eq!(parse(&octets, &Metadata::PLAIN), Err(Reason::Ipv4Length));
    assert!(parse(&octets, &Metadata { vlan: None, segments: 2 }).is_ok());
    let octets = with(v6(protocol::UDP, &udp()), &[(ETHERNET + 4, 0), (ETHERNET + 5, 0)]);
    assert_eq!(parse(&octets, &Metadata::PLAIN), Err(Reason::UdpHeader));
    assert!(parse(&octets, &Metadata { vlan: None, segments: 2 }).is_ok());
}

/// Every failure of the parser: what is wrong, the frame, and why it is dropped.
fn malformed() -> Vec<(&'static str, Vec<u8>, Reason)> {
    let tcp4 = v4(protocol::TCP, &tcp(ACK));
    let udp4 = v4(protocol::UDP, &udp());
    let udp6 = v6(protocol::UDP, &udp());
    let ip = ETHERNET;
    let l4 = ETHERNET + 20;
    let l6 = ETHERNET + 40;
    let mut rows = vec![
        ("no EtherType", tcp4[..13].to_vec(), Reason::FrameTooShort),
        ("cut within a tag", tagged(&tcp4, &[(0x8100, 5)])[..17].to_vec(), Reason::FrameTooShort),
        ("three tags", tagged(&tcp4, &[(0x88a8, 1), (0x8100, 2), (0x8100, 3)]), Reason::TooManyVlans),
        ("ARP about a token ring", with(arp(), &[(ETHERNET + 1, 6)]), Reason::ArpMalformed),
        ("ARP cut short", arp()[..ETHERNET + 27].to_vec(), Reason::ArpMalformed),
        ("IPv4 cut within its header", tcp4[..l4 - 1].to_vec(), Reason::Ipv4Header),
        ("IPv4 with IHL 4", with(tcp4.clone(), &[(ip, 0x44)]), Reason::Ipv4Header),
        ("IPv4 that says version 6", with(tcp4.clone(), &[(ip, 0x65)]), Reason::Ipv4Header),
        ("total length below the header", with(tcp4.clone(), &[(ip + 3, 19)]), Reason::Ipv4Length),
        ("total length beyond the frame", with(tcp4.clone(), &[(ip + 3, 44)]), Reason::Ipv4Length),
        ("options beyond the total length", with(tcp4.clone(), &[(ip, 0x4f)]), Reason::Ipv4Length),
        ("first fragment of 23 octets", with(tcp4.clone(), &[(ip + 6, 0x20)]), Reason::FragmentHeader),
        ("first fragment without an octet", part4(protocol::TCP, 0x2000, &[]), Reason::FragmentHeader),
        ("first fragment within the TCP header", part4(protocol::TCP, 0x2000, &tcp(ACK)[..16]), Reason::FragmentHeader),
        (
            "first fragment within the TCP options",
            part4(protocol::TCP, 0x2000, &[&tcp(ACK)[..12], &[0x70; 12]].concat()),
            Reason::FragmentHeader,
        ),
        ("TCP at offset 8 octets", part4(protocol::TCP, 1, &[0; 24]), Reason::FragmentHeader),
        ("TCP at offset 16 octets", part4(protocol::TCP, 2, &[0; 24]), Reason::FragmentHeader),
        ("later fragment without an octet", part4(protocol::UDP, 0x2003, &[]), Reason::FragmentHeader),
        ("fragment in between of 12 octets", part4(protocol::UDP, 0x2003, &[0; 12]), Reason::FragmentHeader),
        ("datagram of 65 536 octets", part4(protocol::UDP, 8188, &[0; 12]), Reason::FragmentHeader),
        ("IPv6 cut within its header", udp6[..l6 - 1].to_vec(), Reason::Ipv6Header),
        ("IPv6 that says version 4", with(udp6.clone(), &[(ip, 0x40)]), Reason::Ipv6Header),
        ("payload length beyond the frame", with(udp6.clone(), &[(ip + 5, 12)]), Reason::Ipv6Length),
        (
            "hop-by-hop not first",
            v6(60, &[extension(0, 0, 8), extension(17, 0, 8), udp()].concat()),
            Reason::Ipv6Extension,
        ),
        ("extension beyond the payload", v6(60, &extension(17, 1, 8)), Reason::Ipv6Extension),
        ("extension cut", v6(60, &[17, 0]), Reason::Ipv6Extension),
        ("AH beyond the payload", v6(51, &extension(17, 1, 8)), Reason::Ipv6Extension),
        (
            "seven extensions",
            v6(60, &[extension(60, 0, 8).repeat(6), extension(17, 0, 8), udp()].concat()),
            Reason::TooManyExtensions,
        ),
        ("first fragment of 11 octets, IPv6", part6(17, 1, &udp()), Reason::FragmentHeader),
        ("first fragment within the TCP header, IPv6", part6(6, 1, &tcp(ACK)[..16]), Reason::FragmentHeader),
        ("TCP at offset 8 octets, IPv6", part6(6, 8, &[0; 24]), Reason::FragmentHeader),
        ("later fragment without an octet, IPv6", part6(17, 24 | 1, &[]), Reason::FragmentHeader),
        ("datagram of 65 536 octets, IPv6", part6(17, 65_528, &[0; 8]), Reason::FragmentHeader),
        (
            "datagram of 65 536 octets with its options",
            v6(60, &[extension(44, 0, 8), vec![17, 0, 0xff, 0xf0, 0, 0, 0, 1], vec![0; 8]].concat()),
            Reason::FragmentHeader,
        ),
        (
            "fragment of a fragment",
            part6(44, 1, &[17, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
            Reason::FragmentHeader,
        ),
        ("fragment header cut", v6(44, &[17, 0, 0, 1, 0, 0, 0]), Reason::Ipv6Extension),
        ("extension beyond the first fragment", part6(60, 1, &extension(17, 1, 8)), Reason::Ipv6Extension),
        ("TCP cut short", v4(protocol::TCP, &tcp(ACK)[..19]), Reason::TcpHeader),
        ("TCP data offset 4", with(tcp4.clone(), &[(l4 + 12, 0x40)]), Reason::TcpHeader),
        ("TCP data offset beyond the packet", with(tcp4.clone(), &[(l4 + 12, 0x60)]), Reason::TcpHeader),
        ("UDP cut short", v4(protocol::UDP, &udp()[..7]), Reason::UdpHeader),
        ("UDP length 7", with(udp4.clone(), &[(l4 + 5, 7)]), Reason::UdpHeader),
        ("UDP length 0", with(udp4.clone(), &[(l4 + 5, 0)]), Reason::UdpHeader),
        ("UDP length beyond the packet", with(udp4, &[(l4 + 5, 12)]), Reason::UdpHeader),
        ("UDP length 0 over IPv6", with(udp6, &[(l6 + 5, 0)]), Reason::UdpHeader),
        ("ICMP cut short", v4(protocol::ICMP, &[8, 0, 0, 0, 0, 0, 0]), Reason::IcmpHeader),
        ("ICMPv6 cut short", v6(protocol::ICMPV6, &[128, 0, 0, 0]), Reason::IcmpHeader),
    ];
    for (name, flags) in [
        ("NULL", 0),
        ("FIN alone", FIN),
        ("XMAS", FIN | PSH | URG),
        ("SYN and FIN", SYN | FIN),
        ("SYN and RST", SYN | RST),
        ("RST and FIN", RST | FIN | ACK),
        ("all flags", 0xff),
    ] {
        rows.push((name, v4(protocol::TCP, &tcp(flags)), Reason::TcpFlags));
    }
    for (name, source) in [("multicast", [224, 0, 0, 1]), ("broadcast", [255; 4]), ("loopback", [127, 9, 9, 9])] {
        let changes = [(26, source[0]), (27, source[1]), (28, source[2]), (29, source[3])];
        rows.push((name, with(tcp4.clone(), &changes), Reason::SourceAddress));
    }
    for (name, destination) in [("to loopback", [127, 0, 0, 1]), ("to nowhere", [0; 4])] {
        let changes = [(30, destination[0]), (31, destination[1]), (32, destination[2]), (33, destination[3])];
        rows.push((name, with(tcp4.clone(), &changes), Reason::DestinationAddress));
    }
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
    let loopback = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let mut multicast = [0; 16];
    multicast[0] = 0xff;
    for (name, address, at, reason) in [
        ("mapped source", mapped, 8, Reason::SourceAddress),
        ("loopback source, IPv6", loopback, 8, Reason::SourceAddress),
        ("multicast source, IPv6", multicast, 8, Reason::SourceAddress),
        ("mapped destination", mapped, 24, Reason::DestinationAddress),
        ("to loopback, IPv6", loopback, 24, Reason::DestinationAddress),
        ("to nowhere, IPv6", [0; 16], 24, Reason::DestinationAddress),
    ] {
        let mut octets = v6(protocol::UDP, &udp());
        octets[ip + at..ip + at + 16].copy_from_slice(&address);
        rows.push((name, octets, reason));
    }
    rows
}

fn fragment(id: u32, start: u16, end: u16, next: u8) -> Fragment {
    Fragment { id, start, end, next, reserved: [0; 3] }
}

fn fragment_of(frame: &[u8]) -> (Fragment, Transport) {
    match parse(frame, &Metadata::PLAIN) {
        Ok(Parsed::V4(packet)) => (packet.fragment, packet.transport),
        Ok(Parsed::V6(packet)) => (packet.fragment, packet.transport),
        other => panic!("{other:?}"),
    }
}

#[test]
fn fragments_are_told_from_datagrams() {
    let whole = [
        v4(protocol::UDP, &udp()),
        // That it may not be cut, and a bit that means nothing.
        part4(protocol::UDP, 0xc000, &udp()),
        // Atomic fragments (RFC 6946).
        part6(17, 0, &udp()),
        part6(60, 6, &[extension(17, 0, 8), udp()].concat()),
    ];
    for frame in whole {
        let (part, transport) = fragment_of(&frame);
        assert_eq!(part, Fragment::WHOLE);
        assert_eq!((transport.source_port, transport.service), (53, 12345));
    }
}

#[test]
fn first_fragments_have_their_ports() {
    let segment = [&tcp(ACK)[..20], &[0; 4]].concat();
    let (part, transport) = fragment_of(&part4(protocol::TCP, 0x2000, &segment));
    assert_eq!(part, fragment(7, 0, 24, 6));
    assert!(part.is_first() && !part.is_later() && !part.is_whole());
    assert_eq!(transport.service, 443);
    let (part, transport) = fragment_of(&part6(60, 1, &[extension(6, 0, 8), segment].concat()));
    assert_eq!(part, fragment(0x0102_0304, 0, 32, 60));
    assert_eq!(transport.service, 443);
    // What the UDP header says of its length is about the datagram.
    let long = with(part4(protocol::UDP, 0x2000, &[udp(), vec![0; 5]].concat()), &[(ETHERNET + 24, 0x20)]);
    assert_eq!(fragment_of(&long).1.service, 12345);
}

#[test]
fn later_fragments_are_not_looked_into() {
    let (part, transport) = fragment_of(&part4(protocol::TCP, 3, &tcp(SYN)));
    assert_eq!(part, fragment(7, 24, 47, 6));
    assert!(part.is_later() && !part.is_first() && !part.is_whole());
    assert_eq!(transport, Transport::NONE);
    // Nor for further headers, even those that say of themselves that they are too long.
    let frame = v6(60, &[extension(44, 0, 8), vec![60, 0, 0, 24, 0, 0, 0, 9], extension(6, 200, 8)].concat());
    let (part, transport) = fragment_of(&frame);
    assert_eq!(part, fragment(9, 24, 32, 60));
    assert_eq!(transport, Transport::NONE);
    // The last octet that a datagram can have.
    assert_eq!(fragment_of(&part4(protocol::UDP, 8188, &[0; 11])).0.end, 65_515);
    assert_eq!(fragment_of(&part6(17, 65_528, &[0; 7])).0.end, 65_535);
}

#[test]
fn every_malformed_frame_has_its_reason() {
    for (name, octets, reason) in malformed() {
        assert_eq!(parse(&octets, &Metadata::PLAIN), Err(reason), "{name}");
    }
}

#[test]
fn quoted_packets_are_known_by_their_first_octets() {
    let quoted_v4 = |octets: &[u8]| {
        let mut quoted = Packet::<Ipv4>::EMPTY;
        Ipv4::quoted(&octets, ETHERNET, &mut quoted).then_some(quoted)
    };
    let quoted_v6 = |octets: &[u8]| {
        let mut quoted = Packet::<Ipv6>::EMPTY;
        Ipv6::quoted(&octets, ETHERNET, &mut quoted).then_some(quoted)
    };
    let sent = v4(protocol::TCP, &tcp(SYN));
    let quoted = quoted_v4(&sent[..ETHERNET + 28]).unwrap();
    assert_eq!((quoted.source, quoted.destination), (SOURCE_V4, DESTINATION_V4));
    assert_eq!((quoted.transport.source_port, quoted.transport.service), (1000, 443));
    assert_eq!(quoted_v4(&sent[..ETHERNET + 27]), None, "a port is missing");
    assert_eq!(quoted_v4(&with(sent.clone(), &[(ETHERNET, 0x44)])), None, "IHL 4");
    assert_eq!(quoted_v4(&with(sent.clone(), &[(ETHERNET, 0x65)])), None, "version 6");
    assert_eq!(quoted_v4(&with(sent, &[(ETHERNET + 7, 1)])), None, "a later fragment");
    let part = v6(44, &[&[17, 0, 0, 1, 0, 0, 0, 1], &udp()[..8]].concat());
    let quoted = quoted_v6(&part).unwrap();
    assert_eq!((quoted.protocol, quoted.transport.source_port, quoted.transport.service), (17, 53, 12345));
    assert_eq!(quoted_v6(&with(part, &[(ETHERNET + 43, 8)])), None, "a later fragment");
    let sent = v6(protocol::ICMPV6, &[128, 0, 0, 0, 0x12, 0x34, 0, 1]);
    let quoted = quoted_v6(&sent).unwrap();
    assert_eq!((quoted.source, quoted.destination), (address(1), address(2)));
    assert_eq!((quoted.transport.source_port, quoted.transport.icmp_type()), (0x1234, 128));
    assert_eq!(quoted_v6(&with(sent, &[(ETHERNET, 0x40)])), None, "version 4");
}

#[test]
fn good_flags_are_good() {
    for flags in [SYN, SYN | ACK, ACK, ACK | PSH, ACK | FIN, RST, RST | ACK, SYN | 0xc0, ACK | URG] {
        assert!(parse(&v4(protocol::TCP, &tcp(flags)), &Metadata::PLAIN).is_ok(), "{flags:#x}");
    }
}

#[test]
fn a_frame_cut_anywhere_is_refused() {
    let chained = v6(0, &[extension(60, 0, 8), extension(6, 0, 8), tcp(ACK)].concat());
    for whole in [v4(protocol::TCP, &tcp(ACK)), v4(protocol::UDP, &udp()), v6(protocol::UDP, &udp()), chained, arp()] {
        assert!(parse(&whole, &Metadata::PLAIN).is_ok());
        for length in 0..whole.len() {
            assert!(parse(&whole[..length], &Metadata::PLAIN).is_err(), "{length} of {}", whole.len());
        }
    }
}

#[test]
fn octets_behind_the_packet_are_padding() {
    let mut octets = v4(protocol::UDP, &udp());
    octets.extend([0xff; 30]);
    assert_eq!(transport_of(&octets).service, 12345);
}

proptest! {
    #[test]
    fn no_octets_make_the_parser_panic(
        octets in proptest::collection::vec(any::<u8>(), 0..200),
        vlan in any::<Option<u16>>(),
        segments in 1u32..4,
    ) {
        let _ = parse(&octets, &Metadata { vlan, segments });
        let mut packet = Packet::<Ipv4>::EMPTY;
        Ipv4::quoted(&octets.as_slice(), usize::from(segments as u16), &mut packet);
        let mut packet = Packet::<Ipv6>::EMPTY;
        Ipv6::quoted(&octets.as_slice(), usize::from(segments as u16), &mut packet);
    }

    #[test]
    fn no_damage_makes_the_parser_panic(
        at in 12usize..90,
        octet in any::<u8>(),
        cut in 0usize..110,
    ) {
        let chained = v6(0, &[extension(44, 0, 8), extension(60, 0, 8), extension(6, 0, 8), tcp(ACK)].concat());
        for mut octets in [chained, v4(protocol::TCP, &[tcp(ACK), vec![0; 60]].concat())] {
            octets[at] = octet;
            octets.truncate(cut);
            let _ = parse(&octets, &Metadata::PLAIN);
        }
    }
}
