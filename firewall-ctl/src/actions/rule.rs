//! Listing rules.

use super::context::{Context, Outcome};
use super::error::ApiError;
use super::filter::{self, Filters};
use super::request::Response;
use super::types::{DescribeSecurityGroupRules, DescribeSecurityGroupRulesResult};
use super::{lookup, wire};
use crate::model::{Rule, SecurityGroup};
use std::collections::BTreeSet;

/// Filters of DescribeSecurityGroupRules.
const FILTERS: [&str; 2] = ["group-id", "security-group-rule-id"];

pub(super) fn describe(request: DescribeSecurityGroupRules, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DescribeSecurityGroupRules { filters, security_group_rule_ids, dry_run: _ } = request;
    let model = context.model;
    let filters = Filters::new(filters, &FILTERS)?;
    // As in the service: a group that is none is an error, one that is not there is not.
    for id in filters.wanted("group-id").filter(|id| !filter::is_pattern(id)) {
        lookup::group_id(id)?;
    }
    let mut wanted = BTreeSet::new();
    for text in &security_group_rule_ids {
        let id = lookup::rule_id(text)?;
        model.rule(id).ok_or_else(|| lookup::rule_not_found(id))?;
        wanted.insert(id);
    }
    let mut rules = Vec::new();
    for group in model.groups.values() {
        let listed = group.rules.values().filter(|rule| wanted.is_empty() || wanted.contains(&rule.id));
        let listed = listed.filter(|rule| filters.accept(&rule.tags, |name| values(group, rule, name)));
        rules.extend(listed.map(|rule| wire::rule(group, rule, context.region)));
    }
    let answer = DescribeSecurityGroupRulesResult { security_group_rules: rules };
    Ok(Outcome::unchanged(Response::DescribeSecurityGroupRules(answer)))
}

fn values(group: &SecurityGroup, rule: &Rule, filter: &str) -> Vec<String> {
    match filter {
        "group-id" => vec![group.id.to_string()],
        "security-group-rule-id" => vec![rule.id.to_string()],
        _ => Vec::new(),
    }
}
