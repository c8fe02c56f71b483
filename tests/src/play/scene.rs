//! A play: models, and the packets that come while each is in force.

use crate::build::ModelBuilder;
use crate::oracle::{Content, IpSketch, LinkSketch, Part, Quote, Sketch, Upper};
use crate::packet::{SOURCE_MAC, flag};
use firewall_common::verdict::Direction;
use firewall_ctl::model::{
    AccountId, Family, GroupId, InterfaceId, L4, MacAddress, Model, NetworkInterface, Peer, PrefixListId, RuleKey,
    Service, Side,
};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Number of the attachment that plays are about.
pub const ATTACHMENT: u32 = 1;
/// Groups of a scene.
pub const GROUPS: usize = 3;
/// Prefix lists of a scene: first those of IPv4, then as many of IPv6.
pub const LISTS: usize = 4;

/// What a case is made of.
#[derive(Debug, Clone)]
pub struct Play {
    /// Of the interface.
    pub side: Side,
    /// Whether received frames meet XDP, or TC. Those without an Ethernet header never meet XDP.
    pub over_xdp: bool,
    /// Whether frames of the device have no Ethernet header.
    pub is_bare: bool,
    /// One after the other; flows live on.
    pub scenes: Vec<SceneSketch>,
}

/// A model and packets, before they are built.
#[derive(Debug, Clone)]
pub struct SceneSketch {
    /// Rules of the groups.
    pub rules: Vec<(usize, RuleSketch)>,
    /// Entries of the prefix lists, by their places in [`ENTRIES`].
    pub lists: Vec<BTreeSet<usize>>,
    /// Groups of the interface: at least one.
    pub groups: BTreeSet<usize>,
    /// Whether the interface is only watched.
    pub is_watched: bool,
    /// Whether packets are held against the addresses of the interface.
    pub is_checked: bool,
    /// Whether the hardware address of the interface is known.
    pub knows_mac: bool,
    /// Who has the addresses [`THIRD`].
    pub third: Third,
    /// Which of [`ALWAYS`] need no rule.
    pub always: BTreeSet<usize>,
    /// Groups of the members that live elsewhere, by the address that they have.
    pub members: Vec<BTreeSet<usize>>,
    /// What comes.
    pub packets: Vec<PacketSketch>,
}

/// Who has an address that the interface may have, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Third {
    /// Somebody elsewhere.
    Nobody,
    /// The interface itself, beside its first ones.
    Own,
    /// Another interface of this host.
    Neighbour,
}

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct RuleSketch {
    /// Direction.
    pub direction: Direction,
    /// Service.
    pub service: Service,
    /// Peer.
    pub peer: PeerSketch,
}

/// The peer of a rule.
#[derive(Debug, Clone, Copy)]
pub enum PeerSketch {
    /// A block.
    Block(Peer),
    /// One of the groups.
    Group(usize),
    /// One of the prefix lists.
    List(usize),
}

/// A packet.
#[derive(Debug, Clone)]
pub enum PacketSketch {
    /// A new one.
    Fresh(Direction, Sketch),
    /// One that a rule of the scene is about, or that misses it by a little.
    Aimed {
        /// Which rule, counted around.
        rule: usize,
        /// Whether at the last of its ports, or the first.
        last: bool,
        /// By what it misses.
        slip: Slip,
        /// Whether its family is IPv4, where the rule leaves that open.
        v4: bool,
    },
    /// The answer to an earlier one, counted from the last: addresses and ports turned around.
    Answer(usize),
    /// An earlier one again; TCP without the SYN.
    Again(usize),
    /// A part of a datagram: what an earlier one would be if it were longer.
    Part {
        /// Which one, counted from the last.
        of: usize,
        /// What it has in common with the other parts.
        part: Part,
    },
    /// An ICMP error, or what looks like one, about an earlier one.
    Error {
        /// Which one, counted from the last.
        about: usize,
        /// Which of the types.
        kind: usize,
        /// By what it misses that packet.
        slip: Slip,
    },
}

/// How a packet misses the rule that it is aimed at.
#[derive(Debug, Clone, Copy)]
pub enum Slip {
    /// Not at all.
    Hit,
    /// By a port or a code.
    Service,
    /// By the address.
    Peer,
}

/// A scene that is built.
#[derive(Debug)]
pub struct Scene {
    /// Its model.
    pub model: Model,
    /// The interface that the packets meet.
    pub interface: InterfaceId,
    /// Addresses that need no rule.
    pub always: BTreeSet<IpAddr>,
}

/// First addresses of the interface, by family.
pub const LOCAL: [&str; 2] = ["10.0.0.1", "fd00::1"];
/// Addresses that it may have, too, by family.
pub const THIRD: [&str; 2] = ["10.0.0.3", "fd00::3"];
/// Addresses that may need no rule, by their place in [`SceneSketch::always`]: members have the first ones.
pub const ALWAYS: [[&str; 2]; 2] = [["10.0.1.2", "fd00:0:0:1::2"], ["198.51.100.1", "2600::1"]];
/// Number of the attachment of the other interface of this host.
const NEIGHBOUR: u32 = 2;

/// Addresses that members have, by their place in [`SceneSketch::members`].
pub const MEMBERS: [[&str; 2]; 3] =
    [["10.0.0.2", "fd00::2"], ["10.0.1.2", "fd00:0:0:1::2"], ["192.0.2.5", "2001:db8::5"]];

/// Entries that prefix lists have, of each family: some lie within others.
pub const ENTRIES: [[&str; 6]; 2] = [
    ["10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "10.0.0.2/32", "192.0.2.4/30", "0.0.0.0/0"],
    ["fd00::/8", "fd00::/32", "fd00:0:0:1::/64", "fd00::2/128", "2001:db8::/32", "::/0"],
];

/// The family of a prefix list, by its place in [`ENTRIES`].
pub const fn family_of_list(number: usize) -> usize {
    if number < LISTS / 2 { 0 } else { 1 }
}

impl SceneSketch {
    /// Builds the model. Identifiers are the same in every scene.
    #[must_use]
    pub fn build(&self, side: Side) -> Scene {
        let mut build = ModelBuilder::new();
        let groups: Vec<GroupId> = (0..GROUPS).map(|number| build.group(&format!("group {number}"))).collect();
        let of = |numbers: &BTreeSet<usize>| numbers.iter().map(|number| groups[*number]).collect::<Vec<_>>();
        let interface = build.interface(ATTACHMENT, side, &of(&self.groups), &LOCAL);
        for (member, addresses) in self.members.iter().zip(MEMBERS) {
            if !member.is_empty() {
                build.member(&of(member), &addresses);
            }
        }
        let lists: Vec<PrefixListId> = (0..LISTS)
            .zip(&self.lists)
            .map(|(number, places)| {
                let family = family_of_list(number);
                let entries: Vec<&str> = places.iter().map(|place| ENTRIES[family][*place]).collect();
                build.prefix_list([Family::Ipv4, Family::Ipv6][family], &entries)
            })
            .collect();
        let mut known = BTreeSet::new();
        for (group, RuleSketch { direction, service, peer }) in &self.rules {
            let owner = AccountId::default();
            let peer = match *peer {
                PeerSketch::Block(peer) => peer,
                PeerSketch::Group(number) => Peer::Group { id: groups[number], owner },
                PeerSketch::List(number) => Peer::PrefixList(lists[number]),
            };
            let key = RuleKey { direction: *direction, service: *service, peer };
            if known.insert((*group, key)) {
                build.rule_of(groups[*group], key);
            }
        }
        match self.third {
            Third::Nobody => {}
            Third::Own => change(&mut build, interface, |it| {
                it.addresses.extend(THIRD.map(|text| text.parse::<IpAddr>().expect("an address")));
            }),
            Third::Neighbour => {
                build.interface(NEIGHBOUR, side, &of(&self.groups), &THIRD);
            }
        }
        change(&mut build, interface, |it| {
            it.source_dest_check = self.is_checked;
            it.mac_address = MacAddress::of_station(&SOURCE_MAC).filter(|_| self.knows_mac);
            if let Some(attachment) = &mut it.attachment {
                attachment.enforce = !self.is_watched;
            }
        });
        let always = self.always.iter().flat_map(|place| ALWAYS[*place]);
        let always = always.map(|text| text.parse().expect("an address")).collect();
        Scene { model: build.model(), interface, always }
    }
}

/// Changes an interface that is there.
fn change(build: &mut ModelBuilder, id: InterfaceId, change: impl FnOnce(&mut NetworkInterface)) {
    build.change(|model| {
        let mut interface = NetworkInterface::clone(&model.interfaces[&id]);
        change(&mut interface);
        model.interfaces.insert(id, Arc::new(interface));
    });
}

impl PacketSketch {
    /// The packet, given the scene and the packets before it. Where there is none to refer to, a harmless one takes its
    /// place.
    #[must_use]
    pub fn resolve(&self, scene: &SceneSketch, before: &[(Direction, Sketch)]) -> (Direction, Sketch) {
        let earlier = |back: usize| before.len().checked_sub(1 + back % before.len().max(1)).map(|at| &before[at]);
        match self {
            Self::Fresh(direction, sketch) => (*direction, sketch.clone()),
            Self::Aimed { rule, last, slip, v4 } => match scene.rules.get(rule % scene.rules.len().max(1)) {
                Some((_, rule)) => aimed(scene, *rule, *last, *slip, *v4),
                None => harmless(),
            },
            Self::Answer(back) => match earlier(*back) {
                Some((direction, sketch)) => (direction.reverse(), turned(sketch)),
                None => harmless(),
            },
            Self::Error { about, kind, slip } => match earlier(*about) {
                Some((direction, Sketch { link: _, vlans, content: Content::Ip(ip) })) => {
                    let content = Content::Ip(error_about(ip, *kind, *slip));
                    (direction.reverse(), Sketch { link: LinkSketch::Plain, vlans: vlans.clone(), content })
                }
                Some(_) | None => harmless(),
            },
            Self::Part { of, part } => match earlier(*of) {
                Some((direction, sketch)) => (*direction, part_of(sketch, *part)),
                None => harmless(),
            },
            Self::Again(back) => match earlier(*back) {
                Some((direction, sketch)) => (*direction, again(sketch)),
                None => harmless(),
            },
        }
    }
}

fn harmless() -> (Direction, Sketch) {
    let address = Ipv4Addr::new(10, 0, 0, 1);
    (Direction::Inbound, plain(Content::Arp(address, address)))
}

fn plain(content: Content) -> Sketch {
    Sketch { link: LinkSketch::Plain, vlans: Vec::new(), content }
}

/// A part of a datagram. What is spoilt, or quotes another, is not taken apart.
fn part_of(sketch: &Sketch, part: Part) -> Sketch {
    let mut sketch = sketch.clone();
    if let Content::Ip(ip) = &mut sketch.content
        && ip.flaw.is_none()
        && ip.quote.is_none()
    {
        ip.part = Some(part);
    }
    sketch
}

/// A packet at a rule.
fn aimed(scene: &SceneSketch, rule: RuleSketch, last: bool, slip: Slip, v4: bool) -> (Direction, Sketch) {
    let RuleSketch { direction, service, peer } = rule;
    let parse = |text: &str| text.parse::<IpAddr>().expect("an address");
    let (v4, peer) = match (slip, peer) {
        (Slip::Peer, _) => (v4, parse(if v4 { "198.51.100.1" } else { "2600::1" })),
        (Slip::Hit | Slip::Service, PeerSketch::Block(Peer::Ipv4(net))) => (true, inside(net.into(), last)),
        (Slip::Hit | Slip::Service, PeerSketch::Block(Peer::Ipv6(net))) => (false, inside(net.into(), last)),
        (Slip::Hit | Slip::Service, PeerSketch::Block(Peer::Group { .. } | Peer::PrefixList(_))) => return harmless(),
        (Slip::Hit | Slip::Service, PeerSketch::List(list)) => {
            let family = family_of_list(list);
            let entry = if last { scene.lists[list].last() } else { scene.lists[list].first() };
            let net: IpNet = ENTRIES[family][entry.copied().unwrap_or(0)].parse().expect("a block");
            (family == 0, inside(net, last))
        }
        (Slip::Hit | Slip::Service, PeerSketch::Group(group)) => {
            let member = scene.members.iter().position(|groups| groups.contains(&group)).unwrap_or(0);
            (v4, parse(MEMBERS[member][usize::from(!v4)]))
        }
    };
    let by_one = u16::from(matches!(slip, Slip::Service));
    let at = |from: u16, to: u16| if last { to.wrapping_add(by_one) } else { from.wrapping_sub(by_one) };
    let upper = match service {
        Service::All => Upper::Tcp(50_000, at(7, 7), flag::SYN),
        Service::Ports { protocol: L4::Tcp, from, to } => Upper::Tcp(50_000, at(from, to), flag::SYN),
        Service::Ports { protocol: L4::Udp, from, to } => Upper::Udp(50_000, at(from, to)),
        Service::Icmp { family: _, kind, code } => {
            let [_, code] = at(code.unwrap_or(0).into(), code.unwrap_or(0).into()).to_be_bytes();
            Upper::Icmp(kind.unwrap_or(if v4 { 8 } else { 128 }), code, 5)
        }
        Service::Other(number) => Upper::Other(number),
    };
    let local = parse(LOCAL[usize::from(!v4)]);
    let (source, destination) = if direction == Direction::Inbound { (peer, local) } else { (local, peer) };
    let (quote, target, part, flaw) = (None, None, None, None);
    let ip = IpSketch { source, destination, hop_limit: 64, upper, quote, target, part, flaw };
    (direction, plain(Content::Ip(ip)))
}

/// An address of a block. Those of the whole families have no first and no last that a packet could have.
fn inside(net: IpNet, last: bool) -> IpAddr {
    match (net, net.prefix_len()) {
        (IpNet::V4(_), 0 | 1) => [10, 7, 7, 7].into(),
        (IpNet::V6(_), 0 | 1) => "2600::7".parse().expect("an address"),
        (IpNet::V4(net), _) => if last { net.broadcast() } else { net.network() }.into(),
        (IpNet::V6(net), _) => if last { net.broadcast() } else { net.network() }.into(),
    }
}

/// An ICMP message of a router's that quotes a packet. The last of the types is no error.
fn error_about(ip: &IpSketch, kind: usize, slip: Slip) -> IpSketch {
    let (kinds, router) = match ip.source {
        IpAddr::V4(_) => ([3, 11, 12, 3, 5], "10.200.0.1"),
        IpAddr::V6(_) => ([1, 2, 3, 4, 127], "fd00:1::1"),
    };
    let mut quote = Quote { source: ip.source, destination: ip.destination, upper: ip.upper };
    match slip {
        Slip::Hit => {}
        Slip::Service => quote.upper = answer(quote.upper, ip.source.is_ipv4()),
        // As if it had gone the other way.
        Slip::Peer => std::mem::swap(&mut quote.source, &mut quote.destination),
    }
    IpSketch {
        source: router.parse().expect("an address"),
        destination: ip.source,
        hop_limit: 64,
        upper: Upper::Icmp(kinds[kind % kinds.len()], 0, 0),
        quote: Some(quote),
        target: None,
        part: None,
        flaw: None,
    }
}

/// The other way round.
fn turned(sketch: &Sketch) -> Sketch {
    let content = match &sketch.content {
        Content::Arp(sender, target) => Content::Arp(*target, *sender),
        Content::NonIp(number) => Content::NonIp(*number),
        Content::Ip(ip) => Content::Ip(IpSketch {
            source: ip.destination,
            destination: ip.source,
            upper: answer(ip.upper, ip.source.is_ipv4()),
            ..ip.clone()
        }),
    };
    Sketch { link: sketch.link, vlans: sketch.vlans.clone(), content }
}

fn answer(upper: Upper, v4: bool) -> Upper {
    match upper {
        Upper::Tcp(source, destination, flags) => {
            let syn = flags & flag::SYN;
            Upper::Tcp(destination, source, flag::ACK | syn)
        }
        Upper::Udp(source, destination) => Upper::Udp(destination, source),
        Upper::Icmp(kind, code, id) => match (v4, kind) {
            (true, 8) => Upper::Icmp(0, 0, id),
            (true, 13 | 15 | 17) | (false, 128 | 139) => Upper::Icmp(kind + 1, 0, id),
            (true, 0) => Upper::Icmp(8, 0, id),
            (true | false, _) => Upper::Icmp(kind, code, id),
        },
        Upper::Other(number) => Upper::Other(number),
    }
}

fn again(sketch: &Sketch) -> Sketch {
    let mut sketch = sketch.clone();
    if let Content::Ip(IpSketch { upper: Upper::Tcp(_, _, flags), .. }) = &mut sketch.content {
        *flags = *flags & !flag::SYN | flag::ACK;
    }
    sketch
}
