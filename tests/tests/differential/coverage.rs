//! What the plays came to.

use firewall_common::verdict::{Direction, Pass, Reason, Verdict};
use firewall_tests::judge::Hook;
use firewall_tests::oracle::{Content, Judgement, LinkSketch, PeerKind};
use firewall_tests::play::{Met, Play};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

/// Counts of classes of outcomes.
#[derive(Debug, Default)]
pub struct Coverage {
    packets: u64,
    classes: BTreeMap<String, u64>,
}

/// Outcomes that depend on family, direction and hook, and have to occur in each combination.
const EVERYWHERE: [Verdict; 12] = [
    Verdict::Allow(Pass::Rule),
    Verdict::Allow(Pass::Flow),
    Verdict::Allow(Pass::Untracked),
    Verdict::Drop(Reason::NoService),
    Verdict::Drop(Reason::NoPeer),
    Verdict::WouldDrop(Reason::NoService),
    Verdict::WouldDrop(Reason::NoPeer),
    Verdict::WouldDrop(Reason::DeniedFlow),
    Verdict::Allow(Pass::AlwaysAllowed),
    Verdict::Allow(Pass::Fragment),
    Verdict::Drop(Reason::FragmentWithoutFirst),
    Verdict::Drop(Reason::FragmentOverlap),
];

/// Where each objection to an address has to occur, in both families: it is about one side and one direction.
const ORIGINS: [(Reason, Direction, &[Hook]); 3] = [
    (Reason::SourceNotOwn, Direction::Outbound, &[Hook::Xdp, Hook::TcReceive]),
    (Reason::DestinationNotOwn, Direction::Inbound, &[Hook::TcSend]),
    (Reason::SourceHeldHere, Direction::Inbound, &[Hook::Xdp, Hook::TcReceive]),
];

/// What has to occur without an Ethernet header, in both families and directions.
const BARE: [Verdict; 6] = [
    Verdict::Allow(Pass::Rule),
    Verdict::Allow(Pass::Flow),
    Verdict::Allow(Pass::Untracked),
    Verdict::Allow(Pass::Fragment),
    Verdict::Drop(Reason::NoService),
    Verdict::Drop(Reason::NoPeer),
];

/// What no play can come to: these need frames, tables or clocks of another sort.
const ELSEWHERE: [Verdict; 11] = [
    Verdict::Allow(Pass::Adopted),
    Verdict::Drop(Reason::NoInterface),
    Verdict::Drop(Reason::NoPolicy),
    Verdict::Drop(Reason::AllowanceExceeded),
    Verdict::Drop(Reason::FrameTooShort),
    Verdict::Drop(Reason::ArpMalformed),
    Verdict::Drop(Reason::Ipv6Extension),
    Verdict::Drop(Reason::TooManyExtensions),
    Verdict::Drop(Reason::Internal),
    Verdict::Drop(Reason::CutFlow),
    Verdict::Drop(Reason::HiddenHeader),
];

impl Coverage {
    /// Counts a packet.
    pub fn note(&mut self, play: &Play, met: &Met<'_>) {
        let Met { hook, direction, sketch, frame: _, expected, on_host: _ } = *met;
        let Judgement { verdict, rule: _, by_flow: _, peer } = expected;
        self.packets += 1;
        self.count(class(verdict));
        if matches!(sketch.content, Content::Arp(..)) {
            self.count(arp(verdict));
        }
        if let Content::Ip(ip) = &sketch.content {
            let family = family(ip.source.is_ipv4());
            self.count(everywhere(verdict, family, direction, hook));
            match sketch.link {
                LinkSketch::Plain => {}
                LinkSketch::Impostor => self.count(by_another_mac(verdict, family)),
                LinkSketch::ToAll => self.count(to_all(verdict, family)),
                LinkSketch::Bare => self.count(bare(verdict, family, direction)),
            }
            if let Some(peer) = peer {
                self.count(by_peer(peer, family, direction));
            }
        }
        self.count(format!("{:?}", play.side));
    }

    /// Packets that were counted.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    fn count(&mut self, class: String) {
        *self.classes.entry(class).or_default() += 1;
    }

    /// The classes that have to occur and did not.
    pub fn missing(&self) -> Vec<String> {
        let all = Pass::ALL.iter().map(|pass| Verdict::Allow(*pass));
        let all = all.chain(Reason::ALL.iter().map(|reason| Verdict::Drop(*reason)));
        let mut wanted: Vec<String> = all.filter(|verdict| !ELSEWHERE.contains(verdict)).map(class).collect();
        for family in [family(true), family(false)] {
            for direction in [Direction::Inbound, Direction::Outbound] {
                for hook in Hook::ALL {
                    wanted.extend(EVERYWHERE.map(|verdict| everywhere(verdict, family, direction, hook)));
                }
                let kinds = [PeerKind::Anyone, PeerKind::Cidr, PeerKind::List, PeerKind::Group];
                wanted.extend(kinds.map(|peer| by_peer(peer, family, direction)));
                wanted.extend(BARE.map(|verdict| bare(verdict, family, direction)));
            }
            for (reason, direction, hooks) in ORIGINS {
                let verdict = Verdict::Drop(reason);
                wanted.extend(hooks.iter().map(|hook| everywhere(verdict, family, direction, *hook)));
            }
            // Where it is not known, or not looked at, it makes no difference.
            let by_mac = [Verdict::Drop(Reason::SourceNotOwn), Verdict::Allow(Pass::Rule)];
            wanted.extend(by_mac.map(|verdict| by_another_mac(verdict, family)));
            wanted.push(to_all(Verdict::Allow(Pass::Rule), family));
        }
        wanted.extend([Verdict::Drop(Reason::NeighbourNotOwn), Verdict::Allow(Pass::Arp)].map(arp));
        let advertises =
            |hook| everywhere(Verdict::Drop(Reason::NeighbourNotOwn), family(false), Direction::Outbound, hook);
        wanted.extend([Hook::Xdp, Hook::TcReceive].map(advertises));
        wanted.retain(|class| !self.classes.contains_key(class));
        wanted
    }
}

fn family(v4: bool) -> &'static str {
    if v4 { "IPv4" } else { "IPv6" }
}

fn class(verdict: Verdict) -> String {
    format!("{} {}", verdict.kind(), verdict.name())
}

fn everywhere(verdict: Verdict, family: &str, direction: Direction, hook: Hook) -> String {
    format!("{family} {} {hook:?} {}", direction.name(), class(verdict))
}

fn arp(verdict: Verdict) -> String {
    format!("ARP {}", class(verdict))
}

fn by_another_mac(verdict: Verdict, family: &str) -> String {
    format!("{family} from another hardware address {}", class(verdict))
}

fn to_all(verdict: Verdict, family: &str) -> String {
    format!("{family} to all of the link {}", class(verdict))
}

fn bare(verdict: Verdict, family: &str, direction: Direction) -> String {
    format!("{family} {} without an Ethernet header {}", direction.name(), class(verdict))
}

fn by_peer(peer: PeerKind, family: &str, direction: Direction) -> String {
    format!("{family} {} by {peer:?}", direction.name())
}

impl AddAssign for Coverage {
    fn add_assign(&mut self, Self { packets, classes }: Self) {
        self.packets += packets;
        for (class, count) in classes {
            *self.classes.entry(class).or_default() += count;
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.classes.iter().try_for_each(|(class, count)| writeln!(f, "{count:>8}  {class}"))
    }
}
