//! Actions on internet gateways.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::page::Page;
use super::request::Response;
use super::types::*;
use super::{convert, lookup, refusal};
use crate::model::{InternetGateway, InternetGatewayId};
use std::collections::BTreeSet;

/// The group that VPCs of the service had beside their default one before 2011, when they had no gateways.
const BEFORE_GATEWAYS: &str = "2009-07-15-default";
/// What the service says of a gateway that is attached.
const ATTACHED: &str = "available";

pub(super) fn create(request: CreateInternetGateway, context: Context<'_>) -> Result<Outcome, ApiError> {
    let CreateInternetGateway { tag_specifications, dry_run: _ } = request;
    let Context { model, quotas, account, rng, .. } = context;
    let tags = convert::tags(tag_specifications, "internet-gateway")?;
    let count = model.internet_gateways.len();
    if count >= quotas.internet_gateways as usize {
        let message = "The maximum number of internet gateways has been reached.";
        let detail = format!("There are {count}; the limit is {}.", quotas.internet_gateways);
        return Err(ApiError::new(ErrorCode::InternetGatewayLimitExceeded, message).with_detail(detail));
    }
    let gateway = InternetGateway { id: InternetGatewayId::random(rng), owner: account, vpc: None, tags };
    let answer = CreateInternetGatewayResult { internet_gateway: description(&gateway) };
    let mut next = model.clone();
    next.put_gateway(gateway).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::CreateInternetGateway(answer), next))
}

pub(super) fn attach(request: AttachInternetGateway, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let AttachInternetGateway { internet_gateway_id, vpc_id, dry_run: _ } = request;
    let model = context.model;
    let gateway = lookup::required("InternetGatewayId", internet_gateway_id)?;
    let vpc = lookup::required("VpcId", vpc_id)?;
    let gateway = lookup::gateway(model, &gateway)?;
    let vpc = lookup::vpc(model, &vpc)?.id;
    if let Some(attached) = gateway.vpc {
        let message = format!("resource {} is already attached to network {attached}", gateway.id);
        return Err(ApiError::new(ErrorCode::ResourceAlreadyAssociated, message));
    }
    if let Some(group) = model.group_by_name(vpc, BEFORE_GATEWAYS) {
        let message = format!("The VPC '{vpc}' has the security group '{BEFORE_GATEWAYS}' and can't have a gateway.");
        let detail = format!("Delete it first: `delete-security-group --group-id {}`.", group.id);
        return Err(ApiError::new(ErrorCode::OperationNotPermitted, message).with_detail(detail));
    }
    let mut next = model.clone();
    let attached = InternetGateway { vpc: Some(vpc), ..InternetGateway::clone(gateway) };
    next.put_gateway(attached).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

pub(super) fn detach(request: DetachInternetGateway, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DetachInternetGateway { internet_gateway_id, vpc_id, dry_run: _ } = request;
    let model = context.model;
    let gateway = lookup::required("InternetGatewayId", internet_gateway_id)?;
    let vpc = lookup::required("VpcId", vpc_id)?;
    let gateway = lookup::gateway(model, &gateway)?;
    let vpc = lookup::vpc(model, &vpc)?.id;
    if gateway.vpc != Some(vpc) {
        let message = format!("resource {} is not attached to network {vpc}", gateway.id);
        return Err(ApiError::new(ErrorCode::GatewayNotAttached, message));
    }
    let mut next = model.clone();
    let detached = InternetGateway { vpc: None, ..InternetGateway::clone(gateway) };
    next.put_gateway(detached).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

pub(super) fn delete(request: DeleteInternetGateway, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DeleteInternetGateway { internet_gateway_id, dry_run: _ } = request;
    let model = context.model;
    let id = lookup::gateway(model, &lookup::required("InternetGatewayId", internet_gateway_id)?)?.id;
    let mut next = model.clone();
    next.remove_gateway(id).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

/// Filters of DescribeInternetGateways.
const FILTERS: [&str; 4] = ["attachment.state", "attachment.vpc-id", "internet-gateway-id", "owner-id"];

pub(super) fn describe(mut request: DescribeInternetGateways, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeInternetGateways { internet_gateway_ids, filters, max_results: _, next_token: _, dry_run: _ } = request;
    let model = context.model;
    let filters = Filters::new(filters, &FILTERS)?;
    let wanted = internet_gateway_ids.iter().map(|id| lookup::gateway(model, id).map(|gateway| gateway.id));
    let wanted = wanted.collect::<Result<BTreeSet<_>, _>>()?;
    let gateways = model.internet_gateways.values();
    let gateways = gateways.filter(|gateway| wanted.is_empty() || wanted.contains(&gateway.id));
    let gateways = gateways.filter(|gateway| filters.accept(&gateway.tags, |name| values(gateway, name)));
    let (gateways, next_token) = page.cut(gateways, |gateway| gateway.id);
    let internet_gateways = gateways.into_iter().map(|gateway| description(gateway)).collect();
    let answer = DescribeInternetGatewaysResult { internet_gateways, next_token };
    Ok(Outcome::unchanged(Response::DescribeInternetGateways(answer)))
}

fn values(gateway: &InternetGateway, filter: &str) -> Vec<String> {
    let InternetGateway { id, owner, vpc, tags: _ } = gateway;
    match filter {
        "attachment.state" => vpc.iter().map(|_| ATTACHED.into()).collect(),
        "attachment.vpc-id" => vpc.iter().map(ToString::to_string).collect(),
        "internet-gateway-id" => vec![id.to_string()],
        "owner-id" => vec![owner.to_string()],
        _ => Vec::new(),
    }
}

fn description(gateway: &InternetGateway) -> InternetGatewayDescription {
    let InternetGateway { id, owner, vpc, tags } = gateway;
    let attachment = |vpc: &_| InternetGatewayAttachment { state: ATTACHED.into(), vpc_id: ToString::to_string(vpc) };
    InternetGatewayDescription {
        attachments: vpc.iter().map(attachment).collect(),
        internet_gateway_id: id.to_string(),
        owner_id: owner.to_string(),
        tags: convert::tag_list(tags),
    }
}
