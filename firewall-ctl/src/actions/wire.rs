//! The model's values in the shapes of answers.

use super::convert::tag_list;
use super::types::*;
use super::zone;
use crate::model::{
    AccountId, Associated, InstanceAttachment, Model, NetworkInterface, Peer, PrefixList, Rule, SecurityGroup, Service,
    SubnetAssociationId, Vpc, VpcAssociationId,
};
use firewall_common::verdict::Direction;
use ipnet::{Ipv4Net, Ipv6Net};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

/// State of a block that is there.
pub(super) const ASSOCIATED: &str = "associated";
/// State of a block that was taken away.
pub(super) const DISASSOCIATED: &str = "disassociated";

pub(super) fn vpc(vpc: &Vpc, region: &str) -> VpcDescription {
    let Vpc { id, number: _, owner, cidr_blocks, ipv6_cidr_blocks, is_default, attributes: _, tags } = vpc;
    VpcDescription {
        owner_id: owner.to_string(),
        instance_tenancy: "default".into(),
        ipv6_cidr_block_association_set: ipv6_cidr_blocks
            .iter()
            .map(|each| vpc_ipv6_block(each, region, ASSOCIATED))
            .collect(),
        cidr_block_association_set: cidr_blocks.iter().map(|each| vpc_block(each, ASSOCIATED)).collect(),
        is_default: *is_default,
        tags: tag_list(tags),
        vpc_id: id.to_string(),
        state: "available".into(),
        cidr_block: cidr_blocks.first().map(|each| each.block.to_string()).unwrap_or_default(),
        dhcp_options_id: dhcp_options(*owner),
    }
}

/// The DHCP options that an account has at first in the service, where they have an id. There are no others here.
pub(super) fn dhcp_options(owner: AccountId) -> String {
    format!("dopt-00000{owner}")
}

/// Where a block of a VPC comes from, as clients tell it: those of the service look for this very name.
pub(super) const fn pool(provided: bool) -> &'static str {
    if provided { "Amazon" } else { "own" }
}

const fn ip_source(provided: bool) -> &'static str {
    if provided { "amazon" } else { "byoip" }
}

fn address_attribute(block: Ipv6Net) -> &'static str {
    if block.network().is_unique_local() { "private" } else { "public" }
}

pub(super) fn vpc_block(association: &Associated<VpcAssociationId, Ipv4Net>, state: &str) -> CidrBlockAssociation {
    let Associated { id, block, provided: _ } = association;
    CidrBlockAssociation {
        association_id: id.to_string(),
        cidr_block: block.to_string(),
        cidr_block_state: CidrBlockState { state: state.into() },
    }
}

pub(super) fn vpc_ipv6_block(
    association: &Associated<VpcAssociationId, Ipv6Net>,
    region: &str,
    state: &str,
) -> Ipv6CidrBlockAssociation {
    let Associated { id, block, provided } = association;
    Ipv6CidrBlockAssociation {
        association_id: id.to_string(),
        ipv6_cidr_block: block.to_string(),
        ipv6_cidr_block_state: CidrBlockState { state: state.into() },
        network_border_group: region.into(),
        ipv6_pool: pool(*provided).into(),
        ipv6_address_attribute: address_attribute(*block).into(),
        ip_source: ip_source(*provided).into(),
    }
}

pub(super) fn subnet_block(
    association: &Associated<SubnetAssociationId, Ipv6Net>,
    state: &str,
) -> SubnetIpv6CidrBlockAssociation {
    let Associated { id, block, provided } = association;
    SubnetIpv6CidrBlockAssociation {
        association_id: id.to_string(),
        ipv6_cidr_block: block.to_string(),
        ipv6_cidr_block_state: CidrBlockState { state: state.into() },
        ipv6_address_attribute: address_attribute(*block).into(),
        ip_source: ip_source(*provided).into(),
    }
}

pub(super) fn group_arn(group: &SecurityGroup, region: &str) -> String {
    format!("arn:aws:ec2:{region}:{}:security-group/{}", group.owner, group.id)
}

pub(super) fn group(group: &SecurityGroup, region: &str) -> SecurityGroupDescription {
    let SecurityGroup { id, name, description, vpc, owner, tags, rules: _ } = group;
    SecurityGroupDescription {
        group_id: id.to_string(),
        ip_permissions_egress: permissions(group, Direction::Outbound),
        tags: tag_list(tags),
        vpc_id: vpc.to_string(),
        security_group_arn: group_arn(group, region),
        owner_id: owner.to_string(),
        group_name: name.to_string(),
        description: description.to_string(),
        ip_permissions: permissions(group, Direction::Inbound),
    }
}

/// The rules of one direction, those of one protocol and port range as one item; items and peers in an order of their
/// own, so that equal rules give equal answers.
fn permissions(group: &SecurityGroup, direction: Direction) -> Vec<IpPermission> {
    let mut rules: Vec<&Rule> = group.rules(direction).collect();
    rules.sort_by_key(|rule| rule.key);
    let mut items: BTreeMap<Service, IpPermission> = BTreeMap::new();
    for rule in rules {
        let item = items.entry(rule.key.service).or_insert_with(|| permission(rule.key.service));
        add_peer(item, rule.key.peer, rule.description.as_ref().map(ToString::to_string));
    }
    items.into_values().collect()
}

/// An item without peers.
pub(super) fn permission(service: Service) -> IpPermission {
    let ports = service.port_range();
    IpPermission {
        ip_protocol: Some(service.protocol().to_string()),
        from_port: ports.map(|(from, _)| from.into()),
        to_port: ports.map(|(_, to)| to.into()),
        ..IpPermission::default()
    }
}

pub(super) fn add_peer(item: &mut IpPermission, peer: Peer, description: Option<String>) {
    match peer {
        Peer::Ipv4(net) => item.ip_ranges.push(IpRange { description, cidr_ip: Some(net.to_string()) }),
        Peer::Ipv6(net) => item.ipv6_ranges.push(Ipv6Range { description, cidr_ipv6: Some(net.to_string()) }),
        Peer::Group { id, owner } => item.user_id_group_pairs.push(UserIdGroupPair {
            description,
            user_id: Some(owner.to_string()),
            group_id: Some(id.to_string()),
            ..UserIdGroupPair::default()
        }),
        Peer::PrefixList(id) => {
            item.prefix_list_ids.push(PrefixListReference { description, prefix_list_id: Some(id.to_string()) });
        }
    }
}

pub(super) fn prefix_list(list: &PrefixList, region: &str) -> ManagedPrefixList {
    let PrefixList { id, name, owner, family, max_entries, version, entries: _, tags, state, past: _, client_token: _ } =
        list;
    ManagedPrefixList {
        prefix_list_id: id.to_string(),
        address_family: family.to_string(),
        state: state.to_string(),
        prefix_list_arn: format!("arn:aws:ec2:{region}:{owner}:prefix-list/{id}"),
        prefix_list_name: name.to_string(),
        max_entries: *max_entries,
        version: *version,
        tags: tag_list(tags),
        owner_id: owner.to_string(),
    }
}

pub(super) fn prefix_list_blocks(list: &PrefixList) -> PrefixListDescription {
    PrefixListDescription {
        cidrs: list.entries.keys().map(ToString::to_string).collect(),
        prefix_list_id: list.id.to_string(),
        prefix_list_name: list.name.to_string(),
    }
}

/// What rules and revoked rules have in common.
struct RuleMembers {
    ports: (i64, i64),
    cidr_ipv4: Option<String>,
    cidr_ipv6: Option<String>,
    prefix_list_id: Option<String>,
    referenced: Option<ReferencedGroupInfo>,
}

fn rule_members(rule: &Rule) -> RuleMembers {
    let (from, to) = rule.key.service.port_range().unwrap_or((-1, -1));
    let mut members = RuleMembers {
        ports: (from.into(), to.into()),
        cidr_ipv4: None,
        cidr_ipv6: None,
        prefix_list_id: None,
        referenced: None,
    };
    match rule.key.peer {
        Peer::Ipv4(net) => members.cidr_ipv4 = Some(net.to_string()),
        Peer::Ipv6(net) => members.cidr_ipv6 = Some(net.to_string()),
        Peer::PrefixList(id) => members.prefix_list_id = Some(id.to_string()),
        Peer::Group { id, owner } => {
            members.referenced = Some(ReferencedGroupInfo { group_id: id.to_string(), user_id: owner.to_string() });
        }
    }
    members
}

pub(super) fn rule(group: &SecurityGroup, rule: &Rule, region: &str) -> SecurityGroupRuleDescription {
    let RuleMembers { ports: (from_port, to_port), cidr_ipv4, cidr_ipv6, prefix_list_id, referenced } =
        rule_members(rule);
    SecurityGroupRuleDescription {
        security_group_rule_id: rule.id.to_string(),
        group_id: group.id.to_string(),
        group_owner_id: group.owner.to_string(),
        is_egress: rule.key.direction == Direction::Outbound,
        ip_protocol: rule.key.service.protocol().to_string(),
        from_port,
        to_port,
        cidr_ipv4,
        cidr_ipv6,
        prefix_list_id,
        referenced_group_info: referenced,
        description: rule.description.as_ref().map(ToString::to_string),
        tags: tag_list(&rule.tags),
        security_group_rule_arn: format!("arn:aws:ec2:{region}:{}:security-group-rule/{}", group.owner, rule.id),
    }
}

pub(super) fn revoked(group: &SecurityGroup, rule: &Rule) -> RevokedSecurityGroupRule {
    let RuleMembers { ports: (from_port, to_port), cidr_ipv4, cidr_ipv6, prefix_list_id, referenced } =
        rule_members(rule);
    RevokedSecurityGroupRule {
        security_group_rule_id: rule.id.to_string(),
        group_id: group.id.to_string(),
        is_egress: rule.key.direction == Direction::Outbound,
        ip_protocol: rule.key.service.protocol().to_string(),
        from_port,
        to_port,
        cidr_ipv4,
        cidr_ipv6,
        prefix_list_id,
        referenced_group_id: referenced.map(|info| info.group_id),
        description: rule.description.as_ref().map(ToString::to_string),
    }
}

pub(super) fn status(interface: &NetworkInterface) -> &'static str {
    if interface.attachment.is_some() || interface.instance.is_some() { "in-use" } else { "available" }
}

/// The groups of an interface.
pub(super) fn groups(model: &Model, interface: &NetworkInterface) -> Vec<GroupIdentifier> {
    let name = |id| model.groups.get(id).map(|group| group.name.to_string()).unwrap_or_default();
    interface.groups.iter().map(|id| GroupIdentifier { group_id: id.to_string(), group_name: name(id) }).collect()
}

/// The IPv4 addresses of an interface, the first one first.
pub(super) fn ipv4_addresses(interface: &NetworkInterface) -> Vec<NetworkInterfacePrivateIpAddress> {
    let first = interface.primary_ipv4();
    let others = interface.ipv4().filter(|address| Some(*address) != first);
    let address = |address: Ipv4Addr| NetworkInterfacePrivateIpAddress {
        primary: Some(address) == first,
        private_ip_address: address.to_string(),
    };
    first.into_iter().chain(others).map(address).collect()
}

/// The IPv6 addresses of an interface.
pub(super) fn ipv6_addresses(interface: &NetworkInterface) -> Vec<InstanceIpv6Address> {
    let address =
        |address: Ipv6Addr| InstanceIpv6Address { ipv6_address: Some(address.to_string()), is_primary_ipv6: false };
    interface.ipv6().map(address).collect()
}

/// The place of an interface at its instance.
pub(super) fn place(model: &Model, interface: &NetworkInterface) -> Option<NetworkInterfaceAttachment> {
    let InstanceAttachment { id, instance, device_index, attached_at, delete_on_termination, by_device: _ } =
        interface.instance.as_ref()?;
    Some(NetworkInterfaceAttachment {
        attach_time: time(*attached_at),
        attachment_id: id.to_string(),
        delete_on_termination: *delete_on_termination,
        device_index: *device_index,
        network_card_index: 0,
        instance_id: instance.to_string(),
        instance_owner_id: model.instances.get(instance).map(|instance| instance.owner.to_string()).unwrap_or_default(),
        status: "attached".into(),
    })
}

/// A time as the service writes it: to the second.
#[must_use]
pub fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn interface(model: &Model, interface: &NetworkInterface, region: &str) -> NetworkInterfaceDescription {
    let NetworkInterface {
        id,
        vpc,
        owner,
        description,
        groups: _,
        subnet,
        addresses: _,
        primary: _,
        instance: _,
        mac_address: _,
        attachment,
        device,
        tags,
        timeouts,
        source_dest_check,
        client_token: _,
    } = interface;
    let tracking = ConnectionTrackingConfiguration {
        tcp_established_timeout: timeouts.tcp_established,
        udp_stream_timeout: timeouts.udp_stream,
        udp_timeout: timeouts.udp,
    };
    NetworkInterfaceDescription {
        attachment: place(model, interface),
        availability_zone: zone::name(region),
        connection_tracking_configuration: (*timeouts != Default::default()).then_some(tracking),
        description: description.clone(),
        groups: groups(model, interface),
        interface_type: "interface".into(),
        ipv6_addresses: ipv6_addresses(interface),
        mac_address: interface.mac().to_string(),
        network_interface_id: id.to_string(),
        owner_id: owner.to_string(),
        requester_managed: false,
        private_ip_address: interface.primary_ipv4().map(|address| address.to_string()),
        private_ip_addresses: ipv4_addresses(interface),
        source_dest_check: *source_dest_check,
        status: status(interface).into(),
        subnet_id: subnet.map(|subnet| subnet.to_string()),
        tag_set: tag_list(tags),
        vpc_id: vpc.to_string(),
        device_attachment: attachment.as_ref().map(|attachment| DeviceAttachment {
            device: attachment.device.clone(),
            number: attachment.number,
            side: attachment.side.to_string(),
            hook: Hook { wanted: attachment.hook.to_string(), got: None },
            addresses: attachment.addresses.to_string(),
            mac_source: attachment.mac_source.to_string(),
            mac_check: interface.enforced_mac().is_some(),
            strict_l2: attachment.strict_l2,
            enforce: attachment.enforce,
            adopt: attachment.adopt,
            status: None,
        }),
        last_device: device.clone().filter(|_| attachment.is_none()),
        device_binding: None,
    }
}
