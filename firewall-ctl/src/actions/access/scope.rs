//! What a caller sees and may change: the VPCs of its account, or one of them, and what is in these.

use super::unauthorized;
use crate::actions::ApiError;
use crate::model::{
    AccountId, Change, Edit, Instance, InstanceId, InternetGateway, Model, PrefixList, PrefixListId, VpcId,
};
use std::collections::BTreeSet;

/// A refusal that only the whole model gives: what stands in the way is nothing that the caller sees, and what the service does
/// not say might name it.
#[must_use]
pub fn unseen(error: ApiError) -> ApiError {
    let ApiError { code, message, detail: _ } = error;
    ApiError::new(code, message).with_detail("What is in the way is not among what this key sees.")
}

/// An account, or one VPC of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The account.
    pub account: AccountId,
    /// The only VPC.
    pub vpc: Option<VpcId>,
}

impl Scope {
    /// The part of a model that is seen; `None` when that is all of it. Prefix lists are in no VPC: those of the account are
    /// seen, and those that rules of its groups name, which are rules of the part as well.
    #[must_use]
    pub fn part(&self, model: &Model) -> Option<Model> {
        let Model { vpcs, subnets, groups, prefix_lists, interfaces, instances, internet_gateways, numbers } = model;
        let sees_all = vpcs.keys().all(|id| self.sees(model, *id))
            && prefix_lists.values().all(|list| list.owner == self.account)
            && instances.values().all(|instance| instance.owner == self.account)
            && internet_gateways.values().all(|gateway| gateway.owner == self.account);
        if sees_all {
            return None;
        }
        let mut part = Model { numbers: *numbers, ..Model::default() };
        part.vpcs = vpcs.iter().filter(|(id, _)| self.sees(model, **id)).map(owned).collect();
        part.groups = groups.iter().filter(|(_, group)| self.sees(model, group.vpc)).map(owned).collect();
        let rules = part.groups.values().flat_map(|group| group.rules.values());
        let named: BTreeSet<PrefixListId> = rules.filter_map(|rule| rule.key.peer.prefix_list()).collect();
        let is_seen = |list: &PrefixList| list.owner == self.account || named.contains(&list.id);
        part.prefix_lists = prefix_lists.iter().filter(|(_, list)| is_seen(list)).map(owned).collect();
        part.interfaces =
            interfaces.iter().filter(|(_, interface)| self.sees(model, interface.vpc)).map(owned).collect();
        part.subnets = subnets.iter().filter(|(_, subnet)| self.sees(model, subnet.vpc)).map(owned).collect();
        // Of an instance of somebody else those of its interfaces are seen that are in a VPC that is seen.
        let places = part.interfaces.values().filter_map(|interface| interface.instance.as_ref());
        let named: BTreeSet<InstanceId> = places.map(|place| place.instance).collect();
        let is_seen = |instance: &Instance| instance.owner == self.account || named.contains(&instance.id);
        part.instances = instances.iter().filter(|(_, instance)| is_seen(instance)).map(owned).collect();
        let is_seen = |gateway: &InternetGateway| {
            gateway.owner == self.account && gateway.vpc.is_none_or(|vpc| self.sees(model, vpc))
        };
        part.internet_gateways = internet_gateways.iter().filter(|(_, gateway)| is_seen(gateway)).map(owned).collect();
        Some(part)
    }

    /// Checks that a change concerns only what is seen.
    ///
    /// # Errors
    /// It concerns something else.
    pub fn check(&self, before: &Model, after: &Model) -> Result<(), ApiError> {
        for change in before.changes(after) {
            if let Some(other) = self.beyond(before, after, &change) {
                let limit = match self.vpc {
                    Some(vpc) => format!("This key is for {vpc} only"),
                    None => format!("This key is for account {} only", self.account),
                };
                return Err(unauthorized(format!("{limit}, and the change concerns {other}.")));
            }
        }
        Ok(())
    }

    /// What a change concerns that is not seen.
    fn beyond(&self, before: &Model, after: &Model, change: &Change) -> Option<String> {
        let in_vpc = |vpc: Option<VpcId>| {
            vpc.is_some_and(|vpc| self.sees(before, vpc) || (self.vpc.is_none() && self.sees(after, vpc)))
        };
        let outside = |is_inside: bool, id: &dyn ToString| (!is_inside).then(|| id.to_string());
        match change {
            Change::Vpc(Edit::Put(id, _) | Edit::Delete(id)) => {
                // A VPC that is the only one is not for its key to take away.
                let is_inside = in_vpc(Some(*id)) && (self.vpc.is_none() || after.vpcs.contains_key(id));
                outside(is_inside, id)
            }
            Change::Group(Edit::Put(id, _) | Edit::Delete(id)) => {
                let group = after.groups.get(id).or_else(|| before.groups.get(id));
                outside(in_vpc(group.map(|group| group.vpc)), id)
            }
            Change::Interface(Edit::Put(id, _) | Edit::Delete(id)) => {
                let interface = after.interfaces.get(id).or_else(|| before.interfaces.get(id));
                outside(in_vpc(interface.map(|interface| interface.vpc)), id)
            }
            Change::Subnet(Edit::Put(id, _) | Edit::Delete(id)) => {
                let subnet = after.subnets.get(id).or_else(|| before.subnets.get(id));
                outside(in_vpc(subnet.map(|subnet| subnet.vpc)), id)
            }
            Change::Instance(Edit::Put(id, _) | Edit::Delete(id)) => {
                let instance = after.instances.get(id).or_else(|| before.instances.get(id));
                let is_own = instance.is_some_and(|instance| instance.owner == self.account);
                outside(is_own && self.vpc.is_none(), id)
            }
            Change::InternetGateway(Edit::Put(id, _) | Edit::Delete(id)) => {
                let gateway = after.internet_gateways.get(id).or_else(|| before.internet_gateways.get(id));
                let is_own = gateway.is_some_and(|gateway| gateway.owner == self.account);
                outside(is_own && self.vpc.is_none(), id)
            }
            Change::PrefixList(Edit::Put(id, _) | Edit::Delete(id)) => {
                let list = after.prefix_lists.get(id).or_else(|| before.prefix_lists.get(id));
                let is_own = list.is_some_and(|list| list.owner == self.account);
                outside(is_own && self.vpc.is_none(), id)
            }
            // Of no interest to a caller.
            Change::Numbers(_) => None,
        }
    }

    fn sees(&self, model: &Model, vpc: VpcId) -> bool {
        let is_own = model.vpcs.get(&vpc).is_some_and(|vpc| vpc.owner == self.account);
        is_own && self.vpc.is_none_or(|only| only == vpc)
    }
}

fn owned<K: Copy, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (*key, value.clone())
}
