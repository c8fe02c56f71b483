//! The dataplane of this host as an [`Enforcer`]: the one of the library, with the host's sockets beside it.

use super::config::{Config, LogLevel, TrafficControl};
use super::enforcer::{Enforcer, FlowRoom, Held, InKernel, Observer, Place, Placed};
use super::error::{DaemonError, chain};
use super::net::{LiveConnection, live_connections};
use crate::actions::types::{ProgramsStatus, TableUsage};
use crate::actions::{ApiError, ErrorCode};
use crate::compile::memory::{Drops, FlowKey};
use crate::compile::{Desired, Limits, Usage};
use crate::dataplane::{
    AdoptedFlow, AttachRequest, Attached, Dataplane, DataplaneConfig, DataplaneError, Device, Drift, Hook, Observed,
    Origin, Prepared, ProgramLog, ProgramLogLevel, Reader, object,
};
use crate::lock::DirectoryLock;
use crate::model::Side;
use crate::probe::{Findings, Probe};
use firewall_common::abi::{ABI_VERSION, Counter, Flow, FlowGauge, RuleCounter, map};
use firewall_common::verdict::Direction;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long segments that a workload sends take up connections that were alive before (spec, D4).
const ADOPTION_WINDOW: u32 = 30;

/// The programs and tables in the kernel.
pub struct Kernel {
    dataplane: Dataplane,
    limits: Limits,
    /// Flows at the last look, by family.
    flows: [u64; 2],
}

impl Kernel {
    /// Loads programs and tables or takes over those that are there, and keeps other daemons away from them.
    ///
    /// # Errors
    /// Another daemon works on them, or the dataplane cannot be had.
    pub fn open(config: &Config) -> Result<(Self, DirectoryLock), DaemonError> {
        // One that is not there yet is not in use. What is there may be hidden by a file system mounted over it.
        let before = if config.bpffs.is_dir() { Some(DirectoryLock::take_itself(&config.bpffs)?) } else { None };
        let limits = Limits::from(config.limits);
        let dataplane = Dataplane::open(DataplaneConfig {
            bpffs: config.bpffs.clone(),
            limits,
            log_level: level(config.program_log),
            classic_tc: config.traffic_control == TrafficControl::Clsact,
        })?;
        let lock = match before.filter(|lock| lock.is_of(&config.bpffs)) {
            Some(lock) => lock,
            None => DirectoryLock::take_itself(&config.bpffs)?,
        };
        Ok((Self { dataplane, limits, flows: [0; 2] }, lock))
    }

    /// The messages of the programs, if they have any.
    #[must_use]
    pub fn log(&self) -> Option<ProgramLog> {
        self.dataplane.log().unwrap_or_else(|error| {
            tracing::warn!(error = chain(&error), "the messages of the programs cannot be read");
            None
        })
    }

    /// Takes up the connections of this host's sockets, or those that there would be.
    fn adopt(&mut self, place: &Place) -> Result<u64, ApiError> {
        if !place.adopt || place.side != Side::Host {
            return Ok(0);
        }
        let flows = live(place)?;
        self.dataplane.adopt_flows(place.number, &flows).map_err(refused)
    }
}

/// The connections of this host's sockets on a device.
fn live(place: &Place) -> Result<Vec<AdoptedFlow>, ApiError> {
    let connections = live_connections(place.ifindex, &place.addresses).map_err(|error| {
        ApiError::new(ErrorCode::DataplaneError, "The connections that are alive cannot be read, so they would be cut.")
            .with_detail(format!("{}\nAttach without them: --no-adopt", chain(&error)))
    })?;
    Ok(connections.iter().map(adopted).collect())
}

fn adopted(connection: &LiveConnection) -> AdoptedFlow {
    let LiveConnection { protocol, local, local_port, remote, remote_port, inbound, closing } = *connection;
    let opened = if inbound { Direction::Inbound } else { Direction::Outbound };
    AdoptedFlow { protocol, local, local_port, remote, remote_port, opened, closing }
}

fn level(level: LogLevel) -> ProgramLogLevel {
    match level {
        LogLevel::Off => ProgramLogLevel::Off,
        LogLevel::Error => ProgramLogLevel::Error,
        LogLevel::Warn => ProgramLogLevel::Warn,
        LogLevel::Info => ProgramLogLevel::Info,
        LogLevel::Debug => ProgramLogLevel::Debug,
        LogLevel::Trace => ProgramLogLevel::Trace,
    }
}

/// What the caller is told when the dataplane refuses.
#[expect(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn refused(error: DataplaneError) -> ApiError {
    let code = match &error {
        DataplaneError::Full(_) => ErrorCode::TableFull,
        DataplaneError::UnknownDevice(_) | DataplaneError::NoDevice { .. } => ErrorCode::DeviceNotFound,
        DataplaneError::UnknownHeader { .. }
        | DataplaneError::NotEthernet { .. }
        | DataplaneError::HookTaken { .. } => ErrorCode::DeviceUnsuitable,
        _ => ErrorCode::DataplaneError,
    };
    let api = ApiError::new(code, error.to_string());
    match std::error::Error::source(&error) {
        Some(cause) => api.with_detail(chain(cause)),
        None => api,
    }
}

fn device(place: &Place) -> Device {
    Device { ifindex: place.ifindex, name: place.device.clone() }
}

fn placed(attached: &Attached, adopted: u64) -> Placed {
    let Attached { hook_in, hook_out, mtu: _, warnings } = attached;
    Placed {
        hook_rx: hook_in.to_string(),
        hook_tx: hook_out.to_string(),
        warnings: warnings.iter().map(ToString::to_string).collect(),
        adopted,
    }
}

impl Enforcer for Kernel {
    type Prepared = Prepared;

    fn prepare(&mut self, desired: &Desired) -> Result<Prepared, ApiError> {
        self.dataplane.prepare(desired).map_err(refused)
    }

    fn publish(&mut self, prepared: Prepared) -> Result<(), ApiError> {
        self.dataplane.publish(prepared).map_err(refused)
    }

    fn discard(&mut self, prepared: Prepared) {
        self.dataplane.discard(prepared);
    }

    fn reclaim(&mut self) {
        if let Err(error) = self.dataplane.reclaim() {
            tracing::warn!(error = chain(&error), "tables that are not in force any more could not be freed");
        }
    }

    fn attach(&mut self, place: &Place) -> Result<Placed, ApiError> {
        let before = self.adopt(place)?;
        let request = AttachRequest {
            device: device(place),
            number: place.number,
            side: place.side,
            wish: place.wish,
            adopt_for: (place.adopt && place.side == Side::Workload).then_some(ADOPTION_WINDOW),
        };
        let attached = self.dataplane.attach(&request).map_err(refused)?;
        // Once more: a connection may have come about in between. The programs are in, so a failure is no reason to stop.
        let after = self.adopt(place).unwrap_or_else(|error| {
            tracing::warn!(device = place.device, error = error.message, "the youngest connections are not taken up");
            0
        });
        Ok(placed(&attached, before + after))
    }

    fn rehearse(&mut self, place: &Place) -> Result<Placed, ApiError> {
        let attached = self.dataplane.rehearse(&device(place), place.side, place.wish).map_err(refused)?;
        let adopt = place.adopt && place.side == Side::Host;
        let adopted = if adopt { live(place)?.len() as u64 } else { 0 };
        Ok(placed(&attached, adopted))
    }

    fn detach(&mut self, number: u32) -> Result<(), ApiError> {
        self.dataplane.detach(number).map_err(refused)
    }

    fn in_kernel(&mut self) -> Result<BTreeMap<u32, InKernel>, ApiError> {
        let observed = self.dataplane.attachments().map_err(refused)?;
        Ok(observed.into_iter().map(|(number, observed)| (number, in_kernel(observed))).collect())
    }

    fn collect(&mut self) -> Result<Held, ApiError> {
        let collected = self.dataplane.collect().map_err(refused)?;
        self.flows = collected.families;
        Ok(Held { rules: collected.rules, flows: collected.live })
    }

    fn counters(&mut self, number: u32) -> Result<BTreeMap<(Direction, u8), Counter>, ApiError> {
        self.dataplane.counters(number).map_err(refused)
    }

    fn rule_counters(&mut self, numbers: &[u32]) -> Result<BTreeMap<u32, RuleCounter>, ApiError> {
        self.dataplane.rule_counters(numbers.iter().copied()).map_err(refused)
    }

    fn flow_room(&mut self, number: u32) -> FlowRoom {
        let (FlowGauge { established }, allowance) = self.dataplane.flow_gauge(number);
        FlowRoom { established, allowance: allowance.map(u64::from) }
    }

    fn cut(&mut self, flows: &[FlowKey]) -> Result<u64, ApiError> {
        self.dataplane.cut_flows(flows).map_err(refused)
    }

    fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(self.dataplane.reader())
    }

    fn forget_rules(&mut self, numbers: &[u32]) {
        if let Err(error) = self.dataplane.clear_rule_counters(numbers.iter().copied()) {
            tracing::warn!(error = chain(&error), "counters of rules could not be cleared");
        }
    }

    fn programs(&self) -> ProgramsStatus {
        let digest = Sha256::digest(object::OBJECT);
        ProgramsStatus {
            abi_version: ABI_VERSION,
            object_sha256: digest.iter().map(|octet| format!("{octet:02x}")).collect(),
            adopted: self.dataplane.origin() == Origin::Adopted,
        }
    }

    fn tables(&mut self) -> Vec<TableUsage> {
        let usage = |Usage { table, entries, limit }| TableUsage {
            table: table.to_owned(),
            used: u64::from(entries),
            size: u64::from(limit),
        };
        let [v4, v6] = self.flows;
        let flows = |table: &str, used, limit| TableUsage { table: table.to_owned(), used, size: u64::from(limit) };
        let flows = [flows(map::FLOWS_V4, v4, self.limits.flows_v4), flows(map::FLOWS_V6, v6, self.limits.flows_v6)];
        self.dataplane.usage().into_iter().map(usage).chain(flows).collect()
    }
}

impl Observer for Reader {
    fn each_flow(&self, visit: &mut dyn FnMut(FlowKey, Flow)) -> Result<(), ApiError> {
        Self::each_flow(self, visit).map_err(refused)
    }

    fn flow(&self, key: &FlowKey) -> Result<Option<Flow>, ApiError> {
        Self::flow(self, key).map_err(refused)
    }

    fn hear(&self, ifindex: u32, probe: &Probe) -> Result<Findings, ApiError> {
        Self::hear(self, ifindex, probe).map_err(refused)
    }

    fn drops(&self) -> Result<Drops, ApiError> {
        Self::drops(self).map_err(refused)
    }

    fn unrecorded_drops(&self) -> Result<u64, ApiError> {
        Self::unrecorded_drops(self).map_err(refused)
    }

    fn now(&self) -> u64 {
        Self::now(self)
    }
}

fn in_kernel(observed: Observed) -> InKernel {
    let Observed { ifindex, device: _, hook_in, hook_out, drift } = observed;
    let mut seen = InKernel {
        ifindex,
        hook_rx: hook_in.map(|hook: Hook| hook.to_string()),
        hook_tx: hook_out.map(|hook: Hook| hook.to_string()),
        ..InKernel::default()
    };
    for drift in drift {
        let text = drift.to_string();
        match drift {
            Drift::NotAttached { leg: _ }
            | Drift::NoEntry
            | Drift::DeviceGone { ifindex: _ }
            | Drift::OtherHook { leg: _, found: _, wanted: _ } => seen.broken.push(text),
            Drift::Released => seen.released = Some(text),
            Drift::Ahead { leg: _, program: _ } => seen.overtaken.push(text),
        }
    }
    seen
}
