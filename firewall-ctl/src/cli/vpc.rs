//! Commands on VPCs: the spaces in which addresses and group names are unique.

use super::call::{Call, Changing, DryRun, Guard, Listing, TagSpecifications};
use super::values::attribute;

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
    /// `default`; there is no other
    #[arg(long, value_name = "TENANCY")]
    instance_tenancy: Option<String>,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    change: Changing,
}

impl CreateVpc {
    pub(super) fn call(self) -> Call {
        let Self { cidr_block, amazon_provided_ipv6_cidr_block, ipv6_cidr_block, instance_tenancy, tags, change } =
            self;
        Call::new("CreateVpc")
            .with_some("CidrBlock", cidr_block)
            .with_flag("AmazonProvidedIpv6CidrBlock", amazon_provided_ipv6_cidr_block)
            .with_some("Ipv6CidrBlock", ipv6_cidr_block)
            .with_some("InstanceTenancy", instance_tenancy)
            .with_tags(&tags)
            .changing(change)
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
    list: Listing,
}

impl DescribeVpcs {
    pub(super) fn call(self) -> Call {
        let Self { vpc_ids, list } = self;
        Call::new("DescribeVpcs").with_list("VpcIds", &vpc_ids).listing(list)
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
    change: Changing,
}

impl DeleteVpc {
    pub(super) fn call(self) -> Call {
        let Self { vpc_id, change } = self;
        Call::new("DeleteVpc").with("VpcId", vpc_id).changing(change)
    }
}

/// Make a default VPC, where there is none
///
/// Commands that name no VPC mean it. A host has one from its first start.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl create-default-vpc")]
pub(super) struct CreateDefaultVpc {
    #[command(flatten)]
    change: Changing,
}

impl CreateDefaultVpc {
    pub(super) fn call(self) -> Call {
        let Self { change } = self;
        Call::new("CreateDefaultVpc").changing(change)
    }
}

/// Tell one attribute of a VPC
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl describe-vpc-attribute --vpc-id vpc-0123456789abcdef0 \
      --attribute enableDnsHostnames")]
pub(super) struct DescribeVpcAttribute {
    /// The VPC
    #[arg(long, value_name = "VPC")]
    vpc_id: String,
    /// enableDnsSupport, enableDnsHostnames or enableNetworkAddressUsageMetrics
    #[arg(long, value_name = "NAME")]
    attribute: String,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DescribeVpcAttribute {
    pub(super) fn call(self) -> Call {
        let Self { vpc_id, attribute, dry_run } = self;
        Call::new("DescribeVpcAttribute").with("VpcId", vpc_id).with("Attribute", attribute).with_dry_run(dry_run)
    }
}

/// Set one attribute of a VPC; nothing on this host depends on it
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl modify-vpc-attribute --vpc-id vpc-0123456789abcdef0 \
      --enable-dns-hostnames
  firewall-ctl modify-vpc-attribute --vpc-id vpc-0123456789abcdef0 \
      --enable-dns-support Value=false")]
pub(super) struct ModifyVpcAttribute {
    /// The VPC
    #[arg(long, value_name = "VPC")]
    vpc_id: String,
    /// Whether names are resolved
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_enable_dns_support",
        value_parser = attribute::boolean)]
    enable_dns_support: Option<bool>,
    /// The contrary of --enable-dns-support
    #[arg(long, overrides_with = "enable_dns_support")]
    no_enable_dns_support: bool,
    /// Whether instances get names
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_enable_dns_hostnames",
        value_parser = attribute::boolean)]
    enable_dns_hostnames: Option<bool>,
    /// The contrary of --enable-dns-hostnames
    #[arg(long, overrides_with = "enable_dns_hostnames")]
    no_enable_dns_hostnames: bool,
    /// Whether the use of addresses is measured
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_enable_network_address_usage_metrics",
        value_parser = attribute::boolean)]
    enable_network_address_usage_metrics: Option<bool>,
    /// The contrary of --enable-network-address-usage-metrics
    #[arg(long, overrides_with = "enable_network_address_usage_metrics")]
    no_enable_network_address_usage_metrics: bool,
    #[command(flatten)]
    guard: Guard,
}

impl ModifyVpcAttribute {
    pub(super) fn call(self) -> Call {
        let Self {
            vpc_id,
            enable_dns_support,
            no_enable_dns_support,
            enable_dns_hostnames,
            no_enable_dns_hostnames,
            enable_network_address_usage_metrics,
            no_enable_network_address_usage_metrics,
            guard,
        } = self;
        Call::new("ModifyVpcAttribute")
            .with("VpcId", vpc_id)
            .with_some("EnableDnsSupport", attribute::wish(enable_dns_support, no_enable_dns_support))
            .with_some("EnableDnsHostnames", attribute::wish(enable_dns_hostnames, no_enable_dns_hostnames))
            .with_some(
                "EnableNetworkAddressUsageMetrics",
                attribute::wish(enable_network_address_usage_metrics, no_enable_network_address_usage_metrics),
            )
            .guarded(guard)
    }
}

/// Give a VPC one more block of addresses
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl associate-vpc-cidr-block --vpc-id vpc-0123456789abcdef0 \
      --cidr-block 10.21.0.0/16
  firewall-ctl associate-vpc-cidr-block --vpc-id vpc-0123456789abcdef0 \
      --amazon-provided-ipv6-cidr-block")]
pub(super) struct AssociateVpcCidrBlock {
    /// The VPC
    #[arg(long, value_name = "VPC")]
    vpc_id: String,
    /// An IPv4 block, from /16 to /28
    #[arg(long, value_name = "CIDR")]
    cidr_block: Option<String>,
    /// A random /56 of unique local addresses
    #[arg(long)]
    amazon_provided_ipv6_cidr_block: bool,
    /// An IPv6 block of your own, from /44 to /64
    #[arg(long, value_name = "CIDR")]
    ipv6_cidr_block: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

impl AssociateVpcCidrBlock {
    pub(super) fn call(self) -> Call {
        let Self { vpc_id, cidr_block, amazon_provided_ipv6_cidr_block, ipv6_cidr_block, guard } = self;
        Call::new("AssociateVpcCidrBlock")
            .with("VpcId", vpc_id)
            .with_some("CidrBlock", cidr_block)
            .with_flag("AmazonProvidedIpv6CidrBlock", amazon_provided_ipv6_cidr_block)
            .with_some("Ipv6CidrBlock", ipv6_cidr_block)
            .guarded(guard)
    }
}

/// Take a block of addresses from a VPC, but for the first IPv4 block
///
/// No subnet may lie in it.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl disassociate-vpc-cidr-block \
      --association-id vpc-cidr-assoc-0123456789abcdef0")]
pub(super) struct DisassociateVpcCidrBlock {
    /// The association, as describe-vpcs tells it
    #[arg(long, value_name = "ASSOCIATION")]
    association_id: String,
    #[command(flatten)]
    guard: Guard,
}

impl DisassociateVpcCidrBlock {
    pub(super) fn call(self) -> Call {
        let Self { association_id, guard } = self;
        Call::new("DisassociateVpcCidrBlock").with("AssociationId", association_id).guarded(guard)
    }
}
