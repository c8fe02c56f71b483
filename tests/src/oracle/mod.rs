//! What should become of a packet, said as plainly as possible.
//!
//! The oracle reads the validated model, rule by rule, and remembers flows in a set. It knows neither tables nor octets
//! and shares no code with the decision, so that a mistake in either shows.

mod origin;
mod sketch;

pub use sketch::{Content, Flaw, IpSketch, LinkSketch, Part, Place, Quote, Sketch, Upper, is_non_ip};

use crate::packet::flag;
use firewall_common::verdict::{Direction, Pass, Reason, Verdict};
use firewall_ctl::model::{Family, GroupId, IcmpFamily, InterfaceId, L4, Model, NetworkInterface, Peer, Rule, Service};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Remembers flows, and judges.
#[derive(Debug, Clone, Default)]
pub struct Oracle {
    flows: BTreeMap<FlowName, FlowKind>,
    /// What became of the first fragments that passed.
    datagrams: BTreeMap<DatagramName, Judgement>,
    /// Addresses that need no rule.
    always: BTreeSet<IpAddr>,
    /// Whether nothing is enforced.
    watches: bool,
}

/// Why a flow began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FlowKind {
    /// Its first packet was allowed, or one that came later from the same side.
    Admitted,
    /// Its first packet, which went this way, would have been dropped.
    Denied(Direction),
}

/// What should become of a packet, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Number of the rule, when the verdict is [`Pass::Rule`] or [`Pass::Untracked`], or that of the fragment that it follows.
    pub rule: Option<u32>,
    /// Whether it counts for the rule by which a flow began instead, whichever that is.
    pub by_flow: bool,
    /// What sort of peer that rule names, for those who count what they have seen.
    pub peer: Option<PeerKind>,
}

/// The sorts of peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerKind {
    /// All of a family.
    Anyone,
    /// Some other block of addresses.
    Cidr,
    /// The entries of a prefix list.
    List,
    /// Members of a group.
    Group,
}

/// What tells one flow from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct FlowName {
    interface: InterfaceId,
    vlans: Vec<u16>,
    protocol: u8,
    local: IpAddr,
    remote: IpAddr,
    talk: Talk,
}

/// What the fragments of a datagram have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct DatagramName {
    interface: InterfaceId,
    vlans: Vec<u16>,
    direction: Direction,
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    id: u16,
}

/// What tells the flows of two addresses apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Talk {
    /// Ports of the local and the remote side.
    Ports(u16, u16),
    /// Type and identifier of a request, and whether it was inbound.
    Request(u8, u16, bool),
    /// Nothing.
    Protocol,
}

impl Judgement {
    const fn pass(pass: Pass) -> Self {
        Self { verdict: Verdict::Allow(pass), rule: None, by_flow: matches!(pass, Pass::Flow), peer: None }
    }

    const fn drop(reason: Reason) -> Self {
        Self { verdict: Verdict::Drop(reason), rule: None, by_flow: false, peer: None }
    }
}

impl Oracle {
    /// Says whether the interface is only watched from now on: what would be dropped passes.
    pub fn watch(&mut self, only: bool) {
        self.watches = only;
    }

    /// Says which addresses need no rule from now on.
    pub fn allow_always(&mut self, addresses: BTreeSet<IpAddr>) {
        self.always = addresses;
    }

    /// Judges a frame of an attached interface, and remembers the flow that it begins.
    ///
    /// # Panics
    /// If the model has no such interface, or it is not attached.
    pub fn judge(&mut self, model: &Model, id: InterfaceId, direction: Direction, sketch: &Sketch) -> Judgement {
        let judgement = self.judge_as_enforced(model, id, direction, sketch);
        match judgement.verdict {
            Verdict::Drop(reason) if self.watches => Judgement { verdict: Verdict::WouldDrop(reason), ..judgement },
            Verdict::Allow(_) | Verdict::Drop(_) | Verdict::WouldDrop(_) => judgement,
        }
    }

    fn judge_as_enforced(
        &mut self,
        model: &Model,
        id: InterfaceId,
        direction: Direction,
        sketch: &Sketch,
    ) -> Judgement {
        let interface = &model.interfaces[&id];
        let attachment = interface.attachment.as_ref().expect("the interface is attached");
        let workload = origin::is_workload(interface);
        let is_bare = sketch.link == LinkSketch::Bare;
        if !is_bare && sketch.vlans.len() > 2 {
            return Judgement::drop(Reason::TooManyVlans);
        }
        let ip = match &sketch.content {
            Content::Arp(..) | Content::NonIp(_) if is_bare => return Judgement::drop(Reason::EtherType),
            Content::Arp(sender, target) if !origin::may_say(interface, direction, sketch, *sender, *target) => {
                return Judgement::drop(Reason::NeighbourNotOwn);
            }
            Content::Arp(..) => return Judgement::pass(Pass::Arp),
            Content::NonIp(_) if workload || attachment.strict_l2 => return Judgement::drop(Reason::EtherType),
            Content::NonIp(_) => return Judgement::pass(Pass::NonIp),
            // There the version is all that says what follows.
            Content::Ip(ip) if is_bare && ip.flaw == Some(Flaw::Version) => return Judgement::drop(Reason::EtherType),
            Content::Ip(ip) => ip,
        };
        if let Some(reason) = ip.flaw_reason() {
            return Judgement::drop(reason);
        }
        if let Some(reason) = origin::objection(model, interface, direction, sketch, ip) {
            return Judgement::drop(reason);
        }
        let Some(Part { id: datagram, place }) = ip.part else {
            return self.judge_packet(model, interface, direction, sketch, ip);
        };
        let name = DatagramName {
            interface: id,
            vlans: networks(sketch),
            direction,
            source: ip.source,
            destination: ip.destination,
            protocol: ip.upper.protocol(ip.source.is_ipv4()),
            id: datagram,
        };
        match (place, self.datagrams.get(&name)) {
            (Place::First, _) => {
                let judgement = self.judge_packet(model, interface, direction, sketch, ip);
                if judgement.verdict.is_allow() {
                    self.datagrams.insert(name, judgement);
                }
                judgement
            }
            (Place::Behind | Place::Over, None) => Judgement::drop(Reason::FragmentWithoutFirst),
            (Place::Behind, Some(first)) => Judgement { verdict: Verdict::Allow(Pass::Fragment), peer: None, ..*first },
            (Place::Over, Some(_)) => Judgement::drop(Reason::FragmentOverlap),
        }
    }

    /// Judges a packet that has all of its headers and comes from and goes to whom it may.
    fn judge_packet(
        &mut self,
        model: &Model,
        interface: &NetworkInterface,
        direction: Direction,
        sketch: &Sketch,
        ip: &IpSketch,
    ) -> Judgement {
        let id = interface.id;
        let sent_by_workload = origin::is_workload(interface) && direction == Direction::Outbound;
        if let Some(judgement) = always(ip, direction, sent_by_workload) {
            return judgement;
        }
        let peer = if direction == Direction::Inbound { ip.source } else { ip.destination };
        if self.always.contains(&peer) {
            return Judgement::pass(Pass::AlwaysAllowed);
        }
        if quoted(ip).is_some_and(|quoted| self.passes_by_itself(model, id, direction.reverse(), sketch, &quoted)) {
            // It goes to who sent what it is about.
            return Judgement::pass(Pass::IcmpError);
        }
        let judgement = by_rules(model, interface, direction, ip);
        if judgement.verdict.is_allow() && is_untracked(model, interface, direction, ip) {
            return Judgement { verdict: Verdict::Allow(Pass::Untracked), ..judgement };
        }
        let flow = flow_of(id, sketch, ip, direction);
        let known = flow.as_ref().and_then(|flow| self.flows.get(flow).copied());
        // A SYN is always judged anew, and so is what comes from whoever was denied.
        match known.filter(|_| !is_syn(ip.upper)) {
            Some(FlowKind::Admitted) => return Judgement::pass(Pass::Flow),
            Some(FlowKind::Denied(opener)) if opener != direction => return Judgement::drop(Reason::DeniedFlow),
            Some(FlowKind::Denied(_)) | None => {}
        }
        let kind = if judgement.verdict.is_allow() { FlowKind::Admitted } else { FlowKind::Denied(direction) };
        let begins = match (kind, known) {
            (FlowKind::Admitted, Some(_)) => true,
            (FlowKind::Admitted, None) => begins_flow(ip, direction),
            // What is dropped leaves no trace, and what would be dropped none in what was admitted.
            (FlowKind::Denied(_), Some(FlowKind::Admitted)) => false,
            (FlowKind::Denied(_), Some(FlowKind::Denied(_)) | None) => self.watches && begins_flow(ip, direction),
        };
        if begins {
            self.flows.extend(flow.map(|flow| (flow, kind)));
        }
        judgement
    }

    /// Whether a packet like the one that an error quotes passes by a flow, or by rules that need none.
    fn passes_by_itself(
        &self,
        model: &Model,
        id: InterfaceId,
        direction: Direction,
        sketch: &Sketch,
        quoted: &IpSketch,
    ) -> bool {
        let flow = flow_of(id, sketch, quoted, direction);
        let interface = &model.interfaces[&id];
        flow.is_some_and(|flow| self.flows.get(&flow) == Some(&FlowKind::Admitted))
            || by_rules(model, interface, direction, quoted).verdict.is_allow()
                && is_untracked(model, interface, direction, quoted)
    }

    /// Forgets all flows and fragments.
    pub fn forget(&mut self) {
        self.flows.clear();
        self.datagrams.clear();
    }
}

/// What is let through, or never let through, whatever the rules say.
fn always(ip: &IpSketch, direction: Direction, sent_by_workload: bool) -> Option<Judgement> {
    let v4 = ip.source.is_ipv4();
    match ip.upper {
        Upper::Udp(source, destination) => {
            let (client, server) = if v4 { (68, 67) } else { (546, 547) };
            let asks = (source, destination) == (client, server);
            let answers = (source, destination) == (server, client);
            if answers && sent_by_workload {
                return Some(Judgement::drop(Reason::WorkloadDhcpServer));
            }
            let as_client = if direction == Direction::Outbound { asks } else { answers };
            as_client.then_some(Judgement::pass(Pass::Dhcp))
        }
        Upper::Icmp(kind, code, _) if !v4 => {
            let (pass, hop_limit) = match kind {
                130..=132 | 143 => (Pass::MulticastListener, 1),
                133..=137 => (Pass::NeighbourDiscovery, 255),
                _other => return None,
            };
            if sent_by_workload && matches!(kind, 134 | 137) {
                return Some(Judgement::drop(Reason::WorkloadRouter));
            }
            if ip.part.is_some() {
                return Some(Judgement::drop(Reason::NeighbourDiscoveryFragment));
            }
            let of_the_link = ip.hop_limit == hop_limit && code == 0;
            let refused = Judgement::drop(Reason::NeighbourDiscoveryHopLimit);
            Some(if of_the_link { Judgement::pass(pass) } else { refused })
        }
        Upper::Tcp(..) | Upper::Icmp(..) | Upper::Other(_) => None,
    }
}

/// The packet that an ICMP error is about, if it goes to the one who has sent that packet.
fn quoted(ip: &IpSketch) -> Option<IpSketch> {
    let is_error = match (ip.upper, ip.source) {
        (Upper::Icmp(kind, ..), IpAddr::V4(_)) => matches!(kind, 3 | 11 | 12),
        (Upper::Icmp(kind, ..), IpAddr::V6(_)) => matches!(kind, 1..=4),
        (Upper::Tcp(..) | Upper::Udp(..) | Upper::Other(_), _) => false,
    };
    let Quote { source, destination, upper } = ip.quote.filter(|quote| is_error && quote.source == ip.destination)?;
    Some(IpSketch { source, destination, hop_limit: 64, upper, quote: None, target: None, part: None, flaw: None })
}

/// The flow that a packet belongs to or begins, if its kind has any.
fn flow_of(interface: InterfaceId, sketch: &Sketch, ip: &IpSketch, direction: Direction) -> Option<FlowName> {
    let inbound = direction == Direction::Inbound;
    let (local, remote) = if inbound { (ip.destination, ip.source) } else { (ip.source, ip.destination) };
    let v4 = ip.source.is_ipv4();
    let talk = match ip.upper {
        Upper::Tcp(source, destination, _) | Upper::Udp(source, destination) => {
            if inbound {
                Talk::Ports(destination, source)
            } else {
                Talk::Ports(source, destination)
            }
        }
        Upper::Icmp(kind, _, id) => match (v4, kind) {
            (true, 8 | 13 | 15 | 17) | (false, 128 | 139) => Talk::Request(kind, id, inbound),
            (true, 0) => Talk::Request(8, id, !inbound),
            (true, 14 | 16 | 18) | (false, 129 | 140) => Talk::Request(kind - 1, id, !inbound),
            (true | false, _) => return None,
        },
        Upper::Other(_) => Talk::Protocol,
    };
    Some(FlowName { interface, vlans: networks(sketch), protocol: ip.upper.protocol(v4), local, remote, talk })
}

/// The networks that the tags of a frame name. A priority tag is no network of its own, and on a device without Ethernet
/// headers there are none.
fn networks(sketch: &Sketch) -> Vec<u16> {
    let is_bare = sketch.link == LinkSketch::Bare;
    sketch.vlans.iter().copied().filter(|_| !is_bare).skip_while(|id| *id == 0).collect()
}

/// Whether a packet that the rules allow begins a flow.
fn begins_flow(ip: &IpSketch, direction: Direction) -> bool {
    match ip.upper {
        Upper::Tcp(_, _, flags) => is_syn(ip.upper) || (direction == Direction::Inbound && flags & flag::RST == 0),
        Upper::Icmp(kind, ..) if ip.source.is_ipv4() => matches!(kind, 8 | 13 | 15 | 17),
        Upper::Icmp(kind, ..) => matches!(kind, 128 | 139),
        Upper::Udp(..) | Upper::Other(_) => true,
    }
}

fn is_syn(upper: Upper) -> bool {
    let shape = flag::SYN | flag::ACK | flag::RST | flag::FIN;
    matches!(upper, Upper::Tcp(_, _, flags) if flags & shape == flag::SYN)
}

/// Whether rules that are for anyone allow both a packet and its answers, whatever port those go to. The packet may be
/// such an answer itself, and is known by the port that it comes from.
fn is_untracked(model: &Model, interface: &NetworkInterface, direction: Direction, ip: &IpSketch) -> bool {
    let (source, destination) = match ip.upper {
        Upper::Tcp(source, destination, _) | Upper::Udp(source, destination) => (source, destination),
        Upper::Icmp(..) | Upper::Other(_) => return false,
    };
    let allows_anyone = |direction, port| {
        let packet = IpSketch { upper: ip.upper.with_destination(port), ..ip.clone() };
        rules_of(model, interface, direction)
            .any(|rule| is_whole_family(rule.key.peer, ip.source) && names(rule.key.service, &packet))
    };
    // If a port is missing, then the first one, or the one behind the last of some rule.
    let allows_all = |direction| {
        let behind = rules_of(model, interface, direction).filter_map(|rule| match rule.key.service {
            Service::Ports { protocol: _, from: _, to } => to.checked_add(1),
            Service::All | Service::Icmp { .. } | Service::Other(_) => None,
        });
        std::iter::once(0).chain(behind).all(|port| allows_anyone(direction, port))
    };
    allows_anyone(direction, destination)
        && (allows_all(direction.reverse()) || allows_all(direction) && allows_anyone(direction.reverse(), source))
}

/// Whether a rule's peer is all of the family of an address.
fn is_whole_family(peer: Peer, address: IpAddr) -> bool {
    match peer {
        Peer::Ipv4(net) => net.prefix_len() == 0 && address.is_ipv4(),
        Peer::Ipv6(net) => net.prefix_len() == 0 && address.is_ipv6(),
        Peer::Group { .. } | Peer::PrefixList(_) => false,
    }
}

/// The rules of every group of the interface.
fn rules_of<'a>(
    model: &'a Model,
    interface: &'a NetworkInterface,
    direction: Direction,
) -> impl Iterator<Item = &'a Rule> {
    let groups = interface.groups.iter().map(|id| &model.groups[id]);
    groups.flat_map(|group| group.rules.values()).filter(move |rule| rule.key.direction == direction)
}

/// Asks every one of them.
fn by_rules(model: &Model, interface: &NetworkInterface, direction: Direction, ip: &IpSketch) -> Judgement {
    let peer = if direction == Direction::Inbound { ip.source } else { ip.destination };
    let named: Vec<&Rule> = rules_of(model, interface, direction)
        .filter(|rule| is_of_family(model, rule.key.peer, peer) && names(rule.key.service, ip))
        .collect();
    let allowing = named.iter().filter_map(|rule| {
        let kind = holds(model, interface, rule.key.peer, peer)?;
        Some((kind, rule.number))
    });
    // Of several, the one that counts: anyone before blocks before lists before groups, then the oldest.
    match allowing.min() {
        Some((kind, number)) => {
            Judgement { verdict: Verdict::Allow(Pass::Rule), rule: Some(number), by_flow: false, peer: Some(kind) }
        }
        None if named.is_empty() => Judgement::drop(Reason::NoService),
        None => Judgement::drop(Reason::NoPeer),
    }
}

/// Whether a rule's peer can be of the family of an address at all.
fn is_of_family(model: &Model, peer: Peer, address: IpAddr) -> bool {
    match peer {
        Peer::Ipv4(_) => address.is_ipv4(),
        Peer::Ipv6(_) => address.is_ipv6(),
        Peer::Group { .. } => true,
        Peer::PrefixList(id) => match model.prefix_lists[&id].family {
            Family::Ipv4 => address.is_ipv4(),
            Family::Ipv6 => address.is_ipv6(),
        },
    }
}

/// Whether a rule's service is that of a packet.
fn names(service: Service, ip: &IpSketch) -> bool {
    match (service, ip.upper) {
        (Service::All, _) => true,
        (Service::Ports { protocol: L4::Tcp, from, to }, Upper::Tcp(_, port, _))
        | (Service::Ports { protocol: L4::Udp, from, to }, Upper::Udp(_, port)) => (from..=to).contains(&port),
        (Service::Icmp { family, kind, code }, Upper::Icmp(is_kind, is_code, _)) => {
            let same_family = (family == IcmpFamily::V4) == ip.source.is_ipv4();
            same_family && kind.is_none_or(|kind| kind == is_kind) && code.is_none_or(|code| code == is_code)
        }
        (Service::Other(number), Upper::Other(is_number)) => number == is_number,
        (Service::Ports { .. } | Service::Icmp { .. } | Service::Other(_), _) => false,
    }
}

/// Whether a rule's peer is an address, and by what.
fn holds(model: &Model, interface: &NetworkInterface, peer: Peer, address: IpAddr) -> Option<PeerKind> {
    let block = |prefix: u8| if prefix == 0 { PeerKind::Anyone } else { PeerKind::Cidr };
    match (peer, address) {
        (Peer::Ipv4(net), IpAddr::V4(v4)) => net.contains(&v4).then_some(block(net.prefix_len())),
        (Peer::Ipv6(net), IpAddr::V6(v6)) => net.contains(&v6).then_some(block(net.prefix_len())),
        (Peer::Group { id, owner: _ }, _) => is_member(model, interface, id, address).then_some(PeerKind::Group),
        (Peer::PrefixList(id), _) => {
            model.prefix_lists[&id].entries.keys().any(|net| net.contains(&address)).then_some(PeerKind::List)
        }
        (Peer::Ipv4(_) | Peer::Ipv6(_), _) => None,
    }
}

/// Whether some interface of the same VPC has the group and the address.
fn is_member(model: &Model, interface: &NetworkInterface, group: GroupId, address: IpAddr) -> bool {
    model
        .interfaces
        .values()
        .any(|other| other.vpc == interface.vpc && other.groups.contains(&group) && other.addresses.contains(&address))
}

#[cfg(test)]
mod tests;
