//! The programs, opened from their pins.

use super::error::DataplaneError;
use super::hooks::Hook;
use super::pins::{Leg, Pins};
use super::sys::bpf::{self, LinkTarget};
use aya::programs::SchedClassifier;
use firewall_common::abi::program;
use std::os::fd::OwnedFd;

/// Octets of a name that the kernel keeps.
const KERNEL_NAME: usize = 15;

/// The programs.
#[derive(Debug)]
pub(super) struct Programs {
    xdp_rx: OwnedFd,
    tc_rx: OwnedFd,
    tc_tx: OwnedFd,
    /// Run over keys of IPv4 and of IPv6.
    pub(super) sweep: [SchedClassifier; 2],
}

impl Programs {
    /// All of them.
    pub(super) const NAMES: [&str; 5] =
        [program::XDP_RX, program::TC_RX, program::TC_TX, program::SWEEP_V4, program::SWEEP_V6];
    /// Those that are attached to devices.
    const ATTACHED: [&str; 3] = [program::XDP_RX, program::TC_RX, program::TC_TX];

    /// Whether all of them are pinned.
    pub(super) fn are_pinned(pins: &Pins) -> bool {
        Self::NAMES.iter().all(|name| pins.program(name).exists())
    }

    pub(super) fn open(pins: &Pins) -> Result<Self, DataplaneError> {
        let get = |name| {
            let path = pins.program(name);
            bpf::get(&path).map_err(DataplaneError::pin("open", path))
        };
        let classifier = |name| {
            let opened = SchedClassifier::from_pin(pins.program(name));
            opened.map_err(|error| DataplaneError::Load(Box::new(error)))
        };
        Ok(Self {
            xdp_rx: get(program::XDP_RX)?,
            tc_rx: get(program::TC_RX)?,
            tc_tx: get(program::TC_TX)?,
            sweep: [classifier(program::SWEEP_V4)?, classifier(program::SWEEP_V6)?],
        })
    }

    /// The program for a link.
    pub(super) const fn for_hook(&self, hook: Hook, is_ingress: bool) -> &OwnedFd {
        match (hook, is_ingress) {
            (Hook::Xdp | Hook::XdpGeneric, _) => &self.xdp_rx,
            (Hook::Tcx | Hook::Clsact, true) => &self.tc_rx,
            (Hook::Tcx | Hook::Clsact, false) => &self.tc_tx,
        }
    }

    /// Name of the program that belongs into a filter.
    pub(super) const fn classifier(leg: Leg) -> &'static str {
        match leg {
            Leg::In => program::TC_RX,
            Leg::Out => program::TC_TX,
        }
    }

    /// Name of the program that belongs into a link.
    pub(super) const fn name_for(target: LinkTarget) -> Option<&'static str> {
        match target {
            LinkTarget::Xdp { ifindex: _ } => Some(program::XDP_RX),
            LinkTarget::Tcx { ifindex: _, attach_type: bpf::attach_type::TCX_INGRESS } => Some(program::TC_RX),
            LinkTarget::Tcx { ifindex: _, attach_type: bpf::attach_type::TCX_EGRESS } => Some(program::TC_TX),
            LinkTarget::Tcx { .. } | LinkTarget::Other => None,
        }
    }

    /// Whether a name, cut as the kernel does, is that of a program of ours that is attached to devices.
    pub(super) fn is_ours(name: &str) -> bool {
        Self::ATTACHED.iter().any(|ours| &ours[..ours.len().min(KERNEL_NAME)] == name)
    }
}
