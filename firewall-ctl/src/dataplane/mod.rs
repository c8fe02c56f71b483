//! Programs and maps in the kernel: the only place that knows aya.
//!
//! Everything is pinned, so that enforcement goes on without the controller: [`Dataplane::open`] loads what is not there
//! and takes over what is. A change goes in two steps. [`Dataplane::prepare`] writes what no packet can see and does all
//! that can fail for want of room; [`Dataplane::publish`] makes it visible. What it leaves behind is freed by
//! [`Dataplane::reclaim`], when nobody waits.
//!
//! One network namespace: the one of the thread that calls.

mod adoption;
mod attach;
mod bpffs;
mod clock;
mod clsact;
mod counters;
mod device;
mod emergency;
mod error;
mod features;
mod flows;
mod fragments;
mod gauges;
mod handover;
mod hooks;
mod linger;
mod links;
mod live;
mod loader;
mod logs;
mod maps;
pub mod object;
mod observe;
mod owners;
mod pins;
mod privileges;
mod programs;
mod reader;
mod rings;
mod sys;
mod tables;

pub use attach::{AttachRequest, Attached};
pub use device::Device;
pub use emergency::{Removed, emergency_detach};
pub use error::DataplaneError;
pub use features::{Features, MissingFeature};
pub use flows::{AdoptedFlow, Collected, FlowCounts};
pub use hooks::{Hook, Warning};
pub use loader::Origin;
pub use logs::ProgramLog;
pub use observe::{Drift, Observed};
pub use pins::{Leg, Pins};
pub use privileges::{MissingPrivileges, check as check_privileges};
pub use reader::Reader;

use crate::compile::owners::Owners;
use crate::compile::{Desired, Layout, Limits, Plan, Usage, Write};
use firewall_common::abi::{INTERFACE_LINGER, INTERFACE_NO_ETHERNET, Interface, PolicyCell};
use gauges::Gauges;
use linger::Lingering;
use programs::Programs;
use std::collections::BTreeMap;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use tables::Tables;

/// What the programs log, built into them when they are loaded. What is off costs nothing.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum ProgramLogLevel {
    /// Nothing.
    #[default]
    Off = 0,
    /// Errors.
    Error = 1,
    /// Warnings.
    Warn = 2,
    /// What is rare and worth knowing.
    Info = 3,
    /// Every drop.
    Debug = 4,
    /// Everything.
    Trace = 5,
}

/// Where and how large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataplaneConfig {
    /// Directory of the pins.
    pub bpffs: PathBuf,
    /// Sizes of the tables.
    pub limits: Limits,
    /// What the programs log.
    pub log_level: ProgramLogLevel,
    /// Use clsact although the kernel may have TCX.
    pub classic_tc: bool,
}

/// The programs and tables of this host.
pub struct Dataplane {
    config: DataplaneConfig,
    features: Features,
    pins: Pins,
    programs: Programs,
    tables: Tables,
    gauges: Gauges,
    origin: Origin,
    layout: Layout,
    /// Entries of interfaces wanted, by attachment number.
    wanted: BTreeMap<u32, Interface>,
    /// Entries of interfaces in the tables, by attachment number, with the index of the device.
    entries: BTreeMap<u32, (u32, Interface)>,
    /// Ports of UDP that were untracked until lately.
    lingering: Lingering,
    /// Whose addresses are whose, in the tables.
    owners: Owners,
    pending: Option<Pending>,
    /// Whether a step of a change has failed, so that the tables may hold what the layout does not know: they are read again
    /// before the next change.
    is_unsure: bool,
    generation: u64,
}

/// A change that is written and not published.
struct Pending {
    generation: u64,
    layout: Layout,
    plan: Plan,
    wanted: BTreeMap<u32, Interface>,
    owners: Owners,
}

/// Proof that a change is written; the next [`Dataplane::prepare`] makes it void.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "nothing is in force before it is published"]
pub struct Prepared {
    generation: u64,
}

impl Dataplane {
    /// Loads programs and tables, or takes over those that are pinned.
    ///
    /// # Errors
    /// The controller was built without programs, privileges or features of the kernel are missing, the path cannot be
    /// brought onto bpffs, what is pinned there does not fit, or the kernel refuses. What runs goes on running.
    pub fn open(config: DataplaneConfig) -> Result<Self, DataplaneError> {
        object::object()?;
        privileges::check()?;
        let features = Features::probe();
        features.check()?;
        bpffs::ensure(&config.bpffs)?;
        let pins = Pins::new(&config.bpffs);
        pins.make_directories().map_err(DataplaneError::pin("make directories under", pins.root()))?;
        links::settle(&pins)?;
        let origin = loader::bring(&config, &pins)?;
        let programs = Programs::open(&pins)?;
        let mut tables = Tables::open(&pins, &config.limits)?;
        let layout = Layout::adopt(config.limits, &tables.observe()?);
        let found = tables.interfaces()?;
        let entries = found.into_iter().map(|(ifindex, entry)| (entry.attachment, (ifindex, entry))).collect();
        let gauges = Gauges::open(&pins, config.limits.attachments)?;
        let mut dataplane = Self {
            config,
            features,
            pins,
            programs,
            tables,
            gauges,
            origin,
            layout,
            wanted: BTreeMap::new(),
            entries,
            lingering: Lingering::new(),
            owners: Owners::new(),
            pending: None,
            is_unsure: false,
            generation: 0,
        };
        links::name(&dataplane.pins, &dataplane.entries)?;
        dataplane.read_linger()?;
        dataplane.read_owners()?;
        // A detachment that was interrupted may have left some.
        dataplane.purge_orphans()?;
        dataplane.renew_filters()?;
        Ok(dataplane)
    }

    /// Whether programs were loaded or taken over.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// What the kernel was found to have.
    #[must_use]
    pub const fn features(&self) -> &Features {
        &self.features
    }

    /// Puts the programs into the filters that are there. Links were given them when they were replaced, and filters have
    /// none.
    fn renew_filters(&self) -> Result<(), DataplaneError> {
        for (ifindex, _) in self.entries.values() {
            for leg in Leg::ALL {
                let failed =
                    |source| DataplaneError::Query { what: format!("the filters of device {ifindex}"), source };
                let Some(filter) = clsact::find(*ifindex, leg).map_err(failed)? else { continue };
                let program = self.programs.for_hook(Hook::Clsact, leg == Leg::In);
                let (own, _) = sys::bpf::program_name(program.as_fd()).map_err(failed)?;
                if filter.program != own {
                    clsact::attach(*ifindex, leg, program.as_fd(), Programs::classifier(leg)).map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    const fn has_tcx(&self) -> bool {
        self.features.tcx && !self.config.classic_tc
    }

    /// Writes the tables wanted beside those in force. Packets see nothing of it.
    ///
    /// # Errors
    /// They do not fit, or the kernel refuses. Nothing has changed.
    pub fn prepare(&mut self, desired: &Desired) -> Result<Prepared, DataplaneError> {
        self.drop_pending();
        if self.is_unsure {
            self.layout = Layout::adopt(self.config.limits, &self.tables.observe()?);
            self.read_owners()?;
            self.is_unsure = false;
        }
        let (layout, plan) = self.layout.plan(desired)?;
        owners::check(&self.owners, desired.owners(), &self.config.limits)?;
        self.write_linger(&self.layout.closed_udp_ports(&layout))?;
        for (index, write) in plan.writes.iter().enumerate() {
            if let Err(error) = self.tables.write(write) {
                self.undo(&plan.writes[..index]);
                return Err(error);
            }
        }
        self.generation += 1;
        let generation = self.generation;
        let wanted = desired.interfaces().iter().map(|(number, interface)| (*number, interface.entry)).collect();
        let owners = desired.owners().clone();
        self.pending = Some(Pending { generation, layout, plan, wanted, owners });
        Ok(Prepared { generation })
    }

    /// Takes back what was prepared.
    #[expect(clippy::needless_pass_by_value, reason = "the proof is used up")]
    pub fn discard(&mut self, prepared: Prepared) {
        let Prepared { generation } = prepared;
        if self.pending.as_ref().is_some_and(|pending| pending.generation == generation) {
            self.drop_pending();
        }
    }

    /// Makes the tables visible that were prepared: members first, then the policies, each by one store. An attachment that is
    /// wanted no longer and still has a device keeps its policy, until it is detached or [`Dataplane::reclaim`] comes to it:
    /// its programs may be about to be handed over, and are to judge until then.
    ///
    /// # Errors
    /// The kernel refuses an entry, for which there is room: it may be out of memory. What comes after it is published all
    /// the same, and preparing and publishing again writes what is missing.
    #[expect(clippy::needless_pass_by_value, reason = "the proof is used up")]
    pub fn publish(&mut self, prepared: Prepared) -> Result<(), DataplaneError> {
        let Some(pending) = self.pending.take_if(|pending| pending.generation == prepared.generation) else {
            tracing::error!("a change was published that another one has replaced: nothing done");
            return Ok(());
        };
        let Pending { generation: _, layout, plan, wanted, owners } = pending;
        let mut result = self.add_owners(&owners);
        for change in &plan.members {
            result = result.and(self.tables.change(change));
        }
        result = result.and(self.publish_entries(&wanted));
        let stays =
            |number: &u32, cell: &PolicyCell| *cell == PolicyCell::default() && self.entries.contains_key(number);
        for (number, cell) in plan.cells.iter().filter(|(number, cell)| !stays(number, cell)) {
            self.tables.cells.store(*number, cell.to_word());
        }
        for change in &plan.late_members {
            result = result.and(self.tables.change(change));
        }
        result = result.and(self.remove_owners(owners));
        self.layout = layout;
        self.wanted = wanted;
        self.is_unsure |= result.is_err();
        result
    }

    /// Brings the entries of interfaces up to date, where they are in the tables.
    fn publish_entries(&mut self, wanted: &BTreeMap<u32, Interface>) -> Result<(), DataplaneError> {
        let mut result = Ok(());
        for (number, (ifindex, entry)) in &mut self.entries {
            let Some(mut changed) = wanted.get(number).copied() else { continue };
            // Decided when the programs went in.
            changed.adopt_until = entry.adopt_until;
            changed.allowance = entry.allowance;
            changed.ring_base = entry.ring_base;
            changed.ring_share = entry.ring_share;
            changed.flags |= entry.flags & INTERFACE_NO_ETHERNET;
            if self.lingering.contains_key(number) {
                changed.flags |= INTERFACE_LINGER;
            }
            if changed != *entry {
                result = result.and(self.tables.set_interface(*ifindex, changed));
                *entry = changed;
            }
        }
        result
    }

    /// Frees what published changes have left behind, once no packet can be under way that has seen it. Blocks for some
    /// milliseconds.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn reclaim(&mut self) -> Result<(), DataplaneError> {
        if self.pending.is_some() || self.is_unsure || !self.layout.has_retired() {
            return Ok(());
        }
        // What is wanted no longer and has not been detached: its policy goes, so everything is dropped there.
        for number in (1..self.tables.cells.len()).filter(|number| !self.wanted.contains_key(number)) {
            self.tables.cells.store(number, PolicyCell::default().to_word());
        }
        tables::wait()?;
        let mut result = Ok(());
        for removal in self.layout.reclaim() {
            result = result.and(self.tables.remove(removal));
        }
        self.is_unsure |= result.is_err();
        result
    }

    /// How full the tables of policies and members are.
    #[must_use]
    pub fn usage(&self) -> Vec<Usage> {
        self.layout.usage()
    }

    fn drop_pending(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.undo(&pending.plan.writes);
        }
    }

    /// Removes entries that would be found when their slot or set is used again.
    fn undo(&mut self, writes: &[Write]) {
        for removal in writes.iter().filter_map(Write::undo) {
            if let Err(error) = self.tables.remove(removal) {
                tracing::warn!(?error, "an entry of a change that was not made is left, and removed with the next one");
                self.is_unsure = true;
            }
        }
    }
}
