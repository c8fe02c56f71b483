//! What the programs know of a network interface, and what they count.

use super::assert_layout;
use crate::verdict::{Direction, OUTCOMES};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// [`Interface::flags`]: the device is the host's end of a container's or VM's interface, so what it receives is what
/// the workload sends.
pub const INTERFACE_WORKLOAD: u32 = 1 << 0;
/// [`Interface::flags`]: frames that are neither IP nor ARP are dropped on a host's interface too (spec, D21).
pub const INTERFACE_STRICT_L2: u32 = 1 << 1;

/// [`Interface::flags`]: everything is judged and counted, and nothing dropped.
pub const INTERFACE_MONITOR: u32 = 1 << 2;
/// [`Interface::flags`]: frames of the device begin with the IP header.
pub const INTERFACE_NO_ETHERNET: u32 = 1 << 3;
/// [`Interface::flags`]: a workload sends from its own addresses only and receives to them, and what comes from outside
/// does not come from an address of this host (spec, D18).
pub const INTERFACE_SOURCE_CHECK: u32 = 1 << 4;
/// [`Interface::flags`]: some addresses are let through always (spec, D9).
pub const INTERFACE_ALWAYS: u32 = 1 << 5;

/// [`Interface::flags`]: some ports of UDP were untracked until lately ([`LingerKey`]).
pub const INTERFACE_LINGER: u32 = 1 << 6;

/// [`Interface::flags`]: other interfaces of this host and VPC have addresses, or this one has several of a family.
pub const INTERFACE_NEIGHBOURS: u32 = 1 << 7;

/// Number of the VPC that none has: the addresses that are let through always are kept under it ([`INTERFACE_ALWAYS`]).
pub const NO_VPC: u32 = 0;

/// Idle time-outs that can be set for each interface, in ticks; the rest are constants of [`crate::flow`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Timeouts {
    /// TCP in the established state: 60 to 432 000 s, default 432 000.
    pub tcp_established: u32,
    /// UDP with more than one request and response: 60 to 180 s, default 180.
    pub udp_stream: u32,
    /// UDP seen in one direction, or one request and response: 30 to 60 s, default 30.
    pub udp: u32,
    /// Always zero.
    pub reserved: u32,
}

impl Default for Timeouts {
    /// The service's defaults.
    fn default() -> Self {
        Self {
            tcp_established: super::ticks(432_000),
            udp_stream: super::ticks(180),
            udp: super::ticks(30),
            reserved: 0,
        }
    }
}

/// An interface that the firewall is attached to.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Interface {
    /// Number of the attachment, from 1; 0 says that there is none, and every packet is dropped. It is reused only when
    /// no flow and no counter of it is left.
    pub attachment: u32,
    /// Number of the VPC on this host: the scope of group membership.
    pub vpc: u32,
    /// [`INTERFACE_WORKLOAD`] and the other flags.
    pub flags: u32,
    /// Always zero.
    pub reserved: u32,
    /// Until this tick, segments that a workload sends may take up flows that began before the attachment (spec, D4).
    pub adopt_until: u64,
    /// Idle time-outs.
    pub timeouts: Timeouts,
    /// Most established flows, of TCP and of the rest ([`super::TCP`], [`super::OTHERS`]).
    pub allowance: [u32; 2],
    /// First of its places in the rings of half-open flows.
    pub ring_base: u32,
    /// Places of each of its rings on each CPU; 0 leaves half-open flows without a bound of their own. Ring `r` of CPU `c`
    /// begins at `ring_base + (c * RINGS + r) * ring_share`.
    pub ring_share: u32,
    /// An IPv6 address of the interface; zeros when it has none.
    pub own_v6: [u8; 16],
    /// An IPv4 address of the interface; zeros when it has none.
    pub own_v4: [u8; 4],
    /// Hardware address of a workload; zeros when it is not known.
    pub hardware: [u8; 6],
    /// Always zero.
    pub padding: [u8; 6],
}
assert_layout!(Interface, 88, 8);

impl Interface {
    /// Whether a workload is behind the device.
    #[must_use]
    pub const fn is_workload(&self) -> bool {
        self.flags & INTERFACE_WORKLOAD != 0
    }

    /// Whether a flag is set.
    #[must_use]
    pub const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether frames that are neither IP nor ARP are dropped.
    #[must_use]
    pub const fn is_strict_l2(&self) -> bool {
        self.flags & (INTERFACE_WORKLOAD | INTERFACE_STRICT_L2) != 0
    }
}

/// Established flows of an attachment, of TCP and of the rest. Programs and controller change them by atomic additions.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct FlowGauge {
    /// By [`super::TCP`] and [`super::OTHERS`].
    pub established: [u64; 2],
}
assert_layout!(FlowGauge, 16, 8);

/// A port of UDP that was untracked at an attachment, with as many bits as count: what leaves from it begins no flow
/// until the tick that is stored, so that nobody rides on the answer of a service that is closed now (spec, D4).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct LingerKey {
    /// Number of the attachment, in network order.
    pub attachment: [u8; 4],
    /// [`super::V4`] or [`super::V6`], in network order.
    pub family: [u8; 2],
    /// The port, in network order.
    pub port: [u8; 2],
}
assert_layout!(LingerKey, 8, 1);

impl LingerKey {
    /// Of a port.
    #[must_use]
    #[inline(always)]
    pub const fn new(attachment: u32, family: usize, port: u16) -> Self {
        Self { attachment: attachment.to_be_bytes(), family: (family as u16).to_be_bytes(), port: port.to_be_bytes() }
    }
}

/// Packets and octets, on one CPU.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Counter {
    /// Packets; a GSO packet counts as its segments.
    pub packets: u64,
    /// Octets from the Ethernet header on.
    pub bytes: u64,
}
assert_layout!(Counter, 16, 8);

impl Counter {
    /// Place of the counter of an attachment, a direction and an outcome ([`crate::verdict::Verdict::outcome`]).
    #[must_use]
    pub const fn index(attachment: u32, direction: Direction, outcome: u8) -> u32 {
        (attachment * 2 + direction as u32) * OUTCOMES + outcome as u32
    }

    /// Entries that the map needs for attachments up to and including the given number.
    #[must_use]
    pub const fn entries(attachments: u32) -> u32 {
        (attachments + 1) * 2 * OUTCOMES
    }
}

/// The time on one CPU, as it was asked for last. The coarse clock of the kernel goes on with its tick, and asking for it
/// costs more than all that a packet without a flow is asked otherwise; reading the number of the tick costs nothing.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Clock {
    /// The kernel's tick.
    pub jiffies: u64,
    /// The time then, in ticks of ours.
    pub tick: u64,
}
assert_layout!(Clock, 16, 8);

/// What a rule let through, on one CPU.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct RuleCounter {
    /// Packets of the flows that the rule admitted, both ways, and packets that it let through without a flow.
    pub packets: u64,
    /// Octets of those packets.
    pub bytes: u64,
    /// Flows that it admitted.
    pub flows: u64,
}
assert_layout!(RuleCounter, 24, 8);

/// What the pinned maps belong to.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Manifest {
    /// [`super::ABI_VERSION`] of who made them.
    pub abi_version: u32,
    /// Always zero.
    pub reserved: u32,
    /// SHA-256 of the object file that the programs came from.
    pub object: [u8; 32],
}
assert_layout!(Manifest, 40, 4);
