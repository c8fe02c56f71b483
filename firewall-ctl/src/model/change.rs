//! What differs between two models: what a store has to write, and what undoes it.

use super::{
    GroupId, Instance, InstanceId, InterfaceId, InternetGateway, InternetGatewayId, Model, NetworkInterface, Numbers,
    PrefixList, PrefixListId, Row, SecurityGroup, Subnet, SubnetId, Table, Vpc, VpcId,
};
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One thing that is set or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit<K, V> {
    /// It is there, with this value.
    Put(K, Arc<V>),
    /// It is not there.
    Delete(K),
}

/// One difference between two models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A VPC.
    Vpc(Edit<VpcId, Vpc>),
    /// A subnet.
    Subnet(Edit<SubnetId, Subnet>),
    /// A group, with its rules.
    Group(Edit<GroupId, SecurityGroup>),
    /// A prefix list.
    PrefixList(Edit<PrefixListId, PrefixList>),
    /// An interface.
    Interface(Edit<InterfaceId, NetworkInterface>),
    /// An instance.
    Instance(Edit<InstanceId, Instance>),
    /// An internet gateway.
    InternetGateway(Edit<InternetGatewayId, InternetGateway>),
    /// Where to look for free numbers.
    Numbers(Numbers),
}

impl Model {
    /// What to do to this model so that it becomes the other one, in the order of kinds and keys.
    #[must_use]
    pub fn changes(&self, next: &Self) -> Vec<Change> {
        let Self { vpcs, subnets, groups, prefix_lists, interfaces, instances, internet_gateways, numbers } = self;
        let mut changes = Vec::new();
        changes.extend(edits(vpcs, &next.vpcs).map(Change::Vpc));
        changes.extend(edits(subnets, &next.subnets).map(Change::Subnet));
        changes.extend(edits(groups, &next.groups).map(Change::Group));
        changes.extend(edits(prefix_lists, &next.prefix_lists).map(Change::PrefixList));
        changes.extend(edits(interfaces, &next.interfaces).map(Change::Interface));
        changes.extend(edits(instances, &next.instances).map(Change::Instance));
        changes.extend(edits(internet_gateways, &next.internet_gateways).map(Change::InternetGateway));
        changes.extend((*numbers != next.numbers).then_some(Change::Numbers(next.numbers)));
        changes
    }

    /// Makes the changes, as they stand: whether the result is consistent is for [`Model::check`] to say.
    pub fn apply_changes(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Vpc(edit) => apply(&mut self.vpcs, edit),
                Change::Subnet(edit) => apply(&mut self.subnets, edit),
                Change::Group(edit) => apply_to_table(&mut self.groups, edit),
                Change::PrefixList(edit) => apply(&mut self.prefix_lists, edit),
                Change::Interface(edit) => apply_to_table(&mut self.interfaces, edit),
                Change::Instance(edit) => apply(&mut self.instances, edit),
                Change::InternetGateway(edit) => apply(&mut self.internet_gateways, edit),
                Change::Numbers(numbers) => self.numbers = *numbers,
            }
        }
    }
}

fn edits<'a, K: Copy + Ord, V: PartialEq>(
    before: &'a OrdMap<K, Arc<V>>,
    after: &'a OrdMap<K, Arc<V>>,
) -> impl Iterator<Item = Edit<K, V>> + 'a {
    before.diff(after).map(|item| match item {
        DiffItem::Add(key, value) | DiffItem::Update { new: (key, value), .. } => Edit::Put(*key, Arc::clone(value)),
        DiffItem::Remove(key, _) => Edit::Delete(*key),
    })
}

fn apply_to_table<V: Row>(table: &mut Table<V>, edit: &Edit<V::Id, V>) {
    match edit {
        Edit::Put(key, value) => table.insert(*key, Arc::clone(value)),
        Edit::Delete(key) => table.remove(key),
    };
}

fn apply<K: Copy + Ord, V>(map: &mut OrdMap<K, Arc<V>>, edit: &Edit<K, V>) {
    match edit {
        Edit::Put(key, value) => map.insert(*key, Arc::clone(value)),
        Edit::Delete(key) => map.remove(key),
    };
}
