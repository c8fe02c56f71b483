//! Members of groups: which set of groups each address has, before, while and after a change is published.

use super::Desired;
use super::layout::Layout;
use super::plan::{Change, Plan, Removal, TableFull, Write};
use crate::model::GroupId;
use firewall_common::abi::{MemberKeyV4, MemberKeyV6, map};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// Key of a member: number of the VPC, and the address.
pub(super) type MemberKey = (u32, IpAddr);

impl Layout {
    /// The set of each member wanted. Every member holds a reference to its set; those of the old members are still held.
    pub(super) fn intern_members(&mut self, desired: &Desired) -> Result<BTreeMap<MemberKey, u32>, TableFull> {
        if self.foreign.is_some() {
            return self.intern_foreign_members(desired);
        }
        let mut members = BTreeMap::new();
        let mut known: BTreeMap<&BTreeSet<GroupId>, u32> = BTreeMap::new();
        for (key, groups) in desired.members.iter().filter(|(_, groups)| !groups.is_empty()) {
            let set = match known.get(groups) {
                Some(set) => *set,
                None => {
                    let interned = self.sets.intern(Arc::new(groups.clone()));
                    let (set, _) = interned.map_err(|limit| TableFull { table: map::GROUP_RULES, limit })?;
                    known.insert(groups, set);
                    set
                }
            };
            if self.members.get(key) != Some(&set) {
                self.sets.retain(set);
            }
            members.insert(*key, set);
        }
        Ok(members)
    }

    /// The set that a member has while both policies may be met, where that is neither its old nor its new one, or where it
    /// has none any more: groups that are no longer named are forgotten only when the old policies are gone.
    pub(super) fn intern_interim_sets(
        &mut self,
        members: &BTreeMap<MemberKey, u32>,
        desired: &Desired,
    ) -> Result<BTreeMap<MemberKey, u32>, TableFull> {
        if self.foreign.is_some() {
            return Ok(BTreeMap::new());
        }
        let named = desired.named_groups();
        let nothing = BTreeSet::new();
        let mut interim = BTreeMap::new();
        for (key, old) in &self.members {
            let Some(groups) = self.sets.get(*old).filter(|_| members.get(key) != Some(old)) else { continue };
            let forgotten: BTreeSet<GroupId> = groups.difference(&named).copied().collect();
            let wanted = desired.members.get(key).unwrap_or(&nothing);
            if !forgotten.is_subset(wanted) {
                interim.insert(*key, forgotten.union(wanted).copied().collect::<BTreeSet<_>>());
            }
        }
        let mut numbers = BTreeMap::new();
        for (key, groups) in interim {
            let interned = self.sets.intern(Arc::new(groups));
            let (set, _) = interned.map_err(|limit| TableFull { table: map::GROUP_RULES, limit })?;
            self.sets.retain(set);
            numbers.insert(key, set);
        }
        Ok(numbers)
    }

    /// Turns the difference between the old members and those wanted into changes, and lets go of sets without members.
    pub(super) fn change_members(
        &mut self,
        members: &BTreeMap<MemberKey, u32>,
        interim: &BTreeMap<MemberKey, u32>,
        plan: &mut Plan,
    ) -> Result<(), TableFull> {
        let old = std::mem::replace(&mut self.members, members.iter().map(|(key, set)| (*key, *set)).collect());
        let keys: BTreeSet<MemberKey> = old.keys().chain(members.keys()).copied().collect();
        let (mut inserts, mut released) = (Vec::new(), Vec::new());
        for key in keys {
            let (before, after) = (old.get(&key).copied(), members.get(&key).copied());
            // A set of another controller: the old policies go on using it, and new ones know nothing of it.
            let stays = before.filter(|_| self.foreign.is_some() && after.is_none());
            let between = interim.get(&key).copied().or(after).or(stays);
            for (from, to, is_late) in [(before, between, false), (between, after, true)] {
                let changes = match (is_late, to) {
                    (true, _) => &mut plan.late_members,
                    (false, Some(_)) => &mut inserts,
                    // Removals come first, so that they make room.
                    (false, None) => &mut plan.members,
                };
                changes.extend(member_change(key, from, to));
            }
            released.extend(before.filter(|_| before != after));
        }
        plan.members.append(&mut inserts);
        self.check_members(members, plan)?;
        if self.foreign.is_none() {
            for set in released.into_iter().chain(interim.values().copied()) {
                if self.sets.release(set) {
                    self.retire_set(set);
                }
            }
        }
        Ok(())
    }

    /// Members that go late still hold their place when others come.
    fn check_members(&self, members: &BTreeMap<MemberKey, u32>, plan: &Plan) -> Result<(), TableFull> {
        for (is_v4, table, limit) in
            [(true, map::MEMBERS_V4, self.limits.members_v4), (false, map::MEMBERS_V6, self.limits.members_v6)]
        {
            let stays = members.keys().filter(|(_, address)| address.is_ipv4() == is_v4).count();
            let goes_late = plan.late_members.iter().filter(|change| match change {
                Change::Remove(Removal::MemberV4(_)) => is_v4,
                Change::Remove(Removal::MemberV6(_)) => !is_v4,
                Change::Remove(_) | Change::Write(_) => false,
            });
            if stays + goes_late.count() > limit as usize {
                return Err(TableFull { table, limit });
            }
        }
        Ok(())
    }
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
