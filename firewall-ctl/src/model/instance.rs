//! Instances: machines, by their interfaces.

use super::{AccountId, AttachmentId, InstanceId, Tags};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A machine: this host, or one that somebody has registered. Which interfaces it has is said by these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// Its identifier.
    pub id: InstanceId,
    /// The account that made it.
    pub owner: AccountId,
    /// The name of the host that has registered itself as this; none for a record that somebody made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Since when it is there.
    pub registered_at: Timestamp,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// The place of an interface at an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceAttachment {
    /// Its identifier.
    pub id: AttachmentId,
    /// The instance.
    pub instance: InstanceId,
    /// The place, which no other interface of the instance has. The primary interface is at 0.
    pub device_index: u32,
    /// Since when it is there.
    pub attached_at: Timestamp,
    /// Whether the interface goes with the instance.
    pub delete_on_termination: bool,
    /// Whether it came with a device of the instance's host, and goes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_device: bool,
}

impl InstanceAttachment {
    /// Where the primary interface of an instance is.
    pub const PRIMARY: u32 = 0;
}
