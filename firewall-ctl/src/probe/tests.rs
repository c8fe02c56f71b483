use super::*;
use crate::compile::{Layout, Limits, MemoryTables, compile};
use crate::daemon::testing;
use firewall_common::abi::{FlowKeyV4, INTERFACE_NO_ETHERNET, Interface};
use firewall_common::flow::State;
use firewall_common::packet::{FIN, Metadata, Network, Packet, URG, parse_link, parse_part_v4, parse_v4, parse_v6};
use firewall_common::verdict::{Pass, Reason, Verdict};
use std::collections::BTreeSet;

fn probe(protocol: u8, source: &str, destination: &str, ports: [u16; 2]) -> Probe {
    Probe {
        direction: Direction::Inbound,
        vlans: Vec::new(),
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        protocol,
        source_port: ports[0],
        service: ports[1],
        flags: if protocol == protocol::TCP { SYN } else { 0 },
        part: Part::Whole,
    }
}

fn of_host() -> Interface {
    Interface { attachment: 1, vpc: 1, allowance: [u32::MAX; 2], ..Interface::default() }
}

const V4: [&str; 2] = ["198.51.100.7", "192.0.2.1"];
const V6: [&str; 2] = ["2001:db8::7", "2001:db8::1"];

#[test]
fn frames_say_what_the_packet_is() {
    for number in [protocol::TCP, protocol::UDP, protocol::ICMP, 47] {
        for vlans in [vec![], vec![5], vec![5, 7]] {
            let probe = Probe { vlans: vlans.clone(), ..probe(number, V4[0], V4[1], [50_000, 0x0803]) };
            let [frame] = probe.frames(&of_host()).try_into().unwrap();
            let link = parse_link(&frame.as_slice(), &Metadata::PLAIN).unwrap();
            assert_eq!(link.network, Network::V4);
            assert_eq!(link.vlans, vlans.iter().fold(0, |tags, id| tags << 16 | u32::from(*id)));
            let mut packet = Packet::EMPTY;
            parse_v4(&frame.as_slice(), &Metadata::PLAIN, &link, &mut packet).unwrap();
            assert_eq!((packet.source, packet.destination), ([198, 51, 100, 7], [192, 0, 2, 1]));
            assert_eq!(packet.protocol, number);
            let wanted = if number == 47 { (0, 0) } else { (50_000, 0x0803) };
            assert_eq!((packet.transport.source_port, packet.transport.service), wanted, "{number}");
        }
    }
    for number in [protocol::TCP, protocol::UDP, protocol::ICMPV6] {
        let probe = probe(number, V6[0], V6[1], [50_000, 0x8000]);
        let [frame] = probe.frames(&of_host()).try_into().unwrap();
        let link = parse_link(&frame.as_slice(), &Metadata::PLAIN).unwrap();
        let mut packet = Packet::EMPTY;
        parse_v6(&frame.as_slice(), &Metadata::PLAIN, &link, &mut packet).unwrap();
        assert_eq!(IpAddr::from(packet.source), probe.source);
        assert_eq!((packet.transport.source_port, packet.transport.service), (50_000, 0x8000), "{number}");
    }
}

#[test]
fn flags_are_those_that_were_given() {
    for flags in [0, SYN, SYN | ACK, RST, FIN | ACK | URG] {
        let probe = Probe { flags, ..probe(protocol::TCP, V4[0], V4[1], [1, 2]) };
        let [frame] = probe.frames(&of_host()).try_into().unwrap();
        assert_eq!(frame[14 + 20 + 13], flags);
    }
}

#[test]
fn a_device_without_ethernet_has_no_such_header() {
    let entry = Interface { flags: INTERFACE_NO_ETHERNET, ..of_host() };
    let [frame] = probe(protocol::UDP, V4[0], V4[1], [1, 2]).frames(&entry).try_into().unwrap();
    assert_eq!((frame[0], frame.len()), (0x45, 28));
}

#[test]
fn fragments_fit_together() {
    let later = Probe { part: Part::Later, ..probe(protocol::TCP, V4[0], V4[1], [1, 2]) };
    let parsed: Vec<Packet<Ipv4>> = later
        .frames(&of_host())
        .iter()
        .map(|frame| {
            let frame = frame.as_slice();
            let link = parse_link(&frame, &Metadata::PLAIN).unwrap();
            let mut packet = Packet::EMPTY;
            parse_v4(&frame, &Metadata::PLAIN, &link, &mut packet).unwrap();
            parse_part_v4(&frame, &Metadata::PLAIN, &link, &mut packet).unwrap();
            packet
        })
        .collect();
    let [first, second] = parsed.try_into().unwrap();
    assert!(first.fragment.is_first() && second.fragment.is_later());
    assert_eq!((first.fragment.end, first.fragment.id), (second.fragment.start, second.fragment.id));
}

#[test]
fn what_is_answered_and_with_what() {
    let answer = |probe: Probe| probe.answer().map(|answer| (answer.source_port, answer.service, answer.flags));
    let tcp = |flags| Probe { flags, ..probe(protocol::TCP, V4[0], V4[1], [50_000, 22]) };
    assert_eq!(answer(tcp(SYN)), Some((22, 50_000, SYN | ACK)));
    assert_eq!(answer(tcp(ACK)), Some((22, 50_000, ACK)));
    assert_eq!(answer(tcp(RST)), None);
    assert_eq!(answer(probe(protocol::UDP, V4[0], V4[1], [9, 53])), Some((53, 9, 0)));
    assert_eq!(answer(probe(protocol::UDP, V4[0], "224.0.0.251", [9, 53])), None);
    assert_eq!(answer(probe(protocol::ICMP, V4[0], V4[1], [9, 8 << 8])), Some((9, 0, 0)));
    assert_eq!(answer(probe(protocol::ICMPV6, V6[0], V6[1], [9, 128 << 8])), Some((9, 129 << 8, 0)));
    assert_eq!(answer(probe(protocol::ICMP, V4[0], V4[1], [9, 0])), None, "an answer is not answered");
    assert_eq!(answer(probe(protocol::ICMP, V4[0], V4[1], [9, 3 << 8])), None, "nor is an error");
}

/// A model with `eth0`, and the tables that it compiles to.
fn attached() -> (crate::model::Model, crate::model::InterfaceId, MemoryTables) {
    let mut model = testing::model();
    let id = testing::attach(&mut model, "eth0", &[V4[1], V6[1]]);
    let desired = compile(&model).unwrap();
    let (_, plan) = Layout::new(Limits::default()).plan(&desired).unwrap();
    let mut tables = MemoryTables::new();
    tables.publish(&plan);
    tables.set_owners(desired.owners().clone());
    let entry = Interface { allowance: [u32::MAX; 2], ..desired.interfaces()[&1].entry };
    tables.set_interface(1, entry);
    (model, id, tables)
}

#[test]
fn the_key_of_a_flow_is_that_of_the_decision() {
    for (number, addresses, service) in [
        (protocol::TCP, V4, 22),
        (protocol::UDP, V6, 53),
        (protocol::ICMP, V4, 8 << 8),
        (protocol::ICMPV6, V6, 128 << 8),
        (47, V4, 0),
    ] {
        for vlans in [vec![], vec![5], vec![5, 7]] {
            let (_, _, tables) = attached();
            // The default group lets everything out.
            let probe = Probe {
                direction: Direction::Outbound,
                vlans,
                ..probe(number, addresses[1], addresses[0], [50_000, service])
            };
            let probe = Probe { source_port: if number == 47 { 0 } else { 50_000 }, ..probe };
            assert_eq!(hear(&tables, &tables, 1, &probe).packet.verdict, Verdict::Allow(Pass::Rule));
            let keys: Vec<FlowKey> = tables.flows().into_keys().collect();
            assert_eq!(keys, [probe.flow_key(1).unwrap()]);
            let answer = probe.answer().unwrap();
            assert_eq!(answer.flow_key(1), probe.flow_key(1));
        }
    }
}

#[test]
fn answers_and_fragments_are_judged_in_their_turn() {
    let (_, _, tables) = attached();
    let out = Probe { direction: Direction::Outbound, ..probe(protocol::TCP, V4[1], V4[0], [50_000, 22]) };
    let findings = hear(&tables, &tables, 1, &out);
    assert_eq!(findings.answer.unwrap().verdict, Verdict::Allow(Pass::Flow));
    assert_eq!(findings.answer.unwrap().rule, findings.packet.rule);
    let part = |part| hear(&tables, &tables, 1, &Probe { part, ..out.clone() });
    assert_eq!(part(Part::Alone).packet.verdict, Verdict::Drop(Reason::FragmentWithoutFirst));
    tables.forget();
    assert_eq!(part(Part::First).packet.verdict, Verdict::Allow(Pass::Rule));
    tables.forget();
    let later = part(Part::Later);
    assert_eq!(later.packet.verdict, Verdict::Allow(Pass::Fragment));
    assert_eq!(later.first.unwrap().verdict, Verdict::Allow(Pass::Rule));
    // What comes in is nobody's business but that of members.
    let incoming = Probe { part: Part::Later, ..probe(protocol::TCP, V4[0], V4[1], [50_000, 22]) };
    tables.forget();
    let later = hear(&tables, &tables, 1, &incoming);
    assert_eq!(later.first.unwrap().verdict, Verdict::Drop(Reason::NoPeer));
    assert_eq!(later.packet.verdict, Verdict::Drop(Reason::FragmentWithoutFirst));
    assert_eq!(later.answer, None);
}

#[test]
fn a_device_without_an_entry_drops() {
    let (_, _, tables) = attached();
    let findings = hear(&tables, &tables, 9, &probe(protocol::TCP, V4[0], V4[1], [1, 2]));
    assert_eq!((findings.entry, findings.packet.verdict), (None, Verdict::Drop(Reason::NoInterface)));
    assert!(findings.rules.is_empty());
}

#[test]
fn paper_knows_whose_addresses_are_whose() {
    let (mut model, id, _) = attached();
    testing::attach(&mut model, "eth1", &["192.0.2.9"]);
    let spoofed = probe(protocol::TCP, "192.0.2.9", V4[1], [1, 2]);
    let always = BTreeSet::new();
    let paper = |probe: &Probe, always| Paper::new(&model, &model.interfaces[&id], probe, always).unwrap();
    let verdict = |probe: &Probe, always| paper(probe, always).hear(probe, 0, None).packet.verdict;
    assert_eq!(verdict(&spoofed, &always), Verdict::Drop(Reason::SourceHeldHere));
    let clock = probe(protocol::UDP, "169.254.169.123", V4[1], [123, 50_000]);
    assert_eq!(verdict(&clock, &always), Verdict::Drop(Reason::NoPeer));
    let always = BTreeSet::from([clock.source]);
    assert_eq!(verdict(&clock, &always), Verdict::Allow(Pass::AlwaysAllowed));
}

#[test]
fn paper_takes_a_flow_as_it_is() {
    let (model, id, _) = attached();
    let asked = Probe { flags: ACK, ..probe(protocol::TCP, V4[0], V4[1], [50_000, 22]) };
    let Some(FlowKey::V4(key)) = asked.flow_key(1) else { panic!("a flow of IPv4") };
    let wanted = FlowKeyV4 { local_port: 22, remote_port: 50_000, ..key };
    assert_eq!(key, wanted);
    for (state, verdict) in [
        (State::Established, Verdict::Allow(Pass::Flow)),
        (State::Cut, Verdict::Drop(Reason::CutFlow)),
        (State::Claimed, Verdict::Drop(Reason::NoPeer)),
    ] {
        let word = firewall_common::flow::Word::new(state, 1, 100).bits();
        let flow = firewall_common::abi::Flow { word, ..firewall_common::abi::Flow::default() };
        let paper = Paper::new(&model, &model.interfaces[&id], &asked, &BTreeSet::new()).unwrap();
        assert_eq!(paper.hear(&asked, 101, Some((FlowKey::V4(key), flow))).packet.verdict, verdict, "{state:?}");
    }
}
