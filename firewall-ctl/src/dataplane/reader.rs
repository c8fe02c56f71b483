//! Reading what the programs keep, beside the one who writes the tables: each call opens the pinned maps for itself.

use super::clock;
use super::error::DataplaneError;
use super::maps::{for_each, open, open_raw};
use super::pins::Pins;
use super::sys::bpf;
use super::{Dataplane, sys::plain::Plain};
use crate::compile::memory::{Drops, FlowKey};
use aya::maps::{MapData, PerCpuArray};
use firewall_common::abi::{DropBudget, DropKey, DropRecord, Flow, FlowKeyV4, FlowKeyV6, map};
use std::os::fd::AsFd as _;
use zerocopy::FromBytes as _;

/// Reads flows and records of drops.
#[derive(Debug, Clone)]
pub struct Reader {
    pins: Pins,
}

impl Dataplane {
    /// A reader that needs nothing of this any more.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { pins: self.pins.clone() }
    }
}

impl Reader {
    pub(super) const fn pins(&self) -> &Pins {
        &self.pins
    }

    /// Visits all flows, those that have expired and are not removed yet too. One that comes or goes meanwhile may be seen
    /// or not.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn each_flow(&self, visit: &mut dyn FnMut(FlowKey, Flow)) -> Result<(), DataplaneError> {
        for_each(&self.pins, map::FLOWS_V4, |key: FlowKeyV4, flow: Flow| visit(FlowKey::V4(key), flow))?;
        for_each(&self.pins, map::FLOWS_V6, |key: FlowKeyV6, flow: Flow| visit(FlowKey::V6(key), flow))
    }

    /// Records of packets that were dropped, or would have been; those of all CPUs together.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn drops(&self) -> Result<Drops, DataplaneError> {
        let cpus = bpf::possible_cpus().map_err(DataplaneError::map("size", map::DROPS))? as usize;
        let sizes = [size_of::<DropKey>(), size_of::<DropRecord>() * cpus];
        let mut drops = Drops::new();
        let table = open_raw(&self.pins, map::DROPS)?;
        bpf::for_each_octets(table.as_fd(), sizes, |key, records| {
            let Ok(key) = DropKey::read_from_bytes(key) else { return };
            let records = records.chunks_exact(size_of::<DropRecord>());
            let records = records.filter_map(|record| DropRecord::read_from_bytes(record).ok());
            if let Some(record) = records.filter(|record| record.packets != 0).reduce(together) {
                drops.insert(key, record);
            }
        })
        .map_err(DataplaneError::map("read", map::DROPS))?;
        Ok(drops)
    }

    /// Packets that were dropped without a record since the programs were loaded: there were too many of them at once.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn unrecorded_drops(&self) -> Result<u64, DataplaneError> {
        let budgets: PerCpuArray<MapData, Plain<DropBudget>> = open(&self.pins, map::DROP_BUDGET)?;
        let budgets = budgets.get(&0, 0).map_err(DataplaneError::map("read", map::DROP_BUDGET))?;
        Ok(budgets.iter().map(|Plain(DropBudget { tick: _, recorded: _, skipped })| skipped).sum())
    }

    /// The present tick.
    #[must_use]
    pub fn now(&self) -> u64 {
        clock::now()
    }
}

/// Records of two CPUs in one.
fn together(one: DropRecord, other: DropRecord) -> DropRecord {
    DropRecord {
        packets: one.packets + other.packets,
        bytes: one.bytes + other.bytes,
        first: one.first.min(other.first),
        last: one.last.max(other.last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_cpus_are_put_together() {
        let one = DropRecord { packets: 2, bytes: 120, first: 7, last: 9 };
        let other = DropRecord { packets: 1, bytes: 60, first: 5, last: 8 };
        assert_eq!(together(one, other), DropRecord { packets: 3, bytes: 180, first: 5, last: 9 });
    }
}
