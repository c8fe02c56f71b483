//! Actions on VPCs.

use super::{Filter, Tag, TagSpecification, answer, request};

request! {
    /// Makes a VPC with its default group.
    CreateVpc {
        /// The IPv4 block, from /16 to /28.
        cidr_block: Option<String>,
        /// Asks for a random /56 of unique local addresses: what a host of one's own has instead of the service's blocks.
        amazon_provided_ipv6_cidr_block: bool,
        /// An IPv6 block of one's own.
        ipv6_cidr_block: Option<String>,
        /// Tags of type `vpc`.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists VPCs.
    DescribeVpcs {
        /// These only; an unknown one is an error.
        vpc_ids: Vec<String>,
        /// Filters: `cidr`, `cidr-block-association.cidr-block`, `ipv6-cidr-block-association.ipv6-cidr-block`,
        /// `is-default`, `owner-id`, `state`, `tag:KEY`, `tag-key`, `vpc-id`.
        filters: Vec<Filter>,
        /// Only checks the permission.
        dry_run: bool,
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

    /// Answer of DescribeVpcs.
    DescribeVpcsResult {
        /// The VPCs, by id.
        vpcs: Vec<VpcDescription>,
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
    }

    /// An IPv4 block of a VPC.
    CidrBlockAssociation {
        /// The block.
        cidr_block: String,
        /// Its state.
        cidr_block_state: CidrBlockState,
    }

    /// An IPv6 block of a VPC.
    Ipv6CidrBlockAssociation {
        /// The block.
        ipv6_cidr_block: String,
        /// Its state.
        ipv6_cidr_block_state: CidrBlockState,
    }

    /// The state of a block.
    CidrBlockState {
        /// Always `associated`.
        state: String,
    }
}
