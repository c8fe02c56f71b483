//! What clients ask for around VPCs: regions and zones, attributes of the account, and the network ACL and route table that
//! every VPC has. There is one of each, and none can be changed.

use super::{Filter, Tag, answer, request};

request! {
    /// Lists the zones, of which there is one.
    DescribeAvailabilityZones {
        /// These only; an unknown one is an error.
        zone_names: Vec<String>,
        /// These only; an unknown one is an error.
        zone_ids: Vec<String>,
        /// Also those that are not in use. There are none.
        all_availability_zones: bool,
        /// Filters: those of the service, such as `zone-name` and `state`.
        filters: Vec<Filter>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists the regions, of which there is one.
    DescribeRegions {
        /// These only; an unknown one is an error.
        region_names: Vec<String>,
        /// Also those that are not in use. There are none.
        all_regions: bool,
        /// Filters: `endpoint`, `opt-in-status`, `region-name`.
        filters: Vec<Filter>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Tells attributes of the account.
    DescribeAccountAttributes {
        /// These only, such as `default-vpc`.
        attribute_names: Vec<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists the network ACLs: one to a VPC, which allows everything.
    DescribeNetworkAcls {
        /// These only; an unknown one is an error.
        network_acl_ids: Vec<String>,
        /// Filters: those of the service, such as `vpc-id` and `default`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists the route tables: the main one of each VPC.
    DescribeRouteTables {
        /// These only; an unknown one is an error.
        route_table_ids: Vec<String>,
        /// Filters: those of the service, such as `vpc-id` and `association.main`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }
}

answer! {
    /// Answer of DescribeAvailabilityZones.
    DescribeAvailabilityZonesResult {
        /// The zone.
        availability_zones: Vec<AvailabilityZone>,
    }

    /// A zone.
    AvailabilityZone {
        /// Always `opt-in-not-required`.
        opt_in_status: String,
        /// Always empty.
        messages: Vec<AvailabilityZoneMessage>,
        /// Its region.
        region_name: String,
        /// Its name.
        zone_name: String,
        /// Its id.
        zone_id: String,
        /// Its region.
        group_name: String,
        /// Its region.
        network_border_group: String,
        /// Always `availability-zone`.
        zone_type: String,
        /// Always `available`.
        state: String,
    }

    /// What there is to say about a zone.
    AvailabilityZoneMessage {
        /// The text.
        message: String,
    }

    /// Answer of DescribeRegions.
    DescribeRegionsResult {
        /// The region.
        regions: Vec<Region>,
    }

    /// A region.
    Region {
        /// Always `opt-in-not-required`.
        opt_in_status: String,
        /// Its name.
        region_name: String,
        /// Its name in the service's scheme. Nothing listens there.
        endpoint: String,
    }

    /// Answer of DescribeAccountAttributes.
    DescribeAccountAttributesResult {
        /// The attributes.
        account_attributes: Vec<AccountAttribute>,
    }

    /// An attribute of the account.
    AccountAttribute {
        /// Its name.
        attribute_name: String,
        /// Its values.
        attribute_values: Vec<AccountAttributeValue>,
    }

    /// A value of an attribute.
    AccountAttributeValue {
        /// The value.
        attribute_value: String,
    }

    /// Answer of DescribeNetworkAcls.
    DescribeNetworkAclsResult {
        /// The ACLs, by id of their VPC.
        network_acls: Vec<NetworkAcl>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A network ACL.
    NetworkAcl {
        /// The subnets of the VPC.
        associations: Vec<NetworkAclAssociation>,
        /// Its entries.
        entries: Vec<NetworkAclEntry>,
        /// Always true.
        is_default: bool,
        /// Its id, by the VPC's digits.
        network_acl_id: String,
        /// Always empty.
        tags: Vec<Tag>,
        /// The VPC.
        vpc_id: String,
        /// The VPC's owner.
        owner_id: String,
    }

    /// The association of an ACL with a subnet.
    NetworkAclAssociation {
        /// Its id, by the subnet's digits.
        network_acl_association_id: String,
        /// The ACL.
        network_acl_id: String,
        /// The subnet.
        subnet_id: String,
    }

    /// An entry of an ACL.
    NetworkAclEntry {
        /// What it is for, of IPv4.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_block: Option<String>,
        /// Whether it is about what goes out.
        egress: bool,
        /// What it is for, of IPv6.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ipv6_cidr_block: Option<String>,
        /// Always `-1`.
        protocol: String,
        /// `allow`, and `deny` for the last one, which nothing comes to.
        rule_action: String,
        /// Its place.
        rule_number: u32,
    }

    /// Answer of DescribeRouteTables.
    DescribeRouteTablesResult {
        /// The tables, by id of their VPC.
        route_tables: Vec<RouteTable>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A route table.
    RouteTable {
        /// That it is the main one.
        associations: Vec<RouteTableAssociation>,
        /// Always empty.
        propagating_vgws: Vec<PropagatingVgw>,
        /// Its id, by the VPC's digits.
        route_table_id: String,
        /// The blocks of the VPC.
        routes: Vec<Route>,
        /// Always empty.
        tags: Vec<Tag>,
        /// The VPC.
        vpc_id: String,
        /// The VPC's owner.
        owner_id: String,
    }

    /// A gateway that tells routes.
    PropagatingVgw {
        /// The gateway.
        gateway_id: String,
    }

    /// The association of a route table.
    RouteTableAssociation {
        /// Always true.
        main: bool,
        /// Its id, by the VPC's digits.
        route_table_association_id: String,
        /// The table.
        route_table_id: String,
        /// Its state.
        association_state: RouteTableAssociationState,
    }

    /// The state of an association.
    RouteTableAssociationState {
        /// Always `associated`.
        state: String,
    }

    /// A route.
    Route {
        /// Where to, of IPv4.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination_cidr_block: Option<String>,
        /// Where to, of IPv6.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination_ipv6_cidr_block: Option<String>,
        /// Always `local`.
        gateway_id: String,
        /// Always `CreateRouteTable`.
        origin: String,
        /// Always `active`.
        state: String,
    }
}
