//! What has to be written, in which order, to get from the tables as they are to those wanted.

use super::Limits;
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, GroupRules, GroupRulesKey, MemberKeyV4, MemberKeyV6, Page, PolicyCell, RuleNumbers, RuleSet,
    Slot,
};
use ipnet::IpNet;

/// The change does not fit. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the table {table} has room for {limit} entries, and the change needs more: raise the limit {} in the configuration \
     and have the tables made anew, or use fewer rules, prefixes or members",
    Limits::key(table).unwrap_or("of it")
)]
pub struct TableFull {
    /// The map ([`firewall_common::abi::map`]).
    pub table: &'static str,
    /// How many entries it has room for.
    pub limit: u32,
}

/// An entry to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A node of the services radix.
    Page {
        /// Its number.
        index: u32,
        /// Its content.
        page: Box<Page>,
    },
    /// A set of rules.
    RuleSet {
        /// Its index.
        index: u32,
        /// Its content.
        rules: Box<RuleSet>,
    },
    /// A policy.
    Slot {
        /// Its slot.
        index: u32,
        /// Its content.
        slot: Box<Slot>,
    },
    /// Host-wide numbers of the rules of a policy.
    RuleNumbers {
        /// `slot * 2 + family`.
        index: u32,
        /// The numbers.
        numbers: Box<RuleNumbers>,
    },
    /// A prefix of a policy.
    CidrV4 {
        /// Bits that count, those of the slot included.
        prefix_len: u32,
        /// Slot and address.
        key: CidrKeyV4,
        /// Index of the rules.
        rules: u32,
    },
    /// A prefix of a policy.
    CidrV6 {
        /// Bits that count, those of the slot included.
        prefix_len: u32,
        /// Slot and address.
        key: CidrKeyV6,
        /// Index of the rules.
        rules: u32,
    },
    /// Rules of a policy for members of a set of groups.
    GroupRules {
        /// Policy and set.
        key: GroupRulesKey,
        /// The rules.
        rules: GroupRules,
    },
    /// Rules of a policy for addresses that a set of prefix lists covers.
    ListRules {
        /// Policy and set.
        key: GroupRulesKey,
        /// The rules.
        rules: GroupRules,
    },
    /// A word of the filter in front of the prefix lists.
    ListFilter {
        /// Its index.
        index: u32,
        /// Its bits.
        bits: u64,
    },
    /// The set of prefix lists that cover a prefix.
    ListV4 {
        /// Bits that count.
        prefix_len: u32,
        /// The address.
        address: [u8; 4],
        /// Number of the set.
        set: u32,
    },
    /// The set of prefix lists that cover a prefix.
    ListV6 {
        /// Bits that count.
        prefix_len: u32,
        /// The address.
        address: [u8; 16],
        /// Number of the set.
        set: u32,
    },
    /// The set of groups that an address is a member of.
    MemberV4 {
        /// VPC and address.
        key: MemberKeyV4,
        /// Number of the set.
        set: u32,
    },
    /// The set of groups that an address is a member of.
    MemberV6 {
        /// VPC and address.
        key: MemberKeyV6,
        /// Number of the set.
        set: u32,
    },
}

impl Write {
    /// The set of prefix lists that cover a prefix.
    pub(super) fn list(net: IpNet, set: u32) -> Self {
        let prefix_len = net.prefix_len().into();
        match net {
            IpNet::V4(net) => Self::ListV4 { prefix_len, address: net.network().octets(), set },
            IpNet::V6(net) => Self::ListV6 { prefix_len, address: net.network().octets(), set },
        }
    }

    /// What takes the entry away again, for tables in which a stale entry could be found.
    #[must_use]
    pub fn undo(&self) -> Option<Removal> {
        match *self {
            // Nothing refers to a free place of an array.
            Self::Page { .. } | Self::RuleSet { .. } | Self::Slot { .. } | Self::RuleNumbers { .. } => None,
            // A bit too many costs a look-up.
            Self::ListFilter { .. } => None,
            Self::ListRules { key, rules: _ } => Some(Removal::ListRules(key)),
            Self::ListV4 { prefix_len, address, set: _ } => Some(Removal::ListV4 { prefix_len, address }),
            Self::ListV6 { prefix_len, address, set: _ } => Some(Removal::ListV6 { prefix_len, address }),
            Self::CidrV4 { prefix_len, key, rules: _ } => Some(Removal::CidrV4 { prefix_len, key }),
            Self::CidrV6 { prefix_len, key, rules: _ } => Some(Removal::CidrV6 { prefix_len, key }),
            Self::GroupRules { key, rules: _ } => Some(Removal::GroupRules(key)),
            Self::MemberV4 { key, set: _ } => Some(Removal::MemberV4(key)),
            Self::MemberV6 { key, set: _ } => Some(Removal::MemberV6(key)),
        }
    }
}

/// An entry to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// A prefix of a policy.
    CidrV4 {
        /// Bits that count, those of the slot included.
        prefix_len: u32,
        /// Slot and address.
        key: CidrKeyV4,
    },
    /// A prefix of a policy.
    CidrV6 {
        /// Bits that count, those of the slot included.
        prefix_len: u32,
        /// Slot and address.
        key: CidrKeyV6,
    },
    /// Rules of a policy for members of a set of groups.
    GroupRules(GroupRulesKey),
    /// Rules of a policy for addresses that a set of prefix lists covers.
    ListRules(GroupRulesKey),
    /// Bits of the filter in front of the prefix lists that are set for nothing.
    ListFilter {
        /// Index of the word.
        index: u32,
        /// The bits that stay.
        bits: u64,
    },
    /// A prefix that no prefix list has any more.
    ListV4 {
        /// Bits that count.
        prefix_len: u32,
        /// The address.
        address: [u8; 4],
    },
    /// A prefix that no prefix list has any more.
    ListV6 {
        /// Bits that count.
        prefix_len: u32,
        /// The address.
        address: [u8; 16],
    },
    /// An address that is a member no more.
    MemberV4(MemberKeyV4),
    /// An address that is a member no more.
    MemberV6(MemberKeyV6),
}

impl Removal {
    /// A prefix that no prefix list has any more.
    pub(super) fn list(net: IpNet) -> Self {
        let prefix_len = net.prefix_len().into();
        match net {
            IpNet::V4(net) => Self::ListV4 { prefix_len, address: net.network().octets() },
            IpNet::V6(net) => Self::ListV6 { prefix_len, address: net.network().octets() },
        }
    }
}

/// A write or a removal.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An entry to be written.
    Write(Write),
    /// An entry to be removed.
    Remove(Removal),
}

/// A change of the tables. The steps are taken in the order of the fields; what the change makes superfluous is removed
/// later ([`super::Layout::reclaim`]).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Into places that no packet can reach yet.
    pub writes: Vec<Write>,
    /// Members and entries of prefix lists that come, go or change their sets. A packet sees the old or the new set of an
    /// address.
    pub members: Vec<Change>,
    /// Cells of all attachments, changed or not. From here on packets see the new policies.
    pub cells: Vec<(u32, PolicyCell)>,
    /// Members and entries of which only groups or lists are forgotten that the new policies do not name: the old policies
    /// might have.
    pub late_members: Vec<Change>,
}
