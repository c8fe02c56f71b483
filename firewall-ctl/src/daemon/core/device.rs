//! How an attachment's device and programs are.

use super::Host;
use crate::model::{Attachment, Side};
use firewall_common::verdict::Direction;

/// How an attachment is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceStatus {
    /// Index of the device, while it is there.
    pub ifindex: Option<u32>,
    /// Its MTU.
    pub mtu: Option<u32>,
    /// What runs where frames are received.
    pub hook_rx: Option<String>,
    /// What runs where frames are sent.
    pub hook_tx: Option<String>,
    /// What is amiss.
    pub amiss: Vec<String>,
    /// Flows that are alive.
    pub flows: u64,
}

impl DeviceStatus {
    /// Both hooks in a word: `xdp/tcx` for frames received and sent, `tcx` when they are the same.
    #[must_use]
    pub fn hooks(&self) -> Option<String> {
        let (rx, tx) = (self.hook_rx.as_ref()?, self.hook_tx.as_ref()?);
        Some(if rx == tx { rx.clone() } else { format!("{rx}/{tx}") })
    }

    /// What judges a direction: a workload's inbound is what its device sends.
    #[must_use]
    pub fn hook_towards(&self, side: Side, direction: Direction) -> Option<String> {
        match (side, direction) {
            (Side::Host, Direction::Inbound) | (Side::Workload, Direction::Outbound) => self.hook_rx.clone(),
            (Side::Host, Direction::Outbound) | (Side::Workload, Direction::Inbound) => self.hook_tx.clone(),
        }
    }

    /// All is well, in the word given, or what is amiss.
    #[must_use]
    pub fn state(&self, well: &str) -> String {
        if self.amiss.is_empty() { well.to_owned() } else { self.amiss.join("; ") }
    }

    /// An attachment that has no programs yet.
    pub(super) fn unplaced(attachment: &Attachment, host: &Host) -> Self {
        let link = host.snapshot.by_name(&attachment.device);
        let amiss = if link.is_some() { "not enforced" } else { "missing" };
        Self {
            ifindex: link.map(|link| link.ifindex),
            mtu: link.map(|link| link.mtu),
            amiss: vec![amiss.to_owned()],
            ..Self::default()
        }
    }
}
