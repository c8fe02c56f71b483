//! Actions on subnets.

use super::block::BlockOf;
use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::page::Page;
use super::request::Response;
use super::types::*;
use super::{convert, lookup, refusal, vpc, wire, zone};
use crate::model::{
    Addresses, Associated, FormerBlock, IdError, Model, Quotas, Subnet, SubnetAssociationId, SubnetAttributes,
    SubnetId, Vpc, VpcId,
};
use ipnet::{Ipv4Net, Ipv6Net};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long a block that was taken away is shown as such: clients wait until they see it.
const SHOWN_AFTERWARDS: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn create(request: CreateSubnet, context: Context<'_>) -> Result<Outcome, ApiError> {
    let CreateSubnet {
        vpc_id,
        cidr_block,
        ipv6_cidr_block,
        ipv6_native,
        availability_zone,
        availability_zone_id,
        tag_specifications,
        dry_run: _,
    } = request;
    let Context { model, quotas, account, region, rng, now, .. } = context;
    let id = lookup::required("VpcId", vpc_id)?;
    only_with_ipv4(ipv6_native)?;
    let cidr_block = BlockOf::Subnet.ipv4(&lookup::required("CidrBlock", cidr_block)?)?;
    let ipv6 = lookup::present(ipv6_cidr_block).map(|text| BlockOf::Subnet.ipv6(&text)).transpose()?;
    zone::check(region, availability_zone, availability_zone_id)?;
    let tags = convert::tags(tag_specifications, "subnet")?;
    let vpc = lookup::vpc(model, &id)?;
    let subnet = Subnet {
        id: SubnetId::random(rng),
        vpc: vpc.id,
        owner: account,
        cidr_block,
        ipv6_cidr_block: ipv6.map(|block| associated(vpc, block, rng)),
        former_ipv6_cidr_block: None,
        is_default: false,
        attributes: SubnetAttributes::default(),
        tags,
    };
    put_new(model, quotas, subnet, region, now)
}

fn put_new(model: &Model, quotas: &Quotas, subnet: Subnet, region: &str, now: Timestamp) -> Result<Outcome, ApiError> {
    let vpc = subnet.vpc;
    let answer = CreateSubnetResult { subnet: description(&subnet, &model.addresses_of(subnet.vpc), region, now) };
    let mut next = model.clone();
    next.put_subnet(subnet).map_err(|error| refusal::refused(model, error))?;
    check_count(model, quotas, vpc)?;
    Ok(Outcome::changed(Response::CreateSubnet(answer), next))
}

fn only_with_ipv4(ipv6_native: bool) -> Result<(), ApiError> {
    if !ipv6_native {
        return Ok(());
    }
    let message = "The parameter Ipv6Native is not supported.";
    Err(ApiError::new(ErrorCode::UnsupportedOperation, message)
        .with_detail("A subnet has an IPv4 block here: name one besides the IPv6 block."))
}

/// Whether there may be one more subnet.
fn check_count(model: &Model, quotas: &Quotas, vpc: VpcId) -> Result<(), ApiError> {
    let count = model.subnets_of(vpc).count();
    if count < quotas.subnets_per_vpc as usize {
        return Ok(());
    }
    let message = "The maximum number of subnets has been reached.";
    let detail = format!("{vpc} has {count}; the limit is {}.", quotas.subnets_per_vpc);
    Err(ApiError::new(ErrorCode::SubnetLimitExceeded, message).with_detail(detail))
}

/// An IPv6 block of a subnet: made up if that of the VPC was, which it is taken from.
fn associated<R: rand::Rng + ?Sized>(
    vpc: &Vpc,
    block: Ipv6Net,
    rng: &mut R,
) -> Associated<SubnetAssociationId, Ipv6Net> {
    let whole = vpc.ipv6_cidr_blocks.iter().find(|whole| whole.block.contains(&block));
    Associated { provided: whole.is_some_and(|whole| whole.provided), ..Associated::of_subnet(block, rng) }
}

pub(super) fn create_default(request: CreateDefaultSubnet, context: Context<'_>) -> Result<Outcome, ApiError> {
    let CreateDefaultSubnet { availability_zone, availability_zone_id, ipv6_native, dry_run: _ } = request;
    let Context { model, quotas, account, region, rng, now, .. } = context;
    only_with_ipv4(ipv6_native)?;
    if availability_zone.is_none() && availability_zone_id.is_none() {
        return Err(ApiError::missing("AvailabilityZone").with_detail(format!("It is {}.", zone::name(region))));
    }
    zone::check(region, availability_zone, availability_zone_id)?;
    let Some(vpc) = model.default_vpc(account) else {
        let message = "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.";
        return Err(
            ApiError::new(ErrorCode::DefaultVpcDoesNotExist, message).with_detail("create-default-vpc makes one.")
        );
    };
    if let Some(subnet) = model.default_subnet(vpc.id) {
        let message = format!("'{}' is already the default subnet in {}.", subnet.id, zone::name(region));
        return Err(ApiError::new(ErrorCode::DefaultSubnetAlreadyExists, message));
    }
    let too_small = || ApiError::new(ErrorCode::InternalError, format!("{} has no block.", vpc.id));
    let mut subnet = Subnet::default_of(vpc, rng).ok_or_else(too_small)?;
    subnet.cidr_block = free_block(model, vpc, subnet.cidr_block.prefix_len()).ok_or_else(|| {
        let message = format!("The VPC {} has no room for a default subnet.", vpc.id);
        ApiError::new(ErrorCode::InvalidSubnetConflict, message)
    })?;
    let taken = subnet.ipv6_cidr_block.is_some_and(|own| {
        let others = model.subnets_of(vpc.id).filter_map(|other| other.ipv6_cidr_block);
        others.into_iter().any(|other| own.block.contains(&other.block) || other.block.contains(&own.block))
    });
    if taken {
        subnet.ipv6_cidr_block = None;
    }
    put_new(model, quotas, subnet, region, now)
}

/// The first block of a size in the VPC's first one that no subnet overlaps.
fn free_block(model: &Model, vpc: &Vpc, length: u8) -> Option<Ipv4Net> {
    let whole = vpc.cidr_blocks.first()?.block;
    let free = |block: &Ipv4Net| {
        let others = model.subnets_of(vpc.id).map(|other| other.cidr_block);
        others.into_iter().all(|other| !block.contains(&other) && !other.contains(block))
    };
    whole.subnets(length).ok()?.find(free)
}

pub(super) fn delete(request: DeleteSubnet, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DeleteSubnet { subnet_id, dry_run: _ } = request;
    let model = context.model;
    let id = lookup::subnet(model, &lookup::required("SubnetId", subnet_id)?)?.id;
    let mut next = model.clone();
    next.remove_subnet(id).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

pub(super) fn modify_attribute(request: ModifySubnetAttribute, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let ModifySubnetAttribute {
        subnet_id,
        assign_ipv6_address_on_creation,
        map_public_ip_on_launch,
        enable_dns64,
        private_dns_hostname_type_on_launch,
        enable_resource_name_dns_a_record_on_launch,
        enable_resource_name_dns_aaaa_record_on_launch,
    } = request;
    let model = context.model;
    let hostname_type = lookup::present(private_dns_hostname_type_on_launch);
    let hostname_type =
        hostname_type.map(|text| text.parse()).transpose().map_err(|error: crate::model::WordError| {
            ApiError::value(format!("Value ({}) for parameter privateDnsHostnameTypeOnLaunch is invalid.", error.text))
                .with_detail(format!("It is one of {}.", error.words.join(", ")))
        })?;
    let id = lookup::required("SubnetId", subnet_id)?;
    let wishes: [vpc::Wish<SubnetAttributes>; 5] = [
        (assign_ipv6_address_on_creation, |attributes| &mut attributes.assign_ipv6_address_on_creation),
        (map_public_ip_on_launch, |attributes| &mut attributes.map_public_ip_on_launch),
        (enable_dns64, |attributes| &mut attributes.enable_dns64),
        (enable_resource_name_dns_a_record_on_launch, |attributes| &mut attributes.enable_resource_name_dns_a_record),
        (enable_resource_name_dns_aaaa_record_on_launch, |attributes| {
            &mut attributes.enable_resource_name_dns_aaaa_record
        }),
    ];
    let wish = match hostname_type {
        Some(_) if wishes.iter().any(|(wish, _)| wish.is_some()) => return Err(vpc::several_attributes()),
        Some(_) => None,
        None => Some(vpc::the_one(wishes)?),
    };
    let subnet = lookup::subnet(model, &id)?;
    let mut attributes = subnet.attributes;
    attributes.hostname_type = hostname_type.unwrap_or(attributes.hostname_type);
    if let Some((value, attribute)) = wish {
        *attribute(&mut attributes) = value;
    }
    if attributes.assign_ipv6_address_on_creation && subnet.ipv6_cidr_block.is_none() {
        let message =
            "Invalid value 'true' for assignIpv6AddressOnCreation. The subnet does not have an IPv6 CIDR block.";
        return Err(ApiError::value(message).with_detail("associate-subnet-cidr-block gives it one."));
    }
    put(model, Subnet { attributes, ..Subnet::clone(subnet) }, subnet)
}

/// Puts a subnet that may be what it was.
fn put(model: &Model, changed: Subnet, before: &Subnet) -> Result<Outcome, ApiError> {
    if changed == *before {
        return Ok(Outcome::unchanged(Response::Done(Done {})));
    }
    let mut next = model.clone();
    next.put_subnet(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

pub(super) fn associate(request: AssociateSubnetCidrBlock, context: Context<'_>) -> Result<Outcome, ApiError> {
    let AssociateSubnetCidrBlock { subnet_id, ipv6_cidr_block } = request;
    let Context { model, rng, .. } = context;
    let id = lookup::required("SubnetId", subnet_id)?;
    let block = BlockOf::Subnet.ipv6(&lookup::required("Ipv6CidrBlock", ipv6_cidr_block)?)?;
    let subnet = lookup::subnet(model, &id)?;
    if let Some(association) = &subnet.ipv6_cidr_block {
        let message = format!("The subnet '{}' already has an IPv6 CIDR block.", subnet.id);
        let detail = format!("It is {} ({}).", association.block, association.id);
        return Err(ApiError::new(ErrorCode::OperationNotPermitted, message).with_detail(detail));
    }
    let association = associated(lookup::vpc(model, &subnet.vpc.to_string())?, block, rng);
    let answer = SubnetCidrBlockResult {
        ipv6_cidr_block_association: wire::subnet_block(&association, wire::ASSOCIATED),
        subnet_id: subnet.id.to_string(),
    };
    let mut next = model.clone();
    let changed = Subnet { ipv6_cidr_block: Some(association), ..Subnet::clone(subnet) };
    next.put_subnet(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::SubnetCidrBlock(answer), next))
}

pub(super) fn disassociate(request: DisassociateSubnetCidrBlock, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DisassociateSubnetCidrBlock { association_id } = request;
    let model = context.model;
    let text = lookup::required("AssociationId", association_id)?;
    let not_found = || {
        let message = format!("The subnet CIDR block with association ID '{text}' does not exist");
        ApiError::new(ErrorCode::InvalidSubnetCidrBlockAssociationIdNotFound, message)
    };
    let id: SubnetAssociationId = text.parse().map_err(|_: IdError| not_found())?;
    let has = |subnet: &&Arc<Subnet>| subnet.ipv6_cidr_block.is_some_and(|association| association.id == id);
    let subnet = model.subnets.values().find(has).ok_or_else(not_found)?;
    let association = subnet.ipv6_cidr_block.ok_or_else(not_found)?;
    let in_use = |why: &str| {
        let message =
            format!("The subnet IPv6 CIDR block with association ID {id} may not be disassociated, because {why}.");
        ApiError::new(ErrorCode::InvalidCidrBlockInUse, message)
    };
    if subnet.attributes.assign_ipv6_address_on_creation {
        return Err(in_use("its subnet has assign-ipv6-address-on-creation set to true"));
    }
    let holders = model
        .interfaces_in(subnet.id)
        .filter(|interface| interface.ipv6().any(|address| association.block.contains(&address)));
    let lines: Vec<String> =
        holders.map(|holder| format!("interface {} has an address of it", refusal::named(model, holder.id))).collect();
    if !lines.is_empty() {
        return Err(in_use("its subnet has interfaces with addresses of it").with_detail(lookup::list(&lines)));
    }
    let answer = SubnetCidrBlockResult {
        ipv6_cidr_block_association: wire::subnet_block(&association, wire::DISASSOCIATED),
        subnet_id: subnet.id.to_string(),
    };
    let former = FormerBlock { association, taken_at: context.now };
    let changed = Subnet { ipv6_cidr_block: None, former_ipv6_cidr_block: Some(former), ..Subnet::clone(subnet) };
    let mut next = model.clone();
    next.put_subnet(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::SubnetCidrBlock(answer), next))
}

/// Filters of DescribeSubnets. `cidr`, `cidrBlock`, `availabilityZone` and `defaultForAz` are other names that the service knows.
const FILTERS: [&str; 28] = [
    "availability-zone",
    "availability-zone-id",
    "availabilityZone",
    "available-ip-address-count",
    "cidr",
    "cidr-block",
    "cidrBlock",
    "customer-owned-ipv4-pool",
    "default-for-az",
    "defaultForAz",
    "enable-dns64",
    "enable-lni-at-device-index",
    "ipv6-cidr-block-association.association-id",
    "ipv6-cidr-block-association.ipv6-cidr-block",
    "ipv6-cidr-block-association.state",
    "ipv6-native",
    "map-customer-owned-ip-on-launch",
    "map-public-ip-on-launch",
    "outpost-arn",
    "owner-id",
    "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
    "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
    "private-dns-name-options-on-launch.hostname-type",
    "state",
    "subnet-arn",
    "subnet-id",
    "vpc-id",
    "availabilityZoneId",
];

pub(super) fn describe(mut request: DescribeSubnets, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeSubnets { subnet_ids, filters, max_results: _, next_token: _, dry_run: _ } = request;
    let Context { model, region, now, .. } = *context;
    let filters = Filters::new(filters, &FILTERS)?;
    let wanted = subnet_ids.iter().map(|id| lookup::subnet(model, id).map(|subnet| subnet.id));
    let wanted = wanted.collect::<Result<BTreeSet<_>, _>>()?;
    let addresses: BTreeMap<VpcId, Addresses> = model.vpcs.keys().map(|vpc| (*vpc, model.addresses_of(*vpc))).collect();
    let none = Addresses::default();
    let shown = |subnet: &Subnet| description(subnet, addresses.get(&subnet.vpc).unwrap_or(&none), region, now);
    let subnets = model.subnets.values().filter(|subnet| wanted.is_empty() || wanted.contains(&subnet.id));
    let subnets = subnets.map(|subnet| (subnet, shown(subnet)));
    let subnets = subnets.filter(|(subnet, shown)| filters.accept(&subnet.tags, |name| values(shown, name)));
    let (subnets, next_token) = page.cut(subnets, |(subnet, _)| subnet.id);
    let subnets = subnets.into_iter().map(|(_, shown)| shown).collect();
    Ok(Outcome::unchanged(Response::DescribeSubnets(DescribeSubnetsResult { subnets, next_token })))
}

fn values(subnet: &SubnetDescription, filter: &str) -> Vec<String> {
    let blocks = || subnet.ipv6_cidr_block_association_set.iter();
    let options = &subnet.private_dns_name_options_on_launch;
    match filter {
        "availability-zone" | "availabilityZone" => vec![subnet.availability_zone.clone()],
        "availability-zone-id" | "availabilityZoneId" => vec![subnet.availability_zone_id.clone()],
        "available-ip-address-count" => vec![subnet.available_ip_address_count.to_string()],
        "cidr" | "cidr-block" | "cidrBlock" => vec![subnet.cidr_block.clone()],
        "default-for-az" | "defaultForAz" => vec![subnet.default_for_az.to_string()],
        "enable-dns64" => vec![subnet.enable_dns64.to_string()],
        "ipv6-cidr-block-association.association-id" => blocks().map(|block| block.association_id.clone()).collect(),
        "ipv6-cidr-block-association.ipv6-cidr-block" => blocks().map(|block| block.ipv6_cidr_block.clone()).collect(),
        "ipv6-cidr-block-association.state" => {
            blocks().map(|block| block.ipv6_cidr_block_state.state.clone()).collect()
        }
        "ipv6-native" => vec![subnet.ipv6_native.to_string()],
        "map-customer-owned-ip-on-launch" => vec![subnet.map_customer_owned_ip_on_launch.to_string()],
        "map-public-ip-on-launch" => vec![subnet.map_public_ip_on_launch.to_string()],
        "owner-id" => vec![subnet.owner_id.clone()],
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record" => {
            vec![options.enable_resource_name_dns_a_record.to_string()]
        }
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record" => {
            vec![options.enable_resource_name_dns_aaaa_record.to_string()]
        }
        "private-dns-name-options-on-launch.hostname-type" => vec![options.hostname_type.clone()],
        "state" => vec![subnet.state.clone()],
        "subnet-arn" => vec![subnet.subnet_arn.clone()],
        "subnet-id" => vec![subnet.subnet_id.clone()],
        "vpc-id" => vec![subnet.vpc_id.clone()],
        // What nothing has here: Outposts, pools of customers, local network interfaces.
        _ => Vec::new(),
    }
}

fn description(subnet: &Subnet, addresses: &Addresses, region: &str, now: Timestamp) -> SubnetDescription {
    let Subnet { id, vpc, owner, cidr_block, ipv6_cidr_block, former_ipv6_cidr_block, is_default, attributes, tags } =
        subnet;
    let SubnetAttributes {
        assign_ipv6_address_on_creation,
        map_public_ip_on_launch,
        enable_dns64,
        hostname_type,
        enable_resource_name_dns_a_record,
        enable_resource_name_dns_aaaa_record,
    } = attributes;
    let block = ipv6_cidr_block.iter().map(|association| wire::subnet_block(association, wire::ASSOCIATED));
    let former = former_ipv6_cidr_block.iter().filter(|former| now.duration_since(former.taken_at) < SHOWN_AFTERWARDS);
    let former = former.map(|former| wire::subnet_block(&former.association, wire::DISASSOCIATED));
    SubnetDescription {
        availability_zone_id: zone::id(region),
        map_customer_owned_ip_on_launch: false,
        owner_id: owner.to_string(),
        assign_ipv6_address_on_creation: *assign_ipv6_address_on_creation,
        ipv6_cidr_block_association_set: block.chain(former).collect(),
        tags: convert::tag_list(tags),
        subnet_arn: format!("arn:aws:ec2:{region}:{owner}:subnet/{id}"),
        enable_dns64: *enable_dns64,
        ipv6_native: false,
        private_dns_name_options_on_launch: PrivateDnsNameOptionsOnLaunch {
            hostname_type: hostname_type.to_string(),
            enable_resource_name_dns_a_record: *enable_resource_name_dns_a_record,
            enable_resource_name_dns_aaaa_record: *enable_resource_name_dns_aaaa_record,
        },
        subnet_id: id.to_string(),
        state: "available".into(),
        vpc_id: vpc.to_string(),
        cidr_block: cidr_block.to_string(),
        available_ip_address_count: addresses.available(subnet),
        availability_zone: zone::name(region),
        default_for_az: *is_default,
        map_public_ip_on_launch: *map_public_ip_on_launch,
    }
}
