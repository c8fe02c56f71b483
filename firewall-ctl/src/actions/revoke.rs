//! Taking rules away from groups.

use super::authorize::OlderForm;
use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::permission;
use super::request::Response;
use super::types::*;
use super::{lookup, refusal, wire};
use crate::model::RuleKey;
use firewall_common::verdict::Direction;

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
    revoke(Direction::Inbound, (group_id, group_name), &items, &security_group_rule_ids, context)
}

pub(super) fn egress(request: RevokeSecurityGroupEgress, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let RevokeSecurityGroupEgress { group_id, ip_permissions, security_group_rule_ids, cut_flows: _, dry_run: _ } =
        request;
    let group_id = lookup::required("GroupId", group_id)?;
    revoke(Direction::Outbound, (Some(group_id), None), &ip_permissions, &security_group_rule_ids, context)
}

fn revoke(
    direction: Direction,
    (id, name): (Option<String>, Option<String>),
    items: &[IpPermission],
    ids: &[String],
    context: &Context<'_>,
) -> Result<Outcome, ApiError> {
    let model = context.model;
    match (items.is_empty(), ids.is_empty()) {
        (false, false) => {
            let message = "The parameter IpPermissions cannot be used with the parameter SecurityGroupRuleIds";
            return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
        }
        (true, true) => return Err(ApiError::missing("IpPermissions or SecurityGroupRuleIds")),
        (true, false) | (false, true) => {}
    }
    let group = lookup::group_by_id_or_name(model, context.account, id, name)?;
    let (rules, unknown) = if items.is_empty() {
        let rules = lookup::rules_of(model, group, ids.iter().map(Some))?;
        lookup::check_direction(&rules, direction, "revoke-security-group")?;
        permission::check_named_once(&rules)?;
        (rules, Vec::new())
    } else {
        let wanted = permission::expand(model, group, [(direction, items)])?;
        let (rules, missing) = permission::known(group, wanted);
        // In a default VPC what is not there is only told.
        if !missing.is_empty() && model.vpcs.get(&group.vpc).is_none_or(|vpc| !vpc.is_default) {
            return Err(permission::not_found(&missing));
        }
        (rules.into_iter().map(|(rule, _)| rule).collect(), grouped(&missing))
    };
    let response = Response::Revoke(RevokeResult {
        r#return: true,
        unknown_ip_permissions: unknown,
        revoked_security_group_rules: rules.iter().map(|rule| wire::revoked(group, rule)).collect(),
        cut_flows: None,
    });
    if rules.is_empty() {
        return Ok(Outcome::unchanged(response));
    }
    let mut next = model.clone();
    let rules = rules.iter().map(|rule| rule.id).collect();
    next.remove_rules(group.id, &rules).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(response, next))
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
