//! Members that the service has and we do not: refused by name with what to do instead, never passed over.

use super::error::{ApiError, ErrorCode};
use serde_json::Value;

const IPAM: &str = "There are no pools of addresses here: name the block.";
const PREFIXES: &str = "An interface has single addresses here, no prefixes.";
const OUTPOST: &str = "There are no Outposts here.";
const CARD: &str = "Network cards have no settings here.";
const PUBLIC: &str = "There are no public addresses here: name the addresses that the machine has.";
const MACHINE: &str = "An instance is a machine that is there already: only the groups and the source check of its interface \
                       can be changed.";
const NETWORK: &str = "There are no network border groups here.";
const LOCAL: &str = "There are no customer-owned pools and no local network interfaces here.";

const IN_PERMISSIONS: &str = "As in the service: an egress rule is given in IpPermissions.";
/// Members that describe one rule without a structure.
const FLAT: &[&str] =
    &["CidrIp", "FromPort", "ToPort", "IpProtocol", "SourceSecurityGroupName", "SourceSecurityGroupOwnerId"];

/// The actions, their members that are refused, and why.
const REFUSED: &[(&str, &[&str], &str)] = &[
    ("AuthorizeSecurityGroupEgress", FLAT, IN_PERMISSIONS),
    ("RevokeSecurityGroupEgress", FLAT, IN_PERMISSIONS),
    (
        "ModifyManagedPrefixList",
        &["IpamPrefixListResolverSyncEnabled"],
        "There is no IP address manager here that could keep a list up to date.",
    ),
    ("CreateVpc", &["Ipv6Pool", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6IpamPoolId", "Ipv6NetmaskLength"], IPAM),
    ("CreateVpc", &["Ipv6CidrBlockNetworkBorderGroup"], NETWORK),
    ("CreateVpc", &["VpcEncryptionControl"], "Packets are not encrypted here."),
    (
        "AssociateVpcCidrBlock",
        &["Ipv6Pool", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6IpamPoolId", "Ipv6NetmaskLength"],
        IPAM,
    ),
    ("AssociateVpcCidrBlock", &["Ipv6CidrBlockNetworkBorderGroup"], NETWORK),
    ("CreateSubnet", &["Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6IpamPoolId", "Ipv6NetmaskLength"], IPAM),
    ("CreateSubnet", &["OutpostArn"], OUTPOST),
    (
        "ModifySubnetAttribute",
        &["MapCustomerOwnedIpOnLaunch", "CustomerOwnedIpv4Pool", "EnableLniAtDeviceIndex", "DisableLniAtDeviceIndex"],
        LOCAL,
    ),
    ("AssociateSubnetCidrBlock", &["Ipv6IpamPoolId", "Ipv6NetmaskLength"], IPAM),
    ("CreateNetworkInterface", &["Ipv4Prefixes", "Ipv4PrefixCount", "Ipv6Prefixes", "Ipv6PrefixCount"], PREFIXES),
    ("CreateNetworkInterface", &["InterfaceType", "EnablePrimaryIpv6", "Operator"], CARD),
    ("AttachNetworkInterface", &["EnaSrdSpecification", "EnaQueueCount"], CARD),
    ("ModifyNetworkInterfaceAttribute", &["EnaSrdSpecification", "EnablePrimaryIpv6"], CARD),
    ("ModifyNetworkInterfaceAttribute", &["AssociatePublicIpAddress"], PUBLIC),
    (
        "ModifyNetworkInterfaceAttribute",
        &["AssociatedSubnetIds"],
        "An interface belongs to one subnet here, or to none.",
    ),
    ("AssignPrivateIpAddresses", &["Ipv4Prefixes", "Ipv4PrefixCount"], PREFIXES),
    ("UnassignPrivateIpAddresses", &["Ipv4Prefixes"], PREFIXES),
    ("AssignIpv6Addresses", &["Ipv6Prefixes", "Ipv6PrefixCount"], PREFIXES),
    ("UnassignIpv6Addresses", &["Ipv6Prefixes"], PREFIXES),
    (
        "ModifyInstanceAttribute",
        &[
            "Attribute",
            "BlockDeviceMappings",
            "DisableApiStop",
            "DisableApiTermination",
            "EbsOptimized",
            "EnaSupport",
            "EnclaveOptions",
            "InstanceInitiatedShutdownBehavior",
            "InstanceType",
            "Kernel",
            "Ramdisk",
            "SriovNetSupport",
            "UserData",
            "Value",
        ],
        MACHINE,
    ),
];

/// A request's members without those that mean nothing here and ask for nothing, being empty.
pub(super) fn screen(operation: &str, mut body: Value) -> Value {
    let Some(given) = body.as_object_mut() else { return body };
    for (_, members, _) in REFUSED.iter().filter(|(action, _, _)| *action == operation) {
        given.retain(|member, value| !(members.contains(&member.as_str()) && is_empty(value)));
    }
    body
}

/// The refusal of a member that an action does not have here, if the service has it. Positions in lists do not count.
pub(super) fn refusal(operation: &str, path: &str) -> Option<ApiError> {
    let name = path.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect::<Vec<_>>().join(".");
    let is_meant =
        |(action, members, _): &&(&str, &[&str], &str)| *action == operation && members.contains(&name.as_str());
    let (_, _, instead) = REFUSED.iter().find(is_meant)?;
    let message = format!("The parameter {path} of {operation} is not supported.");
    Some(ApiError::new(ErrorCode::UnsupportedOperation, message).with_detail(*instead))
}

/// Whether a value asks for nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_i64() == Some(0),
        Value::String(value) => value.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::Request;
    use serde_json::json;

    #[test]
    fn members_that_mean_nothing_here_are_named() {
        for (operation, members, why) in REFUSED {
            assert!(Request::OPERATIONS.contains(operation), "{operation}");
            for member in *members {
                let error = Request::parse(operation, json!({*member: 1})).unwrap_err();
                assert_eq!(error.code, ErrorCode::UnsupportedOperation, "{operation}: {member}");
                assert_eq!(error.message, format!("The parameter {member} of {operation} is not supported."));
                assert_eq!(error.detail.as_deref(), Some(*why));
                assert!(Request::parse(operation, json!({*member: null})).is_ok(), "{operation}: {member}");
            }
        }
    }
}
