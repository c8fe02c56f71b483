//! The decision: what becomes of a packet.
//!
//! The order: the frame is parsed; what is always let through passes (spec, D9); a packet of a live flow passes, and an
//! ICMP error about one (spec, D3); the rules judge the rest, and what they allow begins a flow. Every packet moves exactly one counter of its interface.
//!
//! Some functions here are kept from being inlined. The kernel gives a program 512 octets of stack for all frames that
//! are alive at once: parsing gives its frame back before the rules are looked at, and a family never holds the frame of
//! the other.

mod always;
mod errors;
mod flows;
mod fragments;
mod rules;
mod tables;

pub use tables::{FlowEntry, InsertError, Tables};

use crate::abi::Interface;
use crate::packet::{self, Address, Bytes, Form, Link, Metadata, Network, Packet};
use crate::verdict::{Direction, Pass, Reason, Verdict};

/// Where a frame was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// Index of the device.
    pub ifindex: u32,
    /// Whether the device received the frame; otherwise it is about to send it.
    pub received: bool,
}

/// What is the same for all that is asked about one packet.
struct Context<'a, T> {
    tables: &'a T,
    interface: Interface,
    direction: Direction,
    size: Size,
    now: u64,
}

impl<T: Tables> Context<'_, T> {
    /// Counts the packet for a rule, and the flow that it has begun, if it has.
    #[inline(always)]
    fn count_rule(&self, rule: u32, began: bool) {
        self.tables.count_rule(rule, u64::from(began), self.size.packets, self.size.bytes);
    }
}

/// What a packet counts for.
#[derive(Clone, Copy)]
struct Size {
    packets: u64,
    bytes: u64,
}

/// Decides what becomes of a frame, moves the counters, and keeps the flows.
#[inline(always)]
pub fn decide<B: Bytes, T: Tables>(bytes: &B, metadata: &Metadata, hook: Hook, tables: &T) -> Verdict {
    let size = Size { packets: u64::from(metadata.segments), bytes: bytes.length() as u64 };
    let Some(interface) = tables.interface(hook.ifindex).filter(|interface| interface.attachment != 0) else {
        let verdict = Verdict::Drop(Reason::NoInterface);
        let direction = if hook.received { Direction::Inbound } else { Direction::Outbound };
        tables.count(0, direction, verdict.outcome(), size.packets, size.bytes);
        return verdict;
    };
    // What the host's end of a workload's link receives is what the workload sends.
    let direction = if hook.received == interface.is_workload() { Direction::Outbound } else { Direction::Inbound };
    let context = Context { tables, interface, direction, size, now: tables.now() };
    let verdict = match judge(bytes, metadata, &context) {
        Ok(pass) => Verdict::Allow(pass),
        Err(reason) => Verdict::Drop(reason),
    };
    tables.count(interface.attachment, direction, verdict.outcome(), size.packets, size.bytes);
    verdict
}

#[inline(always)]
fn judge<B: Bytes, T: Tables>(bytes: &B, metadata: &Metadata, context: &Context<'_, T>) -> Result<Pass, Reason> {
    let link = packet::parse_link(bytes, metadata)?;
    match link.network {
        Network::Arp => Ok(Pass::Arp),
        Network::Other if context.interface.is_strict_l2() => Err(Reason::EtherType),
        Network::Other => Ok(Pass::NonIp),
        Network::V4 => judge_v4(bytes, metadata, &link, context),
        Network::V6 => judge_v6(bytes, metadata, &link, context),
    }
}

#[inline(never)]
fn judge_v4<B: Bytes, T: Tables>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    context: &Context<'_, T>,
) -> Result<Pass, Reason> {
    let mut packet = Packet::EMPTY;
    if packet::parse_v4(bytes, metadata, link, &mut packet)? == Form::Part {
        packet::parse_part_v4(bytes, metadata, link, &mut packet)?;
    }
    if packet.fragment.is_later() {
        return fragments::follow(&packet, context);
    }
    let mut rule = 0;
    let pass = match always::v4(&packet, context)? {
        Some(pass) => pass,
        None if errors::is_about_a_flow(bytes, &packet, context) => Pass::IcmpError,
        None => judge_packet(&packet, context, &mut rule)?,
    };
    if packet.fragment.is_first() {
        fragments::remember(&packet, rule, context);
    }
    Ok(pass)
}

#[inline(never)]
fn judge_v6<B: Bytes, T: Tables>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    context: &Context<'_, T>,
) -> Result<Pass, Reason> {
    let mut packet = Packet::EMPTY;
    if packet::parse_v6(bytes, metadata, link, &mut packet)? == Form::Part {
        packet::parse_part_v6(bytes, metadata, link, &mut packet)?;
    }
    if packet.fragment.is_later() {
        return fragments::follow(&packet, context);
    }
    let mut rule = 0;
    let pass = match always::v6(&packet, context)? {
        Some(pass) => pass,
        None if errors::is_about_a_flow(bytes, &packet, context) => Pass::IcmpError,
        None => judge_packet(&packet, context, &mut rule)?,
    };
    if packet.fragment.is_first() {
        fragments::remember(&packet, rule, context);
    }
    Ok(pass)
}

/// Judges a packet by its flow, and by the rules. The rule that lets it through, or has admitted its flow, is put into a
/// parameter: the verifier lets no function return more than a register.
#[inline(never)]
fn judge_packet<A: Address, T: Tables>(
    packet: &Packet<A>,
    context: &Context<'_, T>,
    counted: &mut u32,
) -> Result<Pass, Reason> {
    let key = flows::Key::of(packet, context.direction, context);
    let lookup = flows::Lookup::of(&key, packet, context);
    if lookup.status == flows::Status::Live {
        *counted = lookup.pass(packet, context);
        return Ok(Pass::Flow);
    }
    if lookup.status == flows::Status::Absent && flows::adopts(packet, context) {
        lookup.begin(&key, packet, context, 0)?;
        return Ok(Pass::Adopted);
    }
    let rule = rules::judge(packet, context)?;
    let began = lookup.begin(&key, packet, context, rule)?;
    context.count_rule(rule, began);
    *counted = rule;
    Ok(Pass::Rule)
}
