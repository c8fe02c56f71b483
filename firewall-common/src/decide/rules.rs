//! Rules: which of them allow a packet.

use super::{Context, Tables};
use crate::abi::{
    HAS_CIDRS, HAS_GROUPS, HAS_LISTS, LEAF, NO_RULE, OPEN_TCP, OPEN_UDP, RuleSet, SlotFamily, list_filter_place,
};
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
    /// The lowest of them that is for anyone, or [`NO_RULE`].
    anyone: u32,
}

/// The number that no rule has. Numbers rather than options, since they have to stay in registers that are always set.
pub const NOBODY: u32 = 0;

impl<'t> Judge<'t> {
    /// Looks up the service of a packet that goes in a direction. The cell is read once, so that both policies are of
    /// the same age.
    #[inline(always)]
    pub fn of<A: Address, T: Tables>(
        packet: &Packet<A>,
        direction: Direction,
        context: &'t Context<'_, T>,
    ) -> Result<Self, Reason> {
        let tables = &context.tables;
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
            Some(services) => services.anyone(),
            None => NO_RULE,
        };
        Ok(Self { slot, own, other, services, anyone })
    }

    /// The host-wide number of the rule by which a packet passes without a flow, as in the service: it opens a port of TCP
    /// or UDP to anyone, and the other direction is open to anyone on all ports. The answers pass in the same way, by
    /// the port that they come from. [`NOBODY`] if there is no such rule.
    #[inline(always)]
    pub fn untracked<A: Address, T: Tables>(&self, packet: &Packet<A>, context: &Context<'_, T>) -> u32 {
        if self.anyone == NO_RULE {
            return NOBODY;
        }
        let open = match packet.protocol {
            protocol::TCP => OPEN_TCP,
            protocol::UDP => OPEN_UDP,
            _ => return NOBODY,
        };
        if self.other.flags & open != 0 || self.own.flags & open != 0 && self.is_answer(packet, context) {
            return self.rule::<A, T>(self.anyone, context);
        }
        NOBODY
    }

    /// Whether a packet comes from a port that the other direction opens to anyone.
    #[inline(always)]
    fn is_answer<A: Address, T: Tables>(&self, packet: &Packet<A>, context: &Context<'_, T>) -> bool {
        let asked = services(&context.tables, self.other.services, packet.protocol, packet.transport.source_port);
        asked.is_ok_and(|asked| asked.is_some_and(|asked| asked.anyone() != NO_RULE))
    }

    /// The host-wide number of a rule that allows the packet: the lowest of those for anyone, else of those for a CIDR,
    /// else of those for a prefix list, else of those for a group; [`NOBODY`] if none does. The cheaper question comes first,
    /// and the dearer ones are not asked after an answer.
    #[inline(always)]
    pub fn admit<A: Address, T: Tables>(&self, packet: &Packet<A>, context: &Context<'_, T>) -> u32 {
        let Some(services) = self.services else { return NOBODY };
        let mut bit = self.anyone;
        if bit == NO_RULE {
            let slot_and_vpc = [self.slot, context.interface.vpc];
            bit = A::rule_for(&context.tables, services, self.own, slot_and_vpc, context.peer(packet));
        }
        if bit == NO_RULE { NOBODY } else { self.rule::<A, T>(bit, context) }
    }

    /// Why no rule allows the packet.
    #[inline(always)]
    pub const fn refusal(&self) -> Reason {
        if self.services.is_some() { Reason::NoPeer } else { Reason::NoService }
    }

    /// The number of a rule. One that has none, because the tables contradict themselves, allows nothing.
    #[inline(always)]
    fn rule<A: Address, T: Tables>(&self, bit: u32, context: &Context<'_, T>) -> u32 {
        context.tables.rule_number(self.slot, A::FAMILY, bit).unwrap_or(NOBODY)
    }
}

/// The lowest of the rules given that names a peer: of those for a CIDR, else of those for a prefix list, else of those for
/// a group; [`NO_RULE`] if none does. What no rule of the service names is not looked up, and filters keep tries from being
/// walked for nothing.
#[inline(always)]
pub fn by_peer<A: Address, T: Tables>(
    tables: &T,
    services: &RuleSet,
    own: &SlotFamily,
    [slot, vpc]: [u32; 2],
    peer: &A,
) -> u32 {
    let kinds = services.kinds();
    if kinds & HAS_CIDRS != 0
        && own.cidr_filter.contains(peer.filter_octet())
        && let Some(index) = A::cidr(tables, slot, *peer)
    {
        let Some(rules) = tables.rule_set(index) else { return NO_RULE };
        let bit = tables.first_common(services, rules, own.words);
        if bit != NO_RULE {
            return bit;
        }
    }
    if kinds & HAS_LISTS != 0
        && may_be_listed(tables, peer)
        && let Some(set) = A::lists(tables, *peer)
        && let Some(index) = tables.list_rules(slot, set, A::FAMILY)
    {
        let Some(rules) = tables.rule_set(index) else { return NO_RULE };
        let bit = tables.first_common(services, rules, own.words);
        if bit != NO_RULE {
            return bit;
        }
    }
    if kinds & HAS_GROUPS != 0
        && let Some(set) = A::member(tables, vpc, *peer)
        && let Some(index) = tables.group_rules(slot, set, A::FAMILY)
    {
        let Some(rules) = tables.rule_set(index) else { return NO_RULE };
        return tables.first_common(services, rules, own.words);
    }
    NO_RULE
}

/// Whether some prefix list may have an entry that covers an address: what the filter in front of the trie says.
#[inline(always)]
fn may_be_listed<A: Address, T: Tables>(tables: &T, peer: &A) -> bool {
    let (word, bit) = list_filter_place(A::FAMILY, peer.list_filter_bits());
    tables.list_filter(word).is_some_and(|bits| bits >> bit & 1 == 1)
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
