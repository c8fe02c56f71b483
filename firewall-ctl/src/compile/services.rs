//! Services of rules as ranges of a 16-bit space, and the radix that looks them up.
//!
//! For TCP and UDP the 16 bits are the destination port, for ICMP and ICMPv6 the type and the code. Other protocols have
//! nothing to look up beyond their number.

use super::policy::FamilyPolicy;
use crate::model::{IcmpFamily, L4, Service};
use firewall_common::abi::{RuleSet, V4, V6};
use std::collections::BTreeMap;

/// ICMP of IPv4.
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// ICMP of IPv6.
const ICMPV6: u8 = 58;

/// What a packet is about: its protocol, and what of it rules can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Traffic {
    /// TCP to a port.
    Tcp(u16),
    /// UDP to a port.
    Udp(u16),
    /// A message of the family's ICMP: type and code.
    Icmp(u8, u8),
    /// Another protocol.
    Other(u8),
}

impl Traffic {
    const fn protocol(self, family: usize) -> u8 {
        match self {
            Self::Tcp(_) => TCP,
            Self::Udp(_) => UDP,
            Self::Icmp(..) => icmp_of(family),
            Self::Other(protocol) => protocol,
        }
    }

    /// Whether a service holds it.
    pub(super) fn is_of(self, service: Service, family: usize) -> bool {
        let point = match self {
            Self::Tcp(port) | Self::Udp(port) => port,
            Self::Icmp(kind, code) => u16::from_be_bytes([kind, code]),
            Self::Other(_) => 0,
        };
        range(service, self.protocol(family), family).is_some_and(|(from, to)| (from..=to).contains(&point))
    }
}

/// The protocol number of the ICMP that belongs to a family.
const fn icmp_of(family: usize) -> u8 {
    if family == V6 { ICMPV6 } else { ICMP }
}

/// Whether a service can occur in a family: each has its own ICMP.
pub(super) const fn is_in_family(service: Service, family: usize) -> bool {
    match service {
        Service::Icmp { family: IcmpFamily::V4, kind: _, code: _ } => family == V4,
        Service::Icmp { family: IcmpFamily::V6, kind: _, code: _ } => family == V6,
        Service::All | Service::Ports { .. } | Service::Other(_) => true,
    }
}

/// What of a protocol's 16-bit space a service holds, both ends included.
fn range(service: Service, protocol: u8, family: usize) -> Option<(u16, u16)> {
    match service {
        Service::All => Some((0, u16::MAX)),
        Service::Ports { protocol: ports, from, to } => {
            let number = match ports {
                L4::Tcp => TCP,
                L4::Udp => UDP,
            };
            (number == protocol).then_some((from, to))
        }
        Service::Icmp { family: _, kind, code } => {
            if !is_in_family(service, family) || protocol != icmp_of(family) {
                return None;
            }
            Some(match (kind, code) {
                (None, _) => (0, u16::MAX),
                (Some(kind), None) => (u16::from_be_bytes([kind, 0]), u16::from_be_bytes([kind, u8::MAX])),
                (Some(kind), Some(code)) => (u16::from_be_bytes([kind, code]), u16::from_be_bytes([kind, code])),
            })
        }
        Service::Other(number) => (number == protocol).then_some((0, u16::MAX)),
    }
}

/// The ranges of ports of a protocol that a policy opens to the whole family, apart from each other and in ascending
/// order.
pub(super) fn open_to_anyone(policy: &FamilyPolicy, protocol: L4, family: usize) -> Vec<(u16, u16)> {
    let number = match protocol {
        L4::Tcp => TCP,
        L4::Udp => UDP,
    };
    let of_anyone = policy.services.iter().filter(|(_, bit)| policy.anyone.contains(*bit));
    let mut ranges: Vec<(u16, u16)> = of_anyone.filter_map(|(service, _)| range(*service, number, family)).collect();
    ranges.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::new();
    for (from, to) in ranges {
        match joined.last_mut() {
            Some((_, end)) if u32::from(from) <= u32::from(*end) + 1 => *end = to.max(*end),
            Some(_) | None => joined.push((from, to)),
        }
    }
    joined
}

/// A radix before its nodes have numbers. What lies below an entry is alike, or the entry is split.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// These rules, whatever comes below.
    Uniform(RuleSet),
    /// By the next octet: runs of octets, each by its first one. The first run begins at 0.
    Split(Vec<(u8, Node)>),
}

/// The radix of a family: by protocol, then by the high and the low octet of the 16-bit space. It takes as long as it takes
/// to sort the ends of the ranges, and what it holds grows with these ends, not with octets.
pub(super) fn radix(policy: &FamilyPolicy, family: usize) -> Node {
    let mut always = RuleSet::EMPTY;
    let mut named: BTreeMap<u8, Vec<(u16, u16, usize)>> = BTreeMap::new();
    for (service, bit) in &policy.services {
        match protocol_of(*service, family) {
            None => always.insert(*bit),
            Some(protocol) => {
                let range = range(*service, protocol, family).map(|(from, to)| (from, to, *bit));
                named.entry(protocol).or_default().extend(range);
            }
        }
    }
    let mut runs = Vec::new();
    for protocol in 0..=u8::MAX {
        let node = named.get(&protocol).map_or(Node::Uniform(always), |ranges| of_protocol(ranges, always));
        push_run(&mut runs, protocol, node);
    }
    let mut root = collapse(runs);
    root.mark(policy, &policy.by_kind());
    root
}

impl Node {
    /// Notes in each set which kinds of peer its rules name, and the lowest one for anyone.
    fn mark(&mut self, policy: &FamilyPolicy, by_kind: &[(u32, RuleSet)]) {
        match self {
            Self::Uniform(rules) => {
                let named = by_kind.iter().filter(|(_, of_kind)| of_kind.meets(rules));
                let kinds = named.fold(0, |kinds, (kind, _)| kinds | kind);
                *rules = rules.with_peers(kinds, rules.first_common(&policy.anyone, policy.words()));
            }
            Self::Split(runs) => runs.iter_mut().for_each(|(_, node)| node.mark(policy, by_kind)),
        }
    }
}

/// The only protocol that a service is about, in a family; `None` if it is about all.
const fn protocol_of(service: Service, family: usize) -> Option<u8> {
    match service {
        Service::All => None,
        Service::Ports { protocol: L4::Tcp, from: _, to: _ } => Some(TCP),
        Service::Ports { protocol: L4::Udp, from: _, to: _ } => Some(UDP),
        Service::Icmp { family: _, kind: _, code: _ } => Some(icmp_of(family)),
        Service::Other(protocol) => Some(protocol),
    }
}

/// What the radix holds for one protocol, of which rules with these bits hold ranges, and others all.
fn of_protocol(ranges: &[(u16, u16, usize)], always: RuleSet) -> Node {
    let mut segments = segments(ranges, always).into_iter().peekable();
    let mut current = always;
    let mut pages = Vec::new();
    for high in 0..=u8::MAX {
        let first = u32::from(high) << 8;
        let mut runs = Vec::new();
        if segments.peek().is_none_or(|(start, _)| *start > first) {
            push_run(&mut runs, 0, Node::Uniform(current));
        }
        while let Some((start, rules)) = segments.next_if(|(start, _)| *start <= first | 0xff) {
            push_run(&mut runs, (start & 0xff) as u8, Node::Uniform(rules));
            current = rules;
        }
        push_run(&mut pages, high, collapse(runs));
    }
    collapse(pages)
}

/// The rules from each point on at which a range begins or has ended, up to the next such point.
fn segments(ranges: &[(u16, u16, usize)], always: RuleSet) -> Vec<(u32, RuleSet)> {
    let edges =
        |(from, to, bit): &(u16, u16, usize)| [(u32::from(*from), *bit, true), (u32::from(*to) + 1, *bit, false)];
    let mut edges: Vec<(u32, usize, bool)> = ranges.iter().flat_map(edges).collect();
    edges.sort_unstable();
    let mut rules = always;
    let segment = |edges: &[(u32, usize, bool)]| {
        for (_, bit, begins) in edges {
            if *begins {
                rules.insert(*bit);
            } else {
                rules.remove(*bit);
            }
        }
        edges.first().map(|(point, _, _)| (*point, rules))
    };
    edges.chunk_by(|one, other| one.0 == other.0).filter_map(segment).collect()
}

/// Adds what holds from an octet on, unless it goes on as before.
fn push_run(runs: &mut Vec<(u8, Node)>, first: u8, node: Node) {
    if let (Some((_, Node::Uniform(before))), Node::Uniform(rules)) = (runs.last(), &node)
        && before == rules
    {
        return;
    }
    runs.push((first, node));
}

/// One node for octets that are all alike.
fn collapse(runs: Vec<(u8, Node)>) -> Node {
    if let [(_, Node::Uniform(rules))] = runs.as_slice() { Node::Uniform(*rules) } else { Node::Split(runs) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firewall_common::abi::NO_RULE;
    use proptest::prelude::*;

    fn walk(node: &Node, path: &[u8]) -> RuleSet {
        match (node, path) {
            (Node::Uniform(rules), _) => *rules,
            (Node::Split(runs), [octet, rest @ ..]) => {
                walk(&runs[runs.partition_point(|(first, _)| first <= octet) - 1].1, rest)
            }
            (Node::Split(_), []) => panic!("the radix is deeper than its key"),
        }
    }

    fn family_policy(services: &[Service]) -> FamilyPolicy {
        FamilyPolicy {
            rules: (1..).take(services.len()).collect(),
            services: services.iter().enumerate().map(|(bit, service)| (*service, bit)).collect(),
            ..FamilyPolicy::default()
        }
    }

    fn any_service() -> impl Strategy<Value = Service> {
        let protocol = prop_oneof![Just(L4::Tcp), Just(L4::Udp)];
        let port = prop_oneof![Just(0u16), Just(255), Just(256), Just(65_535), 0u16..1024, any::<u16>()];
        let octet = || prop::option::of(prop_oneof![Just(0u8), Just(8), any::<u8>()]);
        prop_oneof![
            Just(Service::All),
            (protocol, port.clone(), port).prop_map(|(protocol, a, b)| Service::Ports {
                protocol,
                from: a.min(b),
                to: a.max(b)
            }),
            (prop_oneof![Just(IcmpFamily::V4), Just(IcmpFamily::V6)], octet(), octet())
                .prop_map(|(family, kind, code)| Service::Icmp { family, kind, code: kind.and(code) }),
            prop_oneof![Just(0u8), Just(47), Just(255)].prop_map(Service::Other),
        ]
    }

    #[test]
    fn ranges_for_anyone_are_joined() {
        let ports = |from, to| Service::Ports { protocol: L4::Udp, from, to };
        let mut policy = family_policy(&[ports(0, 99), ports(200, 300), ports(100, 150), ports(9, 9)]);
        for bit in 0..3 {
            policy.anyone.insert(bit);
        }
        assert_eq!(open_to_anyone(&policy, L4::Udp, V4), [(0, 150), (200, 300)]);
        assert_eq!(open_to_anyone(&policy, L4::Tcp, V4), []);
    }

    #[test]
    fn everything_alike_is_one_entry() {
        let mut rules = RuleSet::EMPTY;
        rules.insert(0);
        assert_eq!(radix(&family_policy(&[Service::All]), V4), Node::Uniform(rules));
        assert_eq!(radix(&family_policy(&[]), V6), Node::Uniform(RuleSet::EMPTY));
    }

    proptest! {
        #[test]
        fn radix_answers_as_each_service_does(
            services in prop::collection::vec(any_service(), 0..12), family in 0usize..2,
            protocol in prop_oneof![Just(1u8), Just(6), Just(17), Just(58), Just(47), any::<u8>()], point in any::<u16>(),
            near in any::<prop::sample::Index>(),
        ) {
            let mut policy = family_policy(&services);
            (0..services.len()).step_by(2).for_each(|bit| policy.anyone.insert(bit));
            let tree = radix(&policy, family);
            let edges: Vec<u16> = services
                .iter()
                .filter_map(|service| range(*service, protocol, family))
                .flat_map(|(from, to)| [from, to, from.wrapping_sub(1), to.wrapping_add(1)])
                .chain([point])
                .collect();
            let point = *near.get(&edges);
            let [high, low] = point.to_be_bytes();
            let traffic = match protocol {
                TCP => Traffic::Tcp(point),
                UDP => Traffic::Udp(point),
                protocol if protocol == icmp_of(family) => Traffic::Icmp(high, low),
                protocol => Traffic::Other(protocol),
            };
            let expected: Vec<_> =
                (0..services.len()).filter(|bit| traffic.is_of(services[*bit], family)).collect();
            let found = walk(&tree, &[protocol, high, low]);
            let anyone = expected.iter().find(|bit| *bit % 2 == 0).map_or(NO_RULE, |bit| *bit as u32);
            prop_assert_eq!((found.iter().collect::<Vec<_>>(), found.anyone()), (expected, anyone));
        }
    }
}
