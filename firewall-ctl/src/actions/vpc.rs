//! Actions on VPCs.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::request::Response;
use super::types::{CreateVpc, CreateVpcResult, DeleteVpc, DescribeVpcs, DescribeVpcsResult, Done};
use super::{convert, lookup, refusal, wire};
use crate::model::{NewVpc, Vpc, parse_ipv4_cidr, parse_ipv6_cidr, random_ula};
use ipnet::{Ipv4Net, Ipv6Net};

/// The smallest and the largest IPv4 block of a VPC, by prefix length, as in the service.
const IPV4_LENGTHS: std::ops::RangeInclusive<u8> = 16..=28;
/// The same of IPv6. The service has /44 to /60; a host of one's own may have no more than a single /64.
const IPV6_LENGTHS: std::ops::RangeInclusive<u8> = 44..=64;

pub(super) fn create(request: CreateVpc, context: Context<'_>) -> Result<Outcome, ApiError> {
    let CreateVpc { cidr_block, amazon_provided_ipv6_cidr_block, ipv6_cidr_block, tag_specifications, dry_run: _ } =
        request;
    let Context { model, quotas, account, rng, rule_numbers, .. } = context;
    let ipv4 = ipv4_block(&lookup::required("CidrBlock", cidr_block)?)?;
    let ipv6 = match lookup::present(ipv6_cidr_block) {
        Some(_) if amazon_provided_ipv6_cidr_block => {
            let message = "The parameter AmazonProvidedIpv6CidrBlock cannot be used with the parameter Ipv6CidrBlock";
            return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
        }
        Some(block) => Some(ipv6_block(&block)?),
        None => amazon_provided_ipv6_cidr_block.then(|| random_ula(rng)),
    };
    let tags = convert::tags(tag_specifications, "vpc")?;
    if model.vpcs.len() >= quotas.vpcs as usize {
        let message = "The maximum number of VPCs has been reached.";
        return Err(ApiError::new(ErrorCode::VpcLimitExceeded, message).with_detail(format!(
            "There are {}; the limit is {}.",
            model.vpcs.len(),
            quotas.vpcs
        )));
    }
    let new = NewVpc {
        owner: account,
        cidr_blocks: vec![ipv4],
        ipv6_cidr_blocks: ipv6.into_iter().collect(),
        is_default: false,
        tags,
    };
    let mut next = model.clone();
    let id = next.add_vpc(new, rule_numbers, rng).map_err(|error| refusal::out_of_rules_or(model, error))?;
    let vpc = wire::vpc(lookup::vpc(&next, &id.to_string())?);
    Ok(Outcome::changed(Response::CreateVpc(CreateVpcResult { vpc }), next))
}

fn ipv4_block(text: &str) -> Result<Ipv4Net, ApiError> {
    let block = parse_ipv4_cidr(text).map_err(|error| {
        let message = format!("Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.");
        ApiError { message, ..convert::malformed_cidr(&error, false) }
    })?;
    if IPV4_LENGTHS.contains(&block.prefix_len()) { Ok(block) } else { Err(size(text, &IPV4_LENGTHS)) }
}

fn ipv6_block(text: &str) -> Result<Ipv6Net, ApiError> {
    let block = parse_ipv6_cidr(text).map_err(|error| {
        let message = format!("Value ({text}) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.");
        ApiError { message, ..convert::malformed_cidr(&error, true) }
    })?;
    if IPV6_LENGTHS.contains(&block.prefix_len()) { Ok(block) } else { Err(size(text, &IPV6_LENGTHS)) }
}

fn size(text: &str, lengths: &std::ops::RangeInclusive<u8>) -> ApiError {
    ApiError::new(ErrorCode::InvalidVpcRange, format!("The CIDR '{text}' is invalid.")).with_detail(format!(
        "The block of a VPC is from /{} to /{}.",
        lengths.start(),
        lengths.end()
    ))
}

/// Filters of DescribeVpcs.
const FILTERS: [&str; 8] = [
    "cidr",
    "cidr-block-association.cidr-block",
    "cidr-block-association.state",
    "ipv6-cidr-block-association.ipv6-cidr-block",
    "is-default",
    "owner-id",
    "state",
    "vpc-id",
];

pub(super) fn describe(request: DescribeVpcs, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DescribeVpcs { vpc_ids, filters, dry_run: _ } = request;
    let filters = Filters::new(filters, &FILTERS)?;
    let wanted = vpc_ids.iter().map(|id| lookup::vpc(context.model, id).map(|vpc| vpc.id));
    let wanted = wanted.collect::<Result<std::collections::BTreeSet<_>, _>>()?;
    let vpcs = context.model.vpcs.values();
    let vpcs = vpcs.filter(|vpc| wanted.is_empty() || wanted.contains(&vpc.id));
    let vpcs = vpcs.filter(|vpc| filters.accept(&vpc.tags, |name| values(vpc, name)));
    let vpcs = vpcs.map(|vpc| wire::vpc(vpc)).collect();
    Ok(Outcome::unchanged(Response::DescribeVpcs(DescribeVpcsResult { vpcs })))
}

fn values(vpc: &Vpc, filter: &str) -> Vec<String> {
    match filter {
        "cidr" => vpc.cidr_blocks.first().map(ToString::to_string).into_iter().collect(),
        "cidr-block-association.cidr-block" => vpc.cidr_blocks.iter().map(ToString::to_string).collect(),
        "cidr-block-association.state" => vec!["associated".into()],
        "ipv6-cidr-block-association.ipv6-cidr-block" => vpc.ipv6_cidr_blocks.iter().map(ToString::to_string).collect(),
        "is-default" => vec![vpc.is_default.to_string()],
        "owner-id" => vec![vpc.owner.to_string()],
        "state" => vec!["available".into()],
        "vpc-id" => vec![vpc.id.to_string()],
        _ => Vec::new(),
    }
}

pub(super) fn delete(request: DeleteVpc, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DeleteVpc { vpc_id, dry_run: _ } = request;
    let id = lookup::vpc(context.model, &lookup::required("VpcId", vpc_id)?)?.id;
    let mut next = context.model.clone();
    next.remove_vpc(id).map_err(|error| refusal::refused(context.model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}
