//! Rules: which of them allow a packet.

use super::{Context, Tables};
use crate::abi::{HAS_ANYONE, HAS_CIDRS, HAS_GROUPS, LEAF, OPEN_TCP, OPEN_UDP, RULE_WORDS, RuleSet, SlotFamily};
use crate::packet::{Address, Packet, protocol};
use crate::verdict::{Direction, Reason};

/// The rules that judge a packet, as far as its service has been looked up.
#[derive(Clone, Copy)]
pub struct Judge<'t> {
    /// Slot of the policy.
    slot: u32,
    /// Its part for the family.
    own: &'t SlotFamily,
    /// That of the policy of the other direction.
    other: &'t SlotFamily,
    /// The rules that name the packet's protocol and port, or ICMP type and code.
    services: Option<&'t RuleSet>,
    /// The lowest of them that is for anyone; [`NOBODY`] if none is.
    anyone: u32,
}

/// No rule.
const NOBODY: u32 = u32::MAX;

impl<'t> Judge<'t> {
    /// Looks up the service of a packet that goes in a direction. The cell is read once, so that both policies are of
    /// the same age.
    #[inline(always)]
    pub fn of<A: Address, T: Tables>(
        packet: &Packet<A>,
        direction: Direction,
        context: &Context<'t, T>,
    ) -> Result<Self, Reason> {
        let tables = context.tables;
        let cell = tables.cell(context.interface.attachment).ok_or(Reason::NoPolicy)?;
        let (slot, reverse) = match direction {
            Direction::Inbound => (cell.inbound, cell.outbound),
            Direction::Outbound => (cell.outbound, cell.inbound),
        };
        if slot == 0 || reverse == 0 {
            return Err(Reason::NoPolicy);
        }
        let own = &tables.slot(slot).ok_or(Reason::NoPolicy)?.families[A::FAMILY];
        let other = &tables.slot(reverse).ok_or(Reason::NoPolicy)?.families[A::FAMILY];
        let services = services(tables, own.services, packet.protocol, packet.transport.service)?;
        let anyone = match services {
            Some(services) if own.flags & HAS_ANYONE != 0 => first_common(services, &own.anyone),
            Some(_) | None => NOBODY,
        };
        Ok(Self { slot, own, other, services, anyone })
    }

    /// The host-wide number of the rule by which a packet passes without a flow, as in the service: it opens a port of TCP
    /// or UDP to anyone, and the other direction is open to anyone on all ports. The answers pass in the same way, by
    /// the port that they come from.
    #[inline(always)]
    pub fn untracked<A: Address, T: Tables>(
        &self,
        packet: &Packet<A>,
        context: &Context<'_, T>,
    ) -> Result<Option<u32>, Reason> {
        if self.anyone == NOBODY {
            return Ok(None);
        }
        let open = match packet.protocol {
            protocol::TCP => OPEN_TCP,
            protocol::UDP => OPEN_UDP,
            _ => return Ok(None),
        };
        if self.other.flags & open != 0 || self.own.flags & open != 0 && self.is_answer(packet, context)? {
            return self.rule::<A, T>(self.anyone, context).map(Some);
        }
        Ok(None)
    }

    /// Whether a packet comes from a port that the other direction opens to anyone.
    #[inline(always)]
    fn is_answer<A: Address, T: Tables>(&self, packet: &Packet<A>, context: &Context<'_, T>) -> Result<bool, Reason> {
        if self.other.flags & HAS_ANYONE == 0 {
            return Ok(false);
        }
        let asked = services(context.tables, self.other.services, packet.protocol, packet.transport.source_port)?;
        Ok(asked.is_some_and(|asked| first_common(asked, &self.other.anyone) != NOBODY))
    }

    /// The host-wide number of a rule that allows the packet: the lowest of those for anyone, else of those for a CIDR,
    /// else of those for a group. The cheaper question comes first, and the dearer ones are not asked after an answer.
    #[inline(always)]
    pub fn admit<A: Address, T: Tables>(&self, packet: &Packet<A>, context: &Context<'_, T>) -> Result<u32, Reason> {
        let tables = context.tables;
        let services = self.services.ok_or(Reason::NoService)?;
        if self.anyone != NOBODY {
            return self.rule::<A, T>(self.anyone, context);
        }
        let peer = match context.direction {
            Direction::Inbound => packet.source,
            Direction::Outbound => packet.destination,
        };
        if self.own.flags & HAS_CIDRS != 0
            && let Some(index) = A::cidr(tables, self.slot, peer)
        {
            let bit = first_common(services, tables.rule_set(index).ok_or(Reason::Internal)?);
            if bit != NOBODY {
                return self.rule::<A, T>(bit, context);
            }
        }
        if self.own.flags & HAS_GROUPS != 0
            && let Some(set) = A::member(tables, context.interface.vpc, peer)
            && let Some(index) = tables.group_rules(self.slot, set, A::FAMILY)
        {
            let bit = first_common(services, tables.rule_set(index).ok_or(Reason::Internal)?);
            if bit != NOBODY {
                return self.rule::<A, T>(bit, context);
            }
        }
        Err(Reason::NoPeer)
    }

    #[inline(always)]
    fn rule<A: Address, T: Tables>(&self, bit: u32, context: &Context<'_, T>) -> Result<u32, Reason> {
        context.tables.rule_number(self.slot, A::FAMILY, bit).ok_or(Reason::Internal)
    }
}

/// The rules that name a protocol and port, or ICMP type and code: at most three steps down the radix.
#[inline(always)]
fn services<T: Tables>(tables: &T, root: u32, number: u8, service: u16) -> Result<Option<&RuleSet>, Reason> {
    let [high, low] = service.to_be_bytes();
    let mut entry = root;
    for octet in [number, high, low] {
        if entry & LEAF == 0 {
            entry = tables.page(entry).ok_or(Reason::Internal)?.entries[usize::from(octet)];
        }
    }
    match entry ^ LEAF {
        0 => Ok(None),
        index => tables.rule_set(index).ok_or(Reason::Internal).map(Some),
    }
}

/// The lowest rule that is in both sets; [`NOBODY`] if none is.
#[inline(always)]
fn first_common(one: &RuleSet, other: &RuleSet) -> u32 {
    for word in 0..RULE_WORDS {
        let common = one.words[word] & other.words[word];
        if common != 0 {
            return word as u32 * 64 + common.trailing_zeros();
        }
    }
    NOBODY
}
