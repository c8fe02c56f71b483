//! Sets of what rules can name as peers, by number, and the rules that each policy has for each set: one table for groups
//! and one for prefix lists.

use super::adopt::ForeignSets;
use super::intern::Interner;
use super::layout::Placed;
use super::plan::{Removal, TableFull, Write};
use super::policy::{FamilyPolicy, Policy, union_of};
use crate::model::{GroupId, PrefixListId};
use firewall_common::abi::{GroupRules, GroupRulesKey, RuleSet, map};
use imbl::{OrdMap, OrdSet, Vector};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What rules name as a peer and what an address can have several of.
pub(super) trait Name: Copy + Ord {
    /// The table of rules by policy and set.
    const TABLE: &'static str;
    /// The rules of a policy by what they name.
    fn rules(policy: &FamilyPolicy) -> &BTreeMap<Self, RuleSet>;
    /// Writes an entry of the table.
    fn write(key: GroupRulesKey, rules: GroupRules) -> Write;
    /// Removes one.
    fn removal(key: GroupRulesKey) -> Removal;
}

impl Name for GroupId {
    const TABLE: &'static str = map::GROUP_RULES;

    fn rules(policy: &FamilyPolicy) -> &BTreeMap<Self, RuleSet> {
        &policy.groups
    }

    fn write(key: GroupRulesKey, rules: GroupRules) -> Write {
        Write::GroupRules { key, rules }
    }

    fn removal(key: GroupRulesKey) -> Removal {
        Removal::GroupRules(key)
    }
}

impl Name for PrefixListId {
    const TABLE: &'static str = map::LIST_RULES;

    fn rules(policy: &FamilyPolicy) -> &BTreeMap<Self, RuleSet> {
        &policy.lists
    }

    fn write(key: GroupRulesKey, rules: GroupRules) -> Write {
        Write::ListRules { key, rules }
    }

    fn removal(key: GroupRulesKey) -> Removal {
        Removal::ListRules(key)
    }
}

/// Numbers of sets, and the rules of policies for them.
#[derive(Debug, Clone)]
pub(super) struct Sets<N: Name> {
    sets: Interner<BTreeSet<N>>,
    /// Sets that something has, by what is in them.
    by_name: OrdSet<(N, u32)>,
    /// Slots of policies, by what their rules name.
    slots: OrdSet<(N, u32)>,
    rules: OrdMap<GroupRulesKey, GroupRules>,
    /// Entries of the table, those that wait for removal included.
    pub(super) occupied: u32,
    limit: u32,
    /// What another controller left, until the first plan has replaced it.
    pub(super) foreign: Option<ForeignSets>,
}

impl<N: Name> Sets<N> {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            sets: Interner::new(1, u32::MAX),
            by_name: OrdSet::new(),
            slots: OrdSet::new(),
            rules: OrdMap::new(),
            occupied: 0,
            limit,
            foreign: None,
        }
    }

    /// The number of a set. Who has it calls [`Sets::hold`] before the next reclaim.
    pub(super) fn number(&mut self, content: &Arc<BTreeSet<N>>) -> Result<u32, TableFull> {
        let interned = self.sets.intern(Arc::clone(content));
        interned.map(|(number, _)| number).map_err(|limit| TableFull { table: N::TABLE, limit })
    }

    /// Whether a set is the one that its content is found by.
    pub(super) fn is_canonical(&self, number: u32) -> bool {
        self.sets.get(number).is_some_and(|content| self.sets.find(content) == Some(number))
    }

    pub(super) fn get(&self, number: u32) -> Option<&Arc<BTreeSet<N>>> {
        self.sets.get(number)
    }

    /// Something more has the set. The numbers of sets that nothing had before are added to `fresh`.
    pub(super) fn hold(&mut self, number: u32, fresh: &mut Vec<u32>) {
        if self.sets.retain(number) {
            fresh.push(number);
            for name in self.sets.get(number).into_iter().flat_map(|content| content.iter()) {
                self.by_name.insert((*name, number));
            }
        }
    }

    /// Something less has the set. One that nothing has is let go, with the rules of all policies for it.
    pub(super) fn let_go(&mut self, number: u32, rule_sets: &mut Interner<RuleSet>, removals: &mut Vector<Removal>) {
        if !self.sets.release(number) {
            return;
        }
        let content = self.sets.get(number).cloned().unwrap_or_default();
        let mut keys = BTreeSet::new();
        for name in content.iter() {
            self.by_name.remove(&(*name, number));
            keys.extend(of_name(&self.slots, *name).map(|slot| GroupRulesKey { slot, set: number }));
        }
        for key in keys {
            self.retire(key, rule_sets, removals);
        }
        // Entries of the set are on their way out: whoever has the same content next needs others.
        self.sets.forget(number);
    }

    /// Notes what a new policy names.
    pub(super) fn add_slot(&mut self, slot: u32, policy: &Policy) {
        for name in names(policy) {
            self.slots.insert((name, slot));
        }
    }

    /// Lets go of a policy, with its rules for all sets.
    pub(super) fn remove_slot(
        &mut self,
        slot: u32,
        policy: &Policy,
        rule_sets: &mut Interner<RuleSet>,
        removals: &mut Vector<Removal>,
    ) {
        for name in names(policy) {
            self.slots.remove(&(name, slot));
        }
        let all_sets = GroupRulesKey { slot, set: 0 }..=GroupRulesKey { slot, set: u32::MAX };
        let keys: Vec<GroupRulesKey> = self.rules.range(all_sets).map(|(key, _)| *key).collect();
        for key in keys {
            self.retire(key, rule_sets, removals);
        }
    }

    /// Rules of new policies for all sets, and of all policies for new sets. The old ones count, too: a packet may meet any
    /// of them before the plan is through.
    pub(super) fn place_rules(
        &mut self,
        new_slots: &[u32],
        fresh: &[u32],
        placed: &OrdMap<u32, Placed>,
        rule_sets: &mut Interner<RuleSet>,
        writes: &mut Vec<Write>,
    ) -> Result<(), TableFull> {
        let mut keys = BTreeSet::new();
        for slot in new_slots.iter().copied() {
            for name in placed.get(&slot).into_iter().flat_map(|placed| names(&placed.policy)) {
                keys.extend(of_name(&self.by_name, name).map(|set| GroupRulesKey { slot, set }));
            }
        }
        for set in fresh.iter().copied() {
            for name in self.sets.get(set).into_iter().flat_map(|content| content.iter()) {
                keys.extend(of_name(&self.slots, *name).map(|slot| GroupRulesKey { slot, set }));
            }
        }
        for key in keys {
            let (Some(placed), Some(content)) = (placed.get(&key.slot), self.sets.get(key.set)) else { continue };
            let both = placed.policy.families.each_ref().map(|family| union_of(N::rules(family), content));
            let mut rules = GroupRules::default();
            for (index, set) in rules.rule_sets.iter_mut().zip(&both) {
                *index = place_rule_set(rule_sets, set, writes)?;
                rule_sets.retain(*index);
            }
            self.occupy()?;
            self.rules.insert(key, rules);
            writes.push(N::write(key, rules));
        }
        Ok(())
    }

    /// Takes room for an entry.
    pub(super) fn occupy(&mut self) -> Result<(), TableFull> {
        if self.occupied >= self.limit {
            return Err(TableFull { table: N::TABLE, limit: self.limit });
        }
        self.occupied += 1;
        Ok(())
    }

    /// The interner, for what is found in the tables.
    pub(super) const fn interner(&mut self) -> &mut Interner<BTreeSet<N>> {
        &mut self.sets
    }

    /// Frees the numbers of sets that nothing has.
    pub(super) fn reclaim(&mut self) {
        self.sets.reclaim();
    }

    /// Whether [`Sets::reclaim`] would free anything.
    pub(super) fn has_unused(&self) -> bool {
        self.sets.has_unused()
    }

    fn retire(&mut self, key: GroupRulesKey, rule_sets: &mut Interner<RuleSet>, removals: &mut Vector<Removal>) {
        if let Some(rules) = self.rules.remove(&key) {
            for index in rules.rule_sets {
                rule_sets.release(index);
            }
            removals.push_back(N::removal(key));
        }
    }
}

/// The index of a set of rules, which is written if it is new.
pub(super) fn place_rule_set(
    rule_sets: &mut Interner<RuleSet>,
    rules: &RuleSet,
    writes: &mut Vec<Write>,
) -> Result<u32, TableFull> {
    if rules.is_empty() {
        return Ok(0);
    }
    let interned = rule_sets.intern(Arc::new(*rules));
    let (index, fresh) = interned.map_err(|limit| TableFull { table: map::RULE_SETS, limit })?;
    if fresh {
        writes.push(Write::RuleSet { index, rules: Box::new(*rules) });
    }
    Ok(index)
}

/// What the rules of a policy name, of both families.
fn names<N: Name>(policy: &Policy) -> BTreeSet<N> {
    policy.families.iter().flat_map(|family| N::rules(family).keys().copied()).collect()
}

/// The numbers that stand beside a name.
fn of_name<N: Name>(pairs: &OrdSet<(N, u32)>, name: N) -> impl Iterator<Item = u32> + '_ {
    pairs.range((name, 0)..=(name, u32::MAX)).map(|(_, number)| *number)
}
