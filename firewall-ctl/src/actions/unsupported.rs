//! Members of the service's requests that mean nothing here. They are refused by name, and never passed over.

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

/// The actions, their members that are refused, and why.
const REFUSED: &[(&str, &[&str], &str)] = &[
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

/// A request's members without those that mean nothing here. Empty ones are left out: they ask for nothing.
///
/// # Errors
/// One of them asks for something.
pub(super) fn screen(operation: &str, mut body: Value) -> Result<Value, ApiError> {
    let Some(given) = body.as_object_mut() else { return Ok(body) };
    for (_, members, why) in REFUSED.iter().filter(|(action, _, _)| *action == operation) {
        for member in *members {
            match given.shift_remove(*member) {
                Some(value) if !is_empty(&value) => {
                    let message = format!("The parameter {member} is not supported.");
                    return Err(ApiError::new(ErrorCode::UnsupportedOperation, message).with_detail(*why));
                }
                Some(_) | None => {}
            }
        }
    }
    Ok(body)
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
                assert_eq!(error.message, format!("The parameter {member} is not supported."));
                assert_eq!(error.detail.as_deref(), Some(*why));
                assert!(Request::parse(operation, json!({*member: null})).is_ok(), "{operation}: {member}");
            }
        }
    }
}
