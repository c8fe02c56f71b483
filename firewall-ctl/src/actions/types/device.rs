//! Actions of our own on devices: the service has no word for them.

use super::{Hook, answer, request};
use serde::{Deserialize, Serialize};

request! {
    /// Puts a device under its groups' rules. For a device that is attached already, what is absent stays as it is.
    AttachDevice {
        /// The device's name.
        device: Option<String>,
        /// Its groups, by id; those it had before, else the VPC's default group, when absent.
        groups: Vec<String>,
        /// Its VPC; that of the groups, else the default one, when absent.
        vpc_id: Option<String>,
        /// `host` (when absent) for the machine's own interface, `workload` for one that leads to a container or VM.
        side: Option<String>,
        /// `auto` (when absent), `xdp`, `xdp-generic` or `tc`.
        hook: Option<String>,
        /// Its addresses; for a host those that the kernel has when absent.
        private_ip_addresses: Option<Addresses>,
        /// The hardware address that a workload sends with; `auto` (when absent) for what the other end of the device says,
        /// if it has one, or `any`.
        mac_address: Option<String>,
        /// Whether to drop frames other than IP and ARP; not when absent.
        strict_l2: Option<bool>,
        /// Whether what no rule allows is dropped, or only counted; dropped when absent.
        enforce: Option<bool>,
        /// Whether to hold packets against the addresses of the interface, as the service does; so it is when absent.
        source_dest_check: Option<bool>,
        /// Do not take over the connections that are alive.
        no_adopt: bool,
        /// Change what is attached already.
        replace: bool,
        /// Attach this interface's record, which no device has.
        network_interface_id: Option<String>,
        /// Say what would happen, and change nothing.
        dry_run: bool,
    }

    /// Takes the rules off a device. Its record stays, so that attaching finds it again.
    DetachDevice {
        /// The device's name.
        device: Option<String>,
        /// Delete the record too.
        delete: bool,
    }
}

/// The addresses of a device to attach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Addresses {
    /// These.
    Given(Vec<String>),
    /// `auto`: those that the kernel has, for a workload those of the peer's namespace.
    Word(String),
}

answer! {
    /// Answer of AttachDevice.
    AttachDeviceResult {
        /// The interface's record.
        network_interface_id: String,
        /// The device's name.
        device: String,
        /// What became of the record.
        state: AttachState,
        /// The hook.
        hook: Hook,
        /// Whether the rules are enforced, or only watched: nothing is dropped then.
        enforce: bool,
        /// `host` or `workload`.
        side: String,
        /// Its VPC.
        vpc_id: String,
        /// Its groups.
        groups: Vec<String>,
        /// Its addresses, as far as they are known.
        private_ip_addresses: Vec<String>,
        /// Its hardware address.
        mac_address: String,
        /// The number of the attachment on this host.
        attachment_number: u32,
        /// With `Replaced`: what is different now, one line each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<String>,
        /// The device's MTU. Filled in by the controller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mtu: Option<u32>,
        /// Connections that were taken over. Filled in by the controller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        adopted_connections: Option<u64>,
        /// Whether this only says what would happen.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dry_run: bool,
        /// What the caller should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    }

    /// Answer of DetachDevice.
    DetachDeviceResult {
        /// The interface's record.
        network_interface_id: String,
        /// The device's name.
        device: String,
        /// What became of the record.
        state: DetachState,
        /// What the caller should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    }
}

/// What AttachDevice did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttachState {
    /// The device was not attached, and is now.
    Attached,
    /// It was attached just so.
    Unchanged,
    /// It was attached otherwise.
    Replaced,
}

/// What DetachDevice did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetachState {
    /// The record is kept.
    Detached,
    /// The record is gone too.
    Deleted,
}
