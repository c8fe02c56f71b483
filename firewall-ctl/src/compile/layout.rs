//! Places of policies, members and sets in the tables, and the way from one content to the next.
//!
//! A plan writes into free places only, so that packets judged meanwhile see the old policies whole, and then publishes
//! each policy by one store. What it leaves behind is retired: it becomes free by [`Layout::reclaim`], which the caller
//! runs when no packet can be under way any more that has read an old cell.
//!
//! A layout is a value: planning makes a new one, and a plan that is refused or dropped leaves the old one as it was.

use super::adopt::Foreign;
use super::filter::Filter;
use super::intern::{Interner, Numbers};
use super::plan::{Plan, Removal, TableFull, Write};
use super::policy::{FamilyPolicy, Policy};
use super::services::{Node, radix};
use super::sets::{Sets, place_rule_set};
use super::{Desired, DesiredInterface, Limits, MemberKey};
use crate::model::{GroupId, PrefixListId};
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, LEAF, Page, PolicyCell, RULE_WORDS, RuleNumbers, RuleSet, Slot, SlotFamily, V4, V6, map,
};
use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet, Vector};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A policy in its slot.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) policy: Arc<Policy>,
    /// Entry into the services radix, of each family.
    services: [u32; 2],
    /// Index of the rules of each prefix.
    cidrs: Arc<BTreeMap<IpNet, u32>>,
    /// Cells that name it.
    users: u32,
}

/// Who holds which place in the tables.
#[derive(Debug, Clone)]
pub struct Layout {
    pub(super) limits: Limits,
    /// What is laid out; nothing while what is in the tables is another controller's.
    pub(super) desired: Desired,
    pub(super) slots: Numbers,
    placed: OrdMap<u32, Placed>,
    by_policy: OrdMap<Arc<Policy>, u32>,
    pub(super) pages: Interner<[u32; 256]>,
    pub(super) rule_sets: Interner<RuleSet>,
    pub(super) groups: Sets<GroupId>,
    pub(super) lists: Sets<PrefixListId>,
    /// The set of each member.
    pub(super) members: OrdMap<MemberKey, u32>,
    /// The set of each entry of prefix lists.
    pub(super) entries: OrdMap<IpNet, u32>,
    /// Members whose set is not the one that others of the same groups get: the next plan gives it to them.
    pub(super) members_apart: OrdSet<MemberKey>,
    /// The same for entries.
    pub(super) entries_apart: OrdSet<IpNet>,
    pub(super) filter: Filter,
    pub(super) cells: OrdMap<u32, PolicyCell>,
    /// Entries of the tables that are looked up by key and wait for [`Layout::reclaim`].
    pub(super) removals: Vector<Removal>,
    /// Entries in the tables whose places have no number.
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

/// Numbers of entries in the tables whose places have no number, by family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Occupied {
    /// Those that wait for removal included.
    pub(super) cidrs: [u32; 2],
    pub(super) members: [u32; 2],
    pub(super) entries: [u32; 2],
}

/// What becomes of the cells.
#[derive(Debug, Default)]
struct Cells {
    /// Slots that had no policy before.
    new_slots: Vec<u32>,
    /// Slots that a cell names no longer.
    left: Vec<u32>,
}

impl Layout {
    /// The layout of empty tables.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            desired: Desired::default(),
            slots: Numbers::new(1, limits.slots),
            placed: OrdMap::new(),
            by_policy: OrdMap::new(),
            pages: Interner::new(0, limits.pages),
            rule_sets: Interner::new(1, limits.rule_sets),
            groups: Sets::new(limits.group_rules),
            lists: Sets::new(limits.list_rules),
            members: OrdMap::new(),
            entries: OrdMap::new(),
            members_apart: OrdSet::new(),
            entries_apart: OrdSet::new(),
            filter: Filter::default(),
            cells: OrdMap::new(),
            removals: Vector::new(),
            occupied: Occupied::default(),
            foreign: None,
        }
    }

    /// The way to the tables wanted, and the layout that holds once it is gone. The work is proportional to what differs
    /// from what is laid out, but for the cells, which are named all.
    ///
    /// # Errors
    /// Old and new content together do not fit into some table.
    pub fn plan(&self, desired: &Desired) -> Result<(Self, Plan), TableFull> {
        let mut next = self.clone();
        let mut plan = Plan::default();
        let Cells { new_slots, left } = next.place_cells(desired, &mut plan.writes)?;
        let members = next.move_members(desired)?;
        let entries = next.move_entries(desired)?;
        let (new_groups, new_lists) = next.hold_sets(&members, &entries);
        let Self { groups, lists, placed, rule_sets, .. } = &mut next;
        groups.place_rules(&new_slots, &new_groups, placed, rule_sets, &mut plan.writes)?;
        lists.place_rules(&new_slots, &new_lists, placed, rule_sets, &mut plan.writes)?;
        groups.alias_foreign(&mut plan.writes)?;
        lists.alias_foreign(&mut plan.writes)?;
        next.change_members(&members, &mut plan)?;
        next.change_entries(&entries, &mut plan)?;
        next.let_sets_go(&members, &entries);
        let gone = self.cells.keys().filter(|number| !next.cells.contains_key(*number));
        plan.cells = gone.map(|number| (*number, PolicyCell::default())).collect();
        plan.cells.extend(next.cells.iter().map(|(number, cell)| (*number, *cell)));
        for slot in left {
            next.leave_slot(slot);
        }
        next.retire_foreign();
        next.desired = desired.clone();
        Ok((next, plan))
    }

    /// Frees what was retired, and says which entries to remove from the tables that are looked up by key. They must be
    /// gone before the next plan is written.
    pub fn reclaim(&mut self) -> Vec<Removal> {
        let mut removals: Vec<Removal> = std::mem::take(&mut self.removals).into_iter().collect();
        for removal in &removals {
            match removal {
                Removal::CidrV4 { .. } => self.occupied.cidrs[V4] -= 1,
                Removal::CidrV6 { .. } => self.occupied.cidrs[V6] -= 1,
                Removal::GroupRules(_) => self.groups.occupied -= 1,
                Removal::ListRules(_) => self.lists.occupied -= 1,
                // These are removed when the plan is published.
                Removal::MemberV4(_) | Removal::MemberV6(_) | Removal::ListV4 { .. } | Removal::ListV6 { .. } => {}
                Removal::ListFilter { .. } => {}
            }
        }
        removals.extend(self.filter.reclaim());
        self.slots.reclaim();
        self.pages.reclaim();
        self.rule_sets.reclaim();
        self.groups.reclaim();
        self.lists.reclaim();
        removals
    }

    /// Whether [`Layout::reclaim`] would free anything.
    #[must_use]
    pub fn has_retired(&self) -> bool {
        !self.removals.is_empty()
            || self.filter.has_unused()
            || self.slots.has_unused()
            || self.pages.has_unused()
            || self.rule_sets.has_unused()
            || self.groups.has_unused()
            || self.lists.has_unused()
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
        let Occupied { cidrs, members, entries } = self.occupied;
        let limits = self.limits;
        let usage = |table, entries, limit| Usage { table, entries, limit };
        vec![
            usage(map::SLOTS, self.slots.taken(), limits.slots),
            usage(map::PAGES, self.pages.taken(), limits.pages),
            usage(map::RULE_SETS, self.rule_sets.taken(), limits.rule_sets),
            usage(map::CIDRS_V4, cidrs[V4], limits.cidrs_v4),
            usage(map::CIDRS_V6, cidrs[V6], limits.cidrs_v6),
            usage(map::MEMBERS_V4, members[V4], limits.members_v4),
            usage(map::MEMBERS_V6, members[V6], limits.members_v6),
            usage(map::GROUP_RULES, self.groups.occupied, limits.group_rules),
            usage(map::LISTS_V4, entries[V4], limits.lists_v4),
            usage(map::LISTS_V6, entries[V6], limits.lists_v6),
            usage(map::LIST_RULES, self.lists.occupied, limits.list_rules),
        ]
    }

    /// Numbers that stand for a place in a table without being given out by this layout.
    fn check_numbers(&self, interface: &DesiredInterface) -> Result<(), TableFull> {
        let Limits { attachments, rule_numbers, .. } = self.limits;
        if interface.entry.attachment > attachments {
            return Err(TableFull { table: map::CELLS, limit: attachments });
        }
        let families = [&interface.inbound, &interface.outbound].map(|policy| &policy.families);
        if families.into_iter().flatten().flat_map(|family| &family.rules).any(|number| *number > rule_numbers) {
            return Err(TableFull { table: map::RULE_COUNTERS, limit: rule_numbers });
        }
        Ok(())
    }

    /// Finds slots for the policies of all attachments that differ. The policies that they had stay until all else is
    /// planned.
    fn place_cells(&mut self, desired: &Desired, writes: &mut Vec<Write>) -> Result<Cells, TableFull> {
        if self.foreign.is_some() {
            self.cells = OrdMap::new();
        }
        let before = self.desired.clone();
        let mut cells = Cells::default();
        for item in before.interfaces().diff(desired.interfaces()) {
            let (number, interface) = match item {
                DiffItem::Add(number, interface) | DiffItem::Update { old: _, new: (number, interface) } => {
                    (*number, Some(interface))
                }
                DiffItem::Remove(number, _) => (*number, None),
            };
            let old = self.cells.remove(&number);
            cells.left.extend(old.into_iter().flat_map(|cell| [cell.inbound, cell.outbound]));
            let Some(interface) = interface else { continue };
            self.check_numbers(interface)?;
            let [inbound, outbound] = [&interface.inbound, &interface.outbound];
            let inbound = self.place_policy(inbound, &mut cells.new_slots, writes)?;
            let outbound = self.place_policy(outbound, &mut cells.new_slots, writes)?;
            self.cells.insert(number, PolicyCell { inbound, outbound });
        }
        Ok(cells)
    }

    /// The slot of a policy, which gets a user more.
    fn place_policy(
        &mut self,
        policy: &Arc<Policy>,
        new_slots: &mut Vec<u32>,
        writes: &mut Vec<Write>,
    ) -> Result<u32, TableFull> {
        if let Some(slot) = self.by_policy.get(policy).copied() {
            if let Some(placed) = self.placed.get_mut(&slot) {
                placed.users += 1;
            }
            return Ok(slot);
        }
        let slot = self.slots.take().ok_or(TableFull { table: map::SLOTS, limit: self.limits.slots })?;
        let mut services = [0; 2];
        let mut cidrs = BTreeMap::new();
        let mut content = Slot::default();
        for (family, rules) in policy.families.iter().enumerate() {
            services[family] = self.place_node(&radix(rules, family), writes)?;
            self.retain_entry(services[family]);
            for (net, covered) in &rules.cidrs {
                let index = place_rule_set(&mut self.rule_sets, covered, writes)?;
                self.rule_sets.retain(index);
                writes.push(self.place_cidr(slot, *net, index)?);
                cidrs.insert(*net, index);
            }
            let numbers = rule_numbers(rules);
            writes.push(Write::RuleNumbers { index: slot * 2 + u32::from(family == V6), numbers });
            content.families[family] = SlotFamily {
                flags: rules.flags(family),
                services: services[family],
                words: rules.words(),
                reserved: 0,
                cidr_filter: rules.cidr_filter(),
                anyone: rules.anyone,
            };
        }
        writes.push(Write::Slot { index: slot, slot: Box::new(content) });
        self.groups.add_slot(slot, policy);
        self.lists.add_slot(slot, policy);
        let placed = Placed { policy: Arc::clone(policy), services, cidrs: Arc::new(cidrs), users: 1 };
        self.placed.insert(slot, placed);
        self.by_policy.insert(Arc::clone(policy), slot);
        new_slots.push(slot);
        Ok(slot)
    }

    fn place_node(&mut self, node: &Node, writes: &mut Vec<Write>) -> Result<u32, TableFull> {
        let runs = match node {
            Node::Uniform(rules) => return Ok(LEAF | place_rule_set(&mut self.rule_sets, rules, writes)?),
            Node::Split(runs) => runs,
        };
        let mut entries = [LEAF; 256];
        for (first, child) in runs {
            let entry = self.place_node(child, writes)?;
            entries[usize::from(*first)..].fill(entry);
        }
        let interned = self.pages.intern(Arc::new(entries));
        let (index, fresh) = interned.map_err(|limit| TableFull { table: map::PAGES, limit })?;
        if fresh {
            writes.push(Write::Page { index, page: Box::new(Page { entries }) });
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

    /// A cell names a policy no longer. One that no cell names is let go.
    fn leave_slot(&mut self, slot: u32) {
        let Some(placed) = self.placed.get_mut(&slot) else { return };
        placed.users -= 1;
        if placed.users > 0 {
            return;
        }
        let Some(Placed { policy, services, cidrs, users: _ }) = self.placed.remove(&slot) else { return };
        self.by_policy.remove(&policy);
        for entry in services {
            self.release_entry(entry);
        }
        for (net, rules) in cidrs.iter() {
            self.rule_sets.release(*rules);
            self.removals.push_back(cidr_removal(slot, *net));
        }
        self.groups.remove_slot(slot, &policy, &mut self.rule_sets, &mut self.removals);
        self.lists.remove_slot(slot, &policy, &mut self.rule_sets, &mut self.removals);
        self.slots.retire(slot);
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
