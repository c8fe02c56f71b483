//! The filter in front of the tries of prefix lists: a bit for each value of 16 bits of an address, set where an entry may
//! be.
//!
//! Bits are set before entries are written, and cleared when these are gone ([`super::Layout::reclaim`]).

use super::plan::{Removal, Write};
use firewall_common::abi::{LIST_FILTER_BITS, LIST_FILTER_WORDS, V4, V6, list_filter_place};
use firewall_common::packet::Address;
use imbl::{OrdMap, OrdSet};
use ipnet::IpNet;

/// Bits of an address in a word of the filter, as a prefix: what is shorter fills whole words.
const BITS_OF_WORDS: u8 = LIST_FILTER_BITS as u8 - 6;

/// What the filter has to hold, and what it does.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// How many entries there are, by what of them the filter looks at.
    entries: OrdMap<Seen, u32>,
    /// Words of the table that are not zero, by their index.
    table: OrdMap<u32, u64>,
    /// Words that may have bits too many.
    dirty: OrdSet<u32>,
}

/// What the filter sees of a prefix: its family, and the bits that it looks at as a prefix of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    family: usize,
    bits: u16,
    length: u8,
}

impl Filter {
    /// The filter of a table that another controller filled.
    pub(super) fn adopt(words: impl IntoIterator<Item = (u32, u64)>) -> Self {
        let table: OrdMap<u32, u64> = words.into_iter().filter(|(_, bits)| *bits != 0).collect();
        Self { entries: OrdMap::new(), dirty: table.keys().copied().collect(), table }
    }

    /// An entry comes.
    pub(super) fn add(&mut self, net: IpNet, writes: &mut Vec<Write>) {
        let seen = Seen::of(net);
        let entries = self.entries.entry(seen).or_insert(0);
        *entries += 1;
        if *entries > 1 {
            return;
        }
        for index in seen.words() {
            let known = self.table.get(&index).copied().unwrap_or(0);
            let bits = known | seen.bits_in(index);
            if bits != known {
                self.table.insert(index, bits);
                writes.push(Write::ListFilter { index, bits });
            }
        }
    }

    /// An entry goes.
    pub(super) fn remove(&mut self, net: IpNet) {
        let seen = Seen::of(net);
        let Some(entries) = self.entries.get_mut(&seen) else { return };
        *entries -= 1;
        if *entries == 0 {
            self.entries.remove(&seen);
            self.dirty.extend(seen.words());
        }
    }

    /// Whether bits may be set for nothing.
    pub(super) fn has_unused(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Clears the bits that are set for nothing.
    pub(super) fn reclaim(&mut self) -> Vec<Removal> {
        let mut removals = Vec::new();
        for index in std::mem::take(&mut self.dirty) {
            let (known, bits) = (self.table.get(&index).copied().unwrap_or(0), self.wanted(index));
            if bits == known {
                continue;
            }
            removals.push(Removal::ListFilter { index, bits });
            if bits == 0 {
                self.table.remove(&index);
            } else {
                self.table.insert(index, bits);
            }
        }
        removals
    }

    /// The bits of a word for which there are entries.
    fn wanted(&self, index: u32) -> u64 {
        let (family, word) = if index < LIST_FILTER_WORDS { (V4, index) } else { (V6, index - LIST_FILTER_WORDS) };
        let first = (word << 6) as u16;
        let covering = (0..=BITS_OF_WORDS).any(|length| {
            let bits = first & u16::MAX.checked_shl(LIST_FILTER_BITS - u32::from(length)).unwrap_or(0);
            self.entries.contains_key(&Seen { family, bits, length })
        });
        if covering {
            return u64::MAX;
        }
        let [from, to] = [(first, 0), (first | 63, u8::MAX)].map(|(bits, length)| Seen { family, bits, length });
        self.entries.range(from..=to).fold(0, |bits, (seen, _)| bits | seen.bits_in(index))
    }
}

impl Seen {
    fn of(net: IpNet) -> Self {
        let (family, bits, before) = match net {
            IpNet::V4(net) => (V4, net.network().octets().list_filter_bits(), 0),
            IpNet::V6(net) => (V6, net.network().octets().list_filter_bits(), 16),
        };
        Self { family, bits, length: net.prefix_len().saturating_sub(before).min(LIST_FILTER_BITS as u8) }
    }

    /// The last value that has its bits.
    fn last(self) -> u16 {
        self.bits | u16::MAX.checked_shr(self.length.into()).unwrap_or(0)
    }

    /// The words in which it has bits.
    fn words(self) -> impl Iterator<Item = u32> {
        let place = |bits| list_filter_place(self.family, bits).0;
        place(self.bits)..=place(self.last())
    }

    /// Its bits in one of them.
    fn bits_in(self, index: u32) -> u64 {
        let (first_word, first) = list_filter_place(self.family, self.bits);
        let (last_word, last) = list_filter_place(self.family, self.last());
        let from = if index == first_word { u64::MAX << first } else { u64::MAX };
        let to = if index == last_word { u64::MAX >> (63 - last) } else { u64::MAX };
        from & to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::net::Ipv4Addr;

    fn any_net() -> impl Strategy<Value = IpNet> {
        let v4 = (0..4_u8, 0..4_u8, prop_oneof![0..=32_u8, 8..=16_u8])
            .prop_map(|(high, low, length)| IpNet::new_assert([high * 63, low * 85, 0, 1].into(), length));
        let v6 = (0..4_u16, prop_oneof![0..=128_u8, 16..=32_u8])
            .prop_map(|(bits, length)| IpNet::new_assert([0x2001, bits * 0x5555, 0, 0, 0, 0, 0, 1].into(), length));
        prop_oneof![v4, v6].prop_map(|net| net.trunc())
    }

    /// All words of the filter, by the definition: a bit for each value of 16 bits that an address of some entry has.
    fn wanted_of(present: &[IpNet]) -> Vec<u64> {
        let mut words = vec![0; 2 * LIST_FILTER_WORDS as usize];
        for net in present {
            let (family, from, to) = match net {
                IpNet::V4(net) => {
                    let bits = |address: Ipv4Addr| (address.to_bits() >> 16) as u16;
                    (V4, bits(net.network()), bits(net.broadcast()))
                }
                // Whatever the first 16 bits are.
                IpNet::V6(net) if net.prefix_len() < 16 => (V6, 0, u16::MAX),
                IpNet::V6(net) => (V6, net.network().segments()[1], net.broadcast().segments()[1]),
            };
            for first in (from & !63..=to).step_by(64) {
                let (low, high) = (from.max(first) - first, to.min(first | 63) - first);
                let (word, _) = list_filter_place(family, first);
                words[word as usize] |= u64::MAX << low & u64::MAX >> (63 - high);
            }
        }
        words
    }

    proptest! {
        #[test]
        fn bits_are_those_of_the_entries(
            edits in prop::collection::vec((any_net(), any::<bool>(), any::<bool>()), 0..24)
        ) {
            let (mut filter, mut table) = (Filter::default(), BTreeMap::new());
            let mut present: Vec<IpNet> = Vec::new();
            for (net, adds, reclaims) in edits {
                match (adds, present.iter().position(|other| *other == net)) {
                    (true, _) => {
                        let mut writes = Vec::new();
                        filter.add(net, &mut writes);
                        for write in writes {
                            let Write::ListFilter { index, bits } = write else { panic!("{write:?}") };
                            table.insert(index, bits);
                        }
                        present.push(net);
                    }
                    (false, Some(place)) => {
                        present.swap_remove(place);
                        filter.remove(net);
                    }
                    (false, None) => {}
                }
                if reclaims {
                    for removal in filter.reclaim() {
                        let Removal::ListFilter { index, bits } = removal else { panic!("{removal:?}") };
                        table.insert(index, bits);
                    }
                }
                let wanted = wanted_of(&present);
                for (index, wanted) in (0..).zip(&wanted) {
                    let set = table.get(&index).copied().unwrap_or(0_u64);
                    prop_assert_eq!(wanted & !set, 0, "bits of word {} are not set for {:?}", index, present);
                    prop_assert!(set & !wanted == 0 || filter.has_unused(), "bits of word {index} are set: {present:?}");
                }
            }
        }
    }
}
