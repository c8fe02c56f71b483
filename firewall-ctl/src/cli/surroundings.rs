//! Commands on what clients ask for around VPCs: regions and zones, ACLs and route tables, attributes of the account.

use super::call::{Call, DryRun, Filters, Listing};

/// List the zones, of which there is one
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl describe-availability-zones")]
pub(super) struct DescribeAvailabilityZones {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "ZONE", num_args = 1..)]
    zone_names: Vec<String>,
    /// These only; an unknown one is an error
    #[arg(long, value_name = "ID", num_args = 1..)]
    zone_ids: Vec<String>,
    /// Also those that are not in use: there are none
    #[arg(long)]
    all_availability_zones: bool,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DescribeAvailabilityZones {
    pub(super) fn call(self) -> Call {
        let Self { zone_names, zone_ids, all_availability_zones, filters, dry_run } = self;
        Call::new("DescribeAvailabilityZones")
            .with_list("ZoneNames", &zone_names)
            .with_list("ZoneIds", &zone_ids)
            .with_flag("AllAvailabilityZones", all_availability_zones)
            .with_filters(&filters)
            .with_dry_run(dry_run)
    }
}

/// List the regions, of which there is one
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl describe-regions")]
pub(super) struct DescribeRegions {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "REGION", num_args = 1..)]
    region_names: Vec<String>,
    /// Also those that are not in use: there are none
    #[arg(long)]
    all_regions: bool,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DescribeRegions {
    pub(super) fn call(self) -> Call {
        let Self { region_names, all_regions, filters, dry_run } = self;
        Call::new("DescribeRegions")
            .with_list("RegionNames", &region_names)
            .with_flag("AllRegions", all_regions)
            .with_filters(&filters)
            .with_dry_run(dry_run)
    }
}

/// Tell attributes of the account, such as its default VPC
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl describe-account-attributes --attribute-names default-vpc")]
pub(super) struct DescribeAccountAttributes {
    /// These only
    #[arg(long, value_name = "NAME", num_args = 1..)]
    attribute_names: Vec<String>,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DescribeAccountAttributes {
    pub(super) fn call(self) -> Call {
        let Self { attribute_names, dry_run } = self;
        Call::new("DescribeAccountAttributes").with_list("AttributeNames", &attribute_names).with_dry_run(dry_run)
    }
}

/// List the network ACLs: one to a VPC, which allows everything
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl describe-network-acls \
      --filters Name=vpc-id,Values=vpc-0123456789abcdef0")]
pub(super) struct DescribeNetworkAcls {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "ACL", num_args = 1..)]
    network_acl_ids: Vec<String>,
    #[command(flatten)]
    list: Listing,
}

impl DescribeNetworkAcls {
    pub(super) fn call(self) -> Call {
        let Self { network_acl_ids, list } = self;
        Call::new("DescribeNetworkAcls").with_list("NetworkAclIds", &network_acl_ids).listing(list)
    }
}

/// List the route tables: the main one of each VPC
///
/// They tell the blocks of the VPC. How packets find their way is what `ip route` says.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl describe-route-tables \
      --filters Name=vpc-id,Values=vpc-0123456789abcdef0")]
pub(super) struct DescribeRouteTables {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "TABLE", num_args = 1..)]
    route_table_ids: Vec<String>,
    #[command(flatten)]
    list: Listing,
}

impl DescribeRouteTables {
    pub(super) fn call(self) -> Call {
        let Self { route_table_ids, list } = self;
        Call::new("DescribeRouteTables").with_list("RouteTableIds", &route_table_ids).listing(list)
    }
}
