//! Pinned links: how one takes the place of another, and how all of them are taken off.
//!
//! A link that is neither pinned nor held by a process detaches its program. So a new one is pinned beside the old one before
//! that goes, and at no moment depends on a process that may be killed.

use super::error::DataplaneError;
use super::pins::{Leg, Pins, ignore_missing};
use super::sys::bpf::{self, LinkTarget};
use firewall_common::abi::Interface;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

/// Pins a link that runs already, and takes the one off that it replaces, if there is one.
pub(super) fn put(pins: &Pins, number: u32, leg: Leg, link: &OwnedFd) -> Result<(), DataplaneError> {
    let next = pins.next_link(number, leg);
    // One that an earlier attempt has left: the link that it was to replace is there still.
    ignore_missing(std::fs::remove_file(&next)).map_err(DataplaneError::pin("remove", &next))?;
    bpf::pin(link.as_fd(), &next).map_err(DataplaneError::pin("pin a link to", next))?;
    take_place(pins, number, leg)
}

/// Finishes what was interrupted between the two steps of [`put`].
pub(super) fn settle(pins: &Pins) -> Result<(), DataplaneError> {
    let waiting = pins.list_next_links().map_err(DataplaneError::pin("list", pins.links()))?;
    waiting.into_iter().try_for_each(|(number, leg)| take_place(pins, number, leg))
}

fn take_place(pins: &Pins, number: u32, leg: Leg) -> Result<(), DataplaneError> {
    let (path, next) = (pins.link(number, leg), pins.next_link(number, leg));
    unlink(&path).map_err(|source| DataplaneError::Detach { number, leg, source })?;
    std::fs::rename(&next, path).map_err(DataplaneError::pin("rename", next))
}

/// Names links after the attachment that the tables give their device: a hand-over may have been interrupted before it came to
/// that.
pub(super) fn name(pins: &Pins, entries: &BTreeMap<u32, (u32, Interface)>) -> Result<(), DataplaneError> {
    let holders: BTreeMap<u32, u32> = entries.iter().map(|(number, (ifindex, _))| (*ifindex, *number)).collect();
    for (number, leg) in pins.list_links().map_err(DataplaneError::pin("list", pins.links()))? {
        let path = pins.link(number, leg);
        let link = bpf::get(&path).map_err(DataplaneError::pin("open", &path))?;
        let info = bpf::link_info(link.as_fd()).map_err(DataplaneError::pin("look at", &path))?;
        let Some(holder) = holders.get(&info.target.ifindex()).filter(|holder| **holder != number) else { continue };
        let named = pins.link(*holder, leg);
        if !named.exists() {
            std::fs::rename(&path, named).map_err(DataplaneError::pin("rename", path))?;
        }
    }
    Ok(())
}

/// Takes off what is pinned of an attachment.
pub(super) fn take_off(pins: &Pins, number: u32, leg: Leg) -> Result<(), DataplaneError> {
    for path in [pins.link(number, leg), pins.next_link(number, leg)] {
        unlink(&path).map_err(|source| DataplaneError::Detach { number, leg, source })?;
    }
    Ok(())
}

/// Detaches the link that is pinned to a path, whoever else holds it, and removes the pin.
pub(super) fn unlink(path: &Path) -> io::Result<()> {
    match bpf::get(path) {
        Ok(link) => match bpf::link_detach(link.as_fd()) {
            Ok(()) => {}
            // Detached before, or the device is gone.
            Err(_) if bpf::link_info(link.as_fd()).is_ok_and(|info| info.target.is_detached()) => {}
            Err(error) => return Err(error),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    ignore_missing(std::fs::remove_file(path))
}

impl LinkTarget {
    /// Index of the device; 0 when there is none any more.
    pub(super) const fn ifindex(self) -> u32 {
        match self {
            Self::Xdp { ifindex } | Self::Tcx { ifindex, attach_type: _ } => ifindex,
            Self::Other => 0,
        }
    }

    const fn is_detached(self) -> bool {
        match self {
            Self::Xdp { .. } | Self::Tcx { .. } => self.ifindex() == 0,
            Self::Other => false,
        }
    }
}
