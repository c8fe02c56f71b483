//! Questions to the model.

use super::table::{every, folded};
use super::{
    AccountId, DEFAULT_GROUP_NAME, GroupId, InterfaceId, Model, NetworkInterface, NumberPool, OutOfNumbers,
    PrefixListId, Rule, RuleId, SecurityGroup, Vpc, VpcId,
};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

impl Model {
    /// The VPC that is meant where an account names none.
    #[must_use]
    pub fn default_vpc(&self, account: AccountId) -> Option<&Arc<Vpc>> {
        self.vpcs.values().find(|vpc| vpc.is_default && vpc.owner == account)
    }

    /// The groups of a VPC, by identifier.
    pub fn groups_of(&self, vpc: VpcId) -> impl Iterator<Item = &Arc<SecurityGroup>> {
        self.groups.values().filter(move |group| group.vpc == vpc)
    }

    /// The interfaces of a VPC, by identifier.
    pub fn interfaces_of(&self, vpc: VpcId) -> impl Iterator<Item = &Arc<NetworkInterface>> {
        self.interfaces.values().filter(move |interface| interface.vpc == vpc)
    }

    /// The default group of a VPC; every VPC has one.
    #[must_use]
    pub fn default_group(&self, vpc: VpcId) -> Option<&Arc<SecurityGroup>> {
        self.group_by_name(vpc, DEFAULT_GROUP_NAME)
    }

    /// The group of a VPC that has a name, whatever the case of its letters.
    #[must_use]
    pub fn group_by_name(&self, vpc: VpcId, name: &str) -> Option<&Arc<SecurityGroup>> {
        let id = self.groups.index().names.of((vpc, folded(name)), every!(GroupId)).next()?;
        self.groups.get(id)
    }

    /// The other groups that have rules which name a group.
    pub fn groups_referencing(&self, group: GroupId) -> impl Iterator<Item = &Arc<SecurityGroup>> {
        let others = self.groups.index().referencing.of(group, every!(GroupId)).filter(move |other| **other != group);
        others.filter_map(|other| self.groups.get(other))
    }

    /// The groups that have rules which name a prefix list.
    pub fn groups_naming(&self, list: PrefixListId) -> impl Iterator<Item = &Arc<SecurityGroup>> {
        self.groups.index().naming.of(list, every!(GroupId)).filter_map(|group| self.groups.get(group))
    }

    /// The interfaces that carry a group.
    pub fn interfaces_using(&self, group: GroupId) -> impl Iterator<Item = &Arc<NetworkInterface>> {
        let carriers = self.interfaces.index().carriers.of(group, every!(InterfaceId));
        carriers.filter_map(|interface| self.interfaces.get(interface))
    }

    /// The rule of an identifier, and its group.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> Option<(&Arc<SecurityGroup>, &Rule)> {
        let group = self.groups.get(self.groups.index().rules.of(id, every!(GroupId)).next()?)?;
        group.rules.get(&id).map(|rule| (group, rule))
    }

    /// The rule that has a number, and its group.
    #[must_use]
    pub fn rule_by_number(&self, number: u32) -> Option<(&Arc<SecurityGroup>, &Rule)> {
        self.rule(*self.groups.index().numbers.of(number, every!(RuleId)).next()?)
    }

    /// The interfaces that are attached to a device of this host.
    pub fn attached(&self) -> impl Iterator<Item = &Arc<NetworkInterface>> {
        self.interfaces.index().attached.iter().filter_map(|interface| self.interfaces.get(interface))
    }

    /// The interfaces of which a tag asks to attach them to a device of some host.
    pub fn tagged(&self) -> impl Iterator<Item = &Arc<NetworkInterface>> {
        self.interfaces.index().tagged.iter().filter_map(|interface| self.interfaces.get(interface))
    }

    /// The interface that is attached to a device; if none is, one that was and still remembers it.
    #[must_use]
    pub fn interface_by_device(&self, device: &str) -> Option<&Arc<NetworkInterface>> {
        let remembering = || {
            let ids = self.interfaces.index().devices.of(device.to_owned(), every!(InterfaceId));
            ids.filter_map(|interface| self.interfaces.get(interface))
        };
        remembering().find(|interface| interface.attachment.is_some()).or_else(|| remembering().next())
    }

    /// The interface of a VPC that has an address.
    #[must_use]
    pub fn interface_by_address(&self, vpc: VpcId, address: IpAddr) -> Option<&Arc<NetworkInterface>> {
        self.interfaces_by_address(address).find(|interface| interface.vpc == vpc)
    }

    /// The interfaces that have an address, of any VPC.
    pub(super) fn interfaces_by_address(&self, address: IpAddr) -> impl Iterator<Item = &Arc<NetworkInterface>> {
        let ids = self.interfaces.index().addresses.of(address, every!(InterfaceId));
        ids.filter_map(|interface| self.interfaces.get(interface))
    }

    /// The interface that has an attachment number.
    #[must_use]
    pub fn interface_by_number(&self, number: u32) -> Option<&Arc<NetworkInterface>> {
        self.interfaces.get(self.interfaces.index().numbers.of(number, every!(InterfaceId)).next()?)
    }

    /// Takes numbers for new rules.
    ///
    /// # Errors
    /// Fewer than that are free.
    pub fn take_rule_numbers(&mut self, count: usize, pool: NumberPool<'_>) -> Result<Vec<u32>, OutOfNumbers> {
        let numbers = &self.groups.index().numbers;
        let is_used = |number| numbers.of(number, every!(RuleId)).next().is_some();
        pool.take(&mut self.numbers.next_rule, is_used, count)
    }

    /// Takes a number for a new attachment.
    ///
    /// # Errors
    /// None is free.
    pub fn take_attachment_number(&mut self, pool: NumberPool<'_>) -> Result<u32, OutOfNumbers> {
        let numbers = &self.interfaces.index().numbers;
        let is_used = |number| numbers.of(number, every!(InterfaceId)).next().is_some();
        take_one(pool, &mut self.numbers.next_attachment, is_used)
    }

    /// Takes a number for a new VPC.
    pub(super) fn take_vpc_number(&mut self) -> Result<u32, OutOfNumbers> {
        let used: BTreeSet<u32> = self.vpcs.values().map(|vpc| vpc.number).collect();
        let pool = NumberPool { last: u32::MAX, busy: &BTreeSet::new() };
        take_one(pool, &mut self.numbers.next_vpc, |number| used.contains(&number))
    }
}

fn take_one(pool: NumberPool<'_>, next: &mut u32, is_used: impl Fn(u32) -> bool) -> Result<u32, OutOfNumbers> {
    let taken = pool.take(next, is_used, 1)?;
    taken.first().copied().ok_or(OutOfNumbers { last: pool.last })
}
