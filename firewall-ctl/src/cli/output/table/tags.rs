//! Tags.

use super::{Screen, finish, more};
use crate::actions::types::{DescribeTagsResult, TagDescription};

pub(super) fn listed(screen: &Screen, DescribeTagsResult { next_token, tags }: &DescribeTagsResult) -> String {
    let mut table = screen.table(["Resource", "Type", "Key", "Value"]);
    for TagDescription { key, resource_id, resource_type, value } in tags {
        table.add_row([resource_id, resource_type, key, value]);
    }
    finish(&table, "No tag.") + &more(next_token)
}
