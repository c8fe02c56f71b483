//! Listing rules.

use super::context::{Context, Outcome};
use super::error::ApiError;
use super::filter::{self, Filters};
use super::page::Page;
use super::request::Response;
use super::types::{DescribeSecurityGroupRules, DescribeSecurityGroupRulesResult};
use super::{lookup, wire};
use crate::model::{Rule, SecurityGroup};
use std::collections::BTreeSet;

/// Filters of DescribeSecurityGroupRules.
const FILTERS: [&str; 2] = ["group-id", "security-group-rule-id"];

pub(super) fn describe(mut request: DescribeSecurityGroupRules, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeSecurityGroupRules { filters, security_group_rule_ids, max_results: _, next_token: _, dry_run: _ } =
        request;
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
    // A rule has one group: most groups are out before their rules are looked at.
    let groups = model.groups.values().filter(|group| filters.accept_value("group-id", &group.id.to_string()));
    let rules = groups.flat_map(|group| group.rules.values().map(move |rule| (group, rule)));
    let rules = rules.filter(|(_, rule)| wanted.is_empty() || wanted.contains(&rule.id));
    let rules = rules.filter(|(group, rule)| filters.accept(&rule.tags, |name| values(group, rule, name)));
    let (rules, next_token) = page.cut(rules, |(group, rule)| (group.id, rule.id));
    let security_group_rules = rules.into_iter().map(|(group, rule)| wire::rule(group, rule, context.region)).collect();
    let answer = DescribeSecurityGroupRulesResult { security_group_rules, next_token };
    Ok(Outcome::unchanged(Response::DescribeSecurityGroupRules(answer)))
}

fn values(group: &SecurityGroup, rule: &Rule, filter: &str) -> Vec<String> {
    match filter {
        "group-id" => vec![group.id.to_string()],
        "security-group-rule-id" => vec![rule.id.to_string()],
        _ => Vec::new(),
    }
}
