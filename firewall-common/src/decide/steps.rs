//! The steps of the decision that the kernel verifies one by one.
//!
//! A step is an ordinary function. But the programs put each behind a function that is global for the verifier: it looks
//! at that once, knowing nothing of the callers, instead of once for each way in which a packet may have been parsed.

use super::tables::Tables;
use super::{Context, drops, errors};
use crate::abi::Interface;
use crate::packet::{Address, Ipv4, Ipv6, Packet};
use crate::verdict::{Direction, Outcome};

/// What is the same for all that is asked about one packet, besides the interface. Without padding, as
/// [`Packet`].
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Packets that it counts for.
    pub packets: u64,
    /// Octets that it counts for, from the link layer on.
    pub bytes: u64,
    /// The time, in ticks.
    pub now: u64,
    /// A [`Direction`] as a number: a pointer to anything else could not be handed to a function of the kernel.
    direction: u32,
    reserved: u32,
}

impl Moment {
    /// Of a packet that goes in a direction.
    #[inline(always)]
    pub const fn new(direction: Direction, packets: u64, bytes: u64, now: u64) -> Self {
        Self { packets, bytes, now, direction: direction as u32, reserved: 0 }
    }

    /// The way that the packet goes.
    #[must_use]
    #[inline(always)]
    pub const fn direction(&self) -> Direction {
        if self.direction == Direction::Inbound as u32 { Direction::Inbound } else { Direction::Outbound }
    }
}

/// What becomes of a packet that flows and rules have judged, and by which rule, in one register: the outcome in the low
/// octet, and above it the host-wide number of the rule that lets the packet through, or has admitted its flow; 0 where
/// there is none.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer(u32);

impl Answer {
    /// Of an outcome and a rule.
    #[inline(always)]
    pub const fn new(outcome: Outcome, rule: u32) -> Self {
        Self(outcome.number() as u32 | rule << 8)
    }

    /// From the register.
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// For the register.
    #[must_use]
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// What becomes of the packet.
    #[inline(always)]
    pub const fn outcome(self) -> Outcome {
        Outcome::from_number(self.0 as u8)
    }

    /// The rule.
    #[must_use]
    #[inline(always)]
    pub const fn rule(self) -> u32 {
        self.0 >> 8
    }
}

/// The steps, for tables that want them apart. Without a word of theirs, the decision goes straight on.
pub trait Steps: Tables + Sized {
    /// Judges a packet by flows and rules.
    #[inline(always)]
    fn judge_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment) -> Answer {
        judge(*self, packet, interface, moment)
    }
    /// As [`Steps::judge_v4`].
    #[inline(always)]
    fn judge_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment) -> Answer {
        judge(*self, packet, interface, moment)
    }
    /// Whether a packet that an ICMP error quotes belongs to something that passes.
    #[inline(always)]
    fn knows_v4(&self, quoted: &Packet<Ipv4>, interface: &Interface, moment: &Moment) -> bool {
        knows(*self, quoted, interface, moment)
    }
    /// As [`Steps::knows_v4`].
    #[inline(always)]
    fn knows_v6(&self, quoted: &Packet<Ipv6>, interface: &Interface, moment: &Moment) -> bool {
        knows(*self, quoted, interface, moment)
    }
    /// Records a packet that is dropped.
    #[inline(always)]
    fn record_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment, outcome: Outcome) {
        record(*self, packet, interface, moment, outcome);
    }
    /// As [`Steps::record_v4`].
    #[inline(always)]
    fn record_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment, outcome: Outcome) {
        record(*self, packet, interface, moment, outcome);
    }
}

/// See [`Steps::judge_v4`].
#[inline(always)]
pub fn judge<A: Address, T: Tables>(tables: T, packet: &Packet<A>, interface: &Interface, moment: &Moment) -> Answer {
    super::judge_packet(packet, &Context::new(tables, interface, moment))
}

/// See [`Steps::knows_v4`].
#[inline(always)]
pub fn knows<A: Address, T: Tables>(tables: T, quoted: &Packet<A>, interface: &Interface, moment: &Moment) -> bool {
    errors::is_known(quoted, &Context::new(tables, interface, moment))
}

/// See [`Steps::record_v4`].
#[inline(always)]
pub fn record<A: Address, T: Tables>(
    tables: T,
    packet: &Packet<A>,
    interface: &Interface,
    moment: &Moment,
    outcome: Outcome,
) {
    drops::record(packet, outcome, &Context::new(tables, interface, moment));
}
