//! Single cases.

use super::*;
use crate::model::{IcmpFamily, SecurityGroup};
use firewall_common::abi::{self, PolicyCell};

/// One attachment with a group of these rules.
fn one_interface(rules: impl IntoIterator<Item = (Service, Peer)>) -> Scene {
    let inbound = rules.into_iter().map(|(service, peer)| (Direction::Inbound, service, peer));
    Scene {
        rules: BTreeMap::from([(1, (1..).zip(inbound).collect())]),
        attached: BTreeMap::from([(1, BTreeSet::from([1]))]),
        ..Scene::default()
    }
}

fn cidr_rules(count: u32) -> impl Iterator<Item = (Service, Peer)> {
    let net = |number| Peer::Ipv4(ipnet::Ipv4Net::new(Ipv4Addr::from(0x0a00_0000 + number), 32).unwrap());
    (1..=count).map(move |number| (Service::All, net(number)))
}

fn v4_list(nets: impl IntoIterator<Item = u32>) -> (Family, BTreeSet<IpNet>) {
    let net = |number| IpNet::new_assert(Ipv4Addr::from(0x0a00_0000 + number).into(), 32);
    (Family::Ipv4, nets.into_iter().map(net).collect())
}

#[test]
fn what_does_not_fit_is_refused_whole() {
    let peers = cidr_rules(5).chain([(Service::All, Peer::PrefixList(list(1))), (Service::All, of_group(2))]);
    let mut scene = one_interface(peers);
    scene.lists.insert(1, v4_list(0..5));
    scene.members.insert(address(0), BTreeSet::from([2]));
    scene.members.insert(address(2), BTreeSet::from([2]));
    for (limits, table) in [
        (Limits { slots: 2, ..limits() }, abi::map::SLOTS),
        (Limits { rule_sets: 3, ..limits() }, abi::map::RULE_SETS),
        (Limits { cidrs_v4: 4, ..limits() }, abi::map::CIDRS_V4),
        (Limits { lists_v4: 4, ..limits() }, abi::map::LISTS_V4),
        (Limits { list_rules: 0, ..limits() }, abi::map::LIST_RULES),
        (Limits { members_v4: 1, ..limits() }, abi::map::MEMBERS_V4),
        (Limits { group_rules: 0, ..limits() }, abi::map::GROUP_RULES),
        (Limits { rule_numbers: 4, ..limits() }, abi::map::RULE_COUNTERS),
        (Limits { attachments: 0, ..limits() }, abi::map::CELLS),
    ] {
        let layout = Layout::new(limits);
        let error = layout.plan(&scene.compiled()).unwrap_err();
        assert_eq!(error.table, table);
        assert!(error.to_string().contains(table), "{error}");
        assert!(layout.usage().iter().all(|usage| usage.entries == 0));
    }
    let (layout, _) = Layout::new(limits()).plan(&scene.compiled()).unwrap();
    let used = |name| layout.usage().iter().find(|usage| usage.table == name).unwrap().entries;
    assert_eq!([abi::map::LISTS_V4, abi::map::MEMBERS_V4, abi::map::CIDRS_V4].map(used), [5, 2, 5]);
}

#[test]
fn old_and_new_have_to_fit_together() {
    let limits = Limits { cidrs_v4: 8, lists_v4: 8, ..limits() };
    let (mut layout, _) = Layout::new(limits).plan(&one_interface(cidr_rules(5)).compiled()).unwrap();
    let error = layout.plan(&one_interface(cidr_rules(6)).compiled()).unwrap_err();
    assert_eq!((error.table, error.limit), (abi::map::CIDRS_V4, 8));
    let (next, _) = layout.plan(&Desired::default()).unwrap();
    layout = next;
    layout.reclaim();
    assert!(layout.plan(&one_interface(cidr_rules(6)).compiled()).is_ok());

    // Entries of lists that go make no room for those that come with the same change.
    let listed = |nets: std::ops::Range<u32>| {
        let mut scene = one_interface([(Service::All, Peer::PrefixList(list(1)))]);
        scene.lists.insert(1, v4_list(nets));
        scene.compiled()
    };
    let (layout, _) = Layout::new(limits).plan(&listed(0..5)).unwrap();
    let error = layout.plan(&listed(5..10)).unwrap_err();
    assert_eq!((error.table, error.limit), (abi::map::LISTS_V4, 8));
    let (layout, _) = layout.plan(&listed(2..8)).unwrap();
    assert!(layout.plan(&listed(0..8)).is_ok());
}

#[test]
fn a_thousand_rules_fit_and_one_more_does_not() {
    let model = one_interface(cidr_rules(1001)).model();
    let rules = |group: &SecurityGroup, count: usize| {
        let rules: Vec<Rule> = group.rules.values().take(count).cloned().collect();
        Policy::new(Direction::Inbound, rules.iter(), &model.prefix_lists)
    };
    assert_eq!(rules(&model.groups[&group(1)], 1000).unwrap().families[V4].words(), 16);
    let error = rules(&model.groups[&group(1)], 1001).unwrap_err();
    assert!(error.to_string().contains("1001 ingress rules for IPv4"), "{error}");
}

#[test]
fn an_unchanged_policy_is_not_written_again() {
    let (layout, _) = Layout::new(limits()).plan(&one_interface(cidr_rules(5)).compiled()).unwrap();
    let (_, plan) = layout.plan(&one_interface(cidr_rules(5)).compiled()).unwrap();
    assert_eq!((plan.writes.len(), plan.members.len(), plan.late_members.len()), (0, 0, 0));
    assert_eq!(plan.cells, [(1, PolicyCell { inbound: 1, outbound: 2 })]);
}

#[test]
fn a_new_member_is_one_write() {
    let mut scene = one_interface([(Service::All, of_group(2))]);
    scene.members.insert(address(0), BTreeSet::from([2]));
    let (layout, _) = Layout::new(limits()).plan(&scene.compiled()).unwrap();
    scene.members.insert(address(2), BTreeSet::from([2]));
    let (_, plan) = layout.plan(&scene.compiled()).unwrap();
    assert_eq!((plan.writes.len(), plan.members.len()), (0, 1));
}

#[test]
fn an_entry_of_a_list_concerns_itself_and_what_it_covers() {
    let mut scene = one_interface([1, 2].map(|number| (Service::All, Peer::PrefixList(list(number)))));
    let nets = |texts: &[&str]| (Family::Ipv4, texts.iter().map(|text| text.parse().unwrap()).collect());
    scene.lists.insert(1, nets(&["10.0.0.0/24", "10.1.0.0/16", "10.2.0.0/16"]));
    scene.lists.insert(2, nets(&["10.9.0.0/16"]));
    let (layout, _) = Layout::new(limits()).plan(&scene.compiled()).unwrap();
    scene.lists.insert(2, nets(&["10.9.0.0/16", "10.0.0.0/15"]));
    let (layout, plan) = layout.plan(&scene.compiled()).unwrap();
    // The new one, the two that it covers, their common set of lists, and a word of the filter that had not all bits.
    assert_eq!((plan.members.len(), plan.late_members.len()), (3, 0));
    let kinds = |kind: fn(&Write) -> bool| plan.writes.iter().filter(|write| kind(write)).count();
    assert_eq!(kinds(|write| matches!(write, Write::ListRules { .. })), 1);
    assert!(kinds(|write| matches!(write, Write::ListFilter { .. })) <= 1);
    assert_eq!(kinds(|write| matches!(write, Write::Slot { .. } | Write::Page { .. })), 0);
    let (_, plan) = layout.plan(&scene.compiled()).unwrap();
    assert_eq!((plan.writes.len(), plan.members.len()), (0, 0));
}

#[test]
fn icmp_of_the_other_family_matches_nothing() {
    let icmpv6 = Service::Icmp { family: IcmpFamily::V6, kind: None, code: None };
    let desired = one_interface([(icmpv6, Peer::ANYONE_IPV4), (icmpv6, of_group(1))]).compiled();
    let policy = &desired.interfaces()[&1].inbound;
    assert_eq!(policy.families[V4].rules, [0u32; 0]);
    assert_eq!(policy.families[V6].rules, [RULES + 2]);
}

#[test]
fn a_restart_keeps_members_apart_that_the_old_policies_tell_apart() {
    let naming = |number: u8| one_interface([(Service::All, of_group(number))]);
    let [moved, new] = [0, 2].map(address);
    let mut before = naming(1);
    before.members.insert(moved, BTreeSet::from([1]));
    let mut tables = MemoryTables::new();
    tables.publish(&Layout::new(limits()).plan(&before.compiled()).unwrap().1);

    let mut after = naming(2);
    after.rules.insert(1, BTreeMap::from([(2, (Direction::Inbound, Service::All, of_group(2)))]));
    for member in [moved, new] {
        after.members.insert(member, BTreeSet::from([2]));
    }
    let (_, plan) = Layout::adopt(limits(), &tables.observe()).plan(&after.compiled()).unwrap();
    plan.writes.iter().for_each(|write| tables.write(write));
    plan.members.iter().for_each(|change| tables.change(change));
    let ask = |tables: &MemoryTables, peer| ask(tables, 1, Direction::Inbound, peer, Traffic::Tcp(22));
    let [old, now] = [1, 2].map(|number| Some(RULES + number));
    assert_eq!([moved, new].map(|peer| ask(&tables, peer)), [old, None], "the old policy is in force");
    plan.cells.iter().for_each(|(number, cell)| tables.set_cell(*number, *cell));
    assert_eq!([moved, new].map(|peer| ask(&tables, peer)), [now, now]);
}
