//! Random changes: whatever the way, every look-up is answered as by the model, at each step on the way.

use super::*;
use crate::model::{IcmpFamily, L4};
use ipnet::{Ipv4Net, Ipv6Net};
use proptest::prelude::*;
use proptest::sample::Index;

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

fn any_v4() -> impl Strategy<Value = Ipv4Net> {
    (0u8..8, prop_oneof![Just(0u8), Just(8), 28u8..=32])
        .prop_map(|(low, len)| Ipv4Net::new(Ipv4Addr::new(10, 0, 0, low), len).unwrap().trunc())
}

fn any_v6() -> impl Strategy<Value = Ipv6Net> {
    (0u16..8, prop_oneof![Just(0u8), Just(64), 124u8..=128])
        .prop_map(|(low, len)| Ipv6Net::new(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, low), len).unwrap().trunc())
}

fn any_peer() -> impl Strategy<Value = Peer> {
    prop_oneof![
        any_v4().prop_map(Peer::Ipv4),
        any_v6().prop_map(Peer::Ipv6),
        (0u8..4).prop_map(of_group),
        (0u8..4).prop_map(|number| Peer::PrefixList(list(number))),
    ]
}

/// What may happen to a controller while it changes the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    None,
    /// It dies with some of the plan written, and another one takes over.
    DiesBefore,
    /// It dies afterwards.
    DiesAfter,
    /// It writes a plan, and takes it back.
    Discards,
}

/// Rules, members of groups, entries of lists, and which groups the attachments have.
#[derive(Debug, Clone)]
struct Step {
    rules: Vec<(Service, Peer)>,
    /// Rules of each group, in both directions.
    groups: Vec<[Vec<Index>; 2]>,
    attached: Vec<Option<BTreeSet<u8>>>,
    members: Vec<(u8, u8)>,
    lists: Vec<(BTreeSet<Ipv4Net>, BTreeSet<Ipv6Net>)>,
    /// Whether groups and lists are those of the step before.
    keeps: [bool; 2],
    mishap: Mishap,
    reclaims: bool,
}

fn any_step() -> impl Strategy<Value = Step> {
    let indexes = || prop::collection::vec(any::<Index>(), 0..5);
    let entries = (prop::collection::btree_set(any_v4(), 0..5), prop::collection::btree_set(any_v6(), 0..5));
    let mishap = prop_oneof![
        3 => Just(Mishap::None),
        1 => Just(Mishap::DiesBefore),
        1 => Just(Mishap::DiesAfter),
        1 => Just(Mishap::Discards),
    ];
    (
        prop::collection::vec((any_service(), any_peer()), 1..8),
        prop::collection::vec((indexes(), indexes()).prop_map(|(inbound, outbound)| [inbound, outbound]), 4),
        prop::collection::vec(prop::option::weighted(0.8, prop::collection::btree_set(0u8..4, 1..3)), 0..3),
        prop::collection::vec((0u8..16, 0u8..4), 0..12),
        prop::collection::vec(entries, 2),
        any::<[bool; 2]>(),
        mishap,
        any::<bool>(),
    )
        .prop_map(|(rules, groups, attached, members, lists, keeps, mishap, reclaims)| Step {
            rules,
            groups,
            attached,
            members,
            lists,
            keeps,
            mishap,
            reclaims,
        })
}

impl Step {
    /// What there is. The first rules of all steps are alike, so that policies live on from step to step.
    fn scene(&self, shared: &[(Service, Peer)], before: &Scene) -> Scene {
        let all: Vec<(Service, Peer)> = shared.iter().chain(&self.rules).copied().collect();
        let mut scene = Scene::default();
        for (number, directions) in (0..).zip(&self.groups) {
            for (direction, indexes) in [Direction::Inbound, Direction::Outbound].into_iter().zip(directions) {
                for index in indexes.iter().map(|index| index.index(all.len())) {
                    let (service, peer) = all[index];
                    let place = index as u32 + 1 + direction as u32 * 100;
                    let rules = scene.rules.entry(number).or_default();
                    // No two rules of a group allow the same.
                    if !rules.values().any(|known| *known == (direction, service, peer)) {
                        rules.insert(place, (direction, service, peer));
                    }
                }
            }
        }
        for (number, groups) in (1..).zip(&self.attached) {
            scene.attached.extend(groups.clone().map(|groups| (number, groups)));
        }
        for (member, group) in &self.members {
            scene.members.entry(address(*member)).or_default().insert(*group);
        }
        for (number, (v4, v6)) in (0..).step_by(2).zip(&self.lists) {
            scene.lists.insert(number, (Family::Ipv4, v4.iter().copied().map(IpNet::V4).collect()));
            scene.lists.insert(number + 1, (Family::Ipv6, v6.iter().copied().map(IpNet::V6).collect()));
        }
        let [keeps_rules, keeps_lists] = self.keeps;
        if keeps_rules && !before.rules.is_empty() {
            scene.rules.clone_from(&before.rules);
        }
        if keeps_lists && !before.lists.is_empty() {
            scene.lists.clone_from(&before.lists);
        }
        scene
    }
}

/// Addresses that are in other groups or lists, named or not: what is said of the others must not change.
fn moved(before: &Scene, after: &Scene) -> BTreeSet<IpAddr> {
    let lists = |scene: &Scene, address: IpAddr| -> BTreeSet<u8> {
        let covers = |entries: &BTreeSet<IpNet>| entries.iter().any(|net| net.contains(&address));
        scene.lists.iter().filter(|(_, (_, entries))| covers(entries)).map(|(number, _)| *number).collect()
    };
    (0..18)
        .map(address)
        .filter(|each| {
            before.members.get(each) != after.members.get(each) || lists(before, *each) != lists(after, *each)
        })
        .collect()
}

const TRAFFIC: [Traffic; 6] = [
    Traffic::Tcp(22),
    Traffic::Tcp(65_535),
    Traffic::Udp(256),
    Traffic::Icmp(8, 0),
    Traffic::Icmp(128, 128),
    Traffic::Other(47),
];

type Probe = (u32, Direction, IpAddr, Traffic);

fn probes() -> impl Iterator<Item = Probe> {
    (1..3u32).flat_map(|number| {
        [Direction::Inbound, Direction::Outbound].into_iter().flat_map(move |direction| {
            (0..18u8).flat_map(move |peer| TRAFFIC.map(|traffic| (number, direction, address(peer), traffic)))
        })
    })
}

/// Answers to all probes, in a fixed order.
fn answers(tables: &MemoryTables) -> Vec<Option<u32>> {
    probes().map(|(number, direction, peer, traffic)| ask(tables, number, direction, peer, traffic)).collect()
}

/// Takes the steps of a plan one by one, and checks what packets see after each.
fn publish(tables: &mut MemoryTables, plan: &Plan, moved: &BTreeSet<IpAddr>) -> Result<(), TestCaseError> {
    let before = answers(tables);
    plan.writes.iter().for_each(|write| tables.write(write));
    prop_assert_eq!(&answers(tables), &before, "writes are visible before anything is published");
    // What the old policies say when all members have changed, when all entries of lists have, and when both have. An
    // address can be both, and each of the two is seen as it was or as it is to be.
    let is_entry = |change: &Change| match change {
        Change::Write(Write::ListV4 { .. } | Write::ListV6 { .. }) => true,
        Change::Remove(Removal::ListV4 { .. } | Removal::ListV6 { .. }) => true,
        Change::Write(_) | Change::Remove(_) => false,
    };
    let after = [[true, false], [false, true], [true, true]].map(|[members, entries]| {
        let mut ready = tables.clone();
        let done = plan.members.iter().filter(|change| if is_entry(change) { entries } else { members });
        done.for_each(|change| ready.change(change));
        answers(&ready)
    });
    for change in &plan.members {
        tables.change(change);
        for (place, (now, probe)) in answers(tables).iter().zip(probes()).enumerate() {
            let (_, _, peer, _) = probe;
            let is_old = *now == before[place];
            let is_new = after.iter().any(|after| *now == after[place]);
            prop_assert!(is_old || is_new, "{probe:?} is judged neither as before nor as after");
            prop_assert!(is_old || moved.contains(&peer), "{probe:?} did not change and is judged otherwise");
        }
    }
    for (number, cell) in &plan.cells {
        tables.set_cell(*number, *cell);
    }
    let published = answers(tables);
    for change in &plan.late_members {
        tables.change(change);
        prop_assert_eq!(&answers(tables), &published, "forgetting a group or a list is visible");
    }
    Ok(())
}

/// Tables and who lays them out.
struct Bench {
    tables: MemoryTables,
    layout: Layout,
    desired: Desired,
    scene: Scene,
}

impl Bench {
    fn publish(&mut self, desired: &Desired, moved: &BTreeSet<IpAddr>) -> Result<(), TestCaseError> {
        let (next, plan) = self.layout.plan(desired).unwrap();
        publish(&mut self.tables, &plan, moved)?;
        self.layout = next;
        Ok(())
    }

    fn restart(&mut self) {
        self.layout = Layout::adopt(limits(), &self.tables.observe());
    }

    fn take(&mut self, scene: Scene, mishap: Mishap, reclaims: bool) -> Result<(), TestCaseError> {
        let model = scene.model();
        prop_assert_eq!(model.check(), Ok(()));
        let desired = self.desired.follow(&model).unwrap();
        prop_assert_eq!(&desired, &compile(&model).unwrap(), "the way to a model matters");
        let (_, plan) = self.layout.plan(&desired).unwrap();
        match mishap {
            Mishap::DiesBefore => {
                plan.writes.iter().take(plan.writes.len() / 2).for_each(|write| self.tables.write(write));
                self.restart();
            }
            Mishap::Discards => {
                plan.writes.iter().for_each(|write| self.tables.write(write));
                plan.writes.iter().filter_map(Write::undo).for_each(|removal| self.tables.remove(removal));
            }
            Mishap::None | Mishap::DiesAfter => {}
        }
        let moved = moved(&self.scene, &scene);
        self.publish(&desired, &moved)?;
        if mishap == Mishap::DiesAfter {
            self.restart();
            self.publish(&desired, &BTreeSet::new())?;
        }
        let mut scratch = MemoryTables::new();
        let (_, plan) = Layout::new(limits()).plan(&desired).unwrap();
        scratch.publish(&plan);
        prop_assert_eq!(answers(&self.tables), answers(&scratch));
        for (number, direction, peer, traffic) in probes() {
            let expected = ask_model(&model, number, direction, peer, traffic);
            prop_assert_eq!(desired.evaluate(number, direction, peer, traffic), expected);
            prop_assert_eq!(ask(&self.tables, number, direction, peer, traffic), expected);
        }
        if mishap != Mishap::None {
            // What another controller had given different sets comes together in the next plan.
            self.publish(&desired, &BTreeSet::new())?;
        }
        if reclaims {
            self.layout.reclaim().into_iter().for_each(|removal| self.tables.remove(removal));
            prop_assert_eq!(answers(&self.tables), answers(&scratch), "reclaiming takes away what is in use");
            if mishap != Mishap::Discards {
                prop_assert_eq!(self.tables.keyed_entries(), scratch.keyed_entries(), "entries are left behind");
            }
            prop_assert!(!self.layout.has_retired());
            let (_, again) = self.layout.plan(&desired).unwrap();
            prop_assert!(again.writes.is_empty() && again.members.is_empty() && again.late_members.is_empty());
        }
        (self.desired, self.scene) = (desired, scene);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_way_leads_to_the_same_tables(
        shared in prop::collection::vec((any_service(), any_peer()), 4),
        steps in prop::collection::vec(any_step(), 1..7),
    ) {
        let mut bench = Bench {
            tables: MemoryTables::new(),
            layout: Layout::new(limits()),
            desired: Desired::default(),
            scene: Scene::default(),
        };
        for step in &steps {
            let scene = step.scene(&shared, &bench.scene);
            bench.take(scene, step.mishap, step.reclaims)?;
        }
        bench.take(Scene::default(), Mishap::None, true)?;
        // Only what a discarded plan has set in the filter may be left.
        prop_assert_eq!(bench.tables.keyed_entries(), 0);
        for usage in bench.layout.usage() {
            prop_assert_eq!(usage.entries, 0, "{} holds places for nothing", usage.table);
        }
    }
}
