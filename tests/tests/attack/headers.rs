//! IP headers, extension headers and what is behind them, good and bad.

use super::diary::{Diary, NO_SERVICE, RULE, both, case, drop, host};
use super::stage::{CLOSED, DNS, EPHEMERAL, Family, HTTPS, families};
use firewall_common::verdict::Reason;
use firewall_tests::packet::{Packet, eth, flag, protocol};
use std::net::IpAddr;

pub fn cases() -> Vec<Diary> {
    let [v4, v6] = families();
    let mut diaries = case(5, [ipv4(&v4), ipv6(&v6)].concat());
    diaries.extend(case(6, extensions(&v6)));
    diaries.extend(case(4, atomic_fragment(&v6)));
    diaries.extend(case(19, addresses(&v4, &v6)));
    for family in [&v4, &v6] {
        diaries.extend(case(5, upper(family)));
        diaries.extend(case(21, flags(family)));
        diaries.extend(case(5, every_cut(family)));
    }
    diaries
}

fn syn(packet: Packet) -> Packet {
    packet.tcp(EPHEMERAL, HTTPS).syn()
}

fn ipv4(v4: &Family) -> Vec<Diary> {
    let good = || syn(v4.coming());
    let header = drop(Reason::Ipv4Header);
    let length = drop(Reason::Ipv4Length);
    both("IPv4 headers", |diary| {
        diary
            .inbound(good().ip_options(&[1; 4]), RULE)
            .inbound(good().ip_options(&[1; 40]), RULE)
            // A port that is allowed, where only somebody who ignores the options would read it.
            .inbound(v4.coming().ip_options(&[0x9c, 0x40, 0x01, 0xbb]).tcp(EPHEMERAL, CLOSED).syn(), NO_SERVICE)
            .inbound(good().ihl(4), header)
            .inbound(good().ihl(0), header)
            .inbound(good().version(6), header)
            .inbound(good().version(0), header)
            .inbound(good().ihl(15), drop(Reason::Ipv4Length))
            .inbound(good().total_length(19), length)
            .inbound(good().total_length(0), length)
            .inbound(good().total_length(41), length)
            .inbound(good().total_length(39), drop(Reason::TcpHeader))
            .inbound(good().total_length(20), drop(Reason::TcpHeader))
            // A network card pads short frames; what is behind the packet is none of it.
            .inbound(good().pad(60), RULE)
            .inbound(
                v4.coming().protocol(protocol::TCP).payload(&[0x9c, 0x40, 0x01, 0xbb]).pad(60),
                drop(Reason::TcpHeader),
            )
    })
    .into()
}

fn ipv6(v6: &Family) -> Vec<Diary> {
    let good = || syn(v6.coming());
    both("IPv6 headers", |diary| {
        diary
            .inbound(good().version(4), drop(Reason::Ipv6Header))
            .inbound(good().version(7), drop(Reason::Ipv6Header))
            .inbound(good().payload_length(21), drop(Reason::Ipv6Length))
            .inbound(good().payload_length(19), drop(Reason::TcpHeader))
            .inbound(good().payload_length(0), drop(Reason::TcpHeader))
            .inbound(good().pad(100), RULE)
    })
    .into()
}

fn extensions(v6: &Family) -> Vec<Diary> {
    let bad = drop(Reason::Ipv6Extension);
    let mut diaries = Vec::from(both("IPv6 extension headers", |diary| {
        diary
            .inbound(syn(v6.coming().hop_by_hop()), RULE)
            .inbound(syn(v6.coming().routing()), RULE)
            .inbound(syn(v6.coming().destination()), RULE)
            .inbound(syn(v6.coming().ah()), RULE)
            .inbound(syn(v6.coming().extension(protocol::DESTINATION, 32)), RULE)
            .inbound(
                syn(v6.coming().hop_by_hop().destination().routing().fragment_header(0, false, 7).ah().destination()),
                RULE,
            )
            .inbound(v6.coming().hop_by_hop().destination().routing().ah().tcp(EPHEMERAL, CLOSED).syn(), NO_SERVICE)
            .inbound(v6.coming().destination().icmpv6_echo_request(1, 1), RULE)
            .inbound(v6.coming().destination().icmpv6(127, 0), NO_SERVICE)
            .inbound(v6.coming().ah().udp(EPHEMERAL, DNS), RULE)
            .inbound(v6.coming().no_next_header(), NO_SERVICE)
            .inbound(v6.coming().hop_by_hop().no_next_header().payload(&[0; 20]), NO_SERVICE)
            .inbound(v6.coming().destination().protocol(253).payload(&[0; 20]), NO_SERVICE)
            // Hop-by-hop options stand first or nowhere (RFC 8200, 4.1).
            .inbound(syn(v6.coming().destination().hop_by_hop()), bad)
    }));
    let six = (0..6).fold(v6.coming(), |packet, _| packet.destination());
    diaries.extend(both("IPv6 extension headers: how many", |diary| {
        diary.inbound(syn(six.clone()), RULE).inbound(syn(six.clone().destination()), drop(Reason::TooManyExtensions))
    }));
    diaries.extend(both("IPv6 extension headers that lie about their length", |diary| {
        diary
            .inbound(syn(v6.coming().destination().extension_length(200)), bad)
            .inbound(syn(v6.coming().ah().extension_length(200)), bad)
            .inbound(v6.coming().destination().extension_length(1), bad)
            // 16 octets of options, of which the segment's first eight are none: what follows is no header of TCP.
            .inbound(syn(v6.coming().destination().extension_length(1)), drop(Reason::TcpHeader))
            .inbound(v6.coming().protocol(protocol::DESTINATION).payload(&[6, 0, 1]), bad)
            .inbound(v6.coming().protocol(protocol::DESTINATION), bad)
    }));
    diaries
}

/// A datagram that is all of its fragments.
fn atomic_fragment(v6: &Family) -> Vec<Diary> {
    let atomic = |id| v6.coming().fragment_header(0, false, id);
    both("IPv6: an atomic fragment", |diary| {
        diary
            .inbound(syn(atomic(7)), RULE)
            .inbound(atomic(7).tcp(EPHEMERAL, CLOSED).syn(), NO_SERVICE)
            .inbound(atomic(7).udp(EPHEMERAL, DNS), RULE)
            .inbound(atomic(7).icmpv6_echo_request(1, 1), RULE)
    })
    .into()
}

fn bare_segment() -> Vec<u8> {
    firewall_tests::packet::bare().tcp(EPHEMERAL, HTTPS).syn().build()
}

fn upper(family: &Family) -> Vec<Diary> {
    let name = family.name;
    let tcp = drop(Reason::TcpHeader);
    let udp = drop(Reason::UdpHeader);
    let icmp = drop(Reason::IcmpHeader);
    let icmp_number = if family.is_v4() { protocol::ICMP } else { protocol::ICMPV6 };
    let short = |number, length: usize| family.coming().protocol(number).payload(&bare_segment()[..length]);
    both(&format!("{name}: headers of TCP, UDP and ICMP"), |diary| {
        diary
            .inbound(syn(family.coming()).tcp_options(&[1; 40]), RULE)
            .inbound(syn(family.coming()).data_offset(4), tcp)
            .inbound(syn(family.coming()).data_offset(0), tcp)
            .inbound(syn(family.coming()).data_offset(6), tcp)
            .inbound(syn(family.coming()).data_offset(15), tcp)
            .inbound(short(protocol::TCP, 19), tcp)
            .inbound(short(protocol::TCP, 0), tcp)
            .inbound(family.coming().udp(EPHEMERAL, DNS).payload(&[0; 9]), RULE)
            .inbound(family.coming().udp(EPHEMERAL, DNS).udp_length(7), udp)
            .inbound(family.coming().udp(EPHEMERAL, DNS).udp_length(0), udp)
            .inbound(family.coming().udp(EPHEMERAL, DNS).udp_length(9), udp)
            .inbound(short(protocol::UDP, 7), udp)
            .inbound(short(icmp_number, 7), icmp)
            .inbound(short(icmp_number, 0), icmp)
    })
    .into()
}

fn flags(family: &Family) -> Vec<Diary> {
    use flag::{ACK, FIN, PSH, RST, SYN, URG};
    let bad = drop(Reason::TcpFlags);
    let with = |flags| family.coming().tcp(EPHEMERAL, HTTPS).tcp_flags(flags);
    both(&format!("{}: TCP flags", family.name), |diary| {
        diary
            .inbound(with(0), bad)
            .inbound(with(FIN), bad)
            .inbound(with(FIN | PSH | URG), bad)
            .inbound(with(FIN | SYN | RST | PSH | ACK | URG), bad)
            .inbound(with(SYN | FIN), bad)
            .inbound(with(SYN | RST), bad)
            .inbound(with(RST | FIN), bad)
            .inbound(with(PSH), bad)
            .inbound(with(URG), bad)
            // A SYN may ask for ECN, and may carry data.
            .inbound(with(SYN | 0xc0).payload(b"data"), RULE)
    })
    .into()
}

/// A frame that ends too early is dropped, at whatever octet.
fn every_cut(family: &Family) -> Vec<Diary> {
    let good = || syn(family.coming());
    let length = good().build().len();
    let (header, reasons) = if family.is_v4() {
        (34, (Reason::Ipv4Header, Reason::Ipv4Length))
    } else {
        (54, (Reason::Ipv6Header, Reason::Ipv6Length))
    };
    let cuts = (0..length).map(|cut| {
        let reason = match cut {
            0..14 => Reason::FrameTooShort,
            cut if cut < header => reasons.0,
            _ => reasons.1,
        };
        (cut, drop(reason))
    });
    let diary = host(format!("{}: cut at every length", family.name));
    vec![cuts.fold(diary, |diary, (cut, expected)| diary.inbound(good().cut(cut), expected))]
}

fn addresses(v4: &Family, v6: &Family) -> Vec<Diary> {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let source = drop(Reason::SourceAddress);
    let destination = drop(Reason::DestinationAddress);
    let from = |family: &Family, text| syn(eth().ip(address(text), family.local));
    let to = |family: &Family, text| syn(eth().ip(family.friend, address(text)));
    both("addresses that no packet has on a wire", |diary| {
        diary
            .inbound(from(v4, "127.0.0.1"), source)
            .inbound(from(v4, "127.255.255.255"), source)
            .inbound(from(v4, "224.0.0.1"), source)
            .inbound(from(v4, "239.255.255.255"), source)
            .inbound(from(v4, "255.255.255.255"), source)
            .inbound(from(v6, "::1"), source)
            .inbound(from(v6, "ff02::1"), source)
            .inbound(from(v6, "::ffff:198.51.100.7"), source)
            .inbound(to(v4, "127.0.0.1"), destination)
            .inbound(to(v4, "0.0.0.0"), destination)
            .inbound(to(v6, "::1"), destination)
            .inbound(to(v6, "::"), destination)
            .inbound(to(v6, "::ffff:10.0.0.1"), destination)
            // These are judged by rules like others.
            .inbound(from(v4, "169.254.1.1"), RULE)
            .inbound(from(v6, "fe80::1"), RULE)
            .inbound(eth().ip(v4.friend, address("224.0.0.251")).udp(5353, 5353), NO_SERVICE)
            .inbound(eth().ip(v4.friend, address("255.255.255.255")).udp(EPHEMERAL, DNS), RULE)
            .inbound(eth().ip(v6.friend, address("ff02::fb")).udp(5353, 5353), NO_SERVICE)
    })
    .into()
}
