//! Takes programs off devices without a controller, without a store, and as far as possible without pins.

use super::error::DataplaneError;
use super::hooks::Hook;
use super::pins::{Leg, Pins};
use super::programs::Programs;
use super::sys::bpf::{self, LinkTarget, attach_type};
use super::{attach, bpffs, clsact, device, privileges};
use rustix::fs::{FlockOperation, flock};
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
    let devices: BTreeMap<u32, String> = device::links()?.into_iter().map(|(index, link)| (index, link.name)).collect();
    let targets: BTreeMap<u32, String> = match device {
        None => devices.clone(),
        Some(name) => {
            let found: BTreeMap<_, _> = devices.clone().into_iter().filter(|(_, known)| known == name).collect();
            if found.is_empty() {
                return Err(DataplaneError::NoDevice { name: name.to_owned(), ifindex: 0 });
            }
            found
        }
    };
    let pins = Pins::new(root);
    let mut removed = Vec::new();
    let had_pins = remove_pinned(&pins, device.is_some(), &targets, &devices, &mut removed)?;
    let failed = |source| DataplaneError::Query { what: "attached programs".to_owned(), source };
    let had_bpffs = bpffs::is_bpffs(root).unwrap_or(false);
    let is_running = had_bpffs && is_controller_running(root);
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
    if had_bpffs && (device.is_some() || is_running) {
        for (ifindex, name) in &targets {
            let was_ours = removed.iter().any(|gone| matches!(gone, Removed::Program { device, .. } if device == name));
            if was_ours {
                pins.release(*ifindex).map_err(DataplaneError::pin("write to", root))?;
            }
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
    let Ok(directory) = std::fs::File::open(root) else { return false };
    flock(&directory, FlockOperation::NonBlockingLockExclusive).is_err()
}

/// Detaches the pinned links of the targets, and says whether there were any.
fn remove_pinned(
    pins: &Pins,
    only_targets: bool,
    targets: &BTreeMap<u32, String>,
    devices: &BTreeMap<u32, String>,
    removed: &mut Vec<Removed>,
) -> Result<bool, DataplaneError> {
    let mut had_pins = false;
    for (number, leg) in pins.list_links().map_err(DataplaneError::pin("list", pins.links()))? {
        let path = pins.link(number, leg);
        let link = bpf::get(&path).map_err(DataplaneError::pin("open", &path))?;
        let info = bpf::link_info(link.as_fd()).map_err(DataplaneError::pin("look at", &path))?;
        let (ifindex, hook) = match info.target {
            LinkTarget::Xdp { ifindex } => (ifindex, attach::xdp_hook(ifindex)),
            LinkTarget::Tcx { ifindex, attach_type: _ } => (ifindex, Hook::Tcx),
            LinkTarget::Other => (0, Hook::Tcx),
        };
        if only_targets && !targets.contains_key(&ifindex) {
            continue;
        }
        had_pins = true;
        attach::unlink(&path).map_err(|source| DataplaneError::Detach { number, leg, source })?;
        if ifindex != 0 {
            let device = devices.get(&ifindex).cloned().unwrap_or_else(|| format!("index {ifindex}"));
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
