//! Commands on security groups.

use super::call::{Call, DryRun, Filters, Guard, Pages, TagSpecifications};

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
    dry_run: DryRun,
    #[command(flatten)]
    guard: Guard,
}

impl CreateSecurityGroup {
    pub(super) fn call(self) -> Call {
        let Self { group_name, description, vpc_id, tags, dry_run, guard } = self;
        Call::new("CreateSecurityGroup")
            .with("GroupName", group_name)
            .with("Description", description)
            .with_some("VpcId", vpc_id)
            .with_tags(&tags)
            .with_dry_run(dry_run)
            .guarded(&guard)
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
    filters: Filters,
    #[command(flatten)]
    pages: Pages,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DescribeSecurityGroups {
    pub(super) fn call(self) -> Call {
        let Self { group_ids, group_names, filters, pages, dry_run } = self;
        Call::new("DescribeSecurityGroups")
            .with_list("GroupIds", &group_ids)
            .with_list("GroupNames", &group_names)
            .with_filters(&filters)
            .with_pages(pages)
            .with_dry_run(dry_run)
    }
}

/// Delete a security group that no interface carries and no other group names
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl delete-security-group --group-id sg-0123456789abcdef0")]
pub(super) struct DeleteSecurityGroup {
    #[command(flatten)]
    group: GroupChoice,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    guard: Guard,
}

impl DeleteSecurityGroup {
    pub(super) fn call(self) -> Call {
        let Self { group, dry_run, guard } = self;
        group.add_to(Call::new("DeleteSecurityGroup")).with_dry_run(dry_run).guarded(&guard)
    }
}
