//! Flows: what is remembered of a connection.

use super::assert_layout;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A flow of IPv4 on one attachment. Canonical: the same from whichever side the packet comes, so that one look-up
/// finds it.
#[repr(C)]
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct FlowKeyV4 {
    /// Number of the attachment: a flow of one interface serves no other.
    pub attachment: u32,
    /// VLAN identifiers, outer in the high half; 0 without a tag.
    pub vlans: u32,
    /// Address behind the interface.
    pub local: [u8; 4],
    /// Address beyond it.
    pub remote: [u8; 4],
    /// Port of the local side for TCP and UDP; the identifier for ICMP; 0 otherwise.
    pub local_port: u16,
    /// Port of the remote side for TCP and UDP; for ICMP the request's type and who asks ([`crate::flow`]).
    pub remote_port: u16,
    /// IP protocol.
    pub protocol: u8,
    /// Always zero.
    pub reserved: [u8; 3],
}
assert_layout!(FlowKeyV4, 24, 4);

/// A flow of IPv6: as [`FlowKeyV4`].
#[repr(C)]
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct FlowKeyV6 {
    /// Number of the attachment.
    pub attachment: u32,
    /// VLAN identifiers, outer in the high half.
    pub vlans: u32,
    /// Address behind the interface.
    pub local: [u8; 16],
    /// Address beyond it.
    pub remote: [u8; 16],
    /// Port or identifier of the local side.
    pub local_port: u16,
    /// Port of the remote side, or ICMPv6 type and who asks.
    pub remote_port: u16,
    /// Upper-layer protocol.
    pub protocol: u8,
    /// Always zero.
    pub reserved: [u8; 3],
}
assert_layout!(FlowKeyV6, 48, 4);

/// What is remembered of a flow.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Flow {
    /// State, nonce and time last seen ([`crate::flow::Word`]): changed by compare-and-swap only.
    pub word: u64,
    /// Tick at which it began.
    pub created: u64,
    /// Host-wide number of the rule that admitted it; 0 for one that was alive before the attachment.
    pub rule: u32,
    /// Who opened it: a [`crate::verdict::Direction`] as a number.
    pub opened: u32,
    /// TCP: the sequence number that is expected next from each side, by the direction in which that side sends.
    pub expected: [u32; 2],
    /// Packets, by direction.
    pub packets: [u64; 2],
    /// Octets from the Ethernet header on, by direction.
    pub bytes: [u64; 2],
    /// TCP: first sequence number that the opener has to acknowledge to prove that it saw the answer.
    pub answer: u32,
    /// Always zero.
    pub reserved: u32,
}
assert_layout!(Flow, 72, 8);
