//! What the model refuses, as errors of the API: the service's code and words, and what stands in the way.

use super::error::{ApiError, ErrorCode};
use super::lookup::list;
use crate::model::{InterfaceId, Model, ModelError, OutOfNumbers, Peer};

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
        ModelError::VpcInUse { interfaces, groups, .. } => {
            let interfaces = interfaces.iter().map(|id| format!("interface {} is in it", named(model, *id)));
            let groups = groups.iter().map(|id| format!("group {id} is in it"));
            let lines: Vec<String> = interfaces.chain(groups).collect();
            (ErrorCode::DependencyViolation, Some(list(&lines)))
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
            let message = "The specified address is already in use.";
            return ApiError::new(ErrorCode::InvalidIpAddressInUse, message).with_detail(detail);
        }
        ModelError::DeviceTaken { holder, .. } => {
            (ErrorCode::DeviceAlreadyAttached, Some(format!("It belongs to {}.", named(model, holder))))
        }
        ModelError::Timeout(_) => (ErrorCode::InvalidParameterValue, None),
        ModelError::OutOfNumbers(OutOfNumbers { .. })
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

fn carrier(model: &Model, id: InterfaceId) -> String {
    format!("interface {} carries it", named(model, id))
}
