//! A layout for tables that another controller filled.
//!
//! What the live cells reach stays untouched until the first plan has published policies of its own beside it; then it is
//! retired as a whole, together with whatever an interrupted change left behind.

use super::layout::Layout;
use super::members::MemberKey;
use super::plan::{Removal, TableFull, Write};
use super::{Desired, Limits};
use crate::model::GroupId;
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, GroupRules, GroupRulesKey, LEAF, MemberKeyV4, MemberKeyV6, Page, PolicyCell, Slot, V4, V6,
    map,
};
use imbl::{OrdMap, OrdSet};
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
    pub members: BTreeMap<(u32, IpAddr), u32>,
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
}

/// What is in the tables without the layout knowing what it means.
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    /// Slots that cells name.
    live: OrdSet<u32>,
    /// All slots that anything names.
    slots: OrdSet<u32>,
    pages: OrdSet<u32>,
    rule_sets: OrdSet<u32>,
    sets: OrdSet<u32>,
    group_rules: OrdMap<GroupRulesKey, GroupRules>,
    removals: Vec<Removal>,
}

impl Layout {
    /// The layout of tables that another controller filled.
    #[must_use]
    pub fn adopt(limits: Limits, observed: &Observed) -> Self {
        let Observed { cells, pages, rule_sets, cidrs_v4, cidrs_v6, group_rules, members } = observed;
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
        let mut sets: OrdSet<u32> = members.values().copied().collect();
        for key in group_rules.keys() {
            slots.insert(key.slot);
            sets.insert(key.set);
            removals.push(Removal::GroupRules(*key));
        }
        layout.occupied.cidrs[V4] = cidrs_v4.len() as u32;
        layout.occupied.cidrs[V6] = cidrs_v6.len() as u32;
        layout.occupied.group_rules = group_rules.len() as u32;
        let rule_sets: OrdSet<u32> = rule_sets.iter().copied().filter(|set| *set != 0).collect();
        let pages: OrdSet<u32> = pages.iter().copied().collect();
        // In ascending order, so that a gap is noted once.
        slots.iter().for_each(|slot| layout.slots.reserve(*slot));
        pages.iter().for_each(|page| layout.pages.numbers().reserve(*page));
        rule_sets.iter().for_each(|set| layout.rule_sets.numbers().reserve(*set));
        sets.iter().for_each(|set| layout.sets.numbers().reserve(*set));
        layout.cells = cells.iter().map(|(number, cell)| (*number, *cell)).collect();
        layout.members = members.iter().map(|(key, set)| (*key, *set)).collect();
        let group_rules = group_rules.iter().map(|(key, rules)| (*key, *rules)).collect();
        layout.foreign = Some(Foreign { live, slots, pages, rule_sets, sets, group_rules, removals });
        layout
    }

    /// The set of each member wanted, when another controller has given them sets. What those mean is known only to the
    /// policies still in force, and these must go on treating every member as they do: so members share a set only if they
    /// had the same one before. A set keeps its number for the first groups found, unless a member of it goes.
    pub(super) fn intern_foreign_members(&mut self, desired: &Desired) -> Result<BTreeMap<MemberKey, u32>, TableFull> {
        let goes = |key: &MemberKey| desired.members.get(key).is_none_or(BTreeSet::is_empty);
        let leaving: BTreeSet<u32> = self.members.iter().filter(|(key, _)| goes(key)).map(|(_, set)| *set).collect();
        let mut members = BTreeMap::new();
        let mut known: BTreeMap<(&BTreeSet<GroupId>, Option<u32>), u32> = BTreeMap::new();
        for (key, groups) in desired.members.iter().filter(|(_, groups)| !groups.is_empty()) {
            let old = self.members.get(key).copied();
            let set = match known.get(&(groups, old)) {
                Some(set) => *set,
                None => {
                    let content = Arc::new(groups.clone());
                    match old.filter(|old| !leaving.contains(old) && self.sets.get(*old).is_none()) {
                        Some(old) => {
                            self.sets.bind(old, content);
                            old
                        }
                        None => {
                            let interned = self.sets.intern_apart(content);
                            interned.map_err(|limit| TableFull { table: map::GROUP_RULES, limit })?
                        }
                    }
                }
            };
            known.insert((groups, old), set);
            self.sets.retain(set);
            members.insert(*key, set);
        }
        Ok(members)
    }

    /// Gives members that get a new set the rules that the policies still in force have for their old one: until the
    /// cells are published, nothing may change for them.
    pub(super) fn alias_foreign_members(
        &mut self,
        members: &BTreeMap<MemberKey, u32>,
        writes: &mut Vec<Write>,
    ) -> Result<(), TableFull> {
        let Some(mut foreign) = self.foreign.take() else { return Ok(()) };
        for (key, set) in members {
            let Some(old) = self.members.get(key).copied() else { continue };
            if old == *set || foreign.sets.contains(set) {
                continue;
            }
            for slot in &foreign.live {
                let alias = GroupRulesKey { slot: *slot, set: *set };
                let known = foreign.group_rules.get(&GroupRulesKey { slot: *slot, set: old }).copied();
                if let Some(rules) = known.filter(|_| !foreign.group_rules.contains_key(&alias)) {
                    self.occupy_group_rules()?;
                    foreign.group_rules.insert(alias, rules);
                    foreign.removals.push(Removal::GroupRules(alias));
                    writes.push(Write::GroupRules { key: alias, rules });
                }
            }
        }
        self.foreign = Some(foreign);
        Ok(())
    }

    /// Retires all that another controller left; the plan has replaced it.
    pub(super) fn retire_foreign(&mut self) {
        let Some(Foreign { live: _, slots, pages, rule_sets, sets, group_rules: _, removals }) = self.foreign.take()
        else {
            return;
        };
        self.removals.extend(removals);
        slots.iter().for_each(|slot| self.slots.retire(*slot));
        pages.iter().for_each(|page| self.pages.numbers().retire(*page));
        rule_sets.iter().for_each(|set| self.rule_sets.numbers().retire(*set));
        let unbound: Vec<u32> = sets.iter().copied().filter(|set| self.sets.get(*set).is_none()).collect();
        unbound.into_iter().for_each(|set| self.sets.numbers().retire(set));
    }
}
