//! Actions on security groups.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::page::Page;
use super::request::Response;
use super::types::*;
use super::{convert, lookup, refusal, wire};
use crate::model::{GroupId, GroupName, Model, ModelError, Peer, Rule, SecurityGroup};
use firewall_common::verdict::Direction;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn create(request: CreateSecurityGroup, context: Context<'_>) -> Result<Outcome, ApiError> {
    let CreateSecurityGroup { group_name, description, vpc_id, tag_specifications, dry_run: _ } = request;
    let Context { model, quotas, account, region, rng, rule_numbers, .. } = context;
    let name = GroupName::chosen(&lookup::required("GroupName", group_name)?)?;
    let description = lookup::required("GroupDescription", description)?.parse()?;
    let tags = convert::tags(tag_specifications, "security-group")?;
    let vpc = lookup::vpc_or_default(model, account, vpc_id)?;
    if let Some(holder) = model.group_by_name(vpc.id, name.as_str()) {
        let taken = ModelError::GroupNameTaken { name, vpc: vpc.id, holder: holder.id };
        return Err(refusal::refused(model, taken));
    }
    let count = model.groups_of(vpc.id).count();
    if count >= quotas.groups_per_vpc as usize {
        let message = format!("The maximum number of security groups for VPC '{}' has been reached.", vpc.id);
        let detail = format!("It has {count}, its default group included; the limit is {}.", quotas.groups_per_vpc);
        return Err(ApiError::new(ErrorCode::SecurityGroupLimitExceeded, message).with_detail(detail));
    }
    let mut next = model.clone();
    let mut group = SecurityGroup {
        id: GroupId::random(rng),
        name,
        description,
        vpc: vpc.id,
        owner: account,
        tags,
        rules: BTreeMap::new(),
    };
    let keys = SecurityGroup::default_egress(vpc);
    group.rules = next.new_rules(keys, rule_numbers, rng).map_err(|error| refusal::out_of_rules_or(model, error))?;
    let answer = CreateSecurityGroupResult {
        group_id: group.id.to_string(),
        tags: convert::tag_list(&group.tags),
        security_group_arn: wire::group_arn(&group, region),
    };
    next.put_group(group).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::CreateSecurityGroup(answer), next))
}

pub(super) fn delete(request: DeleteSecurityGroup, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DeleteSecurityGroup { group_id, group_name, group_ids, dry_run: _ } = request;
    let model = context.model;
    if group_ids.is_empty() {
        let id = lookup::group_by_id_or_name(model, context.account, group_id, group_name)?.id;
        return remove(model, &BTreeSet::from([id]), (Some(id.to_string()), Vec::new()));
    }
    for (parameter, value) in [("groupId", group_id), ("groupName", group_name)] {
        if lookup::present(value).is_some() {
            let message = format!("The parameter {parameter} cannot be used with the parameter groupIds");
            return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
        }
    }
    let ids = group_ids.iter().map(|id| lookup::group(model, id).map(|group| group.id));
    let ids = ids.collect::<Result<BTreeSet<GroupId>, _>>()?;
    let names = ids.iter().map(ToString::to_string).collect();
    remove(model, &ids, (None, names))
}

fn remove(
    model: &Model,
    ids: &BTreeSet<GroupId>,
    (group_id, group_ids): (Option<String>, Vec<String>),
) -> Result<Outcome, ApiError> {
    let mut next = model.clone();
    next.remove_groups(ids).map_err(|error| refusal::refused(model, error))?;
    let answer = DeleteSecurityGroupResult { r#return: true, group_id, group_ids };
    Ok(Outcome::changed(Response::DeleteSecurityGroup(answer), next))
}

pub(super) fn modify(request: ModifySecurityGroup, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let ModifySecurityGroup { group_id, group_name, description, dry_run: _ } = request;
    let model = context.model;
    let id = lookup::required("GroupId", group_id)?;
    let (name, description) = (lookup::present(group_name), lookup::present(description));
    if name.is_none() && description.is_none() {
        return Err(ApiError::missing("GroupName or Description"));
    }
    let name = name.map(|name| GroupName::chosen(&name)).transpose()?;
    let description = description.map(|text| text.parse()).transpose()?;
    let group = lookup::group(model, &id)?;
    if group.is_default() && name.is_some() {
        let message = format!("The specified group: \"{}\" name: \"default\" cannot be renamed by a user", group.id);
        return Err(ApiError::new(ErrorCode::OperationNotPermitted, message)
            .with_detail("A VPC's default group keeps its name; its description can be changed."));
    }
    let response = Response::Confirmation(Confirmation { r#return: true });
    let mut changed = SecurityGroup::clone(group);
    changed.name = name.unwrap_or(changed.name);
    changed.description = description.unwrap_or(changed.description);
    if changed == **group {
        return Ok(Outcome::unchanged(response));
    }
    let mut next = model.clone();
    next.put_group(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(response, next))
}

/// Filters of DescribeSecurityGroups.
const FILTERS: [&str; 23] = [
    "description",
    "egress.ip-permission.cidr",
    "egress.ip-permission.from-port",
    "egress.ip-permission.group-id",
    "egress.ip-permission.group-name",
    "egress.ip-permission.ipv6-cidr",
    "egress.ip-permission.prefix-list-id",
    "egress.ip-permission.protocol",
    "egress.ip-permission.to-port",
    "egress.ip-permission.user-id",
    "group-id",
    "group-name",
    "ip-permission.cidr",
    "ip-permission.from-port",
    "ip-permission.group-id",
    "ip-permission.group-name",
    "ip-permission.ipv6-cidr",
    "ip-permission.prefix-list-id",
    "ip-permission.protocol",
    "ip-permission.to-port",
    "ip-permission.user-id",
    "owner-id",
    "vpc-id",
];

pub(super) fn describe(mut request: DescribeSecurityGroups, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeSecurityGroups { group_ids, group_names, filters, max_results: _, next_token: _, dry_run: _ } = request;
    let model = context.model;
    let filters = Filters::new(filters, &FILTERS)?;
    let by_id = group_ids.iter().map(|id| lookup::group(model, id));
    let by_name = group_names.iter().map(|name| lookup::group_by_name(model, context.account, name));
    let wanted = by_id.chain(by_name).map(|found| found.map(|group| group.id));
    let wanted = wanted.collect::<Result<BTreeSet<_>, _>>()?;
    let groups = model.groups.values().filter(|group| wanted.is_empty() || wanted.contains(&group.id));
    let groups = groups.filter(|group| filters.accept(&group.tags, |name| values(model, group, name)));
    let (groups, next_token) = page.cut(groups, |group| group.id);
    let security_groups = groups.into_iter().map(|group| wire::group(group, context.region)).collect();
    let answer = DescribeSecurityGroupsResult { security_groups, next_token };
    Ok(Outcome::unchanged(Response::DescribeSecurityGroups(answer)))
}

fn values(model: &Model, group: &SecurityGroup, filter: &str) -> Vec<String> {
    let of_rules = |direction, field| {
        let rules = group.rules(direction);
        rules.flat_map(|rule| rule_values(model, rule, field)).collect()
    };
    if let Some(field) = filter.strip_prefix("egress.ip-permission.") {
        return of_rules(Direction::Outbound, field);
    }
    if let Some(field) = filter.strip_prefix("ip-permission.") {
        return of_rules(Direction::Inbound, field);
    }
    match filter {
        "description" => vec![group.description.to_string()],
        "group-id" => vec![group.id.to_string()],
        "group-name" => vec![group.name.to_string()],
        "owner-id" => vec![group.owner.to_string()],
        "vpc-id" => vec![group.vpc.to_string()],
        _ => Vec::new(),
    }
}

fn rule_values(model: &Model, rule: &Rule, field: &str) -> Vec<String> {
    let ports = rule.key.service.port_range();
    let value = match (field, rule.key.peer) {
        ("from-port", _) => ports.map(|(from, _)| from.to_string()),
        ("to-port", _) => ports.map(|(_, to)| to.to_string()),
        ("protocol", _) => Some(rule.key.service.protocol().to_string()),
        ("cidr", Peer::Ipv4(net)) => Some(net.to_string()),
        ("ipv6-cidr", Peer::Ipv6(net)) => Some(net.to_string()),
        ("prefix-list-id", Peer::PrefixList(id)) => Some(id.to_string()),
        ("group-id", Peer::Group { id, owner: _ }) => Some(id.to_string()),
        ("group-name", Peer::Group { id, owner: _ }) => model.groups.get(&id).map(|group| group.name.to_string()),
        ("user-id", Peer::Group { id: _, owner }) => Some(owner.to_string()),
        (_, Peer::Ipv4(_) | Peer::Ipv6(_) | Peer::PrefixList(_) | Peer::Group { .. }) => None,
    };
    value.into_iter().collect()
}
