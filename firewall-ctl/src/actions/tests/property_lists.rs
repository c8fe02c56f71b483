//! Steps of the property test on prefix lists, tags, and rules that change.

use super::property::{Item, items, pick};
use super::*;
use crate::model::{GroupId, PrefixListId};
use proptest::prelude::*;

/// A well-formed id of nothing.
const NO_LIST: &str = "pl-00000000";

/// What a step does. Numbers choose among what there is at that time, or nothing that is.
#[derive(Debug, Clone)]
pub(super) enum ListStep {
    Create { size: i64, ipv6: bool, entries: Vec<u8>, token: Option<u8> },
    Modify { list: usize, version: Option<u8>, name: bool, add: Vec<u8>, remove: Vec<u8>, size: Option<i64> },
    Restore { list: usize, back: u64 },
    Delete { list: usize },
    Tag { resources: Vec<(Kind, usize)>, keys: Vec<u8> },
    Untag { resources: Vec<(Kind, usize)>, keys: Vec<u8>, value: Option<bool> },
    ModifyRules { group: usize, of: usize, rules: Vec<usize>, items: Vec<Item> },
    Note { group: usize, egress: bool, items: Vec<Item>, by_id: bool },
    Replace { group: usize, direction: &'static str, items: Vec<Item>, egress: Vec<Item> },
    ModifyGroup { group: usize, name: Option<u8>, description: bool },
    DeleteGroups { groups: Vec<usize> },
}

/// Kinds of resources that have tags.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Vpc,
    Group,
    Rule,
    Interface,
    List,
    Nothing,
}

pub(super) fn step() -> impl Strategy<Value = ListStep> {
    let index = 0usize..8;
    let blocks = || prop::collection::vec(0u8..6, 0..3);
    let kind = prop::sample::select(vec![
        Kind::Vpc,
        Kind::Group,
        Kind::Rule,
        Kind::Rule,
        Kind::Interface,
        Kind::List,
        Kind::List,
        Kind::Nothing,
    ]);
    let resources = prop::collection::vec((kind, index.clone()), 1..3);
    let keys = prop::collection::vec(0u8..4, 0..3);
    let direction = prop::sample::select(vec!["ingress", "egress", "both"]);
    prop_oneof![
        3 => (0i64..6, any::<bool>(), blocks(), prop::option::of(0u8..2))
            .prop_map(|(size, ipv6, entries, token)| ListStep::Create { size, ipv6, entries, token }),
        4 => (index.clone(), prop::option::of(1u8..3), any::<bool>(), blocks(), blocks(), prop::option::of(1i64..6))
            .prop_map(|(list, version, name, add, remove, size)| {
                ListStep::Modify { list, version, name, add, remove, size }
            }),
        2 => (index.clone(), 0u64..3).prop_map(|(list, back)| ListStep::Restore { list, back }),
        1 => index.clone().prop_map(|list| ListStep::Delete { list }),
        1 => (resources.clone(), keys.clone()).prop_map(|(resources, keys)| ListStep::Tag { resources, keys }),
        1 => (resources, keys, prop::option::of(any::<bool>()))
            .prop_map(|(resources, keys, value)| ListStep::Untag { resources, keys, value }),
        3 => (index.clone(), index.clone(), prop::collection::vec(0usize..4, 1..3), items()).prop_map(
            |(group, of, rules, items)| ListStep::ModifyRules { group, of, rules, items }
        ),
        2 => (index.clone(), any::<bool>(), items(), any::<bool>())
            .prop_map(|(group, egress, items, by_id)| ListStep::Note { group, egress, items, by_id }),
        3 => (index.clone(), direction, items(), items()).prop_map(|(group, direction, items, egress)| {
            ListStep::Replace { group, direction, items, egress }
        }),
        2 => (index.clone(), prop::option::of(0u8..6), any::<bool>())
            .prop_map(|(group, name, description)| ListStep::ModifyGroup { group, name, description }),
        1 => prop::collection::vec(index, 1..3).prop_map(|groups| ListStep::DeleteGroups { groups }),
    ]
}

fn blocks(numbers: &[u8], ipv6: bool) -> Vec<Value> {
    let block = |number: &u8| if ipv6 { format!("fd00:{number}::/32") } else { format!("10.{number}.0.0/16") };
    numbers.iter().map(|number| json!({"Cidr": block(number)})).collect()
}

impl World {
    pub(super) fn pick_list(&self, index: usize) -> String {
        pick(self.model.prefix_lists.keys(), index, NO_LIST)
    }

    fn pick_rule(&self, index: usize) -> String {
        let rules: Vec<_> = self.model.groups.values().flat_map(|group| group.rules.keys()).collect();
        pick(rules.into_iter(), index, NO_RULE)
    }

    fn pick_resources(&self, resources: &[(Kind, usize)]) -> Vec<String> {
        let id = |(kind, index): &(Kind, usize)| match kind {
            Kind::Vpc => pick(self.model.vpcs.keys(), *index, NO_VPC),
            Kind::Group => self.pick_group(*index),
            Kind::Rule => self.pick_rule(*index),
            Kind::Interface => pick(self.model.interfaces.keys(), *index, NO_INTERFACE),
            Kind::List => self.pick_list(*index),
            Kind::Nothing => "nothing".to_owned(),
        };
        resources.iter().map(id).collect()
    }

    fn version_of(&self, list: &str) -> (u64, bool) {
        let list = list.parse::<PrefixListId>().ok().and_then(|id| self.model.prefix_lists.get(&id));
        list.map_or((1, false), |list| (list.version, list.family == crate::model::Family::Ipv6))
    }

    fn rules_of(&self, group: &str) -> Vec<String> {
        let group = group.parse::<GroupId>().ok().and_then(|id| self.model.groups.get(&id));
        group.map(|group| group.rules.keys().map(ToString::to_string).collect()).unwrap_or_default()
    }

    /// The action of a step, with its members.
    pub(super) fn list_action(&self, step: &ListStep) -> (&'static str, Value) {
        match step {
            ListStep::Create { size, ipv6, entries, token } => {
                let family = if *ipv6 { "IPv6" } else { "IPv4" };
                let mut body = json!({"PrefixListName": "offices", "MaxEntries": size, "AddressFamily": family,
                    "Entries": blocks(entries, *ipv6)});
                if let Some(token) = token {
                    body["ClientToken"] = json!(token.to_string());
                }
                ("CreateManagedPrefixList", body)
            }
            ListStep::Modify { list, version, name, add, remove, size } => {
                let list = self.pick_list(*list);
                let (present, ipv6) = self.version_of(&list);
                let mut body = json!({"PrefixListId": list, "AddEntries": blocks(add, ipv6),
                    "RemoveEntries": blocks(remove, ipv6)});
                if let Some(version) = version {
                    // Mostly the version that it has.
                    body["CurrentVersion"] = json!(if *version == 1 { 1 } else { present });
                }
                if *name {
                    body["PrefixListName"] = json!("sites");
                }
                if let Some(size) = size {
                    body["MaxEntries"] = json!(size);
                }
                ("ModifyManagedPrefixList", body)
            }
            ListStep::Restore { list, back } => {
                let list = self.pick_list(*list);
                let (present, _) = self.version_of(&list);
                let body = json!({"PrefixListId": list, "PreviousVersion": present.saturating_sub(*back),
                    "CurrentVersion": present});
                ("RestoreManagedPrefixListVersion", body)
            }
            ListStep::Delete { list } => ("DeleteManagedPrefixList", json!({"PrefixListId": self.pick_list(*list)})),
            ListStep::Tag { resources, keys } => {
                let tags: Vec<Value> = keys.iter().map(|key| json!({"Key": key.to_string(), "Value": "v"})).collect();
                ("CreateTags", json!({"Resources": self.pick_resources(resources), "Tags": tags}))
            }
            ListStep::Untag { resources, keys, value } => {
                let value = value.map(|known| if known { "v" } else { "" });
                let tags: Vec<Value> = keys.iter().map(|key| json!({"Key": key.to_string(), "Value": value})).collect();
                ("DeleteTags", json!({"Resources": self.pick_resources(resources), "Tags": tags}))
            }
            ListStep::ModifyRules { group, of, rules, items } => {
                let group = self.pick_group(*group);
                // Mostly its own rules.
                let known = self.rules_of(if *of < 6 { &group } else { "sg-00000000" });
                let update = |(rule, item): (&usize, &Item)| {
                    let rule = pick(known.iter(), *rule, NO_RULE);
                    json!({"SecurityGroupRuleId": rule, "SecurityGroupRule": self.request(item)})
                };
                let updates: Vec<Value> = rules.iter().zip(items).map(update).collect();
                ("ModifySecurityGroupRules", json!({"GroupId": group, "SecurityGroupRules": updates}))
            }
            ListStep::Note { group, egress, items, by_id } => {
                let operation = if *egress {
                    "UpdateSecurityGroupRuleDescriptionsEgress"
                } else {
                    "UpdateSecurityGroupRuleDescriptionsIngress"
                };
                let group = self.pick_group(*group);
                let note = |rule: &String| json!({"SecurityGroupRuleId": rule, "Description": "new"});
                let body = if *by_id {
                    let notes: Vec<Value> = self.rules_of(&group).iter().take(1).map(note).collect();
                    json!({"GroupId": group, "SecurityGroupRuleDescriptions": notes})
                } else {
                    json!({"GroupId": group, "IpPermissions": self.permissions(items)})
                };
                (operation, body)
            }
            ListStep::Replace { group, direction, items, egress } => {
                let mut body = json!({"GroupId": self.pick_group(*group), "Direction": direction});
                if *direction != "egress" {
                    body["IpPermissions"] = self.permissions(items);
                }
                if *direction != "ingress" {
                    body["IpPermissionsEgress"] = self.permissions(egress);
                }
                ("ReplaceSecurityGroupRules", body)
            }
            ListStep::ModifyGroup { group, name, description } => {
                let mut body = json!({"GroupId": self.pick_group(*group)});
                if let Some(name) = name {
                    body["GroupName"] = json!(["web", "Web", "db", "lb", "default", "sg-x"][usize::from(*name)]);
                }
                if *description {
                    body["Description"] = json!("new");
                }
                ("ModifySecurityGroup", body)
            }
            ListStep::DeleteGroups { groups } => ("DeleteSecurityGroup", json!({"GroupIds": self.pick_groups(groups)})),
        }
    }
}
