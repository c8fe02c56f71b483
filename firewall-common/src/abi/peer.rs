//! Peers of rules: CIDRs, entries of prefix lists, and members of groups.

use super::assert_layout;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Data of an LPM key: a prefix of the policy in a slot. The prefix length counts the 32 bits of the slot too.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct CidrKeyV4 {
    /// The slot, in network order: the trie compares octets from the first on.
    pub slot: [u8; 4],
    /// The address.
    pub address: [u8; 4],
}
assert_layout!(CidrKeyV4, 8, 1);

/// As [`CidrKeyV4`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct CidrKeyV6 {
    /// The slot, in network order.
    pub slot: [u8; 4],
    /// The address.
    pub address: [u8; 16],
}
assert_layout!(CidrKeyV6, 20, 1);

/// An address of an interface, within its VPC.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct MemberKeyV4 {
    /// Number of the VPC on this host.
    pub vpc: u32,
    /// The address.
    pub address: [u8; 4],
}
assert_layout!(MemberKeyV4, 8, 4);

/// As [`MemberKeyV4`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct MemberKeyV6 {
    /// Number of the VPC on this host.
    pub vpc: u32,
    /// The address.
    pub address: [u8; 16],
}
assert_layout!(MemberKeyV6, 20, 4);

/// Bits of an address by which [`super::map::LIST_FILTER`] tells entries of prefix lists apart.
pub const LIST_FILTER_BITS: u32 = 16;
/// Words of the filter of one family.
pub const LIST_FILTER_WORDS: u32 = (1 << LIST_FILTER_BITS) / 64;

/// Word of [`super::map::LIST_FILTER`] for the bits of an address ([`crate::packet::Address::list_filter_bits`]), and the
/// place of its bit there.
#[inline(always)]
#[must_use]
pub const fn list_filter_place(family: usize, bits: u16) -> (u32, u32) {
    (family as u32 * LIST_FILTER_WORDS + (bits >> 6) as u32, (bits & 63) as u32)
}

/// A policy, and a set of groups that some address is a member of, or a set of prefix lists that cover one.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct GroupRulesKey {
    /// Slot of the policy.
    pub slot: u32,
    /// Number of the set of groups or of prefix lists; these are numbered apart.
    pub set: u32,
}
assert_layout!(GroupRulesKey, 8, 4);

/// The rules of a policy whose peer is one of a set of groups or prefix lists.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct GroupRules {
    /// Index into the rule sets, for each family.
    pub rule_sets: [u32; 2],
}
assert_layout!(GroupRules, 8, 4);
