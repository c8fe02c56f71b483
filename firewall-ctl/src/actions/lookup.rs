//! Finding what a request names, with the service's errors when it is not there.

use super::error::{ApiError, ErrorCode};
use crate::model::{
    AccountId, AttachmentId, GroupId, Instance, InstanceAttachment, InstanceId, InterfaceId, InternetGateway,
    InternetGatewayId, Model, NetworkInterface, PrefixList, PrefixListId, Rule, RuleId, SecurityGroup, Subnet,
    SubnetId, Vpc, VpcId,
};
use firewall_common::verdict::Direction;
use std::sync::Arc;

/// The value of a parameter that must be there; an empty text is none.
pub(super) fn required(parameter: &str, value: Option<String>) -> Result<String, ApiError> {
    present(value).ok_or_else(|| ApiError::missing(parameter))
}

/// A value, unless it is an empty text.
pub(super) fn present(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

pub(super) fn group_id(text: &str) -> Result<GroupId, ApiError> {
    let malformed = |_| malformed(ErrorCode::InvalidGroupIdMalformed, "security group", text, GroupId::PREFIX);
    text.parse().map_err(malformed)
}

pub(super) fn rule_id(text: &str) -> Result<RuleId, ApiError> {
    let malformed =
        |_| malformed(ErrorCode::InvalidSecurityGroupRuleIdMalformed, "security group rule", text, RuleId::PREFIX);
    text.parse().map_err(malformed)
}

pub(super) fn rule_not_found(id: RuleId) -> ApiError {
    let message = format!("The security group rule ID '{id}' does not exist");
    ApiError::new(ErrorCode::InvalidSecurityGroupRuleIdNotFound, message)
}

/// A rule of a group by its id; that of another group is not found.
fn rule_of<'a>(model: &Model, group: &'a SecurityGroup, id: RuleId) -> Result<&'a Rule, ApiError> {
    group.rules.get(&id).ok_or_else(|| match model.rule(id) {
        Some((other, _)) => rule_not_found(id).with_detail(format!("It is a rule of group {}.", other.id)),
        None => rule_not_found(id),
    })
}

/// The rules of a group that a request names by their ids, in its order. One that is named twice is there twice.
pub(super) fn rules_of<'a, 'b>(
    model: &Model,
    group: &'a SecurityGroup,
    ids: impl IntoIterator<Item = Option<&'b String>>,
) -> Result<Vec<&'a Rule>, ApiError> {
    let rule = |id: Option<&String>| {
        let text = required("SecurityGroupRuleId", id.cloned())?;
        rule_of(model, group, rule_id(&text)?)
    };
    ids.into_iter().map(rule).collect()
}

/// Whether rules are of the direction that an action is for. `command` is what the commands of both directions begin with.
pub(super) fn check_direction(rules: &[&Rule], direction: Direction, command: &str) -> Result<(), ApiError> {
    match rules.iter().find(|rule| rule.key.direction != direction) {
        Some(other) => {
            let name = other.key.direction.name();
            let detail = format!("It is an {name} rule of this group: {command}-{name} is for it.");
            Err(rule_not_found(other.id).with_detail(detail))
        }
        None => Ok(()),
    }
}

pub(super) fn malformed(code: ErrorCode, kind: &str, text: &str, prefix: &str) -> ApiError {
    ApiError::new(code, format!("The {kind} ID '{text}' is malformed"))
        .with_detail(format!("It is {prefix} and 17 digits 0-9 and a-f, or 8 for an old one."))
}

pub(super) fn group<'a>(model: &'a Model, text: &str) -> Result<&'a Arc<SecurityGroup>, ApiError> {
    model.groups.get(&group_id(text)?).ok_or_else(|| group_not_found(text))
}

pub(super) fn group_not_found(id: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidGroupNotFound, format!("The security group '{id}' does not exist"))
}

/// A group by its name in the account's default VPC: names mean nothing elsewhere.
pub(super) fn group_by_name<'a>(
    model: &'a Model,
    account: AccountId,
    name: &str,
) -> Result<&'a Arc<SecurityGroup>, ApiError> {
    group_by_name_in(model, default_vpc(model, account)?.id, name)
}

/// A group by its name in a default VPC.
pub(super) fn group_by_name_in<'a>(
    model: &'a Model,
    vpc: VpcId,
    name: &str,
) -> Result<&'a Arc<SecurityGroup>, ApiError> {
    model.group_by_name(vpc, name).ok_or_else(|| {
        let message = format!("The security group '{name}' does not exist in default VPC '{vpc}'");
        ApiError::new(ErrorCode::InvalidGroupNotFound, message)
    })
}

/// The group that an action is about: by id, or by name in the account's default VPC.
pub(super) fn group_by_id_or_name(
    model: &Model,
    account: AccountId,
    id: Option<String>,
    name: Option<String>,
) -> Result<&Arc<SecurityGroup>, ApiError> {
    match (present(id), present(name)) {
        (Some(id), None) => group(model, &id),
        (None, Some(name)) => group_by_name(model, account, &name),
        (Some(_), Some(_)) => Err(ApiError::new(
            ErrorCode::InvalidParameterCombination,
            "The parameter groupName cannot be used with the parameter groupId",
        )),
        (None, None) => Err(ApiError::missing("groupName or groupId")),
    }
}

pub(super) fn prefix_list<'a>(model: &'a Model, text: &str) -> Result<&'a Arc<PrefixList>, ApiError> {
    let id: PrefixListId = text
        .parse()
        .map_err(|_| malformed(ErrorCode::InvalidPrefixListIdMalformed, "prefix list", text, PrefixListId::PREFIX))?;
    model.prefix_lists.get(&id).ok_or_else(|| {
        let message = format!("The prefix list ID '{id}' does not exist");
        ApiError::new(ErrorCode::InvalidPrefixListIdNotFound, message)
    })
}

pub(super) fn vpc<'a>(model: &'a Model, text: &str) -> Result<&'a Arc<Vpc>, ApiError> {
    let id = text.parse::<VpcId>();
    let id = id.map_err(|_| malformed(ErrorCode::InvalidVpcIdMalformed, "vpc", text, VpcId::PREFIX))?;
    let not_found = || ApiError::new(ErrorCode::InvalidVpcIdNotFound, format!("The vpc ID '{id}' does not exist"));
    model.vpcs.get(&id).ok_or_else(not_found)
}

pub(super) fn default_vpc(model: &Model, account: AccountId) -> Result<&Arc<Vpc>, ApiError> {
    model.default_vpc(account).ok_or_else(|| {
        ApiError::new(ErrorCode::VpcIdNotSpecified, "No default VPC for this user")
            .with_detail("Name the VPC: describe-vpcs lists them, and create-default-vpc makes a default one.")
    })
}

/// The VPC of an id, or the account's default one.
pub(super) fn vpc_or_default(model: &Model, account: AccountId, id: Option<String>) -> Result<&Arc<Vpc>, ApiError> {
    match present(id) {
        Some(id) => vpc(model, &id),
        None => default_vpc(model, account),
    }
}

/// The default group of a VPC.
pub(super) fn default_group(model: &Model, vpc: VpcId) -> Result<&Arc<SecurityGroup>, ApiError> {
    model
        .default_group(vpc)
        .ok_or_else(|| ApiError::new(ErrorCode::InternalError, format!("The VPC {vpc} has no default group")))
}

pub(crate) fn interface<'a>(model: &'a Model, text: &str) -> Result<&'a Arc<NetworkInterface>, ApiError> {
    let id: InterfaceId = text.parse().map_err(|_| {
        malformed(ErrorCode::InvalidNetworkInterfaceIdMalformed, "networkInterface", text, InterfaceId::PREFIX)
    })?;
    model.interfaces.get(&id).ok_or_else(|| {
        let message = format!("The networkInterface ID '{id}' does not exist");
        ApiError::new(ErrorCode::InvalidNetworkInterfaceIdNotFound, message)
    })
}

pub(super) fn subnet<'a>(model: &'a Model, text: &str) -> Result<&'a Arc<Subnet>, ApiError> {
    let id: SubnetId =
        text.parse().map_err(|_| malformed(ErrorCode::InvalidSubnetIdMalformed, "subnet", text, SubnetId::PREFIX))?;
    let not_found =
        || ApiError::new(ErrorCode::InvalidSubnetIdNotFound, format!("The subnet ID '{id}' does not exist"));
    model.subnets.get(&id).ok_or_else(not_found)
}

pub(super) fn instance<'a>(model: &'a Model, text: &str) -> Result<&'a Arc<Instance>, ApiError> {
    let id: InstanceId = text.parse().map_err(|_| {
        let detail = format!("It is {} and 17 digits 0-9 and a-f, or 8 for an old one.", InstanceId::PREFIX);
        ApiError::new(ErrorCode::InvalidInstanceIdMalformed, format!("Invalid id: \"{text}\"")).with_detail(detail)
    })?;
    let not_found = || {
        ApiError::new(ErrorCode::InvalidInstanceIdNotFound, format!("The instance ID '{id}' does not exist"))
            .with_detail("describe-instances lists those that are registered; register-instance makes one.")
    };
    model.instances.get(&id).ok_or_else(not_found)
}

pub(super) fn gateway<'a>(model: &'a Model, text: &str) -> Result<&'a Arc<InternetGateway>, ApiError> {
    let id: InternetGatewayId = text.parse().map_err(|_| {
        malformed(ErrorCode::InvalidInternetGatewayIdMalformed, "internetGateway", text, InternetGatewayId::PREFIX)
    })?;
    model.internet_gateways.get(&id).ok_or_else(|| {
        let message = format!("The internetGateway ID '{id}' does not exist");
        ApiError::new(ErrorCode::InvalidInternetGatewayIdNotFound, message)
    })
}

/// The interface that has a place at an instance, by the place's id.
pub(super) fn place<'a>(
    model: &'a Model,
    text: &str,
) -> Result<(&'a Arc<NetworkInterface>, &'a InstanceAttachment), ApiError> {
    let id: AttachmentId = text.parse().map_err(|_| {
        let code = ErrorCode::InvalidNetworkInterfaceAttachmentIdMalformed;
        malformed(code, "attachment", text, AttachmentId::PREFIX)
    })?;
    let mut places = model.interfaces.values().filter_map(|interface| Some((interface, interface.instance.as_ref()?)));
    places.find(|(_, place)| place.id == id).ok_or_else(|| {
        ApiError::new(ErrorCode::InvalidAttachmentIdNotFound, format!("The attachment ID '{id}' does not exist"))
    })
}

/// A group and something else are not of one VPC.
pub(super) fn different_networks(detail: impl Into<String>) -> ApiError {
    let message = "You have specified two resources that belong to different networks.";
    ApiError::new(ErrorCode::InvalidGroupNotFound, message).with_detail(detail)
}

/// Lists what stands in the way, and cuts a list that nobody would read.
pub(super) fn list(lines: &[String]) -> String {
    const SHOWN: usize = 20;
    let mut text = lines.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    if lines.len() > SHOWN {
        text.push_str(&format!("\nand {} more", lines.len() - SHOWN));
    }
    text
}
