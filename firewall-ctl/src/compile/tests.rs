//! Plans taken one after the other answer every look-up as tables made at once, and leave nothing behind.

use super::*;
use crate::model::{AccountId, IcmpFamily, L4, Peer, Rule, RuleId, RuleKey, Service, Tags};
use firewall_common::abi::{HAS_CIDRS, HAS_GROUPS, LEAF, PolicyCell, RuleSet, V4, V6};
use firewall_common::decide::Tables;
use ipnet::{Ipv4Net, Ipv6Net};
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

const VPC: u32 = 1;

fn group(number: u8) -> GroupId {
    format!("sg-{number:08x}").parse().unwrap()
}

fn rule(number: u32, direction: Direction, service: Service, peer: Peer) -> Rule {
    let id: RuleId = format!("sgr-{number:08x}").parse().unwrap();
    Rule { id, key: RuleKey { direction, service, peer }, description: None, tags: Tags::default(), number }
}

/// Addresses from which members and probes are taken: few, so that they meet.
fn address(number: u8) -> IpAddr {
    if number & 1 == 0 {
        Ipv4Addr::new(10, 0, 0, number >> 1).into()
    } else {
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number >> 1)).into()
    }
}

fn any_service() -> impl Strategy<Value = Service> {
    let port = prop_oneof![Just(0u16), Just(22), Just(80), Just(255), Just(256), Just(65_535)];
    let octet = || prop::option::of(prop_oneof![Just(0u8), Just(8), Just(128)]);
    prop_oneof![
        2 => Just(Service::All),
        4 => (prop_oneof![Just(L4::Tcp), Just(L4::Udp)], port.clone(), port).prop_map(|(protocol, a, b)| {
            Service::Ports { protocol, from: a.min(b), to: a.max(b) }
        }),
        2 => (prop_oneof![Just(IcmpFamily::V4), Just(IcmpFamily::V6)], octet(), octet())
            .prop_map(|(family, kind, code)| Service::Icmp { family, kind, code: kind.and(code) }),
        1 => Just(Service::Other(47)),
    ]
}

fn any_peer() -> impl Strategy<Value = Peer> {
    let v4 = (0u8..8, prop_oneof![Just(0u8), Just(8), 28u8..=32]);
    let v6 = (0u8..8, prop_oneof![Just(0u8), Just(64), 124u8..=128]);
    prop_oneof![
        v4.prop_map(|(low, len)| Peer::Ipv4(Ipv4Net::new(Ipv4Addr::new(10, 0, 0, low), len).unwrap().trunc())),
        v6.prop_map(|(low, len)| {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(low));
            Peer::Ipv6(Ipv6Net::new(address, len).unwrap().trunc())
        }),
        (0u8..4).prop_map(|number| Peer::Group { id: group(number), owner: AccountId::default() }),
    ]
}

/// Policies to choose from, members of groups, and which policies the attachments have.
#[derive(Debug, Clone)]
struct Step {
    rules: Vec<(Service, Peer)>,
    policies: Vec<Vec<prop::sample::Index>>,
    attachments: Vec<Option<(prop::sample::Index, prop::sample::Index)>>,
    members: Vec<(u8, u8)>,
    /// What the controller does: nothing, or it dies before or after the step.
    mishap: u8,
    reclaims: bool,
}

fn any_step() -> impl Strategy<Value = Step> {
    let indexes = prop::collection::vec(any::<prop::sample::Index>(), 0..6);
    let attachment = prop::option::weighted(0.8, (any::<prop::sample::Index>(), any::<prop::sample::Index>()));
    (
        prop::collection::vec((any_service(), any_peer()), 1..8),
        prop::collection::vec(indexes, 1..4),
        prop::collection::vec(attachment, 0..3),
        prop::collection::vec((0u8..16, 0u8..4), 0..12),
        0u8..6,
        any::<bool>(),
    )
        .prop_map(|(rules, policies, attachments, members, mishap, reclaims)| Step {
            rules,
            policies,
            attachments,
            members,
            mishap,
            reclaims,
        })
}

impl Step {
    /// What it wants. The first rules of all steps are alike, so that policies live on from step to step.
    fn desired(&self, shared: &[(Service, Peer)]) -> Desired {
        let all: Vec<(Service, Peer)> = shared.iter().chain(&self.rules).copied().collect();
        let policy = |indexes: &[prop::sample::Index], direction| {
            let rules: Vec<Rule> = indexes
                .iter()
                .map(|index| index.index(all.len()))
                .map(|index| rule(index as u32 + 1, direction, all[index].0, all[index].1))
                .collect();
            Arc::new(Policy::new(direction, rules.iter()).unwrap())
        };
        let mut desired = Desired::default();
        for (number, choice) in (1..).zip(&self.attachments) {
            let Some((inbound, outbound)) = choice else { continue };
            let entry = abi::Interface { attachment: number, vpc: VPC, ..abi::Interface::default() };
            let interface = DesiredInterface {
                id: format!("eni-{number:08x}").parse().unwrap(),
                entry,
                inbound: policy(&self.policies[inbound.index(self.policies.len())], Direction::Inbound),
                outbound: policy(&self.policies[outbound.index(self.policies.len())], Direction::Outbound),
            };
            desired.interfaces.insert(number, interface);
        }
        let named = desired.named_groups();
        for (address, mut groups) in self.memberships() {
            groups.retain(|group| named.contains(group));
            if !groups.is_empty() {
                desired.members.insert((VPC, address), groups);
            }
        }
        desired
    }

    /// Groups of each member, named or not.
    fn memberships(&self) -> BTreeMap<IpAddr, BTreeSet<GroupId>> {
        let mut memberships: BTreeMap<IpAddr, BTreeSet<GroupId>> = BTreeMap::new();
        for (member, of) in &self.members {
            memberships.entry(address(*member)).or_default().insert(group(*of));
        }
        memberships
    }
}

const TRAFFIC: [Traffic; 6] = [
    Traffic::Tcp(22),
    Traffic::Tcp(65_535),
    Traffic::Udp(256),
    Traffic::Icmp(8, 0),
    Traffic::Icmp(128, 128),
    Traffic::Other(47),
];

/// Asks the tables as the programs do.
fn ask(tables: &MemoryTables, number: u32, direction: Direction, peer: IpAddr, traffic: Traffic) -> Option<u32> {
    let tables = &tables;
    let cell = tables.cell(number).unwrap_or_default();
    let slot = if direction == Direction::Inbound { cell.inbound } else { cell.outbound };
    let family = if peer.is_ipv4() { V4 } else { V6 };
    let policy = tables.slot(slot).filter(|_| slot != 0)?.families[family];
    let icmp = if family == V4 { 1 } else { 58 };
    let [protocol, high, low] = match traffic {
        Traffic::Tcp(port) => [6, port.to_be_bytes()[0], port.to_be_bytes()[1]],
        Traffic::Udp(port) => [17, port.to_be_bytes()[0], port.to_be_bytes()[1]],
        Traffic::Icmp(kind, code) => [icmp, kind, code],
        Traffic::Other(protocol) => [protocol, 0, 0],
    };
    let mut entry = policy.services;
    for octet in [protocol, high, low] {
        if entry & LEAF == 0 {
            entry = tables.page(entry).unwrap().entries[usize::from(octet)];
        }
    }
    let services = tables.rule_set(entry & !LEAF).unwrap();
    let set = |index: Option<u32>| index.map_or(RuleSet::EMPTY, |index| *tables.rule_set(index).unwrap());
    let has = |flag: u32| policy.flags & flag != 0;
    let cidrs = match peer {
        IpAddr::V4(peer) if has(HAS_CIDRS) => tables.cidr_v4(slot, peer.octets()),
        IpAddr::V6(peer) if has(HAS_CIDRS) => tables.cidr_v6(slot, peer.octets()),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    };
    let member = match peer {
        IpAddr::V4(peer) => tables.member_v4(VPC, peer.octets()),
        IpAddr::V6(peer) => tables.member_v6(VPC, peer.octets()),
    };
    let groups = member.filter(|_| has(HAS_GROUPS)).and_then(|member| tables.group_rules(slot, member, family));
    let peers = [policy.anyone, set(cidrs), set(groups)];
    let bit = peers.iter().find_map(|peers| services.iter().find(|bit| peers.contains(*bit)))?;
    tables.rule_number(slot, family, bit as u32)
}

/// Answers to all probes, in a fixed order.
fn answers(tables: &MemoryTables) -> Vec<Option<u32>> {
    probes().map(|(number, direction, peer, traffic)| ask(tables, number, direction, peer, traffic)).collect()
}

fn probes() -> impl Iterator<Item = (u32, Direction, IpAddr, Traffic)> {
    (1..3u32).flat_map(|number| {
        [Direction::Inbound, Direction::Outbound].into_iter().flat_map(move |direction| {
            (0..18u8).flat_map(move |peer| TRAFFIC.map(|traffic| (number, direction, address(peer), traffic)))
        })
    })
}

fn limits() -> Limits {
    Limits { attachments: 8, slots: 64, pages: 512, rule_sets: 2048, ..Limits::default() }
}

/// Takes the steps of a plan one by one, and checks what packets see after each.
fn publish(tables: &mut MemoryTables, plan: &Plan, moved: &BTreeSet<IpAddr>) -> Result<(), TestCaseError> {
    let before = answers(tables);
    let unmoved = |tables: &MemoryTables| {
        probes()
            .filter(|(_, _, peer, _)| !moved.contains(peer))
            .map(|(number, direction, peer, traffic)| ask(tables, number, direction, peer, traffic))
            .collect::<Vec<_>>()
    };
    let before_unmoved = unmoved(tables);
    plan.writes.iter().for_each(|write| tables.write(write));
    prop_assert_eq!(&answers(tables), &before, "writes are visible before anything is published");
    plan.members.iter().for_each(|change| tables.change(change));
    prop_assert_eq!(&unmoved(tables), &before_unmoved, "members that did not change are judged otherwise");
    for (number, cell) in &plan.cells {
        tables.set_cell(*number, *cell);
    }
    let published = answers(tables);
    plan.late_members.iter().for_each(|change| tables.change(change));
    prop_assert_eq!(&answers(tables), &published, "forgetting a group is visible");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_way_leads_to_the_same_tables(
        shared in prop::collection::vec((any_service(), any_peer()), 4),
        steps in prop::collection::vec(any_step(), 1..7),
    ) {
        let mut layout = Layout::new(limits());
        let mut tables = MemoryTables::new();
        let mut members = BTreeMap::new();
        for step in steps.iter().map(Some).chain([None]) {
            let desired = step.map(|step| step.desired(&shared)).unwrap_or_default();
            let (next, plan) = layout.plan(&desired).unwrap();
            let mishap = step.map_or(0, |step| step.mishap);
            if mishap == 1 {
                // It dies with some of the plan written; another one takes over.
                plan.writes.iter().take(plan.writes.len() / 2).for_each(|write| tables.write(write));
                layout = Layout::adopt(limits(), &tables.observe());
            }
            let (next, plan) = if mishap == 1 { layout.plan(&desired).unwrap() } else { (next, plan) };
            let now = step.map(Step::memberships).unwrap_or_default();
            // Groups that are named or no longer named by the policies move nobody.
            let moved: BTreeSet<IpAddr> =
                (0..18).map(address).filter(|address| members.get(address) != now.get(address)).collect();
            publish(&mut tables, &plan, &moved)?;
            layout = next;
            members = now;
            if mishap == 2 {
                layout = Layout::adopt(limits(), &tables.observe());
                let (next, plan) = layout.plan(&desired).unwrap();
                publish(&mut tables, &plan, &BTreeSet::new())?;
                layout = next;
            }

            let mut scratch = MemoryTables::new();
            let (_, plan) = Layout::new(limits()).plan(&desired).unwrap();
            scratch.publish(&plan);
            prop_assert_eq!(answers(&tables), answers(&scratch));
            for (number, direction, peer, traffic) in probes() {
                let expected = desired.evaluate(number, direction, peer, traffic);
                prop_assert_eq!(ask(&tables, number, direction, peer, traffic), expected);
            }
            if mishap != 0 {
                // Members that another controller had given different sets come together in the next plan.
                let (next, plan) = layout.plan(&desired).unwrap();
                publish(&mut tables, &plan, &BTreeSet::new())?;
                layout = next;
            }
            if step.is_none_or(|step| step.reclaims) {
                layout.reclaim().into_iter().for_each(|removal| tables.remove(removal));
                prop_assert_eq!(answers(&tables), answers(&scratch), "reclaiming takes away what is in use");
                prop_assert_eq!(tables.keyed_entries(), scratch.keyed_entries(), "entries are left behind");
                prop_assert!(!layout.has_retired());
            }
        }
        prop_assert_eq!(tables.keyed_entries(), 0);
        for usage in layout.usage() {
            prop_assert_eq!(usage.entries, 0, "{} holds places for nothing", usage.table);
        }
    }
}

fn one_interface(rules: &[Rule]) -> Desired {
    let entry = abi::Interface { attachment: 1, vpc: VPC, ..abi::Interface::default() };
    let [inbound, outbound] = [Direction::Inbound, Direction::Outbound].map(|direction| {
        Arc::new(Policy::new(direction, rules.iter().filter(|rule| rule.key.direction == direction)).unwrap())
    });
    let id = "eni-00000001".parse().unwrap();
    Desired {
        interfaces: BTreeMap::from([(1, DesiredInterface { id, entry, inbound, outbound })]),
        members: BTreeMap::new(),
        owners: owners::Owners::new(),
    }
}

fn cidr_rules(count: u32) -> Vec<Rule> {
    let net = |number: u32| Peer::Ipv4(Ipv4Net::new(Ipv4Addr::from(0x0a00_0000 + number), 32).unwrap());
    (1..=count).map(|number| rule(number, Direction::Inbound, Service::All, net(number))).collect()
}

#[test]
fn what_does_not_fit_is_refused_whole() {
    for (limits, table) in [
        (Limits { slots: 2, ..limits() }, abi::map::SLOTS),
        (Limits { rule_sets: 3, ..limits() }, abi::map::RULE_SETS),
        (Limits { cidrs_v4: 4, ..limits() }, abi::map::CIDRS_V4),
        (Limits { rule_numbers: 4, ..limits() }, abi::map::RULE_COUNTERS),
        (Limits { attachments: 0, ..limits() }, abi::map::CELLS),
    ] {
        let layout = Layout::new(limits);
        let error = layout.plan(&one_interface(&cidr_rules(5))).unwrap_err();
        assert_eq!(error.table, table);
        assert!(error.to_string().contains(table), "{error}");
        assert!(layout.usage().iter().all(|usage| usage.entries == 0));
    }
}

#[test]
fn old_and_new_have_to_fit_together() {
    let limits = Limits { cidrs_v4: 8, ..limits() };
    let (mut layout, _) = Layout::new(limits).plan(&one_interface(&cidr_rules(5))).unwrap();
    let error = layout.plan(&one_interface(&cidr_rules(6))).unwrap_err();
    assert_eq!((error.table, error.limit), (abi::map::CIDRS_V4, 8));
    let (next, _) = layout.plan(&Desired::default()).unwrap();
    layout = next;
    layout.reclaim();
    assert!(layout.plan(&one_interface(&cidr_rules(6))).is_ok());
}

#[test]
fn a_thousand_rules_fit_and_one_more_does_not() {
    let rules = cidr_rules(1001);
    assert!(Policy::new(Direction::Inbound, rules[..1000].iter()).is_ok());
    let error = Policy::new(Direction::Inbound, rules.iter()).unwrap_err();
    assert!(error.to_string().contains("1001 ingress rules for IPv4"), "{error}");
}

#[test]
fn an_unchanged_policy_is_not_written_again() {
    let desired = one_interface(&cidr_rules(5));
    let (layout, _) = Layout::new(limits()).plan(&desired).unwrap();
    let (_, plan) = layout.plan(&one_interface(&cidr_rules(5))).unwrap();
    assert_eq!((plan.writes.len(), plan.members.len(), plan.late_members.len()), (0, 0, 0));
    assert_eq!(plan.cells, [(1, PolicyCell { inbound: 1, outbound: 2 })]);
}

#[test]
fn a_new_member_is_one_write() {
    let peer = Peer::Group { id: group(1), owner: AccountId::default() };
    let mut desired = one_interface(&[rule(1, Direction::Inbound, Service::All, peer)]);
    desired.members.insert((VPC, address(0)), BTreeSet::from([group(1)]));
    let (layout, _) = Layout::new(limits()).plan(&desired).unwrap();
    desired.members.insert((VPC, address(2)), BTreeSet::from([group(1)]));
    let (_, plan) = layout.plan(&desired).unwrap();
    assert_eq!((plan.writes.len(), plan.members.len()), (0, 1));
}

#[test]
fn icmp_of_the_other_family_matches_nothing() {
    let icmpv6 = Service::Icmp { family: IcmpFamily::V6, kind: None, code: None };
    let rules = [
        rule(1, Direction::Inbound, icmpv6, Peer::ANYONE_IPV4),
        rule(2, Direction::Inbound, icmpv6, Peer::Group { id: group(1), owner: AccountId::default() }),
    ];
    let policy = Policy::new(Direction::Inbound, rules.iter()).unwrap();
    assert_eq!(policy.families[V4].rules, [0u32; 0]);
    assert_eq!(policy.families[V6].rules, [2]);
}

#[test]
fn a_restart_keeps_members_apart_that_the_old_policies_tell_apart() {
    let naming = |number: u8| {
        let peer = Peer::Group { id: group(number), owner: AccountId::default() };
        one_interface(&[rule(u32::from(number), Direction::Inbound, Service::All, peer)])
    };
    let [moved, new] = [0, 2].map(address);
    let mut before = naming(1);
    before.members.insert((VPC, moved), BTreeSet::from([group(1)]));
    let mut tables = MemoryTables::new();
    tables.publish(&Layout::new(limits()).plan(&before).unwrap().1);

    let mut after = naming(2);
    for member in [moved, new] {
        after.members.insert((VPC, member), BTreeSet::from([group(2)]));
    }
    let (_, plan) = Layout::adopt(limits(), &tables.observe()).plan(&after).unwrap();
    plan.writes.iter().for_each(|write| tables.write(write));
    plan.members.iter().for_each(|change| tables.change(change));
    let ask = |tables: &MemoryTables, peer| ask(tables, 1, Direction::Inbound, peer, Traffic::Tcp(22));
    assert_eq!([moved, new].map(|peer| ask(&tables, peer)), [Some(1), None], "the old policy is in force");
    plan.cells.iter().for_each(|(number, cell)| tables.set_cell(*number, *cell));
    assert_eq!([moved, new].map(|peer| ask(&tables, peer)), [Some(2), Some(2)]);
}
