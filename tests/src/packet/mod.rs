//! The packet language: frames are written as one speaks of them.
//!
//! ```
//! use firewall_tests::packet::eth;
//! use std::net::Ipv4Addr;
//!
//! let client = Ipv4Addr::new(198, 51, 100, 7);
//! let server = Ipv4Addr::new(10, 0, 0, 1);
//! let frame = eth().vlan(5).ipv4(client, server).tcp(40_000, 443).syn().build();
//! assert_eq!(frame.len(), 14 + 4 + 20 + 20);
//! ```
//!
//! Headers are put one after the other, so tunnels need no words of their own: `ipv4(a, b).ipv4(c, d)` is IPIP. Lengths
//! and checksums are right unless a word says otherwise. Such a word (`ihl`, `total_length`, `data_offset`, ...) changes
//! the header that was put last of those that have the field, and panics where there is none: a test that garbles
//! nothing would prove nothing.

mod checksum;
mod layer;
mod mutate;
#[cfg(test)]
mod tests;

pub use layer::{ether_type, protocol};

use checksum::Pseudo;
use layer::{Ipv4, Ipv6, Layer, Tcp};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bits of the TCP flags octet.
pub mod flag {
    /// No more data from the sender.
    pub const FIN: u8 = 1 << 0;
    /// Opens a connection.
    pub const SYN: u8 = 1 << 1;
    /// Aborts a connection.
    pub const RST: u8 = 1 << 2;
    /// Push.
    pub const PSH: u8 = 1 << 3;
    /// The acknowledgment number counts.
    pub const ACK: u8 = 1 << 4;
    /// The urgent pointer counts.
    pub const URG: u8 = 1 << 5;
}

/// Hardware address of the sender unless a test says otherwise: locally administered.
pub const SOURCE_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
/// Hardware address of the receiver unless a test says otherwise.
pub const DESTINATION_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x02];

/// A frame that is being described.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Packet {
    layers: Vec<Layer>,
    /// Octets to keep of the finished frame.
    cut: Option<usize>,
    /// Octets that the finished frame has at least.
    pad: usize,
}

/// A frame from [`SOURCE_MAC`] to [`DESTINATION_MAC`].
pub fn eth() -> Packet {
    eth_between(SOURCE_MAC, DESTINATION_MAC)
}

/// A frame between two hardware addresses.
pub fn eth_between(source: [u8; 6], destination: [u8; 6]) -> Packet {
    Packet { layers: vec![Layer::Ethernet { destination, source }], cut: None, pad: 0 }
}

/// A packet without an Ethernet header: what a device without one delivers, and what ICMP errors quote.
pub fn bare() -> Packet {
    Packet { layers: Vec::new(), cut: None, pad: 0 }
}

impl Packet {
    fn put(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// An 802.1Q tag. 0 is a priority tag.
    pub fn vlan(self, id: u16) -> Self {
        self.put(Layer::Vlan { tpid: ether_type::VLAN, tci: id })
    }

    /// An 802.1ad service tag.
    pub fn qinq(self, id: u16) -> Self {
        self.put(Layer::Vlan { tpid: ether_type::QINQ, tci: id })
    }

    /// Another EtherType; `payload` gives what follows. Below 1 536 it is an LLC length.
    pub fn ethertype(self, ether_type: u16) -> Self {
        self.put(Layer::EtherType(ether_type))
    }

    /// An ARP request of `sender` for `target`.
    pub fn arp(self, sender: Ipv4Addr, target: Ipv4Addr) -> Self {
        self.put(Layer::Arp { operation: 1, sender: (SOURCE_MAC, sender), target: ([0; 6], target), hardware: 1 })
    }

    /// An IPv4 header.
    pub fn ipv4(self, source: Ipv4Addr, destination: Ipv4Addr) -> Self {
        self.put(Layer::Ipv4(Ipv4 {
            source,
            destination,
            hop_limit: 64,
            id: 0,
            fragment_offset: 0,
            more_fragments: false,
            options: Vec::new(),
            version: None,
            ihl: None,
            total_length: None,
        }))
    }

    /// An IPv6 header.
    pub fn ipv6(self, source: Ipv6Addr, destination: Ipv6Addr) -> Self {
        self.put(Layer::Ipv6(Ipv6 { source, destination, hop_limit: 64, version: None, payload_length: None }))
    }

    /// A header of the family of the addresses.
    ///
    /// # Panics
    /// If they are of two families.
    pub fn ip(self, source: IpAddr, destination: IpAddr) -> Self {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => self.ipv4(source, destination),
            (IpAddr::V6(source), IpAddr::V6(destination)) => self.ipv6(source, destination),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => panic!("{source} and {destination}"),
        }
    }

    /// Hop-by-hop options: padding of six octets.
    pub fn hop_by_hop(self) -> Self {
        self.extension(protocol::HOP_BY_HOP, 1)
    }

    /// A routing header of type 4 that has no segments left.
    pub fn routing(self) -> Self {
        self.put(Layer::Extension { kind: protocol::ROUTING, body: vec![4, 0, 0, 0, 0, 0], length: None })
    }

    /// Destination options: padding of six octets.
    pub fn destination(self) -> Self {
        self.extension(protocol::DESTINATION, 1)
    }

    /// An options header of some length in units of eight octets, filled with padding.
    ///
    /// # Panics
    /// If the length is 0 or more than 32 units.
    pub fn extension(self, kind: u8, units: usize) -> Self {
        assert!((1..=32).contains(&units), "{units} units are not supported");
        let padding = units * 8 - 2;
        // PadN of everything, which says its own length less two.
        let mut body = vec![0; padding];
        body[0] = 1;
        body[1] = (padding - 2) as u8;
        self.put(Layer::Extension { kind, body, length: None })
    }

    /// An authentication header with a check value of twelve octets.
    pub fn ah(self) -> Self {
        self.put(Layer::Ah { icv: vec![0xaa; 12], length: None })
    }

    /// An IPv6 fragment header: offset in units of eight octets.
    pub fn fragment_header(self, offset: u16, more: bool, id: u32) -> Self {
        self.put(Layer::Fragment { offset, more, id })
    }

    /// Nothing follows.
    pub fn no_next_header(self) -> Self {
        self.put(Layer::NoNextHeader)
    }

    /// A TCP header without flags.
    pub fn tcp(self, source: u16, destination: u16) -> Self {
        self.put(Layer::Tcp(Tcp {
            source,
            destination,
            sequence: 1000,
            acknowledgment: 0,
            flags: 0,
            options: Vec::new(),
            data_offset: None,
        }))
    }

    /// A UDP header.
    pub fn udp(self, source: u16, destination: u16) -> Self {
        self.put(Layer::Udp { source, destination, length: None })
    }

    /// An ICMP header.
    pub fn icmp(self, kind: u8, code: u8) -> Self {
        self.put(Layer::Icmp { kind, code, rest: [0; 4] })
    }

    /// An ICMP echo request.
    pub fn icmp_echo_request(self, id: u16, sequence: u16) -> Self {
        self.put(Layer::Icmp { kind: 8, code: 0, rest: identifier(id, sequence) })
    }

    /// An ICMP echo reply.
    pub fn icmp_echo_reply(self, id: u16, sequence: u16) -> Self {
        self.put(Layer::Icmp { kind: 0, code: 0, rest: identifier(id, sequence) })
    }

    /// An ICMPv6 header.
    pub fn icmpv6(self, kind: u8, code: u8) -> Self {
        self.put(Layer::Icmpv6 { kind, code, rest: [0; 4] })
    }

    /// An ICMPv6 echo request.
    pub fn icmpv6_echo_request(self, id: u16, sequence: u16) -> Self {
        self.put(Layer::Icmpv6 { kind: 128, code: 0, rest: identifier(id, sequence) })
    }

    /// An ICMPv6 echo reply.
    pub fn icmpv6_echo_reply(self, id: u16, sequence: u16) -> Self {
        self.put(Layer::Icmpv6 { kind: 129, code: 0, rest: identifier(id, sequence) })
    }

    /// Another protocol; `payload` gives what follows.
    pub fn protocol(self, number: u8) -> Self {
        self.put(Layer::Protocol(number))
    }

    /// Octets as they are.
    pub fn payload(self, octets: &[u8]) -> Self {
        self.put(Layer::Octets(octets.to_vec()))
    }

    /// The IP packet that an ICMP error is about: its first octets, from the IP header on.
    pub fn quote(self, packet: &Self, octets: usize) -> Self {
        let inner = Self { layers: packet.ip_layers().to_vec(), cut: Some(octets), pad: 0 };
        self.put(Layer::Octets(inner.build()))
    }

    fn ip_layers(&self) -> &[Layer] {
        let first = self.layers.iter().position(|layer| matches!(layer, Layer::Ipv4(_) | Layer::Ipv6(_)));
        &self.layers[first.expect("there is no IP header to quote")..]
    }

    /// The frame.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        for (index, layer) in self.layers.iter().enumerate().rev() {
            octets = layer.encode(self.layers.get(index + 1), self.pseudo(index), &octets);
        }
        if octets.len() < self.pad {
            octets.resize(self.pad, 0);
        }
        if let Some(cut) = self.cut {
            octets.truncate(cut);
        }
        octets
    }

    /// The addresses of the IP header nearest before a layer.
    fn pseudo(&self, index: usize) -> Option<Pseudo> {
        self.layers[..index].iter().rev().find_map(|layer| match layer {
            Layer::Ipv4(ip) => Some(Pseudo::V4(ip.source.octets(), ip.destination.octets())),
            Layer::Ipv6(ip) => Some(Pseudo::V6(ip.source.octets(), ip.destination.octets())),
            Layer::Ethernet { .. }
            | Layer::Vlan { .. }
            | Layer::EtherType(_)
            | Layer::Arp { .. }
            | Layer::Extension { .. }
            | Layer::Ah { .. }
            | Layer::Fragment { .. }
            | Layer::NoNextHeader
            | Layer::Tcp(_)
            | Layer::Udp { .. }
            | Layer::Icmp { .. }
            | Layer::Icmpv6 { .. }
            | Layer::Protocol(_)
            | Layer::Octets(_) => None,
        })
    }
}

impl From<Packet> for Vec<u8> {
    fn from(packet: Packet) -> Self {
        packet.build()
    }
}

/// Identifier and sequence number of an echo, as they stand in the header.
fn identifier(id: u16, sequence: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (id.to_be_bytes(), sequence.to_be_bytes());
    [a, b, c, d]
}
