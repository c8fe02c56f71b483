//! The invariants of the model.

use super::network::overlap;
use super::{
    Associated, Family, GroupId, MAX_RULES_PER_INTERFACE, Model, NetworkInterface, Peer, Rule, SecurityGroup, Subnet,
    Vpc, VpcId,
};
use firewall_common::verdict::Direction;
use std::collections::{BTreeMap, BTreeSet};

/// Fails with a sentence unless something holds.
macro_rules! hold {
    ($holds:expr, $($sentence:tt)*) => {
        if !$holds {
            return Err(format!($($sentence)*));
        }
    };
}

impl Model {
    /// Holds the model against all its invariants. The operations keep them; this is for what was read from a disk, and
    /// for tests of the operations.
    ///
    /// # Errors
    /// A sentence that says which one is broken, and by what.
    pub fn check(&self) -> Result<(), String> {
        let Self { vpcs, subnets, groups, prefix_lists, interfaces, instances, internet_gateways, numbers } = self;
        hold!(
            numbers.next_rule != 0 && numbers.next_attachment != 0 && numbers.next_vpc != 0,
            "a number to hand out next is 0"
        );
        hold!(groups.is_indexed(), "the index of the groups is not what they are");
        hold!(interfaces.is_indexed(), "the index of the interfaces is not what they are");
        let mut seen = Seen::default();
        for (id, vpc) in vpcs {
            hold!(*id == vpc.id, "{id} is stored as {}", vpc.id);
            seen.vpc(vpc)?;
            self.check_blocks_of(vpc).map_err(|error| format!("{id}: {error}"))?;
        }
        for (id, subnet) in subnets {
            hold!(*id == subnet.id, "{id} is stored as {}", subnet.id);
            hold!(vpcs.contains_key(&subnet.vpc), "{id} is a subnet of {}, which does not exist", subnet.vpc);
            seen.subnet(subnet)?;
        }
        for vpc in vpcs.keys() {
            let subnets: Vec<_> = self.subnets_of(*vpc).collect();
            for (at, subnet) in subnets.iter().enumerate() {
                let rival = subnets[..at].iter().find_map(|other| overlap(subnet, other).map(|_| other.id));
                hold!(rival.is_none(), "{} overlaps {rival:?}", subnet.id);
            }
        }
        for (id, instance) in instances {
            hold!(*id == instance.id, "{id} is stored as {}", instance.id);
            let rival = instance.host.as_ref().is_none_or(|host| seen.hosts.insert(host.clone()));
            hold!(rival, "{id} is a second instance of the host {:?}", instance.host);
        }
        for (id, gateway) in internet_gateways {
            hold!(*id == gateway.id, "{id} is stored as {}", gateway.id);
            let Some(vpc) = gateway.vpc else { continue };
            hold!(vpcs.contains_key(&vpc), "{id} is attached to {vpc}, which does not exist");
            hold!(seen.gateways.insert(vpc), "{id} is a second gateway of {vpc}");
        }
        for (id, group) in groups {
            hold!(*id == group.id, "{id} is stored as {}", group.id);
            hold!(vpcs.contains_key(&group.vpc), "{id} is a group of {}, which does not exist", group.vpc);
            seen.group(group)?;
            for rule in group.rules.values() {
                self.check_rule(group, rule)?;
            }
        }
        for (id, list) in prefix_lists {
            hold!(*id == list.id, "{id} is stored as {}", list.id);
            list.validate().map_err(|error| format!("{id}: {error}"))?;
        }
        for vpc in vpcs.keys() {
            let name = (*vpc, super::DEFAULT_GROUP_NAME.to_owned());
            hold!(seen.group_names.contains(&name), "{vpc} has no default group");
        }
        for (id, interface) in interfaces {
            hold!(*id == interface.id, "{id} is stored as {}", interface.id);
            hold!(vpcs.contains_key(&interface.vpc), "{id} is an interface of {}, which does not exist", interface.vpc);
            seen.interface(interface)?;
            self.check_interface(interface)?;
        }
        Ok(())
    }

    fn check_rule(&self, group: &SecurityGroup, rule: &Rule) -> Result<(), String> {
        let Rule { id, key, description: _, tags: _, number: _ } = rule;
        hold!(key.service.is_canonical(), "{id} has a service that is not canonical: {:?}", key.service);
        hold!(key.peer.is_canonical(), "{id} has a peer that is not canonical: {}", key.peer);
        match key.peer {
            Peer::Ipv4(_) | Peer::Ipv6(_) => Ok(()),
            Peer::PrefixList(list) => {
                hold!(self.prefix_lists.contains_key(&list), "{id} names {list}, which does not exist");
                Ok(())
            }
            Peer::Group { id: named, owner } => {
                let Some(peer) = self.groups.get(&named) else {
                    return Err(format!("{id} names {named}, which does not exist"));
                };
                hold!(peer.owner == owner, "{id} names {named} of {owner}, but it is owned by {}", peer.owner);
                hold!(peer.vpc == group.vpc, "{id} of {} names {named}, which is a group of {}", group.vpc, peer.vpc);
                Ok(())
            }
        }
    }

    fn check_interface(&self, interface: &NetworkInterface) -> Result<(), String> {
        let id = interface.id;
        hold!(!interface.groups.is_empty(), "{id} has no group");
        let distinct: BTreeSet<&GroupId> = interface.groups.iter().collect();
        hold!(distinct.len() == interface.groups.len(), "{id} has a group twice");
        let mut counts = BTreeMap::new();
        for name in &interface.groups {
            let Some(group) = self.groups.get(name) else {
                return Err(format!("{id} has the group {name}, which does not exist"));
            };
            hold!(group.vpc == interface.vpc, "{id} of {} has {name}, a group of {}", interface.vpc, group.vpc);
            for direction in [Direction::Inbound, Direction::Outbound] {
                for family in Family::ALL {
                    *counts.entry((direction, *family)).or_insert(0) +=
                        group.rule_count(direction, *family, &self.prefix_lists);
                }
            }
        }
        for ((direction, family), count) in counts {
            let fits = count <= MAX_RULES_PER_INTERFACE as usize;
            hold!(fits, "{id} has {count} {} rules of {family}: more than {MAX_RULES_PER_INTERFACE}", direction.name());
        }
        self.check_network_of(interface).map_err(|error| format!("{id}: {error}"))?;
        interface.timeouts.validate().map_err(|error| format!("{id}: {error}"))
    }
}

/// What only one may have.
#[derive(Default)]
struct Seen {
    default_vpcs: BTreeSet<super::AccountId>,
    vpc_numbers: BTreeSet<u32>,
    group_names: BTreeSet<(VpcId, String)>,
    rule_ids: BTreeSet<super::RuleId>,
    rule_numbers: BTreeSet<u32>,
    addresses: BTreeSet<(VpcId, std::net::IpAddr)>,
    devices: BTreeSet<String>,
    attachment_numbers: BTreeSet<u32>,
    default_subnets: BTreeSet<VpcId>,
    associations: BTreeSet<String>,
    hosts: BTreeSet<String>,
    gateways: BTreeSet<VpcId>,
    places: BTreeSet<String>,
}

impl Seen {
    fn vpc(&mut self, vpc: &Vpc) -> Result<(), String> {
        let Vpc { id, number, owner, cidr_blocks, ipv6_cidr_blocks, is_default, attributes: _, tags: _ } = vpc;
        hold!(*number != 0 && self.vpc_numbers.insert(*number), "the number of {id}, {number}, is 0 or taken");
        hold!(!is_default || self.default_vpcs.insert(*owner), "{id} is a second default VPC of {owner}");
        let canonical = cidr_blocks.iter().all(|each| each.block == each.block.trunc());
        let canonical_ipv6 = ipv6_cidr_blocks.iter().all(|each| each.block == each.block.trunc());
        hold!(canonical && canonical_ipv6, "{id} has a block with bits set behind its prefix");
        let ids = cidr_blocks.iter().map(|each| each.id).chain(ipv6_cidr_blocks.iter().map(|each| each.id));
        for association in ids {
            hold!(self.associations.insert(association.to_string()), "{association} of {id} is there twice");
        }
        Ok(())
    }

    fn subnet(&mut self, subnet: &Subnet) -> Result<(), String> {
        let Subnet {
            id,
            vpc,
            owner: _,
            cidr_block,
            ipv6_cidr_block,
            former_ipv6_cidr_block: _,
            is_default,
            attributes: _,
            tags: _,
        } = subnet;
        hold!(*cidr_block == cidr_block.trunc(), "{id} has a block with bits set behind its prefix");
        if let Some(Associated { id: association, block, provided: _ }) = ipv6_cidr_block {
            hold!(*block == block.trunc(), "{id} has a block with bits set behind its prefix");
            hold!(self.associations.insert(association.to_string()), "{association} of {id} is there twice");
        }
        hold!(!is_default || self.default_subnets.insert(*vpc), "{id} is a second default subnet of {vpc}");
        Ok(())
    }

    fn group(&mut self, group: &SecurityGroup) -> Result<(), String> {
        let SecurityGroup { id, name, description: _, vpc, owner: _, tags: _, rules } = group;
        let folded = name.as_str().to_ascii_lowercase();
        hold!(self.group_names.insert((*vpc, folded)), "{id} is a second group of {vpc} with the name '{name}'");
        let mut keys = BTreeSet::new();
        for (rule_id, rule) in rules {
            hold!(*rule_id == rule.id, "{rule_id} is stored as {}", rule.id);
            hold!(self.rule_ids.insert(*rule_id), "{rule_id} is in two groups");
            let number = rule.number;
            hold!(number != 0 && self.rule_numbers.insert(number), "the number of {rule_id}, {number}, is 0 or taken");
            hold!(keys.insert(rule.key), "{rule_id} of {id} allows the same as another rule");
        }
        Ok(())
    }

    fn interface(&mut self, interface: &NetworkInterface) -> Result<(), String> {
        let NetworkInterface {
            id,
            vpc,
            owner: _,
            description: _,
            groups: _,
            subnet: _,
            addresses,
            primary: _,
            instance,
            mac_address,
            attachment,
            device,
            tags: _,
            timeouts: _,
            source_dest_check: _,
            client_token: _,
        } = interface;
        if let Some(place) = instance {
            hold!(self.places.insert(place.id.to_string()), "{} of {id} is there twice", place.id);
        }
        for address in addresses {
            hold!(self.addresses.insert((*vpc, *address)), "{id} has {address}, which another interface of {vpc} has");
        }
        let Some(attachment) = attachment else {
            return Ok(());
        };
        let (name, number) = (&attachment.device, attachment.number);
        let source = attachment.mac_source;
        hold!(interface.has_fitting_mac(), "the hardware address of {id} is {source}, but it has {mac_address:?}");
        hold!(device.as_ref() == Some(name), "{id} is attached to {name}, but remembers {device:?}");
        hold!(self.devices.insert(name.clone()), "{id} is attached to {name}, which another interface is attached to");
        hold!(
            number != 0 && self.attachment_numbers.insert(number),
            "the attachment number of {id}, {number}, is 0 or taken"
        );
        Ok(())
    }
}
