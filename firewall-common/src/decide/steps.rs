//! The steps of the decision that the kernel verifies one by one.
//!
//! A step is an ordinary function. But the programs put each behind a function that is global for the verifier: it looks
//! at that once, knowing nothing of the callers, instead of once for each way in which a packet may have been parsed.

use super::tables::Tables;
use super::{Context, drops, errors, fragments, origin};
use crate::abi::Interface;
use crate::packet::{Address, Ipv4, Ipv6, Packet};
use crate::verdict::{Direction, Outcome, Pass};

/// What is the same for all that is asked about one packet, besides the interface. Without padding, as
/// [`Packet`].
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time, in ticks.
    pub now: u64,
    packets: u32,
    bytes: u32,
    /// A [`Direction`] as a number: a pointer to anything else could not be handed to a function of the kernel.
    direction: u32,
    reserved: u32,
}

impl Moment {
    /// Of a packet that goes in a direction, before it is known when.
    #[inline(always)]
    pub const fn new(direction: Direction, packets: u32, bytes: u32) -> Self {
        Self { now: 0, packets, bytes, direction: direction as u32, reserved: 0 }
    }

    /// Packets that it counts for.
    #[must_use]
    #[inline(always)]
    pub const fn packets(&self) -> u64 {
        self.packets as u64
    }

    /// Octets that it counts for, from the link layer on.
    #[must_use]
    #[inline(always)]
    pub const fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    /// The way that the packet goes.
    #[must_use]
    #[inline(always)]
    pub const fn direction(&self) -> Direction {
        if self.direction == Direction::Inbound as u32 { Direction::Inbound } else { Direction::Outbound }
    }
}

/// What became of a packet that was judged by flows and rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The outcome.
    pub outcome: Outcome,
    /// Host-wide number of the rule that lets it through, or has admitted its flow; 0 where there is none.
    pub rule: u32,
}

impl Judged {
    /// In one register.
    #[must_use]
    #[inline(always)]
    pub const fn to_bits(self) -> u64 {
        (self.rule as u64) << 8 | self.outcome.number() as u64
    }

    /// From a register.
    #[must_use]
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> Self {
        Self { outcome: Outcome::from_number(bits as u8), rule: (bits >> 8) as u32 }
    }
}

/// The steps, for tables that want them apart. Without a word of theirs, the decision goes straight on.
pub trait Steps: Tables + Sized {
    /// Judges a packet by flows and rules.
    #[inline(always)]
    fn judge_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment) -> Judged {
        judge(*self, packet, interface, moment)
    }
    /// As [`Steps::judge_v4`].
    #[inline(always)]
    fn judge_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment) -> Judged {
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
    /// Looks whose addresses a packet has, where the interface's are known. The answer is a drop, or some pass.
    #[inline(always)]
    fn check_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment, is_for_link: bool) -> Outcome {
        check(*self, packet, interface, moment, is_for_link)
    }
    /// As [`Steps::check_v4`].
    #[inline(always)]
    fn check_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment, is_for_link: bool) -> Outcome {
        check(*self, packet, interface, moment, is_for_link)
    }
    /// Whether an address is one of an interface's.
    #[inline(always)]
    fn owns_v4(&self, address: &Ipv4, interface: &Interface) -> bool {
        origin::is_own(address, self, interface)
    }
    /// As [`Steps::owns_v4`].
    #[inline(always)]
    fn owns_v6(&self, address: &Ipv6, interface: &Interface) -> bool {
        origin::is_own(address, self, interface)
    }
    /// Judges a fragment other than the first.
    #[inline(always)]
    fn follow_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment) -> Outcome {
        follow(*self, packet, interface, moment)
    }
    /// As [`Steps::follow_v4`].
    #[inline(always)]
    fn follow_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment) -> Outcome {
        follow(*self, packet, interface, moment)
    }
    /// Remembers a first fragment that has passed, by a rule or by none.
    #[inline(always)]
    fn remember_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment, rule: u32) {
        remember(*self, packet, interface, moment, rule);
    }
    /// As [`Steps::remember_v4`].
    #[inline(always)]
    fn remember_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment, rule: u32) {
        remember(*self, packet, interface, moment, rule);
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
pub fn judge<A: Address, T: Tables>(tables: T, packet: &Packet<A>, interface: &Interface, moment: &Moment) -> Judged {
    super::judge_packet(packet, &Context::new(tables, interface, moment))
}

/// See [`Steps::knows_v4`].
#[inline(always)]
pub fn knows<A: Address, T: Tables>(tables: T, quoted: &Packet<A>, interface: &Interface, moment: &Moment) -> bool {
    errors::is_known(quoted, &Context::new(tables, interface, moment))
}

/// See [`Steps::check_v4`].
#[inline(always)]
pub fn check<A: Address, T: Tables>(
    tables: T,
    packet: &Packet<A>,
    interface: &Interface,
    moment: &Moment,
    is_for_link: bool,
) -> Outcome {
    match origin::check_addresses(packet, is_for_link, &Context::new(tables, interface, moment)) {
        Ok(()) => Pass::Rule.into(),
        Err(reason) => reason.into(),
    }
}

/// See [`Steps::owns_v4`].
#[inline(always)]
pub fn owns<A: Address, T: Tables>(tables: T, address: &A, interface: &Interface) -> bool {
    origin::is_own(address, &tables, interface)
}

/// See [`Steps::follow_v4`].
#[inline(always)]
pub fn follow<A: Address, T: Tables>(tables: T, packet: &Packet<A>, interface: &Interface, moment: &Moment) -> Outcome {
    match fragments::follow(packet, &Context::new(tables, interface, moment)) {
        Ok(()) => Pass::Fragment.into(),
        Err(reason) => reason.into(),
    }
}

/// See [`Steps::remember_v4`].
#[inline(always)]
pub fn remember<A: Address, T: Tables>(
    tables: T,
    packet: &Packet<A>,
    interface: &Interface,
    moment: &Moment,
    rule: u32,
) {
    fragments::remember(packet, rule, &Context::new(tables, interface, moment));
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
