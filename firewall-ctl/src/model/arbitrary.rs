//! Models for property tests: what a sequence of operations leaves, those that were refused included.

use super::{
    AccountId, AddressSource, Attachment, ConnectionTracking, EntryDescription, Family, GroupDescription, GroupId,
    GroupName, HookWish, IcmpFamily, InterfaceId, L4, MacAddress, MacSource, Model, ModelError, NetworkInterface,
    NewVpc, NumberPool, Peer, PrefixList, PrefixListId, Rule, RuleDescription, RuleId, RuleKey, SecurityGroup, Service,
    Side, Tags, VpcId,
};
use firewall_common::verdict::Direction;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Any service that the constructor can make; ports at the edges and small ranges more often.
pub fn service() -> impl Strategy<Value = Service> {
    let port = || prop_oneof![Just(0), Just(u16::MAX), 0..16_u16, any::<u16>()];
    let ports = (select(vec![L4::Tcp, L4::Udp]), port(), port()).prop_map(|(protocol, a, b)| Service::Ports {
        protocol,
        from: a.min(b),
        to: a.max(b),
    });
    let icmp = (select(vec![IcmpFamily::V4, IcmpFamily::V6]), option::of((any::<u8>(), option::of(any::<u8>()))))
        .prop_map(|(family, wanted)| match wanted {
            None => Service::Icmp { family, kind: None, code: None },
            Some((kind, code)) => Service::Icmp { family, kind: Some(kind), code },
        });
    let other = any::<u8>().prop_map(Service::Other).prop_filter("has ports", |service| service.is_canonical());
    prop_oneof![1 => Just(Service::All), 4 => ports, 2 => icmp, 1 => other]
}

/// Any address block of either family, as a peer.
pub fn cidr() -> impl Strategy<Value = Peer> {
    let ipv4 = (any::<u32>(), 0..=32_u8)
        .prop_map(|(bits, length)| Peer::Ipv4(Ipv4Net::new_assert(Ipv4Addr::from(bits), length).trunc()));
    let ipv6 = (any::<u128>(), 0..=128_u8)
        .prop_map(|(bits, length)| Peer::Ipv6(Ipv6Net::new_assert(Ipv6Addr::from(bits), length).trunc()));
    prop_oneof![Just(Peer::ANYONE_IPV4), Just(Peer::ANYONE_IPV6), ipv4, ipv6]
}

/// Either direction.
pub fn direction() -> impl Strategy<Value = Direction> {
    select(vec![Direction::Inbound, Direction::Outbound])
}

/// Any tags, few of them.
pub fn tags() -> impl Strategy<Value = Tags> {
    vec(("[a-z:]{1,8}", ".{0,8}"), 0..3).prop_map(|pairs| {
        let mut tags = Tags::default();
        for (key, value) in pairs {
            // A key that happens to be reserved is left out.
            let _ = tags.set(key, value);
        }
        tags
    })
}

/// The other end of a rule, where groups and prefix lists are meant by their place in the model.
#[derive(Debug, Clone)]
enum PeerPick {
    Cidr(Peer),
    Group(Index),
    PrefixList(Index),
}

/// An operation on whatever model there is.
#[derive(Debug, Clone)]
pub enum Operation {
    AddVpc { ipv6: bool, is_default: bool, tags: Tags },
    RemoveVpc { vpc: Index },
    PutGroup { vpc: Index, name: GroupName, description: GroupDescription, tags: Tags },
    RemoveGroup { group: Index },
    PutRule(RulePick),
    RemoveRules { group: Index, rules: Vec<Index> },
    PutPrefixList(PrefixListPick),
    RemovePrefixList { list: Index },
    PutInterface(InterfacePick),
    Detach { interface: Index },
    RemoveInterface { interface: Index },
}

/// A rule to put into a group.
#[derive(Debug, Clone)]
pub struct RulePick {
    group: Index,
    direction: Direction,
    service: Service,
    peer: PeerPick,
    description: Option<RuleDescription>,
    tags: Tags,
}

/// A prefix list to put in, or to put in the place of another one.
#[derive(Debug, Clone)]
pub struct PrefixListPick {
    known: Option<Index>,
    family: Family,
    max_entries: u32,
    entries: BTreeMap<IpNet, Option<EntryDescription>>,
    tags: Tags,
}

/// Device, side, hook, sources of addresses, and the flags of an attachment.
type AttachmentPick = (u8, Side, HookWish, AddressSource, MacSource, bool, bool, bool);

/// An interface to put in.
#[derive(Debug, Clone)]
pub struct InterfacePick {
    vpc: Index,
    groups: Vec<Index>,
    addresses: BTreeSet<IpAddr>,
    mac_address: Option<MacAddress>,
    attachment: Option<AttachmentPick>,
    timeouts: ConnectionTracking,
    tags: Tags,
}

/// Any operation.
pub fn operation() -> impl Strategy<Value = Operation> {
    let index = any::<Index>;
    // Few names, addresses and devices, so that they meet.
    let name = select(vec!["web", "Web", "db", "default", "admin"]).prop_map(|name| name.parse().expect("a name"));
    let description = "[a-z ]{1,9}".prop_map(|text| text.parse().expect("a description"));
    let put_group = (index(), name, description, tags())
        .prop_map(|(vpc, name, description, tags)| Operation::PutGroup { vpc, name, description, tags });
    let timeouts = (option::of(60..=432_000_u32), option::of(60..=180_u32), option::of(20..=60_u32))
        .prop_map(|(tcp_established, udp_stream, udp)| ConnectionTracking { tcp_established, udp_stream, udp });
    let address = prop_oneof![
        (0..6_u8).prop_map(|last| IpAddr::from([172, 31, 0, last])),
        (0..6_u16).prop_map(|last| IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, last])),
    ];
    let attachment = (
        0..4_u8,
        select(Side::ALL),
        select(HookWish::ALL),
        select(AddressSource::ALL),
        select(MacSource::ALL),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    let mac =
        option::of((0..3_u8).prop_map(|last| MacAddress::of_station(&[2, 0, 0, 0, 0, last]).expect("a station's")));
    let addresses = (btree_set(address, 0..3), mac);
    let put_interface = (index(), vec(index(), 0..4), addresses, option::of(attachment), timeouts, tags()).prop_map(
        |(vpc, groups, (addresses, mac_address), attachment, timeouts, tags)| {
            let pick = InterfacePick { vpc, groups, addresses, mac_address, attachment, timeouts, tags };
            Operation::PutInterface(pick)
        },
    );
    prop_oneof![
        1 => (any::<bool>(), any::<bool>(), tags())
            .prop_map(|(ipv6, is_default, tags)| Operation::AddVpc { ipv6, is_default, tags }),
        1 => index().prop_map(|vpc| Operation::RemoveVpc { vpc }),
        4 => put_group,
        1 => index().prop_map(|group| Operation::RemoveGroup { group }),
        8 => rule_pick().prop_map(Operation::PutRule),
        1 => (index(), vec(index(), 0..3)).prop_map(|(group, rules)| Operation::RemoveRules { group, rules }),
        4 => prefix_list_pick().prop_map(Operation::PutPrefixList),
        1 => index().prop_map(|list| Operation::RemovePrefixList { list }),
        4 => put_interface,
        1 => index().prop_map(|interface| Operation::Detach { interface }),
        1 => index().prop_map(|interface| Operation::RemoveInterface { interface }),
    ]
}

fn rule_pick() -> impl Strategy<Value = RulePick> {
    let peer = prop_oneof![
        cidr().prop_map(PeerPick::Cidr),
        any::<Index>().prop_map(PeerPick::Group),
        any::<Index>().prop_map(PeerPick::PrefixList),
    ];
    let description = option::of("[a-z ]{0,9}".prop_map(|text| text.parse().expect("a description")));
    (any::<Index>(), direction(), service(), peer, description, tags()).prop_map(
        |(group, direction, service, peer, description, tags)| RulePick {
            group,
            direction,
            service,
            peer,
            description,
            tags,
        },
    )
}

fn prefix_list_pick() -> impl Strategy<Value = PrefixListPick> {
    // Few blocks, so that they cover each other; now and then one of the other family.
    let ipv4 = (0..8_u8, 26..=32_u8).prop_map(|(low, length)| IpNet::new_assert([10, 0, 0, low * 8].into(), length));
    let ipv6 = (0..8_u16, 60..=68_u8)
        .prop_map(|(low, length)| IpNet::new_assert([0xfd00, 0, 0, low, 0x8000, 0, 0, 0].into(), length));
    let description = || option::of(".{0,9}".prop_filter_map("control characters", |text| text.parse().ok()));
    let entries = move |net: BoxedStrategy<IpNet>| {
        proptest::collection::btree_map(net.prop_map(|net| net.trunc()), description(), 0..6)
    };
    let family = select(Family::ALL).prop_flat_map(move |family| {
        let (ipv4, ipv6) = (ipv4.clone().boxed(), ipv6.clone().boxed());
        let (own, other) = if family == Family::Ipv4 { (ipv4, ipv6) } else { (ipv6, ipv4) };
        (Just(family), prop_oneof![9 => entries(own), 1 => entries(other)])
    });
    (option::of(any::<Index>()), family, 0..12_u32, tags()).prop_map(|(known, (family, entries), max_entries, tags)| {
        PrefixListPick { known, family, max_entries, entries, tags }
    })
}

/// Any model that operations can lead to, the empty one included.
pub fn model() -> impl Strategy<Value = Model> {
    (any::<u64>(), any::<bool>(), vec(operation(), 0..40)).prop_map(|(seed, empty, operations)| {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut model = if empty { Model::default() } else { Model::new_with_default_vpc(&mut rng) };
        for operation in operations {
            // A refusal leaves the model as it was.
            let _ = run(&mut model, operation, &mut rng);
        }
        model
    })
}

/// Does an operation. One that finds nothing to work on does nothing.
pub fn run(model: &mut Model, operation: Operation, rng: &mut StdRng) -> Result<(), ModelError> {
    let busy = BTreeSet::from([2, 5]);
    let pool = NumberPool { last: 50, busy: &busy };
    let vpcs: Vec<VpcId> = model.vpcs.keys().copied().collect();
    let groups: Vec<GroupId> = model.groups.keys().copied().collect();
    let interfaces: Vec<InterfaceId> = model.interfaces.keys().copied().collect();
    match operation {
        Operation::AddVpc { ipv6, is_default, tags } => {
            let number = u8::try_from(vpcs.len()).unwrap_or(u8::MAX);
            let cidr_blocks = vec![Ipv4Net::new_assert(Ipv4Addr::new(10, number, 0, 0), 16)];
            let block = Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, number.into(), 0, 0, 0, 0, 0, 0), 56);
            let ipv6_cidr_blocks = ipv6.then_some(block).into_iter().collect();
            let new = NewVpc {
                owner: AccountId::default(),
                cidr_blocks,
                ipv6_cidr_blocks,
                ipv6_provided: false,
                is_default,
                tags,
            };
            model.add_vpc(new, pool, rng).map(drop)
        }
        Operation::RemoveVpc { vpc } if !vpcs.is_empty() => model.remove_vpc(*vpc.get(&vpcs)),
        Operation::PutGroup { vpc, name, description, tags } if !vpcs.is_empty() => {
            let (id, vpc, owner) = (GroupId::random(rng), *vpc.get(&vpcs), AccountId::default());
            model.put_group(SecurityGroup { id, name, description, vpc, owner, tags, rules: BTreeMap::new() })
        }
        Operation::RemoveGroup { group } if !groups.is_empty() => model.remove_group(*group.get(&groups)),
        Operation::PutRule(pick) if !groups.is_empty() => put_rule(model, pick, &groups, pool, rng),
        Operation::RemoveRules { group, rules } if !groups.is_empty() => {
            let group = *group.get(&groups);
            let known: Vec<RuleId> = model.groups[&group].rules.keys().copied().collect();
            let picked = rules.iter().filter(|_| !known.is_empty()).map(|rule| *rule.get(&known)).collect();
            model.remove_rules(group, &picked)
        }
        Operation::PutInterface(pick) if !vpcs.is_empty() => put_interface(model, pick, &vpcs, &groups, pool, rng),
        Operation::PutPrefixList(pick) => put_prefix_list(model, pick, rng),
        Operation::RemovePrefixList { list } if !model.prefix_lists.is_empty() => {
            let lists: Vec<PrefixListId> = model.prefix_lists.keys().copied().collect();
            model.remove_prefix_list(*list.get(&lists)).map(drop)
        }
        Operation::Detach { interface } if !interfaces.is_empty() => {
            let mut interface = NetworkInterface::clone(&model.interfaces[interface.get(&interfaces)]);
            interface.attachment = None;
            model.put_interface(interface)
        }
        Operation::RemoveInterface { interface } if !interfaces.is_empty() => {
            model.remove_interface(*interface.get(&interfaces)).map(drop)
        }
        Operation::RemoveVpc { .. }
        | Operation::PutGroup { .. }
        | Operation::RemoveGroup { .. }
        | Operation::PutRule(_)
        | Operation::RemoveRules { .. }
        | Operation::RemovePrefixList { .. }
        | Operation::PutInterface(_)
        | Operation::Detach { .. }
        | Operation::RemoveInterface { .. } => Ok(()),
    }
}

fn put_rule(
    model: &mut Model,
    pick: RulePick,
    groups: &[GroupId],
    pool: NumberPool<'_>,
    rng: &mut StdRng,
) -> Result<(), ModelError> {
    let RulePick { group, direction, service, peer, description, tags } = pick;
    let peer = match peer {
        PeerPick::Cidr(peer) => peer,
        PeerPick::Group(index) => Peer::Group { id: *index.get(groups), owner: AccountId::default() },
        PeerPick::PrefixList(index) => {
            let lists: Vec<PrefixListId> = model.prefix_lists.keys().copied().collect();
            // One that there is not is refused.
            let stranger = PrefixListId::random(rng);
            Peer::PrefixList(if lists.is_empty() { stranger } else { *index.get(&lists) })
        }
    };
    let mut next = model.clone();
    let number = next.take_rule_numbers(1, pool)?[0];
    let key = RuleKey { direction, service, peer };
    let rule = Rule { id: RuleId::random(rng), key, description, tags, number };
    next.put_rules(*group.get(groups), [rule])?;
    *model = next;
    Ok(())
}

fn put_prefix_list(model: &mut Model, pick: PrefixListPick, rng: &mut StdRng) -> Result<(), ModelError> {
    let PrefixListPick { known, family, max_entries, entries, tags } = pick;
    let lists: Vec<PrefixListId> = model.prefix_lists.keys().copied().collect();
    let known = known.filter(|_| !lists.is_empty()).map(|index| &model.prefix_lists[index.get(&lists)]);
    let owner = AccountId::default();
    let list = match known {
        Some(known) => PrefixList { family, max_entries, tags, ..known.with_entries(entries, 3) },
        None => {
            let (id, name) = (PrefixListId::random(rng), "offices".parse().expect("a name"));
            PrefixList { tags, ..PrefixList::new(id, name, owner, family, max_entries, entries) }
        }
    };
    model.put_prefix_list(list)
}

fn put_interface(
    model: &mut Model,
    pick: InterfacePick,
    vpcs: &[VpcId],
    groups: &[GroupId],
    pool: NumberPool<'_>,
    rng: &mut StdRng,
) -> Result<(), ModelError> {
    let InterfacePick { vpc, groups: picked, addresses, mac_address, attachment, timeouts, tags } = pick;
    let vpc = *vpc.get(vpcs);
    let mut next = model.clone();
    let attachment = match attachment {
        None => None,
        Some((device, side, hook, source, mac_source, strict_l2, enforce, adopt)) => Some(Attachment {
            device: format!("eth{device}"),
            side,
            hook,
            addresses: source,
            mac_source,
            strict_l2,
            enforce,
            number: next.take_attachment_number(NumberPool { last: 6, ..pool })?,
            adopt,
            by_tag: false,
        }),
    };
    // Mostly groups of the VPC itself; now and then whatever was picked.
    let mut wanted: Vec<GroupId> = picked.iter().map(|group| *group.get(groups)).collect();
    if wanted.len() != 1 {
        wanted.retain(|group| model.groups[group].vpc == vpc);
        wanted.extend(model.default_group(vpc).map(|group| group.id));
    }
    next.put_interface(NetworkInterface {
        id: InterfaceId::random(rng),
        vpc,
        owner: AccountId::default(),
        description: String::new(),
        groups: wanted,
        addresses,
        mac_address,
        device: attachment.as_ref().map(|wish| wish.device.clone()),
        attachment,
        tags,
        timeouts,
        source_dest_check: true,
        subnet: None,
        primary: None,
        instance: None,
        client_token: None,
    })?;
    *model = next;
    Ok(())
}
