//! Entries of prefix lists, each with all the lists that cover it.
//!
//! A trie answers with the longest prefix only, and an address is in every list that has a prefix which covers it. So
//! each prefix carries the lists of the shorter ones, too. An edit of a list works on its own entries and on those that
//! they cover.

use crate::model::PrefixListId;
use imbl::OrdMap;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// Prefix lists that something has together.
pub(super) type ListSet = BTreeSet<PrefixListId>;

/// The entries of some prefix lists, of both families. A clone shares all that is equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListEntries {
    /// The lists that have exactly this prefix.
    own: OrdMap<IpNet, Arc<ListSet>>,
    /// The lists that have this prefix or one that covers it; of the same prefixes.
    merged: OrdMap<IpNet, Arc<ListSet>>,
}

impl ListEntries {
    /// All prefixes, with the lists that cover them.
    pub(super) const fn merged(&self) -> &OrdMap<IpNet, Arc<ListSet>> {
        &self.merged
    }

    /// The lists that cover a prefix whole.
    pub(super) fn covering(&self, net: IpNet) -> Option<&Arc<ListSet>> {
        longest_cover(&self.merged, net).map(|(_, lists)| lists)
    }

    /// The lists that an address is in.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Option<&BTreeSet<PrefixListId>> {
        self.covering(IpNet::from(address)).map(Arc::as_ref)
    }

    /// Gives an entry to a list that has not got it.
    pub(super) fn add(&mut self, list: PrefixListId, net: IpNet) {
        Arc::make_mut(self.own.entry(net).or_default()).insert(list);
        self.refresh(net);
    }

    /// Takes an entry of a list away.
    pub(super) fn remove(&mut self, list: PrefixListId, net: IpNet) {
        let Some(lists) = self.own.get_mut(&net) else { return };
        Arc::make_mut(lists).remove(&list);
        if lists.is_empty() {
            self.own.remove(&net);
            self.merged.remove(&net);
        }
        self.refresh(net);
    }

    /// Works out again which lists cover a prefix, and those within it.
    fn refresh(&mut self, net: IpNet) {
        let outer = self.covering_properly(net).cloned();
        // Prefixes in order of address and length come after those that cover them, so these form a stack.
        let mut covering: Vec<(IpNet, Arc<ListSet>)> = outer.map(|lists| (supernet(net), lists)).into_iter().collect();
        let within = self.own.range(net..).take_while(|(inner, _)| net.contains(*inner));
        let mut changed = Vec::new();
        for (inner, own) in within {
            while covering.last().is_some_and(|(outer, _)| !outer.contains(inner)) {
                covering.pop();
            }
            let lists = match covering.last() {
                Some((_, lists)) if own.is_subset(lists) => Arc::clone(lists),
                Some((_, lists)) => Arc::new(lists.union(own).copied().collect()),
                None => Arc::clone(own),
            };
            covering.push((*inner, Arc::clone(&lists)));
            if self.merged.get(inner) != Some(&lists) {
                changed.push((*inner, lists));
            }
        }
        for (inner, lists) in changed {
            self.merged.insert(inner, lists);
        }
    }

    /// The lists of the longest prefix that covers another one and is shorter.
    fn covering_properly(&self, net: IpNet) -> Option<&Arc<ListSet>> {
        longest_cover(&self.merged, net.supernet()?).map(|(_, lists)| lists)
    }
}

/// A prefix one bit shorter, or the same where there is none.
fn supernet(net: IpNet) -> IpNet {
    net.supernet().unwrap_or(net)
}

/// The longest prefix in a map that covers another one, that one itself included.
pub(super) fn longest_cover<V: Clone>(map: &OrdMap<IpNet, V>, net: IpNet) -> Option<(&IpNet, &V)> {
    let mut probe = net;
    loop {
        let (found, value) = map.get_prev(&probe)?;
        if found.contains(&net) {
            return Some((found, value));
        }
        // Whatever covers `net` comes before `found`, so it covers that as well: it is what both have in common, or shorter.
        probe = common(*found, net)?;
    }
}

/// The longest prefix that covers both of two.
fn common(one: IpNet, other: IpNet) -> Option<IpNet> {
    let same = match (one, other) {
        (IpNet::V4(one), IpNet::V4(other)) => (one.network().to_bits() ^ other.network().to_bits()).leading_zeros(),
        (IpNet::V6(one), IpNet::V6(other)) => (one.network().to_bits() ^ other.network().to_bits()).leading_zeros(),
        (IpNet::V4(_), IpNet::V6(_)) | (IpNet::V6(_), IpNet::V4(_)) => return None,
    };
    let length = same.min(u32::from(one.prefix_len())).min(u32::from(other.prefix_len())) as u8;
    IpNet::new(other.addr(), length).ok().map(|net| net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn any_net() -> impl Strategy<Value = IpNet> {
        let v4 = (0..16_u8, prop_oneof![Just(0_u8), Just(8), 27..=32_u8])
            .prop_map(|(low, length)| IpNet::new_assert([10, 0, 0, low << 1].into(), length));
        let v6 = (0..16_u16, prop_oneof![Just(0_u8), Just(64), 123..=128_u8])
            .prop_map(|(low, length)| IpNet::new_assert([0xfd00, 0, 0, 0, 0, 0, 0, low << 1].into(), length));
        prop_oneof![v4, v6].prop_map(|net| net.trunc())
    }

    proptest! {
        #[test]
        fn edits_lead_to_what_covers(edits in prop::collection::vec((0..4_u8, any_net(), any::<bool>()), 0..60)) {
            let mut entries = ListEntries::default();
            let mut reference: BTreeMap<IpNet, ListSet> = BTreeMap::new();
            for (list, net, adds) in edits {
                let list: PrefixListId = format!("pl-{list:08x}").parse().expect("an id");
                let has = reference.get(&net).is_some_and(|lists| lists.contains(&list));
                match (adds, has) {
                    (true, false) => {
                        entries.add(list, net);
                        reference.entry(net).or_default().insert(list);
                    }
                    (false, true) => {
                        entries.remove(list, net);
                        reference.get_mut(&net).expect("it has one").remove(&list);
                        reference.retain(|_, lists| !lists.is_empty());
                    }
                    (true, true) | (false, false) => {}
                }
                let covering = |net: &IpNet| -> ListSet {
                    reference.iter().filter(|(outer, _)| outer.contains(net)).flat_map(|(_, lists)| lists).copied().collect()
                };
                let expected: BTreeMap<IpNet, ListSet> = reference.keys().map(|net| (*net, covering(net))).collect();
                let found: BTreeMap<IpNet, ListSet> =
                    entries.merged().iter().map(|(net, lists)| (*net, ListSet::clone(lists))).collect();
                prop_assert_eq!(&found, &expected);
            }
            for low in 0..40_u8 {
                for address in [IpAddr::from([10, 0, 0, low]), IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, u16::from(low)])] {
                    let expected: ListSet = reference
                        .iter()
                        .filter(|(net, _)| net.contains(&address))
                        .flat_map(|(_, lists)| lists)
                        .copied()
                        .collect();
                    prop_assert_eq!(entries.of(address).cloned().unwrap_or_default(), expected);
                }
            }
        }
    }
}
