//! What the kernel has, compared with what was put there.

use super::attach::Running;
use super::device::{self, program_name};
use super::error::DataplaneError;
use super::hooks::Hook;
use super::pins::Leg;
use super::{Dataplane, clsact};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// An attachment as it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Index of its device; 0 when no table names one.
    pub ifindex: u32,
    /// Present name of the device, if it exists.
    pub device: Option<String>,
    /// Where frames are judged that the device receives.
    pub hook_in: Option<Hook>,
    /// Where frames are judged that the device sends.
    pub hook_out: Option<Hook>,
    /// What is not as it should be.
    pub drift: Vec<Drift>,
}

/// What is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// The device is not in this network namespace any more.
    DeviceGone {
        /// Its index.
        ifindex: u32,
    },
    /// A program is pinned, but no table says where it belongs.
    NoEntry,
    /// Somebody has taken a program off.
    NotAttached {
        /// Which one.
        leg: Leg,
    },
    /// A program runs in another part of traffic control than the configuration says.
    OtherHook {
        /// Which one.
        leg: Leg,
        /// Where it runs.
        found: Hook,
        /// Where it should.
        wanted: Hook,
    },
    /// Its programs were taken off by emergency-detach, and stay off until it is attached again.
    Released,
    /// Another program runs before ours, and may let packets pass that we never see.
    Ahead {
        /// At which of the two hooks.
        leg: Leg,
        /// Its name and identifier.
        program: String,
    },
}

impl fmt::Display for Drift {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeviceGone { ifindex } => write!(formatter, "the device with index {ifindex} is gone"),
            Self::NoEntry => formatter.write_str("programs are pinned that no table knows"),
            Self::NotAttached { leg } => write!(formatter, "the {leg} program is not attached"),
            Self::OtherHook { leg, found, wanted } => {
                write!(formatter, "the {leg} program is at {found} instead of {wanted}")
            }
            Self::Released => {
                formatter.write_str("taken off by emergency-detach: `firewall-ctl attach` puts the programs back")
            }
            Self::Ahead { leg, program } => write!(formatter, "{program} runs before the {leg} program"),
        }
    }
}

impl Dataplane {
    /// All attachments as they are found, by number.
    ///
    /// # Errors
    /// The kernel does not answer.
    pub fn attachments(&self) -> Result<BTreeMap<u32, Observed>, DataplaneError> {
        let devices = device::links()?;
        let pinned = self.pins.list_links().map_err(DataplaneError::pin("list", self.pins.links()))?;
        let numbers: BTreeSet<u32> =
            self.entries.keys().copied().chain(pinned.into_iter().map(|(number, _)| number)).collect();
        let mut all = BTreeMap::new();
        for number in numbers {
            let ifindex = self.entries.get(&number).map_or(0, |(ifindex, _)| *ifindex);
            let device = devices.get(&ifindex).map(|link| link.name.clone());
            let mut drift = Vec::new();
            let mut hooks = [None; 2];
            if ifindex == 0 {
                drift.push(Drift::NoEntry);
            } else if device.is_none() {
                drift.push(Drift::DeviceGone { ifindex });
            } else if self.pins.is_released(ifindex) {
                drift.push(Drift::Released);
            } else {
                for (leg, hook) in Leg::ALL.into_iter().zip(&mut hooks) {
                    let running = self.running_among(&devices, number, leg, ifindex);
                    *hook = running.map(|running| running.hook);
                    drift.extend(self.drift(ifindex, leg, running)?);
                }
            }
            let [hook_in, hook_out] = hooks;
            all.insert(number, Observed { ifindex, device, hook_in, hook_out, drift });
        }
        Ok(all)
    }

    fn drift(&self, ifindex: u32, leg: Leg, running: Option<Running>) -> Result<Option<Drift>, DataplaneError> {
        let Some(Running { hook, program }) = running else { return Ok(Some(Drift::NotAttached { leg })) };
        let wanted = if self.has_tcx() { Hook::Tcx } else { Hook::Clsact };
        if matches!(hook, Hook::Tcx | Hook::Clsact) && hook != wanted {
            return Ok(Some(Drift::OtherHook { leg, found: hook, wanted }));
        }
        let failed = |source| DataplaneError::Query { what: format!("the programs of device {ifindex}"), source };
        if self.is_first(ifindex, leg, running).map_err(failed)? {
            return Ok(None);
        }
        let tcx = if self.features.tcx { self.tcx_programs(ifindex, leg).map_err(failed)? } else { Vec::new() };
        let other = tcx.into_iter().find(|other| *other != program);
        let ahead = match (hook, other) {
            (Hook::Clsact, None) => clsact::find(ifindex, leg).map_err(failed)?.map(|_| "another filter".to_owned()),
            (_, Some(other)) => Some(format!("program {:?} (id {other})", program_name(other))),
            (Hook::Xdp | Hook::XdpGeneric | Hook::Tcx, None) => None,
        };
        Ok(Some(ahead.map_or(Drift::NotAttached { leg }, |program| Drift::Ahead { leg, program })))
    }
}
