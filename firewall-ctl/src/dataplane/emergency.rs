//! Takes programs off devices without a controller, without a store, and as far as possible without pins.

use super::device::Link;
use super::error::DataplaneError;
use super::hooks::Hook;
use super::pins::{Leg, Pins};
use super::programs::Programs;
use super::sys::bpf::{self, LinkTarget, attach_type};
use super::{attach, bpffs, clsact, device, links, privileges};
use crate::lock::{DirectoryLock, LockError};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

/// Something that was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// A program at a device.
    Program {
        /// The device; its index when it has no name any more.
        device: String,
        /// Where it ran.
        hook: Hook,
        /// Which frames it judged.
        leg: Leg,
    },
    /// Tables and programs that were pinned.
    Pins {
        /// Their directory.
        path: PathBuf,
    },
}

impl fmt::Display for Removed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program { device, hook, leg } => write!(formatter, "{device}: {hook} ({leg})"),
            Self::Pins { path } => write!(formatter, "pinned tables and programs under {}", path.display()),
        }
    }
}

/// Takes our programs off a device, or off all devices, and says what there was. What was taken off stays off, also while
/// a controller runs, until it is attached again. Where all devices are meant and no controller runs, all pins are removed.
///
/// What is pinned is found by its pin. A device without a pinned link is searched for programs with our names; all
/// devices of this network namespace are, when nothing is pinned. clsact filters are always searched for by name.
///
/// # Errors
/// Privileges are missing, the device does not exist, or the kernel refuses.
pub fn emergency_detach(root: &Path, device: Option<&str>) -> Result<Vec<Removed>, DataplaneError> {
    privileges::check()?;
    let devices = device::links()?;
    let targets: BTreeMap<u32, String> = match device {
        None => devices.iter().map(|(ifindex, link)| (*ifindex, link.name.clone())).collect(),
        Some(name) => {
            let found = devices.iter().filter(|(_, link)| link.name == name);
            let found: BTreeMap<u32, String> = found.map(|(ifindex, link)| (*ifindex, link.name.clone())).collect();
            if found.is_empty() {
                return Err(DataplaneError::UnknownDevice(name.to_owned()));
            }
            found
        }
    };
    let pins = Pins::new(root);
    let had_bpffs = bpffs::is_bpffs(root).unwrap_or(false);
    let is_running = had_bpffs && is_controller_running(root);
    // First of all, or a controller that looks in between puts back what is taken off.
    let mut released = Vec::new();
    if had_bpffs && (device.is_some() || is_running) {
        for ifindex in targets.keys().filter(|ifindex| !pins.is_released(**ifindex)) {
            pins.release(*ifindex).map_err(DataplaneError::pin("write to", root))?;
            released.push(*ifindex);
        }
    }
    let mut removed = Vec::new();
    let had_pins = remove_pinned(&pins, device.is_some(), &targets, &devices, &mut removed)?;
    let failed = |source| DataplaneError::Query { what: "attached programs".to_owned(), source };
    for (ifindex, name) in &targets {
        if !had_pins {
            remove_by_name(*ifindex, name, &mut removed).map_err(failed)?;
        }
        for leg in Leg::ALL {
            if clsact::detach(*ifindex, leg).map_err(failed)? {
                removed.push(Removed::Program { device: name.clone(), hook: Hook::Clsact, leg });
            }
        }
    }
    for ifindex in released {
        let name = targets.get(&ifindex);
        let is_its = |gone: &Removed| matches!(gone, Removed::Program { device, .. } if Some(device) == name);
        if !removed.iter().any(is_its) {
            pins.take_up(ifindex).map_err(DataplaneError::pin("clear", root))?;
        }
    }
    if device.is_none() && had_bpffs && !is_running {
        pins.remove_maps_and_programs().map_err(DataplaneError::pin("clear", root))?;
        pins.remove_directories().map_err(DataplaneError::pin("remove", root))?;
        removed.push(Removed::Pins { path: root.to_owned() });
    }
    Ok(removed)
}

/// Whether a controller runs on these pins: it holds a lock on their directory as long as it lives.
fn is_controller_running(root: &Path) -> bool {
    matches!(DirectoryLock::take_itself(root), Err(LockError::Held { .. }))
}

/// Detaches the pinned links of the targets, and says whether there were any.
fn remove_pinned(
    pins: &Pins,
    only_targets: bool,
    targets: &BTreeMap<u32, String>,
    devices: &BTreeMap<u32, Link>,
    removed: &mut Vec<Removed>,
) -> Result<bool, DataplaneError> {
    let mut had_pins = false;
    let failed = || DataplaneError::pin("list", pins.links());
    let links = pins.list_links().map_err(failed())?.into_iter().map(|(number, leg)| (pins.link(number, leg), leg));
    let waiting = pins.list_next_links().map_err(failed())?;
    let waiting = waiting.into_iter().map(|(number, leg)| (pins.next_link(number, leg), leg));
    for (path, leg) in links.chain(waiting) {
        let link = bpf::get(&path).map_err(DataplaneError::pin("open", &path))?;
        let info = bpf::link_info(link.as_fd()).map_err(DataplaneError::pin("look at", &path))?;
        let ifindex = info.target.ifindex();
        let hook = match info.target {
            LinkTarget::Xdp { ifindex } => attach::xdp_hook(devices, ifindex),
            LinkTarget::Tcx { .. } | LinkTarget::Other => Hook::Tcx,
        };
        if only_targets && !targets.contains_key(&ifindex) {
            continue;
        }
        had_pins = true;
        links::unlink(&path).map_err(DataplaneError::pin("detach", &path))?;
        if ifindex != 0 {
            let device = devices.get(&ifindex).map(|link| link.name.clone());
            let device = device.unwrap_or_else(|| format!("index {ifindex}"));
            removed.push(Removed::Program { device, hook, leg });
        }
    }
    Ok(had_pins)
}

/// Detaches the programs of a device that have our names. Only devices of this network namespace are asked, since an
/// index alone may mean another device elsewhere.
fn remove_by_name(ifindex: u32, name: &str, removed: &mut Vec<Removed>) -> io::Result<()> {
    let mut note = |hook, leg| removed.push(Removed::Program { device: name.to_owned(), hook, leg });
    for (leg, kind) in [(Leg::In, attach_type::TCX_INGRESS), (Leg::Out, attach_type::TCX_EGRESS)] {
        // A kernel without TCX does not know the question.
        for (program, link) in bpf::tcx_query(ifindex, kind).unwrap_or_default() {
            if link != 0 && Programs::is_ours(&device::program_name(program)) {
                bpf::link_detach(bpf::link_by_id(link)?.as_fd())?;
                note(Hook::Tcx, leg);
            }
        }
    }
    let xdp = device::links().ok().and_then(|links| links.get(&ifindex).and_then(|link| link.xdp));
    let Some((program, generic)) = xdp.filter(|(program, _)| Programs::is_ours(&device::program_name(*program))) else {
        return Ok(());
    };
    for id in bpf::link_ids()? {
        // Links come and go meanwhile.
        let Ok(link) = bpf::link_by_id(id) else { continue };
        let info = bpf::link_info(link.as_fd())?;
        if info.target == (LinkTarget::Xdp { ifindex }) && info.program == program {
            bpf::link_detach(link.as_fd())?;
            note(if generic { Hook::XdpGeneric } else { Hook::Xdp }, Leg::In);
        }
    }
    Ok(())
}
