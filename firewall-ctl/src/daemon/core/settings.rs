//! What does not change while the controller runs.

use crate::daemon::config::Bindable;
use crate::model::{AccountId, Quotas};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

/// What does not change while the controller runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How much there may be.
    pub quotas: Quotas,
    /// Owner of what is made.
    pub account: AccountId,
    /// Name of the region.
    pub region: String,
    /// Name of this host, by which it registers itself as an instance.
    pub host_name: String,
    /// Devices that a tag of an interface may bind.
    pub bindable: Bindable,
    /// Addresses that are let through whatever the rules say.
    pub always_allow: BTreeSet<IpAddr>,
    /// Highest number of a rule.
    pub last_rule_number: u32,
    /// Highest number of an attachment.
    pub last_attachment_number: u32,
    /// What `Status` tells of the controller.
    pub identity: Identity,
}

/// Who the controller is.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// When it started.
    pub started_at: Timestamp,
    /// The machine's kernel.
    pub kernel: String,
    /// Where the state is.
    pub state_dir: PathBuf,
    /// Where programs and tables are pinned.
    pub bpffs: PathBuf,
}
