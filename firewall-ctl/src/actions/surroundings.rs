//! What clients ask for around VPCs, and of which there is one that never changes: the region, its zone, attributes of the
//! account, and the network ACL and the main route table of each VPC. They are told from what there is.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::page::Page;
use super::request::Response;
use super::types::*;
use super::zone;
use crate::model::{Model, Tags, Vpc};
use std::collections::BTreeSet;

/// What needs no consent.
const NO_CONSENT: &str = "opt-in-not-required";

pub(super) fn zones(request: DescribeAvailabilityZones, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DescribeAvailabilityZones { zone_names, zone_ids, all_availability_zones: _, filters, dry_run: _ } = request;
    let region = context.region;
    let filters = Filters::new(
        filters,
        &[
            "group-long-name",
            "group-name",
            "message",
            "opt-in-status",
            "parent-zone-id",
            "parent-zone-name",
            "region-name",
            "state",
            "zone-id",
            "zone-name",
            "zone-type",
        ],
    )?;
    let zone = AvailabilityZone {
        opt_in_status: NO_CONSENT.into(),
        messages: Vec::new(),
        region_name: region.into(),
        zone_name: zone::name(region),
        zone_id: zone::id(region),
        group_name: region.into(),
        network_border_group: region.into(),
        zone_type: "availability-zone".into(),
        state: "available".into(),
    };
    known(&zone_names, &zone.zone_name, "availability zone")?;
    known(&zone_ids, &zone.zone_id, "availability zone")?;
    let values = |name: &str| match name {
        "group-name" => vec![zone.group_name.clone()],
        "opt-in-status" => vec![zone.opt_in_status.clone()],
        "region-name" => vec![zone.region_name.clone()],
        "state" => vec![zone.state.clone()],
        "zone-id" => vec![zone.zone_id.clone()],
        "zone-name" => vec![zone.zone_name.clone()],
        "zone-type" => vec![zone.zone_type.clone()],
        _ => Vec::new(),
    };
    let is_listed = filters.accept(&Tags::default(), values);
    let availability_zones = if is_listed { vec![zone] } else { Vec::new() };
    let answer = DescribeAvailabilityZonesResult { availability_zones };
    Ok(Outcome::unchanged(Response::DescribeAvailabilityZones(answer)))
}

/// Names that a request asks for, of which only one is known.
fn known(names: &[String], there_is: &str, what: &str) -> Result<(), ApiError> {
    match names.iter().find(|name| *name != there_is) {
        Some(name) => {
            Err(ApiError::value(format!("Invalid {what}: [{name}]")).with_detail(format!("There is {there_is}.")))
        }
        None => Ok(()),
    }
}

pub(super) fn regions(request: DescribeRegions, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DescribeRegions { region_names, all_regions: _, filters, dry_run: _ } = request;
    let filters = Filters::new(filters, &["endpoint", "opt-in-status", "region-name"])?;
    let region = Region {
        opt_in_status: NO_CONSENT.into(),
        region_name: context.region.into(),
        endpoint: format!("ec2.{}.amazonaws.com", context.region),
    };
    known(&region_names, &region.region_name, "region")?;
    let values = |name: &str| match name {
        "endpoint" => vec![region.endpoint.clone()],
        "opt-in-status" => vec![region.opt_in_status.clone()],
        "region-name" => vec![region.region_name.clone()],
        _ => Vec::new(),
    };
    let is_listed = filters.accept(&Tags::default(), values);
    let regions = if is_listed { vec![region] } else { Vec::new() };
    Ok(Outcome::unchanged(Response::DescribeRegions(DescribeRegionsResult { regions })))
}

pub(super) fn account_attributes(
    request: DescribeAccountAttributes,
    context: &Context<'_>,
) -> Result<Outcome, ApiError> {
    let DescribeAccountAttributes { attribute_names, dry_run: _ } = request;
    let quotas = context.quotas;
    let default_vpc =
        context.model.default_vpc(context.account).map_or_else(|| "none".to_owned(), |vpc| vpc.id.to_string());
    let attributes = [
        ("supported-platforms", "VPC".to_owned()),
        ("default-vpc", default_vpc),
        ("max-instances", quotas.instances.to_string()),
        ("vpc-max-security-groups-per-interface", quotas.groups_per_interface.to_string()),
        ("max-elastic-ips", "0".to_owned()),
        ("vpc-max-elastic-ips", "0".to_owned()),
    ];
    let known: Vec<&str> = attributes.iter().map(|(name, _)| *name).collect();
    if let Some(name) = attribute_names.iter().find(|name| !known.contains(&name.as_str())) {
        let message = format!("Value ({name}) for parameter attributeName is invalid.");
        return Err(ApiError::value(message).with_detail(format!("It is one of {}.", known.join(", "))));
    }
    let is_wanted = |name: &str| attribute_names.is_empty() || attribute_names.iter().any(|wanted| wanted == name);
    let account_attributes = attributes
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .map(|(name, value)| AccountAttribute {
            attribute_name: name.into(),
            attribute_values: vec![AccountAttributeValue { attribute_value: value }],
        })
        .collect();
    let answer = DescribeAccountAttributesResult { account_attributes };
    Ok(Outcome::unchanged(Response::DescribeAccountAttributes(answer)))
}

/// Filters of DescribeNetworkAcls.
const ACL_FILTERS: [&str; 16] = [
    "association.association-id",
    "association.network-acl-id",
    "association.subnet-id",
    "default",
    "entry.cidr",
    "entry.egress",
    "entry.icmp.code",
    "entry.icmp.type",
    "entry.ipv6-cidr",
    "entry.port-range.from",
    "entry.port-range.to",
    "entry.protocol",
    "entry.rule-action",
    "entry.rule-number",
    "network-acl-id",
    "owner-id",
];

pub(super) fn network_acls(mut request: DescribeNetworkAcls, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeNetworkAcls { network_acl_ids, filters, max_results: _, next_token: _, dry_run: _ } = request;
    let filters = Filters::new(filters, &with_vpc(&ACL_FILTERS))?;
    let acls: Vec<NetworkAcl> = context.model.vpcs.values().map(|vpc| network_acl(context.model, vpc)).collect();
    let ids: BTreeSet<&str> = acls.iter().map(|acl| acl.network_acl_id.as_str()).collect();
    if let Some(id) = network_acl_ids.iter().find(|id| !ids.contains(id.as_str())) {
        let message = format!("The networkAcl ID '{id}' does not exist");
        return Err(ApiError::new(ErrorCode::InvalidNetworkAclIdNotFound, message)
            .with_detail("Each VPC has one, which allows everything; there are no others."));
    }
    let acls =
        acls.into_iter().filter(|acl| network_acl_ids.is_empty() || network_acl_ids.contains(&acl.network_acl_id));
    let acls = acls.filter(|acl| filters.accept(&Tags::default(), |name| acl_values(acl, name)));
    let (network_acls, next_token) = page.cut(acls, |acl| acl.network_acl_id.clone());
    let answer = DescribeNetworkAclsResult { network_acls, next_token };
    Ok(Outcome::unchanged(Response::DescribeNetworkAcls(answer)))
}

fn with_vpc<'a>(filters: &[&'a str]) -> Vec<&'a str> {
    filters.iter().copied().chain(["vpc-id"]).collect()
}

/// The network ACL of a VPC: it allows everything, as the service's does at first.
fn network_acl(model: &Model, vpc: &Vpc) -> NetworkAcl {
    let id = format!("acl-{}", vpc.id.digits());
    let association = |subnet: &crate::model::SubnetId| NetworkAclAssociation {
        network_acl_association_id: format!("aclassoc-{}", subnet.digits()),
        network_acl_id: id.clone(),
        subnet_id: subnet.to_string(),
    };
    let entry = |egress, action: &str, number| NetworkAclEntry {
        cidr_block: Some("0.0.0.0/0".into()),
        egress,
        ipv6_cidr_block: None,
        protocol: "-1".into(),
        rule_action: action.into(),
        rule_number: number,
    };
    let mut entries = Vec::new();
    for egress in [true, false] {
        for (action, number) in [("allow", 100), ("deny", 32_767)] {
            entries.push(entry(egress, action, number));
            if !vpc.ipv6_cidr_blocks.is_empty() {
                let ipv6_cidr_block = Some("::/0".into());
                entries.push(NetworkAclEntry {
                    cidr_block: None,
                    ipv6_cidr_block,
                    ..entry(egress, action, number + 1)
                });
            }
        }
    }
    NetworkAcl {
        associations: model.subnets_of(vpc.id).map(|subnet| association(&subnet.id)).collect(),
        entries,
        is_default: true,
        network_acl_id: id.clone(),
        tags: Vec::new(),
        vpc_id: vpc.id.to_string(),
        owner_id: vpc.owner.to_string(),
    }
}

fn acl_values(acl: &NetworkAcl, filter: &str) -> Vec<String> {
    let (associations, entries) = (acl.associations.iter(), acl.entries.iter());
    match filter {
        "association.association-id" => associations.map(|each| each.network_acl_association_id.clone()).collect(),
        "association.network-acl-id" => associations.map(|each| each.network_acl_id.clone()).collect(),
        "association.subnet-id" => associations.map(|each| each.subnet_id.clone()).collect(),
        "default" => vec![acl.is_default.to_string()],
        "entry.cidr" => entries.filter_map(|entry| entry.cidr_block.clone()).collect(),
        "entry.egress" => entries.map(|entry| entry.egress.to_string()).collect(),
        "entry.ipv6-cidr" => entries.filter_map(|entry| entry.ipv6_cidr_block.clone()).collect(),
        "entry.protocol" => entries.map(|entry| entry.protocol.clone()).collect(),
        "entry.rule-action" => entries.map(|entry| entry.rule_action.clone()).collect(),
        "entry.rule-number" => entries.map(|entry| entry.rule_number.to_string()).collect(),
        "network-acl-id" => vec![acl.network_acl_id.clone()],
        "owner-id" => vec![acl.owner_id.clone()],
        "vpc-id" => vec![acl.vpc_id.clone()],
        // What no entry has: ports and types.
        _ => Vec::new(),
    }
}

/// Filters of DescribeRouteTables.
const ROUTE_FILTERS: [&str; 19] = [
    "association.gateway-id",
    "association.main",
    "association.route-table-association-id",
    "association.route-table-id",
    "association.subnet-id",
    "owner-id",
    "route-table-id",
    "route.destination-cidr-block",
    "route.destination-ipv6-cidr-block",
    "route.destination-prefix-list-id",
    "route.egress-only-internet-gateway-id",
    "route.gateway-id",
    "route.instance-id",
    "route.nat-gateway-id",
    "route.origin",
    "route.state",
    "route.transit-gateway-id",
    "route.vpc-peering-connection-id",
    "transit-gateway-id",
];

pub(super) fn route_tables(mut request: DescribeRouteTables, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeRouteTables { route_table_ids, filters, max_results: _, next_token: _, dry_run: _ } = request;
    let filters = Filters::new(filters, &with_vpc(&ROUTE_FILTERS))?;
    let tables: Vec<RouteTable> = context.model.vpcs.values().map(|vpc| route_table(vpc)).collect();
    let ids: BTreeSet<&str> = tables.iter().map(|table| table.route_table_id.as_str()).collect();
    if let Some(id) = route_table_ids.iter().find(|id| !ids.contains(id.as_str())) {
        let message = format!("The routeTable ID '{id}' does not exist");
        return Err(ApiError::new(ErrorCode::InvalidRouteTableIdNotFound, message)
            .with_detail("Each VPC has its main table; there are no others."));
    }
    let tables = tables
        .into_iter()
        .filter(|table| route_table_ids.is_empty() || route_table_ids.contains(&table.route_table_id));
    let tables = tables.filter(|table| filters.accept(&Tags::default(), |name| route_values(table, name)));
    let (route_tables, next_token) = page.cut(tables, |table| table.route_table_id.clone());
    let answer = DescribeRouteTablesResult { route_tables, next_token };
    Ok(Outcome::unchanged(Response::DescribeRouteTables(answer)))
}

/// The main route table of a VPC: its own blocks. How packets find their way is this machine's to say.
fn route_table(vpc: &Vpc) -> RouteTable {
    let id = format!("rtb-{}", vpc.id.digits());
    let route = |ipv4: Option<String>, ipv6: Option<String>| Route {
        destination_cidr_block: ipv4,
        destination_ipv6_cidr_block: ipv6,
        gateway_id: "local".into(),
        origin: "CreateRouteTable".into(),
        state: "active".into(),
    };
    let ipv4 = vpc.cidr_blocks.iter().map(|each| route(Some(each.block.to_string()), None));
    let ipv6 = vpc.ipv6_cidr_blocks.iter().map(|each| route(None, Some(each.block.to_string())));
    RouteTable {
        associations: vec![RouteTableAssociation {
            main: true,
            route_table_association_id: format!("rtbassoc-{}", vpc.id.digits()),
            route_table_id: id.clone(),
            association_state: RouteTableAssociationState { state: "associated".into() },
        }],
        propagating_vgws: Vec::new(),
        route_table_id: id,
        routes: ipv4.chain(ipv6).collect(),
        tags: Vec::new(),
        vpc_id: vpc.id.to_string(),
        owner_id: vpc.owner.to_string(),
    }
}

fn route_values(table: &RouteTable, filter: &str) -> Vec<String> {
    let (associations, routes) = (table.associations.iter(), table.routes.iter());
    match filter {
        "association.main" => associations.map(|each| each.main.to_string()).collect(),
        "association.route-table-association-id" => {
            associations.map(|each| each.route_table_association_id.clone()).collect()
        }
        "association.route-table-id" => associations.map(|each| each.route_table_id.clone()).collect(),
        "owner-id" => vec![table.owner_id.clone()],
        "route-table-id" => vec![table.route_table_id.clone()],
        "route.destination-cidr-block" => routes.filter_map(|route| route.destination_cidr_block.clone()).collect(),
        "route.destination-ipv6-cidr-block" => {
            routes.filter_map(|route| route.destination_ipv6_cidr_block.clone()).collect()
        }
        "route.gateway-id" => routes.map(|route| route.gateway_id.clone()).collect(),
        "route.origin" => routes.map(|route| route.origin.clone()).collect(),
        "route.state" => routes.map(|route| route.state.clone()).collect(),
        "vpc-id" => vec![table.vpc_id.clone()],
        // What no route leads to here.
        _ => Vec::new(),
    }
}
