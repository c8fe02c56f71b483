//! Actions on prefix lists.

use super::{Filter, Tag, TagSpecification, answer, request};

request! {
    /// Makes a prefix list: address blocks of one family under a name, for rules to name as their peer.
    CreateManagedPrefixList {
        /// Its name; several lists may have the same.
        prefix_list_name: Option<String>,
        /// Its entries, at most 100.
        entries: Vec<AddPrefixListEntry>,
        /// For how many entries it is made; a rule that names the list counts as so many.
        max_entries: Option<i64>,
        /// Tags of type `prefix-list`.
        tag_specifications: Vec<TagSpecification>,
        /// `IPv4` or `IPv6`.
        address_family: Option<String>,
        /// Whoever asks twice with the same token gets one list.
        client_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Changes the entries of a prefix list, or its size, or its name. Rules that name it follow.
    ModifyManagedPrefixList {
        /// The list.
        prefix_list_id: Option<String>,
        /// Its version, as the caller knows it; refused when that is another one.
        current_version: Option<i64>,
        /// Its new name.
        prefix_list_name: Option<String>,
        /// Entries that come, at most 100. One that goes and comes in one request gets the new description.
        add_entries: Vec<AddPrefixListEntry>,
        /// Entries that go, at most 100.
        remove_entries: Vec<RemovePrefixListEntry>,
        /// Its new size; not together with entries.
        max_entries: Option<i64>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Puts the entries of an earlier version of a prefix list back, as a new version.
    RestoreManagedPrefixListVersion {
        /// The list.
        prefix_list_id: Option<String>,
        /// The version whose entries are wanted.
        previous_version: Option<i64>,
        /// The version that the list has.
        current_version: Option<i64>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Deletes a prefix list that no rule names.
    DeleteManagedPrefixList {
        /// The list.
        prefix_list_id: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists prefix lists.
    DescribeManagedPrefixLists {
        /// These only; an unknown one is an error.
        prefix_list_ids: Vec<String>,
        /// Filters: `owner-id`, `prefix-list-id`, `prefix-list-name`, `tag:KEY`, `tag-key`.
        filters: Vec<Filter>,
        /// Only so many, from 1 to 100; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists the entries of a prefix list.
    GetManagedPrefixListEntries {
        /// The list.
        prefix_list_id: Option<String>,
        /// The version whose entries are wanted; the present one when absent.
        target_version: Option<i64>,
        /// Only so many, from 1 to 100; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists what names a prefix list.
    GetManagedPrefixListAssociations {
        /// The list.
        prefix_list_id: Option<String>,
        /// Only so many, from 5 to 255; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists prefix lists with their blocks.
    DescribePrefixLists {
        /// These only; an unknown one is an error.
        prefix_list_ids: Vec<String>,
        /// Filters: `prefix-list-id`, `prefix-list-name`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// An entry that comes.
    AddPrefixListEntry {
        /// The block.
        cidr: Option<String>,
        /// A note.
        description: Option<String>,
    }

    /// An entry that goes.
    RemovePrefixListEntry {
        /// The block.
        cidr: Option<String>,
    }
}

answer! {
    /// Answer of the actions that make, change or delete a prefix list.
    ManagedPrefixListResult {
        /// The list.
        prefix_list: ManagedPrefixList,
    }

    /// Answer of DescribeManagedPrefixLists.
    DescribeManagedPrefixListsResult {
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
        /// The lists, by id.
        prefix_lists: Vec<ManagedPrefixList>,
    }

    /// A prefix list, without its entries.
    ManagedPrefixList {
        /// Its id.
        prefix_list_id: String,
        /// `IPv4` or `IPv6`.
        address_family: String,
        /// What was done to it last, such as `create-complete`.
        state: String,
        /// Its ARN.
        prefix_list_arn: String,
        /// Its name.
        prefix_list_name: String,
        /// For how many entries it is made.
        max_entries: u32,
        /// From 1; one more with each change of the entries.
        version: u64,
        /// Its tags.
        tags: Vec<Tag>,
        /// Its owner.
        owner_id: String,
    }

    /// Answer of GetManagedPrefixListEntries.
    GetManagedPrefixListEntriesResult {
        /// The entries, IPv4 and IPv6 by address.
        entries: Vec<PrefixListEntry>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// An entry of a prefix list.
    PrefixListEntry {
        /// The block.
        cidr: String,
        /// Its note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    }

    /// Answer of GetManagedPrefixListAssociations.
    GetManagedPrefixListAssociationsResult {
        /// What names the list, by id.
        prefix_list_associations: Vec<PrefixListAssociation>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A resource that names a prefix list.
    PrefixListAssociation {
        /// The security group.
        resource_id: String,
        /// Its owner.
        resource_owner: String,
    }

    /// Answer of DescribePrefixLists.
    DescribePrefixListsResult {
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
        /// The lists, by id.
        prefix_lists: Vec<PrefixListDescription>,
    }

    /// A prefix list with its blocks.
    PrefixListDescription {
        /// The blocks.
        cidrs: Vec<String>,
        /// The list's id.
        prefix_list_id: String,
        /// The list's name.
        prefix_list_name: String,
    }
}
