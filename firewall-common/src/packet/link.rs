//! Ethernet and its VLAN tags.

use super::opaque::opaque;
use super::{Bytes, Metadata};
use crate::verdict::Reason;

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;
/// 802.1Q.
const VLAN: u16 = 0x8100;
/// 802.1ad, the outer of two tags.
const SERVICE_VLAN: u16 = 0x88a8;

const ETHERNET_HEADER: usize = 14;
const TAG: usize = 4;
/// Tags that are looked through (spec, D20).
const MAX_TAGS: u32 = 2;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// ARP about IPv4 on Ethernet, of good form.
    Arp,
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// Neither IP nor ARP.
    Other,
}

/// The link layer of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// VLAN identifiers, the outer one in the high half; 0 without tags.
    pub vlans: u32,
    /// What follows it.
    pub network: Network,
    /// Where that begins.
    pub end: usize,
}

/// Parses the Ethernet header and its tags.
#[inline(always)]
pub fn parse<B: Bytes>(bytes: &B, metadata: &Metadata) -> Result<Link, Reason> {
    let mut ether_type = u16::from_be_bytes(bytes.read(12).ok_or(Reason::FrameTooShort)?);
    let mut end = ETHERNET_HEADER;
    let (mut vlans, mut tags) = match metadata.vlan {
        Some(control) => (identifier(control), 1),
        None => (0, 0),
    };
    for _ in 0..MAX_TAGS {
        if ether_type != VLAN && ether_type != SERVICE_VLAN {
            break;
        }
        if tags == MAX_TAGS {
            return Err(Reason::TooManyVlans);
        }
        let [high, low, next @ ..] = bytes.read::<TAG>(end).ok_or(Reason::FrameTooShort)?;
        vlans = vlans << 16 | identifier(u16::from_be_bytes([high, low]));
        ether_type = u16::from_be_bytes(next);
        end += TAG;
        tags += 1;
    }
    if ether_type == VLAN || ether_type == SERVICE_VLAN {
        return Err(Reason::TooManyVlans);
    }
    let network = match ether_type {
        IPV4 => Network::V4,
        IPV6 => Network::V6,
        ARP => {
            check_arp(bytes, end)?;
            Network::Arp
        }
        _ => Network::Other,
    };
    Ok(Link { vlans, network, end: opaque(end, bytes.length() as u64) })
}

/// Says what a frame of a device without an Ethernet header carries: that stands in its first octet only, and it has no tags.
#[inline(always)]
pub fn parse_bare<B: Bytes>(bytes: &B) -> Result<Link, Reason> {
    let begin = bytes.before_network();
    // More than is asked for: the verifier refuses how a single octet would be read.
    let [first, ..] = bytes.read::<4>(begin).ok_or(Reason::FrameTooShort)?;
    let network = match first >> 4 {
        4 => Network::V4,
        6 => Network::V6,
        _ => return Err(Reason::EtherType),
    };
    Ok(Link { vlans: 0, network, end: opaque(begin, bytes.length() as u64) })
}

/// The VLAN identifier in a tag's control information; the rest is priority.
#[inline(always)]
fn identifier(control: u16) -> u32 {
    u32::from(control & 0x0fff)
}

/// ARP is let through whole, so that at least its form must be that of ARP about IPv4 on Ethernet (RFC 826).
#[inline(always)]
fn check_arp<B: Bytes>(bytes: &B, offset: usize) -> Result<(), Reason> {
    const ETHERNET_AND_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];
    const LENGTH: usize = 28;
    let form = bytes.read::<6>(offset).ok_or(Reason::ArpMalformed)?;
    if form != ETHERNET_AND_IPV4 || bytes.length() < offset + LENGTH {
        return Err(Reason::ArpMalformed);
    }
    Ok(())
}
