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
    let vpc = lookup::vpc_or_default(model, vpc_id)?;
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
    let DeleteSecurityGroup { group_id, group_name, dry_run: _ } = request;
    let id = lookup::group_by_id_or_name(context.model, group_id, group_name)?.id;
    let mut next = context.model.clone();
    next.remove_group(id).map_err(|error| refusal::refused(context.model, error))?;
    let answer = DeleteSecurityGroupResult { r#return: true, group_id: id.to_string() };
    Ok(Outcome::changed(Response::DeleteSecurityGroup(answer), next))
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
    let by_name = group_names.iter().map(|name| lookup::group_by_name(model, name));
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
