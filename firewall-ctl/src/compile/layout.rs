//! Places of policies, members and sets in the tables, and the way from one content to the next.
//!
//! A plan writes into free places only, so that packets judged meanwhile see the old policies whole, and then publishes
//! each policy by one store. What it leaves behind is retired: it becomes free by [`Layout::reclaim`], which the caller
//! runs when no packet can be under way any more that has read an old cell.
//!
//! A layout is a value: planning makes a new one, and a plan that is refused or dropped leaves the old one as it was.

use super::adopt::Foreign;
use super::intern::{Interner, Numbers};
use super::members::MemberKey;
use super::plan::{Plan, Removal, TableFull, Write};
use super::policy::{FamilyPolicy, Policy};
use super::services::{Node, radix};
use super::{Desired, Limits};
use crate::model::GroupId;
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, GroupRules, GroupRulesKey, LEAF, Page, PolicyCell, RULE_WORDS, RuleNumbers, RuleSet, Slot,
    SlotFamily, V4, V6, map,
};
use imbl::{OrdMap, Vector};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A policy in its slot.
#[derive(Debug, Clone)]
struct Placed {
    policy: Arc<Policy>,
    /// Entry into the services radix, of each family.
    services: [u32; 2],
    /// Index of the rules of each prefix.
    cidrs: Arc<BTreeMap<IpNet, u32>>,
}

/// Who holds which place in the tables.
#[derive(Debug, Clone)]
pub struct Layout {
    pub(super) limits: Limits,
    pub(super) slots: Numbers,
    placed: OrdMap<u32, Placed>,
    by_policy: OrdMap<Arc<Policy>, u32>,
    pub(super) pages: Interner<[u32; 256]>,
    pub(super) rule_sets: Interner<RuleSet>,
    pub(super) sets: Interner<BTreeSet<GroupId>>,
    group_rules: OrdMap<GroupRulesKey, GroupRules>,
    pub(super) members: OrdMap<MemberKey, u32>,
    pub(super) cells: OrdMap<u32, PolicyCell>,
    /// Entries of the tables that are looked up by key and wait for [`Layout::reclaim`].
    pub(super) removals: Vector<Removal>,
    /// Entries in the tries and in the table of group rules, those that wait for removal included.
    pub(super) occupied: Occupied,
    /// What another controller left, until the first plan has replaced it.
    pub(super) foreign: Option<Foreign>,
}

/// How full a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The map ([`firewall_common::abi::map`]).
    pub table: &'static str,
    /// Entries that are in use, or were so lately.
    pub entries: u32,
    /// Entries that there is room for.
    pub limit: u32,
}

/// Numbers of entries in the tables whose places have no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Occupied {
    pub(super) cidrs: [u32; 2],
    pub(super) group_rules: u32,
}

impl Layout {
    /// The layout of empty tables.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            slots: Numbers::new(1, limits.slots),
            placed: OrdMap::new(),
            by_policy: OrdMap::new(),
            pages: Interner::new(0, limits.pages),
            rule_sets: Interner::new(1, limits.rule_sets),
            sets: Interner::new(1, u32::MAX),
            group_rules: OrdMap::new(),
            members: OrdMap::new(),
            cells: OrdMap::new(),
            removals: Vector::new(),
            occupied: Occupied::default(),
            foreign: None,
        }
    }

    /// The way to the tables wanted, and the layout that holds once it is gone.
    ///
    /// # Errors
    /// Old and new content together do not fit into some table.
    pub fn plan(&self, desired: &Desired) -> Result<(Self, Plan), TableFull> {
        let mut next = self.clone();
        let mut plan = Plan::default();
        next.check_numbers(desired)?;
        let cells = next.place_policies(desired, &mut plan)?;
        let new_slots: Vec<u32> = next.placed.keys().filter(|slot| !self.placed.contains_key(*slot)).copied().collect();
        let members = next.intern_members(desired)?;
        let interim = next.intern_interim_sets(&members, desired)?;
        next.place_group_rules(self, &new_slots, &mut plan.writes)?;
        next.alias_foreign_members(&members, &mut plan.writes)?;
        next.change_members(&members, &interim, &mut plan)?;
        let gone = self.cells.keys().filter(|number| !cells.contains_key(*number));
        plan.cells = gone.map(|number| (*number, PolicyCell::default())).chain(cells.clone()).collect();
        next.cells = cells.into_iter().collect();
        next.retire_policies();
        next.retire_foreign();
        Ok((next, plan))
    }

    /// Frees what was retired, and says which entries to remove from the tables that are looked up by key. They must be
    /// gone before the next plan is written.
    pub fn reclaim(&mut self) -> Vec<Removal> {
        let removals: Vec<Removal> = std::mem::take(&mut self.removals).into_iter().collect();
        for removal in &removals {
            match removal {
                Removal::CidrV4 { .. } => self.occupied.cidrs[V4] -= 1,
                Removal::CidrV6 { .. } => self.occupied.cidrs[V6] -= 1,
                Removal::GroupRules(_) => self.occupied.group_rules -= 1,
                // Members are removed when the plan is published.
                Removal::MemberV4(_) | Removal::MemberV6(_) => {}
            }
        }
        self.slots.reclaim();
        self.pages.reclaim();
        self.rule_sets.reclaim();
        self.sets.reclaim();
        removals
    }

    /// Whether [`Layout::reclaim`] would free anything.
    #[must_use]
    pub fn has_retired(&self) -> bool {
        !self.removals.is_empty()
            || self.slots.has_unused()
            || self.pages.has_unused()
            || self.rule_sets.has_unused()
            || self.sets.has_unused()
    }

    /// The policies of an attachment, inbound and outbound, where this layout has placed them.
    pub(super) fn policies(&self, number: u32) -> Option<(&Policy, &Policy)> {
        let cell = self.cells.get(&number)?;
        let policy = |slot| self.placed.get(&slot).map(|placed| &*placed.policy);
        Some((policy(cell.inbound)?, policy(cell.outbound)?))
    }

    /// How full the tables are.
    #[must_use]
    pub fn usage(&self) -> Vec<Usage> {
        let members = |is_v4| self.members.keys().filter(|(_, address)| address.is_ipv4() == is_v4).count() as u32;
        let Occupied { cidrs, group_rules } = self.occupied;
        let Limits { slots, pages, rule_sets, cidrs_v4, cidrs_v6, members_v4, members_v6, .. } = self.limits;
        let usage = |table, entries, limit| Usage { table, entries, limit };
        vec![
            usage(map::SLOTS, self.slots.taken(), slots),
            usage(map::PAGES, self.pages.taken(), pages),
            usage(map::RULE_SETS, self.rule_sets.taken(), rule_sets),
            usage(map::CIDRS_V4, cidrs[V4], cidrs_v4),
            usage(map::CIDRS_V6, cidrs[V6], cidrs_v6),
            usage(map::MEMBERS_V4, members(true), members_v4),
            usage(map::MEMBERS_V6, members(false), members_v6),
            usage(map::GROUP_RULES, group_rules, self.limits.group_rules),
        ]
    }

    /// Numbers that stand for a place in a table without being given out by this layout.
    fn check_numbers(&self, desired: &Desired) -> Result<(), TableFull> {
        let Limits { attachments, rule_numbers, .. } = self.limits;
        if desired.interfaces.keys().any(|number| *number > attachments) {
            return Err(TableFull { table: map::CELLS, limit: attachments });
        }
        let policies = desired.interfaces.values().flat_map(|interface| [&interface.inbound, &interface.outbound]);
        let mut numbers = policies.flat_map(|policy| policy.families.iter()).flat_map(|family| &family.rules);
        if numbers.any(|number| *number > rule_numbers) {
            return Err(TableFull { table: map::RULE_COUNTERS, limit: rule_numbers });
        }
        Ok(())
    }

    /// Finds slots for all policies, and says which ones each attachment has.
    fn place_policies(&mut self, desired: &Desired, plan: &mut Plan) -> Result<BTreeMap<u32, PolicyCell>, TableFull> {
        let mut cells = BTreeMap::new();
        for (number, interface) in &desired.interfaces {
            let inbound = self.place_policy(&interface.inbound, &mut plan.writes)?;
            let outbound = self.place_policy(&interface.outbound, &mut plan.writes)?;
            cells.insert(*number, PolicyCell { inbound, outbound });
        }
        Ok(cells)
    }

    fn place_policy(&mut self, policy: &Arc<Policy>, writes: &mut Vec<Write>) -> Result<u32, TableFull> {
        if let Some(slot) = self.by_policy.get(policy) {
            return Ok(*slot);
        }
        let slot = self.slots.take().ok_or(TableFull { table: map::SLOTS, limit: self.limits.slots })?;
        let mut services = [0; 2];
        let mut cidrs = BTreeMap::new();
        let mut content = Slot::default();
        for (family, rules) in policy.families.iter().enumerate() {
            services[family] = self.place_node(&radix(rules, family), writes)?;
            self.retain_entry(services[family]);
            for (net, covered) in &rules.cidrs {
                let index = self.place_rule_set(covered, writes)?;
                self.rule_sets.retain(index);
                writes.push(self.place_cidr(slot, *net, index)?);
                cidrs.insert(*net, index);
            }
            let numbers = rule_numbers(rules);
            writes.push(Write::RuleNumbers { index: slot * 2 + u32::from(family == V6), numbers });
            content.families[family] =
                SlotFamily { flags: rules.flags(family), services: services[family], anyone: rules.anyone };
        }
        writes.push(Write::Slot { index: slot, slot: Box::new(content) });
        self.placed.insert(slot, Placed { policy: Arc::clone(policy), services, cidrs: Arc::new(cidrs) });
        self.by_policy.insert(Arc::clone(policy), slot);
        Ok(slot)
    }

    fn place_node(&mut self, node: &Node, writes: &mut Vec<Write>) -> Result<u32, TableFull> {
        let children = match node {
            Node::Uniform(rules) => return Ok(LEAF | self.place_rule_set(rules, writes)?),
            Node::Split(children) => children,
        };
        let mut entries = [LEAF; 256];
        for (entry, child) in entries.iter_mut().zip(children) {
            *entry = self.place_node(child, writes)?;
        }
        let interned = self.pages.intern(Arc::new(entries));
        let (index, fresh) = interned.map_err(|limit| TableFull { table: map::PAGES, limit })?;
        if fresh {
            writes.push(Write::Page { index, page: Box::new(Page { entries }) });
        }
        Ok(index)
    }

    fn place_rule_set(&mut self, rules: &RuleSet, writes: &mut Vec<Write>) -> Result<u32, TableFull> {
        if rules.is_empty() {
            return Ok(0);
        }
        let interned = self.rule_sets.intern(Arc::new(*rules));
        let (index, fresh) = interned.map_err(|limit| TableFull { table: map::RULE_SETS, limit })?;
        if fresh {
            writes.push(Write::RuleSet { index, rules: Box::new(*rules) });
        }
        Ok(index)
    }

    fn place_cidr(&mut self, slot: u32, net: IpNet, rules: u32) -> Result<Write, TableFull> {
        let (family, table, limit) = match net {
            IpNet::V4(_) => (V4, map::CIDRS_V4, self.limits.cidrs_v4),
            IpNet::V6(_) => (V6, map::CIDRS_V6, self.limits.cidrs_v6),
        };
        if self.occupied.cidrs[family] >= limit {
            return Err(TableFull { table, limit });
        }
        self.occupied.cidrs[family] += 1;
        let prefix_len = cidr_prefix_len(net);
        Ok(match net {
            IpNet::V4(net) => Write::CidrV4 { prefix_len, key: cidr_key_v4(slot, net), rules },
            IpNet::V6(net) => Write::CidrV6 { prefix_len, key: cidr_key_v6(slot, net), rules },
        })
    }

    /// Adds a reference to what an entry of the radix stands for, and with the first one to all that lies below.
    fn retain_entry(&mut self, entry: u32) {
        if entry & LEAF != 0 {
            self.rule_sets.retain(entry & !LEAF);
        } else if self.pages.retain(entry) {
            for child in self.children(entry) {
                self.retain_entry(child);
            }
        }
    }

    /// Takes back what [`Layout::retain_entry`] added.
    fn release_entry(&mut self, entry: u32) {
        if entry & LEAF != 0 {
            self.rule_sets.release(entry & !LEAF);
        } else if self.pages.release(entry) {
            for child in self.children(entry) {
                self.release_entry(child);
            }
        }
    }

    /// The distinct entries of a page.
    fn children(&self, page: u32) -> BTreeSet<u32> {
        self.pages.get(page).map(|entries| entries.iter().copied().collect()).unwrap_or_default()
    }

    /// Rules of new policies for all sets, and of all policies for new sets. The old ones count, too: a packet may meet any
    /// of them before the plan is through.
    fn place_group_rules(&mut self, old: &Self, new_slots: &[u32], writes: &mut Vec<Write>) -> Result<(), TableFull> {
        let was_live: BTreeSet<u32> = old.sets.live().map(|(set, _)| set).collect();
        let sets: Vec<u32> = self.sets.live().map(|(set, _)| set).collect();
        let names_groups = |placed: &Placed| placed.policy.families.iter().any(|family| !family.groups.is_empty());
        let slots: Vec<u32> =
            self.placed.iter().filter(|(_, placed)| names_groups(placed)).map(|(slot, _)| *slot).collect();
        for slot in slots {
            let is_new = new_slots.contains(&slot);
            for set in sets.iter().filter(|set| is_new || !was_live.contains(set)) {
                self.place_rules_of_set(GroupRulesKey { slot, set: *set }, writes)?;
            }
        }
        Ok(())
    }

    fn place_rules_of_set(&mut self, key: GroupRulesKey, writes: &mut Vec<Write>) -> Result<(), TableFull> {
        let (Some(placed), Some(groups)) = (self.placed.get(&key.slot), self.sets.get(key.set)) else { return Ok(()) };
        let both = placed.policy.families.each_ref().map(|family| family.of_groups(groups));
        if both.iter().all(RuleSet::is_empty) {
            return Ok(());
        }
        let mut rules = GroupRules::default();
        for (index, set) in rules.rule_sets.iter_mut().zip(&both) {
            *index = self.place_rule_set(set, writes)?;
            self.rule_sets.retain(*index);
        }
        self.occupy_group_rules()?;
        self.group_rules.insert(key, rules);
        writes.push(Write::GroupRules { key, rules });
        Ok(())
    }

    pub(super) fn occupy_group_rules(&mut self) -> Result<(), TableFull> {
        let limit = self.limits.group_rules;
        if self.occupied.group_rules >= limit {
            return Err(TableFull { table: map::GROUP_RULES, limit });
        }
        self.occupied.group_rules += 1;
        Ok(())
    }

    /// Lets go of a set that no member has, with the rules of all policies for it.
    pub(super) fn retire_set(&mut self, set: u32) {
        let slots: Vec<u32> = self.placed.keys().copied().collect();
        for slot in slots {
            self.retire_group_rules(GroupRulesKey { slot, set });
        }
        // Entries of the set are on their way out: whoever has the same groups next needs others.
        self.sets.forget(set);
    }

    fn retire_group_rules(&mut self, key: GroupRulesKey) {
        if let Some(rules) = self.group_rules.remove(&key) {
            for index in rules.rule_sets {
                self.rule_sets.release(index);
            }
            self.removals.push_back(Removal::GroupRules(key));
        }
    }

    /// Lets go of the policies that no cell names any more.
    fn retire_policies(&mut self) {
        let named: BTreeSet<u32> = self.cells.values().flat_map(|cell| [cell.inbound, cell.outbound]).collect();
        let gone: Vec<u32> = self.placed.keys().filter(|slot| !named.contains(slot)).copied().collect();
        for slot in gone {
            let Some(Placed { policy, services, cidrs }) = self.placed.remove(&slot) else { continue };
            self.by_policy.remove(&policy);
            for entry in services {
                self.release_entry(entry);
            }
            for (net, rules) in cidrs.iter() {
                self.rule_sets.release(*rules);
                self.removals.push_back(cidr_removal(slot, *net));
            }
            let all_sets = GroupRulesKey { slot, set: 0 }..=GroupRulesKey { slot, set: u32::MAX };
            let keys: Vec<GroupRulesKey> = self.group_rules.range(all_sets).map(|(key, _)| *key).collect();
            for key in keys {
                self.retire_group_rules(key);
            }
            self.slots.retire(slot);
        }
    }
}

/// Host-wide numbers of the rules of a family, by bit.
fn rule_numbers(rules: &FamilyPolicy) -> Box<RuleNumbers> {
    let mut numbers = Box::new(RuleNumbers { numbers: [0; RULE_WORDS * 64] });
    for (place, number) in numbers.numbers.iter_mut().zip(&rules.rules) {
        *place = *number;
    }
    numbers
}

/// Bits that count in the key of a prefix: those of the slot come first.
fn cidr_prefix_len(net: IpNet) -> u32 {
    32 + u32::from(net.prefix_len())
}

fn cidr_key_v4(slot: u32, net: ipnet::Ipv4Net) -> CidrKeyV4 {
    CidrKeyV4 { slot: slot.to_be_bytes(), address: net.network().octets() }
}

fn cidr_key_v6(slot: u32, net: ipnet::Ipv6Net) -> CidrKeyV6 {
    CidrKeyV6 { slot: slot.to_be_bytes(), address: net.network().octets() }
}

fn cidr_removal(slot: u32, net: IpNet) -> Removal {
    let prefix_len = cidr_prefix_len(net);
    match net {
        IpNet::V4(net) => Removal::CidrV4 { prefix_len, key: cidr_key_v4(slot, net) },
        IpNet::V6(net) => Removal::CidrV6 { prefix_len, key: cidr_key_v6(slot, net) },
    }
}
