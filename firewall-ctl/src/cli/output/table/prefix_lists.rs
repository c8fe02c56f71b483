//! Prefix lists, their entries and what names them.

use super::{Screen, finish, more, name_tag};
use crate::actions::types::{
    DescribeManagedPrefixListsResult, DescribePrefixListsResult, GetManagedPrefixListAssociationsResult,
    GetManagedPrefixListEntriesResult, ManagedPrefixList, ManagedPrefixListResult,
};
use comfy_table::Table;

pub(super) fn one(screen: &Screen, ManagedPrefixListResult { prefix_list }: &ManagedPrefixListResult) -> String {
    finish(&table(screen, std::slice::from_ref(prefix_list)), "")
}

pub(super) fn listed(
    screen: &Screen,
    DescribeManagedPrefixListsResult { next_token, prefix_lists }: &DescribeManagedPrefixListsResult,
) -> String {
    finish(&table(screen, prefix_lists), "No prefix list.") + &more(next_token)
}

fn table(screen: &Screen, lists: &[ManagedPrefixList]) -> Table {
    let mut table = screen.table(["List", "Name", "Name tag", "Family", "Made for", "Version", "State"]);
    for list in lists {
        let ManagedPrefixList {
            prefix_list_id,
            address_family,
            state,
            prefix_list_arn: _,
            prefix_list_name,
            max_entries,
            version,
            tags,
            owner_id: _,
        } = list;
        table.add_row([
            prefix_list_id,
            prefix_list_name,
            name_tag(tags),
            address_family,
            &max_entries.to_string(),
            &version.to_string(),
            state,
        ]);
    }
    table
}

pub(super) fn entries(
    screen: &Screen,
    GetManagedPrefixListEntriesResult { entries, next_token }: &GetManagedPrefixListEntriesResult,
) -> String {
    let mut table = screen.table(["Block", "Description"]);
    for entry in entries {
        table.add_row([entry.cidr.as_str(), entry.description.as_deref().unwrap_or_default()]);
    }
    finish(&table, "No entry.") + &more(next_token)
}

pub(super) fn associations(
    screen: &Screen,
    GetManagedPrefixListAssociationsResult { prefix_list_associations, next_token }: &GetManagedPrefixListAssociationsResult,
) -> String {
    let mut table = screen.table(["Group", "Owner"]);
    for association in prefix_list_associations {
        table.add_row([&association.resource_id, &association.resource_owner]);
    }
    finish(&table, "No rule names the list.") + &more(next_token)
}

pub(super) fn blocks(
    screen: &Screen,
    DescribePrefixListsResult { next_token, prefix_lists }: &DescribePrefixListsResult,
) -> String {
    let mut table = screen.table(["List", "Name", "Blocks"]);
    for list in prefix_lists {
        table.add_row([&list.prefix_list_id, &list.prefix_list_name, &list.cidrs.join("\n")]);
    }
    finish(&table, "No prefix list.") + &more(next_token)
}
