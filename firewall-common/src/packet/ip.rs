//! IPv4, IPv6 and its extension headers.

use super::link::Link;
use super::transport::{self, Transport};
use super::{Address, Bytes, Ipv4, Ipv6, Metadata, Packet};
use crate::verdict::Reason;

/// Extension headers that are looked through. Four kinds may occur, destination options twice (RFC 8200, 4.1).
pub const MAX_EXTENSIONS: usize = 6;

const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;

mod extension {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION: u8 = 60;
}

/// Parses what follows the link layer into `packet`, which is a parameter since the verifier lets no function return a
/// pointer into its stack.
#[inline(never)]
pub fn parse_v4<B: Bytes>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    packet: &mut Packet<Ipv4>,
) -> Result<(), Reason> {
    let start = link.end;
    let header = bytes.read::<IPV4_HEADER>(start).ok_or(Reason::Ipv4Header)?;
    let header_length = usize::from(header[0] & 0x0f) * 4;
    if header[0] >> 4 != 4 || header_length < IPV4_HEADER {
        return Err(Reason::Ipv4Header);
    }
    let available = bytes.length().saturating_sub(start);
    let length = match usize::from(u16::from_be_bytes([header[2], header[3]])) {
        0 if metadata.segments > 1 => available,
        length => length,
    };
    if length < header_length || length > available {
        return Err(Reason::Ipv4Length);
    }
    // More fragments, or an offset: not a whole datagram.
    if u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0 {
        return Err(Reason::FragmentWithoutFirst);
    }
    *packet = Packet {
        vlans: link.vlans,
        source: [header[12], header[13], header[14], header[15]],
        destination: [header[16], header[17], header[18], header[19]],
        protocol: header[9],
        hop_limit: header[8],
        reserved: [0; 2],
        offset: (start + header_length) as u32,
        transport: Transport::NONE,
    };
    finish(bytes, metadata, packet, start + header_length, length - header_length)
}

/// Parses what follows the link layer into `packet`, which is a parameter since the verifier lets no function return a
/// pointer into its stack.
#[inline(never)]
pub fn parse_v6<B: Bytes>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    packet: &mut Packet<Ipv6>,
) -> Result<(), Reason> {
    let start = link.end;
    let header = bytes.read::<IPV6_HEADER>(start).ok_or(Reason::Ipv6Header)?;
    if header[0] >> 4 != 6 {
        return Err(Reason::Ipv6Header);
    }
    let available = bytes.length().saturating_sub(start + IPV6_HEADER);
    let mut length = match usize::from(u16::from_be_bytes([header[4], header[5]])) {
        0 if metadata.segments > 1 => available,
        length => length,
    };
    if length > available {
        return Err(Reason::Ipv6Length);
    }
    let mut offset = start + IPV6_HEADER;
    let mut next = header[6];
    let mut count = 0;
    while is_extension(next) {
        if count == MAX_EXTENSIONS {
            return Err(Reason::TooManyExtensions);
        }
        if next == extension::HOP_BY_HOP && count != 0 {
            return Err(Reason::Ipv6Extension);
        }
        let [following, size, high, low] = bytes.read::<4>(offset).ok_or(Reason::Ipv6Extension)?;
        let extent = match next {
            extension::FRAGMENT => 8,
            // The one header whose length counts in words of four octets, less two.
            extension::AUTHENTICATION => (usize::from(size) + 2) * 4,
            _ => (usize::from(size) + 1) * 8,
        };
        if extent > length {
            return Err(Reason::Ipv6Extension);
        }
        // An atomic fragment is a whole packet (RFC 6946): two reserved bits are all that may be set.
        if next == extension::FRAGMENT && u16::from_be_bytes([high, low]) & 0xfff9 != 0 {
            return Err(Reason::FragmentWithoutFirst);
        }
        offset += extent;
        length -= extent;
        next = following;
        count += 1;
    }
    *packet = Packet {
        vlans: link.vlans,
        source: address(&header, 8),
        destination: address(&header, 24),
        protocol: next,
        hop_limit: header[7],
        reserved: [0; 2],
        offset: offset as u32,
        transport: Transport::NONE,
    };
    finish(bytes, metadata, packet, offset, length)
}

/// The address at a place of the header.
#[inline(always)]
fn address(header: &[u8; IPV6_HEADER], at: usize) -> Ipv6 {
    let mut address = [0; 16];
    address.copy_from_slice(&header[at..at + 16]);
    address
}

#[inline(always)]
fn is_extension(next: u8) -> bool {
    matches!(
        next,
        extension::HOP_BY_HOP
            | extension::ROUTING
            | extension::FRAGMENT
            | extension::AUTHENTICATION
            | extension::DESTINATION
    )
}

/// Checks the addresses and parses what is behind IP.
#[inline(always)]
fn finish<B: Bytes, A: Address>(
    bytes: &B,
    metadata: &Metadata,
    packet: &mut Packet<A>,
    offset: usize,
    length: usize,
) -> Result<(), Reason> {
    if !packet.source.may_be_source() {
        return Err(Reason::SourceAddress);
    }
    if !packet.destination.may_be_destination() {
        return Err(Reason::DestinationAddress);
    }
    packet.transport = transport::parse::<B, A>(bytes, metadata, packet.protocol, offset, length)?;
    Ok(())
}
