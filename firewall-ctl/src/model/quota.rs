//! Quotas: the service's defaults, and how far the configuration may move them.

use super::{MAX_PREFIX_LIST_ENTRIES, MAX_PREFIX_LIST_VERSIONS};
use serde::{Deserialize, Serialize};

/// Most groups of an interface that the configuration may allow.
pub const MAX_GROUPS_PER_INTERFACE: u32 = 16;
/// Most rules that the groups of one interface can have together, for each direction and family.
pub const MAX_RULES_PER_INTERFACE: u32 = 1000;

/// How many there may be of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// VPCs.
    pub vpcs: u32,
    /// Groups of a VPC.
    pub groups_per_vpc: u32,
    /// Rules of a group, for each direction and family.
    pub rules_per_group: u32,
    /// Groups of an interface.
    pub groups_per_interface: u32,
    /// Interfaces.
    pub interfaces: u32,
    /// Blocks of a VPC, for each family.
    pub cidr_blocks_per_vpc: u32,
    /// Subnets of a VPC.
    pub subnets_per_vpc: u32,
    /// Addresses of an interface, for each family.
    pub addresses_per_interface: u32,
    /// Interfaces of an instance.
    pub interfaces_per_instance: u32,
    /// Instances.
    pub instances: u32,
    /// Internet gateways.
    pub internet_gateways: u32,
    /// Prefix lists.
    pub prefix_lists: u32,
    /// Entries that a prefix list can be made for.
    pub entries_per_prefix_list: u32,
    /// Versions of a prefix list that are kept, the present one included; the oldest go.
    pub versions_per_prefix_list: u32,
    /// Groups with rules that name one prefix list.
    pub references_per_prefix_list: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            vpcs: 5,
            groups_per_vpc: 2500,
            rules_per_group: 60,
            groups_per_interface: 5,
            interfaces: 5000,
            cidr_blocks_per_vpc: 5,
            subnets_per_vpc: 200,
            addresses_per_interface: 50,
            interfaces_per_instance: 1000,
            instances: 5000,
            internet_gateways: 5,
            prefix_lists: 100,
            entries_per_prefix_list: MAX_PREFIX_LIST_ENTRIES,
            versions_per_prefix_list: MAX_PREFIX_LIST_VERSIONS,
            references_per_prefix_list: 10_000,
        }
    }
}

/// Why quotas are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// More groups of an interface than can be.
    #[error("groups_per_interface is {value}: it must be between 1 and {MAX_GROUPS_PER_INTERFACE}")]
    GroupsPerInterface {
        /// The value given.
        value: u32,
    },
    /// Rules of a group times groups of an interface is too much for one policy.
    #[error(
        "rules_per_group ({rules}) times groups_per_interface ({groups}) is {}: it must not exceed \
         {MAX_RULES_PER_INTERFACE}",
        u64::from(*.rules) * u64::from(*.groups)
    )]
    Product {
        /// Rules of a group.
        rules: u32,
        /// Groups of an interface.
        groups: u32,
    },
}

impl Quotas {
    /// Holds the values against what the tables can carry.
    ///
    /// # Errors
    /// More groups of an interface, or more rules of all its groups, than a policy has room for.
    pub fn validate(&self) -> Result<(), QuotaError> {
        let (rules, groups) = (self.rules_per_group, self.groups_per_interface);
        if !(1..=MAX_GROUPS_PER_INTERFACE).contains(&groups) {
            return Err(QuotaError::GroupsPerInterface { value: groups });
        }
        if u64::from(rules) * u64::from(groups) > u64::from(MAX_RULES_PER_INTERFACE) {
            return Err(QuotaError::Product { rules, groups });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_of_rules_and_groups_is_bounded() {
        let quotas = |rules_per_group, groups_per_interface| {
            Quotas { rules_per_group, groups_per_interface, ..Quotas::default() }.validate()
        };
        assert_eq!(Quotas::default().validate(), Ok(()));
        assert_eq!(quotas(200, 5), Ok(()));
        assert_eq!(quotas(201, 5), Err(QuotaError::Product { rules: 201, groups: 5 }));
        assert_eq!(quotas(u32::MAX, 16), Err(QuotaError::Product { rules: u32::MAX, groups: 16 }));
        assert_eq!(quotas(10, 17), Err(QuotaError::GroupsPerInterface { value: 17 }));
        assert_eq!(quotas(10, 0), Err(QuotaError::GroupsPerInterface { value: 0 }));
        let text = QuotaError::Product { rules: 201, groups: 5 }.to_string();
        assert_eq!(text, "rules_per_group (201) times groups_per_interface (5) is 1005: it must not exceed 1000");
    }
}
