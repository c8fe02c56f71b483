//! Services of rules as ranges of a 16-bit space, and the radix that looks them up.
//!
//! For TCP and UDP the 16 bits are the destination port, for ICMP and ICMPv6 the type and the code. Other protocols have
//! nothing to look up beyond their number.

use super::policy::FamilyPolicy;
use crate::model::{IcmpFamily, L4, Service};
use firewall_common::abi::{RuleSet, V4, V6};

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
    /// By the next octet.
    Split(Vec<Node>),
}

/// The radix of a family: by protocol, then by the high and the low octet of the 16-bit space.
pub(super) fn radix(policy: &FamilyPolicy, family: usize) -> Node {
    collapse((0..=u8::MAX).map(|protocol| of_protocol(policy, protocol, family)).collect())
}

/// What the radix holds for one protocol.
fn of_protocol(policy: &FamilyPolicy, protocol: u8, family: usize) -> Node {
    let ranges: Vec<_> = policy
        .services
        .iter()
        .filter_map(|(service, bit)| range(*service, protocol, family).map(|(from, to)| (from, to, *bit)))
        .collect();
    // Between two of these points nothing changes.
    let mut starts: Vec<u32> = ranges.iter().flat_map(|(from, to, _)| [u32::from(*from), u32::from(*to) + 1]).collect();
    starts.push(0);
    starts.retain(|start| *start <= u32::from(u16::MAX));
    starts.sort_unstable();
    starts.dedup();
    let segments: Vec<(u32, RuleSet)> = starts
        .into_iter()
        .map(|start| {
            let mut rules = RuleSet::EMPTY;
            for (_, _, bit) in
                ranges.iter().filter(|(from, to, _)| (u32::from(*from)..=u32::from(*to)).contains(&start))
            {
                rules.insert(*bit);
            }
            (start, rules)
        })
        .collect();
    if let [(_, rules)] = segments.as_slice() {
        return Node::Uniform(*rules);
    }
    let at = |point: u32| segments[segments.partition_point(|(start, _)| *start <= point) - 1].1;
    let has_start_within = |first: u32| {
        segments
            .get(segments.partition_point(|(start, _)| *start <= first))
            .is_some_and(|(start, _)| *start <= first | 0xff)
    };
    let page = |high: u32| {
        let first = high << 8;
        if has_start_within(first) {
            collapse((first..=first | 0xff).map(|point| Node::Uniform(at(point))).collect())
        } else {
            Node::Uniform(at(first))
        }
    };
    collapse((0..=u32::from(u8::MAX)).map(page).collect())
}

/// One node for many that are alike.
fn collapse(mut nodes: Vec<Node>) -> Node {
    let uniform = match nodes.as_slice() {
        [first @ Node::Uniform(_), rest @ ..] => rest.iter().all(|node| node == first),
        [Node::Split(_), ..] | [] => false,
    };
    if uniform { nodes.swap_remove(0) } else { Node::Split(nodes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn walk(node: &Node, path: &[u8]) -> RuleSet {
        match (node, path) {
            (Node::Uniform(rules), _) => *rules,
            (Node::Split(nodes), [octet, rest @ ..]) => walk(&nodes[usize::from(*octet)], rest),
            (Node::Split(_), []) => panic!("the radix is deeper than its key"),
        }
    }

    fn family_policy(services: &[Service]) -> FamilyPolicy {
        FamilyPolicy {
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
            let policy = family_policy(&services);
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
            prop_assert_eq!(walk(&tree, &[protocol, high, low]).iter().collect::<Vec<_>>(), expected);
        }
    }
}
