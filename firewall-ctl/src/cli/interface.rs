//! Commands on network interfaces: the records that carry groups and addresses.

use super::call::{Call, DryRun, Filters, Guard, TagSpecifications};
use super::values::structure::{self, Structures};

/// List network interfaces with their groups, and what the kernel has
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl describe-network-interfaces
  firewall-ctl describe-network-interfaces \
      --filters Name=group-id,Values=sg-0123456789abcdef0")]
pub(super) struct DescribeNetworkInterfaces {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "INTERFACE", num_args = 1..)]
    network_interface_ids: Vec<String>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DescribeNetworkInterfaces {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_ids, filters, dry_run } = self;
        Call::new("DescribeNetworkInterfaces")
            .with_list("NetworkInterfaceIds", &network_interface_ids)
            .with_filters(&filters)
            .with_dry_run(dry_run)
    }
}

/// Change the groups of a network interface
///
/// The groups given replace those it has; at least one is needed.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl modify-network-interface-attribute \
      --network-interface-id eni-0123456789abcdef0 \
      --groups sg-0123456789abcdef0 sg-0fedcba9876543210")]
pub(super) struct ModifyNetworkInterfaceAttribute {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    /// Its groups from now on, by id
    #[arg(long, value_name = "GROUP", num_args = 1.., required = true)]
    groups: Vec<String>,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    guard: Guard,
}

impl ModifyNetworkInterfaceAttribute {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_id, groups, dry_run, guard } = self;
        Call::new("ModifyNetworkInterfaceAttribute")
            .with("NetworkInterfaceId", network_interface_id)
            .with_list("Groups", &groups)
            .with_dry_run(dry_run)
            .guarded(&guard)
    }
}

/// Make the record of a network interface that lives elsewhere
///
/// It has addresses and groups and no device: a member of its groups, so that rules that name these groups as peers
/// let its addresses in. `attach DEV --network-interface-id` puts such a record on a device of this host. There are no
/// subnets here: --vpc-id, or the VPC of the groups, stands for what the service asks --subnet-id for.
#[derive(clap::Args, Debug)]
#[command(after_help = r#"Examples:
  firewall-ctl create-network-interface --private-ip-address 10.0.0.7 \
      --groups sg-0123456789abcdef0
  firewall-ctl create-network-interface \
      --private-ip-addresses 10.0.0.7 10.0.0.8 --ipv6-addresses 2001:db8::7 \
      --description "build host""#)]
pub(super) struct CreateNetworkInterface {
    /// Its VPC; that of the groups, else the default VPC, if left out
    #[arg(long, value_name = "VPC")]
    vpc_id: Option<String>,
    /// What it is
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Its groups, by id; the VPC's default group if left out
    #[arg(long, value_name = "GROUP", num_args = 1..)]
    groups: Vec<String>,
    /// Its IPv4 address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "private_ip_addresses")]
    private_ip_address: Option<String>,
    /// Its IPv4 addresses: each an address, or PrivateIpAddress=ADDRESS,Primary=true
    #[arg(long, value_name = "ADDRESS", num_args = 1.., value_parser = structure::private_addresses)]
    private_ip_addresses: Vec<Structures>,
    /// Its IPv6 addresses: each an address, or Ipv6Address=ADDRESS
    #[arg(long, value_name = "ADDRESS", num_args = 1.., value_parser = structure::ipv6_addresses)]
    ipv6_addresses: Vec<Structures>,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    guard: Guard,
}

impl CreateNetworkInterface {
    pub(super) fn call(self) -> Call {
        let Self {
            vpc_id,
            description,
            groups,
            private_ip_address,
            private_ip_addresses,
            ipv6_addresses,
            tags,
            dry_run,
            guard,
        } = self;
        Call::new("CreateNetworkInterface")
            .with_some("VpcId", vpc_id)
            .with_some("Description", description)
            .with_list("Groups", &groups)
            .with_some("PrivateIpAddress", private_ip_address)
            .with_structures("PrivateIpAddresses", &private_ip_addresses)
            .with_structures("Ipv6Addresses", &ipv6_addresses)
            .with_tags(&tags)
            .with_dry_run(dry_run)
            .guarded(&guard)
    }
}

/// Delete the record of a network interface that no device is attached to
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl delete-network-interface \
      --network-interface-id eni-0123456789abcdef0")]
pub(super) struct DeleteNetworkInterface {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    guard: Guard,
}

impl DeleteNetworkInterface {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_id, dry_run, guard } = self;
        Call::new("DeleteNetworkInterface")
            .with("NetworkInterfaceId", network_interface_id)
            .with_dry_run(dry_run)
            .guarded(&guard)
    }
}
