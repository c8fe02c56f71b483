//! IPv4, IPv6 and its extension headers.

use super::address::halves;
use super::fragment;
use super::link::{Link, Network};
use super::opaque::opaque;
use super::transport;
use super::{Address, Bytes, Ipv4, Ipv6, Metadata, Packet};
use crate::verdict::Reason;

/// Extension headers that are looked through. Four kinds may occur, destination options twice (RFC 8200, 4.1).
pub const MAX_EXTENSIONS: u32 = 6;
/// Those that are looked through behind a fragment header: an authentication header, and destination options.
pub(super) const MAX_BEHIND_FRAGMENT: u32 = 2;

const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;

/// What the parser of a family has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A whole datagram, parsed to its end.
    Whole,
    /// A fragment, which is parsed on by another function: it is rare, and what would be carried along for its sake is not.
    Part,
}

/// The answer of [`step_v4`] about a fragment. No reason has this number.
pub const PART: u8 = u8::MAX;

/// Parses IPv4 into a packet that says what VLANs it is in and where the IP header begins. The answer is 0, [`PART`], or the
/// number of the reason to drop it. `segments` is [`Metadata::segments`].
#[inline(always)]
pub fn step_v4<B: Bytes>(bytes: &B, packet: &mut Packet<Ipv4>, segments: u32) -> u8 {
    let (link, metadata) = before(packet, Network::V4, packet.offset, segments);
    match parse_v4(bytes, &metadata, &link, packet) {
        Ok(Form::Whole) => 0,
        Ok(Form::Part) => PART,
        Err(reason) => reason.number(),
    }
}

/// Parses on where [`step_v4`] has answered [`PART`], in a frame whose IP header begins at `begin`.
#[inline(always)]
pub fn part_step_v4<B: Bytes>(bytes: &B, packet: &mut Packet<Ipv4>, begin: u32, segments: u32) -> u8 {
    let (link, metadata) = before(packet, Network::V4, begin, segments);
    match parse_part_v4(bytes, &metadata, &link, packet) {
        Ok(()) => 0,
        Err(reason) => reason.number(),
    }
}

/// As [`step_v4`].
#[inline(always)]
pub fn step_v6<B: Bytes>(bytes: &B, packet: &mut Packet<Ipv6>, segments: u32) -> u8 {
    let (link, metadata) = before(packet, Network::V6, packet.offset, segments);
    match parse_v6(bytes, &metadata, &link, packet) {
        Ok(Form::Whole) => 0,
        Ok(Form::Part) => PART,
        Err(reason) => reason.number(),
    }
}

/// As [`part_step_v4`].
#[inline(always)]
pub fn part_step_v6<B: Bytes>(bytes: &B, packet: &mut Packet<Ipv6>, begin: u32, segments: u32) -> u8 {
    let (link, metadata) = before(packet, Network::V6, begin, segments);
    match parse_part_v6(bytes, &metadata, &link, packet) {
        Ok(()) => 0,
        Err(reason) => reason.number(),
    }
}

#[inline(always)]
const fn before<A>(packet: &Packet<A>, network: Network, begin: u32, segments: u32) -> (Link, Metadata) {
    let link = Link { vlans: packet.vlans, network, end: begin as usize };
    (link, Metadata { vlan: None, segments })
}

pub(super) mod extension {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION: u8 = 60;
}

/// Parses what follows the link layer into `packet`, which is empty but for its VLANs; it is a parameter since the verifier
/// lets no function return a pointer into its stack. Of a fragment all is known but what is behind IP.
#[inline(always)]
pub fn parse_v4<B: Bytes>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    packet: &mut Packet<Ipv4>,
) -> Result<Form, Reason> {
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
    packet.source = [header[12], header[13], header[14], header[15]];
    packet.destination = [header[16], header[17], header[18], header[19]];
    packet.protocol = header[9];
    packet.hop_limit = header[8];
    packet.offset = (start + header_length) as u32;
    check_addresses(packet)?;
    // More fragments, or an offset: not a whole datagram.
    if u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0 {
        return Ok(Form::Part);
    }
    let (offset, length) = (start + header_length, length - header_length);
    packet.transport = transport::parse::<B, Ipv4>(bytes, metadata, packet.protocol, offset, length, true)?;
    Ok(Form::Whole)
}

/// Parses on where [`parse_v4`] found a fragment.
#[inline(always)]
pub fn parse_part_v4<B: Bytes>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    packet: &mut Packet<Ipv4>,
) -> Result<(), Reason> {
    let header = bytes.read::<8>(link.end).ok_or(Reason::Ipv4Header)?;
    let offset = packet.offset as usize;
    let before = offset - link.end;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]])).saturating_sub(before);
    packet.fragment = fragment::v4(&header, packet.protocol, before, length)?;
    if packet.fragment.is_first() {
        packet.transport = transport::parse::<B, Ipv4>(bytes, metadata, packet.protocol, offset, length, false)?;
    }
    Ok(())
}

/// Parses what follows the link layer into `packet`, which is empty but for its VLANs; it is a parameter since the verifier
/// lets no function return a pointer into its stack. Of a fragment all is known but what is behind IP.
#[inline(always)]
pub fn parse_v6<B: Bytes>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    packet: &mut Packet<Ipv6>,
) -> Result<Form, Reason> {
    let start = link.end;
    let header = bytes.read::<IPV6_HEADER>(start).ok_or(Reason::Ipv6Header)?;
    if header[0] >> 4 != 6 {
        return Err(Reason::Ipv6Header);
    }
    let available = bytes.length().saturating_sub(start + IPV6_HEADER);
    let length = match usize::from(u16::from_be_bytes([header[4], header[5]])) {
        0 if metadata.segments > 1 => available,
        length => length,
    };
    if length > available {
        return Err(Reason::Ipv6Length);
    }
    packet.source = address(&header, 8);
    packet.destination = address(&header, 24);
    packet.protocol = header[6];
    packet.hop_limit = header[7];
    check_addresses(packet)?;
    let (next, offset, length) = extensions::<_, MAX_EXTENSIONS>(bytes, header[6], start + IPV6_HEADER, length)?;
    let unknown = halves(&packet.source).1;
    let (offset, length) = (opaque(offset, unknown), opaque(length, unknown));
    packet.protocol = next;
    packet.offset = offset as u32;
    if next == extension::FRAGMENT {
        return Ok(Form::Part);
    }
    packet.transport = transport::parse::<B, Ipv6>(bytes, metadata, next, offset, length, true)?;
    Ok(Form::Whole)
}

/// Parses on where [`parse_v6`] found a fragment header.
#[inline(always)]
pub fn parse_part_v6<B: Bytes>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    packet: &mut Packet<Ipv6>,
) -> Result<(), Reason> {
    let begin = link.end + IPV6_HEADER;
    let [high, low] = bytes.read(link.end + 4).ok_or(Reason::Ipv6Header)?;
    let offset = packet.offset as usize;
    let header = bytes.read::<{ fragment::HEADER }>(offset).ok_or(Reason::Ipv6Extension)?;
    let before = offset - begin;
    let behind = usize::from(u16::from_be_bytes([high, low])).saturating_sub(before + fragment::HEADER);
    packet.fragment = fragment::v6(&header, before, behind)?;
    packet.protocol = packet.fragment.next;
    // What follows in a later fragment is no header, whatever it looks like.
    if packet.fragment.is_later() {
        return Ok(());
    }
    let offset = offset + fragment::HEADER;
    let (next, offset, length) = extensions::<_, MAX_BEHIND_FRAGMENT>(bytes, packet.protocol, offset, behind)?;
    // A fragment of a fragment.
    if next == extension::FRAGMENT {
        return Err(Reason::FragmentHeader);
    }
    let unknown = halves(&packet.source).1;
    let (offset, length) = (opaque(offset, unknown), opaque(length, unknown));
    packet.protocol = next;
    packet.offset = offset as u32;
    packet.transport = transport::parse::<B, Ipv6>(bytes, metadata, next, offset, length, false)?;
    Ok(())
}

/// Looks through extension headers: what follows them, where, and in how many octets. It stops at the fragment header of what
/// is no whole packet.
#[inline(always)]
pub(super) fn extensions<B: Bytes, const LIMIT: u32>(
    bytes: &B,
    mut next: u8,
    mut offset: usize,
    mut length: usize,
) -> Result<(u8, usize, usize), Reason> {
    let mut count = 0;
    // Asked at the end of each round, so that the way back is a jump: Linux 6.1 takes a loop whose last instruction runs
    // into its first for one without an end.
    let mut has_extension = is_extension(next);
    while has_extension {
        if count == LIMIT {
            return Err(Reason::TooManyExtensions);
        }
        if next == extension::HOP_BY_HOP && (count != 0 || LIMIT != MAX_EXTENSIONS) {
            return Err(Reason::Ipv6Extension);
        }
        let [following, size, high, low] = bytes.read::<4>(offset).ok_or(Reason::Ipv6Extension)?;
        let extent = match next {
            extension::FRAGMENT => fragment::HEADER,
            // The one header whose length counts in words of four octets, less two.
            extension::AUTHENTICATION => (usize::from(size) + 2) * 4,
            _ => (usize::from(size) + 1) * 8,
        };
        if extent > length {
            return Err(Reason::Ipv6Extension);
        }
        if next == extension::FRAGMENT && fragment::is_part([high, low]) {
            break;
        }
        offset += extent;
        length -= extent;
        next = following;
        count += 1;
        has_extension = is_extension(next);
    }
    Ok((next, offset, length))
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

/// Whether there can be a packet with these addresses on a wire.
#[inline(always)]
fn check_addresses<A: Address>(packet: &Packet<A>) -> Result<(), Reason> {
    if !packet.source.may_be_source() {
        return Err(Reason::SourceAddress);
    }
    if !packet.destination.may_be_destination() {
        return Err(Reason::DestinationAddress);
    }
    Ok(())
}
