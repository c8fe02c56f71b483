//! What another parser reads is what was asked for.

use super::{bare, eth, ether_type, flag, protocol};
use etherparse::{LaxSlicedPacket, NetSlice, SlicedPacket, TransportSlice, VlanSlice};
use std::net::{Ipv4Addr, Ipv6Addr};

const A4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const B4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
const A6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 1);
const B6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 2);

#[test]
fn tcp_over_ipv4_in_a_vlan() {
    let frame = eth().vlan(5).ipv4(A4, B4).tcp(40_000, 443).syn().numbers(7, 9).payload(b"early").build();
    let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
    let vlans = parsed.vlan_ids();
    assert_eq!(vlans.iter().map(|id| id.value()).collect::<Vec<_>>(), [5]);
    let Some(NetSlice::Ipv4(ip)) = &parsed.net else { panic!("{parsed:?}") };
    let header = ip.header().to_header();
    assert_eq!((header.source, header.destination, header.time_to_live), (A4.octets(), B4.octets(), 64));
    assert_eq!(header.header_checksum, header.calc_header_checksum());
    let Some(TransportSlice::Tcp(tcp)) = &parsed.transport else { panic!("{parsed:?}") };
    assert_eq!((tcp.source_port(), tcp.destination_port()), (40_000, 443));
    assert_eq!((tcp.sequence_number(), tcp.acknowledgment_number()), (7, 9));
    assert!(tcp.syn() && !tcp.ack() && !tcp.fin() && !tcp.rst());
    assert_eq!(tcp.payload(), b"early");
    assert_eq!(tcp.checksum(), tcp.calc_checksum_ipv4(A4.octets(), B4.octets()).unwrap());
}

#[test]
fn udp_over_ipv6_behind_every_extension_header() {
    let frame = eth()
        .qinq(100)
        .vlan(200)
        .ipv6(A6, B6)
        .hop_by_hop()
        .destination()
        .routing()
        .fragment_header(0, false, 77)
        .ah()
        .udp(53, 5353)
        .payload(&[1, 2, 3])
        .hop_limit(9)
        .build();
    let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
    assert!(matches!(parsed.vlan(), Some(VlanSlice::DoubleVlan(_))), "{parsed:?}");
    let Some(NetSlice::Ipv6(ip)) = &parsed.net else { panic!("{parsed:?}") };
    assert_eq!((ip.header().source_addr(), ip.header().destination_addr()), (A6, B6));
    assert_eq!(ip.header().hop_limit(), 9);
    let kinds: Vec<_> = ip.extensions().clone().into_iter().map(|extension| format!("{extension:?}")).collect();
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    let Some(TransportSlice::Udp(udp)) = &parsed.transport else { panic!("{parsed:?}") };
    assert_eq!((udp.source_port(), udp.destination_port(), udp.payload()), (53, 5353, [1, 2, 3].as_slice()));
    assert_eq!(udp.checksum(), udp.to_header().calc_checksum_ipv6_raw(A6.octets(), B6.octets(), &[1, 2, 3]).unwrap());
}

#[test]
fn echo_of_both_families() {
    let frame = eth().ipv4(A4, B4).icmp_echo_request(0x1234, 2).payload(b"ping").build();
    let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
    let Some(TransportSlice::Icmpv4(icmp)) = &parsed.transport else { panic!("{parsed:?}") };
    assert_eq!((icmp.type_u8(), icmp.code_u8(), icmp.bytes5to8()), (8, 0, [0x12, 0x34, 0, 2]));
    assert_eq!(icmp.checksum(), icmp.icmp_type().calc_checksum(b"ping"));

    let frame = eth().ipv6(A6, B6).icmpv6_echo_reply(0x1234, 2).payload(b"pong").build();
    let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
    let Some(TransportSlice::Icmpv6(icmp)) = &parsed.transport else { panic!("{parsed:?}") };
    assert_eq!((icmp.type_u8(), icmp.code_u8(), icmp.bytes5to8()), (129, 0, [0x12, 0x34, 0, 2]));
    assert!(icmp.is_checksum_valid(A6.octets(), B6.octets()));
}

#[test]
fn options_move_the_ports() {
    let frame = eth().ipv4(A4, B4).ip_options(&[1; 8]).tcp(1, 2).tcp_options(&[1; 12]).tcp_ack().build();
    let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
    let Some(NetSlice::Ipv4(ip)) = &parsed.net else { panic!("{parsed:?}") };
    assert_eq!((ip.header().ihl(), ip.header().options()), (7, [1; 8].as_slice()));
    let Some(TransportSlice::Tcp(tcp)) = &parsed.transport else { panic!("{parsed:?}") };
    assert_eq!((tcp.data_offset(), tcp.destination_port(), tcp.ack()), (8, 2, true));
}

#[test]
fn arp_and_other_ether_types() {
    let frame = eth().arp(A4, B4).build();
    let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
    let Some(NetSlice::Arp(arp)) = &parsed.net else { panic!("{parsed:?}") };
    assert_eq!((arp.operation().0, arp.sender_protocol_addr()), (1, A4.octets().as_slice()));
    assert_eq!(arp.target_protocol_addr(), B4.octets());

    let frame = eth().ethertype(ether_type::MPLS).payload(&[9; 8]).build();
    assert_eq!(frame[12..], [[0x88, 0x47].as_slice(), &[9; 8]].concat());
}

#[test]
fn tunnels_name_what_they_carry() {
    let frame = eth().ipv4(A4, B4).ipv6(A6, B6).tcp(1, 22).syn().build();
    let Some(NetSlice::Ipv4(ip)) = SlicedPacket::from_ethernet(&frame).unwrap().net else { panic!() };
    assert_eq!(ip.header().protocol().0, protocol::IPV6);
    let inner = SlicedPacket::from_ip(ip.payload().payload).unwrap();
    assert!(matches!(inner.transport, Some(TransportSlice::Tcp(_))), "{inner:?}");

    let frame = eth().ipv4(A4, B4).protocol(protocol::GRE).payload(&[0; 4]).build();
    assert_eq!((frame.len(), frame[23]), (38, protocol::GRE));
}

#[test]
fn errors_quote_the_packet_from_its_ip_header_on() {
    let lost = eth().ipv4(A4, B4).udp(9, 10).payload(&[0; 64]);
    let frame = eth().ipv4(B4, A4).icmp(3, 4).quote(&lost, 28).build();
    assert_eq!(frame[42..], lost.build()[14..42]);
}

#[test]
fn malformed_only_where_asked() {
    let good = eth().ipv4(A4, B4).tcp(1, 2).syn();
    let bytes = good.build();
    assert_eq!(good.clone().ihl(4).build()[14], 0x44);
    assert_eq!(good.clone().version(6).build()[14], 0x65);
    assert_eq!(good.clone().total_length(19).build()[16..18], [0, 19]);
    assert_eq!(good.clone().fragment(1, true).build()[20..22], [0x20, 1]);
    assert_eq!(good.clone().data_offset(4).build()[46], 0x40);
    assert_eq!(good.clone().tcp_flags(flag::FIN | flag::PSH | flag::URG).build()[47], 0x29);
    assert_eq!(good.clone().pad(60).build().len(), 60);
    for cut in 0..bytes.len() {
        assert_eq!(good.clone().cut(cut).build(), bytes[..cut]);
    }
    let udp = eth().ipv6(A6, B6).udp(1, 2).udp_length(7).build();
    assert_eq!(udp[58..60], [0, 7]);
    let extension = eth().ipv6(A6, B6).hop_by_hop().extension_length(200).tcp(1, 2).payload_length(3).build();
    assert_eq!((extension[54], extension[55], extension[18..20].to_vec()), (protocol::TCP, 200, vec![0, 3]));
    assert!(SlicedPacket::from_ethernet(&extension).is_err());
    assert!(LaxSlicedPacket::from_ethernet(&extension).is_ok());
}

#[test]
fn a_packet_without_ethernet() {
    let packet = bare().ipv4(A4, B4).udp(1, 2).build();
    assert!(SlicedPacket::from_ip(&packet).is_ok());
}

#[test]
#[should_panic(expected = "no header here has a field ihl")]
fn a_word_without_its_header_is_a_mistake() {
    drop(eth().ipv6(A6, B6).ihl(4));
}
