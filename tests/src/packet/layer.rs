//! Headers, and how each becomes octets. Everything is right by default; an override says what is to be wrong.

use super::checksum::{Pseudo, internet_checksum};
use std::net::{Ipv4Addr, Ipv6Addr};

/// IP protocol numbers and IPv6 extension headers.
pub mod protocol {
    /// Hop-by-hop options.
    pub const HOP_BY_HOP: u8 = 0;
    /// ICMP of IPv4.
    pub const ICMP: u8 = 1;
    /// IPv4 in IP.
    pub const IPV4: u8 = 4;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// IPv6 in IP.
    pub const IPV6: u8 = 41;
    /// Routing header.
    pub const ROUTING: u8 = 43;
    /// Fragment header.
    pub const FRAGMENT: u8 = 44;
    /// GRE.
    pub const GRE: u8 = 47;
    /// Encapsulating security payload.
    pub const ESP: u8 = 50;
    /// Authentication header.
    pub const AH: u8 = 51;
    /// ICMPv6.
    pub const ICMPV6: u8 = 58;
    /// No next header.
    pub const NO_NEXT_HEADER: u8 = 59;
    /// Destination options.
    pub const DESTINATION: u8 = 60;
    /// SCTP.
    pub const SCTP: u8 = 132;
}

/// EtherTypes.
pub mod ether_type {
    /// IPv4.
    pub const IPV4: u16 = 0x0800;
    /// ARP.
    pub const ARP: u16 = 0x0806;
    /// 802.1Q tag.
    pub const VLAN: u16 = 0x8100;
    /// IPv6.
    pub const IPV6: u16 = 0x86dd;
    /// MPLS unicast.
    pub const MPLS: u16 = 0x8847;
    /// PPPoE session.
    pub const PPPOE: u16 = 0x8864;
    /// 802.1ad service tag.
    pub const QINQ: u16 = 0x88a8;
}

/// A header, or octets that stand where one is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layer {
    Ethernet {
        destination: [u8; 6],
        source: [u8; 6],
    },
    Vlan {
        tpid: u16,
        tci: u16,
    },
    /// Names the EtherType of what follows, whatever that is.
    EtherType(u16),
    Arp {
        operation: u16,
        sender: ([u8; 6], Ipv4Addr),
        target: ([u8; 6], Ipv4Addr),
        hardware: u16,
    },
    Ipv4(Ipv4),
    Ipv6(Ipv6),
    /// Hop-by-hop, routing or destination options: `body` fills up to a multiple of 8 octets, less the first two.
    Extension {
        kind: u8,
        body: Vec<u8>,
        length: Option<u8>,
    },
    Ah {
        icv: Vec<u8>,
        length: Option<u8>,
    },
    Fragment {
        offset: u16,
        more: bool,
        id: u32,
    },
    NoNextHeader,
    Tcp(Tcp),
    Udp {
        source: u16,
        destination: u16,
        length: Option<u16>,
    },
    Icmp {
        kind: u8,
        code: u8,
        rest: [u8; 4],
    },
    Icmpv6 {
        kind: u8,
        code: u8,
        rest: [u8; 4],
    },
    /// Names the protocol of what follows, which has no header of its own here.
    Protocol(u8),
    Octets(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ipv4 {
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) hop_limit: u8,
    pub(super) id: u16,
    pub(super) fragment_offset: u16,
    pub(super) more_fragments: bool,
    pub(super) options: Vec<u8>,
    pub(super) version: Option<u8>,
    pub(super) ihl: Option<u8>,
    pub(super) total_length: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ipv6 {
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
    pub(super) hop_limit: u8,
    pub(super) version: Option<u8>,
    pub(super) payload_length: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tcp {
    pub(super) source: u16,
    pub(super) destination: u16,
    pub(super) sequence: u32,
    pub(super) acknowledgment: u32,
    pub(super) flags: u8,
    pub(super) options: Vec<u8>,
    pub(super) data_offset: Option<u8>,
}

impl Layer {
    /// The EtherType by which the layer before names this one.
    pub(super) fn ether_type(&self) -> Option<u16> {
        match self {
            Self::Vlan { tpid, .. } => Some(*tpid),
            Self::EtherType(ether_type) => Some(*ether_type),
            Self::Arp { .. } => Some(ether_type::ARP),
            Self::Ipv4(_) => Some(ether_type::IPV4),
            Self::Ipv6(_) => Some(ether_type::IPV6),
            Self::Ethernet { .. }
            | Self::Extension { .. }
            | Self::Ah { .. }
            | Self::Fragment { .. }
            | Self::NoNextHeader
            | Self::Tcp(_)
            | Self::Udp { .. }
            | Self::Icmp { .. }
            | Self::Icmpv6 { .. }
            | Self::Protocol(_)
            | Self::Octets(_) => None,
        }
    }

    /// The protocol number by which the layer before names this one.
    pub(super) fn protocol(&self) -> Option<u8> {
        match self {
            Self::Ipv4(_) => Some(protocol::IPV4),
            Self::Ipv6(_) => Some(protocol::IPV6),
            Self::Extension { kind, .. } => Some(*kind),
            Self::Ah { .. } => Some(protocol::AH),
            Self::Fragment { .. } => Some(protocol::FRAGMENT),
            Self::NoNextHeader => Some(protocol::NO_NEXT_HEADER),
            Self::Tcp(_) => Some(protocol::TCP),
            Self::Udp { .. } => Some(protocol::UDP),
            Self::Icmp { .. } => Some(protocol::ICMP),
            Self::Icmpv6 { .. } => Some(protocol::ICMPV6),
            Self::Protocol(number) => Some(*number),
            Self::Ethernet { .. } | Self::Vlan { .. } | Self::EtherType(_) | Self::Arp { .. } | Self::Octets(_) => None,
        }
    }

    /// The octets of this layer in front of `inner`, which is what follows it.
    pub(super) fn encode(&self, next: Option<&Self>, pseudo: Option<Pseudo>, inner: &[u8]) -> Vec<u8> {
        let next_ether_type = next.and_then(Self::ether_type).unwrap_or(0xffff).to_be_bytes();
        let next_protocol = next.and_then(Self::protocol).unwrap_or(protocol::NO_NEXT_HEADER);
        let mut octets = match self {
            Self::Ethernet { destination, source } => [destination, source, next_ether_type.as_slice()].concat(),
            Self::Vlan { tpid: _, tci } => [tci.to_be_bytes(), next_ether_type].concat(),
            Self::EtherType(_) | Self::NoNextHeader | Self::Protocol(_) => Vec::new(),
            Self::Arp { operation, sender, target, hardware } => {
                let mut arp = [hardware.to_be_bytes(), ether_type::IPV4.to_be_bytes(), [6, 4]].concat();
                arp.extend(operation.to_be_bytes());
                for (mac, address) in [sender, target] {
                    arp.extend(mac);
                    arp.extend(address.octets());
                }
                arp
            }
            Self::Ipv4(header) => header.encode(next_protocol, inner.len()),
            Self::Ipv6(header) => header.encode(next_protocol, inner.len()),
            Self::Extension { kind: _, body, length } => {
                let units = length.unwrap_or(((body.len() + 2) / 8 - 1) as u8);
                [&[next_protocol, units], body.as_slice()].concat()
            }
            Self::Ah { icv, length } => {
                // The unit of this one is four octets, less two units.
                let units = length.unwrap_or(((icv.len() + 12) / 4 - 2) as u8);
                let fixed = [next_protocol, units, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1];
                [fixed.as_slice(), icv].concat()
            }
            Self::Fragment { offset, more, id } => {
                let field = (offset << 3 | u16::from(*more)).to_be_bytes();
                [[next_protocol, 0, field[0], field[1]], id.to_be_bytes()].concat()
            }
            Self::Tcp(header) => {
                let octets = header.encode();
                return checksummed(octets, 16, protocol::TCP, pseudo, inner);
            }
            Self::Udp { source, destination, length } => {
                let length = length.unwrap_or((inner.len() + 8) as u16);
                let octets = [source.to_be_bytes(), destination.to_be_bytes(), length.to_be_bytes(), [0, 0]].concat();
                return checksummed(octets, 6, protocol::UDP, pseudo, inner);
            }
            Self::Icmp { kind, code, rest } => {
                let mut octets = [&[*kind, *code, 0, 0], rest.as_slice(), inner].concat();
                let checksum = internet_checksum(&[&octets]);
                octets[2..4].copy_from_slice(&checksum.to_be_bytes());
                return octets;
            }
            Self::Icmpv6 { kind, code, rest } => {
                let octets = [&[*kind, *code, 0, 0], rest.as_slice()].concat();
                return checksummed(octets, 2, protocol::ICMPV6, pseudo, inner);
            }
            Self::Octets(octets) => octets.clone(),
        };
        octets.extend_from_slice(inner);
        octets
    }
}

impl Ipv4 {
    fn encode(&self, next: u8, inner: usize) -> Vec<u8> {
        let length = 20 + self.options.len();
        let ihl = self.ihl.unwrap_or((length / 4) as u8);
        let total = self.total_length.unwrap_or((length + inner) as u16).to_be_bytes();
        let fragment = (u16::from(self.more_fragments) << 13 | self.fragment_offset).to_be_bytes();
        let mut octets = vec![self.version.unwrap_or(4) << 4 | ihl & 0xf, 0, total[0], total[1]];
        octets.extend(self.id.to_be_bytes());
        octets.extend(fragment);
        octets.extend([self.hop_limit, next, 0, 0]);
        octets.extend(self.source.octets());
        octets.extend(self.destination.octets());
        octets.extend(&self.options);
        let checksum = internet_checksum(&[&octets]);
        octets[10..12].copy_from_slice(&checksum.to_be_bytes());
        octets
    }
}

impl Ipv6 {
    fn encode(&self, next: u8, inner: usize) -> Vec<u8> {
        let length = self.payload_length.unwrap_or(inner as u16).to_be_bytes();
        let mut octets = vec![self.version.unwrap_or(6) << 4, 0, 0, 0, length[0], length[1], next, self.hop_limit];
        octets.extend(self.source.octets());
        octets.extend(self.destination.octets());
        octets
    }
}

impl Tcp {
    fn encode(&self) -> Vec<u8> {
        let offset = self.data_offset.unwrap_or(((20 + self.options.len()) / 4) as u8);
        let mut octets = [self.source.to_be_bytes(), self.destination.to_be_bytes()].concat();
        octets.extend(self.sequence.to_be_bytes());
        octets.extend(self.acknowledgment.to_be_bytes());
        // Window 64 240, then room for the checksum, then no urgent pointer.
        octets.extend([offset << 4, self.flags, 0xfa, 0xf0, 0, 0, 0, 0]);
        octets.extend(&self.options);
        octets
    }
}

/// A segment with its checksum in place, when there are addresses that it can cover.
fn checksummed(mut header: Vec<u8>, at: usize, protocol: u8, pseudo: Option<Pseudo>, inner: &[u8]) -> Vec<u8> {
    header.extend_from_slice(inner);
    if let Some(pseudo) = pseudo {
        let checksum = match pseudo.checksum(protocol, &header) {
            // UDP says "no checksum" by zero, and sends a sum of zero as its other spelling.
            0 if protocol == protocol::UDP => 0xffff,
            checksum => checksum,
        };
        header[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    }
    header
}
