//! Members that the service has and we do not: refused with what to do instead, never ignored.

use super::error::{ApiError, ErrorCode};

/// The refusal of a member of an action, if the service has it. Positions in lists do not count.
pub(super) fn refusal(operation: &str, path: &str) -> Option<ApiError> {
    let name: String = path.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect::<Vec<_>>().join(".");
    let instead = instead(operation, &name)?;
    let message = format!("The parameter {path} of {operation} is not supported.");
    Some(ApiError::new(ErrorCode::UnsupportedOperation, message).with_detail(instead))
}

/// What to do instead.
fn instead(operation: &str, member: &str) -> Option<&'static str> {
    match (operation, member) {
        (
            "AuthorizeSecurityGroupEgress" | "RevokeSecurityGroupEgress",
            "CidrIp" | "FromPort" | "ToPort" | "IpProtocol" | "SourceSecurityGroupName" | "SourceSecurityGroupOwnerId",
        ) => Some("As in the service: an egress rule is given in IpPermissions."),
        ("ModifyManagedPrefixList", "IpamPrefixListResolverSyncEnabled") => {
            Some("There is no IP address manager here that could keep a list up to date.")
        }
        _ => None,
    }
}
