//! Giving a group a whole set of rules in one step.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::permission::{self, Wanted};
use super::request::Response;
use super::types::*;
use super::{convert, lookup, quota, refusal, wire};
use crate::model::{Rule, RuleId, RuleKey, SecurityGroup};
use firewall_common::verdict::Direction;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn replace(request: ReplaceSecurityGroupRules, context: Context<'_>) -> Result<Outcome, ApiError> {
    let ReplaceSecurityGroupRules {
        group_id,
        group_name,
        direction,
        ip_permissions,
        ip_permissions_egress,
        tag_specifications,
        cut_flows: _,
        dry_run: _,
    } = request;
    let Context { model, quotas, account, region, rng, rule_numbers, .. } = context;
    let directions = directions(direction, &ip_permissions, &ip_permissions_egress)?;
    let tags = convert::tags(tag_specifications, "security-group-rule")?;
    let group = lookup::group_by_id_or_name(model, account, group_id, group_name)?;
    let permissions = [(Direction::Inbound, &*ip_permissions), (Direction::Outbound, &*ip_permissions_egress)];
    let wanted = permission::expand(model, group, permissions)?;
    let known: BTreeMap<RuleKey, &Rule> = group.rules.values().map(|rule| (rule.key, rule)).collect();
    let keys: BTreeSet<RuleKey> = wanted.iter().map(|rule| rule.key).collect();
    let is_gone = |rule: &&Rule| directions.contains(&rule.key.direction) && !keys.contains(&rule.key);
    let gone: Vec<&Rule> = group.rules.values().filter(is_gone).collect();
    let gone_keys: Vec<RuleKey> = gone.iter().map(|rule| rule.key).collect();
    let new_keys: Vec<RuleKey> = keys.iter().filter(|key| !known.contains_key(key)).copied().collect();
    quota::rules(model, quotas, group, &gone_keys, &new_keys)?;

    let mut next = model.clone();
    let numbers = next.take_rule_numbers(new_keys.len(), rule_numbers);
    let numbers = numbers.map_err(|error| refusal::out_of_rules_or(model, error.into()))?;
    let warnings = wanted.iter().filter_map(|rule| permission::warning(&rule.key, &model.prefix_lists)).collect();
    let mut numbers = numbers.into_iter();
    let mut rules = Vec::new();
    for Wanted { key, description } in wanted {
        let rule = match known.get(&key) {
            Some(rule) => Rule { id: rule.id, key, description, tags: rule.tags.clone(), number: rule.number },
            None => {
                let missing = || ApiError::new(ErrorCode::InternalError, "A rule got no number");
                let number = numbers.next().ok_or_else(missing)?;
                Rule { id: RuleId::random(rng), key, description, tags: tags.clone(), number }
            }
        };
        rules.push(rule);
    }
    let response = Response::Replace(ReplaceResult {
        r#return: true,
        security_group_rules: rules.iter().map(|rule| wire::rule(group, rule, region)).collect(),
        revoked_security_group_rules: gone.iter().map(|rule| wire::revoked(group, rule)).collect(),
        cut_flows: None,
    });
    let mut changed = SecurityGroup::clone(group);
    changed.rules.retain(|_, rule| !directions.contains(&rule.key.direction));
    changed.rules.extend(rules.into_iter().map(|rule| (rule.id, rule)));
    if changed == **group {
        return Ok(Outcome { warnings, ..Outcome::unchanged(response) });
    }
    next.put_group(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome { response, model: Some(next), warnings })
}

/// Which rules are replaced. What is given of others is refused, since it would be ignored.
fn directions(
    direction: Option<String>,
    ingress: &[IpPermission],
    egress: &[IpPermission],
) -> Result<Vec<Direction>, ApiError> {
    let text = lookup::required("Direction", direction)?;
    let (directions, stray) = match text.as_str() {
        "ingress" => (vec![Direction::Inbound], (!egress.is_empty()).then_some("IpPermissionsEgress")),
        "egress" => (vec![Direction::Outbound], (!ingress.is_empty()).then_some("IpPermissions")),
        "both" => (vec![Direction::Inbound, Direction::Outbound], None),
        _ => {
            let message = format!("Value ({text}) for parameter Direction is invalid.");
            return Err(ApiError::value(message).with_detail("It is ingress, egress or both."));
        }
    };
    match stray {
        Some(parameter) => {
            let message = format!("The parameter {parameter} cannot be used with the direction {text}");
            Err(ApiError::new(ErrorCode::InvalidParameterCombination, message))
        }
        None => Ok(directions),
    }
}
