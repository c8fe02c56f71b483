//! Policies: the compiled union of the rules of one set of groups, in one direction.
//!
//! Rules of a policy are numbered by bits, for each family by itself. Every look-up answers with a set of bits, and
//! `services AND peers` are the rules that allow the packet. A policy is immutable once a cell names its slot.

use super::assert_layout;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Words of a rule set: 1 024 bits, for the 1 000 rules that an interface can have a direction and family.
pub const RULE_WORDS: usize = 16;
/// Most rules of a policy, a direction and family: the service's limit on rules per group times groups per interface.
pub const MAX_RULES: usize = 1000;
/// Where [`RuleSet::kinds`] lie in the last word, behind the bits of rules.
const KINDS_SHIFT: u32 = 56;
/// Where [`RuleSet::anyone`] lies in the last word, between them.
const ANYONE_SHIFT: u32 = 40;
const ANYONE_MASK: u64 = 0x3ff;
const _: () = assert!(MAX_RULES <= (RULE_WORDS - 1) * 64 + ANYONE_SHIFT as usize && MAX_RULES <= ANYONE_MASK as usize);

/// No rule bit.
pub const NO_RULE: u32 = u32::MAX;

/// A set of rule bits.
#[repr(C)]
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct RuleSet {
    /// Bit `n` is `words[n / 64] >> (n % 64) & 1`.
    pub words: [u64; RULE_WORDS],
}
assert_layout!(RuleSet, 128, 8);

impl RuleSet {
    /// The set without a rule.
    pub const EMPTY: Self = Self { words: [0; RULE_WORDS] };

    /// Adds a rule. Bits from [`MAX_RULES`] on are no rules, and are ignored.
    pub const fn insert(&mut self, bit: usize) {
        if bit < MAX_RULES {
            self.words[bit / 64] |= 1 << (bit % 64);
        }
    }

    /// Takes a rule away.
    pub const fn remove(&mut self, bit: usize) {
        if bit < MAX_RULES {
            self.words[bit / 64] &= !(1 << (bit % 64));
        }
    }

    /// Whether a rule is in the set.
    #[must_use]
    pub const fn contains(&self, bit: usize) -> bool {
        bit < MAX_RULES && self.words[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Which kinds of peer the rules of a set name, for sets that the services radix leads to: what of [`HAS_CIDRS`],
    /// [`HAS_LISTS`], [`HAS_GROUPS`] and [`HAS_ANYONE`] is worth a look-up. In other sets there is nothing.
    #[must_use]
    #[inline(always)]
    pub const fn kinds(&self) -> u32 {
        (self.words[RULE_WORDS - 1] >> KINDS_SHIFT) as u32
    }

    /// The lowest of its rules whose peer is the whole family, or [`NO_RULE`], for the same sets.
    #[must_use]
    #[inline(always)]
    pub const fn anyone(&self) -> u32 {
        if self.kinds() & HAS_ANYONE == 0 {
            NO_RULE
        } else {
            (self.words[RULE_WORDS - 1] >> ANYONE_SHIFT & ANYONE_MASK) as u32
        }
    }

    /// The set with the kinds of peer that its rules name besides the whole family, and the lowest of its rules for that;
    /// [`NO_RULE`] if there is none.
    #[must_use]
    pub const fn with_peers(mut self, kinds: u32, anyone: u32) -> Self {
        let (kinds, anyone) = if anyone == NO_RULE { (kinds, 0) } else { (kinds | HAS_ANYONE, anyone) };
        self.words[RULE_WORDS - 1] |= (kinds as u64) << KINDS_SHIFT | (anyone as u64 & ANYONE_MASK) << ANYONE_SHIFT;
        self
    }

    /// Whether a rule is in both sets.
    #[must_use]
    pub const fn meets(&self, other: &Self) -> bool {
        self.first_common(other, RULE_WORDS as u32) != NO_RULE
    }

    /// Adds all rules of another set.
    pub fn union(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(other.words) {
            *word |= more;
        }
    }

    /// The lowest rule that is in both sets, of which only the first words count, or [`NO_RULE`].
    #[must_use]
    #[inline(always)]
    pub const fn first_common(&self, other: &Self, words: u32) -> u32 {
        let mut word = 0;
        while word < RULE_WORDS && (word as u32) < words {
            let common = self.words[word] & other.words[word];
            if common != 0 {
                return word as u32 * 64 + common.trailing_zeros();
            }
            word += 1;
        }
        NO_RULE
    }

    /// Whether there is no rule in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The rules in it, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..MAX_RULES).filter(|bit| self.contains(*bit))
    }
}

/// Slots of the policies of an attachment, inbound and outbound, in one word, so that a change is one aligned store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PolicyCell {
    /// Slot of the inbound policy; 0 is none: everything is dropped.
    pub inbound: u32,
    /// Slot of the outbound policy.
    pub outbound: u32,
}

impl PolicyCell {
    /// From the word in the map.
    #[must_use]
    pub const fn from_word(word: u64) -> Self {
        Self { inbound: word as u32, outbound: (word >> 32) as u32 }
    }

    /// The word for the map.
    #[must_use]
    pub const fn to_word(self) -> u64 {
        self.inbound as u64 | (self.outbound as u64) << 32
    }
}

/// [`RuleSet::kinds`]: some rule's peer is a CIDR other than the whole family.
pub const HAS_CIDRS: u32 = 1 << 0;
/// [`RuleSet::kinds`]: some rule's peer is a group.
pub const HAS_GROUPS: u32 = 1 << 1;
/// [`RuleSet::kinds`]: some rule's peer is a prefix list.
pub const HAS_LISTS: u32 = 1 << 2;
/// [`RuleSet::kinds`]: some rule's peer is the whole family.
pub const HAS_ANYONE: u32 = 1 << 3;

/// 256 bits, by an octet of an address: where none is set, no prefix is.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct OctetFilter {
    /// Bit `n` is `words[n / 64] >> (n % 64) & 1`.
    pub words: [u64; 4],
}
assert_layout!(OctetFilter, 32, 8);

impl OctetFilter {
    /// Sets the bits of an inclusive range of octets.
    pub const fn insert(&mut self, first: u8, last: u8) {
        let mut octet = first;
        while octet <= last {
            self.words[(octet >> 6) as usize] |= 1 << (octet & 63);
            if octet == u8::MAX {
                break;
            }
            octet += 1;
        }
    }

    /// Whether the bit of an octet is set.
    #[inline(always)]
    #[must_use]
    pub const fn contains(&self, octet: u8) -> bool {
        self.words[(octet >> 6) as usize] >> (octet & 63) & 1 == 1
    }
}

/// [`SlotFamily::flags`]: all ports of TCP are open to the whole family, so that answers of the other direction's
/// services need no flow.
pub const OPEN_TCP: u32 = 1 << 0;
/// [`SlotFamily::flags`]: the same for UDP.
pub const OPEN_UDP: u32 = 1 << 1;

/// The part of a policy that judges one family.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct SlotFamily {
    /// [`OPEN_TCP`], [`OPEN_UDP`].
    pub flags: u32,
    /// Entry of the services radix, by protocol: as in [`Page`].
    pub services: u32,
    /// Words of a rule set that hold rules of the policy, from the first on: at most [`RULE_WORDS`].
    pub words: u32,
    /// Always zero.
    pub reserved: u32,
    /// Which octets occur in the policy's CIDRs, in the place that the family filters by
    /// ([`crate::packet::Address::filter_octet`]).
    pub cidr_filter: OctetFilter,
    /// Rules whose peer is the whole family (`0.0.0.0/0`, `::/0`). Packets need no more than [`RuleSet::anyone`].
    pub anyone: RuleSet,
}
assert_layout!(SlotFamily, 176, 8);

/// A policy of one direction.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Slot {
    /// For IPv4 and for IPv6, as [`super::V4`] and [`super::V6`] index.
    pub families: [SlotFamily; 2],
}
assert_layout!(Slot, 352, 8);

/// Marks an entry of the radix that is an index into the rule sets rather than the number of a further page: all that
/// lies below it is alike.
pub const LEAF: u32 = 1 << 31;

/// A node of the services radix. Level one is indexed by the protocol, level two by the high octet of the destination
/// port or the ICMP type, level three by the low octet or the ICMP code. Protocols without ports end at level one.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Page {
    /// [`LEAF`] `| rule set`, or the number of a page.
    pub entries: [u32; 256],
}
assert_layout!(Page, 1024, 4);

/// Host-wide numbers of the rules of one family of a slot, by bit: what counters and flows know rules by.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct RuleNumbers {
    /// Number of the rule of each bit; 0 where there is none.
    pub numbers: [u32; RULE_WORDS * 64],
}
assert_layout!(RuleNumbers, 4096, 4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_survives_the_word() {
        let cell = PolicyCell { inbound: 7, outbound: u32::MAX };
        assert_eq!(PolicyCell::from_word(cell.to_word()), cell);
    }

    #[test]
    fn what_is_said_of_peers_is_no_rule() {
        let others = HAS_CIDRS | HAS_GROUPS | HAS_LISTS;
        let last = MAX_RULES - 1;
        let mut set = RuleSet::EMPTY;
        set.insert(last);
        assert_eq!((set.kinds(), set.anyone()), (0, NO_RULE));
        assert_eq!(
            (set.with_peers(others, NO_RULE).kinds(), set.with_peers(others, NO_RULE).anyone()),
            (others, NO_RULE)
        );
        for anyone in [0, last as u32] {
            let marked = set.with_peers(others, anyone);
            assert_eq!((marked.kinds(), marked.anyone()), (others | HAS_ANYONE, anyone));
            assert!(marked.iter().eq([last]));
            assert!(!marked.meets(&RuleSet::EMPTY) && marked.meets(&set));
        }
    }

    #[test]
    fn an_octet_filter_holds_whole_ranges() {
        for (first, last) in [(0, 0), (63, 64), (200, 255), (0, 255), (255, 255)] {
            let mut filter = OctetFilter::default();
            filter.insert(first, last);
            for octet in 0..=u8::MAX {
                assert_eq!(filter.contains(octet), (first..=last).contains(&octet), "{octet} in {first}..={last}");
            }
        }
    }

    #[test]
    fn the_first_common_rule_is_the_lowest() {
        let set = |bits: &[usize]| {
            let mut set = RuleSet::EMPTY;
            bits.iter().for_each(|bit| set.insert(*bit));
            set
        };
        assert_eq!(set(&[1, 70, 999]).first_common(&set(&[2, 70, 999]), 16), 70);
        assert_eq!(set(&[0, 999]).first_common(&set(&[999]), 16), 999);
        assert_eq!(set(&[0, 999]).first_common(&set(&[999]), u32::MAX), 999);
        assert_eq!(set(&[64]).first_common(&set(&[64]), 2), 64);
        assert_eq!(set(&[64]).first_common(&set(&[64]), 1), NO_RULE);
        assert_eq!(set(&[0]).first_common(&set(&[0, 1]), 1), 0);
        assert_eq!(set(&[0, 64]).first_common(&set(&[1, 65]), 16), NO_RULE);
    }

    #[test]
    fn rule_set_holds_what_was_inserted() {
        let mut set = RuleSet::EMPTY;
        for bit in [0, 63, 64, 999, 1000, 5000] {
            set.insert(bit);
        }
        assert!(set.iter().eq([0, 63, 64, 999]));
        assert!(!set.contains(5000));
    }
}
