//! Commands on network interfaces: the records that carry groups and addresses.

use super::call::{Call, Changing, DryRun, Guard, Listing, TagSpecifications};
use super::values::attribute;
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
    /// Also those that others manage: there are none
    #[arg(long)]
    include_managed_resources: bool,
    #[command(flatten)]
    list: Listing,
}

impl DescribeNetworkInterfaces {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_ids, include_managed_resources, list } = self;
        Call::new("DescribeNetworkInterfaces")
            .with_list("NetworkInterfaceIds", &network_interface_ids)
            .with_flag("IncludeManagedResources", include_managed_resources)
            .listing(list)
    }
}

/// Change one attribute of a network interface
///
/// One command changes one attribute. Groups that are given replace those it has.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl modify-network-interface-attribute \
      --network-interface-id eni-0123456789abcdef0 \
      --groups sg-0123456789abcdef0 sg-0fedcba9876543210
  firewall-ctl modify-network-interface-attribute \
      --network-interface-id eni-0123456789abcdef0 \
      --connection-tracking-specification TcpEstablishedTimeout=3600")]
pub(super) struct ModifyNetworkInterfaceAttribute {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    /// Its groups from now on, by id
    #[arg(long, value_name = "GROUP", num_args = 1..)]
    groups: Vec<String>,
    /// What it is
    #[arg(long, value_name = "TEXT", value_parser = attribute::text)]
    description: Option<String>,
    /// Whether packets are held against its addresses
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_source_dest_check",
        value_parser = attribute::boolean)]
    source_dest_check: Option<bool>,
    /// The contrary of --source-dest-check
    #[arg(long, overrides_with = "source_dest_check")]
    no_source_dest_check: bool,
    /// Seconds that idle flows live: TcpEstablishedTimeout=N,UdpStreamTimeout=N,UdpTimeout=N; the others stay
    #[arg(long, value_name = "TIMEOUTS", value_parser = structure::timeouts)]
    connection_tracking_specification: Option<Structures>,
    /// Whether it goes with its instance: AttachmentId=ATTACHMENT,DeleteOnTermination=BOOL
    #[arg(long, value_name = "CHANGE", value_parser = structure::attachment)]
    attachment: Option<Structures>,
    #[command(flatten)]
    change: Changing,
}

impl ModifyNetworkInterfaceAttribute {
    pub(super) fn call(self) -> Call {
        let Self {
            network_interface_id,
            groups,
            description,
            source_dest_check,
            no_source_dest_check,
            connection_tracking_specification,
            attachment,
            change,
        } = self;
        Call::new("ModifyNetworkInterfaceAttribute")
            .with("NetworkInterfaceId", network_interface_id)
            .with_list("Groups", &groups)
            .with_some("Description", description.as_deref().map(attribute::named))
            .with_some("SourceDestCheck", attribute::wish(source_dest_check, no_source_dest_check))
            .with_structure("ConnectionTrackingSpecification", connection_tracking_specification.as_ref())
            .with_structure("Attachment", attachment.as_ref())
            .changing(change)
    }
}

/// Make the record of a network interface that lives elsewhere
///
/// It has addresses and groups and no device: a member of its groups, so that rules that name these groups as peers
/// let its addresses in. `attach DEV --network-interface-id` puts such a record on a device of this host. With
/// --subnet-id it gets what addresses it is not given from there, as in the service; without, it has those that are given, of
/// any block, in --vpc-id or the VPC of the groups.
#[derive(clap::Args, Debug)]
#[command(after_help = r#"Examples:
  firewall-ctl create-network-interface --private-ip-address 10.0.0.7 \
      --groups sg-0123456789abcdef0
  firewall-ctl create-network-interface --subnet-id subnet-0123456789abcdef0 \
      --secondary-private-ip-address-count 2
  firewall-ctl create-network-interface \
      --private-ip-addresses 10.0.0.7 10.0.0.8 --ipv6-addresses 2001:db8::7 \
      --description "build host""#)]
pub(super) struct CreateNetworkInterface {
    /// Its subnet, from which it gets what addresses it is not given
    #[arg(long, value_name = "SUBNET")]
    subnet_id: Option<String>,
    /// Its VPC where no subnet is named; that of the groups, else the default VPC, if left out
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
    /// So many IPv4 addresses of the subnet beside the first one
    #[arg(long, value_name = "NUMBER")]
    secondary_private_ip_address_count: Option<u32>,
    /// So many IPv6 addresses of the subnet
    #[arg(long, value_name = "NUMBER")]
    ipv6_address_count: Option<u32>,
    /// Seconds that idle flows live: TcpEstablishedTimeout=N,UdpStreamTimeout=N,UdpTimeout=N
    #[arg(long, value_name = "TIMEOUTS", value_parser = structure::timeouts)]
    connection_tracking_specification: Option<Structures>,
    /// A token: the same command with the same token makes no second interface
    #[arg(long, value_name = "TOKEN")]
    client_token: Option<String>,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    change: Changing,
}

impl CreateNetworkInterface {
    pub(super) fn call(self) -> Call {
        let Self {
            subnet_id,
            vpc_id,
            description,
            groups,
            private_ip_address,
            private_ip_addresses,
            ipv6_addresses,
            secondary_private_ip_address_count,
            ipv6_address_count,
            connection_tracking_specification,
            client_token,
            tags,
            change,
        } = self;
        Call::new("CreateNetworkInterface")
            .with_some("SubnetId", subnet_id)
            .with_some("VpcId", vpc_id)
            .with_some("Description", description)
            .with_list("Groups", &groups)
            .with_some("PrivateIpAddress", private_ip_address)
            .with_structures("PrivateIpAddresses", &private_ip_addresses)
            .with_structures("Ipv6Addresses", &ipv6_addresses)
            .with_some("SecondaryPrivateIpAddressCount", secondary_private_ip_address_count)
            .with_some("Ipv6AddressCount", ipv6_address_count)
            .with_structure("ConnectionTrackingSpecification", connection_tracking_specification.as_ref())
            .with_some("ClientToken", client_token)
            .with_tags(&tags)
            .changing(change)
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
    change: Changing,
}

impl DeleteNetworkInterface {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_id, change } = self;
        Call::new("DeleteNetworkInterface").with("NetworkInterfaceId", network_interface_id).changing(change)
    }
}

/// Tell one attribute of a network interface
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl describe-network-interface-attribute --attribute groupSet \
      --network-interface-id eni-0123456789abcdef0")]
pub(super) struct DescribeNetworkInterfaceAttribute {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    /// attachment, description, groupSet, sourceDestCheck or associatePublicIpAddress
    #[arg(long, value_name = "NAME")]
    attribute: String,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DescribeNetworkInterfaceAttribute {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_id, attribute, dry_run } = self;
        Call::new("DescribeNetworkInterfaceAttribute")
            .with("NetworkInterfaceId", network_interface_id)
            .with("Attribute", attribute)
            .with_dry_run(dry_run)
    }
}

/// Hold packets against the addresses of a network interface again, as at first
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl reset-network-interface-attribute --source-dest-check true \
      --network-interface-id eni-0123456789abcdef0")]
pub(super) struct ResetNetworkInterfaceAttribute {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    /// Named, whatever it says: the only attribute that can be reset
    #[arg(long, value_name = "TEXT")]
    source_dest_check: String,
    #[command(flatten)]
    change: Changing,
}

impl ResetNetworkInterfaceAttribute {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_id, source_dest_check, change } = self;
        Call::new("ResetNetworkInterfaceAttribute")
            .with("NetworkInterfaceId", network_interface_id)
            .with("SourceDestCheck", source_dest_check)
            .changing(change)
    }
}

/// Give a network interface IPv4 addresses of its subnet
///
/// An interface whose addresses follow a device has those of the device.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl assign-private-ip-addresses \
      --secondary-private-ip-address-count 2 \
      --network-interface-id eni-0123456789abcdef0
  firewall-ctl assign-private-ip-addresses --private-ip-addresses 10.20.1.7 \
      --network-interface-id eni-0123456789abcdef0 --allow-reassignment")]
pub(super) struct AssignPrivateIpAddresses {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    /// These
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    private_ip_addresses: Vec<String>,
    /// So many, whichever are free
    #[arg(long, value_name = "NUMBER")]
    secondary_private_ip_address_count: Option<u32>,
    /// Take them from other interfaces that have them
    #[arg(long, overrides_with = "no_allow_reassignment")]
    allow_reassignment: bool,
    /// The contrary of --allow-reassignment
    #[arg(long, overrides_with = "allow_reassignment")]
    no_allow_reassignment: bool,
    #[command(flatten)]
    guard: Guard,
}

impl AssignPrivateIpAddresses {
    pub(super) fn call(self) -> Call {
        let Self {
            network_interface_id,
            private_ip_addresses,
            secondary_private_ip_address_count,
            allow_reassignment,
            no_allow_reassignment,
            guard,
        } = self;
        Call::new("AssignPrivateIpAddresses")
            .with("NetworkInterfaceId", network_interface_id)
            .with_list("PrivateIpAddresses", &private_ip_addresses)
            .with_some("SecondaryPrivateIpAddressCount", secondary_private_ip_address_count)
            .with_some("AllowReassignment", (allow_reassignment || no_allow_reassignment).then_some(allow_reassignment))
            .guarded(guard)
    }
}

/// Take IPv4 addresses from a network interface, but for the first one
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl unassign-private-ip-addresses \
      --private-ip-addresses 10.20.1.7 \
      --network-interface-id eni-0123456789abcdef0")]
pub(super) struct UnassignPrivateIpAddresses {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    /// These
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    private_ip_addresses: Vec<String>,
    #[command(flatten)]
    guard: Guard,
}

impl UnassignPrivateIpAddresses {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_id, private_ip_addresses, guard } = self;
        Call::new("UnassignPrivateIpAddresses")
            .with("NetworkInterfaceId", network_interface_id)
            .with_list("PrivateIpAddresses", &private_ip_addresses)
            .guarded(guard)
    }
}

/// Give a network interface IPv6 addresses of its subnet
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl assign-ipv6-addresses --ipv6-address-count 1 \
      --network-interface-id eni-0123456789abcdef0")]
pub(super) struct AssignIpv6Addresses {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    /// These
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    ipv6_addresses: Vec<String>,
    /// So many, whichever are free
    #[arg(long, value_name = "NUMBER")]
    ipv6_address_count: Option<u32>,
    #[command(flatten)]
    guard: Guard,
}

impl AssignIpv6Addresses {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_id, ipv6_addresses, ipv6_address_count, guard } = self;
        Call::new("AssignIpv6Addresses")
            .with("NetworkInterfaceId", network_interface_id)
            .with_list("Ipv6Addresses", &ipv6_addresses)
            .with_some("Ipv6AddressCount", ipv6_address_count)
            .guarded(guard)
    }
}

/// Take IPv6 addresses from a network interface
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl unassign-ipv6-addresses --ipv6-addresses fd12:3456:789a:2::7 \
      --network-interface-id eni-0123456789abcdef0")]
pub(super) struct UnassignIpv6Addresses {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    /// These
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    ipv6_addresses: Vec<String>,
    #[command(flatten)]
    guard: Guard,
}

impl UnassignIpv6Addresses {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_id, ipv6_addresses, guard } = self;
        Call::new("UnassignIpv6Addresses")
            .with("NetworkInterfaceId", network_interface_id)
            .with_list("Ipv6Addresses", &ipv6_addresses)
            .guarded(guard)
    }
}
