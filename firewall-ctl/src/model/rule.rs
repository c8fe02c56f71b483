//! Rules: who may be talked to, about what, in which direction.

use super::text::{serde_by_text, words};
use super::{
    AccountId, AccountIdError, CidrError, GroupId, IdError, PrefixListId, PrefixLists, RuleDescription, RuleId,
    Service, Tags, parse_ipv4_cidr, parse_ipv6_cidr,
};
use firewall_common::verdict::Direction;
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

words! {
    /// A family of addresses.
    Family, "family of addresses" {
        /// IPv4.
        Ipv4 = "IPv4",
        /// IPv6.
        Ipv6 = "IPv6",
    }
}

impl Family {
    /// The family that an address is of.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }
}

/// The other end that a rule allows. Its text is `10.0.0.0/8`, `2001:db8::/32`, `sg-…`, `123456789012/sg-…` or `pl-…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Peer {
    /// An IPv4 block; no bit is set behind its prefix.
    Ipv4(Ipv4Net),
    /// An IPv6 block; no bit is set behind its prefix.
    Ipv6(Ipv6Net),
    /// The members of a group.
    Group {
        /// The group.
        id: GroupId,
        /// The account that owns it. The text leaves out the account of zeros.
        owner: AccountId,
    },
    /// The entries of a prefix list.
    PrefixList(PrefixListId),
}

/// A text that is no peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// Neither identifier nor address block.
    #[error(transparent)]
    Cidr(#[from] CidrError),
    /// An identifier that is malformed.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The account in front of a group is malformed.
    #[error(transparent)]
    Account(#[from] AccountIdError),
}

impl Peer {
    /// Everyone, of IPv4.
    pub const ANYONE_IPV4: Self = Self::Ipv4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0));
    /// Everyone, of IPv6.
    pub const ANYONE_IPV6: Self = Self::Ipv6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0));

    /// Whether no bit is set behind a prefix.
    #[must_use]
    pub fn is_canonical(self) -> bool {
        match self {
            Self::Ipv4(net) => net == net.trunc(),
            Self::Ipv6(net) => net == net.trunc(),
            Self::Group { .. } | Self::PrefixList(_) => true,
        }
    }

    /// How many rules a rule with it counts for in the quota of a family. A group counts in both; a prefix list counts in
    /// its own family for as many entries as it is made for, whatever it holds.
    #[must_use]
    pub fn weight(self, family: Family, lists: &PrefixLists) -> usize {
        match (self, family) {
            (Self::Ipv4(_), Family::Ipv4) | (Self::Ipv6(_), Family::Ipv6) | (Self::Group { .. }, _) => 1,
            (Self::Ipv4(_), Family::Ipv6) | (Self::Ipv6(_), Family::Ipv4) => 0,
            (Self::PrefixList(id), family) => {
                lists.get(&id).filter(|list| list.family == family).map_or(0, |list| list.max_entries as usize)
            }
        }
    }

    /// The prefix list it names, if it names one.
    #[must_use]
    pub const fn prefix_list(self) -> Option<PrefixListId> {
        match self {
            Self::PrefixList(id) => Some(id),
            Self::Ipv4(_) | Self::Ipv6(_) | Self::Group { .. } => None,
        }
    }

    /// The group it names, if it names one.
    #[must_use]
    pub const fn group(self) -> Option<GroupId> {
        match self {
            Self::Group { id, .. } => Some(id),
            Self::Ipv4(_) | Self::Ipv6(_) | Self::PrefixList(_) => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ipv4(net) => formatter.pad(&net.to_string()),
            Self::Ipv6(net) => formatter.pad(&net.to_string()),
            Self::Group { id, owner } if owner == AccountId::default() => formatter.pad(&id.to_string()),
            Self::Group { id, owner } => formatter.pad(&format!("{owner}/{id}")),
            Self::PrefixList(id) => formatter.pad(&id.to_string()),
        }
    }
}

impl FromStr for Peer {
    type Err = PeerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with(GroupId::PREFIX) {
            return Ok(Self::Group { id: text.parse()?, owner: AccountId::default() });
        }
        if text.starts_with(PrefixListId::PREFIX) {
            return Ok(Self::PrefixList(text.parse()?));
        }
        match text.split_once('/') {
            Some((owner, id)) if id.starts_with(GroupId::PREFIX) => {
                Ok(Self::Group { owner: owner.parse()?, id: id.parse()? })
            }
            Some(_) | None if text.contains(':') => Ok(Self::Ipv6(parse_ipv6_cidr(text)?)),
            Some(_) | None => Ok(Self::Ipv4(parse_ipv4_cidr(text)?)),
        }
    }
}

serde_by_text!(Peer);

/// What makes a rule the same as another one of its group: description and tags do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleKey {
    /// Ingress rules judge what is inbound, egress rules what is outbound.
    #[serde(with = "direction")]
    pub direction: Direction,
    /// Protocol and ports.
    pub service: Service,
    /// The other end.
    pub peer: Peer,
}

/// A rule of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its identifier, kept when the rule is modified.
    pub id: RuleId,
    /// What it allows.
    pub key: RuleKey,
    /// What its author says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<RuleDescription>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Its number on this host, from 1: counters and flows name a rule by it.
    pub number: u32,
}

/// Directions as rules call them.
mod direction {
    use super::Direction;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(direction: &Direction, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(direction.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Direction, D::Error> {
        let text = String::deserialize(deserializer)?;
        [Direction::Inbound, Direction::Outbound]
            .into_iter()
            .find(|direction| direction.name() == text)
            .ok_or_else(|| Error::custom(format_args!("{text:?} is no direction: it is ingress or egress")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::arbitrary::{cidr, direction, service};
    use super::*;
    use proptest::prelude::*;

    fn peer() -> impl Strategy<Value = Peer> {
        let group = ("sg-[0-9a-f]{17}", "0{12}|[0-9]{12}").prop_map(|(id, owner)| Peer::Group {
            id: id.parse().expect("an id"),
            owner: owner.parse().expect("an account"),
        });
        let list = "pl-[0-9a-f]{17}".prop_map(|id| Peer::PrefixList(id.parse().expect("an id")));
        prop_oneof![cidr(), group, list]
    }

    proptest! {
        #[test]
        fn peers_survive_their_text(peer in peer()) {
            prop_assert!(peer.is_canonical());
            prop_assert_eq!(peer.to_string().parse(), Ok(peer));
        }

        #[test]
        fn keys_survive_json(direction in direction(), service in service(), peer in peer()) {
            let key = RuleKey { direction, service, peer };
            let text = serde_json::to_string(&key).expect("a key has a JSON form");
            prop_assert_eq!(serde_json::from_str::<RuleKey>(&text).expect("its own JSON"), key);
        }

        #[test]
        fn whatever_is_read_is_canonical(text in "[0-9.]{7,12}/[0-9]{1,2}|[0-9a-f:]{2,12}/[0-9]{1,3}") {
            if let Ok(peer) = text.parse::<Peer>() {
                prop_assert!(peer.is_canonical());
            }
        }
    }

    #[test]
    fn blocks_are_read_in_their_canonical_form() {
        for (text, canonical) in
            [("100.68.0.18/18", "100.68.0.0/18"), ("2001:DB8:0::1/32", "2001:db8::/32"), ("10.1.2.3/0", "0.0.0.0/0")]
        {
            assert_eq!(text.parse::<Peer>().map(|peer| peer.to_string()), Ok(canonical.to_owned()));
        }
    }

    #[test]
    fn malformed_blocks_are_named() {
        for text in [
            "10.0.0.0/33",
            "10.0.0.0",
            "10.0.0.256/32",
            "2001:db8::/129",
            "2001:db8::1",
            "010.0.0.0/8",
            "",
            "10.0.0.0/",
            "10.0.0.0/+8",
        ] {
            let error = text.parse::<Peer>().expect_err(text).to_string();
            assert_eq!(error, format!("CIDR block {text} is malformed"));
        }
        assert_eq!(parse_ipv4_cidr("::/0").expect_err("IPv6").to_string(), "CIDR block ::/0 is malformed");
        assert_eq!(parse_ipv6_cidr("0.0.0.0/0").expect_err("IPv4").to_string(), "CIDR block 0.0.0.0/0 is malformed");
        assert!("sg-xyz".parse::<Peer>().expect_err("malformed").to_string().contains("'sg-xyz'"));
        assert!("1234/sg-12345678".parse::<Peer>().expect_err("malformed").to_string().contains("'1234'"));
    }
}
