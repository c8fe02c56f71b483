//! How much the tables of this host hold.

use firewall_common::abi::{Counter, LIST_FILTER_WORDS, map};
use serde::{Deserialize, Serialize};

/// Sizes of the maps. They are fixed when the maps are made: a controller with other limits refuses to adopt them.
///
/// The tables of policies have to hold the old and the new policies at once while a change is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Highest attachment number. The counters take 5 KiB of each CPU for every one.
    pub attachments: u32,
    /// Interface indexes that are looked up in an array; the rest is looked up in a hash.
    pub interfaces: u32,
    /// Attached interfaces whose index is beyond the array.
    pub interfaces_high: u32,
    /// Policies: two for each distinct set of groups that an attached interface has. Each takes 8.3 KiB.
    pub slots: u32,
    /// Nodes of the services radix, of 1 KiB.
    pub pages: u32,
    /// Distinct sets of rules, of 128 octets.
    pub rule_sets: u32,
    /// IPv4 prefixes of all policies.
    pub cidrs_v4: u32,
    /// IPv6 prefixes of all policies.
    pub cidrs_v6: u32,
    /// IPv4 addresses of members of the groups that policies of this host name.
    pub members_v4: u32,
    /// The same for IPv6.
    pub members_v6: u32,
    /// IPv4 addresses of the interfaces that are attached here.
    pub owners_v4: u32,
    /// The same for IPv6.
    pub owners_v6: u32,
    /// Pairs of a policy and a set of groups that some member has.
    pub group_rules: u32,
    /// IPv4 entries of the prefix lists that policies of this host name.
    pub lists_v4: u32,
    /// The same for IPv6.
    pub lists_v6: u32,
    /// Pairs of a policy and a set of prefix lists that cover some address.
    pub list_rules: u32,
    /// Flows of IPv4.
    pub flows_v4: u32,
    /// Flows of IPv6.
    pub flows_v6: u32,
    /// Datagrams of IPv4 of which fragments may still come. When there are more, those that were not asked for longest are
    /// forgotten.
    pub fragments_v4: u32,
    /// The same for IPv6.
    pub fragments_v6: u32,
    /// Most established flows of TCP that an interface can have.
    pub tcp_flows_per_interface: u32,
    /// The same for other protocols.
    pub other_flows_per_interface: u32,
    /// Places of half-open flows, of 56 octets, over all interfaces.
    pub half_open: u32,
    /// Most half-open flows that an interface can have.
    pub half_open_per_interface: u32,
    /// Ranges of UDP ports that were untracked until lately.
    pub linger: u32,
    /// Records of dropped packets, of about 150 octets and 32 more for each CPU.
    pub drops: u32,
    /// Highest host-wide rule number. The counters take 24 octets of each CPU for every one.
    pub rule_numbers: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attachments: 1000,
            interfaces: 4096,
            interfaces_high: 1024,
            slots: 2048,
            pages: 16_384,
            rule_sets: 65_536,
            cidrs_v4: 262_144,
            cidrs_v6: 262_144,
            members_v4: 131_072,
            members_v6: 131_072,
            owners_v4: 16_384,
            owners_v6: 16_384,
            group_rules: 262_144,
            lists_v4: 131_072,
            lists_v6: 131_072,
            list_rules: 65_536,
            flows_v4: 262_144,
            flows_v6: 131_072,
            fragments_v4: 16_384,
            fragments_v6: 8192,
            tcp_flows_per_interface: 131_072,
            other_flows_per_interface: 131_072,
            half_open: 262_144,
            half_open_per_interface: 16_384,
            linger: 4096,
            drops: 4096,
            rule_numbers: 262_144,
        }
    }
}

impl Limits {
    /// Entries of the map with this name; `None` for a map that is none of ours.
    #[must_use]
    pub fn max_entries(&self, name: &str) -> Option<u32> {
        let Self {
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
            tcp_flows_per_interface: _,
            other_flows_per_interface: _,
            half_open,
            half_open_per_interface: _,
            linger,
            drops,
            rule_numbers,
        } = *self;
        Some(match name {
            map::INTERFACES => interfaces,
            map::INTERFACES_HIGH => interfaces_high,
            map::CELLS => attachments + 1,
            map::SLOTS => slots,
            map::PAGES => pages,
            map::RULE_SETS => rule_sets,
            map::RULE_NUMBERS => slots * 2,
            map::CIDRS_V4 => cidrs_v4,
            map::CIDRS_V6 => cidrs_v6,
            map::MEMBERS_V4 => members_v4,
            map::MEMBERS_V6 => members_v6,
            map::OWNERS_V4 => owners_v4,
            map::OWNERS_V6 => owners_v6,
            map::GROUP_RULES => group_rules,
            map::LISTS_V4 => lists_v4,
            map::LISTS_V6 => lists_v6,
            map::LIST_FILTER => 2 * LIST_FILTER_WORDS,
            map::LIST_RULES => list_rules,
            map::FLOWS_V4 => flows_v4,
            map::FLOWS_V6 => flows_v6,
            map::FRAGMENTS_V4 => fragments_v4,
            map::FRAGMENTS_V6 => fragments_v6,
            map::FLOW_GAUGES | map::RING_HEADS => attachments + 1,
            map::RINGS => half_open,
            map::LINGER => linger,
            map::DROPS => drops,
            map::DROP_BUDGET | map::CLOCK => 1,
            map::COUNTERS => Counter::entries(attachments),
            map::RULE_COUNTERS => rule_numbers + 1,
            map::MANIFEST => 1,
            _ => return None,
        })
    }

    /// The key of the configuration that sizes the map with this name; `None` where none does.
    #[must_use]
    pub fn key(name: &str) -> Option<&'static str> {
        Some(match name {
            map::INTERFACES => "interfaces",
            map::INTERFACES_HIGH => "interfaces-high",
            map::CELLS | map::FLOW_GAUGES | map::RING_HEADS | map::COUNTERS => "attachments",
            map::SLOTS | map::RULE_NUMBERS => "slots",
            map::PAGES => "pages",
            map::RULE_SETS => "rule-sets",
            map::CIDRS_V4 => "cidrs-v4",
            map::CIDRS_V6 => "cidrs-v6",
            map::MEMBERS_V4 => "members-v4",
            map::MEMBERS_V6 => "members-v6",
            map::OWNERS_V4 => "owners-v4",
            map::OWNERS_V6 => "owners-v6",
            map::GROUP_RULES => "group-rules",
            map::LISTS_V4 => "lists-v4",
            map::LISTS_V6 => "lists-v6",
            map::LIST_RULES => "list-rules",
            map::FLOWS_V4 => "flows-v4",
            map::FLOWS_V6 => "flows-v6",
            map::FRAGMENTS_V4 => "fragments-v4",
            map::FRAGMENTS_V6 => "fragments-v6",
            map::RINGS => "half-open",
            map::LINGER => "linger",
            map::DROPS => "drops",
            map::RULE_COUNTERS => "rule-numbers",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_map_has_a_size() {
        for name in map::ALL {
            assert!(Limits::default().max_entries(name).is_some_and(|entries| entries > 0), "{name}");
        }
    }
}
