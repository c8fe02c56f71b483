//! Why an operation on the model is refused.

use super::{
    AccountId, GroupId, GroupName, InstanceId, InterfaceId, InternetGatewayId, MAX_RULES_PER_INTERFACE, OutOfNumbers,
    PrefixListError, PrefixListId, RuleId, RuleKey, SubnetId, TimeoutError, VpcId,
};
use ipnet::IpNet;
use std::net::IpAddr;

/// Why an operation on the model is refused. Nothing has been changed then. Where the service has a text for it, the
/// message is that text; what depends, or what exists already, is in the fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No such VPC.
    #[error("The vpc ID '{id}' does not exist")]
    UnknownVpc {
        /// The VPC asked for.
        id: VpcId,
    },
    /// No such group.
    #[error("The security group '{id}' does not exist")]
    UnknownGroup {
        /// The group asked for.
        id: GroupId,
    },
    /// No such rule in the group.
    #[error("The security group rule ID '{id}' does not exist")]
    UnknownRule {
        /// The rule asked for.
        id: RuleId,
    },
    /// No such interface.
    #[error("The networkInterface ID '{id}' does not exist")]
    UnknownInterface {
        /// The interface asked for.
        id: InterfaceId,
    },
    /// No such prefix list.
    #[error("The prefix list ID '{id}' does not exist")]
    UnknownPrefixList {
        /// The list asked for.
        id: PrefixListId,
    },
    /// A prefix list keeps its owner and its family.
    #[error("The prefix list '{id}' can't change its owner or its address family")]
    PrefixListIdentity {
        /// The list.
        id: PrefixListId,
    },
    /// Rules name the prefix list.
    #[error("The prefix list '{id}' is in use and cannot be deleted.")]
    PrefixListInUse {
        /// The list.
        id: PrefixListId,
        /// The groups with rules that name it.
        groups: Vec<GroupId>,
    },
    /// A prefix list contradicts itself.
    #[error(transparent)]
    PrefixList(#[from] PrefixListError),
    /// A group is named with an account that does not own it.
    #[error("The security group '{id}' does not exist")]
    NotTheOwner {
        /// The group.
        id: GroupId,
        /// The account it was named with.
        named: AccountId,
        /// The account that owns it.
        owner: AccountId,
    },
    /// The account has a default VPC already.
    #[error("A default VPC already exists: '{holder}'")]
    DefaultVpcExists {
        /// That VPC.
        holder: VpcId,
    },
    /// The VPC has a group of this name.
    #[error("The security group '{name}' already exists for VPC '{vpc}'")]
    GroupNameTaken {
        /// The name.
        name: GroupName,
        /// The VPC.
        vpc: VpcId,
        /// The group that has the name.
        holder: GroupId,
    },
    /// A group keeps its VPC and its owner, and neither becomes nor ceases to be a default group.
    #[error("The security group '{id}' can't change its VPC, its owner, or whether it is a default group")]
    GroupIdentity {
        /// The group.
        id: GroupId,
    },
    /// A VPC's default group lives as long as the VPC.
    #[error("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user")]
    DefaultGroup {
        /// The group.
        id: GroupId,
    },
    /// Interfaces carry the group, or rules of other groups name it.
    #[error("resource {id} has a dependent object")]
    GroupInUse {
        /// The group.
        id: GroupId,
        /// The interfaces that carry it.
        interfaces: Vec<InterfaceId>,
        /// The other groups with rules that name it.
        groups: Vec<GroupId>,
    },
    /// Groups or interfaces live in the VPC.
    #[error("The vpc '{id}' has dependencies and cannot be deleted.")]
    VpcInUse {
        /// The VPC.
        id: VpcId,
        /// Its subnets.
        subnets: Vec<SubnetId>,
        /// Its interfaces.
        interfaces: Vec<InterfaceId>,
        /// Its groups, but for the default one.
        groups: Vec<GroupId>,
        /// The gateway that is attached to it.
        gateway: Option<InternetGatewayId>,
    },
    /// A block of a VPC overlaps another one of it.
    #[error("The CIDR '{block}' conflicts with another block of the VPC")]
    VpcBlockConflict {
        /// The VPC.
        vpc: VpcId,
        /// The block.
        block: IpNet,
    },
    /// No such subnet.
    #[error("The subnet ID '{id}' does not exist")]
    UnknownSubnet {
        /// The subnet asked for.
        id: SubnetId,
    },
    /// A block of a subnet overlaps one of another subnet.
    #[error("The CIDR '{block}' conflicts with another subnet")]
    SubnetConflict {
        /// The block.
        block: IpNet,
        /// The other subnet.
        holder: SubnetId,
    },
    /// A block of a subnet does not lie in the VPC's.
    #[error("The CIDR '{block}' is invalid.")]
    SubnetRange {
        /// The subnet.
        id: SubnetId,
        /// Its VPC.
        vpc: VpcId,
        /// The block.
        block: IpNet,
    },
    /// Interfaces are in the subnet.
    #[error("The subnet '{id}' has dependencies and cannot be deleted.")]
    SubnetInUse {
        /// The subnet.
        id: SubnetId,
        /// Its interfaces.
        interfaces: Vec<InterfaceId>,
    },
    /// A subnet keeps its VPC, its owner and its IPv4 block.
    #[error("The subnet '{id}' can't change its VPC, its owner or its IPv4 block")]
    SubnetIdentity {
        /// The subnet.
        id: SubnetId,
    },
    /// The VPC has a default subnet already.
    #[error("'{holder}' is already the default subnet.")]
    DefaultSubnetExists {
        /// That subnet.
        holder: SubnetId,
    },
    /// The subnet of an interface is in another VPC.
    #[error("The subnet '{subnet}' is not in the VPC '{vpc}'")]
    SubnetElsewhere {
        /// The subnet.
        subnet: SubnetId,
        /// The interface's VPC.
        vpc: VpcId,
    },
    /// The primary address of an interface is none of its addresses.
    #[error("the primary address of {id} is none of its addresses")]
    PrimaryAddress {
        /// The interface.
        id: InterfaceId,
    },
    /// No such instance.
    #[error("The instance ID '{id}' does not exist")]
    UnknownInstance {
        /// The instance asked for.
        id: InstanceId,
    },
    /// The instance has interfaces.
    #[error("The instance '{id}' has network interfaces.")]
    InstanceInUse {
        /// The instance.
        id: InstanceId,
        /// Its interfaces.
        interfaces: Vec<InterfaceId>,
    },
    /// Another interface of the instance has this place.
    #[error("Instance '{instance}' already has an interface attached at device index '{index}'.")]
    DeviceIndexTaken {
        /// The instance.
        instance: InstanceId,
        /// The place.
        index: u32,
        /// The interface that has it.
        holder: InterfaceId,
    },
    /// Another instance is of this host.
    #[error("The host '{host}' is the instance '{holder}'")]
    HostTaken {
        /// The host's name.
        host: String,
        /// The instance.
        holder: InstanceId,
    },
    /// No such gateway.
    #[error("The internetGateway ID '{id}' does not exist")]
    UnknownGateway {
        /// The gateway asked for.
        id: InternetGatewayId,
    },
    /// The gateway is attached to a VPC.
    #[error("The internetGateway '{id}' has dependencies and cannot be deleted.")]
    GatewayInUse {
        /// The gateway.
        id: InternetGatewayId,
        /// The VPC.
        vpc: VpcId,
    },
    /// The VPC has a gateway already.
    #[error("Network {vpc} already has an internet gateway attached")]
    GatewayExists {
        /// The VPC.
        vpc: VpcId,
        /// Its gateway.
        holder: InternetGatewayId,
    },
    /// A group of one VPC is named where another VPC's are meant.
    #[error("You have specified two resources that belong to different networks.")]
    OtherNetwork {
        /// The group.
        group: GroupId,
        /// The VPC that it lives in.
        group_vpc: VpcId,
        /// The VPC that was meant.
        vpc: VpcId,
    },
    /// The group has a rule that allows the same.
    #[error("rule {holder} of {group} allows the same already")]
    RuleExists {
        /// The group.
        group: GroupId,
        /// What both rules allow.
        key: RuleKey,
        /// The rule that exists.
        holder: RuleId,
    },
    /// The rule's identifier or number belongs to another rule, or its number is 0.
    #[error("identifier or number ({number}) of rule {id} is taken")]
    RuleTaken {
        /// The rule's identifier.
        id: RuleId,
        /// The rule's number.
        number: u32,
    },
    /// A rule is not of the form that its constructors give it.
    #[error("rule {id} is not canonical")]
    RuleForm {
        /// The rule.
        id: RuleId,
    },
    /// The rules of an interface's groups are too many for one policy.
    #[error("The maximum number of rules per network interface ({MAX_RULES_PER_INTERFACE}) has been reached.")]
    TooManyRules {
        /// The interface.
        interface: InterfaceId,
        /// The rules of its groups, in the fullest direction and family.
        count: usize,
    },
    /// An interface has at least one group.
    #[error("You must specify at least one security group")]
    NoGroups,
    /// A group is named twice.
    #[error("The security group '{id}' is specified more than once")]
    RepeatedGroup {
        /// The group.
        id: GroupId,
    },
    /// Another interface of the VPC has the address.
    #[error("The address '{address}' is in use.")]
    AddressTaken {
        /// The address.
        address: IpAddr,
        /// The interface that has it.
        holder: InterfaceId,
    },
    /// Another interface is attached to the device.
    #[error("The device '{device}' is in use.")]
    DeviceTaken {
        /// The device.
        device: String,
        /// The interface that is attached to it.
        holder: InterfaceId,
    },
    /// The device remembered is not the one of the attachment, or the attachment's number is 0 or taken.
    #[error("the attachment of {id} contradicts itself or another one")]
    AttachmentForm {
        /// The interface.
        id: InterfaceId,
    },
    /// A time-out is outside its range.
    #[error(transparent)]
    Timeout(#[from] TimeoutError),
    /// No number is free.
    #[error(transparent)]
    OutOfNumbers(#[from] OutOfNumbers),
}
