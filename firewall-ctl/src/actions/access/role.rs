//! What a role may do: a table over all actions.

use crate::actions::Request;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What the holder of a key may do; each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Look, and change nothing.
    ReadOnly,
    /// Change groups, rules, and what rules are about.
    Operator,
    /// Everything: networks, interfaces and devices, the change that waits, keys.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ReadOnly, Self::Operator, Self::Admin];

    /// The name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The least role that may do this.
    #[must_use]
    pub const fn needed_for(request: &Request) -> Self {
        match request {
            Request::DescribeVpcs(_)
            | Request::DescribeVpcAttribute(_)
            | Request::DescribeSubnets(_)
            | Request::DescribeInternetGateways(_)
            | Request::DescribeInstances(_)
            | Request::DescribeInstanceAttribute(_)
            | Request::DescribeAvailabilityZones(_)
            | Request::DescribeRegions(_)
            | Request::DescribeAccountAttributes(_)
            | Request::DescribeNetworkAcls(_)
            | Request::DescribeRouteTables(_)
            | Request::DescribeNetworkInterfaceAttribute(_)
            | Request::DescribeSecurityGroups(_)
            | Request::DescribeSecurityGroupRules(_)
            | Request::DescribeManagedPrefixLists(_)
            | Request::GetManagedPrefixListEntries(_)
            | Request::GetManagedPrefixListAssociations(_)
            | Request::DescribePrefixLists(_)
            | Request::DescribeTags(_)
            | Request::DescribeNetworkInterfaces(_)
            | Request::Status(_)
            | Request::DescribeCounters(_)
            | Request::DescribeFlows(_)
            | Request::DescribeDrops(_)
            | Request::ExplainPacket(_)
            | Request::SimulatePacket(_) => Self::ReadOnly,

            // Whose addresses an interface may use is no matter of groups.
            Request::ModifyNetworkInterfaceAttribute(request)
                if request.source_dest_check.is_some() || request.attachment.is_some() =>
            {
                Self::Admin
            }
            Request::ModifyInstanceAttribute(request) if request.source_dest_check.is_some() => Self::Admin,

            Request::CreateSecurityGroup(_)
            | Request::DeleteSecurityGroup(_)
            | Request::AuthorizeSecurityGroupIngress(_)
            | Request::AuthorizeSecurityGroupEgress(_)
            | Request::RevokeSecurityGroupIngress(_)
            | Request::RevokeSecurityGroupEgress(_)
            | Request::ModifySecurityGroup(_)
            | Request::ModifySecurityGroupRules(_)
            | Request::UpdateSecurityGroupRuleDescriptionsIngress(_)
            | Request::UpdateSecurityGroupRuleDescriptionsEgress(_)
            | Request::ReplaceSecurityGroupRules(_)
            | Request::CreateManagedPrefixList(_)
            | Request::ModifyManagedPrefixList(_)
            | Request::RestoreManagedPrefixListVersion(_)
            | Request::DeleteManagedPrefixList(_)
            | Request::CreateTags(_)
            | Request::DeleteTags(_)
            // Which groups an interface carries is a change like one of their rules.
            | Request::ModifyNetworkInterfaceAttribute(_)
            | Request::ModifyInstanceAttribute(_)
            | Request::FlushFlows(_) => Self::Operator,

            Request::CreateVpc(_)
            | Request::DeleteVpc(_)
            | Request::CreateDefaultVpc(_)
            | Request::ModifyVpcAttribute(_)
            | Request::AssociateVpcCidrBlock(_)
            | Request::DisassociateVpcCidrBlock(_)
            | Request::CreateSubnet(_)
            | Request::CreateDefaultSubnet(_)
            | Request::ModifySubnetAttribute(_)
            | Request::AssociateSubnetCidrBlock(_)
            | Request::DisassociateSubnetCidrBlock(_)
            | Request::DeleteSubnet(_)
            | Request::CreateInternetGateway(_)
            | Request::AttachInternetGateway(_)
            | Request::DetachInternetGateway(_)
            | Request::DeleteInternetGateway(_)
            | Request::RunInstances(_)
            | Request::RegisterInstance(_)
            | Request::DeregisterInstance(_)
            | Request::AttachNetworkInterface(_)
            | Request::DetachNetworkInterface(_)
            | Request::ResetNetworkInterfaceAttribute(_)
            | Request::AssignPrivateIpAddresses(_)
            | Request::UnassignPrivateIpAddresses(_)
            | Request::AssignIpv6Addresses(_)
            | Request::UnassignIpv6Addresses(_)
            // Who has an address is what group membership rests on.
            | Request::CreateNetworkInterface(_)
            | Request::DeleteNetworkInterface(_)
            | Request::AttachDevice(_)
            | Request::DetachDevice(_)
            | Request::ConfirmChange(_)
            | Request::UndoChange(_)
            | Request::CreateAccessKey(_)
            | Request::ListAccessKeys(_)
            | Request::DeleteAccessKey(_) => Self::Admin,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role: there are read-only, operator and admin")]
pub struct RoleError(String);

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| RoleError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reading_takes_no_role_and_writing_takes_one() {
        for operation in Request::OPERATIONS {
            let request = Request::parse(operation, json!({})).unwrap();
            let needed = Role::needed_for(&request);
            assert!(request.is_read_only() || needed > Role::ReadOnly, "{operation}");
        }
    }

    #[test]
    fn names_are_read() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        assert!("root".parse::<Role>().unwrap_err().to_string().contains("\"root\""));
    }
}
