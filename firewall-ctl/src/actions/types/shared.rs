//! Members that several actions share.

use super::{answer, request};

request! {
    /// Narrows what a describe action lists: several values of one filter are alternatives, several filters must all
    /// hold. `*` and `?` in a value are wildcards, a backslash takes their meaning away.
    Filter {
        /// What to look at, such as `group-id`.
        name: Option<String>,
        /// The values that are wanted.
        values: Vec<String>,
    }

    /// Tags for what an action creates.
    TagSpecification {
        /// The type of the created resource, such as `security-group`.
        resource_type: Option<String>,
        /// The tags.
        tags: Vec<Tag>,
    }
}

request! {
    /// A boolean attribute, as it is set and as it is told.
    AttributeBooleanValue {
        /// The value.
        value: Option<bool>,
    }

    /// An attribute of text, as it is set and as it is told.
    AttributeValue {
        /// The value.
        value: Option<String>,
    }
}

impl From<bool> for AttributeBooleanValue {
    fn from(value: bool) -> Self {
        Self { value: Some(value) }
    }
}

/// A tag of a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Tag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

answer! {
    /// The answer of actions that have nothing to say but that they are done.
    Done {}
}
