//! What addresses have in the tables, members of groups and entries of prefix lists alike: which set, before, while and
//! after a change is published.

use super::layout::Layout;
use super::lists::{ListSet, longest_cover};
use super::plan::{Change, Plan, Removal, TableFull, Write};
use super::{Desired, MemberKey};
use crate::model::GroupId;
use firewall_common::abi::{MemberKeyV4, MemberKeyV6, map};
use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// The set of a key, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move<K> {
    pub(super) key: K,
    /// In the tables as they are.
    pub(super) before: Option<u32>,
    /// While both the old policies and the new ones may be met.
    pub(super) between: Option<u32>,
    /// When the old policies are gone.
    pub(super) after: Option<u32>,
}

/// The keys whose values differ.
fn differing<K: Copy + Ord, V: PartialEq>(one: &OrdMap<K, V>, other: &OrdMap<K, V>) -> BTreeSet<K> {
    one.diff(other)
        .map(|item| match item {
            DiffItem::Add(key, _) | DiffItem::Remove(key, _) | DiffItem::Update { old: (key, _), new: _ } => *key,
        })
        .collect()
}

impl Layout {
    /// What becomes of members that come, go or change their groups. Groups that the new policies do not name are forgotten
    /// only when the old policies are gone: these might name them.
    pub(super) fn move_members(&mut self, desired: &Desired) -> Result<Vec<Move<MemberKey>>, TableFull> {
        if self.groups.foreign.is_some() {
            return self.move_foreign_members(desired);
        }
        let mut keys = differing(self.desired.members(), desired.members());
        keys.extend(std::mem::take(&mut self.members_apart));
        let mut moves = Vec::with_capacity(keys.len());
        let nothing = Arc::new(BTreeSet::new());
        for key in keys {
            let before = self.members.get(&key).copied();
            let wanted = desired.members().get(&key);
            let after = wanted.map(|wanted| self.groups.number(wanted)).transpose()?;
            let wanted = wanted.unwrap_or(&nothing);
            let old = before.and_then(|before| self.groups.get(before)).unwrap_or(&nothing);
            let forgotten: BTreeSet<GroupId> =
                old.iter().copied().filter(|group| !desired.names_group(*group) && !wanted.contains(group)).collect();
            let between = if forgotten.is_empty() {
                after
            } else {
                Some(self.groups.number(&Arc::new(forgotten.union(wanted).copied().collect()))?)
            };
            moves.push(Move { key, before, between, after });
        }
        Ok(moves)
    }

    /// The same for entries of prefix lists.
    pub(super) fn move_entries(&mut self, desired: &Desired) -> Result<Vec<Move<IpNet>>, TableFull> {
        if self.lists.foreign.is_some() {
            return self.move_foreign_entries(desired);
        }
        let beside = desired.lists_beside(&self.desired);
        let (old, between, new) = (self.desired.lists().merged(), beside.merged(), desired.lists().merged());
        let mut keys = differing(old, between);
        keys.extend(differing(between, new));
        keys.extend(std::mem::take(&mut self.entries_apart));
        let mut moves = Vec::with_capacity(keys.len());
        for key in keys {
            let before = self.entries.get(&key).copied();
            let between = between.get(&key).map(|lists| self.lists.number(lists)).transpose()?;
            let after = new.get(&key).map(|lists| self.lists.number(lists)).transpose()?;
            moves.push(Move { key, before, between, after });
        }
        Ok(moves)
    }

    /// As [`Layout::move_members`], after another controller.
    fn move_foreign_members(&mut self, desired: &Desired) -> Result<Vec<Move<MemberKey>>, TableFull> {
        let keys: BTreeSet<MemberKey> = self.members.keys().chain(desired.members().keys()).copied().collect();
        let wishes = keys.iter().map(|key| (self.members.get(key).copied(), desired.members().get(key)));
        let numbers = self.groups.number_foreign(&wishes.collect::<Vec<_>>())?;
        let moves = keys.into_iter().zip(numbers).map(|(key, number)| {
            let before = self.members.get(&key).copied();
            Move { key, before, between: number, after: desired.members().get(&key).and(number) }
        });
        Ok(moves.collect())
    }

    /// As [`Layout::move_entries`], after another controller. An entry that is to go stays while the old policies may be met.
    /// To the new ones it says what they find when it is gone, and an entry that comes says to the old ones what they have
    /// found without it.
    fn move_foreign_entries(&mut self, desired: &Desired) -> Result<Vec<Move<IpNet>>, TableFull> {
        let wanted = desired.lists().merged();
        let keys: BTreeSet<IpNet> = self.entries.keys().chain(wanted.keys()).copied().collect();
        let wishes: Vec<(Option<u32>, Option<&Arc<ListSet>>)> = keys
            .iter()
            .map(|net| (longest_cover(&self.entries, *net).map(|(_, set)| *set), desired.lists().covering(*net)))
            .collect();
        let numbers = self.lists.number_foreign(&wishes)?;
        let moves = keys.into_iter().zip(numbers).map(|(key, number)| {
            let before = self.entries.get(&key).copied();
            Move { key, before, between: number, after: wanted.get(&key).and(number) }
        });
        Ok(moves.collect())
    }

    /// Holds the sets that are to be in the tables, and says which are new there.
    pub(super) fn hold_sets(&mut self, members: &[Move<MemberKey>], entries: &[Move<IpNet>]) -> (Vec<u32>, Vec<u32>) {
        let (mut groups, mut lists) = (Vec::new(), Vec::new());
        let foreign = self.groups.foreign.is_some();
        for number in members.iter().flat_map(|each| each.held(foreign)) {
            self.groups.hold(number, &mut groups);
        }
        for number in entries.iter().flat_map(|each| each.held(foreign)) {
            self.lists.hold(number, &mut lists);
        }
        (groups, lists)
    }

    /// Lets go of the sets that are in the tables no longer.
    pub(super) fn let_sets_go(&mut self, members: &[Move<MemberKey>], entries: &[Move<IpNet>]) {
        let foreign = self.groups.foreign.is_some();
        for number in members.iter().flat_map(|each| each.released(foreign)) {
            self.groups.let_go(number, &mut self.rule_sets, &mut self.removals);
        }
        for number in entries.iter().flat_map(|each| each.released(foreign)) {
            self.lists.let_go(number, &mut self.rule_sets, &mut self.removals);
        }
    }

    /// Turns moves of members into changes. Removals come first, so that they make room.
    pub(super) fn change_members(&mut self, moves: &[Move<MemberKey>], plan: &mut Plan) -> Result<(), TableFull> {
        let mut inserts = Vec::new();
        for Move { key, before, between, after } in moves.iter().copied() {
            let changes = if between.is_some() { &mut inserts } else { &mut plan.members };
            changes.extend(member_change(key, before, between));
            plan.late_members.extend(member_change(key, between, after));
            let family = usize::from(key.1.is_ipv6());
            match after {
                Some(set) => drop(self.members.insert(key, set)),
                None => drop(self.members.remove(&key)),
            }
            self.occupied.members[family] += u32::from(between.is_some());
            self.occupied.members[family] -= u32::from(before.is_some());
        }
        plan.members.append(&mut inserts);
        let tables = [(map::MEMBERS_V4, self.limits.members_v4), (map::MEMBERS_V6, self.limits.members_v6)];
        check(self.occupied.members, tables)?;
        // Members that go late still held their place when others came.
        for Move { key, before: _, between, after } in moves {
            let family = usize::from(key.1.is_ipv6());
            self.occupied.members[family] -= u32::from(between.is_some() && after.is_none());
        }
        if self.groups.foreign.is_some() {
            let apart = self.members.iter().filter(|(_, set)| !self.groups.is_canonical(**set));
            self.members_apart = apart.map(|(key, _)| *key).collect::<OrdSet<_>>();
        }
        Ok(())
    }

    /// Turns moves of entries into changes, in an order in which each address goes from what it had to what it is to have, and
    /// never by what a shorter or a longer prefix says in between: entries come before others change and go, the longest
    /// first; and they go last, the shortest first.
    pub(super) fn change_entries(&mut self, moves: &[Move<IpNet>], plan: &mut Plan) -> Result<(), TableFull> {
        let foreign = self.lists.foreign.is_some();
        for Move { key, before, between, after } in moves.iter().copied() {
            match after {
                Some(set) => drop(self.entries.insert(key, set)),
                None => drop(self.entries.remove(&key)),
            }
            let family = usize::from(matches!(key, IpNet::V6(_)));
            self.occupied.entries[family] += u32::from(before.is_none() && between.is_some());
            let (was, is) = (before.is_some() && !foreign, after.is_some());
            if is && !was {
                self.filter.add(key, &mut plan.writes);
            } else if was && !is {
                self.filter.remove(key);
            }
        }
        // What goes makes no room for what comes before it.
        let tables = [(map::LISTS_V4, self.limits.lists_v4), (map::LISTS_V6, self.limits.lists_v6)];
        check(self.occupied.entries, tables)?;
        for Move { key, before, between, after } in moves.iter().copied() {
            let family = usize::from(matches!(key, IpNet::V6(_)));
            self.occupied.entries[family] -= u32::from(before.or(between).is_some() && after.is_none());
        }
        let first = moves.iter().map(|each| (each.key, each.before, each.between));
        plan.members.extend(entry_changes(first.collect()));
        let late = moves.iter().map(|each| (each.key, each.between, each.after));
        plan.late_members.extend(entry_changes(late.collect()));
        if foreign {
            let apart = self.entries.iter().filter(|(_, set)| !self.lists.is_canonical(**set));
            self.entries_apart = apart.map(|(net, _)| *net).collect::<OrdSet<_>>();
        }
        Ok(())
    }
}

impl<K> Move<K> {
    /// Sets that get a holder more: the one that is to stay, and the one of the meantime. Another controller's sets have
    /// no holders.
    fn held(&self, foreign: bool) -> impl Iterator<Item = u32> + use<K> {
        let after = self.after.filter(|after| foreign || self.before != Some(*after));
        let between = self.between.filter(|_| !foreign || self.after.is_none());
        after.into_iter().chain(between)
    }

    /// Sets that get a holder less, when all is published.
    fn released(&self, foreign: bool) -> impl Iterator<Item = u32> + use<K> {
        let before = self.before.filter(|before| !foreign && self.after != Some(*before));
        let between = self.between.filter(|_| !foreign || self.after.is_none());
        before.into_iter().chain(between)
    }
}

fn check(occupied: [u32; 2], tables: [(&'static str, u32); 2]) -> Result<(), TableFull> {
    for (entries, (table, limit)) in occupied.into_iter().zip(tables) {
        if entries > limit {
            return Err(TableFull { table, limit });
        }
    }
    Ok(())
}

/// What turns the set of a member into another.
fn member_change(key: MemberKey, from: Option<u32>, to: Option<u32>) -> Option<Change> {
    match (from, to) {
        (from, Some(to)) if from != Some(to) => Some(Change::Write(member(key, to))),
        (Some(from), None) => member(key, from).undo().map(Change::Remove),
        (_, Some(_)) | (None, None) => None,
    }
}

fn member((vpc, address): MemberKey, set: u32) -> Write {
    match address {
        IpAddr::V4(address) => Write::MemberV4 { key: MemberKeyV4 { vpc, address: address.octets() }, set },
        IpAddr::V6(address) => Write::MemberV6 { key: MemberKeyV6 { vpc, address: address.octets() }, set },
    }
}

/// What turns sets of entries into others, in order.
fn entry_changes(steps: Vec<(IpNet, Option<u32>, Option<u32>)>) -> Vec<Change> {
    let (mut comes, mut changes, mut goes) = (Vec::new(), Vec::new(), Vec::new());
    for (net, from, to) in steps {
        match (from, to) {
            (None, Some(to)) => comes.push((net, to)),
            (Some(from), Some(to)) if from != to => changes.push(Change::Write(Write::list(net, to))),
            (Some(_), None) => goes.push(net),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    comes.sort_by_key(|(net, _)| std::cmp::Reverse(net.prefix_len()));
    goes.sort_by_key(IpNet::prefix_len);
    let comes = comes.into_iter().map(|(net, set)| Change::Write(Write::list(net, set)));
    let goes = goes.into_iter().map(|net| Change::Remove(Removal::list(net)));
    comes.chain(changes).chain(goes).collect()
}
