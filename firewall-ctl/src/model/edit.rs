//! Operations on the model. Each keeps the invariants that [`Model::check`] spells out, or refuses and changes nothing.

use super::{
    AccountId, Associated, DEFAULT_VPC_BLOCK, Family, GroupId, InterfaceId, MAX_RULES_PER_INTERFACE, Model, ModelError,
    NetworkInterface, NumberPool, Peer, PrefixList, PrefixListId, PrefixLists, Rule, RuleId, RuleKey, SecurityGroup,
    Subnet, SubnetId, Tags, Vpc, VpcAttributes, VpcId, random_ula,
};
use firewall_common::verdict::Direction;
use ipnet::{Ipv4Net, Ipv6Net};
use rand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a new VPC is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVpc {
    /// The account that makes it.
    pub owner: AccountId,
    /// Its IPv4 blocks.
    pub cidr_blocks: Vec<Ipv4Net>,
    /// Its IPv6 blocks.
    pub ipv6_cidr_blocks: Vec<Ipv6Net>,
    /// Whether the IPv6 blocks were made up, and not given.
    pub ipv6_provided: bool,
    /// Whether it is meant where no VPC is named.
    pub is_default: bool,
    /// Its tags.
    pub tags: Tags,
}

impl Model {
    /// Makes a VPC and its default group.
    ///
    /// # Errors
    /// There is a default VPC already, or no number is free.
    pub fn add_vpc<R: Rng + ?Sized>(
        &mut self,
        new: NewVpc,
        rule_numbers: NumberPool<'_>,
        rng: &mut R,
    ) -> Result<VpcId, ModelError> {
        let NewVpc { owner, cidr_blocks, ipv6_cidr_blocks, ipv6_provided, is_default, tags } = new;
        let mut next = self.clone();
        let number = next.take_vpc_number()?;
        let ipv6_block =
            |block| if ipv6_provided { Associated::provided(block, rng) } else { Associated::new(block, rng) };
        let ipv6_cidr_blocks = ipv6_cidr_blocks.into_iter().map(ipv6_block).collect();
        let vpc = Vpc {
            id: VpcId::random(rng),
            number,
            owner,
            cidr_blocks: cidr_blocks.into_iter().map(|block| Associated::new(block, rng)).collect(),
            ipv6_cidr_blocks,
            is_default,
            attributes: VpcAttributes { enable_dns_hostnames: is_default, ..VpcAttributes::default() },
            tags,
        };
        let mut group = SecurityGroup::default_of(&vpc, rng);
        group.rules = next.new_rules(group.default_rules(&vpc), rule_numbers, rng)?;
        let id = vpc.id;
        next.vpcs.insert(id, Arc::new(vpc.clone()));
        next.update_vpc(vpc)?;
        next.groups.insert(group.id, Arc::new(group));
        *self = next;
        Ok(id)
    }

    /// Makes the default VPC of an account, with its default group and its default subnet. It is dual-stack, so that the default
    /// egress of its groups opens both families and attaching a host does not cut its IPv6.
    ///
    /// # Errors
    /// The account has one already, or no number is free.
    pub fn add_default_vpc<R: Rng + ?Sized>(
        &mut self,
        owner: AccountId,
        rule_numbers: NumberPool<'_>,
        rng: &mut R,
    ) -> Result<VpcId, ModelError> {
        let new = NewVpc {
            owner,
            cidr_blocks: vec![DEFAULT_VPC_BLOCK],
            ipv6_cidr_blocks: vec![random_ula(rng)],
            ipv6_provided: true,
            is_default: true,
            tags: Tags::default(),
        };
        let mut next = self.clone();
        let id = next.add_vpc(new, rule_numbers, rng)?;
        if let Some(subnet) = next.vpcs.get(&id).and_then(|vpc| Subnet::default_of(vpc, rng)) {
            next.put_subnet(subnet)?;
        }
        *self = next;
        Ok(id)
    }

    /// Replaces a VPC.
    ///
    /// # Errors
    /// It does not exist, its number has changed, another one is the account's default VPC, too, its blocks overlap, or a subnet
    /// does not lie in them.
    pub fn update_vpc(&mut self, vpc: Vpc) -> Result<(), ModelError> {
        let known = self.vpcs.get(&vpc.id).is_some_and(|known| known.number == vpc.number);
        if !known {
            return Err(ModelError::UnknownVpc { id: vpc.id });
        }
        let mut others = self.vpcs.values().filter(|other| other.id != vpc.id);
        let rival = others.find(|other| other.is_default && other.owner == vpc.owner);
        match rival {
            Some(rival) if vpc.is_default => Err(ModelError::DefaultVpcExists { holder: rival.id }),
            Some(_) | None => {
                self.check_blocks_of(&vpc)?;
                self.vpcs.insert(vpc.id, Arc::new(vpc));
                Ok(())
            }
        }
    }

    /// Takes a VPC away, with its default group.
    ///
    /// # Errors
    /// It does not exist, or has subnets, interfaces, further groups or a gateway.
    pub fn remove_vpc(&mut self, id: VpcId) -> Result<(), ModelError> {
        if !self.vpcs.contains_key(&id) {
            return Err(ModelError::UnknownVpc { id });
        }
        let interfaces: Vec<InterfaceId> = self.interfaces_of(id).map(|interface| interface.id).collect();
        let (default, groups): (Vec<_>, Vec<_>) = self.groups_of(id).partition(|group| group.is_default());
        let subnets: Vec<SubnetId> = self.subnets_of(id).map(|subnet| subnet.id).collect();
        let gateway = self.gateway_of(id).map(|gateway| gateway.id);
        if !interfaces.is_empty() || !groups.is_empty() || !subnets.is_empty() || gateway.is_some() {
            let groups = groups.iter().map(|group| group.id).collect();
            return Err(ModelError::VpcInUse { id, subnets, interfaces, groups, gateway });
        }
        let default: Vec<GroupId> = default.iter().map(|group| group.id).collect();
        for group in default {
            self.groups.remove(&group);
        }
        self.vpcs.remove(&id);
        Ok(())
    }

    /// Puts a group in, or another value in the place of one that is there.
    ///
    /// # Errors
    /// Its VPC does not exist, its name is taken, it would change its VPC, its owner or whether it is a default group, or a
    /// rule of it is refused for one of the reasons of [`Self::put_rules`].
    pub fn put_group(&mut self, group: SecurityGroup) -> Result<(), ModelError> {
        let id = group.id;
        if !self.vpcs.contains_key(&group.vpc) {
            return Err(ModelError::UnknownVpc { id: group.vpc });
        }
        if let Some(known) = self.groups.get(&id)
            && (known.vpc != group.vpc || known.owner != group.owner || known.is_default() != group.is_default())
        {
            return Err(ModelError::GroupIdentity { id });
        }
        let rival = self.group_by_name(group.vpc, group.name.as_str()).filter(|other| other.id != id);
        if let Some(rival) = rival {
            return Err(ModelError::GroupNameTaken { name: group.name, vpc: group.vpc, holder: rival.id });
        }
        self.check_rules_of(&group)?;
        self.check_peers_of(&group)?;
        for interface in self.interfaces_using(id) {
            self.check_rule_count(interface, Some(&group), &self.prefix_lists)?;
        }
        self.groups.insert(id, Arc::new(group));
        Ok(())
    }

    /// Takes a group away.
    ///
    /// # Errors
    /// It does not exist, is a default group, or is in use.
    pub fn remove_group(&mut self, id: GroupId) -> Result<(), ModelError> {
        self.remove_groups(&BTreeSet::from([id]))
    }

    /// Takes groups away, all or none. They may name each other.
    ///
    /// # Errors
    /// One of them does not exist, is a default group, or is in use.
    pub fn remove_groups(&mut self, ids: &BTreeSet<GroupId>) -> Result<(), ModelError> {
        for id in ids.iter().copied() {
            let group = self.groups.get(&id).ok_or(ModelError::UnknownGroup { id })?;
            if group.is_default() {
                return Err(ModelError::DefaultGroup { id });
            }
            let interfaces: Vec<InterfaceId> = self.interfaces_using(id).map(|interface| interface.id).collect();
            let others = self.groups_referencing(id).map(|other| other.id);
            let groups: Vec<GroupId> = others.filter(|other| !ids.contains(other)).collect();
            if !interfaces.is_empty() || !groups.is_empty() {
                return Err(ModelError::GroupInUse { id, interfaces, groups });
            }
        }
        for id in ids {
            self.groups.remove(id);
        }
        Ok(())
    }

    /// Makes rules of keys, with identifiers and numbers of their own. They are in no group yet.
    ///
    /// # Errors
    /// Too few numbers are free.
    pub fn new_rules<R: Rng + ?Sized>(
        &mut self,
        keys: Vec<RuleKey>,
        numbers: NumberPool<'_>,
        rng: &mut R,
    ) -> Result<BTreeMap<RuleId, Rule>, ModelError> {
        let numbers = self.take_rule_numbers(keys.len(), numbers)?;
        let rule = |(key, number)| {
            let id = RuleId::random(rng);
            (id, Rule { id, key, description: None, tags: Tags::default(), number })
        };
        Ok(keys.into_iter().zip(numbers).map(rule).collect())
    }

    /// Puts rules into a group, in the place of those that have the same identifiers; all of them or none.
    ///
    /// # Errors
    /// The group does not exist; a rule is not canonical, allows what another one does, has a number or identifier of
    /// another one, or names a group that does not exist or is another VPC's; or an interface gets too many.
    pub fn put_rules(&mut self, group: GroupId, rules: impl IntoIterator<Item = Rule>) -> Result<(), ModelError> {
        let known = self.groups.get(&group).ok_or(ModelError::UnknownGroup { id: group })?;
        let mut next = SecurityGroup::clone(known);
        next.rules.extend(rules.into_iter().map(|rule| (rule.id, rule)));
        self.put_group(next)
    }

    /// Takes rules out of a group; all of them or none.
    ///
    /// # Errors
    /// The group or one of the rules does not exist.
    pub fn remove_rules(&mut self, group: GroupId, rules: &BTreeSet<RuleId>) -> Result<(), ModelError> {
        let known = self.groups.get(&group).ok_or(ModelError::UnknownGroup { id: group })?;
        if let Some(id) = rules.iter().find(|id| !known.rules.contains_key(id)) {
            return Err(ModelError::UnknownRule { id: *id });
        }
        let mut next = SecurityGroup::clone(known);
        next.rules.retain(|id, _| !rules.contains(id));
        self.groups.insert(group, Arc::new(next));
        Ok(())
    }

    /// Puts a prefix list in, or another value in the place of one that is there.
    ///
    /// # Errors
    /// It contradicts itself, it would change its owner or its family, or it is made for so many entries that an interface
    /// whose rules name it gets too many.
    pub fn put_prefix_list(&mut self, list: PrefixList) -> Result<(), ModelError> {
        list.validate()?;
        let id = list.id;
        let known = self.prefix_lists.get(&id);
        if known.is_some_and(|known| known.owner != list.owner || known.family != list.family) {
            return Err(ModelError::PrefixListIdentity { id });
        }
        let grows = known.is_some_and(|known| known.max_entries < list.max_entries);
        let next = self.prefix_lists.update(id, Arc::new(list));
        if grows {
            let carriers = self.groups_naming(id).flat_map(|group| self.interfaces_using(group.id));
            let concerned: BTreeSet<InterfaceId> = carriers.map(|interface| interface.id).collect();
            for interface in concerned.iter().filter_map(|id| self.interfaces.get(id)) {
                self.check_rule_count(interface, None, &next)?;
            }
        }
        self.prefix_lists = next;
        Ok(())
    }

    /// Takes a prefix list away, and gives it.
    ///
    /// # Errors
    /// It does not exist, or rules name it.
    pub fn remove_prefix_list(&mut self, id: PrefixListId) -> Result<Arc<PrefixList>, ModelError> {
        let groups: Vec<GroupId> = self.groups_naming(id).map(|group| group.id).collect();
        if !groups.is_empty() {
            return Err(ModelError::PrefixListInUse { id, groups });
        }
        self.prefix_lists.remove(&id).ok_or(ModelError::UnknownPrefixList { id })
    }

    /// Puts an interface in, or another value in the place of one that is there.
    ///
    /// # Errors
    /// VPC, subnet, instance or groups do not exist or do not go together, an address, a place at the instance, a device or a number is taken, a time-out is outside
    /// its range, or its groups have too many rules.
    pub fn put_interface(&mut self, interface: NetworkInterface) -> Result<(), ModelError> {
        if !self.vpcs.contains_key(&interface.vpc) {
            return Err(ModelError::UnknownVpc { id: interface.vpc });
        }
        self.check_groups_of(&interface)?;
        self.check_network_of(&interface)?;
        self.check_place_of(&interface)?;
        interface.timeouts.validate()?;
        self.check_rule_count(&interface, None, &self.prefix_lists)?;
        self.interfaces.insert(interface.id, Arc::new(interface));
        Ok(())
    }

    /// Takes an interface away, and gives it.
    ///
    /// # Errors
    /// It does not exist.
    pub fn remove_interface(&mut self, id: InterfaceId) -> Result<Arc<NetworkInterface>, ModelError> {
        self.interfaces.remove(&id).ok_or(ModelError::UnknownInterface { id })
    }

    /// Whether the rules of a group are canonical, and no two of the model are the same or have the same name.
    fn check_rules_of(&self, group: &SecurityGroup) -> Result<(), ModelError> {
        let mut keys = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        for (id, rule) in &group.rules {
            if *id != rule.id || !rule.key.service.is_canonical() || !rule.key.peer.is_canonical() {
                return Err(ModelError::RuleForm { id: *id });
            }
            if let Some(holder) = keys.insert(rule.key, *id) {
                return Err(ModelError::RuleExists { group: group.id, key: rule.key, holder });
            }
            if rule.number == 0 || !numbers.insert(rule.number) {
                return Err(ModelError::RuleTaken { id: *id, number: rule.number });
            }
        }
        // Rules of other groups. What this group has had before is its own.
        let known = self.groups.get(&group.id);
        for (id, rule) in &group.rules {
            let before = known.and_then(|known| known.rules.get(id));
            if before.is_some_and(|before| before.number == rule.number) {
                continue;
            }
            let owners = [self.rule(*id), self.rule_by_number(rule.number)];
            if let Some((_, other)) = owners.into_iter().flatten().find(|(owner, _)| owner.id != group.id) {
                return Err(ModelError::RuleTaken { id: other.id, number: other.number });
            }
        }
        Ok(())
    }

    /// Whether what the rules of a group name exists, and is of its VPC.
    fn check_peers_of(&self, group: &SecurityGroup) -> Result<(), ModelError> {
        for rule in group.rules.values() {
            match rule.key.peer {
                Peer::Ipv4(_) | Peer::Ipv6(_) => {}
                Peer::PrefixList(id) if self.prefix_lists.contains_key(&id) => {}
                Peer::PrefixList(id) => return Err(ModelError::UnknownPrefixList { id }),
                Peer::Group { id, owner: named } => {
                    let known = if id == group.id { Some(group) } else { self.groups.get(&id).map(Arc::as_ref) };
                    let peer = known.ok_or(ModelError::UnknownGroup { id })?;
                    if peer.owner != named {
                        return Err(ModelError::NotTheOwner { id, named, owner: peer.owner });
                    }
                    if peer.vpc != group.vpc {
                        return Err(ModelError::OtherNetwork { group: id, group_vpc: peer.vpc, vpc: group.vpc });
                    }
                }
            }
        }
        Ok(())
    }

    fn check_groups_of(&self, interface: &NetworkInterface) -> Result<(), ModelError> {
        if interface.groups.is_empty() {
            return Err(ModelError::NoGroups);
        }
        let mut seen = BTreeSet::new();
        for id in interface.groups.iter().copied() {
            let group = self.groups.get(&id).ok_or(ModelError::UnknownGroup { id })?;
            if group.vpc != interface.vpc {
                return Err(ModelError::OtherNetwork { group: id, group_vpc: group.vpc, vpc: interface.vpc });
            }
            if !seen.insert(id) {
                return Err(ModelError::RepeatedGroup { id });
            }
        }
        Ok(())
    }

    /// Whether addresses, device and number of an interface are its own.
    fn check_place_of(&self, interface: &NetworkInterface) -> Result<(), ModelError> {
        let id = interface.id;
        for address in &interface.addresses {
            let mut others = self.interfaces_by_address(*address);
            if let Some(other) = others.find(|other| other.id != id && other.vpc == interface.vpc) {
                return Err(ModelError::AddressTaken { address: *address, holder: other.id });
            }
        }
        let Some(attachment) = &interface.attachment else {
            return Ok(());
        };
        if interface.device.as_ref() != Some(&attachment.device)
            || attachment.number == 0
            || !interface.has_fitting_mac()
        {
            return Err(ModelError::AttachmentForm { id });
        }
        let at_device = self.interface_by_device(&attachment.device);
        if let Some(other) = at_device.filter(|other| other.id != id && other.attachment.is_some()) {
            return Err(ModelError::DeviceTaken { device: attachment.device.clone(), holder: other.id });
        }
        match self.interface_by_number(attachment.number).filter(|other| other.id != id) {
            Some(_) => Err(ModelError::AttachmentForm { id }),
            None => Ok(()),
        }
    }

    /// Whether the rules of an interface's groups fit into one policy, one of the groups having another value perhaps, and
    /// prefix lists other sizes.
    fn check_rule_count(
        &self,
        interface: &NetworkInterface,
        changed: Option<&SecurityGroup>,
        lists: &PrefixLists,
    ) -> Result<(), ModelError> {
        let value = |id: &GroupId| match changed {
            Some(group) if group.id == *id => Some(group),
            Some(_) | None => self.groups.get(id).map(Arc::as_ref),
        };
        let groups: Vec<&SecurityGroup> = interface.groups.iter().filter_map(value).collect();
        for direction in [Direction::Inbound, Direction::Outbound] {
            for family in Family::ALL {
                let count = groups.iter().map(|group| group.rule_count(direction, *family, lists)).sum();
                if count > MAX_RULES_PER_INTERFACE as usize {
                    return Err(ModelError::TooManyRules { interface: interface.id, count });
                }
            }
        }
        Ok(())
    }
}
