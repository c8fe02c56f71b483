//! Puts programs on devices and takes them off.

use super::device::Link;
use super::error::DataplaneError;
use super::hooks::{Choice, Hook, Warning, choose, detour};
use super::pins::Leg;
use super::programs::Programs;
use super::rings::{self, Region};
use super::sys::bpf::{self, LinkTarget, attach_type};
use super::{Dataplane, Device, clsact, device, links};
use crate::model::{HookWish, Side};
use firewall_common::abi::{self, INTERFACE_NO_ETHERNET, Interface, PolicyCell, map};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

/// How often a hook is tried that our own program still holds, and how long after each try: links are freed within
/// milliseconds of their last reference.
const PATIENCE: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// The wish to put the programs of an attachment on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachRequest {
    /// The device.
    pub device: Device,
    /// Number of the attachment; its policy has been published.
    pub number: u32,
    /// What is behind the device.
    pub side: Side,
    /// Where the programs should run.
    pub wish: HookWish,
    /// Seconds in which segments that a workload sends take up connections that were alive before.
    pub adopt_for: Option<u32>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Where frames are judged that the device receives.
    pub hook_in: Hook,
    /// Where frames are judged that the device sends.
    pub hook_out: Hook,
    /// Largest payload of the device's frames.
    pub mtu: u32,
    /// What the operator should know.
    pub warnings: Vec<Warning>,
}

/// A program that runs at a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) hook: Hook,
    pub(super) program: u32,
}

/// The hooks chosen for a device.
#[derive(Clone, Copy)]
struct Hooks<'a> {
    hook: Hook,
    otherwise: Option<Hook>,
    outgoing: Hook,
    driver: Option<&'a str>,
}

impl Dataplane {
    /// Says what [`Dataplane::attach`] would do. Whether the driver takes an XDP program is known only by trying.
    ///
    /// # Errors
    /// The device does not exist, or its hook is taken.
    pub fn rehearse(&self, device: &Device, side: Side, wish: HookWish) -> Result<Attached, DataplaneError> {
        let facts = device::facts(device)?;
        let Choice { hook, otherwise: _, outgoing, warnings } = choose(&facts, side, wish, self.has_tcx())?;
        Ok(Attached { hook_in: hook, hook_out: outgoing, mtu: facts.mtu, warnings })
    }

    /// Puts the programs of an attachment on a device: first its entry in the tables, then the program for what the device
    /// sends, so that answers find their flows, then the one for what it receives.
    ///
    /// Programs that are there and run as wished are left alone, and those of another attachment of the device are taken
    /// over. One that is to run elsewhere, or before others that got ahead of it, is taken off once another one judges.
    ///
    /// # Errors
    /// The device does not exist, its hook is taken, no policy has been published, or the kernel refuses. What was put on
    /// it by the call is taken off again, and what was taken over is given back.
    pub fn attach(&mut self, request: &AttachRequest) -> Result<Attached, DataplaneError> {
        let AttachRequest { device, number, side, wish, adopt_for } = request;
        let facts = device::facts(device)?;
        let choice = choose(&facts, *side, *wish, self.has_tcx())?;
        let Choice { hook, otherwise, outgoing, mut warnings } = choice;
        let has_policy = PolicyCell::from_word(self.tables.cells.load(*number)) != PolicyCell::default();
        let wanted = self.wanted.get(number).copied().filter(|_| has_policy);
        let mut entry = wanted.ok_or(DataplaneError::NoPolicy { number: *number })?;
        let before = self.entries.get(number).copied();
        if before.is_none() {
            // Whoever had the number before may have been taken off in a hurry.
            self.purge_counters(*number)?;
        }
        if facts.is_bare() {
            entry.flags |= INTERFACE_NO_ETHERNET;
        }
        entry.adopt_until = match (adopt_for, before) {
            (Some(seconds), None) => super::clock::now() + u64::from(abi::ticks(*seconds)),
            (_, Some((_, before))) => before.adopt_until,
            (None, None) => 0,
        };
        warnings.extend(self.allot(&mut entry, before.map(|(_, before)| before))?);
        if let Some((ifindex, _)) = before.filter(|(ifindex, _)| *ifindex != device.ifindex) {
            self.tables.set_interface(ifindex, Interface::default())?;
        }
        let holder = self.holder_of(device.ifindex, *number);
        match holder {
            Some((holder, _)) => self.hand_over(holder, *number, device.ifindex, entry)?,
            None => self.tables.set_interface(device.ifindex, entry)?,
        }
        self.entries.insert(*number, (device.ifindex, entry));
        self.pins.take_up(device.ifindex).map_err(DataplaneError::pin("clear", self.pins.root()))?;

        let hooks = Hooks { hook, otherwise, outgoing, driver: facts.driver.as_deref() };
        match self.put_both(*number, device, hooks, &mut warnings) {
            Ok(hook_in) => Ok(Attached { hook_in, hook_out: outgoing, mtu: facts.mtu, warnings }),
            Err(error) => {
                if let Some((holder, entry)) = holder {
                    self.hand_over(*number, holder, device.ifindex, entry)?;
                } else if before.is_none_or(|(ifindex, _)| ifindex != device.ifindex) {
                    self.tables.set_interface(device.ifindex, Interface::default())?;
                    self.entries.remove(number);
                }
                Err(error)
            }
        }
    }

    /// Gives an interface its share of the flow tables. One that has a share keeps it: flows refer to it.
    fn allot(&self, entry: &mut Interface, before: Option<Interface>) -> Result<Option<Warning>, DataplaneError> {
        let limits = &self.config.limits;
        entry.allowance = [limits.tcp_flows_per_interface, limits.other_flows_per_interface];
        if let Some(before) = before {
            (entry.ring_base, entry.ring_share) = (before.ring_base, before.ring_share);
            return Ok(None);
        }
        let cpus = bpf::possible_cpus().map_err(DataplaneError::map("size", map::RINGS))?;
        let Region { base, share, is_shared } =
            rings::region(limits, cpus, self.entries.values().map(|(_, entry)| entry));
        (entry.ring_base, entry.ring_share) = (base, share);
        Ok(is_shared.then_some(Warning::SharedRings))
    }

    /// Puts both programs on a device, and says where the one for received frames has come to run.
    fn put_both(
        &self,
        number: u32,
        device: &Device,
        hooks: Hooks<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Hook, DataplaneError> {
        let Hooks { hook, otherwise, outgoing, driver } = hooks;
        let had_out = self.running(number, Leg::Out, device.ifindex).is_some();
        self.put(number, Leg::Out, device, outgoing)?;
        let put = match (self.put(number, Leg::In, device, hook), otherwise) {
            (Ok(()), _) => Ok(hook),
            (Err(error), Some(second)) => {
                let cause = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
                warnings.push(Warning::XdpRefused { driver: driver.unwrap_or_default().to_owned(), error: cause });
                self.put(number, Leg::In, device, second).map(|()| second)
            }
            (Err(error), None) => Err(error),
        };
        if put.is_err()
            && !had_out
            && let Err(worse) = self.take_off(number, Leg::Out, device.ifindex)
        {
            tracing::error!(number, error = ?worse, "cannot take back the program for outgoing frames");
        }
        put
    }

    /// Puts a program where it should run. Where a hook does not take it beside the one that is there, it runs elsewhere
    /// meanwhile, so that no packet goes unjudged; for a moment packets may be judged twice.
    fn put(&self, number: u32, leg: Leg, device: &Device, hook: Hook) -> Result<(), DataplaneError> {
        let current = self.running(number, leg, device.ifindex);
        let is_first = self.is_first(device.ifindex, leg, current).unwrap_or(false);
        let between = current.and_then(|current| detour(current.hook, hook, is_first, self.has_tcx()));
        if let Some(between) = between
            && let Err(error) = self.put_directly(number, leg, device, between)
        {
            let device = &device.name;
            tracing::warn!(device, %leg, %between, ?error, "the program changes its hook with a moment without it");
        }
        let put = self.put_directly(number, leg, device, hook);
        if put.is_err()
            && between.is_some()
            && let Some(Running { hook: old, program: _ }) = current.filter(|current| current.hook != hook)
            && let Err(error) = self.put_directly(number, leg, device, old)
        {
            tracing::error!(device = device.name, %leg, ?error, "the program cannot be put back to where it was");
        }
        put
    }

    fn put_directly(&self, number: u32, leg: Leg, device: &Device, hook: Hook) -> Result<(), DataplaneError> {
        let program = self.programs.for_hook(hook, leg == Leg::In);
        let current = self.running(number, leg, device.ifindex);
        let path = self.pins.link(number, leg);
        let is_in_place = current.is_some_and(|running| running.hook == hook)
            && self.is_first(device.ifindex, leg, current).unwrap_or(false);
        if is_in_place && hook != Hook::Clsact {
            let link = bpf::get(&path).map_err(DataplaneError::pin("open", &path))?;
            return bpf::link_update(link.as_fd(), program.as_fd()).map_err(DataplaneError::pin("update", path));
        }
        // Two XDP modes exclude each other, and a hook does not take a program twice. Otherwise the new program goes in
        // before the old one goes.
        let is_xdp = |hook: Hook| matches!(hook, Hook::Xdp | Hook::XdpGeneric);
        let excludes = |running: Running| running.hook == hook || is_xdp(running.hook) && is_xdp(hook);
        let makes_room = hook != Hook::Clsact && current.is_none_or(excludes);
        if makes_room {
            links::take_off(&self.pins, number, leg)?;
        }
        let failed = |source: io::Error| DataplaneError::Attach {
            hook: hook.name(),
            device: device.name.clone(),
            remedy: remedy(hook, &source),
            source: source.into(),
        };
        let created = self.create_patiently(hook, leg, device.ifindex, program).inspect_err(|_| {
            // Better the old hook than none.
            let old = current.filter(|current| makes_room && current.hook != hook);
            let Some(Running { hook: old, program: _ }) = old else { return };
            let program = self.programs.for_hook(old, leg == Leg::In);
            if let Ok(Some(link)) = self.create(old, leg, device.ifindex, program)
                && let Err(error) = bpf::pin(link.as_fd(), &path)
            {
                tracing::error!(number, %error, "cannot put the program back to where it was");
            }
        });
        match created.map_err(failed)? {
            Some(link) => {
                links::put(&self.pins, number, leg, &link)?;
                // Also one that stayed when it was to be a detour only.
                clsact::detach(device.ifindex, leg).map(drop).map_err(failed)
            }
            None => links::take_off(&self.pins, number, leg),
        }
    }

    /// Attaches a program. One that is there already without a pin is in the way: somebody has removed the pin, and the
    /// kernel takes its time to let go of the link, or a process holds it and it is detached here.
    fn create_patiently(&self, hook: Hook, leg: Leg, ifindex: u32, program: &OwnedFd) -> io::Result<Option<OwnedFd>> {
        let (own, _) = bpf::program_name(program.as_fd())?;
        let mut patience = PATIENCE;
        loop {
            let error = match self.create(hook, leg, ifindex, program) {
                Err(error) if matches!(error.raw_os_error(), Some(libc::EEXIST | libc::EBUSY)) => error,
                result => return result,
            };
            let is_ours = match hook {
                Hook::Tcx => detach_program(ifindex, leg, own)?,
                Hook::Xdp | Hook::XdpGeneric => device::links()
                    .is_ok_and(|links| links.get(&ifindex).and_then(|link| link.xdp).is_some_and(|(id, _)| id == own)),
                Hook::Clsact => false,
            };
            if !is_ours || patience == 0 {
                return Err(error);
            }
            patience -= 1;
            std::thread::sleep(PAUSE);
        }
    }

    /// Attaches a program. A clsact filter has no link.
    fn create(&self, hook: Hook, leg: Leg, ifindex: u32, program: &OwnedFd) -> io::Result<Option<OwnedFd>> {
        let tcx = tcx_type(leg);
        let program_fd = program.as_fd();
        match hook {
            Hook::Xdp => bpf::link_create(program_fd, ifindex, attach_type::XDP, bpf::XDP_DRIVER_MODE).map(Some),
            Hook::XdpGeneric => bpf::link_create(program_fd, ifindex, attach_type::XDP, bpf::XDP_SKB_MODE).map(Some),
            Hook::Tcx => bpf::link_create(program_fd, ifindex, tcx, bpf::F_BEFORE).map(Some),
            Hook::Clsact => clsact::attach(ifindex, leg, program_fd, Programs::classifier(leg)).map(|()| None),
        }
    }

    /// Takes the programs of an attachment off its device, then removes its entries and its flows. Its counters stay until the
    /// number is used again.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn detach(&mut self, number: u32) -> Result<(), DataplaneError> {
        let entry = self.entries.get(&number).copied();
        for leg in Leg::ALL {
            let ifindex = entry.map_or(0, |(ifindex, _)| ifindex);
            self.take_off(number, leg, ifindex)?;
        }
        if let Some((ifindex, _)) = entry {
            self.tables.set_interface(ifindex, Interface::default())?;
            self.entries.remove(&number);
            self.pins.take_up(ifindex).map_err(DataplaneError::pin("clear", self.pins.root()))?;
        }
        self.tables.cells.store(number, PolicyCell::default().to_word());
        self.purge_flows(number)?;
        self.drop_linger(|other, _| other == number)
    }

    fn take_off(&self, number: u32, leg: Leg, ifindex: u32) -> Result<(), DataplaneError> {
        links::take_off(&self.pins, number, leg)?;
        let failed = |source| DataplaneError::Detach { number, leg, source };
        if ifindex != 0 { clsact::detach(ifindex, leg).map(drop).map_err(failed) } else { Ok(()) }
    }

    /// The program that runs for an attachment at a device.
    fn running(&self, number: u32, leg: Leg, ifindex: u32) -> Option<Running> {
        self.running_among(&device::links().unwrap_or_default(), number, leg, ifindex)
    }

    /// The same, given the devices that there are.
    pub(super) fn running_among(
        &self,
        devices: &BTreeMap<u32, Link>,
        number: u32,
        leg: Leg,
        ifindex: u32,
    ) -> Option<Running> {
        let linked = bpf::get(&self.pins.link(number, leg)).and_then(|link| bpf::link_info(link.as_fd())).ok();
        let hook = linked.and_then(|info| match info.target {
            LinkTarget::Xdp { ifindex: at } if at == ifindex => Some(xdp_hook(devices, ifindex)),
            LinkTarget::Tcx { ifindex: at, attach_type: _ } if at == ifindex => Some(Hook::Tcx),
            LinkTarget::Xdp { .. } | LinkTarget::Tcx { .. } | LinkTarget::Other => None,
        });
        if let (Some(info), Some(hook)) = (linked, hook) {
            return Some(Running { hook, program: info.program });
        }
        let filter = clsact::find(ifindex, leg).ok().flatten()?;
        Some(Running { hook: Hook::Clsact, program: filter.program })
    }

    /// Whether nothing runs before our program at its hook.
    pub(super) fn is_first(&self, ifindex: u32, leg: Leg, running: Option<Running>) -> io::Result<bool> {
        let Some(Running { hook, program }) = running else { return Ok(false) };
        match hook {
            Hook::Xdp | Hook::XdpGeneric => Ok(true),
            Hook::Tcx => Ok(self.tcx_programs(ifindex, leg)?.first() == Some(&program)),
            Hook::Clsact => {
                let ahead = if self.features.tcx { self.tcx_programs(ifindex, leg)? } else { Vec::new() };
                Ok(ahead.is_empty() && clsact::find(ifindex, leg)?.is_some_and(|filter| filter.is_first))
            }
        }
    }

    /// Programs at a TCX hook in the order in which they run.
    pub(super) fn tcx_programs(&self, ifindex: u32, leg: Leg) -> io::Result<Vec<u32>> {
        Ok(bpf::tcx_query(ifindex, tcx_type(leg))?.into_iter().map(|(program, _)| program).collect())
    }
}

/// Detaches a program from a TCX hook as far as its link can be had, and says whether it was there.
fn detach_program(ifindex: u32, leg: Leg, program: u32) -> io::Result<bool> {
    let mut was_there = false;
    for (_, link) in bpf::tcx_query(ifindex, tcx_type(leg))?.into_iter().filter(|(id, _)| *id == program) {
        was_there = true;
        // A link that the kernel is about to free cannot be opened any more.
        if let Ok(link) = bpf::link_by_id(link) {
            bpf::link_detach(link.as_fd())?;
        }
    }
    Ok(was_there)
}

const fn tcx_type(leg: Leg) -> u32 {
    match leg {
        Leg::In => attach_type::TCX_INGRESS,
        Leg::Out => attach_type::TCX_EGRESS,
    }
}

/// The mode of the XDP program of a device.
pub(super) fn xdp_hook(devices: &BTreeMap<u32, Link>, ifindex: u32) -> Hook {
    match devices.get(&ifindex).and_then(|link| link.xdp) {
        Some((_, true)) => Hook::XdpGeneric,
        Some((_, false)) | None => Hook::Xdp,
    }
}

/// What may help when a hook is refused.
fn remedy(hook: Hook, error: &io::Error) -> &'static str {
    match (hook, error.raw_os_error()) {
        (Hook::Xdp, Some(libc::EOPNOTSUPP)) => {
            ": its driver has no XDP; attach with `--hook tc` or `--hook xdp-generic`"
        }
        (Hook::Xdp | Hook::XdpGeneric, Some(libc::EBUSY | libc::EEXIST)) => {
            ": another XDP program holds the hook, or XDP runs in the other mode; attach with `--hook tc`"
        }
        (Hook::Xdp, _) => ": the driver refuses it as it is configured; attach with `--hook tc`",
        (Hook::Tcx, Some(libc::ERANGE | libc::EBUSY | libc::EEXIST)) => {
            ": too many programs are there, or the same one is already"
        }
        (Hook::Clsact, Some(libc::EINVAL | libc::EEXIST)) => {
            ": a filter of another kind or protocol has priority 1, which ours needs (`tc filter show dev DEVICE ingress`, \
             `egress`): give that another priority"
        }
        (Hook::Clsact, Some(libc::ENOENT | libc::EOPNOTSUPP)) => {
            ": this kernel has no clsact or no BPF filters (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF)"
        }
        (Hook::XdpGeneric | Hook::Tcx | Hook::Clsact, _) => "",
    }
}
