//! Numbers that the operator may set: the sizes of the tables in the kernel, and the quotas. One table for each holds
//! key, default, range and sentence, from which the parser, the checks and the reference are made.

use crate::compile::Limits;
use crate::model::Quotas;
use serde::Deserialize;

/// What the reference says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The key, as in the file and in `--limit KEY=N` or `--quota KEY=N`.
    pub name: &'static str,
    /// What it is when nothing is said.
    pub default: u32,
    /// The smallest value.
    pub min: u32,
    /// The largest value.
    pub max: u32,
    /// What it is, in a sentence.
    pub sentence: &'static str,
}

/// A number outside of its range, or a key that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The number is too small or too large.
    #[error("{key} = {value} is out of range: it must be from {min} to {max}")]
    Range {
        /// The key.
        key: &'static str,
        /// The value that was given.
        value: u32,
        /// The smallest value that is taken.
        min: u32,
        /// The largest value that is taken.
        max: u32,
    },
    /// No such key.
    #[error("there is no {key:?}; the keys are {known}")]
    Unknown {
        /// What was given.
        key: String,
        /// The keys that there are.
        known: String,
    },
}

/// Defines a set of numbers with their keys, defaults, ranges and sentences.
macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident { $($field:ident $key:literal = $default:literal, $min:literal..=$max:literal, $sentence:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $name {
            $(#[doc = $sentence] pub $field: u32,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $name {
            /// All keys, in the order of the reference.
            pub const KEYS: &'static [Key] =
                &[$(Key { name: $key, default: $default, min: $min, max: $max, sentence: $sentence },)*];

            /// Sets one by its key.
            ///
            /// # Errors
            /// When there is no such key. The range is looked at by [`Self::check`].
            pub fn set(&mut self, key: &str, value: u32) -> Result<(), NumberError> {
                match key {
                    $($key => self.$field = value,)*
                    _ => {
                        let known = Self::KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
                        return Err(NumberError::Unknown { key: key.to_owned(), known });
                    }
                }
                Ok(())
            }

            /// Refuses the first number outside of its range.
            ///
            /// # Errors
            /// Names key, value and range.
            pub fn check(&self) -> Result<(), NumberError> {
                $(if !($min..=$max).contains(&self.$field) {
                    return Err(NumberError::Range { key: $key, value: self.$field, min: $min, max: $max });
                })*
                Ok(())
            }
        }
    };
}

numbers! {
    /// Entries of the tables in the kernel. They are allotted when the tables are made; another size takes effect when
    /// they are made anew.
    TableLimits {
        attachments "attachments" = 1000, 1..=16_384, "Highest number of an attachment, so interfaces that can be attached at a time.";
        interfaces "interfaces" = 4096, 16..=1_048_576, "Indexes of devices that are looked up in an array.";
        interfaces_high "interfaces-high" = 1024, 1..=1_048_576, "Attached devices whose index is beyond that array.";
        slots "slots" = 2048, 4..=65_536, "Compiled policies, two for each distinct set of groups; those of a change need room beside the old ones.";
        pages "pages" = 16_384, 16..=1_048_576, "Pages of 256 ports or types, over all policies.";
        rule_sets "rule-sets" = 65_536, 16..=1_048_576, "Distinct sets of rules, over all policies.";
        cidrs_v4 "cidrs-v4" = 262_144, 16..=16_777_216, "Prefixes of IPv4, over all policies.";
        cidrs_v6 "cidrs-v6" = 262_144, 16..=16_777_216, "Prefixes of IPv6, over all policies.";
        members_v4 "members-v4" = 131_072, 16..=16_777_216, "Addresses of IPv4 that are members of groups.";
        members_v6 "members-v6" = 131_072, 16..=16_777_216, "Addresses of IPv6 that are members of groups.";
        owners_v4 "owners-v4" = 16_384, 16..=16_777_216, "Addresses of IPv4 of the interfaces that are attached here.";
        owners_v6 "owners-v6" = 16_384, 16..=16_777_216, "Addresses of IPv6 of the interfaces that are attached here.";
        group_rules "group-rules" = 262_144, 16..=16_777_216, "Pairs of a policy and a set of groups that some member has.";
        lists_v4 "lists-v4" = 131_072, 16..=16_777_216, "Entries of IPv4 of the prefix lists that rules on this host name.";
        lists_v6 "lists-v6" = 131_072, 16..=16_777_216, "Entries of IPv6 of the prefix lists that rules on this host name.";
        list_rules "list-rules" = 65_536, 16..=16_777_216, "Pairs of a policy and a set of prefix lists that cover some address.";
        flows_v4 "flows-v4" = 262_144, 16..=67_108_864, "Flows of IPv4 that can be remembered.";
        flows_v6 "flows-v6" = 131_072, 16..=67_108_864, "Flows of IPv6 that can be remembered.";
        fragments_v4 "fragments-v4" = 16_384, 16..=16_777_216, "Datagrams of IPv4 of which fragments may follow; those not asked for longest make room.";
        fragments_v6 "fragments-v6" = 8192, 16..=16_777_216, "Datagrams of IPv6 of which fragments may follow.";
        tcp_flows_per_interface "tcp-flows-per-interface" = 131_072, 1..=67_108_864, "Established flows of TCP that an interface can have.";
        other_flows_per_interface "other-flows-per-interface" = 131_072, 1..=67_108_864, "Established flows of other protocols that an interface can have.";
        half_open "half-open" = 262_144, 4096..=16_777_216, "Places of half-open flows, over all interfaces.";
        half_open_per_interface "half-open-per-interface" = 16_384, 64..=1_048_576, "Half-open flows that an interface can have, shared out among TCP and the rest, both directions and the CPUs that there could be; the oldest goes when another comes.";
        linger "linger" = 4096, 16..=1_048_576, "Ranges of UDP ports whose rule was taken away lately.";
        drops "drops" = 4096, 16..=1_048_576, "Records of dropped packets; the oldest goes when another comes.";
        rule_numbers "rule-numbers" = 262_144, 16..=16_777_216, "Rules of all groups, whether an interface of this host has them or not.";
    }
}

impl From<TableLimits> for Limits {
    fn from(limits: TableLimits) -> Self {
        let TableLimits {
            attachments,
            interfaces,
            interfaces_high,
            slots,
            pages,
            rule_sets,
            cidrs_v4,
            cidrs_v6,
            members_v4,
            members_v6,
            owners_v4,
            owners_v6,
            group_rules,
            lists_v4,
            lists_v6,
            list_rules,
            flows_v4,
            flows_v6,
            fragments_v4,
            fragments_v6,
            tcp_flows_per_interface,
            other_flows_per_interface,
            half_open,
            half_open_per_interface,
            linger,
            drops,
            rule_numbers,
        } = limits;
        Self {
            attachments,
            interfaces,
            interfaces_high,
            slots,
            pages,
            rule_sets,
            cidrs_v4,
            cidrs_v6,
            members_v4,
            members_v6,
            owners_v4,
            owners_v6,
            group_rules,
            lists_v4,
            lists_v6,
            list_rules,
            flows_v4,
            flows_v6,
            fragments_v4,
            fragments_v6,
            tcp_flows_per_interface,
            other_flows_per_interface,
            half_open,
            half_open_per_interface,
            linger,
            drops,
            rule_numbers,
        }
    }
}

numbers! {
    /// How much of everything there may be.
    QuotaSettings {
        vpcs "vpcs" = 5, 1..=1000, "VPCs.";
        groups_per_vpc "groups-per-vpc" = 2500, 1..=10_000, "Security groups of a VPC.";
        rules_per_group "rules-per-group" = 60, 1..=1000, "Rules of a group, for each direction and each family.";
        groups_per_interface "groups-per-interface" = 5, 1..=16, "Groups of an interface.";
        interfaces "interfaces" = 5000, 1..=100_000, "Network interfaces.";
        cidr_blocks_per_vpc "cidr-blocks-per-vpc" = 5, 1..=50, "Blocks of a VPC, for each family.";
        subnets_per_vpc "subnets-per-vpc" = 200, 1..=10_000, "Subnets of a VPC.";
        addresses_per_interface "addresses-per-interface" = 50, 1..=1000, "Addresses of an interface, for each family; what a device has does not count.";
        interfaces_per_instance "interfaces-per-instance" = 1000, 1..=100_000, "Interfaces of an instance.";
        instances "instances" = 5000, 1..=100_000, "Instances, this host among them.";
        internet_gateways "internet-gateways" = 5, 1..=1000, "Internet gateways.";
        prefix_lists "prefix-lists" = 100, 0..=10_000, "Prefix lists.";
        entries_per_prefix_list "entries-per-prefix-list" = 1000, 1..=1000, "Entries that a prefix list can be made for; a rule that names the list counts for as many rules.";
        versions_per_prefix_list "versions-per-prefix-list" = 1000, 1..=1000, "Versions of a prefix list that are kept; the oldest go.";
        references_per_prefix_list "references-per-prefix-list" = 10_000, 1..=100_000, "Groups with rules that name one prefix list.";
    }
}

impl From<QuotaSettings> for Quotas {
    fn from(settings: QuotaSettings) -> Self {
        let QuotaSettings {
            vpcs,
            groups_per_vpc,
            rules_per_group,
            groups_per_interface,
            interfaces,
            cidr_blocks_per_vpc,
            subnets_per_vpc,
            addresses_per_interface,
            interfaces_per_instance,
            instances,
            internet_gateways,
            prefix_lists,
            entries_per_prefix_list,
            versions_per_prefix_list,
            references_per_prefix_list,
        } = settings;
        Self {
            vpcs,
            groups_per_vpc,
            rules_per_group,
            groups_per_interface,
            interfaces,
            cidr_blocks_per_vpc,
            subnets_per_vpc,
            addresses_per_interface,
            interfaces_per_instance,
            instances,
            internet_gateways,
            prefix_lists,
            entries_per_prefix_list,
            versions_per_prefix_list,
            references_per_prefix_list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range_and_keys_are_fields() {
        TableLimits::default().check().unwrap();
        QuotaSettings::default().check().unwrap();
        for key in TableLimits::KEYS {
            toml::from_str::<TableLimits>(&format!("{} = {}", key.name, key.min)).unwrap();
        }
        for key in QuotaSettings::KEYS {
            toml::from_str::<QuotaSettings>(&format!("{} = {}", key.name, key.min)).unwrap();
        }
    }

    #[test]
    fn defaults_are_those_of_the_parts() {
        assert_eq!(Limits::from(TableLimits::default()), Limits::default());
        assert_eq!(Quotas::from(QuotaSettings::default()), Quotas::default());
    }

    #[test]
    fn every_table_that_can_be_full_names_the_key_that_sizes_it() {
        for table in firewall_common::abi::map::ALL {
            let size = |limits: TableLimits| Limits::from(limits).max_entries(table);
            let grows = |key: &&Key| {
                let mut limits = TableLimits::default();
                limits.set(key.name, key.max).unwrap();
                size(limits) > size(TableLimits::default())
            };
            let sizing: Vec<&str> = TableLimits::KEYS.iter().filter(grows).map(|key| key.name).collect();
            assert_eq!(Limits::key(table).into_iter().collect::<Vec<_>>(), sizing, "{table}");
        }
    }

    #[test]
    fn out_of_range_names_key_value_and_range() {
        let mut limits = TableLimits::default();
        limits.set("flows-v4", 1).unwrap();
        let text = limits.check().unwrap_err().to_string();
        assert_eq!(text, "flows-v4 = 1 is out of range: it must be from 16 to 67108864");
    }

    #[test]
    fn an_unknown_key_is_answered_with_the_known_ones() {
        let text = QuotaSettings::default().set("vpc", 1).unwrap_err().to_string();
        assert!(text.starts_with("there is no \"vpc\"; the keys are vpcs, "), "{text}");
    }
}
