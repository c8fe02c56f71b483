//! All rules by which tables would let a packet through. The decision asks for one of them and no more; whoever wants to know
//! what the tables hold asks for all.

use super::Probe;
use firewall_common::abi::{
    HAS_ANYONE, HAS_CIDRS, HAS_GROUPS, HAS_LISTS, Interface, LEAF, RuleSet, SlotFamily, list_filter_place,
};
use firewall_common::decide::Tables;
use firewall_common::packet::Address;
use firewall_common::verdict::Direction;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Host-wide numbers of the rules that allow a packet.
pub(super) fn allowing<T: Tables>(tables: &T, entry: &Interface, probe: &Probe) -> BTreeSet<u32> {
    let found = match probe.peer() {
        IpAddr::V4(peer) => of_family(tables, entry, probe, peer.octets()),
        IpAddr::V6(peer) => of_family(tables, entry, probe, peer.octets()),
    };
    found.unwrap_or_default()
}

/// None where a table has no entry that is needed.
fn of_family<A: Address, T: Tables>(tables: &T, entry: &Interface, probe: &Probe, peer: A) -> Option<BTreeSet<u32>> {
    let cell = tables.cell(entry.attachment)?;
    let slot = match probe.direction {
        Direction::Inbound => cell.inbound,
        Direction::Outbound => cell.outbound,
    };
    let own = &tables.slot(slot).filter(|_| slot != 0)?.families[A::FAMILY];
    let services = services(tables, own, probe)?;
    let peers = peers(tables, own, services.kinds(), [slot, entry.vpc], peer);
    let bits = services.iter().filter(|bit| *bit < own.words as usize * 64);
    let bits = bits.filter(|bit| peers.iter().any(|set| set.contains(*bit)));
    let numbers = bits.filter_map(|bit| tables.rule_number(slot, A::FAMILY, u32::try_from(bit).ok()?));
    Some(numbers.filter(|number| *number != 0).collect())
}

/// The rules that name its protocol and port, or type and code.
fn services<'t, T: Tables>(tables: &'t T, own: &SlotFamily, probe: &Probe) -> Option<&'t RuleSet> {
    let [high, low] = probe.service.to_be_bytes();
    let mut entry = own.services;
    for octet in [probe.protocol, high, low] {
        if entry & LEAF == 0 {
            entry = tables.page(entry)?.entries[usize::from(octet)];
        }
    }
    match entry ^ LEAF {
        0 => None,
        index => tables.rule_set(index),
    }
}

/// The rules that name the peer: by all ways that the decision would look for.
fn peers<A: Address, T: Tables>(
    tables: &T,
    own: &SlotFamily,
    kinds: u32,
    [slot, vpc]: [u32; 2],
    peer: A,
) -> Vec<RuleSet> {
    let has = |kind: u32| kinds & kind != 0;
    let by_cidr = || A::cidr(tables, slot, peer).filter(|_| own.cidr_filter.contains(peer.filter_octet()));
    let by_list = || {
        let (word, bit) = list_filter_place(A::FAMILY, peer.list_filter_bits());
        tables.list_filter(word).filter(|bits| bits >> bit & 1 == 1)?;
        tables.list_rules(slot, A::lists(tables, peer)?, A::FAMILY)
    };
    let by_group = || tables.group_rules(slot, A::member(tables, vpc, peer)?, A::FAMILY);
    let indices = [
        has(HAS_CIDRS).then(by_cidr).flatten(),
        has(HAS_LISTS).then(by_list).flatten(),
        has(HAS_GROUPS).then(by_group).flatten(),
    ];
    let sets = indices.into_iter().flatten().filter_map(|index| tables.rule_set(index).copied());
    sets.chain(has(HAS_ANYONE).then_some(own.anyone)).collect()
}
