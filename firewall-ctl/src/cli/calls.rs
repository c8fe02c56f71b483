//! The commands that are a request each, whose answer is printed as it comes.

use super::call::Call;
use super::{
    device, flow, gateway, group, instance, interface, key, operate, prefix_list, rule, rule_edit, subnet,
    surroundings, tag, vpc,
};

/// Defines the commands by the modules that have them, in the order of the help.
macro_rules! calls {
    ($($module:ident: $($command:ident),+;)*) => {
        #[derive(clap::Subcommand, Debug)]
        pub(super) enum Calls {
            $($($command($module::$command),)+)*
        }

        impl Calls {
            pub(super) fn call(self) -> Call {
                match self { $($(Self::$command(command) => command.call(),)+)* }
            }
        }
    };
}

calls! {
    vpc:
        CreateVpc, DescribeVpcs, DeleteVpc, CreateDefaultVpc, DescribeVpcAttribute, ModifyVpcAttribute,
        AssociateVpcCidrBlock, DisassociateVpcCidrBlock;
    subnet:
        CreateSubnet, CreateDefaultSubnet, DescribeSubnets, DeleteSubnet, ModifySubnetAttribute,
        AssociateSubnetCidrBlock, DisassociateSubnetCidrBlock;
    gateway:
        CreateInternetGateway, DescribeInternetGateways, AttachInternetGateway, DetachInternetGateway,
        DeleteInternetGateway;
    instance:
        RegisterInstance, DeregisterInstance, DescribeInstances, DescribeInstanceAttribute, ModifyInstanceAttribute,
        AttachNetworkInterface, DetachNetworkInterface, RunInstances;
    surroundings:
        DescribeAvailabilityZones, DescribeRegions, DescribeAccountAttributes, DescribeNetworkAcls,
        DescribeRouteTables;
    group: CreateSecurityGroup, DescribeSecurityGroups, DeleteSecurityGroup, ModifySecurityGroup;
    rule:
        AuthorizeSecurityGroupIngress, AuthorizeSecurityGroupEgress, RevokeSecurityGroupIngress,
        RevokeSecurityGroupEgress, DescribeSecurityGroupRules;
    rule_edit:
        ModifySecurityGroupRules, UpdateSecurityGroupRuleDescriptionsIngress,
        UpdateSecurityGroupRuleDescriptionsEgress, ReplaceSecurityGroupRules;
    prefix_list:
        CreateManagedPrefixList, ModifyManagedPrefixList, RestoreManagedPrefixListVersion, DeleteManagedPrefixList,
        DescribeManagedPrefixLists, GetManagedPrefixListEntries, GetManagedPrefixListAssociations,
        DescribePrefixLists;
    tag: CreateTags, DeleteTags, DescribeTags;
    device: Attach, Detach;
    interface:
        DescribeNetworkInterfaces, ModifyNetworkInterfaceAttribute, CreateNetworkInterface, DeleteNetworkInterface,
        DescribeNetworkInterfaceAttribute, ResetNetworkInterfaceAttribute, AssignPrivateIpAddresses,
        UnassignPrivateIpAddresses, AssignIpv6Addresses, UnassignIpv6Addresses;
    key: CreateAccessKey, ListAccessKeys, DeleteAccessKey;
    operate: Status, Counters, Confirm, Undo;
    flow: DescribeFlows;
}
