//! Commands on security groups.

use super::call::{Call, Changing, Listing, TagSpecifications};

/// A group by its id, or by its name in the default VPC.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct GroupChoice {
    /// The group
    #[arg(long, value_name = "GROUP")]
    group_id: Option<String>,
    /// The group by its name; in the default VPC only
    #[arg(long, value_name = "NAME")]
    group_name: Option<String>,
}

impl GroupChoice {
    pub(super) fn add_to(self, call: Call) -> Call {
        let Self { group_id, group_name } = self;
        call.with_some("GroupId", group_id).with_some("GroupName", group_name)
    }
}

/// Make a security group: nothing may come in, everything may go out
#[derive(clap::Args, Debug)]
#[command(after_help = r#"Example:
  firewall-ctl create-security-group --group-name web \
      --description "Web servers""#)]
pub(super) struct CreateSecurityGroup {
    /// Name, unique in the VPC whatever the case
    #[arg(long, value_name = "NAME")]
    group_name: String,
    /// What the group is for
    #[arg(long, value_name = "TEXT")]
    description: String,
    /// Its VPC; the default VPC if left out
    #[arg(long, value_name = "VPC")]
    vpc_id: Option<String>,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    change: Changing,
}

impl CreateSecurityGroup {
    pub(super) fn call(self) -> Call {
        let Self { group_name, description, vpc_id, tags, change } = self;
        Call::new("CreateSecurityGroup")
            .with("GroupName", group_name)
            .with("Description", description)
            .with_some("VpcId", vpc_id)
            .with_tags(&tags)
            .changing(change)
    }
}

/// List security groups with their rules
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl describe-security-groups
  firewall-ctl describe-security-groups --group-ids sg-0123456789abcdef0 \
      --output json
  firewall-ctl describe-security-groups \
      --filters Name=ip-permission.cidr,Values=0.0.0.0/0")]
pub(super) struct DescribeSecurityGroups {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "GROUP", num_args = 1..)]
    group_ids: Vec<String>,
    /// These names in the default VPC only; an unknown one is an error
    #[arg(long, value_name = "NAME", num_args = 1..)]
    group_names: Vec<String>,
    #[command(flatten)]
    list: Listing,
}

impl DescribeSecurityGroups {
    pub(super) fn call(self) -> Call {
        let Self { group_ids, group_names, list } = self;
        Call::new("DescribeSecurityGroups")
            .with_list("GroupIds", &group_ids)
            .with_list("GroupNames", &group_names)
            .listing(list)
    }
}

/// Change the name or the description of a security group
///
/// The service has no such action. Rules and interfaces name a group by its id, and go on as before.
#[derive(clap::Args, Debug)]
#[command(
    group = clap::ArgGroup::new("change").required(true).multiple(true).args(["group_name", "description"]),
    after_help = r"Example:
  firewall-ctl modify-security-group --group-id sg-0123456789abcdef0 \
      --group-name frontend"
)]
pub(super) struct ModifySecurityGroup {
    /// The group
    #[arg(long, value_name = "GROUP")]
    group_id: String,
    /// Its new name, unique in the VPC whatever the case
    #[arg(long, value_name = "NAME")]
    group_name: Option<String>,
    /// What the group is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    change: Changing,
}

impl ModifySecurityGroup {
    pub(super) fn call(self) -> Call {
        let Self { group_id, group_name, description, change } = self;
        Call::new("ModifySecurityGroup")
            .with("GroupId", group_id)
            .with_some("GroupName", group_name)
            .with_some("Description", description)
            .changing(change)
    }
}

/// Delete security groups that no interface carries and no other group names
///
/// Several are deleted together or not at all, and may name each other.
#[derive(clap::Args, Debug)]
#[command(
    group = clap::ArgGroup::new("choice").required(true).args(["group_id", "group_name"]),
    after_help = r"Examples:
  firewall-ctl delete-security-group --group-id sg-0123456789abcdef0
  firewall-ctl delete-security-group \
      --group-id sg-0123456789abcdef0 sg-0123456789abcdef1"
)]
pub(super) struct DeleteSecurityGroup {
    /// The group, or several
    #[arg(long, value_name = "GROUP", num_args = 1..)]
    group_id: Vec<String>,
    /// The group by its name; in the default VPC only
    #[arg(long, value_name = "NAME")]
    group_name: Option<String>,
    #[command(flatten)]
    change: Changing,
}

impl DeleteSecurityGroup {
    pub(super) fn call(self) -> Call {
        let Self { group_id, group_name, change } = self;
        let call = Call::new("DeleteSecurityGroup").with_some("GroupName", group_name);
        let call = match group_id.as_slice() {
            [only] => call.with("GroupId", only.clone()),
            several => call.with_list("GroupIds", several),
        };
        call.changing(change)
    }
}
