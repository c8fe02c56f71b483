//! Rules: which of them allow a packet.

use super::{Context, Tables};
use crate::abi::{HAS_CIDRS, HAS_GROUPS, LEAF, RULE_WORDS, RuleSet};
use crate::packet::{Address, Packet};
use crate::verdict::{Direction, Reason};

/// The host-wide number of a rule that allows the packet: the lowest of those for anyone, else of those for a CIDR,
/// else of those for a group. The cheaper question comes first, and the dearer ones are not asked after an answer.
#[inline(always)]
pub fn judge<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> Result<u32, Reason> {
    let tables = context.tables;
    let cell = tables.cell(context.interface.attachment).ok_or(Reason::NoPolicy)?;
    let (number, peer) = match context.direction {
        Direction::Inbound => (cell.inbound, packet.source),
        Direction::Outbound => (cell.outbound, packet.destination),
    };
    if number == 0 {
        return Err(Reason::NoPolicy);
    }
    let family = &tables.slot(number).ok_or(Reason::NoPolicy)?.families[A::FAMILY];
    let services = services(tables, family.services, packet)?;

    if let Some(bit) = first_common(services, &family.anyone) {
        return rule(tables, number, A::FAMILY, bit);
    }
    if family.flags & HAS_CIDRS != 0
        && let Some(index) = A::cidr(tables, number, peer)
        && let Some(bit) = first_common(services, tables.rule_set(index).ok_or(Reason::Internal)?)
    {
        return rule(tables, number, A::FAMILY, bit);
    }
    if family.flags & HAS_GROUPS != 0
        && let Some(set) = A::member(tables, context.interface.vpc, peer)
        && let Some(index) = tables.group_rules(number, set, A::FAMILY)
        && let Some(bit) = first_common(services, tables.rule_set(index).ok_or(Reason::Internal)?)
    {
        return rule(tables, number, A::FAMILY, bit);
    }
    Err(Reason::NoPeer)
}

/// The rules that name the packet's protocol and port, or ICMP type and code: at most three steps down the radix.
#[inline(always)]
fn services<'a, A: Address, T: Tables>(tables: &'a T, root: u32, packet: &Packet<A>) -> Result<&'a RuleSet, Reason> {
    let [high, low] = packet.transport.service.to_be_bytes();
    let mut entry = root;
    for octet in [packet.protocol, high, low] {
        if entry & LEAF == 0 {
            entry = tables.page(entry).ok_or(Reason::Internal)?.entries[usize::from(octet)];
        }
    }
    match entry ^ LEAF {
        0 => Err(Reason::NoService),
        index => tables.rule_set(index).ok_or(Reason::Internal),
    }
}

/// The lowest rule that is in both sets.
#[inline(always)]
fn first_common(one: &RuleSet, other: &RuleSet) -> Option<u32> {
    for word in 0..RULE_WORDS {
        let common = one.words[word] & other.words[word];
        if common != 0 {
            return Some(word as u32 * 64 + common.trailing_zeros());
        }
    }
    None
}

#[inline(always)]
fn rule<T: Tables>(tables: &T, slot: u32, family: usize, bit: u32) -> Result<u32, Reason> {
    tables.rule_number(slot, family, bit).ok_or(Reason::Internal)
}
