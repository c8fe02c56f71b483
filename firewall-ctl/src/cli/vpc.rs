//! Commands on VPCs: the spaces in which addresses and group names are unique.

use super::call::{Call, DryRun, Filters, Guard, TagSpecifications};

/// Make a VPC with its default group
///
/// A VPC is a space of its own: names of groups are unique in it, and groups name only groups of their own VPC. A
/// default VPC is there from the start, and is enough for most hosts.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl create-vpc --cidr-block 10.20.0.0/16 \
      --amazon-provided-ipv6-cidr-block")]
pub(super) struct CreateVpc {
    /// IPv4 block, from /16 to /28
    #[arg(long, value_name = "CIDR")]
    cidr_block: Option<String>,
    /// Give it an IPv6 block too: a random /56 of unique local addresses
    #[arg(long)]
    amazon_provided_ipv6_cidr_block: bool,
    /// An IPv6 block of your own
    #[arg(long, value_name = "CIDR", conflicts_with = "amazon_provided_ipv6_cidr_block")]
    ipv6_cidr_block: Option<String>,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    guard: Guard,
}

impl CreateVpc {
    pub(super) fn call(self) -> Call {
        let Self { cidr_block, amazon_provided_ipv6_cidr_block, ipv6_cidr_block, tags, dry_run, guard } = self;
        Call::new("CreateVpc")
            .with_some("CidrBlock", cidr_block)
            .with_flag("AmazonProvidedIpv6CidrBlock", amazon_provided_ipv6_cidr_block)
            .with_some("Ipv6CidrBlock", ipv6_cidr_block)
            .with_tags(&tags)
            .with_dry_run(dry_run)
            .guarded(&guard)
    }
}

/// List VPCs
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  firewall-ctl describe-vpcs
  firewall-ctl describe-vpcs --filters Name=is-default,Values=true")]
pub(super) struct DescribeVpcs {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "VPC", num_args = 1..)]
    vpc_ids: Vec<String>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DescribeVpcs {
    pub(super) fn call(self) -> Call {
        let Self { vpc_ids, filters, dry_run } = self;
        Call::new("DescribeVpcs").with_list("VpcIds", &vpc_ids).with_filters(&filters).with_dry_run(dry_run)
    }
}

/// Delete a VPC that holds nothing but its default group
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl delete-vpc --vpc-id vpc-0123456789abcdef0")]
pub(super) struct DeleteVpc {
    /// The VPC
    #[arg(long, value_name = "VPC")]
    vpc_id: String,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    guard: Guard,
}

impl DeleteVpc {
    pub(super) fn call(self) -> Call {
        let Self { vpc_id, dry_run, guard } = self;
        Call::new("DeleteVpc").with("VpcId", vpc_id).with_dry_run(dry_run).guarded(&guard)
    }
}
