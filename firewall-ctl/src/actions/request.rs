//! One type over all requests, and one over all answers.

use super::error::{ApiError, ErrorCode};
use super::types::*;
use super::unsupported;
use serde::{Deserialize, Serialize};

/// Defines the requests: which are there, which only read, and which the controller answers itself.
macro_rules! requests {
    ($($name:ident $kind:ident $dry_run:tt;)*) => {
        /// A request, named as its action.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each variant is named as its structure, which says what it does")]
        pub enum Request {
            $($name($name),)*
        }

        impl Request {
            /// The names of all actions.
            pub const OPERATIONS: &'static [&'static str] = &[$(stringify!($name),)*];

            /// The action's name.
            #[must_use]
            pub const fn operation(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }

            /// The request of an action from its members.
            ///
            /// # Errors
            /// No such action, a member that the action does not have, or one of another type.
            pub fn parse(operation: &str, body: serde_json::Value) -> Result<Self, ApiError> {
                let body = unsupported::screen(operation, body);
                match operation {
                    $(stringify!($name) => members(operation, body).map(Self::$name),)*
                    _ => Err(ApiError::new(
                        ErrorCode::InvalidAction,
                        format!("The action {operation} is not valid for this web service."),
                    )),
                }
            }

            /// Its members, as [`Request::parse`] reads them.
            #[must_use]
            pub fn body(&self) -> serde_json::Value {
                let body = match self { $(Self::$name(request) => serde_json::to_value(request),)* };
                body.expect("structures of text, numbers and lists have a JSON form")
            }

            /// Whether it changes nothing.
            #[must_use]
            pub const fn is_read_only(&self) -> bool {
                match self { $(Self::$name(_) => Kind::$kind.reads(),)* }
            }

            /// Whether the controller answers it, and not [`super::apply`].
            #[must_use]
            pub const fn is_for_controller(&self) -> bool {
                match self { $(Self::$name(_) => Kind::$kind.is_for_controller(),)* }
            }

            /// Whether it is only to be tried.
            #[must_use]
            pub const fn dry_run(&self) -> bool {
                match self { $(Self::$name(request) => requests!(@dry_run request $dry_run),)* }
            }
        }
    };
    (@dry_run $request:ident yes) => { $request.dry_run };
    (@dry_run $request:ident no) => {{ let _ = $request; false }};
}

/// What kind of action it is.
enum Kind {
    Read,
    Write,
    ControllerRead,
    ControllerWrite,
}

impl Kind {
    const fn reads(&self) -> bool {
        matches!(self, Self::Read | Self::ControllerRead)
    }

    const fn is_for_controller(&self) -> bool {
        matches!(self, Self::ControllerRead | Self::ControllerWrite)
    }
}

requests! {
    CreateVpc Write yes;
    CreateDefaultVpc Write yes;
    DescribeVpcs Read yes;
    DescribeVpcAttribute Read yes;
    ModifyVpcAttribute Write no;
    AssociateVpcCidrBlock Write no;
    DisassociateVpcCidrBlock Write no;
    DeleteVpc Write yes;
    CreateSubnet Write yes;
    CreateDefaultSubnet Write yes;
    DescribeSubnets Read yes;
    ModifySubnetAttribute Write no;
    AssociateSubnetCidrBlock Write no;
    DisassociateSubnetCidrBlock Write no;
    DeleteSubnet Write yes;
    CreateInternetGateway Write yes;
    DescribeInternetGateways Read yes;
    AttachInternetGateway Write yes;
    DetachInternetGateway Write yes;
    DeleteInternetGateway Write yes;
    RunInstances Write yes;
    RegisterInstance Write yes;
    DeregisterInstance Write yes;
    DescribeInstances Read yes;
    DescribeInstanceAttribute Read yes;
    ModifyInstanceAttribute Write yes;
    AttachNetworkInterface Write yes;
    DetachNetworkInterface Write yes;
    DescribeAvailabilityZones Read yes;
    DescribeRegions Read yes;
    DescribeAccountAttributes Read yes;
    DescribeNetworkAcls Read yes;
    DescribeRouteTables Read yes;
    CreateSecurityGroup Write yes;
    DescribeSecurityGroups Read yes;
    DeleteSecurityGroup Write yes;
    ModifySecurityGroup Write yes;
    AuthorizeSecurityGroupIngress Write yes;
    AuthorizeSecurityGroupEgress Write yes;
    RevokeSecurityGroupIngress Write yes;
    RevokeSecurityGroupEgress Write yes;
    DescribeSecurityGroupRules Read yes;
    ModifySecurityGroupRules Write yes;
    UpdateSecurityGroupRuleDescriptionsIngress Write yes;
    UpdateSecurityGroupRuleDescriptionsEgress Write yes;
    ReplaceSecurityGroupRules Write yes;
    CreateManagedPrefixList Write yes;
    ModifyManagedPrefixList Write yes;
    RestoreManagedPrefixListVersion Write yes;
    DeleteManagedPrefixList Write yes;
    DescribeManagedPrefixLists Read yes;
    GetManagedPrefixListEntries Read yes;
    GetManagedPrefixListAssociations Read yes;
    DescribePrefixLists Read yes;
    CreateTags Write yes;
    DeleteTags Write yes;
    DescribeTags Read yes;
    CreateNetworkInterface Write yes;
    DeleteNetworkInterface Write yes;
    DescribeNetworkInterfaces Read yes;
    ModifyNetworkInterfaceAttribute Write yes;
    DescribeNetworkInterfaceAttribute Read yes;
    ResetNetworkInterfaceAttribute Write yes;
    AssignPrivateIpAddresses Write no;
    UnassignPrivateIpAddresses Write no;
    AssignIpv6Addresses Write no;
    UnassignIpv6Addresses Write no;
    AttachDevice Write yes;
    DetachDevice Write no;
    Status ControllerRead no;
    DescribeCounters ControllerRead no;
    DescribeFlows ControllerRead no;
    DescribeDrops ControllerRead no;
    ExplainPacket ControllerRead no;
    SimulatePacket ControllerRead no;
    FlushFlows ControllerWrite yes;
    CreateAccessKey ControllerWrite no;
    ListAccessKeys ControllerRead no;
    DeleteAccessKey ControllerWrite no;
    ConfirmChange ControllerWrite no;
    UndoChange ControllerWrite no;
}

/// Reads a request's members. What is wrong is said with the path to it.
fn members<T: serde::de::DeserializeOwned>(operation: &str, body: serde_json::Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(body).map_err(|error| {
        let path = error.path().to_string();
        let text = error.inner().to_string();
        match text.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, ")) {
            Some((_, expected)) => unsupported::refusal(operation, &path).unwrap_or_else(|| {
                ApiError::new(ErrorCode::UnknownParameter, format!("The parameter {path} is not recognized"))
                    .with_detail(format!("Here it can be {}.", expected.trim_start_matches("expected ")))
            }),
            None if path == "." => ApiError::new(ErrorCode::ValidationError, text),
            None => ApiError::new(ErrorCode::ValidationError, format!("{path}: {text}")),
        }
    })
}

/// An answer, in the shape of the service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant is named as the structure that it holds")]
pub enum Response {
    CreateVpc(CreateVpcResult),
    DescribeVpcs(DescribeVpcsResult),
    CreateDefaultVpc(CreateDefaultVpcResult),
    DescribeVpcAttribute(DescribeVpcAttributeResult),
    VpcCidrBlock(VpcCidrBlockResult),
    CreateSubnet(CreateSubnetResult),
    DescribeSubnets(DescribeSubnetsResult),
    SubnetCidrBlock(SubnetCidrBlockResult),
    CreateInternetGateway(CreateInternetGatewayResult),
    DescribeInternetGateways(DescribeInternetGatewaysResult),
    RegisterInstance(Box<RegisterInstanceResult>),
    DescribeInstances(DescribeInstancesResult),
    DescribeInstanceAttribute(DescribeInstanceAttributeResult),
    AttachNetworkInterface(AttachNetworkInterfaceResult),
    DescribeAvailabilityZones(DescribeAvailabilityZonesResult),
    DescribeRegions(DescribeRegionsResult),
    DescribeAccountAttributes(DescribeAccountAttributesResult),
    DescribeNetworkAcls(DescribeNetworkAclsResult),
    DescribeRouteTables(DescribeRouteTablesResult),
    DescribeNetworkInterfaceAttribute(DescribeNetworkInterfaceAttributeResult),
    AssignPrivateIpAddresses(AssignPrivateIpAddressesResult),
    AssignIpv6Addresses(AssignIpv6AddressesResult),
    UnassignIpv6Addresses(UnassignIpv6AddressesResult),
    CreateSecurityGroup(CreateSecurityGroupResult),
    DescribeSecurityGroups(DescribeSecurityGroupsResult),
    DeleteSecurityGroup(DeleteSecurityGroupResult),
    Authorize(AuthorizeResult),
    Revoke(RevokeResult),
    DescribeSecurityGroupRules(DescribeSecurityGroupRulesResult),
    Replace(ReplaceResult),
    Confirmation(Confirmation),
    ManagedPrefixList(ManagedPrefixListResult),
    DescribeManagedPrefixLists(DescribeManagedPrefixListsResult),
    GetManagedPrefixListEntries(GetManagedPrefixListEntriesResult),
    GetManagedPrefixListAssociations(GetManagedPrefixListAssociationsResult),
    DescribePrefixLists(DescribePrefixListsResult),
    DescribeTags(DescribeTagsResult),
    CreateNetworkInterface(Box<CreateNetworkInterfaceResult>),
    DescribeNetworkInterfaces(DescribeNetworkInterfacesResult),
    AttachDevice(AttachDeviceResult),
    DetachDevice(DetachDeviceResult),
    Status(StatusResult),
    DescribeCounters(DescribeCountersResult),
    DescribeFlows(DescribeFlowsResult),
    FlushFlows(FlushFlowsResult),
    DescribeDrops(DescribeDropsResult),
    ExplainPacket(Box<ExplainPacketResult>),
    SimulatePacket(Box<SimulatePacketResult>),
    CreateAccessKey(CreateAccessKeyResult),
    ListAccessKeys(ListAccessKeysResult),
    Change(ChangeResult),
    /// Of actions that answer nothing, such as DeleteVpc.
    Done(Done),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_request_reads_what_it_writes() {
        for operation in Request::OPERATIONS {
            let request = Request::parse(operation, json!({})).unwrap();
            assert_eq!(request.operation(), *operation);
            assert_eq!(request.body(), json!({}));
            assert_eq!(Request::parse(operation, request.body()).unwrap(), request);
        }
    }

    #[test]
    fn unknown_members_are_named_with_their_path() {
        let body = json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp", "Port": 80}]});
        let error = Request::parse("AuthorizeSecurityGroupIngress", body).unwrap_err();
        assert_eq!(error.code, ErrorCode::UnknownParameter);
        assert_eq!(error.message, "The parameter IpPermissions[0].Port is not recognized");
        assert!(error.detail.unwrap().contains("`FromPort`"));
    }

    #[test]
    fn members_that_only_the_service_has_are_refused_with_a_remedy() {
        let refusal = |operation, body| Request::parse(operation, body).unwrap_err();
        let error = refusal("AuthorizeSecurityGroupEgress", json!({"CidrIp": "0.0.0.0/0"}));
        assert_eq!(error.code, ErrorCode::UnsupportedOperation);
        assert_eq!(error.message, "The parameter CidrIp of AuthorizeSecurityGroupEgress is not supported.");
        assert!(error.detail.unwrap().contains("IpPermissions"));
        let error = refusal("ModifyManagedPrefixList", json!({"IpamPrefixListResolverSyncEnabled": true}));
        assert_eq!(error.code, ErrorCode::UnsupportedOperation);
    }

    #[test]
    fn members_of_another_type_are_named_with_their_value() {
        let body = json!({"GroupId": "sg-1", "IpPermissions": [{"FromPort": "eighty"}]});
        let error = Request::parse("AuthorizeSecurityGroupIngress", body).unwrap_err();
        assert_eq!(error.code, ErrorCode::ValidationError);
        assert_eq!(error.message, "IpPermissions[0].FromPort: invalid type: string \"eighty\", expected i64");
    }

    #[test]
    fn unknown_actions_are_named() {
        let error = Request::parse("CreateUnicorn", json!({})).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidAction);
        assert_eq!(error.message, "The action CreateUnicorn is not valid for this web service.");
    }

    #[test]
    fn addresses_are_a_list_or_a_word() {
        let parse = |value| Request::parse("AttachDevice", json!({"PrivateIpAddresses": value})).unwrap();
        let addresses = |request| match request {
            Request::AttachDevice(request) => request.private_ip_addresses.unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(addresses(parse(json!("auto"))), Addresses::Word("auto".into()));
        assert_eq!(addresses(parse(json!(["10.0.0.1"]))), Addresses::Given(vec!["10.0.0.1".into()]));
    }
}
