//! Fragments: what is remembered of the first one of a datagram, for those that follow it.

use super::assert_layout;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A datagram of IPv4 that passes in fragments. What tells datagrams apart for the receiver is in it, and besides what keeps
/// attachments, networks and directions from serving each other.
#[repr(C)]
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct FragmentKeyV4 {
    /// Number of the attachment.
    pub attachment: u32,
    /// VLAN identifiers, outer in the high half; 0 without a tag.
    pub vlans: u32,
    /// Source address.
    pub source: [u8; 4],
    /// Destination address.
    pub destination: [u8; 4],
    /// Identification.
    pub id: u32,
    /// IP protocol.
    pub protocol: u8,
    /// A [`crate::verdict::Direction`] as a number.
    pub direction: u8,
    /// Always zero.
    pub reserved: [u8; 2],
}
assert_layout!(FragmentKeyV4, 24, 4);

/// A datagram of IPv6: as [`FragmentKeyV4`].
#[repr(C)]
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct FragmentKeyV6 {
    /// Number of the attachment.
    pub attachment: u32,
    /// VLAN identifiers, outer in the high half.
    pub vlans: u32,
    /// Source address.
    pub source: [u8; 16],
    /// Destination address.
    pub destination: [u8; 16],
    /// Identification.
    pub id: u32,
    /// What follows the fragment header: the upper-layer protocol, or a further extension header.
    pub protocol: u8,
    /// A [`crate::verdict::Direction`] as a number.
    pub direction: u8,
    /// Always zero.
    pub reserved: [u8; 2],
}
assert_layout!(FragmentKeyV6, 48, 4);

/// A first fragment that has passed.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct FirstFragment {
    /// The tick from which on nothing follows it any more.
    pub expires: u64,
    /// Octets of the datagram that it holds, the headers not counted that each fragment repeats.
    pub end: u32,
    /// Host-wide number of the rule that let it through, or admitted its flow; 0 without one.
    pub rule: u32,
}
assert_layout!(FirstFragment, 16, 8);
