//! Changing rules that are there: what they say, and the notes on them. They keep their ids, directions and numbers.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::permission;
use super::request::Response;
use super::types::*;
use super::{convert, lookup, quota, refusal};
use crate::model::{
    Model, Peer, Rule, RuleDescription, RuleId, RuleKey, SecurityGroup, parse_ipv4_cidr, parse_ipv6_cidr,
};
use firewall_common::verdict::Direction;
use std::collections::BTreeSet;

pub(super) fn modify(request: ModifySecurityGroupRules, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let ModifySecurityGroupRules { group_id, security_group_rules, dry_run: _ } = request;
    let Context { model, quotas, .. } = context;
    let group_id = lookup::required("GroupId", group_id)?;
    if security_group_rules.is_empty() {
        return Err(ApiError::missing("SecurityGroupRules"));
    }
    let group = lookup::group(model, &group_id)?;
    let ids = security_group_rules.iter().map(|update| update.security_group_rule_id.as_ref());
    let before = lookup::rules_of(model, group, ids)?;
    let updates = before.iter().zip(security_group_rules);
    let after = updates.map(|(rule, update)| updated(model, group, rule, update.security_group_rule));
    let after = after.collect::<Result<Vec<Rule>, _>>()?;
    permission::check_named_once(&before)?;
    check_keys(group, &after)?;
    let keys = |rules: &[Rule]| rules.iter().map(|rule| rule.key).collect::<Vec<RuleKey>>();
    let gone: Vec<RuleKey> = before.iter().map(|rule| rule.key).collect();
    quota::rules(model, quotas, group, &gone, &keys(&after))?;
    let warnings = after.iter().filter_map(|rule| permission::warning(&rule.key, &model.prefix_lists)).collect();
    Ok(Outcome { warnings, ..changed(model, group, after)? })
}

/// A rule as a request wants it to be.
fn updated(
    model: &Model,
    group: &SecurityGroup,
    rule: &Rule,
    wanted: Option<SecurityGroupRuleRequest>,
) -> Result<Rule, ApiError> {
    let SecurityGroupRuleRequest {
        ip_protocol,
        from_port,
        to_port,
        cidr_ipv4,
        cidr_ipv6,
        prefix_list_id,
        referenced_group_id,
        description,
    } = wanted.ok_or_else(|| ApiError::missing("SecurityGroupRule"))?;
    let service = permission::service(ip_protocol.as_ref(), from_port, to_port)?;
    let kinds = [
        (PeerKind::Ipv4, cidr_ipv4),
        (PeerKind::Ipv6, cidr_ipv6),
        (PeerKind::PrefixList, prefix_list_id),
        (PeerKind::Group, referenced_group_id),
    ];
    let mut given = kinds.into_iter().filter_map(|(kind, text)| lookup::present(text).map(|text| (kind, text)));
    let (kind, text) = match (given.next(), given.next()) {
        (Some(only), None) => only,
        (Some(_), Some(_)) => {
            let message = "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified";
            return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
        }
        (None, _) => {
            let message =
                "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId";
            return Err(ApiError::new(ErrorCode::MissingParameter, message));
        }
    };
    let has = PeerKind::of(rule.key.peer);
    if kind != has {
        let message = format!(
            "Invalid rule type for security group rule '{}'. You may not specify {} for an existing {} rule{}",
            rule.id,
            kind.parameter(),
            has.name(),
            // As the service has it.
            if kind == PeerKind::Group { "" } else { "." },
        );
        let detail = "A rule keeps the kind of its peer. Revoke this one and authorize another, or replace the rules.";
        return Err(ApiError::value(message).with_detail(detail));
    }
    let peer = kind.read(model, group, text)?;
    let description = match &description {
        Some(_) => permission::note(&description)?,
        None => rule.description.clone(),
    };
    let mut rule = rule.clone();
    rule.key = RuleKey { direction: rule.key.direction, service, peer };
    rule.description = description;
    Ok(rule)
}

/// The kinds of peers, as ModifySecurityGroupRules calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PeerKind {
    Ipv4,
    Ipv6,
    PrefixList,
    Group,
}

impl PeerKind {
    const fn of(peer: Peer) -> Self {
        match peer {
            Peer::Ipv4(_) => Self::Ipv4,
            Peer::Ipv6(_) => Self::Ipv6,
            Peer::PrefixList(_) => Self::PrefixList,
            Peer::Group { .. } => Self::Group,
        }
    }

    const fn parameter(self) -> &'static str {
        match self {
            Self::Ipv4 => "CidrIpv4",
            Self::Ipv6 => "CidrIpv6",
            Self::PrefixList => "a prefix list id",
            Self::Group => "a referenced group id",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4 CIDR",
            Self::Ipv6 => "IPv6 CIDR",
            Self::PrefixList => "prefix list",
            Self::Group => "referenced group",
        }
    }

    /// A peer of this kind.
    fn read(self, model: &Model, group: &SecurityGroup, text: String) -> Result<Peer, ApiError> {
        match self {
            Self::Ipv4 => {
                parse_ipv4_cidr(&text).map(Peer::Ipv4).map_err(|error| convert::malformed_cidr(&error, false))
            }
            Self::Ipv6 => parse_ipv6_cidr(&text).map(Peer::Ipv6).map_err(|error| convert::malformed_cidr(&error, true)),
            Self::PrefixList => Ok(Peer::PrefixList(lookup::prefix_list(model, &text)?.id)),
            Self::Group => {
                let pair = UserIdGroupPair { group_id: Some(text), ..UserIdGroupPair::default() };
                permission::referenced_group(model, group, &pair)
            }
        }
    }
}

/// Whether the changed rules of a group say what no other rule says.
fn check_keys(group: &SecurityGroup, changed: &[Rule]) -> Result<(), ApiError> {
    let mut seen = BTreeSet::new();
    if let Some(again) = changed.iter().find(|rule| !seen.insert(rule.key)) {
        return Err(permission::repeated(&permission::describe(&again.key)));
    }
    let ids: BTreeSet<RuleId> = changed.iter().map(|rule| rule.id).collect();
    let mut others = group.rules.values().filter(|rule| !ids.contains(&rule.id));
    match others.find(|rule| seen.contains(&rule.key)) {
        Some(other) => Err(permission::exists_already(group.id, &other.key, other.id)),
        None => Ok(()),
    }
}

/// The rules in the place of those that have their ids.
fn changed(model: &Model, group: &SecurityGroup, rules: Vec<Rule>) -> Result<Outcome, ApiError> {
    let response = Response::Confirmation(Confirmation { r#return: true });
    if rules.iter().all(|rule| group.rules.get(&rule.id) == Some(rule)) {
        return Ok(Outcome::unchanged(response));
    }
    let mut next = model.clone();
    next.put_rules(group.id, rules).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(response, next))
}

pub(super) fn describe(
    direction: Direction,
    request: UpdateSecurityGroupRuleDescriptionsIngress,
    context: &Context<'_>,
) -> Result<Outcome, ApiError> {
    let UpdateSecurityGroupRuleDescriptionsIngress {
        group_id,
        group_name,
        ip_permissions: items,
        security_group_rule_descriptions: notes,
        dry_run: _,
    } = request;
    let model = context.model;
    match (items.is_empty(), notes.is_empty()) {
        (false, false) => {
            let message = "The parameter IpPermissions cannot be used with the parameter SecurityGroupRuleDescriptions";
            return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
        }
        (true, true) => return Err(ApiError::missing("IpPermissions or SecurityGroupRuleDescriptions")),
        (true, false) | (false, true) => {}
    }
    let group = lookup::group_by_id_or_name(model, context.account, group_id, group_name)?;
    let described: Vec<(&Rule, Option<RuleDescription>)> = if items.is_empty() {
        let ids = notes.iter().map(|note| note.security_group_rule_id.as_ref());
        let rules = lookup::rules_of(model, group, ids)?;
        lookup::check_direction(&rules, direction, "update-security-group-rule-descriptions")?;
        let descriptions = notes.iter().map(|note| permission::note(&note.description));
        let descriptions = descriptions.collect::<Result<Vec<_>, _>>()?;
        permission::check_named_once(&rules)?;
        rules.into_iter().zip(descriptions).collect()
    } else {
        let wanted = permission::expand(model, group, [(direction, &*items)])?;
        match permission::known(group, wanted) {
            (rules, missing) if missing.is_empty() => rules,
            (_, missing) => return Err(permission::not_found(&missing)),
        }
    };
    let rules = described.into_iter().map(|(rule, description)| Rule { description, ..rule.clone() });
    changed(model, group, rules.collect())
}
