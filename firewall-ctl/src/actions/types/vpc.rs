//! Actions on VPCs.

use super::{AttributeBooleanValue, Filter, Tag, TagSpecification, answer, request};

request! {
    /// Makes a VPC with its default group.
    CreateVpc {
        /// The IPv4 block, from /16 to /28.
        cidr_block: Option<String>,
        /// Asks for a random /56 of unique local addresses: what a host of one's own has instead of the service's blocks.
        amazon_provided_ipv6_cidr_block: bool,
        /// An IPv6 block of one's own.
        ipv6_cidr_block: Option<String>,
        /// `default`; there is no other.
        instance_tenancy: Option<String>,
        /// Tags of type `vpc`.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Makes a default VPC, where there is none.
    CreateDefaultVpc {
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists VPCs.
    DescribeVpcs {
        /// These only; an unknown one is an error.
        vpc_ids: Vec<String>,
        /// Filters: `cidr` (also `cidr-block`), `cidr-block-association.association-id`, `.cidr-block` and `.state`,
        /// `dhcp-options-id`, `ipv6-cidr-block-association.association-id`, `.ipv6-cidr-block`, `.ipv6-pool` and `.state`,
        /// `is-default`, `owner-id`, `state`, `tag:KEY`, `tag-key`, `vpc-id`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Tells one attribute of a VPC.
    DescribeVpcAttribute {
        /// The VPC.
        vpc_id: Option<String>,
        /// `enableDnsSupport`, `enableDnsHostnames` or `enableNetworkAddressUsageMetrics`.
        attribute: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Sets one attribute of a VPC. Nothing on this host depends on it.
    ModifyVpcAttribute {
        /// The VPC.
        vpc_id: Option<String>,
        /// Whether names are resolved.
        enable_dns_support: Option<AttributeBooleanValue>,
        /// Whether instances get names.
        enable_dns_hostnames: Option<AttributeBooleanValue>,
        /// Whether the use of addresses is measured.
        enable_network_address_usage_metrics: Option<AttributeBooleanValue>,
    }

    /// Gives a VPC one more block.
    AssociateVpcCidrBlock {
        /// The VPC.
        vpc_id: Option<String>,
        /// An IPv4 block, from /16 to /28.
        cidr_block: Option<String>,
        /// Asks for a random /56 of unique local addresses.
        amazon_provided_ipv6_cidr_block: bool,
        /// An IPv6 block of one's own.
        ipv6_cidr_block: Option<String>,
    }

    /// Takes a block from a VPC, but for the first IPv4 block.
    DisassociateVpcCidrBlock {
        /// The block's association.
        association_id: Option<String>,
    }

    /// Deletes a VPC that holds nothing but its default group.
    DeleteVpc {
        /// The VPC.
        vpc_id: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }
}

answer! {
    /// Answer of CreateVpc.
    CreateVpcResult {
        /// What was made.
        vpc: VpcDescription,
    }

    /// Answer of DescribeVpcAttribute: the VPC and the attribute that was asked for.
    DescribeVpcAttributeResult {
        /// Whether instances get names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enable_dns_hostnames: Option<AttributeBooleanValue>,
        /// Whether names are resolved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enable_dns_support: Option<AttributeBooleanValue>,
        /// Whether the use of addresses is measured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enable_network_address_usage_metrics: Option<AttributeBooleanValue>,
        /// The VPC.
        vpc_id: String,
    }

    /// Answer of AssociateVpcCidrBlock and DisassociateVpcCidrBlock: the block of either family.
    VpcCidrBlockResult {
        /// An IPv6 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ipv6_cidr_block_association: Option<Ipv6CidrBlockAssociation>,
        /// An IPv4 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_block_association: Option<CidrBlockAssociation>,
        /// The VPC.
        vpc_id: String,
    }

    /// Answer of CreateDefaultVpc.
    CreateDefaultVpcResult {
        /// What was made.
        vpc: VpcDescription,
    }

    /// Answer of DescribeVpcs.
    DescribeVpcsResult {
        /// The VPCs, by id.
        vpcs: Vec<VpcDescription>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A VPC.
    VpcDescription {
        /// Its owner.
        owner_id: String,
        /// Always `default`.
        instance_tenancy: String,
        /// Its IPv6 blocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ipv6_cidr_block_association_set: Vec<Ipv6CidrBlockAssociation>,
        /// Its IPv4 blocks.
        cidr_block_association_set: Vec<CidrBlockAssociation>,
        /// Whether actions that name no VPC mean this one.
        is_default: bool,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
        /// Its id.
        vpc_id: String,
        /// Always `available`.
        state: String,
        /// The first IPv4 block.
        cidr_block: String,
        /// What its machines would be told by DHCP: what the service has for all at first.
        dhcp_options_id: String,
    }

    /// An IPv4 block of a VPC.
    CidrBlockAssociation {
        /// Its id.
        association_id: String,
        /// The block.
        cidr_block: String,
        /// Its state.
        cidr_block_state: CidrBlockState,
    }

    /// An IPv6 block of a VPC.
    Ipv6CidrBlockAssociation {
        /// Its id.
        association_id: String,
        /// The block.
        ipv6_cidr_block: String,
        /// Its state.
        ipv6_cidr_block_state: CidrBlockState,
        /// The Region.
        network_border_group: String,
        /// `Amazon` for a block that was made up, as clients expect; `own` for one that was given.
        ipv6_pool: String,
        /// `private` for unique local addresses, else `public`.
        ipv6_address_attribute: String,
        /// `amazon` for a block that was made up, `byoip` for one that was given.
        ip_source: String,
    }

    /// The state of a block.
    CidrBlockState {
        /// `associated`, or `disassociated` when it is taken away.
        state: String,
    }
}
