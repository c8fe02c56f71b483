//! Taking rules away from groups.

use super::authorize::OlderForm;
use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::permission::{self, Wanted};
use super::request::Response;
use super::types::*;
use super::{lookup, refusal, wire};
use crate::model::{Model, RuleId, RuleKey, SecurityGroup};
use firewall_common::verdict::Direction;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn ingress(request: RevokeSecurityGroupIngress, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let RevokeSecurityGroupIngress {
        group_id,
        group_name,
        ip_permissions,
        security_group_rule_ids,
        ip_protocol,
        from_port,
        to_port,
        cidr_ip,
        source_security_group_name,
        source_security_group_owner_id,
        cut_flows: _,
        dry_run: _,
    } = request;
    let older = OlderForm {
        ip_protocol,
        from_port,
        to_port,
        cidr_ip,
        source_security_group_name,
        source_security_group_owner_id,
    };
    let items = older.or(ip_permissions)?.unwrap_or_default();
    revoke(Direction::Inbound, (group_id, group_name), &items, &security_group_rule_ids, context.model)
}

pub(super) fn egress(request: RevokeSecurityGroupEgress, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let RevokeSecurityGroupEgress { group_id, ip_permissions, security_group_rule_ids, cut_flows: _, dry_run: _ } =
        request;
    let group_id = lookup::required("GroupId", group_id)?;
    revoke(Direction::Outbound, (Some(group_id), None), &ip_permissions, &security_group_rule_ids, context.model)
}

fn revoke(
    direction: Direction,
    (id, name): (Option<String>, Option<String>),
    items: &[IpPermission],
    ids: &[String],
    model: &Model,
) -> Result<Outcome, ApiError> {
    match (items.is_empty(), ids.is_empty()) {
        (false, false) => {
            let message = "The parameter IpPermissions cannot be used with the parameter SecurityGroupRuleIds";
            return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
        }
        (true, true) => return Err(ApiError::missing("IpPermissions or SecurityGroupRuleIds")),
        (true, false) | (false, true) => {}
    }
    let group = lookup::group_by_id_or_name(model, id, name)?;
    let (rules, unknown) = if items.is_empty() {
        (by_ids(model, group, direction, ids)?, Vec::new())
    } else {
        by_permissions(model, group, direction, items)?
    };
    let revoked = rules.iter().filter_map(|id| group.rules.get(id)).map(|rule| wire::revoked(group, rule)).collect();
    let response = Response::Revoke(RevokeResult {
        r#return: true,
        unknown_ip_permissions: unknown,
        revoked_security_group_rules: revoked,
        cut_flows: None,
    });
    if rules.is_empty() {
        return Ok(Outcome::unchanged(response));
    }
    let mut next = model.clone();
    let rules = rules.into_iter().collect();
    next.remove_rules(group.id, &rules).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(response, next))
}

/// Rules by their ids, in the order of the request.
fn by_ids(model: &Model, group: &SecurityGroup, direction: Direction, ids: &[String]) -> Result<Vec<RuleId>, ApiError> {
    let mut rules = Vec::new();
    let mut seen = BTreeSet::new();
    for text in ids {
        let id = lookup::rule_id(text)?;
        let has = lookup::rule_of(model, group, id)?.key.direction;
        if has != direction {
            let name = has.name();
            return Err(lookup::rule_not_found(id).with_detail(format!(
                "It is an {name} rule of this group: revoke-security-group-{name} takes it away."
            )));
        }
        if !seen.insert(id) {
            return Err(permission::repeated(&id));
        }
        rules.push(id);
    }
    Ok(rules)
}

/// Rules by what they say. One that is not there is an error, but in the default VPC, where it is only told.
fn by_permissions(
    model: &Model,
    group: &Arc<SecurityGroup>,
    direction: Direction,
    items: &[IpPermission],
) -> Result<(Vec<RuleId>, Vec<IpPermission>), ApiError> {
    let wanted = permission::expand(model, group, direction, items)?;
    let mut rules = Vec::new();
    let mut missing: Vec<RuleKey> = Vec::new();
    for Wanted { key, description: _ } in wanted {
        match group.rule_by_key(&key) {
            Some(rule) => rules.push(rule.id),
            None => missing.push(key),
        }
    }
    if missing.is_empty() {
        return Ok((rules, Vec::new()));
    }
    if model.default_vpc().is_some_and(|vpc| vpc.id == group.vpc) {
        return Ok((rules, grouped(&missing)));
    }
    Err(permission::not_found(&missing))
}

/// Rules as permissions, those that follow each other with one protocol and port range as one item.
fn grouped(keys: &[RuleKey]) -> Vec<IpPermission> {
    let runs = keys.chunk_by(|one, other| one.service == other.service);
    let item = |run: &[RuleKey]| {
        let mut item = run.first().map(|key| wire::permission(key.service)).unwrap_or_default();
        for key in run {
            wire::add_peer(&mut item, key.peer, None);
        }
        item
    };
    runs.map(item).collect()
}
