//! The actions of the API: request and model in, response and model out. Pure.
//!
//! What is checked comes in one order: the form of the request, the group, ids of rules, each rule in the order of the list
//! (protocol, ports, number of peers, peer, description), repetitions in the request, rules that are there already,
//! quotas. An action is done whole or not at all.

pub mod access;
mod address;
mod assign;
mod attribute;
mod authorize;
mod block;
mod context;
mod convert;
mod device;
mod digest;
mod error;
mod filter;
mod gateway;
mod group;
mod idempotency;
mod instance;
mod instance_filters;
mod interface;
mod lookup;
mod mac;
mod page;
mod permission;
mod prefix_list;
mod quota;
mod refusal;
mod replace;
mod request;
mod revoke;
mod rule;
mod rule_edit;
mod subnet;
mod surroundings;
mod tag;
pub mod types;
mod unsupported;
mod vpc;
mod wire;
mod wish;
mod zone;

#[cfg(test)]
mod tests;

pub use address::can_be_member;
pub use context::{Context, Outcome};
pub use device::{bind_device, release_device};
pub use error::{ApiError, ErrorCode};
pub use instance::register_host;
pub use interface::{Observed, set_observed_addresses};
pub(crate) use lookup::interface as named_interface;
pub use mac::{ObservedMac, set_observed_mac};
pub use page::invalid_token;
pub use request::{Request, Response};
pub use wire::time;

use firewall_common::verdict::Direction;

/// Does an action, on paper: gives its answer and what there is from then on. The caller stores and enforces that, or
/// drops it.
///
/// `DryRun` ends every action of the service before anything is looked at, as in the service, where it asks for the
/// permission only. For AttachDevice it gives the answer that there would be, and no model; the controller adds what
/// the kernel would do.
///
/// # Errors
/// The action is refused, and nothing is changed.
pub fn apply(request: Request, context: Context<'_>) -> Result<Outcome, ApiError> {
    if request.dry_run() && !matches!(request, Request::AttachDevice(_)) {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(ApiError::new(ErrorCode::DryRunOperation, message));
    }
    match request {
        Request::CreateVpc(request) => vpc::create(request, context),
        Request::CreateDefaultVpc(request) => vpc::create_default(&request, context),
        Request::DescribeVpcs(request) => vpc::describe(request, &context),
        Request::DescribeVpcAttribute(request) => vpc::describe_attribute(request, &context),
        Request::ModifyVpcAttribute(request) => vpc::modify_attribute(request, &context),
        Request::AssociateVpcCidrBlock(request) => block::associate(request, context),
        Request::DisassociateVpcCidrBlock(request) => block::disassociate(request, &context),
        Request::DeleteVpc(request) => vpc::delete(request, &context),
        Request::CreateSubnet(request) => subnet::create(request, context),
        Request::CreateDefaultSubnet(request) => subnet::create_default(request, context),
        Request::DescribeSubnets(request) => subnet::describe(request, &context),
        Request::ModifySubnetAttribute(request) => subnet::modify_attribute(request, &context),
        Request::AssociateSubnetCidrBlock(request) => subnet::associate(request, context),
        Request::DisassociateSubnetCidrBlock(request) => subnet::disassociate(request, &context),
        Request::DeleteSubnet(request) => subnet::delete(request, &context),
        Request::CreateInternetGateway(request) => gateway::create(request, context),
        Request::DescribeInternetGateways(request) => gateway::describe(request, &context),
        Request::AttachInternetGateway(request) => gateway::attach(request, &context),
        Request::DetachInternetGateway(request) => gateway::detach(request, &context),
        Request::DeleteInternetGateway(request) => gateway::delete(request, &context),
        Request::RunInstances(_) => Err(instance::not_run()),
        Request::RegisterInstance(request) => instance::register(request, context),
        Request::DeregisterInstance(request) => instance::deregister(request, &context),
        Request::DescribeInstances(request) => instance::describe(request, &context),
        Request::DescribeInstanceAttribute(request) => instance::describe_attribute(request, &context),
        Request::ModifyInstanceAttribute(request) => instance::modify_attribute(request, &context),
        Request::AttachNetworkInterface(request) => instance::attach(request, context),
        Request::DetachNetworkInterface(request) => instance::detach(request, &context),
        Request::DescribeAvailabilityZones(request) => surroundings::zones(request, &context),
        Request::DescribeRegions(request) => surroundings::regions(request, &context),
        Request::DescribeAccountAttributes(request) => surroundings::account_attributes(request, &context),
        Request::DescribeNetworkAcls(request) => surroundings::network_acls(request, &context),
        Request::DescribeRouteTables(request) => surroundings::route_tables(request, &context),
        Request::CreateSecurityGroup(request) => group::create(request, context),
        Request::DescribeSecurityGroups(request) => group::describe(request, &context),
        Request::DeleteSecurityGroup(request) => group::delete(request, &context),
        Request::ModifySecurityGroup(request) => group::modify(request, &context),
        Request::AuthorizeSecurityGroupIngress(request) => authorize::ingress(request, context),
        Request::AuthorizeSecurityGroupEgress(request) => authorize::egress(request, context),
        Request::RevokeSecurityGroupIngress(request) => revoke::ingress(request, &context),
        Request::RevokeSecurityGroupEgress(request) => revoke::egress(request, &context),
        Request::DescribeSecurityGroupRules(request) => rule::describe(request, &context),
        Request::ModifySecurityGroupRules(request) => rule_edit::modify(request, &context),
        Request::UpdateSecurityGroupRuleDescriptionsIngress(request) => {
            rule_edit::describe(Direction::Inbound, request, &context)
        }
        Request::UpdateSecurityGroupRuleDescriptionsEgress(request) => {
            rule_edit::describe(Direction::Outbound, request, &context)
        }
        Request::ReplaceSecurityGroupRules(request) => replace::replace(request, context),
        Request::CreateManagedPrefixList(request) => prefix_list::create(request, context),
        Request::ModifyManagedPrefixList(request) => prefix_list::modify(request, &context),
        Request::RestoreManagedPrefixListVersion(request) => prefix_list::restore(request, &context),
        Request::DeleteManagedPrefixList(request) => prefix_list::delete(request, &context),
        Request::DescribeManagedPrefixLists(request) => prefix_list::describe(request, &context),
        Request::GetManagedPrefixListEntries(request) => prefix_list::entries(request, &context),
        Request::GetManagedPrefixListAssociations(request) => prefix_list::associations(request, &context),
        Request::DescribePrefixLists(request) => prefix_list::describe_blocks(request, &context),
        Request::CreateTags(request) => tag::create(request, &context),
        Request::DeleteTags(request) => tag::delete(request, &context),
        Request::DescribeTags(request) => tag::describe(request, &context),
        Request::CreateNetworkInterface(request) => interface::create(request, context),
        Request::DeleteNetworkInterface(request) => interface::delete(request, &context),
        Request::DescribeNetworkInterfaces(request) => interface::describe(request, &context),
        Request::ModifyNetworkInterfaceAttribute(request) => attribute::modify(request, &context),
        Request::DescribeNetworkInterfaceAttribute(request) => attribute::describe(request, &context),
        Request::ResetNetworkInterfaceAttribute(request) => attribute::reset(request, &context),
        Request::AssignPrivateIpAddresses(request) => assign::assign_ipv4(request, context),
        Request::UnassignPrivateIpAddresses(request) => assign::unassign_ipv4(request, &context),
        Request::AssignIpv6Addresses(request) => assign::assign_ipv6(request, context),
        Request::UnassignIpv6Addresses(request) => assign::unassign_ipv6(request, &context),
        Request::AttachDevice(request) => device::attach(request, context),
        Request::DetachDevice(request) => device::detach(request, &context),
        Request::Status(_)
        | Request::DescribeCounters(_)
        | Request::DescribeFlows(_)
        | Request::FlushFlows(_)
        | Request::DescribeDrops(_)
        | Request::ExplainPacket(_)
        | Request::SimulatePacket(_)
        | Request::CreateAccessKey(_)
        | Request::ListAccessKeys(_)
        | Request::DeleteAccessKey(_)
        | Request::ConfirmChange(_)
        | Request::UndoChange(_) => {
            let message = format!("{} is answered by the controller itself.", request.operation());
            Err(ApiError::new(ErrorCode::InternalError, message))
        }
    }
}
