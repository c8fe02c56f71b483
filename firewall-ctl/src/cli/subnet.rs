//! Commands on subnets.

use super::call::{Call, Changing, Guard, Listing, TagSpecifications};
use super::values::attribute;

/// Make a subnet: a part of a VPC's blocks, from which interfaces get addresses
///
/// Of each block the first four addresses and the last one are never given out, as in the service.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl create-subnet \
      --vpc-id vpc-0123456789abcdef0 --cidr-block 10.20.1.0/24
  firewall-ctl create-subnet \
      --vpc-id vpc-0123456789abcdef0 --cidr-block 10.20.2.0/24 \
      --ipv6-cidr-block fd12:3456:789a:2::/64")]
pub(super) struct CreateSubnet {
    /// Its VPC
    #[arg(long, value_name = "VPC")]
    vpc_id: String,
    /// Its IPv4 block, from /16 to /28
    #[arg(long, value_name = "CIDR")]
    cidr_block: Option<String>,
    /// Its IPv6 block, from /44 to /64
    #[arg(long, value_name = "CIDR")]
    ipv6_cidr_block: Option<String>,
    /// The zone, of which there is one
    #[arg(long, value_name = "ZONE")]
    availability_zone: Option<String>,
    /// The zone's id
    #[arg(long, value_name = "ID")]
    availability_zone_id: Option<String>,
    /// Without IPv4; there is no such subnet here
    #[arg(long)]
    ipv6_native: bool,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    change: Changing,
}

impl CreateSubnet {
    pub(super) fn call(self) -> Call {
        let Self {
            vpc_id,
            cidr_block,
            ipv6_cidr_block,
            availability_zone,
            availability_zone_id,
            ipv6_native,
            tags,
            change,
        } = self;
        Call::new("CreateSubnet")
            .with("VpcId", vpc_id)
            .with_some("CidrBlock", cidr_block)
            .with_some("Ipv6CidrBlock", ipv6_cidr_block)
            .with_some("AvailabilityZone", availability_zone)
            .with_some("AvailabilityZoneId", availability_zone_id)
            .with_flag("Ipv6Native", ipv6_native)
            .with_tags(&tags)
            .changing(change)
    }
}

/// Make the default subnet of the default VPC, where there is none
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl create-default-subnet --availability-zone locala")]
pub(super) struct CreateDefaultSubnet {
    /// The zone, of which there is one
    #[arg(long, value_name = "ZONE")]
    availability_zone: Option<String>,
    /// The zone's id
    #[arg(long, value_name = "ID")]
    availability_zone_id: Option<String>,
    /// Without IPv4; there is no such subnet here
    #[arg(long)]
    ipv6_native: bool,
    #[command(flatten)]
    change: Changing,
}

impl CreateDefaultSubnet {
    pub(super) fn call(self) -> Call {
        let Self { availability_zone, availability_zone_id, ipv6_native, change } = self;
        Call::new("CreateDefaultSubnet")
            .with_some("AvailabilityZone", availability_zone)
            .with_some("AvailabilityZoneId", availability_zone_id)
            .with_flag("Ipv6Native", ipv6_native)
            .changing(change)
    }
}

/// List subnets, with the addresses that they have left
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl describe-subnets
  firewall-ctl describe-subnets \
      --filters Name=vpc-id,Values=vpc-0123456789abcdef0")]
pub(super) struct DescribeSubnets {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "SUBNET", num_args = 1..)]
    subnet_ids: Vec<String>,
    #[command(flatten)]
    list: Listing,
}

impl DescribeSubnets {
    pub(super) fn call(self) -> Call {
        let Self { subnet_ids, list } = self;
        Call::new("DescribeSubnets").with_list("SubnetIds", &subnet_ids).listing(list)
    }
}

/// Delete a subnet that no interface belongs to
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl delete-subnet --subnet-id subnet-0123456789abcdef0")]
pub(super) struct DeleteSubnet {
    /// The subnet
    #[arg(long, value_name = "SUBNET")]
    subnet_id: String,
    #[command(flatten)]
    change: Changing,
}

impl DeleteSubnet {
    pub(super) fn call(self) -> Call {
        let Self { subnet_id, change } = self;
        Call::new("DeleteSubnet").with("SubnetId", subnet_id).changing(change)
    }
}

/// Set one attribute of a subnet
///
/// Only --assign-ipv6-address-on-creation has an effect here: on new interfaces. The others are kept and told.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl modify-subnet-attribute --subnet-id subnet-0123456789abcdef0 \
      --assign-ipv6-address-on-creation
  firewall-ctl modify-subnet-attribute --subnet-id subnet-0123456789abcdef0 \
      --no-map-public-ip-on-launch")]
pub(super) struct ModifySubnetAttribute {
    /// The subnet
    #[arg(long, value_name = "SUBNET")]
    subnet_id: String,
    /// Whether new interfaces get an IPv6 address unasked
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_assign_ipv6_address_on_creation",
        value_parser = attribute::boolean)]
    assign_ipv6_address_on_creation: Option<bool>,
    /// The contrary of --assign-ipv6-address-on-creation
    #[arg(long, overrides_with = "assign_ipv6_address_on_creation")]
    no_assign_ipv6_address_on_creation: bool,
    /// Whether instances would get a public address
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_map_public_ip_on_launch",
        value_parser = attribute::boolean)]
    map_public_ip_on_launch: Option<bool>,
    /// The contrary of --map-public-ip-on-launch
    #[arg(long, overrides_with = "map_public_ip_on_launch")]
    no_map_public_ip_on_launch: bool,
    /// Whether names without an IPv6 address would get one
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_enable_dns64",
        value_parser = attribute::boolean)]
    enable_dns64: Option<bool>,
    /// The contrary of --enable-dns64
    #[arg(long, overrides_with = "enable_dns64")]
    no_enable_dns64: bool,
    /// What names of instances would be made of: ip-name or resource-name
    #[arg(long, value_name = "TYPE")]
    private_dns_hostname_type_on_launch: Option<String>,
    /// Whether resource names would resolve to IPv4 addresses
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_enable_resource_name_dns_a_record_on_launch",
        value_parser = attribute::boolean)]
    enable_resource_name_dns_a_record_on_launch: Option<bool>,
    /// The contrary of --enable-resource-name-dns-a-record-on-launch
    #[arg(long, overrides_with = "enable_resource_name_dns_a_record_on_launch")]
    no_enable_resource_name_dns_a_record_on_launch: bool,
    /// Whether resource names would resolve to IPv6 addresses
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_enable_resource_name_dns_aaaa_record_on_launch",
        value_parser = attribute::boolean)]
    enable_resource_name_dns_aaaa_record_on_launch: Option<bool>,
    /// The contrary of --enable-resource-name-dns-aaaa-record-on-launch
    #[arg(long, overrides_with = "enable_resource_name_dns_aaaa_record_on_launch")]
    no_enable_resource_name_dns_aaaa_record_on_launch: bool,
    #[command(flatten)]
    guard: Guard,
}

impl ModifySubnetAttribute {
    pub(super) fn call(self) -> Call {
        let Self {
            subnet_id,
            assign_ipv6_address_on_creation,
            no_assign_ipv6_address_on_creation,
            map_public_ip_on_launch,
            no_map_public_ip_on_launch,
            enable_dns64,
            no_enable_dns64,
            private_dns_hostname_type_on_launch,
            enable_resource_name_dns_a_record_on_launch,
            no_enable_resource_name_dns_a_record_on_launch,
            enable_resource_name_dns_aaaa_record_on_launch,
            no_enable_resource_name_dns_aaaa_record_on_launch,
            guard,
        } = self;
        Call::new("ModifySubnetAttribute")
            .with("SubnetId", subnet_id)
            .with_some(
                "AssignIpv6AddressOnCreation",
                attribute::wish(assign_ipv6_address_on_creation, no_assign_ipv6_address_on_creation),
            )
            .with_some("MapPublicIpOnLaunch", attribute::wish(map_public_ip_on_launch, no_map_public_ip_on_launch))
            .with_some("EnableDns64", attribute::wish(enable_dns64, no_enable_dns64))
            .with_some("PrivateDnsHostnameTypeOnLaunch", private_dns_hostname_type_on_launch)
            .with_some(
                "EnableResourceNameDnsARecordOnLaunch",
                attribute::wish(
                    enable_resource_name_dns_a_record_on_launch,
                    no_enable_resource_name_dns_a_record_on_launch,
                ),
            )
            .with_some(
                "EnableResourceNameDnsAAAARecordOnLaunch",
                attribute::wish(
                    enable_resource_name_dns_aaaa_record_on_launch,
                    no_enable_resource_name_dns_aaaa_record_on_launch,
                ),
            )
            .guarded(guard)
    }
}

/// Give a subnet an IPv6 block
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl associate-subnet-cidr-block \
      --subnet-id subnet-0123456789abcdef0 \
      --ipv6-cidr-block fd12:3456:789a:2::/64")]
pub(super) struct AssociateSubnetCidrBlock {
    /// The subnet
    #[arg(long, value_name = "SUBNET")]
    subnet_id: String,
    /// The block, from /44 to /64
    #[arg(long, value_name = "CIDR")]
    ipv6_cidr_block: String,
    #[command(flatten)]
    guard: Guard,
}

impl AssociateSubnetCidrBlock {
    pub(super) fn call(self) -> Call {
        let Self { subnet_id, ipv6_cidr_block, guard } = self;
        Call::new("AssociateSubnetCidrBlock")
            .with("SubnetId", subnet_id)
            .with("Ipv6CidrBlock", ipv6_cidr_block)
            .guarded(guard)
    }
}

/// Take its IPv6 block from a subnet
///
/// No interface of the subnet may have an address of it.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl disassociate-subnet-cidr-block \
      --association-id subnet-cidr-assoc-0123456789abcdef0")]
pub(super) struct DisassociateSubnetCidrBlock {
    /// The association, as describe-subnets tells it
    #[arg(long, value_name = "ASSOCIATION")]
    association_id: String,
    #[command(flatten)]
    guard: Guard,
}

impl DisassociateSubnetCidrBlock {
    pub(super) fn call(self) -> Call {
        let Self { association_id, guard } = self;
        Call::new("DisassociateSubnetCidrBlock").with("AssociationId", association_id).guarded(guard)
    }
}
