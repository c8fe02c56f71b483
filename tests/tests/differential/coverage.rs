//! What the plays came to.

use firewall_common::verdict::{Direction, Pass, Reason, Verdict};
use firewall_tests::judge::Hook;
use firewall_tests::oracle::{Content, Judgement, PeerKind};
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
const EVERYWHERE: [Verdict; 8] = [
    Verdict::Allow(Pass::Rule),
    Verdict::Allow(Pass::Flow),
    Verdict::Allow(Pass::Untracked),
    Verdict::Drop(Reason::NoService),
    Verdict::Drop(Reason::NoPeer),
    Verdict::WouldDrop(Reason::NoService),
    Verdict::WouldDrop(Reason::NoPeer),
    Verdict::WouldDrop(Reason::DeniedFlow),
];

/// What no play can come to: these need frames, tables or clocks of another sort.
const ELSEWHERE: [Verdict; 19] = [
    Verdict::Allow(Pass::Adopted),
    Verdict::Drop(Reason::NoInterface),
    Verdict::Drop(Reason::NoPolicy),
    Verdict::Drop(Reason::AllowanceExceeded),
    Verdict::Drop(Reason::FrameTooShort),
    Verdict::Drop(Reason::ArpMalformed),
    Verdict::Drop(Reason::Ipv6Extension),
    Verdict::Drop(Reason::TooManyExtensions),
    Verdict::Drop(Reason::Internal),
    Verdict::Allow(Pass::Fragment),
    Verdict::Allow(Pass::AlwaysAllowed),
    Verdict::Drop(Reason::FragmentOverlap),
    Verdict::Drop(Reason::SourceNotOwn),
    Verdict::Drop(Reason::DestinationNotOwn),
    Verdict::Drop(Reason::SourceHeldHere),
    Verdict::Drop(Reason::NeighbourNotOwn),
    Verdict::Drop(Reason::CutFlow),
    Verdict::Drop(Reason::NeighbourDiscoveryFragment),
    Verdict::Drop(Reason::HiddenHeader),
];

impl Coverage {
    /// Counts a packet.
    pub fn note(&mut self, play: &Play, met: &Met<'_>) {
        let Met { hook, direction, sketch, frame: _, expected, on_host: _ } = *met;
        let Judgement { verdict, rule: _, peer } = expected;
        self.packets += 1;
        self.count(class(verdict));
        if let Content::Ip(ip) = &sketch.content {
            let family = family(ip.source.is_ipv4());
            self.count(everywhere(verdict, family, direction, hook));
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
            }
        }
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
