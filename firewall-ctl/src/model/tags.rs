//! Tags of resources.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most tags of a resource.
pub const MAX_TAGS: usize = 50;
/// Most characters of a tag's key.
pub const MAX_TAG_KEY_LENGTH: usize = 127;
/// Most characters of a tag's value.
pub const MAX_TAG_VALUE_LENGTH: usize = 256;

/// What keys of tags begin with that the controller heeds, such as `firewall:device`.
pub const CONTROLLER_TAG_PREFIX: &str = "firewall:";

/// Tags of one resource, by key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Tags(BTreeMap<String, String>);

/// Why a tag is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// No key, or one that is too long.
    #[error("Tag key must have between 1 and 127 characters: '{key}'")]
    KeyLength {
        /// The key given.
        key: String,
    },
    /// A key that belongs to the service.
    #[error("Tag keys starting with 'aws:' are reserved for internal use: '{key}'")]
    KeyReserved {
        /// The key given.
        key: String,
    },
    /// A value that is too long.
    #[error("Tag value must have at most 256 characters, for key '{key}'")]
    ValueLength {
        /// The key given.
        key: String,
    },
    /// The resource has as many as it can have.
    #[error("The maximum number of tags per resource (50) has been reached")]
    TooMany,
}

impl Tags {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// One of a resource's tags alone, as it was accepted before.
    #[must_use]
    pub fn single(key: &str, value: &str) -> Self {
        Self(BTreeMap::from([(key.to_owned(), value.to_owned())]))
    }

    /// Sets a tag, over one of the same key if there is one.
    ///
    /// # Errors
    /// Key or value is not valid, or there are too many.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) -> Result<(), TagError> {
        let (key, value) = (key.into(), value.into());
        if key.is_empty() || key.chars().count() > MAX_TAG_KEY_LENGTH {
            return Err(TagError::KeyLength { key });
        }
        if key.as_bytes().iter().take(4).map(u8::to_ascii_lowercase).eq(*b"aws:") {
            return Err(TagError::KeyReserved { key });
        }
        if value.chars().count() > MAX_TAG_VALUE_LENGTH {
            return Err(TagError::ValueLength { key });
        }
        if self.0.len() >= MAX_TAGS && !self.0.contains_key(&key) {
            return Err(TagError::TooMany);
        }
        self.0.insert(key, value);
        Ok(())
    }

    /// Takes a tag away, and gives its value.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// Takes all tags away but those that the controller heeds: who means these names them.
    pub fn clear(&mut self) {
        self.0.retain(|key, _| key.starts_with(CONTROLLER_TAG_PREFIX));
    }

    /// The value of a tag.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All tags, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Tags {
    type Error = TagError;

    fn try_from(tags: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        let mut valid = Self::default();
        for (key, value) in tags {
            valid.set(key, value)?;
        }
        Ok(valid)
    }
}

impl From<Tags> for BTreeMap<String, String> {
    fn from(tags: Tags) -> Self {
        tags.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_break_the_rules() {
        let mut tags = Tags::default();
        assert!(matches!(tags.set("", "x"), Err(TagError::KeyLength { .. })));
        assert!(matches!(tags.set("k".repeat(128), "x"), Err(TagError::KeyLength { .. })));
        assert!(matches!(tags.set("AWS:name", "x"), Err(TagError::KeyReserved { .. })));
        assert!(matches!(tags.set("k", "v".repeat(257)), Err(TagError::ValueLength { .. })));
        assert!(tags.is_empty());
        for number in 0..MAX_TAGS {
            assert_eq!(tags.set(format!("key{number}"), ""), Ok(()));
        }
        assert_eq!(tags.set("one more", ""), Err(TagError::TooMany));
        assert_eq!(tags.set("key0", "new"), Ok(()));
        assert_eq!((tags.get("key0"), tags.len()), (Some("new"), MAX_TAGS));
    }

    #[test]
    fn what_the_controller_heeds_goes_by_its_name_only() {
        let mut tags = Tags::single("firewall:device", "here/eth0");
        tags.set("Name", "web").unwrap();
        tags.clear();
        assert_eq!(tags, Tags::single("firewall:device", "here/eth0"));
        assert_eq!(tags.remove("firewall:device").as_deref(), Some("here/eth0"));
    }

    #[test]
    fn stored_tags_are_held_against_the_rules() {
        assert!(serde_json::from_str::<Tags>(r#"{"Name": "web"}"#).is_ok_and(|tags| tags.get("Name") == Some("web")));
        serde_json::from_str::<Tags>(r#"{"aws:x": "web"}"#).expect_err("a reserved key");
    }
}
