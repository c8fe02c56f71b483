//! Rules: which of them allow a packet.

use super::{Context, Tables};
use crate::abi::{HAS_CIDRS, HAS_GROUPS, HAS_LISTS, LEAF, RULE_WORDS, RuleSet, list_filter_place};
use crate::packet::{Address, Packet};
use crate::verdict::{Direction, Reason};

/// The host-wide number of a rule that allows the packet: the lowest of those for anyone, else of those for a CIDR,
/// else of those for a prefix list, else of those for a group. The cheaper question comes first, and the dearer ones are
/// not asked after an answer.
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

    let words = family.words;
    if let Some(bit) = first_common(services, &family.anyone, words) {
        return rule(tables, number, A::FAMILY, bit);
    }
    if family.flags & HAS_CIDRS != 0
        && family.cidr_filter.contains(peer.filter_octet())
        && let Some(index) = A::cidr(tables, number, peer)
        && let Some(bit) = first_common(services, tables.rule_set(index).ok_or(Reason::Internal)?, words)
    {
        return rule(tables, number, A::FAMILY, bit);
    }
    if family.flags & HAS_LISTS != 0
        && may_be_listed(tables, peer)
        && let Some(set) = A::lists(tables, peer)
        && let Some(index) = tables.list_rules(number, set, A::FAMILY)
        && let Some(bit) = first_common(services, tables.rule_set(index).ok_or(Reason::Internal)?, words)
    {
        return rule(tables, number, A::FAMILY, bit);
    }
    if family.flags & HAS_GROUPS != 0
        && let Some(set) = A::member(tables, context.interface.vpc, peer)
        && let Some(index) = tables.group_rules(number, set, A::FAMILY)
        && let Some(bit) = first_common(services, tables.rule_set(index).ok_or(Reason::Internal)?, words)
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

/// Whether some prefix list may have an entry that covers an address: what the filter in front of the trie says.
#[inline(always)]
fn may_be_listed<A: Address, T: Tables>(tables: &T, peer: A) -> bool {
    let (word, bit) = list_filter_place(A::FAMILY, peer.list_filter_bits());
    tables.list_filter(word).is_some_and(|bits| bits >> bit & 1 == 1)
}

/// The lowest rule that is in both sets, of which the first words count.
#[inline(always)]
fn first_common(one: &RuleSet, other: &RuleSet, words: u32) -> Option<u32> {
    for word in 0..RULE_WORDS {
        if word as u32 >= words {
            break;
        }
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
