//! Earlier versions of a prefix list: what leads back from each version to the one before.

use super::{EntryDescription, PrefixList, PrefixListEntries};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most versions of a list that can be kept, the present one included.
pub const MAX_PREFIX_LIST_VERSIONS: u32 = 1000;
/// Most entries that the earlier versions of a list remember together, which bounds what is written with each change of it
/// (some 60 octets an entry). A thousand versions that each changed a hundred entries have room.
pub const MAX_PAST_ENTRIES: usize = 100_000;

/// The earlier versions of a list that are kept, the oldest first. A clone shares them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PastVersions(Vec<Arc<StepBack>>);

/// What leads back from a version to the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepBack {
    /// Entries that the version before did not have.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    without: BTreeSet<IpNet>,
    /// Entries that it had, or had with another description.
    #[serde(default, skip_serializing_if = "PrefixListEntries::is_empty")]
    with: PrefixListEntries,
}

impl StepBack {
    fn between(newer: &PrefixListEntries, older: &PrefixListEntries) -> Self {
        let without = newer.keys().filter(|net| !older.contains_key(net)).copied().collect();
        let had = |(net, description): &(&IpNet, &Option<EntryDescription>)| newer.get(net) != Some(description);
        let with = older.iter().filter(had).map(|(net, description)| (*net, description.clone())).collect();
        Self { without, with }
    }

    fn apply(&self, entries: &mut PrefixListEntries) {
        let Self { without, with } = self;
        entries.retain(|net, _| !without.contains(net));
        entries.extend(with.iter().map(|(net, description)| (*net, description.clone())));
    }

    fn len(&self) -> usize {
        self.without.len() + self.with.len()
    }
}

impl PastVersions {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All blocks that come up in them.
    pub(super) fn blocks(&self) -> impl Iterator<Item = IpNet> {
        self.0.iter().flat_map(|step| step.with.keys()).copied()
    }

    /// Adds the step from a version to the one before, and lets go of the oldest ones beyond the limits.
    fn push(&mut self, step: StepBack, versions: u32) {
        self.0.push(Arc::new(step));
        let mut total = 0;
        let fits = |step: &&Arc<StepBack>| {
            total += step.len();
            total <= MAX_PAST_ENTRIES
        };
        let room = (versions.clamp(1, MAX_PREFIX_LIST_VERSIONS) - 1) as usize;
        let kept = self.0.iter().rev().take_while(fits).count().min(room);
        self.0.drain(..self.0.len() - kept);
    }
}

impl PrefixList {
    /// The list with other entries, as its next version. Of its versions, so many are kept at most.
    #[must_use]
    pub fn with_entries(&self, entries: PrefixListEntries, versions: u32) -> Self {
        let mut next = self.clone();
        next.past.push(StepBack::between(&entries, &self.entries), versions);
        next.version += 1;
        next.entries = entries;
        next
    }

    /// The versions whose entries are known, the present one included.
    #[must_use]
    pub fn versions(&self) -> std::ops::RangeInclusive<u64> {
        self.version - self.past.len() as u64..=self.version
    }

    /// The entries of a version; nothing if that is unknown.
    #[must_use]
    pub fn entries_of(&self, version: u64) -> Option<PrefixListEntries> {
        if !self.versions().contains(&version) {
            return None;
        }
        let steps = usize::try_from(self.version - version).ok()?;
        let mut entries = self.entries.clone();
        for step in self.past.0.iter().rev().take(steps) {
            step.apply(&mut entries);
        }
        Some(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AccountId, Family};
    use super::*;
    use proptest::prelude::*;

    fn list() -> PrefixList {
        let (id, name) = ("pl-12345678".parse().expect("an id"), "offices".parse().expect("a name"));
        PrefixList::new(id, name, AccountId::default(), Family::Ipv4, 1000, PrefixListEntries::new())
    }

    fn entries() -> impl Strategy<Value = PrefixListEntries> {
        let net = (0..8_u8).prop_map(|number| format!("10.{number}.0.0/16").parse().expect("a block"));
        let description = prop::option::of("[ab]".prop_map(|text| text.parse().expect("a description")));
        prop::collection::btree_map(net, description, 0..8)
    }

    proptest! {
        #[test]
        fn every_version_that_is_kept_has_the_entries_it_had(
            history in prop::collection::vec(entries(), 1..12),
            versions in 1..8_u32,
        ) {
            let mut list = list();
            let mut seen = vec![list.entries.clone()];
            for entries in history {
                list = list.with_entries(entries.clone(), versions);
                prop_assert_eq!(list.validate(), Ok(()));
                seen.push(entries);
            }
            let stored = serde_json::to_string(&list).expect("a list has a JSON form");
            prop_assert_eq!(&serde_json::from_str::<PrefixList>(&stored).expect("its own JSON"), &list);
            prop_assert_eq!(list.version as usize, seen.len());
            prop_assert_eq!(list.past.len() + 1, seen.len().min(versions as usize));
            for (version, entries) in (1..).zip(&seen) {
                let is_kept = list.versions().contains(&version);
                prop_assert_eq!(list.entries_of(version), is_kept.then(|| entries.clone()));
            }
            prop_assert_eq!(list.entries_of(list.version + 1), None);
        }
    }

    #[test]
    fn what_earlier_versions_remember_is_bounded() {
        let block = |number: u32| IpNet::new_assert(std::net::Ipv4Addr::from(number << 8).into(), 24);
        let of = |first: u32| (first..first + 1000).map(|number| (block(number), None)).collect::<PrefixListEntries>();
        let mut list = list();
        for round in 0..120_u32 {
            // Each version has none of the entries of the one before.
            list = list.with_entries(of(round % 2 * 1000), 1000);
        }
        // A step takes the one thousand away and puts the other one back.
        assert_eq!(list.past.len(), MAX_PAST_ENTRIES / 2000);
        // The last round left the version 121 with the second thousand, as every other one did.
        assert!(list.entries_of(*list.versions().start()) == Some(of(1000)));
    }
}
