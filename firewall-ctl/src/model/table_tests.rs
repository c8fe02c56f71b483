//! What is looked up is what a scan finds.

use super::arbitrary::model;
use super::{Model, NetworkInterface, Rule, SecurityGroup};
use proptest::prelude::*;
use std::sync::Arc;

fn rules(model: &Model) -> impl Iterator<Item = (&Arc<SecurityGroup>, &Rule)> {
    model.groups.values().flat_map(|group| group.rules.values().map(move |rule| (group, rule)))
}

fn groups_with(model: &Model, wanted: impl Fn(&Rule) -> bool) -> Vec<&Arc<SecurityGroup>> {
    model.groups.values().filter(|group| group.rules.values().any(&wanted)).collect()
}

fn interfaces_with(model: &Model, wanted: impl Fn(&NetworkInterface) -> bool) -> Vec<&Arc<NetworkInterface>> {
    model.interfaces.values().filter(|interface| wanted(interface)).collect()
}

fn look_up_groups(model: &Model) {
    for (group, rule) in rules(model) {
        assert_eq!(model.rule(rule.id), Some((group, rule)));
        assert_eq!(model.rule_by_number(rule.number), Some((group, rule)));
    }
    for group in model.groups.values() {
        let name = group.name.as_str();
        for text in [name.to_owned(), name.to_ascii_uppercase(), name.to_ascii_lowercase()] {
            assert_eq!(model.group_by_name(group.vpc, &text), Some(group));
        }
        let mut referencing = groups_with(model, |rule| rule.key.peer.group() == Some(group.id));
        referencing.retain(|other| other.id != group.id);
        assert_eq!(model.groups_referencing(group.id).collect::<Vec<_>>(), referencing);
        let carriers = interfaces_with(model, |interface| interface.groups.contains(&group.id));
        assert_eq!(model.interfaces_using(group.id).collect::<Vec<_>>(), carriers);
    }
    for list in model.prefix_lists.keys() {
        let naming = groups_with(model, |rule| rule.key.peer.prefix_list() == Some(*list));
        assert_eq!(model.groups_naming(*list).collect::<Vec<_>>(), naming);
    }
    for vpc in model.vpcs.keys() {
        let default = model.groups_of(*vpc).find(|group| group.is_default());
        assert_eq!(model.default_group(*vpc), default);
        assert_eq!(model.group_by_name(*vpc, "no such group"), None);
    }
}

fn look_up_interfaces(model: &Model) {
    let attached = interfaces_with(model, |interface| interface.attachment.is_some());
    assert_eq!(model.attached().collect::<Vec<_>>(), attached);
    for interface in model.interfaces.values() {
        for address in &interface.addresses {
            assert_eq!(model.interface_by_address(interface.vpc, *address), Some(interface));
        }
        if let Some(attachment) = &interface.attachment {
            assert_eq!(model.interface_by_number(attachment.number), Some(interface));
            assert_eq!(model.interface_by_device(&attachment.device), Some(interface));
        } else if let Some(device) = &interface.device {
            let remembering = interfaces_with(model, |other| other.device.as_ref() == Some(device));
            let attached = remembering.iter().find(|other| other.attachment.is_some());
            assert_eq!(model.interface_by_device(device), attached.or(remembering.first()).copied());
        }
    }
    for instance in model.instances.keys() {
        let at = |interface: &NetworkInterface| interface.instance.as_ref().is_some_and(|it| it.instance == *instance);
        let mut interfaces = interfaces_with(model, at);
        interfaces.sort_by_key(|interface| interface.instance.as_ref().map(|place| place.device_index));
        assert_eq!(model.interfaces_at(*instance), interfaces);
    }
    assert_eq!(model.interface_by_number(u32::MAX), None);
    assert_eq!(model.interface_by_device("no such device"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_looked_up_is_what_a_scan_finds(before in model(), after in model()) {
        let mut model = before.clone();
        look_up_groups(&model);
        look_up_interfaces(&model);
        model.apply_changes(&before.changes(&after));
        look_up_groups(&model);
        look_up_interfaces(&model);
        prop_assert_eq!(model.check(), Ok(()));
    }
}
