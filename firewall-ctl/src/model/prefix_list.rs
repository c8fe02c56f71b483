//! Prefix lists: address blocks under one name, that rules can have as their peer.

use super::text::{serde_by_text, words};
use super::{AccountId, ClientToken, Family, MAX_NAME_LENGTH, PastVersions, PrefixListId, Tags};
use imbl::OrdMap;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Most entries that a list can be made for: a rule that names the list counts as so many, and an interface has at most
/// [`super::MAX_RULES_PER_INTERFACE`].
pub const MAX_PREFIX_LIST_ENTRIES: u32 = 1000;
/// What the names of the service's own lists begin with.
pub const RESERVED_PREFIX_LIST_NAME: &str = "com.amazonaws";

/// The lists of a model, by identifier.
pub type PrefixLists = OrdMap<PrefixListId, Arc<PrefixList>>;

/// The blocks of a list, and what their author says about them.
pub type PrefixListEntries = BTreeMap<IpNet, Option<EntryDescription>>;

/// Address blocks of one family, under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrefixList {
    /// Its identifier.
    pub id: PrefixListId,
    /// Its name; several lists may have the same.
    pub name: PrefixListName,
    /// The account that made it.
    pub owner: AccountId,
    /// The family of its entries, and of the rules that name it.
    pub family: Family,
    /// For how many entries it is made, from 1 to [`MAX_PREFIX_LIST_ENTRIES`]. Quotas count this, and not the entries.
    pub max_entries: u32,
    /// From 1; one more with each change of the entries.
    pub version: u64,
    /// Its blocks, none with a bit set behind its prefix, and what their author says about them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub entries: PrefixListEntries,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// What was done to it last.
    #[serde(default)]
    pub state: PrefixListState,
    /// Its versions before this one.
    #[serde(default, skip_serializing_if = "PastVersions::is_empty")]
    pub past: PastVersions,
    /// The token of the request that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_token: Option<ClientToken>,
}

words! {
    /// What was done to a prefix list last, in the words of the service. Nothing is ever in progress here, and what fails
    /// changes nothing.
    PrefixListState, "state of a prefix list" {
        /// It was made.
        CreateComplete = "create-complete",
        /// Its name, its size or its entries were changed.
        ModifyComplete = "modify-complete",
        /// The entries of an earlier version were put back.
        RestoreComplete = "restore-complete",
        /// It was deleted; told once, by the deletion.
        DeleteComplete = "delete-complete",
    }
}

impl Default for PrefixListState {
    /// Of what was written before lists had a state.
    fn default() -> Self {
        Self::CreateComplete
    }
}

/// What is wrong with a prefix list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixListError {
    /// It is made for no entry, or for too many.
    #[error("Must specify a max size between 1 and {MAX_PREFIX_LIST_ENTRIES}")]
    MaxEntries {
        /// The size given.
        value: u32,
    },
    /// It has more entries than it is made for.
    #[error("the list has {count} entries, and is made for {max_entries}")]
    Full {
        /// How many entries there are.
        count: usize,
        /// For how many it is made.
        max_entries: u32,
    },
    /// An entry is of the other family.
    #[error("the entry {net} is not of the list's family, {family}")]
    Family {
        /// The entry.
        net: IpNet,
        /// The family of the list.
        family: Family,
    },
    /// An entry has bits set behind its prefix.
    #[error("the entry {net} has bits set behind its prefix: it is {}", .net.trunc())]
    NotCanonical {
        /// The entry.
        net: IpNet,
    },
    /// Versions begin with 1.
    #[error("the version of the list is 0, or it has more versions than it can have had")]
    Version,
}

/// A text that is no name of a prefix list, or no description of an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixListTextError {
    /// Nothing, or too much.
    #[error("The name of a prefix list has between 1 and 255 characters: '{text}'")]
    NameLength {
        /// The text given.
        text: String,
    },
    /// A name that the service keeps for its own lists.
    #[error("The name of a prefix list can't start with '{RESERVED_PREFIX_LIST_NAME}': '{text}'")]
    NameReserved {
        /// The text given.
        text: String,
    },
    /// Too much.
    #[error("The description of an entry has at most 255 characters: '{text}'")]
    DescriptionLength {
        /// The text given.
        text: String,
    },
    /// Characters that move the cursor or worse where the text is shown.
    #[error("The text has control characters: {text:?}")]
    Control {
        /// The text given.
        text: String,
    },
}

/// The name of a prefix list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrefixListName(String);

/// The description of an entry; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryDescription(String);

impl PrefixList {
    /// A list of an account in its first version, without tags.
    #[must_use]
    pub const fn new(
        id: PrefixListId,
        name: PrefixListName,
        owner: AccountId,
        family: Family,
        max_entries: u32,
        entries: PrefixListEntries,
    ) -> Self {
        Self {
            id,
            name,
            owner,
            family,
            max_entries,
            version: 1,
            entries,
            tags: Tags::new(),
            state: PrefixListState::CreateComplete,
            past: PastVersions::new(),
            client_token: None,
        }
    }

    /// Holds its fields against each other.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate(&self) -> Result<(), PrefixListError> {
        let Self {
            id: _,
            name: _,
            owner: _,
            family,
            max_entries,
            version,
            entries,
            tags: _,
            state: _,
            past,
            client_token: _,
        } = self;
        if !(1..=MAX_PREFIX_LIST_ENTRIES).contains(max_entries) {
            return Err(PrefixListError::MaxEntries { value: *max_entries });
        }
        if entries.len() > *max_entries as usize {
            return Err(PrefixListError::Full { count: entries.len(), max_entries: *max_entries });
        }
        if *version <= past.len() as u64 {
            return Err(PrefixListError::Version);
        }
        for net in entries.keys().copied().chain(past.blocks()) {
            if Family::of(net.addr()) != *family {
                return Err(PrefixListError::Family { net, family: *family });
            }
            if net != net.trunc() {
                return Err(PrefixListError::NotCanonical { net });
            }
        }
        Ok(())
    }
}

impl PrefixListName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EntryDescription {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PrefixListName {
    type Err = PrefixListTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_owned();
        if !(1..=MAX_NAME_LENGTH).contains(&text.chars().count()) {
            return Err(PrefixListTextError::NameLength { text });
        }
        let start = text.get(..RESERVED_PREFIX_LIST_NAME.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_PREFIX_LIST_NAME)) {
            return Err(PrefixListTextError::NameReserved { text });
        }
        without_control(text).map(Self)
    }
}

impl FromStr for EntryDescription {
    type Err = PrefixListTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_owned();
        if text.chars().count() > MAX_NAME_LENGTH {
            return Err(PrefixListTextError::DescriptionLength { text });
        }
        without_control(text).map(Self)
    }
}

fn without_control(text: String) -> Result<String, PrefixListTextError> {
    if text.chars().any(char::is_control) { Err(PrefixListTextError::Control { text }) } else { Ok(text) }
}

impl fmt::Display for PrefixListName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Display for EntryDescription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

serde_by_text!(PrefixListName, EntryDescription);

#[cfg(test)]
mod tests {
    use super::*;

    fn list(family: Family, max_entries: u32, entries: &[&str]) -> PrefixList {
        let (id, name) = ("pl-12345678".parse().expect("an id"), "offices".parse().expect("a name"));
        let entries = entries.iter().map(|net| (net.parse().expect("a block"), None)).collect();
        PrefixList::new(id, name, AccountId::default(), family, max_entries, entries)
    }

    #[test]
    fn lists_that_break_the_rules() {
        let message = |list: PrefixList| list.validate().expect_err("it is wrong").to_string();
        assert_eq!(list(Family::Ipv4, 1000, &["0.0.0.0/0", "10.0.0.0/8"]).validate(), Ok(()));
        assert_eq!(list(Family::Ipv6, 1, &["2001:db8::/32"]).validate(), Ok(()));
        for size in [0, 1001] {
            assert_eq!(message(list(Family::Ipv4, size, &[])), "Must specify a max size between 1 and 1000");
        }
        assert_eq!(
            message(list(Family::Ipv4, 1, &["10.0.0.0/8", "11.0.0.0/8"])),
            "the list has 2 entries, and is made for 1"
        );
        assert_eq!(
            message(list(Family::Ipv4, 9, &["fd00::/8"])),
            "the entry fd00::/8 is not of the list's family, IPv4"
        );
        assert_eq!(
            message(list(Family::Ipv4, 9, &["10.1.0.0/8"])),
            "the entry 10.1.0.0/8 has bits set behind its prefix: it is 10.0.0.0/8"
        );
        let unborn = message(PrefixList { version: 0, ..list(Family::Ipv4, 9, &[]) });
        assert_eq!(unborn, "the version of the list is 0, or it has more versions than it can have had");
    }

    #[test]
    fn names_that_break_the_rules() {
        let message = |text: &str| text.parse::<PrefixListName>().expect_err("no name").to_string();
        assert!(message("").contains("between 1 and 255"));
        assert!(message(&"x".repeat(256)).contains("between 1 and 255"));
        assert!(message("com.amazonaws.global.cloudfront").contains("can't start with 'com.amazonaws'"));
        assert!(message("Com.AmazonAWS").contains("can't start with"));
        assert!(message("a\nb").contains("control"));
        for name in ["com.amazon", "büro", &"x".repeat(255)] {
            assert_eq!(name.parse::<PrefixListName>().map(|name| name.to_string()), Ok(name.to_owned()));
        }
        let long = "x".repeat(256).parse::<EntryDescription>().expect_err("too long").to_string();
        assert!(long.contains("at most 255"), "{long}");
        assert!("".parse::<EntryDescription>().is_ok_and(|text| text.as_str().is_empty()));
    }
}
