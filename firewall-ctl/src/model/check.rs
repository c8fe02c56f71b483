//! The invariants of the model.

use super::{Family, GroupId, MAX_RULES_PER_INTERFACE, Model, NetworkInterface, Peer, Rule, SecurityGroup, Vpc, VpcId};
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
        let Self { vpcs, groups, prefix_lists, interfaces, numbers } = self;
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
        interface.timeouts.validate().map_err(|error| format!("{id}: {error}"))
    }
}

/// What only one may have.
#[derive(Default)]
struct Seen {
    default_vpc: bool,
    vpc_numbers: BTreeSet<u32>,
    group_names: BTreeSet<(VpcId, String)>,
    rule_ids: BTreeSet<super::RuleId>,
    rule_numbers: BTreeSet<u32>,
    addresses: BTreeSet<(VpcId, std::net::IpAddr)>,
    devices: BTreeSet<String>,
    attachment_numbers: BTreeSet<u32>,
}

impl Seen {
    fn vpc(&mut self, vpc: &Vpc) -> Result<(), String> {
        let Vpc { id, number, owner: _, cidr_blocks, ipv6_cidr_blocks, is_default, tags: _ } = vpc;
        hold!(*number != 0 && self.vpc_numbers.insert(*number), "the number of {id}, {number}, is 0 or taken");
        hold!(!is_default || !self.default_vpc, "{id} is a second default VPC");
        self.default_vpc |= is_default;
        let canonical = cidr_blocks.iter().all(|net| *net == net.trunc());
        let canonical_ipv6 = ipv6_cidr_blocks.iter().all(|net| *net == net.trunc());
        hold!(canonical && canonical_ipv6, "{id} has a block with bits set behind its prefix");
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
            addresses,
            mac_address,
            attachment,
            device,
            tags: _,
            timeouts: _,
            source_dest_check: _,
        } = interface;
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
