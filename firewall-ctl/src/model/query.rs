//! Questions to the model.

use super::{
    GroupId, Model, NetworkInterface, NumberPool, OutOfNumbers, PrefixListId, Rule, RuleId, SecurityGroup, Vpc, VpcId,
};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

impl Model {
    /// The VPC that is meant where none is named.
    #[must_use]
    pub fn default_vpc(&self) -> Option<&Arc<Vpc>> {
        self.vpcs.values().find(|vpc| vpc.is_default)
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
        self.groups_of(vpc).find(|group| group.is_default())
    }

    /// The group of a VPC that has a name, whatever the case of its letters.
    #[must_use]
    pub fn group_by_name(&self, vpc: VpcId, name: &str) -> Option<&Arc<SecurityGroup>> {
        self.groups_of(vpc).find(|group| group.name.is_same(name))
    }

    /// The other groups that have rules which name a group.
    pub fn groups_referencing(&self, group: GroupId) -> impl Iterator<Item = &Arc<SecurityGroup>> {
        let names = move |rule: &Rule| rule.key.peer.group() == Some(group);
        self.groups.values().filter(move |other| other.id != group && other.rules.values().any(names))
    }

    /// The groups that have rules which name a prefix list.
    pub fn groups_naming(&self, list: PrefixListId) -> impl Iterator<Item = &Arc<SecurityGroup>> {
        let names = move |rule: &Rule| rule.key.peer.prefix_list() == Some(list);
        self.groups.values().filter(move |group| group.rules.values().any(names))
    }

    /// The interfaces that carry a group.
    pub fn interfaces_using(&self, group: GroupId) -> impl Iterator<Item = &Arc<NetworkInterface>> {
        self.interfaces.values().filter(move |interface| interface.groups.contains(&group))
    }

    /// The rule of an identifier, and its group.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> Option<(&Arc<SecurityGroup>, &Rule)> {
        self.groups.values().find_map(|group| group.rules.get(&id).map(|rule| (group, rule)))
    }

    /// The interfaces that are attached to a device of this host.
    pub fn attached(&self) -> impl Iterator<Item = &Arc<NetworkInterface>> {
        self.interfaces.values().filter(|interface| interface.attachment.is_some())
    }

    /// The interface that is attached to a device; if none is, one that was and still remembers it.
    #[must_use]
    pub fn interface_by_device(&self, device: &str) -> Option<&Arc<NetworkInterface>> {
        let remembers = |interface: &&Arc<NetworkInterface>| interface.device.as_deref() == Some(device);
        self.attached().find(remembers).or_else(|| self.interfaces.values().find(remembers))
    }

    /// The interface of a VPC that has an address.
    #[must_use]
    pub fn interface_by_address(&self, vpc: VpcId, address: IpAddr) -> Option<&Arc<NetworkInterface>> {
        self.interfaces_of(vpc).find(|interface| interface.addresses.contains(&address))
    }

    /// The interface that has an attachment number.
    #[must_use]
    pub fn interface_by_number(&self, number: u32) -> Option<&Arc<NetworkInterface>> {
        self.attached().find(|interface| interface.attachment.as_ref().is_some_and(|wish| wish.number == number))
    }

    /// Takes numbers for new rules.
    ///
    /// # Errors
    /// Fewer than that are free.
    pub fn take_rule_numbers(&mut self, count: usize, pool: NumberPool<'_>) -> Result<Vec<u32>, OutOfNumbers> {
        let used = self.groups.values().flat_map(|group| group.rules.values()).map(|rule| rule.number).collect();
        pool.take(&mut self.numbers.next_rule, &used, count)
    }

    /// Takes a number for a new attachment.
    ///
    /// # Errors
    /// None is free.
    pub fn take_attachment_number(&mut self, pool: NumberPool<'_>) -> Result<u32, OutOfNumbers> {
        let used =
            self.attached().filter_map(|interface| interface.attachment.as_ref()).map(|wish| wish.number).collect();
        take_one(pool, &mut self.numbers.next_attachment, &used)
    }

    /// Takes a number for a new VPC.
    pub(super) fn take_vpc_number(&mut self) -> Result<u32, OutOfNumbers> {
        let used = self.vpcs.values().map(|vpc| vpc.number).collect();
        take_one(NumberPool { last: u32::MAX, busy: &BTreeSet::new() }, &mut self.numbers.next_vpc, &used)
    }
}

fn take_one(pool: NumberPool<'_>, next: &mut u32, used: &BTreeSet<u32>) -> Result<u32, OutOfNumbers> {
    let taken = pool.take(next, used, 1)?;
    taken.first().copied().ok_or(OutOfNumbers { last: pool.last })
}
