//! What the model refuses, as errors of the API: the service's code and words, and what stands in the way.

use super::error::{ApiError, ErrorCode};
use super::lookup::list;
use crate::model::{InterfaceId, Model, ModelError, OutOfNumbers, Peer, VpcId};

/// An operation on the model that was refused, told with what the model knows.
pub(super) fn refused(model: &Model, error: ModelError) -> ApiError {
    let message = error.to_string();
    let (code, detail) = match error {
        ModelError::UnknownVpc { .. } => (ErrorCode::InvalidVpcIdNotFound, None),
        ModelError::UnknownGroup { .. } => (ErrorCode::InvalidGroupNotFound, None),
        ModelError::NotTheOwner { id, named, owner } => {
            (ErrorCode::InvalidGroupNotFound, Some(format!("{id} is owned by account {owner}, not by {named}.")))
        }
        ModelError::UnknownRule { .. } => (ErrorCode::InvalidSecurityGroupRuleIdNotFound, None),
        ModelError::UnknownInterface { .. } => (ErrorCode::InvalidNetworkInterfaceIdNotFound, None),
        ModelError::UnknownPrefixList { .. } => (ErrorCode::InvalidPrefixListIdNotFound, None),
        ModelError::PrefixListIdentity { .. } => (ErrorCode::OperationNotPermitted, None),
        ModelError::PrefixListInUse { id, groups } => {
            let mut lines = Vec::new();
            for group in groups.iter().filter_map(|group| model.groups.get(group)) {
                let rules = group.rules.values().filter(|rule| rule.key.peer.prefix_list() == Some(id));
                lines.extend(rules.map(|rule| format!("rule {} of group {} names it", rule.id, group.id)));
            }
            (ErrorCode::DependencyViolation, Some(list(&lines)))
        }
        ModelError::PrefixList(_) => (ErrorCode::InvalidParameterValue, None),
        ModelError::DefaultVpcExists { .. } => (ErrorCode::OperationNotPermitted, None),
        ModelError::GroupNameTaken { holder, .. } => {
            (ErrorCode::InvalidGroupDuplicate, Some(format!("It is {holder}; upper and lower case are the same.")))
        }
        ModelError::GroupIdentity { .. } => (ErrorCode::OperationNotPermitted, None),
        ModelError::DefaultGroup { .. } => {
            (ErrorCode::CannotDelete, Some("It goes when its VPC is deleted.".to_owned()))
        }
        ModelError::GroupInUse { id, interfaces, groups } => {
            let mut lines: Vec<String> = interfaces.iter().map(|interface| carrier(model, *interface)).collect();
            for group in groups.iter().filter_map(|group| model.groups.get(group)) {
                let names = |peer: Peer| peer.group() == Some(id);
                let rules = group.rules.values().filter(|rule| names(rule.key.peer));
                lines.extend(rules.map(|rule| format!("rule {} of group {} names it", rule.id, group.id)));
            }
            (ErrorCode::DependencyViolation, Some(list(&lines)))
        }
        ModelError::VpcInUse { id: _, subnets, interfaces, groups, gateway } => {
            let subnets = subnets.iter().map(|id| format!("subnet {id} is in it"));
            let gateway = gateway.iter().map(|id| format!("internet gateway {id} is attached to it"));
            let interfaces = interfaces.iter().map(|id| format!("interface {} is in it", named(model, *id)));
            let groups = groups.iter().map(|id| format!("group {id} is in it"));
            let lines: Vec<String> = subnets.chain(interfaces).chain(groups).chain(gateway).collect();
            (ErrorCode::DependencyViolation, Some(list(&lines)))
        }
        ModelError::VpcBlockConflict { .. } => (ErrorCode::CidrConflict, None),
        ModelError::UnknownSubnet { .. } => (ErrorCode::InvalidSubnetIdNotFound, None),
        ModelError::SubnetConflict { block: _, holder } => {
            (ErrorCode::InvalidSubnetConflict, Some(format!("It overlaps a block of {holder}.")))
        }
        ModelError::SubnetRange { id: _, vpc, block: _ } => (ErrorCode::InvalidSubnetRange, Some(outside(model, vpc))),
        ModelError::SubnetInUse { id: _, interfaces } => {
            let lines: Vec<String> =
                interfaces.iter().map(|id| format!("interface {} is in it", named(model, *id))).collect();
            (ErrorCode::DependencyViolation, Some(list(&lines)))
        }
        ModelError::DefaultSubnetExists { .. } => (ErrorCode::DefaultSubnetAlreadyExists, None),
        ModelError::UnknownInstance { .. } => (ErrorCode::InvalidInstanceIdNotFound, None),
        ModelError::InstanceInUse { id: _, interfaces } => {
            let lines: Vec<String> =
                interfaces.iter().map(|id| format!("interface {} is attached to it", named(model, *id))).collect();
            (ErrorCode::DependencyViolation, Some(list(&lines)))
        }
        ModelError::DeviceIndexTaken { instance: _, index: _, holder } => {
            (ErrorCode::InvalidParameterValue, Some(format!("It is {}.", named(model, holder))))
        }
        ModelError::UnknownGateway { .. } => (ErrorCode::InvalidInternetGatewayIdNotFound, None),
        ModelError::GatewayInUse { id: _, vpc } => {
            (ErrorCode::DependencyViolation, Some(format!("It is attached to {vpc}.")))
        }
        ModelError::GatewayExists { vpc: _, holder } => {
            (ErrorCode::InvalidParameterValue, Some(format!("It is {holder}.")))
        }
        ModelError::OtherNetwork { group, group_vpc, vpc } => {
            (ErrorCode::InvalidGroupNotFound, Some(format!("The group {group} is in {group_vpc}, not in {vpc}.")))
        }
        ModelError::RuleExists { holder, .. } => {
            (ErrorCode::InvalidPermissionDuplicate, Some(format!("It is rule {holder}.")))
        }
        ModelError::TooManyRules { interface, count } => (
            ErrorCode::RulesPerSecurityGroupLimitExceeded,
            Some(format!("The groups of {} would have {count}.", named(model, interface))),
        ),
        ModelError::NoGroups => (ErrorCode::MissingParameter, None),
        ModelError::RepeatedGroup { .. } => (ErrorCode::InvalidParameterValue, None),
        ModelError::AddressTaken { address, holder } => {
            let detail = format!("{address} belongs to {}.", named(model, holder));
            let message = format!("Address {address} is in use.");
            return ApiError::new(ErrorCode::InvalidIpAddressInUse, message).with_detail(detail);
        }
        ModelError::DeviceTaken { holder, .. } => {
            (ErrorCode::DeviceAlreadyAttached, Some(format!("It belongs to {}.", named(model, holder))))
        }
        ModelError::Timeout(_) => (ErrorCode::InvalidParameterValue, None),
        ModelError::OutOfNumbers(OutOfNumbers { .. })
        | ModelError::SubnetIdentity { .. }
        | ModelError::SubnetElsewhere { .. }
        | ModelError::PrimaryAddress { .. }
        | ModelError::HostTaken { .. }
        | ModelError::RuleTaken { .. }
        | ModelError::RuleForm { .. }
        | ModelError::AttachmentForm { .. } => (ErrorCode::InternalError, None),
    };
    let error = ApiError::new(code, message);
    match detail {
        Some(detail) => error.with_detail(detail),
        None => error,
    }
}

/// No more rules fit the tables of this host.
fn out_of_rules(error: &OutOfNumbers) -> ApiError {
    let message = format!("The maximum number of rules on this host ({}) has been reached.", error.last);
    ApiError::new(ErrorCode::RuleNumbersExhausted, message)
        .with_detail("Rules that flows still belong to count until the flows end.")
}

/// An operation that takes numbers for rules was refused.
pub(super) fn out_of_rules_or(model: &Model, error: ModelError) -> ApiError {
    match error {
        ModelError::OutOfNumbers(error) => out_of_rules(&error),
        other => refused(model, other),
    }
}

/// No more attachments fit the tables of this host.
pub(super) fn out_of_attachments(error: &OutOfNumbers) -> ApiError {
    let message = format!("The maximum number of attached devices on this host ({}) has been reached.", error.last);
    ApiError::new(ErrorCode::AttachmentLimitExceeded, message)
}

/// An interface, with its device if it has one.
pub(super) fn named(model: &Model, id: InterfaceId) -> String {
    match model.interfaces.get(&id).and_then(|interface| interface.attachment.as_ref()) {
        Some(attachment) => format!("{id} ({})", attachment.device),
        None => id.to_string(),
    }
}

/// Which blocks a subnet would have to lie in.
fn outside(model: &Model, vpc: VpcId) -> String {
    let Some(vpc) = model.vpcs.get(&vpc) else { return String::new() };
    let ipv4 = vpc.cidr_blocks.iter().map(|each| each.block.to_string());
    let blocks: Vec<String> = ipv4.chain(vpc.ipv6_cidr_blocks.iter().map(|each| each.block.to_string())).collect();
    format!("It lies in no block of {}, which has {}.", vpc.id, blocks.join(", "))
}

fn carrier(model: &Model, id: InterfaceId) -> String {
    format!("interface {} carries it", named(model, id))
}
