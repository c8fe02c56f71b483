//! Actions on VPCs.

use super::block::{self, BlockOf};
use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::page::Page;
use super::request::Response;
use super::types::{
    AttributeBooleanValue, CreateDefaultVpc, CreateDefaultVpcResult, CreateVpc, CreateVpcResult, DeleteVpc,
    DescribeVpcAttribute, DescribeVpcAttributeResult, DescribeVpcs, DescribeVpcsResult, Done, ModifyVpcAttribute,
};
use super::{convert, lookup, refusal, wire};
use crate::model::{Model, NewVpc, Quotas, Vpc, VpcAttributes};
use std::collections::BTreeSet;

pub(super) fn create(request: CreateVpc, context: Context<'_>) -> Result<Outcome, ApiError> {
    let CreateVpc {
        cidr_block,
        amazon_provided_ipv6_cidr_block,
        ipv6_cidr_block,
        instance_tenancy,
        tag_specifications,
        dry_run: _,
    } = request;
    let Context { model, quotas, account, region, rng, rule_numbers, .. } = context;
    let ipv4 = BlockOf::Vpc.ipv4(&lookup::required("CidrBlock", cidr_block)?)?;
    let ipv6 = block::ipv6_of_vpc(ipv6_cidr_block, amazon_provided_ipv6_cidr_block, rng)?;
    if let Some(tenancy) = lookup::present(instance_tenancy).filter(|tenancy| tenancy != "default") {
        let message = format!("Value ({tenancy}) for parameter instanceTenancy is invalid.");
        return Err(ApiError::value(message).with_detail("It is default: machines are not placed here."));
    }
    let tags = convert::tags(tag_specifications, "vpc")?;
    check_count(model, quotas)?;
    let new = NewVpc {
        owner: account,
        cidr_blocks: vec![ipv4],
        ipv6_cidr_blocks: ipv6.iter().map(|(block, _)| *block).collect(),
        ipv6_provided: ipv6.is_some_and(|(_, provided)| provided),
        is_default: false,
        tags,
    };
    let mut next = model.clone();
    let id = next.add_vpc(new, rule_numbers, rng).map_err(|error| refusal::out_of_rules_or(model, error))?;
    let vpc = wire::vpc(lookup::vpc(&next, &id.to_string())?, region);
    Ok(Outcome::changed(Response::CreateVpc(CreateVpcResult { vpc }), next))
}

/// Whether there may be one more VPC.
fn check_count(model: &Model, quotas: &Quotas) -> Result<(), ApiError> {
    if model.vpcs.len() < quotas.vpcs as usize {
        return Ok(());
    }
    let message = "The maximum number of VPCs has been reached.";
    let detail = format!("There are {}; the limit is {}.", model.vpcs.len(), quotas.vpcs);
    Err(ApiError::new(ErrorCode::VpcLimitExceeded, message).with_detail(detail))
}

pub(super) fn create_default(request: &CreateDefaultVpc, context: Context<'_>) -> Result<Outcome, ApiError> {
    let CreateDefaultVpc { dry_run: _ } = request;
    let Context { model, quotas, account, region, rng, rule_numbers, .. } = context;
    if let Some(vpc) = model.default_vpc(account) {
        let message = "A Default VPC already exists for this account in this region.";
        return Err(
            ApiError::new(ErrorCode::DefaultVpcAlreadyExists, message).with_detail(format!("It is {}.", vpc.id))
        );
    }
    check_count(model, quotas)?;
    let mut next = model.clone();
    let made = next.add_default_vpc(account, rule_numbers, rng);
    let id = made.map_err(|error| refusal::out_of_rules_or(model, error))?;
    let vpc = wire::vpc(lookup::vpc(&next, &id.to_string())?, region);
    Ok(Outcome::changed(Response::CreateDefaultVpc(CreateDefaultVpcResult { vpc }), next))
}

/// Filters of DescribeVpcs. `cidr-block` is another name of `cidr` that the service knows.
const FILTERS: [&str; 15] = [
    "cidr",
    "cidr-block",
    "cidr-block-association.association-id",
    "cidr-block-association.cidr-block",
    "cidr-block-association.state",
    "dhcp-options-id",
    "ipv6-cidr-block-association.association-id",
    "ipv6-cidr-block-association.ipv6-cidr-block",
    "ipv6-cidr-block-association.ipv6-pool",
    "ipv6-cidr-block-association.state",
    "is-default",
    "isDefault",
    "owner-id",
    "state",
    "vpc-id",
];

pub(super) fn describe(mut request: DescribeVpcs, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeVpcs { vpc_ids, filters, max_results: _, next_token: _, dry_run: _ } = request;
    let filters = Filters::new(filters, &FILTERS)?;
    let wanted = vpc_ids.iter().map(|id| lookup::vpc(context.model, id).map(|vpc| vpc.id));
    let wanted = wanted.collect::<Result<BTreeSet<_>, _>>()?;
    let vpcs = context.model.vpcs.values();
    let vpcs = vpcs.filter(|vpc| wanted.is_empty() || wanted.contains(&vpc.id));
    let vpcs = vpcs.filter(|vpc| filters.accept(&vpc.tags, |name| values(vpc, name)));
    let (vpcs, next_token) = page.cut(vpcs, |vpc| vpc.id);
    let vpcs = vpcs.into_iter().map(|vpc| wire::vpc(vpc, context.region)).collect();
    Ok(Outcome::unchanged(Response::DescribeVpcs(DescribeVpcsResult { vpcs, next_token })))
}

fn values(vpc: &Vpc, filter: &str) -> Vec<String> {
    let Vpc { id, number: _, owner, cidr_blocks, ipv6_cidr_blocks, is_default, attributes: _, tags: _ } = vpc;
    match filter {
        "cidr" | "cidr-block" => cidr_blocks.first().map(|each| each.block.to_string()).into_iter().collect(),
        "cidr-block-association.association-id" => cidr_blocks.iter().map(|each| each.id.to_string()).collect(),
        "cidr-block-association.cidr-block" => cidr_blocks.iter().map(|each| each.block.to_string()).collect(),
        "cidr-block-association.state" => vec![wire::ASSOCIATED.into()],
        "dhcp-options-id" => vec![wire::dhcp_options(vpc.owner)],
        "ipv6-cidr-block-association.association-id" => {
            ipv6_cidr_blocks.iter().map(|each| each.id.to_string()).collect()
        }
        "ipv6-cidr-block-association.ipv6-cidr-block" => {
            ipv6_cidr_blocks.iter().map(|each| each.block.to_string()).collect()
        }
        "ipv6-cidr-block-association.ipv6-pool" => {
            ipv6_cidr_blocks.iter().map(|each| wire::pool(each.provided).to_owned()).collect()
        }
        "ipv6-cidr-block-association.state" => ipv6_cidr_blocks.iter().map(|_| wire::ASSOCIATED.into()).collect(),
        "is-default" | "isDefault" => vec![is_default.to_string()],
        "owner-id" => vec![owner.to_string()],
        "state" => vec!["available".into()],
        "vpc-id" => vec![id.to_string()],
        _ => Vec::new(),
    }
}

pub(super) fn describe_attribute(request: DescribeVpcAttribute, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DescribeVpcAttribute { vpc_id, attribute, dry_run: _ } = request;
    let attribute = lookup::required("Attribute", attribute)?;
    let id = lookup::required("VpcId", vpc_id)?;
    let tell: fn(&VpcAttributes, &mut DescribeVpcAttributeResult) = match attribute.as_str() {
        "enableDnsSupport" => |has, answer| answer.enable_dns_support = Some(has.enable_dns_support.into()),
        "enableDnsHostnames" => |has, answer| answer.enable_dns_hostnames = Some(has.enable_dns_hostnames.into()),
        "enableNetworkAddressUsageMetrics" => |has, answer| {
            answer.enable_network_address_usage_metrics = Some(has.enable_network_address_usage_metrics.into());
        },
        other => {
            let message = format!("Value ({other}) for parameter attribute is invalid. Unknown attribute.");
            let known = "It is enableDnsSupport, enableDnsHostnames or enableNetworkAddressUsageMetrics.";
            return Err(ApiError::value(message).with_detail(known));
        }
    };
    let vpc = lookup::vpc(context.model, &id)?;
    let mut answer = DescribeVpcAttributeResult {
        enable_dns_hostnames: None,
        enable_dns_support: None,
        enable_network_address_usage_metrics: None,
        vpc_id: vpc.id.to_string(),
    };
    tell(&vpc.attributes, &mut answer);
    Ok(Outcome::unchanged(Response::DescribeVpcAttribute(answer)))
}

pub(super) fn modify_attribute(request: ModifyVpcAttribute, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let ModifyVpcAttribute { vpc_id, enable_dns_support, enable_dns_hostnames, enable_network_address_usage_metrics } =
        request;
    let model = context.model;
    let id = lookup::required("VpcId", vpc_id)?;
    let wishes: [Wish<VpcAttributes>; 3] = [
        (enable_dns_support, |attributes| &mut attributes.enable_dns_support),
        (enable_dns_hostnames, |attributes| &mut attributes.enable_dns_hostnames),
        (enable_network_address_usage_metrics, |attributes| &mut attributes.enable_network_address_usage_metrics),
    ];
    let (value, attribute) = the_one(wishes)?;
    let mut vpc = Vpc::clone(lookup::vpc(model, &id)?);
    let before = vpc.attributes;
    *attribute(&mut vpc.attributes) = value;
    if vpc.attributes == before {
        return Ok(Outcome::unchanged(Response::Done(Done {})));
    }
    let mut next = model.clone();
    next.update_vpc(vpc).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

/// Where an attribute is.
pub(super) type Attribute<A> = fn(&mut A) -> &mut bool;
/// What a request says of an attribute, and which that is.
pub(super) type Wish<A> = (Option<AttributeBooleanValue>, Attribute<A>);

/// The one attribute that a request names, and its value: the service takes one in a request.
pub(super) fn the_one<A>(wishes: impl IntoIterator<Item = Wish<A>>) -> Result<(bool, Attribute<A>), ApiError> {
    let mut named = wishes.into_iter().filter_map(|(wish, attribute)| Some((wish?.value?, attribute)));
    match (named.next(), named.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(several_attributes()),
        (None, _) => Err(no_attribute()),
    }
}

/// A request names no attribute.
pub(super) fn no_attribute() -> ApiError {
    ApiError::new(ErrorCode::InvalidParameterCombination, "No attributes specified.")
        .with_detail("Name the attribute that is to be changed, with its value.")
}

/// A request names more than one attribute.
pub(super) fn several_attributes() -> ApiError {
    ApiError::new(ErrorCode::InvalidParameterCombination, "Fields for multiple attribute types specified.")
        .with_detail("One request changes one attribute.")
}

pub(super) fn delete(request: DeleteVpc, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DeleteVpc { vpc_id, dry_run: _ } = request;
    let id = lookup::vpc(context.model, &lookup::required("VpcId", vpc_id)?)?.id;
    let mut next = context.model.clone();
    next.remove_vpc(id).map_err(|error| refusal::refused(context.model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}
