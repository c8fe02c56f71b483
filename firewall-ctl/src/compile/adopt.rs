//! A layout for tables that another controller filled.
//!
//! What the live cells reach stays untouched until the first plan has published policies of its own beside it; then it is
//! retired as a whole, together with whatever an interrupted change left behind.

use super::filter::Filter;
use super::layout::Layout;
use super::plan::{Removal, TableFull, Write};
use super::sets::{Name, Sets};
use super::{Limits, MemberKey};
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, GroupRules, GroupRulesKey, LEAF, MemberKeyV4, MemberKeyV6, Page, PolicyCell, Slot, V4, V6,
};
use imbl::{OrdMap, OrdSet};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// What was found in the tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Cells by attachment number, those that name a policy.
    pub cells: BTreeMap<u32, PolicyCell>,
    /// Pages that the policies of the cells reach.
    pub pages: BTreeSet<u32>,
    /// Rule sets that anything in the tables names.
    pub rule_sets: BTreeSet<u32>,
    /// Prefixes, with the bits that count.
    pub cidrs_v4: Vec<(u32, CidrKeyV4)>,
    /// Prefixes, with the bits that count.
    pub cidrs_v6: Vec<(u32, CidrKeyV6)>,
    /// Rules of policies for sets of groups.
    pub group_rules: BTreeMap<GroupRulesKey, GroupRules>,
    /// Members with their set.
    pub members: BTreeMap<MemberKey, u32>,
    /// Entries of prefix lists with their set.
    pub lists: BTreeMap<IpNet, u32>,
    /// Words of the filter in front of them that are not zero.
    pub list_filter: BTreeMap<u32, u64>,
    /// Rules of policies for sets of prefix lists.
    pub list_rules: BTreeMap<GroupRulesKey, GroupRules>,
}

impl Observed {
    /// Notes what a policy reaches.
    pub fn add_slot(&mut self, slot: &Slot, page: &mut impl FnMut(u32) -> Option<Page>) {
        for family in slot.families {
            self.add_entry(family.services, page);
        }
    }

    fn add_entry(&mut self, entry: u32, page: &mut impl FnMut(u32) -> Option<Page>) {
        if entry & LEAF != 0 {
            self.rule_sets.insert(entry & !LEAF);
        } else if self.pages.insert(entry) {
            let children: BTreeSet<u32> = page(entry).into_iter().flat_map(|page| page.entries).collect();
            for child in children {
                self.add_entry(child, page);
            }
        }
    }

    /// Notes a prefix.
    pub fn add_cidr_v4(&mut self, prefix_len: u32, key: CidrKeyV4, rules: u32) {
        self.cidrs_v4.push((prefix_len, key));
        self.rule_sets.insert(rules);
    }

    /// Notes a prefix.
    pub fn add_cidr_v6(&mut self, prefix_len: u32, key: CidrKeyV6, rules: u32) {
        self.cidrs_v6.push((prefix_len, key));
        self.rule_sets.insert(rules);
    }

    /// Notes rules of a policy for a set of groups.
    pub fn add_group_rules(&mut self, key: GroupRulesKey, rules: GroupRules) {
        self.group_rules.insert(key, rules);
        self.rule_sets.extend(rules.rule_sets);
    }

    /// Notes a member.
    pub fn add_member_v4(&mut self, key: MemberKeyV4, set: u32) {
        self.members.insert((key.vpc, IpAddr::from(key.address)), set);
    }

    /// Notes a member.
    pub fn add_member_v6(&mut self, key: MemberKeyV6, set: u32) {
        self.members.insert((key.vpc, IpAddr::from(key.address)), set);
    }

    /// Notes an entry of prefix lists.
    pub fn add_list(&mut self, address: IpAddr, prefix_len: u32, set: u32) {
        let all = if address.is_ipv4() { 32 } else { 128 };
        self.lists.insert(IpNet::new_assert(address, prefix_len.min(all) as u8).trunc(), set);
    }

    /// Notes a word of the filter in front of the prefix lists.
    pub fn add_list_filter(&mut self, index: u32, bits: u64) {
        if bits != 0 {
            self.list_filter.insert(index, bits);
        }
    }

    /// Notes rules of a policy for a set of prefix lists.
    pub fn add_list_rules(&mut self, key: GroupRulesKey, rules: GroupRules) {
        self.list_rules.insert(key, rules);
        self.rule_sets.extend(rules.rule_sets);
    }
}

/// What is in the tables without the layout knowing what it means.
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    /// All slots that anything names.
    slots: OrdSet<u32>,
    pages: OrdSet<u32>,
    rule_sets: OrdSet<u32>,
    removals: Vec<Removal>,
}

/// The set that something has, by number, and what it is wanted to have.
pub(super) type Wish<'a, N> = (Option<u32>, Option<&'a Arc<BTreeSet<N>>>);

/// Sets of groups or prefix lists whose content is not known, and the rules for them.
#[derive(Debug, Clone)]
pub(super) struct ForeignSets {
    /// Slots that cells name.
    live: OrdSet<u32>,
    sets: OrdSet<u32>,
    rules: OrdMap<GroupRulesKey, GroupRules>,
    /// Sets that have become other ones, for whoever has them still.
    aliases: BTreeSet<(u32, u32)>,
    removals: Vec<Removal>,
}

impl Layout {
    /// The layout of tables that another controller filled.
    #[must_use]
    pub fn adopt(limits: Limits, observed: &Observed) -> Self {
        let Observed {
            cells,
            pages,
            rule_sets,
            cidrs_v4,
            cidrs_v6,
            group_rules,
            members,
            lists,
            list_filter,
            list_rules,
        } = observed;
        let mut layout = Self::new(limits);
        let live: OrdSet<u32> =
            cells.values().flat_map(|cell| [cell.inbound, cell.outbound]).filter(|slot| *slot != 0).collect();
        let mut slots = live.clone();
        let mut removals = Vec::new();
        for (prefix_len, key) in cidrs_v4 {
            slots.insert(u32::from_be_bytes(key.slot));
            removals.push(Removal::CidrV4 { prefix_len: *prefix_len, key: *key });
        }
        for (prefix_len, key) in cidrs_v6 {
            slots.insert(u32::from_be_bytes(key.slot));
            removals.push(Removal::CidrV6 { prefix_len: *prefix_len, key: *key });
        }
        slots.extend(group_rules.keys().chain(list_rules.keys()).map(|key| key.slot));
        layout.occupied.cidrs[V4] = cidrs_v4.len() as u32;
        layout.occupied.cidrs[V6] = cidrs_v6.len() as u32;
        let v4 = |is_v4: bool| usize::from(!is_v4);
        members.keys().for_each(|(_, address)| layout.occupied.members[v4(address.is_ipv4())] += 1);
        lists.keys().for_each(|net| layout.occupied.entries[v4(net.addr().is_ipv4())] += 1);
        let rule_sets: OrdSet<u32> = rule_sets.iter().copied().filter(|set| *set != 0).collect();
        let pages: OrdSet<u32> = pages.iter().copied().collect();
        // In ascending order, so that a gap is noted once.
        slots.iter().for_each(|slot| layout.slots.reserve(*slot));
        pages.iter().for_each(|page| layout.pages.numbers().reserve(*page));
        rule_sets.iter().for_each(|set| layout.rule_sets.numbers().reserve(*set));
        layout.groups.adopt(&live, members.values().copied(), group_rules);
        layout.lists.adopt(&live, lists.values().copied(), list_rules);
        layout.cells = cells.iter().map(|(number, cell)| (*number, *cell)).collect();
        layout.members = members.iter().map(|(key, set)| (*key, *set)).collect();
        layout.entries = lists.iter().map(|(net, set)| (*net, *set)).collect();
        layout.filter = Filter::adopt(list_filter.iter().map(|(index, bits)| (*index, *bits)));
        layout.foreign = Some(Foreign { slots, pages, rule_sets, removals });
        layout
    }

    /// Retires all that another controller left; the plan has replaced it.
    pub(super) fn retire_foreign(&mut self) {
        let Some(Foreign { slots, pages, rule_sets, removals }) = self.foreign.take() else { return };
        self.removals.extend(removals);
        slots.iter().for_each(|slot| self.slots.retire(*slot));
        pages.iter().for_each(|page| self.pages.numbers().retire(*page));
        rule_sets.iter().for_each(|set| self.rule_sets.numbers().retire(*set));
        self.removals.extend(self.groups.retire_foreign());
        self.removals.extend(self.lists.retire_foreign());
    }
}

impl<N: Name> Sets<N> {
    /// Takes over what is in the tables.
    fn adopt(
        &mut self,
        live: &OrdSet<u32>,
        held: impl Iterator<Item = u32>,
        rules: &BTreeMap<GroupRulesKey, GroupRules>,
    ) {
        let sets: OrdSet<u32> = held.chain(rules.keys().map(|key| key.set)).collect();
        sets.iter().for_each(|set| self.interner().numbers().reserve(*set));
        self.occupied = rules.len() as u32;
        self.foreign = Some(ForeignSets {
            live: live.clone(),
            sets,
            rules: rules.iter().map(|(key, rules)| (*key, *rules)).collect(),
            aliases: BTreeSet::new(),
            removals: rules.keys().map(|key| N::removal(*key)).collect(),
        });
    }

    /// The set of each of many, when another controller has given them sets: given the set that it has, and what it is
    /// wanted to have. What the old sets mean is known only to the policies still in force, and these must go on treating
    /// all as they do: so two share a set only if they had the same one before. A set keeps its number for the first
    /// content found, unless something that has it goes.
    pub(super) fn number_foreign(&mut self, wishes: &[Wish<'_, N>]) -> Result<Vec<Option<u32>>, TableFull> {
        let going = wishes.iter().filter(|(_, wanted)| wanted.is_none());
        let leaving: BTreeSet<u32> = going.filter_map(|(old, _)| *old).collect();
        let mut known: BTreeMap<(&BTreeSet<N>, Option<u32>), u32> = BTreeMap::new();
        let mut numbers = Vec::with_capacity(wishes.len());
        for (old, wanted) in wishes.iter().copied() {
            let Some(wanted) = wanted else {
                numbers.push(old);
                continue;
            };
            let number = match known.get(&(wanted.as_ref(), old)) {
                Some(number) => *number,
                None => match old.filter(|old| !leaving.contains(old) && self.get(*old).is_none()) {
                    Some(old) => {
                        self.interner().bind(old, Arc::clone(wanted));
                        old
                    }
                    None => {
                        let interned = self.interner().intern_apart(Arc::clone(wanted));
                        interned.map_err(|limit| TableFull { table: N::TABLE, limit })?
                    }
                },
            };
            known.insert((wanted.as_ref(), old), number);
            numbers.push(Some(number));
            if let (Some(old), Some(foreign)) = (old.filter(|old| *old != number), &mut self.foreign) {
                foreign.aliases.insert((old, number));
            }
        }
        Ok(numbers)
    }

    /// Gives sets that are new the rules that the policies still in force have for the old ones in their place: until the
    /// cells are published, nothing may change for whoever has them.
    pub(super) fn alias_foreign(&mut self, writes: &mut Vec<Write>) -> Result<(), TableFull> {
        let Some(mut foreign) = self.foreign.take() else { return Ok(()) };
        for (old, number) in &foreign.aliases {
            for slot in &foreign.live {
                let key = GroupRulesKey { slot: *slot, set: *number };
                if let Some(rules) = foreign.rules.get(&GroupRulesKey { slot: *slot, set: *old }).copied() {
                    self.occupy()?;
                    foreign.removals.push(N::removal(key));
                    writes.push(N::write(key, rules));
                }
            }
        }
        self.foreign = Some(foreign);
        Ok(())
    }

    /// Lets go of what another controller left, and says what is to be removed of it.
    fn retire_foreign(&mut self) -> Vec<Removal> {
        let Some(ForeignSets { live: _, sets, rules: _, aliases: _, removals }) = self.foreign.take() else {
            return Vec::new();
        };
        let unbound: Vec<u32> = sets.iter().copied().filter(|set| self.get(*set).is_none()).collect();
        unbound.into_iter().for_each(|set| self.interner().numbers().retire(set));
        removals
    }
}
