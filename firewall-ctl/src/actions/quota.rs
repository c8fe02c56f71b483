//! How many rules a group may have, and how many groups may name a prefix list.

use super::error::{ApiError, ErrorCode};
use crate::model::{Family, Model, PrefixListId, Quotas, RuleKey, SecurityGroup};
use firewall_common::verdict::Direction;
use std::collections::BTreeSet;

const DIRECTIONS: [Direction; 2] = [Direction::Inbound, Direction::Outbound];

/// Whether a group has room for rules that come where others go, in each direction and family.
pub(super) fn rules(
    model: &Model,
    quotas: &Quotas,
    group: &SecurityGroup,
    gone: &[RuleKey],
    come: &[RuleKey],
) -> Result<(), ApiError> {
    let limit = quotas.rules_per_group as usize;
    let lists = &model.prefix_lists;
    for direction in DIRECTIONS {
        for family in Family::ALL {
            let weight = |keys: &[RuleKey]| {
                let keys = keys.iter().filter(|key| key.direction == direction);
                keys.map(|key| key.peer.weight(*family, lists)).sum::<usize>()
            };
            let has = group.rule_count(direction, *family, lists);
            let (gone, come) = (weight(gone), weight(come));
            // What has too many already, since the limit was lowered, can still get rules of the other family.
            if come > gone && has - gone + come > limit {
                let detail = format!(
                    "Group {} has {has} {} rules of {family} and would get {}; the limit is {limit}. A group as a peer \
                     counts in both families, a prefix list as many times as it is made for entries.",
                    group.id,
                    direction.name(),
                    come - gone,
                );
                return Err(exceeded().with_detail(detail));
            }
        }
    }
    references(model, quotas, group, come)
}

/// Whether a prefix list may be made for so many entries, as far as the groups that name it are concerned. Names the first
/// ten that have no room.
pub(super) fn list_size(model: &Model, quotas: &Quotas, list: PrefixListId, size: u32) -> Result<(), ApiError> {
    let limit = quotas.rules_per_group as usize;
    let Some(known) = model.prefix_lists.get(&list) else { return Ok(()) };
    let (old, new) = (known.max_entries as usize, size as usize);
    if new <= old {
        return Ok(());
    }
    let lacks_room = |group: &&std::sync::Arc<SecurityGroup>| {
        DIRECTIONS.iter().any(|direction| {
            let named = group.rules(*direction).filter(|rule| rule.key.peer.prefix_list() == Some(list)).count();
            let has = group.rule_count(*direction, known.family, &model.prefix_lists);
            named > 0 && has + named * (new - old) > limit
        })
    };
    let full: Vec<String> = model.groups_naming(list).filter(lacks_room).map(|group| group.id.to_string()).collect();
    if full.is_empty() {
        return Ok(());
    }
    let shown = full.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    let rest = if full.len() > 10 { format!(" and {} more", full.len() - 10) } else { String::new() };
    Err(exceeded().with_detail(format!(
        "The list can't be made for {size} entries: {shown}{rest} would have more than {limit} rules."
    )))
}

/// Whether prefix lists may be named by one more group.
fn references(model: &Model, quotas: &Quotas, group: &SecurityGroup, come: &[RuleKey]) -> Result<(), ApiError> {
    let limit = quotas.references_per_prefix_list as usize;
    let wanted: BTreeSet<PrefixListId> = come.iter().filter_map(|key| key.peer.prefix_list()).collect();
    for list in wanted {
        let named_by: BTreeSet<_> = model.groups_naming(list).map(|group| group.id).collect();
        if named_by.len() >= limit && !named_by.contains(&group.id) {
            let message = format!("The maximum number of references to prefix list '{list}' has been reached.");
            let detail = format!("{} groups name it; the limit is {limit}.", named_by.len());
            return Err(ApiError::new(ErrorCode::PrefixListReferenceLimitExceeded, message).with_detail(detail));
        }
    }
    Ok(())
}

fn exceeded() -> ApiError {
    let message = "The maximum number of rules per security group has been reached.";
    ApiError::new(ErrorCode::RulesPerSecurityGroupLimitExceeded, message)
}
