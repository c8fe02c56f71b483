//! Adding rules to groups.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::permission::{self, Wanted};
use super::request::Response;
use super::types::*;
use super::{convert, lookup, quota, refusal, wire};
use crate::model::{Rule, RuleId, RuleKey};
use firewall_common::verdict::Direction;

pub(super) fn ingress(request: AuthorizeSecurityGroupIngress, context: Context<'_>) -> Result<Outcome, ApiError> {
    let AuthorizeSecurityGroupIngress {
        group_id,
        group_name,
        ip_permissions,
        ip_protocol,
        from_port,
        to_port,
        cidr_ip,
        source_security_group_name,
        source_security_group_owner_id,
        tag_specifications,
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
    let items = older.or(ip_permissions)?;
    let items = items.ok_or_else(|| ApiError::missing("IpPermissions"))?;
    let group = (group_id, group_name);
    authorize(Direction::Inbound, group, &items, tag_specifications, context)
}

pub(super) fn egress(request: AuthorizeSecurityGroupEgress, context: Context<'_>) -> Result<Outcome, ApiError> {
    let AuthorizeSecurityGroupEgress { group_id, ip_permissions, tag_specifications, dry_run: _ } = request;
    let group_id = lookup::required("GroupId", group_id)?;
    if ip_permissions.is_empty() {
        return Err(ApiError::missing("IpPermissions"));
    }
    authorize(Direction::Outbound, (Some(group_id), None), &ip_permissions, tag_specifications, context)
}

fn authorize(
    direction: Direction,
    (id, name): (Option<String>, Option<String>),
    items: &[IpPermission],
    tag_specifications: Vec<TagSpecification>,
    context: Context<'_>,
) -> Result<Outcome, ApiError> {
    let Context { model, quotas, account, region, rng, rule_numbers, .. } = context;
    let tags = convert::tags(tag_specifications, "security-group-rule")?;
    let group = lookup::group_by_id_or_name(model, account, id, name)?;
    let wanted = permission::expand(model, group, [(direction, items)])?;
    for Wanted { key, description: _ } in &wanted {
        if let Some(rule) = group.rule_by_key(key) {
            return Err(permission::exists_already(group.id, key, rule.id));
        }
    }
    let keys: Vec<RuleKey> = wanted.iter().map(|rule| rule.key).collect();
    quota::rules(model, quotas, group, &[], &keys)?;
    let mut next = model.clone();
    let numbers = next.take_rule_numbers(wanted.len(), rule_numbers);
    let numbers = numbers.map_err(|error| refusal::out_of_rules_or(model, error.into()))?;
    let warnings = wanted.iter().filter_map(|rule| permission::warning(&rule.key, &model.prefix_lists)).collect();
    let rules = wanted.into_iter().zip(numbers).map(|(Wanted { key, description }, number)| Rule {
        id: RuleId::random(rng),
        key,
        description,
        tags: tags.clone(),
        number,
    });
    let rules: Vec<Rule> = rules.collect();
    let answer = AuthorizeResult {
        r#return: true,
        security_group_rules: rules.iter().map(|rule| wire::rule(group, rule, region)).collect(),
    };
    next.put_rules(group.id, rules).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome { response: Response::Authorize(answer), model: Some(next), warnings })
}

/// One rule in the older form of the ingress actions.
pub(super) struct OlderForm {
    pub ip_protocol: Option<String>,
    pub from_port: Option<i64>,
    pub to_port: Option<i64>,
    pub cidr_ip: Option<String>,
    pub source_security_group_name: Option<String>,
    pub source_security_group_owner_id: Option<String>,
}

impl OlderForm {
    /// The permissions of a request: in the new form, or in this one, but not in both. None when it has neither.
    pub(super) fn or(self, items: Vec<IpPermission>) -> Result<Option<Vec<IpPermission>>, ApiError> {
        let Self {
            ip_protocol,
            from_port,
            to_port,
            cidr_ip,
            source_security_group_name,
            source_security_group_owner_id,
        } = self;
        let (ip_protocol, cidr_ip) = (lookup::present(ip_protocol), lookup::present(cidr_ip));
        let name = lookup::present(source_security_group_name);
        let owner = lookup::present(source_security_group_owner_id);
        let first = [
            ("IpProtocol", ip_protocol.is_some()),
            ("FromPort", from_port.is_some()),
            ("ToPort", to_port.is_some()),
            ("CidrIp", cidr_ip.is_some()),
            ("SourceSecurityGroupName", name.is_some()),
            ("SourceSecurityGroupOwnerId", owner.is_some()),
        ];
        let Some((first, _)) = first.into_iter().find(|(_, given)| *given) else {
            return Ok(Some(items).filter(|items| !items.is_empty()));
        };
        if !items.is_empty() {
            return Err(combination("IpPermissions", first));
        }
        let Some(name) = name else {
            if owner.is_some() {
                return Err(ApiError::missing("SourceSecurityGroupName"));
            }
            let ip_ranges = cidr_ip.map(|cidr| IpRange { description: None, cidr_ip: Some(cidr) });
            let ip_ranges = ip_ranges.into_iter().collect();
            return Ok(Some(vec![IpPermission { ip_protocol, from_port, to_port, ip_ranges, ..Default::default() }]));
        };
        if first != "SourceSecurityGroupName" {
            return Err(combination("SourceSecurityGroupName", first));
        }
        // A group by its name stands for all of TCP, UDP and ICMP from it, as in the service.
        let all_of = |protocol: &str, from, to| IpPermission {
            ip_protocol: Some(protocol.to_owned()),
            from_port: Some(from),
            to_port: Some(to),
            user_id_group_pairs: vec![UserIdGroupPair {
                group_name: Some(name.clone()),
                user_id: owner.clone(),
                ..UserIdGroupPair::default()
            }],
            ..IpPermission::default()
        };
        Ok(Some(vec![all_of("tcp", 0, 65535), all_of("udp", 0, 65535), all_of("icmp", -1, -1)]))
    }
}

fn combination(one: &str, other: &str) -> ApiError {
    let message = format!("The parameter {one} cannot be used with the parameter {other}");
    ApiError::new(ErrorCode::InvalidParameterCombination, message)
}
