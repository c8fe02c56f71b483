//! Why an action is refused: the service's code and message, and what we can add to them.

use serde::{Deserialize, Serialize};

/// Defines the codes with their names and HTTP statuses in one table.
macro_rules! codes {
    ($($variant:ident $text:literal $status:literal, $doc:literal;)*) => {
        /// The code of an error: the service's own where it has one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $(#[doc = $doc] #[serde(rename = $text)] $variant,)*
        }

        impl ErrorCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as clients see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The HTTP status that goes with the text of a code; 400 for one that is not known.
            #[must_use]
            pub fn status_of(text: &str) -> u16 {
                Self::ALL.iter().find(|code| code.as_str() == text).map_or(400, |code| code.http_status())
            }

            /// The HTTP status of answers with this code.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }
        }
    };
}

codes! {
    CidrConflict "CidrConflict" 400, "A VPC has a block that overlaps this one.";
    CidrLimitExceeded "CidrLimitExceeded" 400, "No more blocks in a VPC.";
    DefaultSubnetAlreadyExists "DefaultSubnetAlreadyExistsInAvailabilityZone" 400, "There is a default subnet.";
    DefaultVpcAlreadyExists "DefaultVpcAlreadyExists" 400, "There is a default VPC.";
    DefaultVpcDoesNotExist "DefaultVpcDoesNotExist" 400, "There is no default VPC.";
    GatewayNotAttached "Gateway.NotAttached" 400, "The gateway is not attached to this VPC.";
    InstanceLimitExceeded "InstanceLimitExceeded" 400, "No more instances.";
    InsufficientFreeAddressesInSubnet "InsufficientFreeAddressesInSubnet" 400, "The subnet has too few addresses left.";
    InternetGatewayLimitExceeded "InternetGatewayLimitExceeded" 400, "No more internet gateways.";
    InvalidAttachmentIdNotFound "InvalidAttachmentID.NotFound" 400, "There is no such attachment.";
    InvalidCidrBlockInUse "InvalidCidrBlock.InUse" 400, "Something is in the block that was to be taken away.";
    InvalidInstanceId "InvalidInstanceID" 400, "The action is about one interface, and the instance has not one.";
    InvalidInstanceIdMalformed "InvalidInstanceID.Malformed" 400, "Not the id of an instance.";
    InvalidInstanceIdNotFound "InvalidInstanceID.NotFound" 400, "There is no such instance.";
    InvalidInternetGatewayIdNotFound "InvalidInternetGatewayID.NotFound" 400, "There is no such internet gateway.";
    InvalidInternetGatewayIdMalformed "InvalidInternetGatewayId.Malformed" 400, "Not the id of an internet gateway.";
    InvalidNetworkAclIdNotFound "InvalidNetworkAclID.NotFound" 400, "There is no such network ACL.";
    InvalidNetworkInterfaceAttachmentIdMalformed "InvalidNetworkInterfaceAttachmentId.Malformed" 400, "Not the id of an attachment.";
    InvalidRouteTableIdNotFound "InvalidRouteTableID.NotFound" 400, "There is no such route table.";
    InvalidSubnetConflict "InvalidSubnet.Conflict" 400, "A subnet has a block that overlaps this one.";
    InvalidSubnetRange "InvalidSubnet.Range" 400, "A subnet can't have this block.";
    InvalidSubnetIdMalformed "InvalidSubnetID.Malformed" 400, "Not the id of a subnet.";
    InvalidSubnetIdNotFound "InvalidSubnetID.NotFound" 400, "There is no such subnet.";
    InvalidSubnetCidrBlockAssociationIdNotFound "InvalidSubnetCidrBlockAssociationID.NotFound" 400, "There is no such block of a subnet.";
    InvalidVpcCidrBlockAssociationIdNotFound "InvalidVpcCidrBlockAssociationID.NotFound" 400, "There is no such block of a VPC.";
    PrivateIpAddressLimitExceeded "PrivateIpAddressLimitExceeded" 400, "No more addresses on an interface.";
    ResourceAlreadyAssociated "Resource.AlreadyAssociated" 400, "The gateway is attached to a VPC.";
    SubnetLimitExceeded "SubnetLimitExceeded" 400, "No more subnets.";
    CannotDelete "CannotDelete" 400, "A default group is not deleted by itself.";
    DependencyViolation "DependencyViolation" 400, "Something depends on what was to be deleted.";
    DryRunOperation "DryRunOperation" 412, "The action is permitted, and was not done because DryRun was set.";
    FilterLimitExceeded "FilterLimitExceeded" 400, "Too many filters, or too many values of one.";
    InvalidAction "InvalidAction" 400, "There is no such action.";
    InvalidFilter "InvalidFilter" 400, "There is no such filter.";
    InvalidGroupDuplicate "InvalidGroup.Duplicate" 400, "The VPC has a group of this name.";
    InvalidGroupNotFound "InvalidGroup.NotFound" 400, "There is no such group, or it is in another VPC.";
    InvalidGroupIdMalformed "InvalidGroupId.Malformed" 400, "Not the id of a group.";
    IdempotentParameterMismatch "IdempotentParameterMismatch" 400, "The token came with another request before.";
    InvalidClientToken "InvalidClientToken" 400, "Not a token of a client.";
    InvalidId "InvalidID" 400, "Not the id of anything that has tags.";
    InvalidIpAddressInUse "InvalidIPAddress.InUse" 400, "Another interface of the VPC has this address.";
    InvalidMaxResults "InvalidMaxResults" 400, "No such size of a page.";
    InvalidNextToken "InvalidNextToken" 400, "No answer to this request has had this token.";
    InvalidNetworkInterfaceInUse "InvalidNetworkInterface.InUse" 400, "A device is attached to the interface.";
    InvalidNetworkInterfaceIdNotFound "InvalidNetworkInterfaceID.NotFound" 400, "There is no such interface.";
    InvalidNetworkInterfaceIdMalformed "InvalidNetworkInterfaceId.Malformed" 400, "Not the id of an interface.";
    InvalidParameterCombination "InvalidParameterCombination" 400, "Parameters exclude each other.";
    InvalidParameterValue "InvalidParameterValue" 400, "A parameter has a value that it can't have.";
    InvalidPermissionDuplicate "InvalidPermission.Duplicate" 400, "The group has this rule.";
    InvalidPermissionNotFound "InvalidPermission.NotFound" 400, "The group has no such rule.";
    InvalidPrefixListIdNotFound "InvalidPrefixListID.NotFound" 400, "There is no such prefix list.";
    InvalidPrefixListIdMalformed "InvalidPrefixListId.Malformed" 400, "Not the id of a prefix list.";
    InvalidPrefixListModification "InvalidPrefixListModification" 400, "The list has such an entry, or has none.";
    InvalidSecurityGroupRuleIdMalformed "InvalidSecurityGroupRuleId.Malformed" 400, "Not the id of a rule.";
    InvalidSecurityGroupRuleIdNotFound "InvalidSecurityGroupRuleId.NotFound" 400, "There is no such rule.";
    InvalidTagKeyMalformed "InvalidTagKey.Malformed" 400, "Not a key of a tag.";
    InvalidVpcIdMalformed "InvalidVpcID.Malformed" 400, "Not the id of a VPC.";
    InvalidVpcIdNotFound "InvalidVpcID.NotFound" 400, "There is no such VPC.";
    InvalidVpcRange "InvalidVpc.Range" 400, "A VPC can't have this block.";
    InvalidVpcPeeringConnectionIdNotFound "InvalidVpcPeeringConnectionID.NotFound" 400, "There is no such peering.";
    MissingParameter "MissingParameter" 400, "A parameter is needed and not there.";
    NetworkInterfaceLimitExceeded "NetworkInterfaceLimitExceeded" 400, "No more interfaces.";
    OperationNotPermitted "OperationNotPermitted" 400, "This can't be done to this resource.";
    PrefixListLimitExceeded "PrefixListLimitExceeded" 400, "No more prefix lists.";
    PrefixListMaxEntriesExceeded "PrefixListMaxEntriesExceeded" 400, "No more entries in this prefix list.";
    PrefixListVersionMismatch "PrefixListVersionMismatch" 400, "The prefix list has another version.";
    PrefixListReferenceLimitExceeded "PrefixListReferenceLimitExceeded" 400, "Ours: no more groups that name this prefix list.";
    RulesPerSecurityGroupLimitExceeded "RulesPerSecurityGroupLimitExceeded" 400, "No more rules in this group.";
    SecurityGroupLimitExceeded "SecurityGroupLimitExceeded" 400, "No more groups.";
    SecurityGroupsPerInterfaceLimitExceeded "SecurityGroupsPerInterfaceLimitExceeded" 400, "No more groups on an interface.";
    TagLimitExceeded "TagLimitExceeded" 400, "No more tags on a resource.";
    UnauthorizedOperation "UnauthorizedOperation" 403, "The caller may not do this.";
    UnknownParameter "UnknownParameter" 400, "There is no such parameter.";
    UnsupportedOperation "UnsupportedOperation" 400, "Not supported here.";
    ValidationError "ValidationError" 400, "The request is not well formed.";
    VpcIdNotSpecified "VPCIdNotSpecified" 400, "There is no default VPC, and no VPC was named.";
    VpcLimitExceeded "VpcLimitExceeded" 400, "No more VPCs.";
    AuthFailure "AuthFailure" 401, "Nobody has the key that the request is signed by.";
    IncompleteSignature "IncompleteSignature" 400, "The signature is not of the form that signatures have.";
    InvalidCharacter "InvalidCharacter" 400, "A parameter has a character that no answer could repeat.";
    InvalidClientTokenId "InvalidClientTokenId" 403, "There are no session tokens here.";
    MalformedQueryString "MalformedQueryString" 400, "The request is no form.";
    MissingAction "MissingAction" 400, "The request names no action.";
    MissingAuthenticationToken "MissingAuthenticationToken" 403, "The request is not signed.";
    NoSuchEntity "NoSuchEntity" 404, "There is no such access key.";
    NoSuchVersion "NoSuchVersion" 400, "There is no such version of the API.";
    RequestEntityTooLarge "RequestEntityTooLarge" 413, "The request is longer than any that has a purpose.";
    RequestExpired "RequestExpired" 400, "The request was signed too long ago, or is from the future.";
    RequestLimitExceeded "RequestLimitExceeded" 503, "Too many requests; later ones are answered.";
    SignatureDoesNotMatch "SignatureDoesNotMatch" 403, "The request is not what was signed, or not by this key.";
    InternalError "InternalError" 500, "A mistake of ours.";
    DeviceNotFound "DeviceNotFound" 400, "Ours: the machine has no such device.";
    DeviceNotAttached "DeviceNotAttached" 400, "Ours: no interface is attached to this device.";
    DeviceAlreadyAttached "DeviceAlreadyAttached" 400, "Ours: the device is attached otherwise.";
    DeviceUnsuitable "DeviceUnsuitable" 400, "Ours: the device can't be attached as it was asked.";
    AttachmentLimitExceeded "AttachmentLimitExceeded" 400, "Ours: no more devices on this host.";
    RuleNumbersExhausted "RuleNumbersExhausted" 400, "Ours: no more rules on this host.";
    WouldLockOut "WouldLockOut" 400, "Ours: the caller's own next connection would be denied.";
    ChangePending "ChangePending" 400, "Ours: another change waits for its confirmation.";
    NoChangePending "NoChangePending" 400, "Ours: no change waits for a confirmation.";
    TableFull "TableFull" 400, "Ours: the change does not fit the kernel's tables.";
    DataplaneError "DataplaneError" 500, "Ours: the kernel refused.";
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An action that was refused. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The code.
    pub code: ErrorCode,
    /// The service's words where they are known.
    pub message: String,
    /// What the service does not say: what to do, what depends, which rule is there. May have several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl ApiError {
    /// An error with its message.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None }
    }

    /// Adds what the service does not say.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// A parameter is needed and not there.
    #[must_use]
    pub fn missing(parameter: &str) -> Self {
        Self::new(ErrorCode::MissingParameter, format!("The request must contain the parameter {parameter}"))
    }

    /// A parameter has a value that it can't have.
    #[must_use]
    pub fn value(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_one_way() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
