//! The union of the rules of a set of groups, in one direction, sorted by what a look-up asks for.

use super::CompileError;
use super::services::{Traffic, is_in_family, open_to_anyone};
use crate::model::{Family, GroupId, L4, Peer, PrefixListId, PrefixLists, Rule, Service};
use firewall_common::abi::{
    HAS_CIDRS, HAS_GROUPS, HAS_LISTS, MAX_RULES, OPEN_TCP, OPEN_UDP, OctetFilter, RuleSet, V4, V6,
};
use firewall_common::packet::Address;
use firewall_common::verdict::Direction;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What an interface with a certain set of groups lets through in one direction. Never changed once it is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Policy {
    /// Which packets it judges.
    pub direction: Direction,
    /// For IPv4 and for IPv6, as [`V4`] and [`V6`] index.
    pub families: [FamilyPolicy; 2],
}

/// The part of a policy that judges one family. Rules are numbered by bits, in ascending order of their host-wide number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FamilyPolicy {
    /// Host-wide number of the rule of each bit.
    pub rules: Vec<u32>,
    /// What each rule allows, with its bit.
    pub services: Vec<(Service, usize)>,
    /// Rules by the prefix of their peer, the rules of every covering prefix included.
    pub cidrs: BTreeMap<IpNet, RuleSet>,
    /// Rules by the prefix list that is their peer.
    pub lists: BTreeMap<PrefixListId, RuleSet>,
    /// Rules by the group that is their peer.
    pub groups: BTreeMap<GroupId, RuleSet>,
    /// Rules whose peer is the whole family.
    pub anyone: RuleSet,
}

impl Policy {
    /// Compiles rules of one direction. Of prefix lists only the family counts: what they hold is not part of a policy.
    ///
    /// # Errors
    /// More rules of a family than a rule set has bits, or a prefix list that does not exist.
    pub fn new<'a>(
        direction: Direction,
        rules: impl Iterator<Item = &'a Rule>,
        lists: &PrefixLists,
    ) -> Result<Self, CompileError> {
        let rules: BTreeMap<u32, &Rule> = rules.map(|rule| (rule.number, rule)).collect();
        let family = |family| FamilyPolicy::new(direction, family, &rules, lists);
        Ok(Self { direction, families: [family(V4)?, family(V6)?] })
    }

    /// The groups that its rules name.
    pub fn named_groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.families.iter().flat_map(|family| family.groups.keys().copied())
    }

    /// The prefix lists that its rules name.
    pub fn named_lists(&self) -> impl Iterator<Item = PrefixListId> + '_ {
        self.families.iter().flat_map(|family| family.lists.keys().copied())
    }

    /// The host-wide number of the rule that allows a peer something, given the prefix lists that cover the peer and the
    /// groups that it is a member of: the lowest of those for anyone, else of those for a CIDR, else of those for a prefix
    /// list, else of those for a group, as the programs choose it.
    #[must_use]
    pub fn evaluate(
        &self,
        peer: IpAddr,
        lists: &BTreeSet<PrefixListId>,
        groups: &BTreeSet<GroupId>,
        traffic: Traffic,
    ) -> Option<u32> {
        let family = if peer.is_ipv4() { V4 } else { V6 };
        let rules = &self.families[family];
        let services = rules.services.iter().filter(|(service, _)| traffic.is_of(*service, family));
        let services: Vec<usize> = services.map(|(_, bit)| *bit).collect();
        let first_of = |peers: &RuleSet| services.iter().copied().filter(|bit| peers.contains(*bit)).min();
        let bit = first_of(&rules.anyone)
            .or_else(|| rules.longest(peer).and_then(first_of))
            .or_else(|| first_of(&union_of(&rules.lists, lists)))
            .or_else(|| first_of(&union_of(&rules.groups, groups)))?;
        rules.rules.get(bit).copied()
    }
}

impl FamilyPolicy {
    fn new(
        direction: Direction,
        family: usize,
        rules: &BTreeMap<u32, &Rule>,
        lists: &PrefixLists,
    ) -> Result<Self, CompileError> {
        let mut policy = Self::default();
        let mut cidrs: BTreeMap<IpNet, RuleSet> = BTreeMap::new();
        for (number, rule) in rules {
            let service = rule.key.service;
            if !is_in_family(service, family) {
                continue;
            }
            let bit = policy.rules.len();
            match rule.key.peer {
                Peer::Ipv4(net) if family == V4 => policy.insert_net(&mut cidrs, IpNet::V4(net), bit),
                Peer::Ipv6(net) if family == V6 => policy.insert_net(&mut cidrs, IpNet::V6(net), bit),
                Peer::Group { id, owner: _ } => policy.groups.entry(id).or_default().insert(bit),
                Peer::PrefixList(id) => {
                    let list = lists.get(&id).ok_or(CompileError::NoList { rule: rule.id, list: id })?;
                    match (list.family, family) {
                        (Family::Ipv4, V4) | (Family::Ipv6, V6) => policy.lists.entry(id).or_default().insert(bit),
                        (Family::Ipv4 | Family::Ipv6, _) => continue,
                    }
                }
                Peer::Ipv4(_) | Peer::Ipv6(_) => continue,
            }
            policy.rules.push(*number);
            policy.services.push((service, bit));
        }
        if policy.rules.len() > MAX_RULES {
            return Err(CompileError::TooManyRules { direction, family, rules: policy.rules.len(), limit: MAX_RULES });
        }
        policy.cidrs = with_covering(&cidrs);
        Ok(policy)
    }

    fn insert_net(&mut self, cidrs: &mut BTreeMap<IpNet, RuleSet>, net: IpNet, bit: usize) {
        if net.prefix_len() == 0 {
            self.anyone.insert(bit);
        } else {
            cidrs.entry(net.trunc()).or_default().insert(bit);
        }
    }

    /// Which protocols it opens to anyone on all ports: the flags of [`firewall_common::abi::SlotFamily`].
    #[must_use]
    pub fn flags(&self, family: usize) -> u32 {
        let flag = |protocol, flag| {
            let is_open = open_to_anyone(self, protocol, family) == [(0, u16::MAX)];
            if is_open { flag } else { 0 }
        };
        flag(L4::Tcp, OPEN_TCP) | flag(L4::Udp, OPEN_UDP)
    }

    /// The rules that name each kind of peer but the whole family, by the flags of [`RuleSet::kinds`].
    #[must_use]
    pub(super) fn by_kind(&self) -> [(u32, RuleSet); 3] {
        [
            (HAS_CIDRS, union(self.cidrs.values())),
            (HAS_LISTS, union(self.lists.values())),
            (HAS_GROUPS, union(self.groups.values())),
        ]
    }

    /// The rules of the longest prefix that covers an address.
    fn longest(&self, address: IpAddr) -> Option<&RuleSet> {
        let covering = self.cidrs.iter().filter(|(net, _)| net.contains(&address));
        covering.max_by_key(|(net, _)| net.prefix_len()).map(|(_, rules)| rules)
    }

    /// Words of a rule set that its rules need.
    #[must_use]
    pub const fn words(&self) -> u32 {
        self.rules.len().div_ceil(64) as u32
    }

    /// The octets of its CIDRs, in the place by which the family filters.
    #[must_use]
    pub fn cidr_filter(&self) -> OctetFilter {
        let mut filter = OctetFilter::default();
        for net in self.cidrs.keys() {
            let (octet, bits_before) = match net {
                IpNet::V4(net) => (net.network().octets().filter_octet(), 0),
                IpNet::V6(net) => (net.network().octets().filter_octet(), 24),
            };
            let known = net.prefix_len().saturating_sub(bits_before).min(8);
            filter.insert(octet, octet | u8::MAX.checked_shr(known.into()).unwrap_or(0));
        }
        filter
    }
}

/// The rules of all peers in a set.
#[must_use]
pub fn union_of<P: Ord>(rules: &BTreeMap<P, RuleSet>, peers: &BTreeSet<P>) -> RuleSet {
    union(peers.iter().filter_map(|peer| rules.get(peer)))
}

fn union<'a>(sets: impl Iterator<Item = &'a RuleSet>) -> RuleSet {
    let mut union = RuleSet::EMPTY;
    sets.for_each(|set| union.union(set));
    union
}

/// Adds to every prefix the rules of the prefixes that cover it: a trie answers with the longest one only.
fn with_covering(cidrs: &BTreeMap<IpNet, RuleSet>) -> BTreeMap<IpNet, RuleSet> {
    let mut all = BTreeMap::new();
    // Prefixes in order of address and then length come after those that cover them, so these form a stack.
    let mut covering: Vec<(IpNet, RuleSet)> = Vec::new();
    let mut sorted: Vec<_> = cidrs.iter().collect();
    sorted.sort_by_key(|(net, _)| (net.network(), net.prefix_len()));
    for (net, rules) in sorted {
        while covering.last().is_some_and(|(outer, _)| !outer.contains(net)) {
            covering.pop();
        }
        let mut rules = *rules;
        if let Some((_, outer)) = covering.last() {
            rules.union(outer);
        }
        covering.push((*net, rules));
        all.insert(*net, rules);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(bits: &[usize]) -> RuleSet {
        let mut set = RuleSet::EMPTY;
        for bit in bits {
            set.insert(*bit);
        }
        set
    }

    #[test]
    fn prefixes_carry_the_rules_of_those_that_cover_them() {
        let nets = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.2.0.0/16", "11.0.0.0/8"];
        let cidrs = nets.iter().enumerate().map(|(bit, net)| (net.parse().unwrap(), set(&[bit]))).collect();
        let merged = with_covering(&cidrs);
        let bits = |net: &str| merged[&net.parse::<IpNet>().unwrap()].iter().collect::<Vec<_>>();
        assert_eq!(bits("10.0.0.0/8"), [0]);
        assert_eq!(bits("10.1.0.0/16"), [0, 1]);
        assert_eq!(bits("10.1.2.0/24"), [0, 1, 2]);
        assert_eq!(bits("10.2.0.0/16"), [0, 3]);
        assert_eq!(bits("11.0.0.0/8"), [4]);
    }

    proptest! {
        #[test]
        fn longest_match_answers_as_the_union_of_all(
            nets in prop::collection::vec((0u32..16, 26u8..=32), 0..40), address in 0u32..16
        ) {
            let nets: Vec<IpNet> = nets
                .into_iter()
                .map(|(bits, len)| IpNet::V4(ipnet::Ipv4Net::new((bits << 1).into(), len).unwrap().trunc()))
                .collect();
            let mut cidrs: BTreeMap<IpNet, RuleSet> = BTreeMap::new();
            for (bit, net) in nets.iter().enumerate() {
                cidrs.entry(*net).or_default().insert(bit);
            }
            let address = IpAddr::V4((address << 1).into());
            let expected: Vec<_> = (0..nets.len()).filter(|bit| nets[*bit].contains(&address)).collect();
            let policy = FamilyPolicy { cidrs: with_covering(&cidrs), ..FamilyPolicy::default() };
            let found: Vec<_> = policy.longest(address).into_iter().flat_map(RuleSet::iter).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
