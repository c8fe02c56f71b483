//! How plays are made up.

use firewall_common::verdict::Direction;
use firewall_ctl::model::{IcmpFamily, L4, Peer, Service, Side};
use firewall_tests::oracle::{Content, Flaw, IpSketch, LinkSketch, Part, Place, Sketch, Upper, is_non_ip};
use firewall_tests::packet::flag;
use firewall_tests::play::{
    ALWAYS, ENTRIES, GROUPS, LISTS, LOCAL, MEMBERS, PacketSketch, PeerSketch, Play, RuleSketch, SceneSketch, Slip,
    THIRD, Third,
};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

/// A case.
pub fn play() -> impl Strategy<Value = Play> {
    let is_bare = prop_oneof![5 => Just(false), 1 => Just(true)];
    (select(vec![Side::Host, Side::Workload]), any::<bool>(), is_bare, vec(scene(), 1..4))
        .prop_map(|(side, over_xdp, is_bare, scenes)| Play { side, over_xdp, is_bare, scenes })
}

fn scene() -> impl Strategy<Value = SceneSketch> {
    let group = 0..GROUPS;
    let rules = vec((group.clone(), rule()), 0..14);
    let open = prop_oneof![1 => Just(Vec::new()), 1 => vec((group.clone(), opening()), 1..4)];
    let rules = (rules, open).prop_map(|(rules, open)| {
        let open = open.into_iter().flat_map(|(group, rules)| rules.into_iter().map(move |rule| (group, rule)));
        rules.into_iter().chain(open).collect::<Vec<_>>()
    });
    let members = vec(btree_set(group.clone(), 0..3), MEMBERS.len());
    let lists = vec(btree_set(0..ENTRIES[0].len(), 0..4), LISTS);
    let is_watched = prop_oneof![3 => Just(false), 1 => Just(true)];
    let third = select(vec![Third::Nobody, Third::Own, Third::Neighbour]);
    let always = prop_oneof![3 => Just(BTreeSet::new()), 1 => btree_set(0..ALWAYS.len(), 1..=ALWAYS.len())];
    let addresses = (any::<bool>(), any::<bool>(), third, always);
    (rules, lists, btree_set(group, 1..=GROUPS), members, is_watched, addresses, vec(run(), 1..20)).prop_map(
        |(rules, lists, groups, members, is_watched, (is_checked, knows_mac, third, always), runs)| SceneSketch {
            rules,
            lists,
            groups,
            members,
            is_watched,
            is_checked,
            knows_mac,
            third,
            always,
            packets: runs.concat(),
        },
    )
}

fn direction() -> impl Strategy<Value = Direction> {
    select(vec![Direction::Inbound, Direction::Outbound])
}

/// Ports that rules begin and end at, and those beside them.
fn port() -> impl Strategy<Value = u16> {
    prop_oneof![
        8 => select(vec![0_u16, 1, 22, 80, 255, 256, 443, 1000, 1500, 2000, 65_534, 65_535]),
        // Of DHCP and DHCPv6.
        1 => select(vec![67_u16, 68, 546, 547]),
        1 => any::<u16>(),
    ]
}

fn icmp_kind() -> impl Strategy<Value = u8> {
    prop_oneof![4 => select(vec![0_u8, 3, 8, 13, 14, 128, 129, 1, 2]), 1 => any::<u8>()]
}

fn rule() -> impl Strategy<Value = RuleSketch> {
    let peer = prop_oneof![2 => block().prop_map(PeerSketch::Block), 1 => (0..GROUPS).prop_map(PeerSketch::Group), 1 => (0..LISTS).prop_map(PeerSketch::List)];
    (direction(), service(), peer).prop_map(|(direction, service, peer)| RuleSketch { direction, service, peer })
}

fn service() -> impl Strategy<Value = Service> {
    let ports = (select(vec![L4::Tcp, L4::Udp]), port(), port()).prop_map(|(protocol, one, other)| Service::Ports {
        protocol,
        from: one.min(other),
        to: one.max(other),
    });
    let narrow = (select(vec![L4::Tcp, L4::Udp]), port()).prop_map(|(protocol, port)| Service::Ports {
        protocol,
        from: port,
        to: port,
    });
    let icmp = (select(vec![IcmpFamily::V4, IcmpFamily::V6]), option::of(icmp_kind()), 0..3_u8)
        .prop_map(|(family, kind, code)| Service::Icmp { family, kind, code: kind.and((code < 2).then_some(code)) });
    prop_oneof![
        1 => Just(Service::All),
        4 => ports,
        4 => narrow,
        3 => icmp,
        1 => select(vec![47_u8, 50, 132, 59]).prop_map(Service::Other),
    ]
}

/// Rules that open all ports of a direction to anyone of a family, together, or all but one; and a port of the other
/// direction, whose packets then need no flow.
fn opening() -> impl Strategy<Value = Vec<RuleSketch>> {
    let protocol = select(vec![L4::Tcp, L4::Udp]);
    let anyone = select(vec!["0.0.0.0/0", "::/0"]);
    let shape = prop_oneof![
        1 => Just(None),
        2 => Just(Some((u16::MAX, 0))),
        2 => (port(), 0..2_u16).prop_map(Some),
    ];
    (direction(), protocol, anyone, shape, port()).prop_map(|(direction, protocol, anyone, shape, port)| {
        let ports = |from, to| Service::Ports { protocol, from, to };
        let services = match shape {
            None => vec![Service::All],
            Some((u16::MAX, _)) => vec![ports(0, u16::MAX)],
            Some((middle, gap)) => vec![ports(0, middle), ports(middle.saturating_add(1 + gap), u16::MAX)],
        };
        let all = services.into_iter().map(|service| (direction, service));
        let peer = PeerSketch::Block(anyone.parse().expect("a block"));
        let rules = all.chain([(direction.reverse(), ports(port, port))]);
        rules.map(|(direction, service)| RuleSketch { direction, service, peer }).collect()
    })
}

/// Blocks that lie within each other, around the addresses of the packets.
fn block() -> impl Strategy<Value = Peer> {
    select(vec![
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0/1",
        "::/1",
        "10.0.0.0/8",
        "10.0.0.0/16",
        "10.0.0.0/24",
        "10.0.0.2/32",
        "10.0.1.0/24",
        "192.0.2.4/30",
        "fd00::/8",
        "fd00::/32",
        "fd00::/64",
        "fd00::2/128",
        "fd00:0:0:1::/64",
        "2001:db8::/32",
    ])
    .prop_map(|text| text.parse().expect("a block"))
}

/// Packets that come one after the other: one of any sort, or one that a rule is about and the parts of its like.
fn run() -> impl Strategy<Value = Vec<PacketSketch>> {
    let place = select(vec![Place::First, Place::Behind, Place::Behind, Place::Over]);
    let train = (any::<usize>(), any::<bool>(), any::<bool>(), 7..9_u16, vec(place, 1..4)).prop_map(
        |(rule, last, v4, id, places)| {
            let aimed = PacketSketch::Aimed { rule, last, slip: Slip::Hit, v4 };
            let parts = std::iter::once(Place::First).chain(places).map(|place| Part { id, place });
            std::iter::once(aimed).chain(parts.map(|part| PacketSketch::Part { of: 0, part })).collect()
        },
    );
    prop_oneof![9 => packet().prop_map(|packet| vec![packet]), 1 => train]
}

fn packet() -> impl Strategy<Value = PacketSketch> {
    prop_oneof![
        5 => (direction(), sketch())
            .prop_map(|(direction, sketch)| PacketSketch::Fresh(direction, oriented(direction, sketch))),
        1 => advertisement(),
        6 => (any::<usize>(), any::<bool>(), slip(), any::<bool>())
            .prop_map(|(rule, last, slip, v4)| PacketSketch::Aimed { rule, last, slip, v4 }),
        4 => (0..4_usize).prop_map(PacketSketch::Answer),
        2 => (0..4_usize).prop_map(PacketSketch::Again),
        2 => (0..4_usize, part()).prop_map(|(of, part)| PacketSketch::Part { of, part }),
        3 => (0..4_usize, 0..5_usize, slip()).prop_map(|(about, kind, slip)| PacketSketch::Error { about, kind, slip }),
    ]
}

/// A neighbour advertisement in order, about the sender's address or another's, or a solicitation of somebody who wants one.
fn advertisement() -> impl Strategy<Value = PacketSketch> {
    (direction(), any::<bool>(), target()).prop_map(|(direction, has_one, target)| {
        let [source, destination] = match (has_one, direction) {
            (true, Direction::Inbound) => ["fd00::2", "fd00::1"],
            (true, Direction::Outbound) => ["fd00::1", "ff02::1"],
            (false, Direction::Inbound | Direction::Outbound) => ["::", "ff02::1"],
        };
        let ip = IpSketch {
            source: source.parse().expect("an address"),
            destination: destination.parse().expect("an address"),
            hop_limit: 255,
            upper: Upper::Icmp(if has_one { 136 } else { 135 }, 0, 0),
            quote: None,
            target: Some(target),
            part: None,
            flaw: None,
        };
        let sketch = Sketch { link: LinkSketch::Plain, vlans: Vec::new(), content: Content::Ip(ip) };
        PacketSketch::Fresh(direction, sketch)
    })
}

/// What a neighbour advertisement or solicitation may be about.
fn target() -> impl Strategy<Value = Ipv6Addr> {
    select(vec!["fd00::1", "fd00::2", "fd00::3", "fe80::1"]).prop_map(|text| text.parse().expect("an address"))
}

/// The first part of a datagram, or one that follows it; few datagrams, so that they meet.
fn part() -> impl Strategy<Value = Part> {
    (7..9_u16, select(vec![Place::First, Place::First, Place::Behind, Place::Behind, Place::Over]))
        .prop_map(|(id, place)| Part { id, place })
}

fn slip() -> impl Strategy<Value = Slip> {
    prop_oneof![4 => Just(Slip::Hit), 1 => Just(Slip::Service), 1 => Just(Slip::Peer)]
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let vlans = prop_oneof![
        8 => Just(Vec::new()),
        1 => select(vec![vec![0_u16], vec![5], vec![6], vec![5, 6], vec![0, 5], vec![5, 6, 7]]),
    ];
    let link = prop_oneof![6 => Just(LinkSketch::Plain), 1 => Just(LinkSketch::Impostor), 1 => Just(LinkSketch::ToAll)];
    (link, vlans, content()).prop_map(|(link, vlans, content)| Sketch { link, vlans, content })
}

fn content() -> impl Strategy<Value = Content> {
    let senders = select(vec![[10_u8, 0, 0, 2], [10, 0, 0, 1], [10, 0, 0, 3], [0, 0, 0, 0]]);
    let targets = select(vec![[10_u8, 0, 0, 1], [10, 0, 0, 1], [10, 0, 0, 2]]);
    let arp = (senders, targets).prop_map(|(sender, target)| Content::Arp(sender.into(), target.into()));
    let other = any::<u16>().prop_filter("neither IP nor ARP", |number| is_non_ip(*number)).prop_map(Content::NonIp);
    prop_oneof![2 => arp, 1 => other, 30 => ip().prop_map(Content::Ip)]
}

fn ip() -> impl Strategy<Value = IpSketch> {
    any::<bool>().prop_flat_map(|v4| {
        let flaw = prop_oneof![24 => Just(None), 2 => select(Flaw::ALL.to_vec()).prop_map(Some)];
        let hop_limit = select(vec![1_u8, 64, 64, 255, 255]);
        let local = prop_oneof![7 => Just(LOCAL), 1 => Just(THIRD)];
        let addresses = (peer(v4), local, special(v4), option::of(target()));
        (addresses, hop_limit, upper(v4), flaw).prop_map(move |(addresses, hop_limit, upper, flaw)| {
            let (peer, local, special, target) = addresses;
            let local = local[usize::from(!v4)].parse().expect("an address");
            let target = target.filter(|_| matches!(upper, Upper::Icmp(135 | 136, ..)));
            // What is spoilt is otherwise in order, so that there is one reason to drop it.
            let spoilt = flaw.is_some();
            let (source, destination) = match special {
                Some((address, true)) if !spoilt => (address, local),
                Some((address, false)) if !spoilt => (peer, address),
                Some(_) | None => (peer, local),
            };
            IpSketch { source, destination, hop_limit, upper, quote: None, target, part: None, flaw }
        })
    })
}

/// Turns a packet that comes into one that goes. Addresses that no packet has keep their place.
fn oriented(direction: Direction, mut sketch: Sketch) -> Sketch {
    if let (Direction::Outbound, Content::Ip(ip)) = (direction, &mut sketch.content) {
        let family = usize::from(ip.source.is_ipv6());
        let is_local = [LOCAL[family], THIRD[family]].iter().any(|text| text.parse() == Ok(ip.destination));
        if is_local && !is_special(ip.source) {
            std::mem::swap(&mut ip.source, &mut ip.destination);
        }
    }
    sketch
}

fn peer(v4: bool) -> impl Strategy<Value = IpAddr> {
    let texts = if v4 {
        vec!["10.0.0.2", "10.0.1.2", "192.0.2.5", "10.0.0.3", "10.200.0.1", "198.51.100.1"]
    } else {
        vec!["fd00::2", "fd00:0:0:1::2", "2001:db8::5", "fd00::3", "fd00:1::1", "2600::1", "fe80::1"]
    };
    select(texts).prop_map(|text| text.parse().expect("an address"))
}

const SPECIAL: [[&str; 6]; 2] = [
    ["127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1", "239.1.1.1"],
    ["::1", "ff02::1", "::ffff:10.0.0.1", "::", "::1", "ff05::1"],
];

fn is_special(address: IpAddr) -> bool {
    SPECIAL.concat().iter().any(|text| text.parse() == Ok(address))
}

/// An address that packets should not have, or seldom have, as source or as destination.
fn special(v4: bool) -> impl Strategy<Value = Option<(IpAddr, bool)>> {
    let addresses = select(SPECIAL[usize::from(!v4)].to_vec()).prop_map(|text| text.parse().expect("an address"));
    prop_oneof![12 => Just(None), 1 => (addresses, any::<bool>()).prop_map(Some)]
}

fn upper(v4: bool) -> impl Strategy<Value = Upper> {
    let flags = prop_oneof![
        6 => Just(flag::SYN),
        2 => Just(flag::ACK),
        1 => Just(flag::RST),
        1 => Just(flag::FIN | flag::ACK),
        1 => 0..=255_u8,
    ];
    let kind = if v4 {
        prop_oneof![3 => icmp_kind(), 1 => Just(8_u8)].boxed()
    } else {
        // Those of the link, which have a meaning of their own, are seldom in order: in hop limit, code and direction.
        let of_the_link = select(vec![130_u8, 131, 132, 133, 134, 134, 135, 136, 137, 137, 143]);
        prop_oneof![3 => icmp_kind(), 1 => Just(128), 4 => of_the_link, 1 => 128..=144_u8].boxed()
    };
    // The ICMP of the other family is a protocol like others, and must be mistaken for nothing else.
    let other = if v4 { vec![47_u8, 50, 132, 59, 58, 253] } else { vec![47, 50, 132, 59, 1, 253] };
    prop_oneof![
        5 => (port(), port(), flags).prop_map(|(source, destination, flags)| Upper::Tcp(source, destination, flags)),
        4 => (port(), port()).prop_map(|(source, destination)| Upper::Udp(source, destination)),
        1 => select(vec![(67_u16, 68_u16), (68, 67), (546, 547), (547, 546)]).prop_map(|(from, to)| Upper::Udp(from, to)),
        4 => (kind, 0..3_u8, 0..3_u16).prop_map(|(kind, code, id)| Upper::Icmp(kind, code, id)),
        1 => select(other).prop_map(Upper::Other),
    ]
}
