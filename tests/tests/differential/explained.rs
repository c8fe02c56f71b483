//! Packets on paper: what is explained of them is what becomes of them.
//!
//! The plays are those of the comparison of the three. Before each packet its explanation is asked for, by the model and by the
//! tables as they lie, which were reached from one model after the other; then it is judged, by the oracle and by these tables.

use crate::strategy;
use firewall_common::abi::INTERFACE_NO_ETHERNET;
use firewall_common::verdict::{Direction, Pass, Reason, Verdict};
use firewall_ctl::daemon::observe::nearest::{Question, candidates};
use firewall_ctl::model::{Model, NetworkInterface};
use firewall_ctl::probe::{Findings, Paper, Part, Probe};
use firewall_tests::effort;
use firewall_tests::judge::{Hook, Host, small_limits};
use firewall_tests::oracle::{Content, IpSketch, LinkSketch, Oracle, Place, Sketch, Upper};
use firewall_tests::play::{ATTACHMENT, Play, Scene};
use proptest::strategy::Strategy as _;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Packets of one run, unless another number is asked for: of so many of the comparison of the three, one is explained.
const PACKETS: u64 = 4_000;
/// See there: compiling a model for each packet takes longer than judging it.
const ONE_OF: u64 = 8;

/// How often something was seen.
type Seen = BTreeMap<String, u64>;

#[test]
fn what_is_explained_is_what_becomes_of_a_packet() {
    let (cases, mut key) = (effort::cases(PACKETS * ONE_OF) / ONE_OF, [0; 32]);
    key[..8].copy_from_slice(&effort::seed().to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &key));
    let plays = strategy::play();
    let state = RefCell::new((Host::new(small_limits()), Seen::new()));
    while state.borrow().1.get("packets").is_none_or(|count| *count < cases) {
        let tree = plays.new_tree(&mut runner).unwrap_or_else(|reason| panic!("no play: {reason}"));
        let result = runner.run_one(tree, |play| {
            let (host, seen) = &mut *state.borrow_mut();
            perform(&play, host, seen).map_err(TestCaseError::fail)
        });
        result.unwrap_or_else(|error| panic!("seed {}: {error}", effort::seed()));
    }
    let seen = &state.borrow().1;
    println!("{seen:#?}");
    let missing: Vec<String> = wanted().into_iter().filter(|class| !seen.contains_key(class)).collect();
    assert_eq!(missing, Vec::<String>::new(), "never occurred: {seen:#?}");
}

/// What has to occur.
fn wanted() -> Vec<String> {
    let verdicts = [
        Verdict::Allow(Pass::Rule),
        Verdict::Allow(Pass::Flow),
        Verdict::Allow(Pass::Untracked),
        Verdict::Drop(Reason::NoService),
        Verdict::Drop(Reason::NoPeer),
        Verdict::WouldDrop(Reason::NoService),
        Verdict::WouldDrop(Reason::NoPeer),
        Verdict::WouldDrop(Reason::DeniedFlow),
    ];
    let families = ["IPv4", "IPv6"].into_iter();
    let by_family = families.flat_map(|family| verdicts.map(|verdict| format!("{verdict:?} {family}")));
    let others = [
        "Drop(TcpFlags)",
        "Drop(SourceHeldHere)",
        "Drop(SourceNotOwn)",
        "Drop(DestinationNotOwn)",
        "Allow(AlwaysAllowed)",
        "first fragment",
        "no Ethernet",
        "Allow(NeighbourDiscovery)",
        "answer none",
        "answer Allow(Flow)",
        "answer Allow(Untracked)",
        "answer WouldDrop(DeniedFlow)",
        "several rules",
    ];
    by_family.chain(others.map(str::to_owned)).collect()
}

fn perform(play: &Play, host: &mut Host, seen: &mut Seen) -> Result<(), String> {
    let mut oracle = Oracle::default();
    host.forget();
    let receive = if play.over_xdp && !play.is_bare { Hook::Xdp } else { Hook::TcReceive };
    let mut shown = Vec::new();
    for (number, sketch) in play.scenes.iter().enumerate() {
        let Scene { model, interface: id, always } = sketch.build(play.side);
        host.publish(&model);
        host.allow_always(&always);
        let mut entry = host.entry(ATTACHMENT);
        if play.is_bare {
            entry.flags |= INTERFACE_NO_ETHERNET;
        }
        host.place(entry);
        oracle.watch(sketch.is_watched);
        oracle.allow_always(always.clone());
        let interface = &model.interfaces[&id];
        for packet in &sketch.packets {
            let (direction, mut packet) = packet.resolve(sketch, &shown);
            if play.is_bare {
                packet.link = LinkSketch::Bare;
            }
            let probe = probe(direction, &packet);
            let explained =
                probe.as_ref().map(|probe| (explain(host, &model, interface, probe, &always), host.hear(probe)));
            let hook = if receive.direction(play.side) == direction { receive } else { Hook::TcSend };
            let frame = packet.frame();
            let expected = oracle.judge(&model, id, direction, &packet);
            let judged = host.judge(hook, &frame).verdict(ATTACHMENT, direction, frame.len())?;
            if let (Some(probe), Some((by_model, by_tables))) = (&probe, &explained) {
                let told = format!(
                    "in scene {number}: {probe:#?}\nmodel {by_model:#?}\ntables {by_tables:#?}\noracle {expected:?}"
                );
                let verdicts = [by_model.packet.verdict, by_tables.packet.verdict, judged];
                if verdicts != [expected.verdict; 3] {
                    return Err(format!("{verdicts:?} {told}"));
                }
                if expected.rule.is_some() && expected.rule != by_model.packet.rule {
                    return Err(format!("another rule is named {told}"));
                }
                if (&by_model.packet, &by_model.answer, &by_model.rules)
                    != (&by_tables.packet, &by_tables.answer, &by_tables.rules)
                {
                    return Err(format!("model and tables differ {told}"));
                }
                let near = allowing(&model, interface, probe);
                if near != by_model.rules {
                    return Err(format!("rules that allow it: {near:?} {told}"));
                }
                note(probe, by_model, play.is_bare, seen);
            }
            shown.push((direction, packet));
        }
    }
    Ok(())
}

fn explain(
    host: &Host,
    model: &Model,
    interface: &NetworkInterface,
    probe: &Probe,
    always: &BTreeSet<IpAddr>,
) -> Findings {
    let flow = probe.flow_key(ATTACHMENT).and_then(|key| host.flows().get(&key).map(|flow| (key, *flow)));
    let paper = Paper::new(model, interface, probe, always);
    paper.unwrap_or_else(|error| panic!("{error}")).hear(probe, 0, flow)
}

/// Numbers of the rules that allow a packet, by their words.
fn allowing(model: &Model, interface: &NetworkInterface, probe: &Probe) -> BTreeSet<u32> {
    let Probe { direction, protocol, service, .. } = *probe;
    let question = Question { direction, protocol, service, peer: probe.peer() };
    let candidates = candidates(model, interface, &question).into_iter();
    candidates.filter(|candidate| candidate.lacks.is_none()).map(|candidate| candidate.rule.number).collect()
}

fn note(probe: &Probe, findings: &Findings, is_bare: bool, seen: &mut Seen) {
    let family = if probe.source.is_ipv4() { "IPv4" } else { "IPv6" };
    let answer = findings.answer.map_or_else(|| "none".to_owned(), |answer| format!("{:?}", answer.verdict));
    let verdict = format!("{:?}", findings.packet.verdict);
    let mut classes =
        vec!["packets".to_owned(), verdict.clone(), format!("{verdict} {family}"), format!("answer {answer}")];
    classes.extend((findings.rules.len() > 1).then(|| "several rules".to_owned()));
    classes.extend((probe.part == Part::First).then(|| "first fragment".to_owned()));
    classes.extend(is_bare.then(|| "no Ethernet".to_owned()));
    for class in classes {
        *seen.entry(class).or_default() += 1;
    }
}

/// The packet on paper, if it is one that can be asked about: nothing is wrong with it, and it is no later fragment, about
/// which it matters what came before.
fn probe(direction: Direction, Sketch { link, vlans, content }: &Sketch) -> Option<Probe> {
    let Content::Ip(ip) = content else { return None };
    let IpSketch { source, destination, hop_limit, upper, quote: None, target, part, flaw: None } = ip else {
        return None;
    };
    let vlans = match link {
        LinkSketch::Plain => vlans.clone(),
        LinkSketch::Bare => Vec::new(),
        LinkSketch::Impostor | LinkSketch::ToAll => return None,
    };
    let part = match part.map(|part| part.place) {
        None => Part::Whole,
        Some(Place::First) => Part::First,
        Some(Place::Behind | Place::Over) => return None,
    };
    let (source_port, service, flags) = match *upper {
        Upper::Tcp(source, destination, flags) => (source, destination, flags),
        Upper::Udp(source, destination) => (source, destination, 0),
        Upper::Icmp(kind, code, id) => {
            // Discovery on paper comes as it should, and is about who sends it.
            let hops = match (source.is_ipv6(), kind) {
                (true, 130..=132 | 143) => 1,
                (true, 133..=137) => 255,
                (true | false, _) => *hop_limit,
            };
            let is_claim = source.is_ipv6() && (kind == 136 || (kind == 135 && source.is_unspecified()));
            let is_about_another = is_claim && target.map(IpAddr::from) != Some(*source);
            if hops != *hop_limit || is_about_another {
                return None;
            }
            (id, u16::from_be_bytes([kind, code]), 0)
        }
        Upper::Other(_) => (0, 0, 0),
    };
    let probe = Probe {
        direction,
        vlans,
        source: *source,
        destination: *destination,
        protocol: upper.protocol(source.is_ipv4()),
        source_port,
        service,
        flags,
        part,
    };
    (probe.vlans.len() <= 2).then_some(probe)
}
