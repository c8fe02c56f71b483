//! Actions on subnets.

use super::{AttributeBooleanValue, CidrBlockState, Filter, Tag, TagSpecification, answer, request};

request! {
    /// Makes a subnet: a part of a VPC's blocks, from which interfaces get their addresses.
    CreateSubnet {
        /// Its VPC.
        vpc_id: Option<String>,
        /// Its IPv4 block, from /16 to /28, within one of the VPC's.
        cidr_block: Option<String>,
        /// Its IPv6 block, from /44 to /64, within one of the VPC's.
        ipv6_cidr_block: Option<String>,
        /// Without IPv4. There is no such subnet here.
        ipv6_native: bool,
        /// The zone, of which there is one.
        availability_zone: Option<String>,
        /// The zone's id.
        availability_zone_id: Option<String>,
        /// Tags of type `subnet`.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Makes the default subnet of the default VPC, where there is none.
    CreateDefaultSubnet {
        /// The zone, of which there is one.
        availability_zone: Option<String>,
        /// The zone's id.
        availability_zone_id: Option<String>,
        /// Without IPv4. There is no such subnet here.
        ipv6_native: bool,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists subnets.
    DescribeSubnets {
        /// These only; an unknown one is an error.
        subnet_ids: Vec<String>,
        /// Filters: those of the service, such as `vpc-id`, `cidr-block`, `default-for-az`, `tag:KEY`, `subnet-id`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Deletes a subnet without interfaces.
    DeleteSubnet {
        /// The subnet.
        subnet_id: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Sets one attribute of a subnet.
    ModifySubnetAttribute {
        /// The subnet.
        subnet_id: Option<String>,
        /// Whether new interfaces get an IPv6 address unasked.
        assign_ipv6_address_on_creation: Option<AttributeBooleanValue>,
        /// Whether instances would get a public address.
        map_public_ip_on_launch: Option<AttributeBooleanValue>,
        /// Whether names without an IPv6 address would get one.
        enable_dns64: Option<AttributeBooleanValue>,
        /// `ip-name` or `resource-name`.
        private_dns_hostname_type_on_launch: Option<String>,
        /// Whether resource names would resolve to IPv4 addresses.
        enable_resource_name_dns_a_record_on_launch: Option<AttributeBooleanValue>,
        /// Whether resource names would resolve to IPv6 addresses.
        #[serde(rename = "EnableResourceNameDnsAAAARecordOnLaunch")]
        enable_resource_name_dns_aaaa_record_on_launch: Option<AttributeBooleanValue>,
    }

    /// Gives a subnet an IPv6 block.
    AssociateSubnetCidrBlock {
        /// The subnet.
        subnet_id: Option<String>,
        /// The block, from /44 to /64, within one of the VPC's.
        ipv6_cidr_block: Option<String>,
    }

    /// Takes its IPv6 block from a subnet.
    DisassociateSubnetCidrBlock {
        /// The block's association.
        association_id: Option<String>,
    }
}

answer! {
    /// Answer of CreateSubnet and CreateDefaultSubnet.
    CreateSubnetResult {
        /// What was made.
        subnet: SubnetDescription,
    }

    /// Answer of DescribeSubnets.
    DescribeSubnetsResult {
        /// The subnets, by id.
        subnets: Vec<SubnetDescription>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// Answer of AssociateSubnetCidrBlock and DisassociateSubnetCidrBlock.
    SubnetCidrBlockResult {
        /// The block.
        ipv6_cidr_block_association: SubnetIpv6CidrBlockAssociation,
        /// The subnet.
        subnet_id: String,
    }

    /// A subnet.
    SubnetDescription {
        /// The zone's id.
        availability_zone_id: String,
        /// Never.
        map_customer_owned_ip_on_launch: bool,
        /// Its owner.
        owner_id: String,
        /// Whether new interfaces get an IPv6 address unasked.
        assign_ipv6_address_on_creation: bool,
        /// Its IPv6 block, and for an hour one that was taken from it.
        ipv6_cidr_block_association_set: Vec<SubnetIpv6CidrBlockAssociation>,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
        /// Its name in policies.
        subnet_arn: String,
        /// Whether names without an IPv6 address would get one.
        enable_dns64: bool,
        /// Never.
        ipv6_native: bool,
        /// What names of instances would be.
        private_dns_name_options_on_launch: PrivateDnsNameOptionsOnLaunch,
        /// Its id.
        subnet_id: String,
        /// Always `available`.
        state: String,
        /// Its VPC.
        vpc_id: String,
        /// Its IPv4 block.
        cidr_block: String,
        /// IPv4 addresses that it can still give out.
        available_ip_address_count: u32,
        /// The zone.
        availability_zone: String,
        /// Whether it is the default one.
        default_for_az: bool,
        /// Whether instances would get a public address.
        map_public_ip_on_launch: bool,
    }

    /// The IPv6 block of a subnet.
    SubnetIpv6CidrBlockAssociation {
        /// Its id.
        association_id: String,
        /// The block.
        ipv6_cidr_block: String,
        /// Its state.
        ipv6_cidr_block_state: CidrBlockState,
        /// `private` for unique local addresses, else `public`.
        ipv6_address_attribute: String,
        /// `amazon` or `byoip`, as the VPC's block.
        ip_source: String,
    }

    /// What names of instances would be.
    PrivateDnsNameOptionsOnLaunch {
        /// `ip-name` or `resource-name`.
        hostname_type: String,
        /// Whether resource names would resolve to IPv4 addresses.
        enable_resource_name_dns_a_record: bool,
        /// Whether resource names would resolve to IPv6 addresses.
        #[serde(rename = "EnableResourceNameDnsAAAARecord")]
        enable_resource_name_dns_aaaa_record: bool,
    }
}
