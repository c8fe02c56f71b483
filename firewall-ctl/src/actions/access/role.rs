//! What a role may do: a table over all actions.

use crate::actions::Request;
use crate::actions::types::{
    AuthorizeSecurityGroupEgress, AuthorizeSecurityGroupIngress, CreateManagedPrefixList, CreateSecurityGroup,
    ReplaceSecurityGroupRules, TagSpecification,
};
use crate::model::CONTROLLER_TAG_PREFIX;
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

    /// The least role that may do this, and which part of it takes more than the action does by itself.
    #[must_use]
    pub fn needed_for(request: &Request) -> (Self, Option<&'static str>) {
        let role = match request {
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
                if request.source_dest_check.is_some() =>
            {
                return (Self::Admin, Some("SourceDestCheck"));
            }
            Request::ModifyNetworkInterfaceAttribute(request) if request.attachment.is_some() => {
                return (Self::Admin, Some("Attachment"));
            }
            Request::ModifyInstanceAttribute(request) if request.source_dest_check.is_some() => {
                return (Self::Admin, Some("SourceDestCheck"));
            }

            // What the controller heeds is no matter of groups either: a tag may put a device under rules. Those who delete
            // tags without naming them leave these.
            Request::CreateTags(request) if request.tags.iter().any(|tag| is_heeded(&tag.key)) => {
                return (Self::Admin, Some(HEEDED_TAG));
            }
            Request::DeleteTags(request) if request.tags.iter().filter_map(|tag| tag.key.as_deref()).any(is_heeded) => {
                return (Self::Admin, Some(HEEDED_TAG));
            }
            Request::CreateSecurityGroup(CreateSecurityGroup { tag_specifications, .. })
            | Request::AuthorizeSecurityGroupIngress(AuthorizeSecurityGroupIngress { tag_specifications, .. })
            | Request::AuthorizeSecurityGroupEgress(AuthorizeSecurityGroupEgress { tag_specifications, .. })
            | Request::ReplaceSecurityGroupRules(ReplaceSecurityGroupRules { tag_specifications, .. })
            | Request::CreateManagedPrefixList(CreateManagedPrefixList { tag_specifications, .. })
                if sets_heeded(tag_specifications) =>
            {
                return (Self::Admin, Some(HEEDED_TAG));
            }

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
        };
        (role, None)
    }
}

/// What of a request takes an admin whose tags the controller heeds.
const HEEDED_TAG: &str = "a tag that begins with firewall:";

/// Whether the controller heeds tags of a key.
fn is_heeded(key: &str) -> bool {
    key.starts_with(CONTROLLER_TAG_PREFIX)
}

fn sets_heeded(specifications: &[TagSpecification]) -> bool {
    specifications.iter().flat_map(|specification| &specification.tags).any(|tag| is_heeded(&tag.key))
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
            let (needed, _) = Role::needed_for(&request);
            assert!(request.is_read_only() || needed > Role::ReadOnly, "{operation}");
        }
    }

    #[test]
    fn tags_that_the_controller_heeds_take_an_admin_by_whatever_action() {
        let needed = |operation: &str, body| Request::parse(operation, body).map(|it| Role::needed_for(&it).0);
        let mut seen = Vec::new();
        for (key, is_heeded) in [("firewall:device", true), ("firewall:", true), ("firewall", false), ("Name", false)] {
            let least = if is_heeded { Role::Admin } else { Role::Operator };
            let tags = json!([{"Key": "k", "Value": "v"}, {"Key": key, "Value": "v"}]);
            assert_eq!(needed("CreateTags", json!({"Resources": ["eni-1"], "Tags": tags})), Ok(least));
            let choices = json!([{"Key": "k"}, {"Key": key}]);
            assert_eq!(needed("DeleteTags", json!({"Resources": ["eni-1"], "Tags": choices})), Ok(least));
            let specifications = json!([{"ResourceType": "x", "Tags": []}, {"ResourceType": "x", "Tags": tags}]);
            for operation in Request::OPERATIONS {
                let body = json!({"TagSpecifications": specifications});
                // An action that makes nothing has no such member.
                let Ok(role) = needed(operation, body) else { continue };
                assert!(role >= least, "{operation}: {key}");
                assert!(is_heeded || Ok(role) == needed(operation, json!({})), "{operation}: {key}");
                seen.push(*operation);
            }
        }
        assert!(seen.contains(&"CreateSecurityGroup") && seen.contains(&"CreateNetworkInterface"), "{seen:?}");
        assert_eq!(needed("DeleteTags", json!({"Resources": ["eni-1"]})), Ok(Role::Operator));
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
