//! Parsing a frame.
//!
//! [`parse_link`] says what the frame carries, [`parse_v4`] and [`parse_v6`] what the decision needs of it, or each the
//! reason why the frame is dropped. What becomes of each failure stands in one table, in the tests of this module.

mod address;
mod fragment;
mod ip;
mod link;
mod opaque;
mod quoted;
mod transport;

pub use address::{Address, Ipv4, Ipv6};
pub use fragment::Fragment;
pub use ip::{
    Form, PART, parse_part_v4, parse_part_v6, parse_v4, parse_v6, part_step_v4, part_step_v6, step_v4, step_v6,
};
pub use link::{Link, Network, parse as parse_link, parse_bare};
pub use transport::{ACK, FIN, PSH, RST, SYN, Transport, URG};

/// IP protocol numbers that the firewall knows by name.
pub mod protocol {
    /// ICMP for IPv4.
    pub const ICMP: u8 = 1;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// ICMP for IPv6.
    pub const ICMPV6: u8 = 58;
}

/// The octets of a frame, wherever they are.
pub trait Bytes {
    /// Length of the whole frame.
    fn length(&self) -> usize;
    /// Octets from an offset on, or `None` when the frame ends before them.
    fn read<const N: usize>(&self, offset: usize) -> Option<[u8; N]>;
    /// [`step_v4`]: a step that the kernel verifies by itself, as those of [`crate::decide::Steps`].
    fn parse_v4(&self, packet: &mut Packet<Ipv4>, segments: u32) -> u8
    where
        Self: Sized,
    {
        step_v4(self, packet, segments)
    }
    /// [`part_step_v4`]: a step that the kernel verifies by itself, as those of [`crate::decide::Steps`].
    fn parse_part_v4(&self, packet: &mut Packet<Ipv4>, begin: u32, segments: u32) -> u8
    where
        Self: Sized,
    {
        part_step_v4(self, packet, begin, segments)
    }
    /// [`step_v6`]: the same for IPv6.
    fn parse_v6(&self, packet: &mut Packet<Ipv6>, segments: u32) -> u8
    where
        Self: Sized,
    {
        step_v6(self, packet, segments)
    }
    /// [`part_step_v6`]: the same for IPv6.
    fn parse_part_v6(&self, packet: &mut Packet<Ipv6>, begin: u32, segments: u32) -> u8
    where
        Self: Sized,
    {
        part_step_v6(self, packet, begin, segments)
    }
    /// Whether the first octet is that of the Ethernet header, and not of what comes behind it.
    fn begins_with_header(&self) -> bool {
        true
    }
    /// Octets before the IP header in a frame of a device without an Ethernet header.
    fn before_network(&self) -> usize {
        0
    }
}

impl Bytes for &[u8] {
    fn length(&self) -> usize {
        self.len()
    }

    fn read<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.get(offset..)?.first_chunk().copied()
    }
}

/// What is known of a frame besides its octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// Tag control information of an outer VLAN tag that the device or the kernel took out of the frame.
    pub vlan: Option<u16>,
    /// Segments that the frame will be cut into, or was put together from; 1 for an ordinary frame. Length fields of
    /// zero are accepted in frames of several segments: they do not fit 16 bits.
    pub segments: u32,
}

impl Metadata {
    /// Of a frame that has all its tags in its octets, and is one segment.
    pub const PLAIN: Self = Self { vlan: None, segments: 1 };
}

/// An IP packet. Its layout has no padding: the kernel hands it to functions that are verified by themselves, and before
/// Linux 6.3 it wants every octet of it to be set.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<A> {
    /// VLAN identifiers, the outer one in the high half; 0 without tags.
    pub vlans: u32,
    /// Source address.
    pub source: A,
    /// Destination address.
    pub destination: A,
    /// IP protocol, or the upper-layer protocol behind the extension headers.
    pub protocol: u8,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// Always zero.
    pub reserved: [u8; 2],
    /// Where the header behind IP begins.
    pub offset: u32,
    /// Which part of a datagram it is.
    pub fragment: Fragment,
    /// What the header behind IP says; nothing of a fragment other than the first.
    pub transport: Transport,
}

impl<A: Address> Packet<A> {
    /// What a packet is before it is parsed.
    pub const EMPTY: Self = Self {
        vlans: 0,
        source: A::UNSPECIFIED,
        destination: A::UNSPECIFIED,
        protocol: 0,
        hop_limit: 0,
        reserved: [0; 2],
        offset: 0,
        fragment: Fragment::WHOLE,
        transport: Transport::NONE,
    };
}

#[cfg(test)]
mod tests;
