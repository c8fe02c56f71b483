//! Plans taken one after the other answer every look-up as tables made at once, and leave nothing behind.

mod cases;
mod ways;

use super::*;
use crate::model::{
    AccountId, Attachment, ConnectionTracking, Family, GroupId, HookWish, NetworkInterface, Numbers, Peer, PrefixList,
    Rule, RuleKey, SecurityGroup, Service, Side, Tags, Vpc, VpcId,
};
use firewall_common::abi::{HAS_CIDRS, HAS_GROUPS, HAS_LISTS, LEAF, RuleSet, V4, V6, list_filter_place};
use firewall_common::decide::Tables;
use firewall_common::packet::Address;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Number of the VPC of all scenes.
const VPC: u32 = 1;
/// Rules of a scene that a group can have at most: numbers of rules are the group's, times this, and the rule's.
const RULES: u32 = 2000;

fn group(number: u8) -> GroupId {
    format!("sg-{number:08x}").parse().unwrap()
}

fn list(number: u8) -> PrefixListId {
    format!("pl-{number:08x}").parse().unwrap()
}

fn interface(number: u32) -> InterfaceId {
    format!("eni-{number:08x}").parse().unwrap()
}

fn of_group(number: u8) -> Peer {
    Peer::Group { id: group(number), owner: AccountId::default() }
}

/// Addresses from which members and probes are taken: few, so that they meet.
fn address(number: u8) -> IpAddr {
    if number & 1 == 0 {
        Ipv4Addr::new(10, 0, 0, number >> 1).into()
    } else {
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number >> 1)).into()
    }
}

/// A model in few words.
#[derive(Debug, Clone, Default)]
struct Scene {
    /// Rules of each group, by their number within it.
    rules: BTreeMap<u8, BTreeMap<u32, (Direction, Service, Peer)>>,
    /// Groups of each attachment.
    attached: BTreeMap<u32, BTreeSet<u8>>,
    /// Groups of each address of somebody else.
    members: BTreeMap<IpAddr, BTreeSet<u8>>,
    /// Entries of each list.
    lists: BTreeMap<u8, (Family, BTreeSet<IpNet>)>,
}

impl Scene {
    /// The model. Identifiers are the same in every scene.
    fn model(&self) -> Model {
        let vpc: VpcId = "vpc-00000001".parse().unwrap();
        let mut model = Model { numbers: Numbers { next_vpc: 2, ..Numbers::default() }, ..Model::default() };
        let value = Vpc {
            id: vpc,
            number: VPC,
            owner: AccountId::default(),
            cidr_blocks: Vec::new(),
            ipv6_cidr_blocks: Vec::new(),
            is_default: true,
            attributes: Default::default(),
            tags: Tags::default(),
        };
        model.vpcs.insert(vpc, Arc::new(value));
        let mut known: BTreeSet<u8> = self.rules.keys().copied().chain([0]).collect();
        known.extend(self.attached.values().chain(self.members.values()).flatten());
        let named = self.rules.values().flat_map(BTreeMap::values).filter_map(|(_, _, peer)| peer.group());
        known.extend(named.filter_map(|id| (0..=u8::MAX).find(|number| group(*number) == id)));
        for number in known {
            let rules = self.rules.get(&number).into_iter().flatten().map(|(index, (direction, service, peer))| {
                let number = u32::from(number) * RULES + index;
                let id: RuleId = format!("sgr-{number:08x}").parse().unwrap();
                let key = RuleKey { direction: *direction, service: *service, peer: *peer };
                (id, Rule { id, key, description: None, tags: Tags::default(), number })
            });
            let name = if number == 0 { "default".to_owned() } else { format!("group {number}") };
            let value = SecurityGroup {
                id: group(number),
                name: name.parse().unwrap(),
                description: "of a test".parse().unwrap(),
                vpc,
                owner: AccountId::default(),
                tags: Tags::default(),
                rules: rules.collect(),
            };
            model.groups.insert(value.id, Arc::new(value));
        }
        for (number, (family, entries)) in &self.lists {
            let (name, size) = ("offices".parse().unwrap(), entries.len().max(1) as u32);
            let entries = entries.iter().map(|net| (*net, None)).collect();
            let value = PrefixList::new(list(*number), name, AccountId::default(), *family, size, entries);
            model.prefix_lists.insert(value.id, Arc::new(value));
        }
        for (number, groups) in &self.attached {
            let device = Some(format!("eth{number}"));
            let attachment = Attachment {
                device: format!("eth{number}"),
                side: Side::Host,
                hook: HookWish::Auto,
                addresses: crate::model::AddressSource::Given,
                mac_source: crate::model::MacSource::Auto,
                strict_l2: false,
                enforce: true,
                number: *number,
                adopt: false,
                by_tag: false,
            };
            put(&mut model, vpc, NetworkInterface { attachment: Some(attachment), device, ..bare(*number, groups) });
        }
        for ((address, groups), number) in self.members.iter().zip(10_000..) {
            let addresses = BTreeSet::from([*address]);
            put(&mut model, vpc, NetworkInterface { addresses, ..bare(number, groups) });
        }
        model
    }

    fn compiled(&self) -> Desired {
        compile(&self.model()).unwrap()
    }
}

fn put(model: &mut Model, vpc: VpcId, interface: NetworkInterface) {
    if !interface.groups.is_empty() {
        model.interfaces.insert(interface.id, Arc::new(NetworkInterface { vpc, ..interface }));
    }
}

/// An interface without addresses and attachment.
fn bare(number: u32, groups: &BTreeSet<u8>) -> NetworkInterface {
    NetworkInterface {
        id: interface(number),
        vpc: "vpc-00000000".parse().unwrap(),
        owner: AccountId::default(),
        description: String::new(),
        groups: groups.iter().map(|number| group(*number)).collect(),
        addresses: BTreeSet::new(),
        mac_address: None,
        attachment: None,
        device: None,
        tags: Tags::default(),
        source_dest_check: true,
        subnet: None,
        primary: None,
        instance: None,
        client_token: None,
        timeouts: ConnectionTracking::default(),
    }
}

/// Asks every rule of the model: the number of the one that counts, said as plainly as possible.
fn ask_model(model: &Model, number: u32, direction: Direction, peer: IpAddr, traffic: Traffic) -> Option<u32> {
    let family = if peer.is_ipv4() { V4 } else { V6 };
    let interface = model.interface_by_number(number)?;
    let rules = interface.groups.iter().flat_map(|group| model.groups[group].rules(direction));
    let allowing = rules.filter(|rule| traffic.is_of(rule.key.service, family)).filter_map(|rule| {
        let rank = match rule.key.peer {
            Peer::Ipv4(net) => IpNet::V4(net).contains(&peer).then_some(u32::from(net.prefix_len() > 0)),
            Peer::Ipv6(net) => IpNet::V6(net).contains(&peer).then_some(u32::from(net.prefix_len() > 0)),
            Peer::PrefixList(list) => {
                model.prefix_lists[&list].entries.keys().any(|net| net.contains(&peer)).then_some(2)
            }
            Peer::Group { id, owner: _ } => model
                .interfaces
                .values()
                .any(|other| other.groups.contains(&id) && other.addresses.contains(&peer))
                .then_some(3),
        };
        Some((rank?, rule.number))
    });
    allowing.min().map(|(_, number)| number)
}

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
    assert!(services.iter().all(|bit| bit < policy.words as usize * 64), "a rule is beyond the words of its policy");
    let used = services.words.split_at(policy.words as usize).0;
    let set = |index: Option<u32>| index.map_or(RuleSet::EMPTY, |index| *tables.rule_set(index).unwrap());
    let has = |kind: u32| services.kinds() & kind != 0;
    let octets = match peer {
        IpAddr::V4(peer) => (peer.octets().filter_octet(), peer.octets().list_filter_bits()),
        IpAddr::V6(peer) => (peer.octets().filter_octet(), peer.octets().list_filter_bits()),
    };
    let (has_cidrs, (word, bit)) =
        (has(HAS_CIDRS) && policy.cidr_filter.contains(octets.0), list_filter_place(family, octets.1));
    let cidrs = match peer {
        IpAddr::V4(peer) if has_cidrs => tables.cidr_v4(slot, peer.octets()),
        IpAddr::V6(peer) if has_cidrs => tables.cidr_v6(slot, peer.octets()),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    };
    let may_be_listed = has(HAS_LISTS) && tables.list_filter(word).unwrap() >> bit & 1 == 1;
    let lists = match peer {
        IpAddr::V4(peer) => tables.lists_v4(peer.octets()),
        IpAddr::V6(peer) => tables.lists_v6(peer.octets()),
    };
    let lists = lists.filter(|_| may_be_listed).and_then(|set| tables.list_rules(slot, set, family));
    let member = match peer {
        IpAddr::V4(peer) => tables.member_v4(VPC, peer.octets()),
        IpAddr::V6(peer) => tables.member_v6(VPC, peer.octets()),
    };
    let groups = member.filter(|_| has(HAS_GROUPS)).and_then(|member| tables.group_rules(slot, member, family));
    let peers = [policy.anyone, set(cidrs), set(lists), set(groups)];
    let first = |peers: &RuleSet| {
        let common = used.iter().zip(peers.words).map(|(one, other)| one & other);
        let (word, bits) = (0..).zip(common).find(|(_, bits)| *bits != 0)?;
        Some(word * 64 + bits.trailing_zeros())
    };
    let bit = peers.iter().find_map(first)?;
    tables.rule_number(slot, family, bit)
}

fn limits() -> Limits {
    Limits { attachments: 8, slots: 64, pages: 512, rule_sets: 2048, ..Limits::default() }
}
