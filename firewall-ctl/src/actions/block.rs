//! Blocks of addresses: how large they may be, and which a VPC has.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::request::Response;
use super::types::{AssociateVpcCidrBlock, DisassociateVpcCidrBlock, VpcCidrBlockResult};
use super::{convert, lookup, refusal, wire};
use crate::model::{
    Associated, IdError, Model, ModelError, NumberPool, RuleKey, SecurityGroup, Subnet, Vpc, VpcAssociationId, VpcId,
    parse_ipv4_cidr, parse_ipv6_cidr, random_ula,
};
use firewall_common::verdict::Direction;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use rand::Rng;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What a block is for: that says how large it may be, and what it is called when it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockOf {
    Vpc,
    Subnet,
}

impl BlockOf {
    /// Sizes of IPv4 blocks by prefix length, as in the service.
    const IPV4: RangeInclusive<u8> = 16..=28;
    /// The same of IPv6. A VPC's end with /60 in the service; a host of one's own may have no more than a single /64.
    const IPV6: RangeInclusive<u8> = 44..=64;

    const fn code(self) -> ErrorCode {
        match self {
            Self::Vpc => ErrorCode::InvalidVpcRange,
            Self::Subnet => ErrorCode::InvalidSubnetRange,
        }
    }

    fn size(self, text: &str, lengths: &RangeInclusive<u8>) -> ApiError {
        let of = match self {
            Self::Vpc => "VPC",
            Self::Subnet => "subnet",
        };
        let detail = format!("The block of a {of} is from /{} to /{}.", lengths.start(), lengths.end());
        ApiError::new(self.code(), format!("The CIDR '{text}' is invalid.")).with_detail(detail)
    }

    /// Reads an IPv4 block.
    pub(super) fn ipv4(self, text: &str) -> Result<Ipv4Net, ApiError> {
        let block = parse_ipv4_cidr(text).map_err(|error| {
            let message = format!("Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.");
            ApiError { message, ..convert::malformed_cidr(&error, false) }
        })?;
        if Self::IPV4.contains(&block.prefix_len()) { Ok(block) } else { Err(self.size(text, &Self::IPV4)) }
    }

    /// Reads an IPv6 block.
    pub(super) fn ipv6(self, text: &str) -> Result<Ipv6Net, ApiError> {
        let block = parse_ipv6_cidr(text).map_err(|error| {
            let message =
                format!("Value ({text}) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.");
            ApiError { message, ..convert::malformed_cidr(&error, true) }
        })?;
        if Self::IPV6.contains(&block.prefix_len()) { Ok(block) } else { Err(self.size(text, &Self::IPV6)) }
    }
}

/// The IPv6 block that a request asks for, given or made up, and whether it was made up.
pub(super) fn ipv6_of_vpc<R: Rng + ?Sized>(
    given: Option<String>,
    provided: bool,
    rng: &mut R,
) -> Result<Option<(Ipv6Net, bool)>, ApiError> {
    match lookup::present(given) {
        Some(_) if provided => {
            let message = "The parameter AmazonProvidedIpv6CidrBlock cannot be used with the parameter Ipv6CidrBlock";
            Err(ApiError::new(ErrorCode::InvalidParameterCombination, message))
        }
        Some(block) => Ok(Some((BlockOf::Vpc.ipv6(&block)?, false))),
        None => Ok(provided.then(|| (random_ula(rng), true))),
    }
}

pub(super) fn associate(request: AssociateVpcCidrBlock, context: Context<'_>) -> Result<Outcome, ApiError> {
    let AssociateVpcCidrBlock { vpc_id, cidr_block, amazon_provided_ipv6_cidr_block, ipv6_cidr_block } = request;
    let Context { model, quotas, region, rng, rule_numbers, .. } = context;
    let id = lookup::required("VpcId", vpc_id)?;
    let ipv4 = lookup::present(cidr_block).map(|text| BlockOf::Vpc.ipv4(&text)).transpose()?;
    let ipv6 = ipv6_of_vpc(ipv6_cidr_block, amazon_provided_ipv6_cidr_block, rng)?;
    let before = lookup::vpc(model, &id)?;
    let mut vpc = Vpc::clone(before);
    let mut answer = VpcCidrBlockResult {
        ipv6_cidr_block_association: None,
        cidr_block_association: None,
        vpc_id: vpc.id.to_string(),
    };
    let count = match (ipv4, ipv6) {
        (Some(block), None) => {
            let association = Associated::new(block, rng);
            answer.cidr_block_association = Some(wire::vpc_block(&association, wire::ASSOCIATED));
            vpc.cidr_blocks.push(association);
            vpc.cidr_blocks.len()
        }
        (None, Some((block, provided))) => {
            let association = Associated { provided, ..Associated::new(block, rng) };
            answer.ipv6_cidr_block_association = Some(wire::vpc_ipv6_block(&association, region, wire::ASSOCIATED));
            vpc.ipv6_cidr_blocks.push(association);
            vpc.ipv6_cidr_blocks.len()
        }
        (Some(_), Some(_)) => {
            let message = "The parameter CidrBlock cannot be used with a parameter for an IPv6 block";
            return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
        }
        (None, None) => {
            return Err(ApiError::missing("CidrBlock")
                .with_detail("Name a CidrBlock or an Ipv6CidrBlock, or set AmazonProvidedIpv6CidrBlock."));
        }
    };
    let mut next = model.clone();
    next.update_vpc(vpc.clone()).map_err(|error| refusal::refused(model, error))?;
    if count > quotas.cidr_blocks_per_vpc as usize {
        let limit = quotas.cidr_blocks_per_vpc;
        let message = format!("This network '{}' has met its maximum number of allowed CIDRs: {limit}", vpc.id);
        return Err(ApiError::new(ErrorCode::CidrLimitExceeded, message));
    }
    let opened = open_default_group(&mut next, before, &vpc, rule_numbers, rng);
    opened.map_err(|error| refusal::out_of_rules_or(model, error))?;
    Ok(Outcome::changed(Response::VpcCidrBlock(answer), next))
}

/// Has the default group of a VPC allow what a new one would, if nobody has changed what it allows outwards: a VPC that gets its
/// first IPv6 block gets egress for it, as in the service.
fn open_default_group<R: Rng + ?Sized>(
    next: &mut Model,
    before: &Vpc,
    after: &Vpc,
    numbers: NumberPool<'_>,
    rng: &mut R,
) -> Result<(), ModelError> {
    let Some(group) = next.default_group(after.id) else { return Ok(()) };
    let (id, rules) = (group.id, group.rules(Direction::Outbound));
    let has: BTreeSet<RuleKey> = rules.map(|rule| rule.key).collect();
    if has != SecurityGroup::default_egress(before).into_iter().collect() {
        return Ok(());
    }
    let missing = SecurityGroup::default_egress(after).into_iter().filter(|key| !has.contains(key)).collect();
    let rules = next.new_rules(missing, numbers, rng)?;
    next.put_rules(id, rules.into_values())
}

pub(super) fn disassociate(request: DisassociateVpcCidrBlock, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DisassociateVpcCidrBlock { association_id } = request;
    let model = context.model;
    let text = lookup::required("AssociationId", association_id)?;
    let not_found = || {
        let message = format!("The vpc CIDR block association ID '{text}' does not exist");
        ApiError::new(ErrorCode::InvalidVpcCidrBlockAssociationIdNotFound, message)
    };
    let id: VpcAssociationId = text.parse().map_err(|_: IdError| not_found())?;
    let mut vpc = vpc_with(model, id).ok_or_else(not_found)?;
    let mut answer = VpcCidrBlockResult {
        ipv6_cidr_block_association: None,
        cidr_block_association: None,
        vpc_id: vpc.id.to_string(),
    };
    let block: IpNet = if let Some(at) = vpc.cidr_blocks.iter().position(|each| each.id == id) {
        if at == 0 {
            let message = format!(
                "The vpc CIDR block with association ID {id} may not be disassociated. It is the primary IPv4 CIDR block \
                 of the VPC"
            );
            return Err(ApiError::new(ErrorCode::OperationNotPermitted, message));
        }
        let association = vpc.cidr_blocks.remove(at);
        answer.cidr_block_association = Some(wire::vpc_block(&association, wire::DISASSOCIATED));
        association.block.into()
    } else {
        let at = vpc.ipv6_cidr_blocks.iter().position(|each| each.id == id).ok_or_else(not_found)?;
        let association = vpc.ipv6_cidr_blocks.remove(at);
        answer.ipv6_cidr_block_association =
            Some(wire::vpc_ipv6_block(&association, context.region, wire::DISASSOCIATED));
        association.block.into()
    };
    let mut next = model.clone();
    next.update_vpc(vpc).map_err(|error| match error {
        ModelError::SubnetRange { id: _, vpc, block: _ } => block_in_use(model, vpc, block),
        other => refusal::refused(model, other),
    })?;
    Ok(Outcome::changed(Response::VpcCidrBlock(answer), next))
}

fn vpc_with(model: &Model, id: VpcAssociationId) -> Option<Vpc> {
    let has = |vpc: &&Arc<Vpc>| {
        vpc.cidr_blocks.iter().any(|each| each.id == id) || vpc.ipv6_cidr_blocks.iter().any(|each| each.id == id)
    };
    model.vpcs.values().find(has).map(|vpc| Vpc::clone(vpc))
}

/// Subnets lie in a block that was to be taken away.
fn block_in_use(model: &Model, vpc: VpcId, block: IpNet) -> ApiError {
    let lies_within = |subnet: &&Arc<Subnet>| {
        let ipv6 = subnet.ipv6_cidr_block.map(|association| IpNet::from(association.block));
        block.contains(&IpNet::from(subnet.cidr_block)) || ipv6.is_some_and(|ipv6| block.contains(&ipv6))
    };
    let subnets = model.subnets_of(vpc).filter(lies_within);
    let lines: Vec<String> = subnets.map(|subnet| format!("subnet {} is in it", subnet.id)).collect();
    let message = format!("The vpc {vpc} currently has a subnet within CIDR block {block}");
    ApiError::new(ErrorCode::InvalidCidrBlockInUse, message).with_detail(lookup::list(&lines))
}
