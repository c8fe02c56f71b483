//! The decision: what becomes of a packet.
//!
//! The order: the frame is parsed; what is always let through passes (spec, D9), and so do ICMP errors about something that
//! passes (spec, D3); what the rules open to anyone, both ways, passes without a flow; a packet of a live flow passes;
//! the rules judge the rest, and what they allow begins a flow. Every packet moves exactly one counter of its
//! interface. At an interface that is only watched, what would be dropped passes, and is counted apart.
//!
//! Some functions here are kept from being inlined. The kernel gives a program 512 octets of stack for all frames that
//! are alive at once: parsing gives its frame back before the rules are looked at, and a family never holds the frame of
//! the other.

mod always;
mod drops;
mod errors;
mod flows;
mod rings;
mod rules;
mod tables;

pub use rings::ring;
pub use tables::{FlowEntry, InsertError, PlaceEntry, Tables};

use crate::abi::{INTERFACE_MONITOR, Interface};
use crate::packet::{self, Address, Bytes, Ipv4, Ipv6, Link, Metadata, Network, Packet};
use crate::verdict::{Direction, Pass, Reason, Verdict};
use flows::{Admission, Status};

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
    interface: &'a Interface,
    direction: Direction,
    size: Size,
    now: u64,
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
        Err(reason) => drops::verdict(reason, &context),
    };
    tables.count(interface.attachment, direction, verdict.outcome(), size.packets, size.bytes);
    verdict
}

#[inline(always)]
fn judge<B: Bytes, T: Tables>(bytes: &B, metadata: &Metadata, context: &Context<'_, T>) -> Result<Pass, Reason> {
    if !bytes.begins_with_header() {
        return Err(Reason::HiddenHeader);
    }
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
    let judged = judge_parsed_v4(bytes, metadata, link, &mut packet, context);
    if let Err(reason) = judged {
        drops::record(&packet, reason, context);
    }
    judged
}

#[inline(always)]
fn judge_parsed_v4<B: Bytes, T: Tables>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    packet: &mut Packet<Ipv4>,
    context: &Context<'_, T>,
) -> Result<Pass, Reason> {
    packet::parse_v4(bytes, metadata, link, packet)?;
    match always::v4(packet, context)? {
        Some(pass) => Ok(pass),
        None if errors::is_about_a_flow(bytes, packet, context) => Ok(Pass::IcmpError),
        None => judge_packet(packet, context),
    }
}

#[inline(never)]
fn judge_v6<B: Bytes, T: Tables>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    context: &Context<'_, T>,
) -> Result<Pass, Reason> {
    let mut packet = Packet::EMPTY;
    let judged = judge_parsed_v6(bytes, metadata, link, &mut packet, context);
    if let Err(reason) = judged {
        drops::record(&packet, reason, context);
    }
    judged
}

#[inline(always)]
fn judge_parsed_v6<B: Bytes, T: Tables>(
    bytes: &B,
    metadata: &Metadata,
    link: &Link,
    packet: &mut Packet<Ipv6>,
    context: &Context<'_, T>,
) -> Result<Pass, Reason> {
    packet::parse_v6(bytes, metadata, link, packet)?;
    match always::v6(packet, context)? {
        Some(pass) => Ok(pass),
        None if errors::is_about_a_flow(bytes, packet, context) => Ok(Pass::IcmpError),
        None => judge_packet(packet, context),
    }
}

#[inline(never)]
fn judge_packet<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> Result<Pass, Reason> {
    let judge = rules::Judge::of(packet, context.direction, context)?;
    if let Some(rule) = judge.untracked(packet, context)? {
        context.tables.count_rule(rule, 0, context.size.packets, context.size.bytes);
        return Ok(Pass::Untracked);
    }
    let key = flows::Key::of(packet, context.direction, context);
    let lookup = flows::Lookup::of(&key, packet, context.direction, context);
    match lookup.status {
        Status::Live => {
            lookup.pass(packet, context);
            return Ok(Pass::Flow);
        }
        Status::Cut => {
            lookup.rest(context);
            return Err(Reason::CutFlow);
        }
        Status::Denied => {
            if context.interface.has(INTERFACE_MONITOR) {
                lookup.track(packet, lookup.word(), context);
            }
            return Err(Reason::DeniedFlow);
        }
        Status::Absent if flows::adopts(packet, context) => {
            lookup.begin(&key, packet, context, Admission { rule: 0, denied: false })?;
            return Ok(Pass::Adopted);
        }
        Status::Absent | Status::Untracked | Status::Taken | Status::Over | Status::DeniedOpener => {}
    }
    let rule = match judge.admit(packet, context) {
        Ok(rule) => rule,
        Err(reason) => {
            if context.interface.has(INTERFACE_MONITOR) {
                remember_denied(&lookup, &key, packet, context);
            }
            return Err(reason);
        }
    };
    if lookup.status == Status::DeniedOpener {
        lookup.redeem(packet, context, rule);
    }
    let began = lookup.begin(&key, packet, context, Admission { rule, denied: false })?;
    context.tables.count_rule(rule, u64::from(began), context.size.packets, context.size.bytes);
    Ok(Pass::Rule)
}

/// What passes only since nothing is enforced makes a flow with a mark: its answers would be dropped, too, and are when
/// the rules are enforced.
#[inline(always)]
fn remember_denied<A: Address, T: Tables>(
    lookup: &flows::Lookup<T::Flow>,
    key: &flows::Key<A>,
    packet: &Packet<A>,
    context: &Context<'_, T>,
) {
    if lookup.status == Status::DeniedOpener {
        lookup.track(packet, lookup.word(), context);
    } else {
        // Where there is no room for it, its answers are judged by the rules alone.
        let _ = lookup.begin(key, packet, context, Admission { rule: 0, denied: true });
    }
}
