//! What has to be written, in which order, to get from the tables as they are to those wanted.

use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, GroupRules, GroupRulesKey, MemberKeyV4, MemberKeyV6, Page, PolicyCell, RuleNumbers, RuleSet,
    Slot,
};

/// The change does not fit. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the table {table} has room for {limit} entries, and the change needs more: raise its limit in the configuration, \
     or use fewer rules, prefixes or members"
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
    /// What takes the entry away again, for tables in which a stale entry could be found.
    #[must_use]
    pub fn undo(&self) -> Option<Removal> {
        match *self {
            // Nothing refers to a free place of an array.
            Self::Page { .. } | Self::RuleSet { .. } | Self::Slot { .. } | Self::RuleNumbers { .. } => None,
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
    /// An address that is a member no more.
    MemberV4(MemberKeyV4),
    /// An address that is a member no more.
    MemberV6(MemberKeyV6),
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
    /// Members that come, go or change their groups.
    pub members: Vec<Change>,
    /// Cells of all attachments, changed or not. From here on packets see the new policies.
    pub cells: Vec<(u32, PolicyCell)>,
    /// Members of which only groups are forgotten that the new policies do not name: the old policies might have.
    pub late_members: Vec<Change>,
}
