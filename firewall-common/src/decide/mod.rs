//! The decision: what becomes of a packet.
//!
//! The order: the frame is parsed; what is always let through passes (spec, D9), and so do ICMP errors about something that
//! passes (spec, D3); what the rules open to anyone, both ways, passes without a flow; a packet of a live flow passes;
//! the rules judge the rest, and what they allow begins a flow. Every packet moves exactly one counter of its
//! interface. At an interface that is only watched, what would be dropped passes, and is counted apart.
//!
//! Some functions here are kept from being inlined. The kernel gives a program 512 octets of stack for all frames that
//! are alive at once: parsing gives its frame back before the rules are looked at, and a family never holds the frame of
//! the other. What such a function answers has to fit a register, which is why they answer with an [`Outcome`]: an answer
//! through memory leaves a pointer into the stack behind, and the verifier refuses that.

mod always;
mod drops;
mod errors;
mod flows;
mod fragments;
mod origin;
mod rings;
mod rules;
pub mod steps;
mod sweep;
mod tables;

pub use rings::ring;
pub use rules::by_peer;
pub use steps::{Judged, Moment, Steps};
pub use sweep::sweep;
pub use tables::{FlowEntry, InsertError, PlaceEntry, Tables};

use crate::abi::{INTERFACE_MONITOR, INTERFACE_NO_ETHERNET, Interface};
use crate::packet::{self, Address, Bytes, Ipv4, Ipv6, Metadata, Network, PART, Packet};
use crate::verdict::{Direction, Outcome, Pass, Reason};
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
    tables: T,
    interface: &'a Interface,
    moment: &'a Moment,
}

impl<'a, T> Context<'a, T> {
    #[inline(always)]
    const fn new(tables: T, interface: &'a Interface, moment: &'a Moment) -> Self {
        Self { tables, interface, moment }
    }

    /// The way that the packet goes.
    #[inline(always)]
    const fn direction(&self) -> Direction {
        self.moment.direction()
    }

    /// Whether a workload behind the interface sends it.
    #[inline(always)]
    const fn is_sent_by_workload(&self) -> bool {
        self.interface.is_workload() && matches!(self.direction(), Direction::Outbound)
    }

    /// The address of it that lies beyond the interface.
    #[inline(always)]
    const fn peer<'p, A>(&self, packet: &'p Packet<A>) -> &'p A {
        match self.direction() {
            Direction::Inbound => &packet.source,
            Direction::Outbound => &packet.destination,
        }
    }
}

impl<T: Tables> Context<'_, T> {
    /// Counts the packet for a rule, or for none, and with it the flows that it begins.
    #[inline(always)]
    fn count_rule(&self, rule: u32, flows: u64) {
        if rule != rules::NOBODY {
            self.tables.count_rule(rule, flows, self.moment.packets(), self.moment.bytes());
        }
    }
}

/// Decides what becomes of a frame, moves the counters, and keeps the flows.
#[inline(always)]
pub fn decide<B: Bytes, T: Steps>(bytes: &B, metadata: &Metadata, hook: Hook, tables: T) -> Outcome {
    let (packets, octets) = (metadata.segments, bytes.length() as u32);
    let Some(interface) = tables.interface(hook.ifindex).filter(|interface| interface.attachment != 0) else {
        let outcome = Outcome::from(Reason::NoInterface);
        let direction = if hook.received { Direction::Inbound } else { Direction::Outbound };
        tables.count(0, direction, outcome.number(), packets.into(), octets.into());
        return outcome;
    };
    // What the host's end of a workload's link receives is what the workload sends.
    let direction = if hook.received == interface.is_workload() { Direction::Outbound } else { Direction::Inbound };
    let mut moment = Moment::new(direction, packets, octets);
    // Asked for when the rest is out of the registers.
    moment.now = tables.now();
    let context = Context::new(tables, interface, &moment);
    let outcome = drops::enforced(judge(bytes, metadata, &context), &context);
    tables.count(interface.attachment, direction, outcome.number(), moment.packets(), moment.bytes());
    outcome
}

#[inline(always)]
fn judge<B: Bytes, T: Steps>(bytes: &B, metadata: &Metadata, context: &Context<'_, T>) -> Outcome {
    let parsed = if context.interface.has(INTERFACE_NO_ETHERNET) {
        packet::parse_bare(bytes)
    } else if bytes.begins_with_header() {
        packet::parse_link(bytes, metadata)
    } else {
        Err(Reason::HiddenHeader)
    };
    let link = match parsed {
        Ok(link) => link,
        Err(reason) => return reason.into(),
    };
    match link.network {
        Network::Arp => match origin::check_arp(bytes, &link, context) {
            Ok(()) => Pass::Arp.into(),
            Err(reason) => reason.into(),
        },
        Network::Other if context.interface.is_strict_l2() => Reason::EtherType.into(),
        Network::Other => Pass::NonIp.into(),
        Network::V4 => judge_v4(bytes, link.vlans, link.end as u32, context),
        Network::V6 => judge_v6(bytes, link.vlans, link.end as u32, context),
    }
}

#[inline(never)]
fn judge_v4<B: Bytes, T: Steps>(bytes: &B, vlans: u32, begin: u32, context: &Context<'_, T>) -> Outcome {
    let mut packet = Packet { vlans, offset: begin, ..Packet::EMPTY };
    let outcome = match judge_parsed_v4(bytes, &mut packet, context) {
        Ok(outcome) => outcome,
        Err(reason) => reason.into(),
    };
    if !outcome.passes() {
        context.tables.record_v4(&packet, context.interface, context.moment, outcome);
    }
    outcome
}

#[inline(always)]
fn judge_parsed_v4<B: Bytes, T: Steps>(
    bytes: &B,
    packet: &mut Packet<Ipv4>,
    context: &Context<'_, T>,
) -> Result<Outcome, Reason> {
    let (begin, segments) = (packet.offset, context.moment.packets() as u32);
    let mut refused = bytes.parse_v4(packet, segments);
    if refused == PART {
        refused = bytes.parse_part_v4(packet, begin, segments);
    }
    if refused != 0 {
        return Ok(Outcome::from_number(refused));
    }
    let outcome = origin::check(bytes, packet, context);
    if !outcome.passes() {
        return Ok(outcome);
    }
    let always = if packet.fragment.is_later() { None } else { always::v4(packet, context)? };
    judge_or_follow(bytes, packet, always, context)
}

#[inline(never)]
fn judge_v6<B: Bytes, T: Steps>(bytes: &B, vlans: u32, begin: u32, context: &Context<'_, T>) -> Outcome {
    let mut packet = Packet { vlans, offset: begin, ..Packet::EMPTY };
    let outcome = match judge_parsed_v6(bytes, &mut packet, context) {
        Ok(outcome) => outcome,
        Err(reason) => reason.into(),
    };
    if !outcome.passes() {
        context.tables.record_v6(&packet, context.interface, context.moment, outcome);
    }
    outcome
}

#[inline(always)]
fn judge_parsed_v6<B: Bytes, T: Steps>(
    bytes: &B,
    packet: &mut Packet<Ipv6>,
    context: &Context<'_, T>,
) -> Result<Outcome, Reason> {
    let (begin, segments) = (packet.offset, context.moment.packets() as u32);
    let mut refused = bytes.parse_v6(packet, segments);
    if refused == PART {
        refused = bytes.parse_part_v6(packet, begin, segments);
    }
    if refused != 0 {
        return Ok(Outcome::from_number(refused));
    }
    let outcome = origin::check(bytes, packet, context);
    if !outcome.passes() {
        return Ok(outcome);
    }
    let always = if packet.fragment.is_later() { None } else { always::v6(packet, context)? };
    judge_or_follow(bytes, packet, always, context)
}

/// Judges a packet that is let through always, or by what it belongs to, or by flows and rules.
#[inline(always)]
fn judge_or_follow<B: Bytes, A: Address, T: Steps>(
    bytes: &B,
    packet: &Packet<A>,
    always: Option<Pass>,
    context: &Context<'_, T>,
) -> Result<Outcome, Reason> {
    let Context { tables, interface, moment } = context;
    if packet.fragment.is_later() {
        return Ok(A::follow(tables, packet, interface, moment));
    }
    let Judged { outcome, rule } = match always {
        Some(pass) => Judged { outcome: pass.into(), rule: 0 },
        None if origin::is_let_through(packet, context) => Judged { outcome: Pass::AlwaysAllowed.into(), rule: 0 },
        None if errors::is_about_a_flow(bytes, packet, context) => Judged { outcome: Pass::IcmpError.into(), rule: 0 },
        None => A::judge(tables, packet, interface, moment),
    };
    if packet.fragment.is_first() && outcome.passes() {
        A::remember(tables, packet, interface, moment, rule);
    }
    Ok(outcome)
}

#[inline(always)]
fn judge_packet<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> Judged {
    let (mut rule, mut flows) = (rules::NOBODY, 0);
    let outcome = match judge_by_flow_and_rules(packet, context, &mut rule, &mut flows) {
        Ok(pass) => pass.into(),
        Err(reason) => reason.into(),
    };
    context.count_rule(rule, flows);
    Judged { outcome, rule }
}

/// Says which rule a packet counts for, if it passes by one, and how many flows it begins by that.
#[inline(always)]
fn judge_by_flow_and_rules<A: Address, T: Tables>(
    packet: &Packet<A>,
    context: &Context<'_, T>,
    rule: &mut u32,
    flows: &mut u64,
) -> Result<Pass, Reason> {
    let judge = rules::Judge::of(packet, context.direction(), context)?;
    *rule = judge.untracked(packet, context);
    if *rule != rules::NOBODY {
        return Ok(Pass::Untracked);
    }
    let key = flows::Key::of(packet, context.direction(), context);
    let lookup = flows::Lookup::of(&key, packet, context.direction(), context);
    match lookup.status {
        Status::Live => {
            *rule = lookup.pass(packet, context);
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
    let admitting = judge.admit(packet, context);
    if admitting == rules::NOBODY {
        if context.interface.has(INTERFACE_MONITOR) {
            remember_denied(&lookup, &key, packet, context);
        }
        return Err(judge.refusal());
    }
    if lookup.status == Status::DeniedOpener {
        lookup.redeem(packet, context, admitting);
    }
    let began = lookup.begin(&key, packet, context, Admission { rule: admitting, denied: false })?;
    (*rule, *flows) = (admitting, u64::from(began));
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
    // It takes the place of its like, but of nothing that was admitted or cut: enforced, it would change nothing.
    let has_a_place = match lookup.status {
        Status::Absent => true,
        Status::Over => lookup.word().is_denied(),
        Status::DeniedOpener => {
            lookup.track(packet, lookup.word(), context);
            false
        }
        Status::Untracked | Status::Live | Status::Taken | Status::Cut | Status::Denied => false,
    };
    if has_a_place {
        // Where there is no room for it, its answers are judged by the rules alone.
        let _ = lookup.begin(key, packet, context, Admission { rule: 0, denied: true });
    }
}
