//! Security groups.

use super::{
    AccountId, Family, GroupDescription, GroupId, GroupName, Peer, PrefixLists, Rule, RuleId, RuleKey, Service, Tags,
    Vpc, VpcId,
};
use firewall_common::verdict::Direction;
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A named set of rules, and the set of the interfaces that carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// Its identifier.
    pub id: GroupId,
    /// Its name, unique in its VPC.
    pub name: GroupName,
    /// What its author says about it.
    pub description: GroupDescription,
    /// The VPC that it lives in.
    pub vpc: VpcId,
    /// The account that made it.
    pub owner: AccountId,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Its rules, no two of the same key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<RuleId, Rule>,
}

impl SecurityGroup {
    /// The default group of a VPC, without rules yet.
    pub fn default_of<R: Rng + ?Sized>(vpc: &Vpc, rng: &mut R) -> Self {
        Self {
            id: GroupId::random(rng),
            name: GroupName::of_default_group(),
            description: GroupDescription::of_default_group(),
            vpc: vpc.id,
            owner: vpc.owner,
            tags: Tags::default(),
            rules: BTreeMap::new(),
        }
    }

    /// Whether it is the default group of its VPC.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.name.is_default()
    }

    /// What a VPC's default group allows when it is made: everything among its members, and everything outwards.
    #[must_use]
    pub fn default_rules(&self, vpc: &Vpc) -> Vec<RuleKey> {
        let among_members = RuleKey {
            direction: Direction::Inbound,
            service: Service::All,
            peer: Peer::Group { id: self.id, owner: self.owner },
        };
        [among_members].into_iter().chain(Self::default_egress(vpc)).collect()
    }

    /// What any new group of a VPC allows: everything outwards, in the families that the VPC has.
    #[must_use]
    pub fn default_egress(vpc: &Vpc) -> Vec<RuleKey> {
        let ipv6 = (!vpc.ipv6_cidr_blocks.is_empty()).then_some(Peer::ANYONE_IPV6);
        let open = |peer| RuleKey { direction: Direction::Outbound, service: Service::All, peer };
        [Peer::ANYONE_IPV4].into_iter().chain(ipv6).map(open).collect()
    }

    /// Its rules of one direction, by identifier.
    pub fn rules(&self, direction: Direction) -> impl Iterator<Item = &Rule> {
        self.rules.values().filter(move |rule| rule.key.direction == direction)
    }

    /// What its rules count towards the quota of a direction and family ([`Peer::weight`]).
    #[must_use]
    pub fn rule_count(&self, direction: Direction, family: Family, lists: &PrefixLists) -> usize {
        self.rules(direction).map(|rule| rule.key.peer.weight(family, lists)).sum()
    }

    /// The rule that allows exactly this.
    #[must_use]
    pub fn rule_by_key(&self, key: &RuleKey) -> Option<&Rule> {
        self.rules.values().find(|rule| rule.key == *key)
    }
}
