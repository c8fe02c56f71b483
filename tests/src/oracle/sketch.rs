//! What a test knows of a frame before it is made: the oracle judges this, and never looks at octets.

use crate::packet::{DESTINATION_MAC, Packet, SOURCE_MAC, eth, eth_between, ether_type, flag};
use firewall_common::verdict::Reason;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A frame to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// How it begins.
    pub link: LinkSketch,
    /// Identifiers of its VLAN tags, the outer one first.
    pub vlans: Vec<u16>,
    /// What the tags carry.
    pub content: Content,
}

/// How a frame begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkSketch {
    /// With the hardware addresses of who sends and who receives.
    Plain,
    /// With another one of who sends.
    Impostor,
    /// To all of the link.
    ToAll,
    /// With the IP header, or what stands in its place; tags have none.
    Bare,
}

/// The hardware address of who is not the sender.
const IMPOSTOR: [u8; 6] = [2, 0, 0, 0, 0, 9];

/// What a frame carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A request by ARP.
    Arp(Ipv4Addr, Ipv4Addr),
    /// An EtherType that is neither IP nor ARP.
    NonIp(u16),
    /// A packet.
    Ip(IpSketch),
}

/// A packet of either family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpSketch {
    /// Where it says that it comes from.
    pub source: IpAddr,
    /// Where it goes, in the same family.
    pub destination: IpAddr,
    /// Time to live or hop limit.
    pub hop_limit: u8,
    /// What it carries.
    pub upper: Upper,
    /// The packet that it is about, where it is an ICMP message and quotes one.
    pub quote: Option<Quote>,
    /// The address that it is about, where it is a neighbour solicitation or advertisement and says so.
    pub target: Option<Ipv6Addr>,
    /// The part of a datagram that it is, where it is not a whole one.
    pub part: Option<Part>,
    /// What is wrong with it, if anything is.
    pub flaw: Option<Flaw>,
}

/// A packet that an ICMP message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Who sent it.
    pub source: IpAddr,
    /// Where it was to go, in the same family.
    pub destination: IpAddr,
    /// What it carried.
    pub upper: Upper,
}

/// A part of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What the parts have in common.
    pub id: u16,
    /// Where it lies.
    pub place: Place,
}

/// Where a part of a datagram lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the beginning, with the header that has the ports.
    First,
    /// Where the first one ends, and the last one.
    Behind,
    /// The same, but it begins within the first one.
    Over,
}

/// Octets of the first part of any datagram, with room for the longest header.
const FIRST_PART: usize = 40;

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upper {
    /// TCP with its ports and flags.
    Tcp(u16, u16, u8),
    /// UDP with its ports.
    Udp(u16, u16),
    /// ICMP in IPv4 and ICMPv6 in IPv6, with type, code and identifier.
    Icmp(u8, u8, u16),
    /// Another protocol, in either family.
    Other(u8),
}

/// A way to spoil a packet, each with one reason to drop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The version of the header is another.
    Version,
    /// The header says that there is more than the frame holds.
    TooLong,
    /// It is a first fragment that ends within the header that has the ports.
    TinyFragment,
    /// The frame ends within the header of TCP, UDP or ICMP, and the IP header says so.
    ShortUpper,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Version, Self::TooLong, Self::TinyFragment, Self::ShortUpper];
}

impl Sketch {
    /// The frame as it goes over the wire.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        let Self { link, vlans, content } = self;
        let begun = match link {
            LinkSketch::Plain | LinkSketch::Bare => eth(),
            LinkSketch::Impostor => eth_between(IMPOSTOR, DESTINATION_MAC),
            LinkSketch::ToAll => eth_between(SOURCE_MAC, [0xff; 6]),
        };
        let is_bare = *link == LinkSketch::Bare;
        let tagged = vlans.iter().filter(|_| !is_bare).fold(begun, |packet, id| packet.vlan(*id));
        let mut frame = match content {
            Content::Arp(sender, target) => tagged.arp(*sender, *target).build(),
            Content::NonIp(number) => tagged.ethertype(*number).payload(&[0; 46]).build(),
            Content::Ip(ip) => ip.put_on(tagged).build(),
        };
        if is_bare { frame.split_off(14) } else { frame }
    }

    /// The hardware address that it comes from, where it has one.
    #[must_use]
    pub fn hardware(&self) -> Option<[u8; 6]> {
        match self.link {
            LinkSketch::Plain | LinkSketch::ToAll => Some(SOURCE_MAC),
            LinkSketch::Impostor => Some(IMPOSTOR),
            LinkSketch::Bare => None,
        }
    }
}

impl Place {
    /// Octets of the datagram before it.
    const fn start(self) -> usize {
        match self {
            Self::First => 0,
            Self::Behind => FIRST_PART,
            Self::Over => FIRST_PART - 8,
        }
    }
}

impl IpSketch {
    fn put_on(&self, packet: Packet) -> Packet {
        let Self { source, destination, hop_limit, upper, quote, target, part, flaw } = self;
        let packet = packet.ip(*source, *destination).hop_limit(*hop_limit);
        let v4 = source.is_ipv4();
        let target = target.map(|target| target.octets()).filter(|_| !v4);
        if let Some(part) = part {
            return part.put_on(packet, *upper, v4, target);
        }
        if *flaw == Some(Flaw::TinyFragment) {
            let packet = if v4 { packet.fragment(0, true) } else { packet.fragment_header(0, true, 1) };
            return packet.protocol(upper.protocol(v4)).payload(&[0; 7]);
        }
        if *flaw == Some(Flaw::ShortUpper) {
            // Seven octets are too few for each of them.
            return packet.protocol(upper.protocol(v4)).payload(&[0; 7]);
        }
        let packet = match (flaw, v4) {
            (Some(Flaw::Version), _) => packet.version(5),
            (Some(Flaw::TooLong), true) => packet.total_length(2000),
            (Some(Flaw::TooLong), false) => packet.payload_length(2000),
            (Some(Flaw::ShortUpper | Flaw::TinyFragment) | None, _) => packet,
        };
        let packet = upper.put_on(packet, v4);
        match (quote, target) {
            (Some(Quote { source, destination, upper }), _) => {
                // The header of IP, and eight octets behind it.
                let octets = if v4 { 28 } else { 48 };
                packet.quote(&upper.put_on(eth().ip(*source, *destination), v4), octets)
            }
            (None, Some(target)) => packet.payload(&target),
            (None, None) => packet,
        }
    }

    /// Whether it has the header that follows that of IP.
    pub(super) fn has_upper(&self) -> bool {
        self.part.is_none_or(|part| part.place == Place::First)
    }

    /// Why the packet is dropped before any rule is asked.
    pub(super) fn flaw_reason(&self) -> Option<Reason> {
        let Self { source, destination, hop_limit: _, upper, quote: _, target: _, part: _, flaw } = self;
        let v4 = source.is_ipv4();
        match flaw {
            Some(Flaw::Version) => return Some(if v4 { Reason::Ipv4Header } else { Reason::Ipv6Header }),
            Some(Flaw::TooLong) => return Some(if v4 { Reason::Ipv4Length } else { Reason::Ipv6Length }),
            Some(Flaw::TinyFragment) => return Some(Reason::FragmentHeader),
            Some(Flaw::ShortUpper) | None => {}
        }
        if is_never_a_source(*source) {
            return Some(Reason::SourceAddress);
        }
        if is_never_a_destination(*destination) {
            return Some(Reason::DestinationAddress);
        }
        let short = *flaw == Some(Flaw::ShortUpper);
        match upper {
            Upper::Tcp(..) if short => Some(Reason::TcpHeader),
            Upper::Tcp(_, _, flags) if self.has_upper() && !is_segment(*flags) => Some(Reason::TcpFlags),
            Upper::Udp(..) if short => Some(Reason::UdpHeader),
            Upper::Icmp(..) if short => Some(Reason::IcmpHeader),
            Upper::Tcp(..) | Upper::Udp(..) | Upper::Icmp(..) | Upper::Other(_) => None,
        }
    }
}

impl Part {
    fn put_on(self, packet: Packet, upper: Upper, v4: bool, target: Option<[u8; 16]>) -> Packet {
        let Self { id, place } = self;
        let (start, is_first) = ((place.start() / 8) as u16, place == Place::First);
        let packet = if v4 {
            packet.fragment(start, is_first).ip_id(id)
        } else {
            packet.fragment_header(start, is_first, id.into())
        };
        if !is_first {
            return packet.protocol(upper.protocol(v4)).payload(&[0; 16]);
        }
        let mut rest = target.map(Vec::from).unwrap_or_default();
        rest.resize(FIRST_PART - upper.length(), 0);
        upper.put_on(packet, v4).payload(&rest)
    }
}

impl Upper {
    /// Octets that its header takes up.
    const fn length(self) -> usize {
        match self {
            Self::Tcp(..) => 20,
            Self::Udp(..) | Self::Icmp(..) => 8,
            Self::Other(_) => 16,
        }
    }

    /// The same to another port, where there are ports.
    #[must_use]
    pub const fn with_destination(self, port: u16) -> Self {
        match self {
            Self::Tcp(source, _, flags) => Self::Tcp(source, port, flags),
            Self::Udp(source, _) => Self::Udp(source, port),
            Self::Icmp(..) | Self::Other(_) => self,
        }
    }

    fn put_on(self, packet: Packet, v4: bool) -> Packet {
        match (self, v4) {
            (Self::Tcp(source, destination, flags), _) => packet.tcp(source, destination).tcp_flags(flags),
            (Self::Udp(source, destination), _) => packet.udp(source, destination),
            (Self::Icmp(kind, code, id), true) => packet.icmp(kind, code).icmp_rest(rest(id)),
            (Self::Icmp(kind, code, id), false) => packet.icmpv6(kind, code).icmp_rest(rest(id)),
            (Self::Other(number), _) => packet.protocol(number).payload(&[0; 16]),
        }
    }

    /// The protocol number.
    #[must_use]
    pub const fn protocol(self, v4: bool) -> u8 {
        match self {
            Self::Tcp(..) => 6,
            Self::Udp(..) => 17,
            Self::Icmp(..) if v4 => 1,
            Self::Icmp(..) => 58,
            Self::Other(number) => number,
        }
    }
}

/// An EtherType of the sort that [`Content::NonIp`] means.
#[must_use]
pub const fn is_non_ip(number: u16) -> bool {
    number > 1535
        && !matches!(
            number,
            ether_type::IPV4 | ether_type::IPV6 | ether_type::ARP | ether_type::VLAN | ether_type::QINQ
        )
}

/// Whether a connection has segments with these flags.
fn is_segment(flags: u8) -> bool {
    let has = |bit| flags & bit != 0;
    let (syn, fin, rst, ack) = (has(flag::SYN), has(flag::FIN), has(flag::RST), has(flag::ACK));
    match (syn, fin, rst) {
        (true, false, false) | (false, false, true) => true,
        (false, _, false) => ack,
        (true, _, _) | (false, true, true) => false,
    }
}

fn is_never_a_source(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_multicast() || v6.to_ipv4_mapped().is_some(),
    }
}

fn is_never_a_destination(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.to_ipv4_mapped().is_some(),
    }
}

fn rest(id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [high, low, 0, 1]
}
