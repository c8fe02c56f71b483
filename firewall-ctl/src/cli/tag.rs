//! Commands on tags.

use super::call::{Call, Changing, Listing};
use super::values::structure::{self, Structures};

/// Give tags to resources, all or none; a tag of the same key gets the new value
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl create-tags \
      --resources sg-0123456789abcdef0 sgr-0123456789abcdef0 \
      --tags Key=Name,Value=web Key=team,Value=shop")]
pub(super) struct CreateTags {
    /// The resources: VPCs, groups, rules, prefix lists, network interfaces; at most 1000
    #[arg(long, value_name = "ID", num_args = 1.., required = true)]
    resources: Vec<String>,
    /// The tags: Key=K,Value=V as shorthand, JSON, or file://PATH
    #[arg(long, value_name = "TAG", num_args = 1.., required = true, value_parser = structure::tags)]
    tags: Vec<Structures>,
    #[command(flatten)]
    change: Changing,
}

impl CreateTags {
    pub(super) fn call(self) -> Call {
        let Self { resources, tags, change } = self;
        Call::new("CreateTags").with_list("Resources", &resources).with_structures("Tags", &tags).changing(change)
    }
}

/// Take tags from resources, all or none
///
/// A key alone takes the tag whatever its value; a key with a value takes it if that is its value. Without --tags all
/// tags go but those that begin with firewall:, which the controller heeds.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl delete-tags --resources sg-0123456789abcdef0 --tags Key=team
  firewall-ctl delete-tags --resources sg-0123456789abcdef0 \
      --tags Key=team,Value=shop")]
pub(super) struct DeleteTags {
    /// The resources, at most 1000
    #[arg(long, value_name = "ID", num_args = 1.., required = true)]
    resources: Vec<String>,
    /// The tags: Key=K or Key=K,Value=V as shorthand, JSON, or file://PATH; all but firewall:… if left out
    #[arg(long, value_name = "TAG", num_args = 1.., value_parser = structure::tags)]
    tags: Vec<Structures>,
    #[command(flatten)]
    change: Changing,
}

impl DeleteTags {
    pub(super) fn call(self) -> Call {
        let Self { resources, tags, change } = self;
        Call::new("DeleteTags").with_list("Resources", &resources).with_structures("Tags", &tags).changing(change)
    }
}

/// List tags
///
/// Filters: key, resource-id, resource-type, tag:KEY, value.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  firewall-ctl describe-tags
  firewall-ctl describe-tags \\
      --filters Name=resource-id,Values=sg-0123456789abcdef0")]
pub(super) struct DescribeTags {
    #[command(flatten)]
    list: Listing,
}

impl DescribeTags {
    pub(super) fn call(self) -> Call {
        let Self { list } = self;
        Call::new("DescribeTags").listing(list)
    }
}
