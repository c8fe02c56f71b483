//! From permissions as they are sent to rules: each item holds one rule for each of its peers.

use super::error::{ApiError, ErrorCode};
use super::types::{IpPermission, IpRange, Ipv6Range, PrefixListReference, UserIdGroupPair};
use super::{convert, lookup};
use crate::model::{
    Family, GroupId, IcmpFamily, Model, Peer, PrefixLists, Protocol, Rule, RuleDescription, RuleId, RuleKey,
    SecurityGroup, Service, parse_ipv4_cidr, parse_ipv6_cidr,
};
use firewall_common::verdict::Direction;
use std::collections::BTreeSet;

/// A rule that a request asks for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub key: RuleKey,
    pub description: Option<RuleDescription>,
}

/// The rules that permissions of directions ask for, in their order: of each item its IPv4 blocks, IPv6 blocks, groups and
/// prefix lists. Checks protocol, ports, number of peers, then each peer and its description; then that none comes twice.
pub(super) fn expand<'a>(
    model: &Model,
    group: &SecurityGroup,
    permissions: impl IntoIterator<Item = (Direction, &'a [IpPermission])>,
) -> Result<Vec<Wanted>, ApiError> {
    let mut wanted = Vec::new();
    for (direction, items) in permissions {
        for item in items {
            let service = service(item.ip_protocol.as_ref(), item.from_port, item.to_port)?;
            for (peer, description) in peers(model, group, item)? {
                wanted.push(Wanted { key: RuleKey { direction, service, peer }, description });
            }
        }
    }
    let mut seen = BTreeSet::new();
    match wanted.iter().find(|rule| !seen.insert(rule.key)) {
        Some(again) => Err(repeated(&describe(&again.key))),
        None => Ok(wanted),
    }
}

/// Rules of a group by what they say, with the descriptions that come with that, and what no rule says.
pub(super) fn known(
    group: &SecurityGroup,
    wanted: Vec<Wanted>,
) -> (Vec<(&Rule, Option<RuleDescription>)>, Vec<RuleKey>) {
    let (mut rules, mut missing) = (Vec::new(), Vec::new());
    for Wanted { key, description } in wanted {
        match group.rule_by_key(&key) {
            Some(rule) => rules.push((rule, description)),
            None => missing.push(key),
        }
    }
    (rules, missing)
}

/// Whether no rule is named twice by its id.
pub(super) fn check_named_once(rules: &[&Rule]) -> Result<(), ApiError> {
    let mut seen = BTreeSet::new();
    match rules.iter().find(|rule| !seen.insert(rule.id)) {
        Some(again) => Err(repeated(&again.id)),
        None => Ok(()),
    }
}

/// Protocol and ports of a rule.
pub(super) fn service(protocol: Option<&String>, from: Option<i64>, to: Option<i64>) -> Result<Service, ApiError> {
    let text = lookup::present(protocol.cloned()).ok_or_else(|| {
        let message = "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.";
        ApiError::value(message).with_detail("It is tcp, udp, icmp, icmpv6, a number from 0 to 255, or -1 for all.")
    })?;
    let protocol: Protocol = text.parse().map_err(|error: crate::model::ProtocolError| {
        ApiError::value(error.to_string()).with_detail("It is tcp, udp, icmp, icmpv6, a number from 0 to 255, or -1.")
    })?;
    Ok(Service::new(protocol, from, to)?)
}

type Described = (Peer, Option<RuleDescription>);

fn peers(model: &Model, group: &SecurityGroup, item: &IpPermission) -> Result<Vec<Described>, ApiError> {
    let IpPermission { user_id_group_pairs, ip_ranges, ipv6_ranges, prefix_list_ids, .. } = item;
    let mut peers = Vec::new();
    for IpRange { description, cidr_ip } in ip_ranges {
        let text = lookup::required("CidrIp", cidr_ip.clone())?;
        let net = parse_ipv4_cidr(&text).map_err(|error| convert::malformed_cidr(&error, false))?;
        peers.push((Peer::Ipv4(net), note(description)?));
    }
    for Ipv6Range { description, cidr_ipv6 } in ipv6_ranges {
        let text = lookup::required("CidrIpv6", cidr_ipv6.clone())?;
        let net = parse_ipv6_cidr(&text).map_err(|error| convert::malformed_cidr(&error, true))?;
        peers.push((Peer::Ipv6(net), note(description)?));
    }
    for pair in user_id_group_pairs {
        peers.push((referenced_group(model, group, pair)?, note(&pair.description)?));
    }
    for PrefixListReference { description, prefix_list_id } in prefix_list_ids {
        let list = lookup::prefix_list(model, &lookup::required("PrefixListId", prefix_list_id.clone())?)?;
        peers.push((Peer::PrefixList(list.id), note(description)?));
    }
    if peers.is_empty() {
        let message = "Missing source specification: include source security group or CIDR information";
        return Err(ApiError::new(ErrorCode::MissingParameter, message));
    }
    Ok(peers)
}

/// The note on a rule; an empty text is none.
pub(super) fn note(description: &Option<String>) -> Result<Option<RuleDescription>, ApiError> {
    let text = description.as_deref().filter(|text| !text.is_empty());
    Ok(text.map(str::parse).transpose()?)
}

/// The group that a rule of a group is to name.
pub(super) fn referenced_group(model: &Model, group: &SecurityGroup, pair: &UserIdGroupPair) -> Result<Peer, ApiError> {
    let UserIdGroupPair {
        description: _,
        user_id,
        group_name,
        group_id,
        vpc_id,
        vpc_peering_connection_id,
        peering_status: _,
    } = pair;
    if let Some(peering) = lookup::present(vpc_peering_connection_id.clone()) {
        let message = format!("The vpcPeeringConnection ID '{peering}' does not exist");
        return Err(ApiError::new(ErrorCode::InvalidVpcPeeringConnectionIdNotFound, message));
    }
    let name = lookup::present(group_name.clone());
    let found = match (lookup::present(group_id.clone()), &name) {
        (Some(id), _) => lookup::group(model, &id)?,
        (None, Some(name)) => by_name(model, group, name)?,
        (None, None) => return Err(ApiError::missing("groupName or groupId")),
    };
    let owner = lookup::present(user_id.clone()).filter(|owner| *owner != found.owner.to_string());
    if let Some(owner) = owner {
        let detail = format!("It is owned by account {}, not by {owner}.", found.owner);
        return Err(lookup::group_not_found(&found.id.to_string()).with_detail(detail));
    }
    if let Some(name) = name.filter(|name| !found.name.is_same(name)) {
        let detail = format!("Its name is '{}', not '{name}'.", found.name);
        return Err(lookup::group_not_found(&found.id.to_string()).with_detail(detail));
    }
    let elsewhere = lookup::present(vpc_id.clone()).filter(|vpc| *vpc != found.vpc.to_string());
    if let Some(vpc) = elsewhere {
        let detail = format!("It is in {}, not in {vpc}.", found.vpc);
        return Err(lookup::group_not_found(&found.id.to_string()).with_detail(detail));
    }
    if found.vpc != group.vpc {
        let detail = format!("The group {} is in {}, the group {} in {}.", group.id, group.vpc, found.id, found.vpc);
        return Err(lookup::different_networks(detail));
    }
    Ok(Peer::Group { id: found.id, owner: found.owner })
}

/// A group by its name, which has a meaning in a default VPC only.
fn by_name<'a>(
    model: &'a Model,
    group: &SecurityGroup,
    name: &str,
) -> Result<&'a std::sync::Arc<SecurityGroup>, ApiError> {
    if model.vpcs.get(&group.vpc).is_some_and(|vpc| vpc.is_default) {
        return lookup::group_by_name_in(model, group.vpc, name);
    }
    Err(ApiError::value(format!(
        "Invalid value '{name}' for groupName. You may not reference Amazon VPC security groups by name. Please use \
         the corresponding id for this operation."
    )))
}

/// The group has a rule that allows the same.
pub(super) fn exists_already(group: GroupId, key: &RuleKey, rule: RuleId) -> ApiError {
    let message = format!("the specified rule {} already exists", quoted(key));
    let detail = format!("It is rule {rule} of group {group}.");
    ApiError::new(ErrorCode::InvalidPermissionDuplicate, message).with_detail(detail)
}

/// The group has no rules that say this.
pub(super) fn not_found(keys: &[RuleKey]) -> ApiError {
    let lines: Vec<String> = keys.iter().map(|key| format!("not there: {}", describe(key))).collect();
    let message = "The specified rule does not exist in this security group.";
    ApiError::new(ErrorCode::InvalidPermissionNotFound, message).with_detail(lookup::list(&lines))
}

/// A rule that is asked for twice in one request.
pub(super) fn repeated(what: &impl std::fmt::Display) -> ApiError {
    ApiError::value("The same permission must not appear multiple times").with_detail(format!("This one does: {what}."))
}

/// A rule in the words in which the service tells that it is there already.
fn quoted(key: &RuleKey) -> String {
    let or_all = |octet: Option<u8>| octet.map_or_else(|| "ALL".to_owned(), |octet| octet.to_string());
    let peer = match key.peer {
        Peer::Group { id, owner: _ } => id.to_string(),
        peer @ (Peer::Ipv4(_) | Peer::Ipv6(_) | Peer::PrefixList(_)) => peer.to_string(),
    };
    let protocol = key.service.protocol().to_string().to_ascii_uppercase();
    let service = match key.service {
        Service::All => "ALL".to_owned(),
        Service::Other(_) => protocol,
        Service::Ports { protocol: _, from, to } => format!("{protocol}, from port: {from}, to port: {to}"),
        Service::Icmp { family: _, kind, code } => {
            format!("{protocol}, type: {}, code: {}", or_all(kind), or_all(code))
        }
    };
    format!("\"peer: {peer}, {service}, ALLOW\"")
}

/// A rule in our words.
pub(super) fn describe(key: &RuleKey) -> String {
    let RuleKey { direction, service, peer } = key;
    let preposition = match direction {
        Direction::Inbound => "from",
        Direction::Outbound => "to",
    };
    format!("{} {service} {preposition} {peer}", direction.name())
}

/// What a rule that can be made will never do.
pub(super) fn warning(key: &RuleKey, lists: &PrefixLists) -> Option<String> {
    let peer_family = match key.peer {
        Peer::Ipv4(_) => Family::Ipv4,
        Peer::Ipv6(_) => Family::Ipv6,
        Peer::PrefixList(id) => lists.get(&id)?.family,
        // Members may have addresses of both.
        Peer::Group { .. } => return None,
    };
    let (named, fitting) = match (key.service, peer_family) {
        (Service::Icmp { family: IcmpFamily::V4, .. }, Family::Ipv6) => ("icmp", "icmpv6"),
        (Service::Icmp { family: IcmpFamily::V6, .. }, Family::Ipv4) => ("icmpv6", "icmp"),
        (Service::All | Service::Ports { .. } | Service::Other(_) | Service::Icmp { .. }, _) => return None,
    };
    Some(format!("{} matches nothing: for {} it takes {fitting}, not {named}", describe(key), key.peer))
}
