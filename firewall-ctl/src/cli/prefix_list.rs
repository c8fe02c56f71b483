//! Commands on prefix lists.

use super::call::{Call, Changing, DryRun, Listing, Pages, TagSpecifications};
use super::values::structure::{self, Structures};

/// Make a prefix list: address blocks under a name, for rules to name as their peer
///
/// A rule that names the list follows its changes. It counts for as many rules as the list is made for entries.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl create-managed-prefix-list --prefix-list-name offices \
      --address-family IPv4 --max-entries 10 \
      --entries Cidr=192.0.2.0/24,Description=north Cidr=198.51.100.0/24")]
pub(super) struct CreateManagedPrefixList {
    /// Its name, which need not be unique
    #[arg(long, value_name = "NAME")]
    prefix_list_name: String,
    /// Family of its blocks: IPv4 or IPv6
    #[arg(long, value_name = "FAMILY")]
    address_family: String,
    /// For how many entries it is made, from 1 to 1000
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    max_entries: i64,
    /// Its entries, at most 100: Cidr=BLOCK,Description=TEXT as shorthand, JSON, or file://PATH
    #[arg(long, value_name = "ENTRY", num_args = 1.., value_parser = structure::new_entries)]
    entries: Vec<Structures>,
    /// A token of yours: the same request with the same token makes one list, however often it is sent
    #[arg(long, value_name = "TOKEN")]
    client_token: Option<String>,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    change: Changing,
}

impl CreateManagedPrefixList {
    pub(super) fn call(self) -> Call {
        let Self { prefix_list_name, address_family, max_entries, entries, client_token, tags, change } = self;
        Call::new("CreateManagedPrefixList")
            .with("PrefixListName", prefix_list_name)
            .with("AddressFamily", address_family)
            .with("MaxEntries", max_entries)
            .with_structures("Entries", &entries)
            .with_some("ClientToken", client_token)
            .with_tags(&tags)
            .changing(change)
    }
}

/// Change the entries of a prefix list, or its size, or its name
///
/// Rules that name the list follow at once. Entries and size are changed one after the other, as with the service. An entry
/// that is removed and added in one command gets the new description and goes on in force.
#[derive(clap::Args, Debug)]
#[command(
    group = clap::ArgGroup::new("change").required(true).multiple(true).args([
        "prefix_list_name", "add_entries", "remove_entries", "max_entries",
    ]),
    after_help = r"Examples:
  firewall-ctl modify-managed-prefix-list \
      --prefix-list-id pl-0123456789abcdef0 --current-version 1 \
      --add-entries Cidr=203.0.113.0/24,Description=east \
      --remove-entries Cidr=192.0.2.0/24
  firewall-ctl modify-managed-prefix-list \
      --prefix-list-id pl-0123456789abcdef0 --max-entries 20"
)]
pub(super) struct ModifyManagedPrefixList {
    /// The list
    #[arg(long, value_name = "LIST")]
    prefix_list_id: String,
    /// The version that it has; refused if somebody has changed it meanwhile
    #[arg(long, value_name = "VERSION", allow_negative_numbers = true)]
    current_version: Option<i64>,
    /// Its new name
    #[arg(long, value_name = "NAME")]
    prefix_list_name: Option<String>,
    /// Entries that come, at most 100: Cidr=BLOCK,Description=TEXT as shorthand, JSON, or file://PATH
    #[arg(long, value_name = "ENTRY", num_args = 1.., value_parser = structure::new_entries)]
    add_entries: Vec<Structures>,
    /// Entries that go, at most 100: Cidr=BLOCK as shorthand, JSON, or file://PATH
    #[arg(long, value_name = "ENTRY", num_args = 1.., value_parser = structure::old_entries)]
    remove_entries: Vec<Structures>,
    /// For how many entries it is made, from 1 to 1000
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    max_entries: Option<i64>,
    #[command(flatten)]
    change: Changing,
}

impl ModifyManagedPrefixList {
    pub(super) fn call(self) -> Call {
        let Self {
            prefix_list_id,
            current_version,
            prefix_list_name,
            add_entries,
            remove_entries,
            max_entries,
            change,
        } = self;
        Call::new("ModifyManagedPrefixList")
            .with("PrefixListId", prefix_list_id)
            .with_some("CurrentVersion", current_version)
            .with_some("PrefixListName", prefix_list_name)
            .with_structures("AddEntries", &add_entries)
            .with_structures("RemoveEntries", &remove_entries)
            .with_some("MaxEntries", max_entries)
            .changing(change)
    }
}

/// Put the entries of an earlier version of a prefix list back, as a new version
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl restore-managed-prefix-list-version \
      --prefix-list-id pl-0123456789abcdef0 --previous-version 1 \
      --current-version 3")]
pub(super) struct RestoreManagedPrefixListVersion {
    /// The list
    #[arg(long, value_name = "LIST")]
    prefix_list_id: String,
    /// The version whose entries are wanted
    #[arg(long, value_name = "VERSION", allow_negative_numbers = true)]
    previous_version: i64,
    /// The version that the list has
    #[arg(long, value_name = "VERSION", allow_negative_numbers = true)]
    current_version: i64,
    #[command(flatten)]
    change: Changing,
}

impl RestoreManagedPrefixListVersion {
    pub(super) fn call(self) -> Call {
        let Self { prefix_list_id, previous_version, current_version, change } = self;
        Call::new("RestoreManagedPrefixListVersion")
            .with("PrefixListId", prefix_list_id)
            .with("PreviousVersion", previous_version)
            .with("CurrentVersion", current_version)
            .changing(change)
    }
}

/// Delete a prefix list that no rule names
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl delete-managed-prefix-list \
      --prefix-list-id pl-0123456789abcdef0")]
pub(super) struct DeleteManagedPrefixList {
    /// The list
    #[arg(long, value_name = "LIST")]
    prefix_list_id: String,
    #[command(flatten)]
    change: Changing,
}

impl DeleteManagedPrefixList {
    pub(super) fn call(self) -> Call {
        let Self { prefix_list_id, change } = self;
        Call::new("DeleteManagedPrefixList").with("PrefixListId", prefix_list_id).changing(change)
    }
}

/// List prefix lists
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  firewall-ctl describe-managed-prefix-lists
  firewall-ctl describe-managed-prefix-lists \\
      --filters Name=prefix-list-name,Values=offices")]
pub(super) struct DescribeManagedPrefixLists {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "LIST", num_args = 1..)]
    prefix_list_ids: Vec<String>,
    #[command(flatten)]
    list: Listing,
}

impl DescribeManagedPrefixLists {
    pub(super) fn call(self) -> Call {
        let Self { prefix_list_ids, list } = self;
        Call::new("DescribeManagedPrefixLists").with_list("PrefixListIds", &prefix_list_ids).listing(list)
    }
}

/// List the entries of a prefix list, as they are or as they were
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl get-managed-prefix-list-entries \
      --prefix-list-id pl-0123456789abcdef0 --target-version 1")]
pub(super) struct GetManagedPrefixListEntries {
    /// The list
    #[arg(long, value_name = "LIST")]
    prefix_list_id: String,
    /// The version whose entries are wanted; the present one if left out
    #[arg(long, value_name = "VERSION", allow_negative_numbers = true)]
    target_version: Option<i64>,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    pages: Pages,
}

impl GetManagedPrefixListEntries {
    pub(super) fn call(self) -> Call {
        let Self { prefix_list_id, target_version, dry_run, pages } = self;
        Call::new("GetManagedPrefixListEntries")
            .with("PrefixListId", prefix_list_id)
            .with_some("TargetVersion", target_version)
            .with_pages(pages)
            .with_dry_run(dry_run)
    }
}

/// List the security groups whose rules name a prefix list
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl get-managed-prefix-list-associations \
      --prefix-list-id pl-0123456789abcdef0")]
pub(super) struct GetManagedPrefixListAssociations {
    /// The list
    #[arg(long, value_name = "LIST")]
    prefix_list_id: String,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    pages: Pages,
}

impl GetManagedPrefixListAssociations {
    pub(super) fn call(self) -> Call {
        let Self { prefix_list_id, dry_run, pages } = self;
        Call::new("GetManagedPrefixListAssociations")
            .with("PrefixListId", prefix_list_id)
            .with_pages(pages)
            .with_dry_run(dry_run)
    }
}

/// List prefix lists with their blocks
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl describe-prefix-lists \\
      --filters Name=prefix-list-name,Values=offices")]
pub(super) struct DescribePrefixLists {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "LIST", num_args = 1..)]
    prefix_list_ids: Vec<String>,
    #[command(flatten)]
    list: Listing,
}

impl DescribePrefixLists {
    pub(super) fn call(self) -> Call {
        let Self { prefix_list_ids, list } = self;
        Call::new("DescribePrefixLists").with_list("PrefixListIds", &prefix_list_ids).listing(list)
    }
}
