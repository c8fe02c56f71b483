//! A play: models, and the packets that come while each is in force.

use firewall_common::abi::Interface;
use firewall_common::verdict::Direction;
use firewall_ctl::model::{GroupId, InterfaceId, Model, Peer, RuleKey, Service, Side};
use firewall_tests::build::ModelBuilder;
use firewall_tests::judge::entry;
use firewall_tests::oracle::{Content, IpSketch, Sketch, Upper};
use firewall_tests::packet::flag;
use std::collections::BTreeSet;

/// Number of the attachment that plays are about.
pub const ATTACHMENT: u32 = 1;
/// Groups of a scene.
pub const GROUPS: usize = 3;

/// What a case is made of.
#[derive(Debug, Clone)]
pub struct Play {
    /// Of the interface.
    pub side: Side,
    /// Whether received frames meet XDP, or TC.
    pub over_xdp: bool,
    /// One after the other; flows live on.
    pub scenes: Vec<SceneSketch>,
}

/// A model and packets, before they are built.
#[derive(Debug, Clone)]
pub struct SceneSketch {
    /// Rules of the groups.
    pub rules: Vec<(usize, RuleSketch)>,
    /// Groups of the interface: at least one.
    pub groups: BTreeSet<usize>,
    /// Groups of the members that live elsewhere, by the address that they have.
    pub members: Vec<BTreeSet<usize>>,
    /// What comes.
    pub packets: Vec<PacketSketch>,
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
}

/// A packet.
#[derive(Debug, Clone)]
pub enum PacketSketch {
    /// A new one.
    Fresh(Direction, Sketch),
    /// The answer to an earlier one, counted from the last: addresses and ports turned around.
    Answer(usize),
    /// An earlier one again; TCP without the SYN.
    Again(usize),
}

/// A scene that is built.
pub struct Scene {
    /// Its model.
    pub model: Model,
    /// The interface that the packets meet.
    pub interface: InterfaceId,
    /// Its entry in the tables.
    pub entry: Interface,
}

/// Addresses that members have, by their place in [`SceneSketch::members`].
pub const MEMBERS: [[&str; 2]; 3] =
    [["10.0.0.2", "fd00::2"], ["10.0.1.2", "fd00:0:0:1::2"], ["192.0.2.5", "2001:db8::5"]];

impl SceneSketch {
    /// Builds the model. Identifiers are the same in every scene.
    pub fn build(&self, side: Side) -> Scene {
        let mut build = ModelBuilder::new();
        let groups: Vec<GroupId> = (0..GROUPS).map(|number| build.group(&format!("group {number}"))).collect();
        let of = |numbers: &BTreeSet<usize>| numbers.iter().map(|number| groups[*number]).collect::<Vec<_>>();
        let interface = build.interface(ATTACHMENT, side, &of(&self.groups), &["10.0.0.1", "fd00::1"]);
        for (member, addresses) in self.members.iter().zip(MEMBERS) {
            if !member.is_empty() {
                build.member(&of(member), &addresses);
            }
        }
        let mut known = BTreeSet::new();
        for (group, RuleSketch { direction, service, peer }) in &self.rules {
            let owner = firewall_ctl::model::AccountId::default();
            let peer = match *peer {
                PeerSketch::Block(peer) => peer,
                PeerSketch::Group(number) => Peer::Group { id: groups[number], owner },
            };
            let key = RuleKey { direction: *direction, service: *service, peer };
            if known.insert((*group, key)) {
                build.rule_of(groups[*group], key);
            }
        }
        Scene { model: build.model(), interface, entry: entry(ATTACHMENT, side) }
    }
}

impl PacketSketch {
    /// The packet, given those before it. Where there is none to refer to, a harmless one takes its place.
    pub fn resolve(&self, before: &[(Direction, Sketch)]) -> (Direction, Sketch) {
        let earlier = |back: usize| before.len().checked_sub(1 + back % before.len().max(1)).map(|at| &before[at]);
        match self {
            Self::Fresh(direction, sketch) => (*direction, sketch.clone()),
            Self::Answer(back) => match earlier(*back) {
                Some((direction, sketch)) => (direction.reverse(), turned(sketch)),
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
    let address = std::net::Ipv4Addr::new(10, 0, 0, 1);
    (Direction::Inbound, Sketch { vlans: Vec::new(), content: Content::Arp(address, address) })
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
    Sketch { vlans: sketch.vlans.clone(), content }
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
