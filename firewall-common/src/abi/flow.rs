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

/// What the keys of both families have in common.
pub trait AnyFlowKey: Copy {
    /// Number of the attachment.
    fn attachment(&self) -> u32;
    /// IP protocol.
    fn protocol(&self) -> u8;
}

impl AnyFlowKey for FlowKeyV4 {
    #[inline(always)]
    fn attachment(&self) -> u32 {
        self.attachment
    }

    #[inline(always)]
    fn protocol(&self) -> u8 {
        self.protocol
    }
}

impl AnyFlowKey for FlowKeyV6 {
    #[inline(always)]
    fn attachment(&self) -> u32 {
        self.attachment
    }

    #[inline(always)]
    fn protocol(&self) -> u8 {
        self.protocol
    }
}

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

/// A place in a ring of half-open flows: who holds it, and is removed when its turn comes and it is half-open still.
/// The rings bound how many of these there are, and a flood pushes out only its like.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct RingPlace {
    /// The key; one of IPv4 takes up its beginning.
    pub key: [u8; 48],
    /// Nonce of the flow: another under the same key is left alone.
    pub nonce: u16,
    /// 0: nobody; 1: a flow of IPv4; 2: one of IPv6.
    pub holder: u16,
    /// Always zero.
    pub reserved: u32,
}
assert_layout!(RingPlace, 56, 4);

/// How far a CPU has come in the rings of an attachment, by ring ([`crate::decide::ring`]).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct RingHeads {
    /// Places taken so far, modulo 2^32.
    pub taken: [u32; RINGS],
}
assert_layout!(RingHeads, 16, 4);

/// Rings of an attachment on a CPU: TCP and the rest, inbound and outbound.
pub const RINGS: usize = 4;

/// Class of flows: TCP.
pub const TCP: usize = 0;
/// Class of flows: all other protocols.
pub const OTHERS: usize = 1;

/// [`Sweep::mode`]: flows that have expired are removed.
pub const SWEEP_EXPIRED: u32 = 0;
/// [`Sweep::mode`]: flows become tombstones, whatever their state.
pub const SWEEP_CUT: u32 = 1;

/// What stands before the keys in a run of the programs that sweep the flow tables.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Sweep {
    /// Idle time-outs of the attachment that the flows belong to.
    pub timeouts: super::Timeouts,
    /// [`SWEEP_EXPIRED`] or [`SWEEP_CUT`].
    pub mode: u32,
    /// Always zero.
    pub reserved: u32,
}
assert_layout!(Sweep, 24, 4);

/// A packet that was dropped, or would have been.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct DropKey {
    /// Number of the attachment.
    pub attachment: u32,
    /// VLAN identifiers, outer in the high half.
    pub vlans: u32,
    /// Where it came from; an IPv4 address takes up the first four octets.
    pub source: [u8; 16],
    /// Where it was to go.
    pub destination: [u8; 16],
    /// Source port, or identifier of an ICMP query.
    pub source_port: u16,
    /// Destination port, or ICMP type and code.
    pub service: u16,
    /// IP protocol.
    pub protocol: u8,
    /// A [`crate::verdict::Direction`] as a number.
    pub direction: u8,
    /// Number of what became of it ([`crate::verdict::Verdict::outcome`]).
    pub outcome: u8,
    /// [`super::V4`] or [`super::V6`].
    pub family: u8,
}
assert_layout!(DropKey, 48, 4);

/// What is remembered of packets that were dropped alike, on one CPU.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct DropRecord {
    /// Packets.
    pub packets: u64,
    /// Octets from the link layer on.
    pub bytes: u64,
    /// Tick of the first.
    pub first: u64,
    /// Tick of the last.
    pub last: u64,
}
assert_layout!(DropRecord, 32, 8);

/// How many drops a CPU may still record in a tick: a flood moves counters and costs no more than that.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct DropBudget {
    /// The tick.
    pub tick: u64,
    /// Drops recorded in it.
    pub recorded: u64,
    /// Drops that were not recorded, since ever.
    pub skipped: u64,
}
assert_layout!(DropBudget, 24, 8);

/// Drops that a CPU records in a tick of a millisecond.
pub const DROPS_A_TICK: u64 = 32;
