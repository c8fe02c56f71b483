//! Counters: one value per CPU in the kernel, their sums here.

use super::Dataplane;
use super::error::DataplaneError;
use super::maps::open;
use super::sys::bpf;
use super::sys::plain::Plain;
use aya::maps::{MapData, PerCpuArray, PerCpuValues};
use firewall_common::abi::{Counter, RuleCounter, map};
use firewall_common::verdict::{Direction, OUTCOMES};
use std::collections::BTreeMap;

impl Dataplane {
    /// The counters of an attachment that are not zero, by direction and number of the outcome. Attachment 0 is that of
    /// devices without an entry.
    ///
    /// # Errors
    /// The kernel refuses, or the number is beyond the limit.
    pub fn counters(&self, number: u32) -> Result<BTreeMap<(Direction, u8), Counter>, DataplaneError> {
        let array: PerCpuArray<MapData, Plain<Counter>> = open(&self.pins, map::COUNTERS)?;
        let mut counters = BTreeMap::new();
        for (direction, outcome) in outcomes() {
            let index = Counter::index(number, direction, outcome);
            let values = array.get(&index, 0).map_err(DataplaneError::map("read", map::COUNTERS))?;
            let mut sum = Counter::default();
            for Plain(Counter { packets, bytes }) in values.iter() {
                sum.packets += packets;
                sum.bytes += bytes;
            }
            if sum != Counter::default() {
                counters.insert((direction, outcome), sum);
            }
        }
        Ok(counters)
    }

    /// The counters of these rules that are not zero, by host-wide number. Each is asked for by itself: the table has room for
    /// all rules that there may be, on every CPU, and reading it whole would keep changes waiting.
    ///
    /// # Errors
    /// The kernel refuses, or a number is beyond the limit.
    pub fn rule_counters(
        &self,
        numbers: impl IntoIterator<Item = u32>,
    ) -> Result<BTreeMap<u32, RuleCounter>, DataplaneError> {
        let array: PerCpuArray<MapData, Plain<RuleCounter>> = open(&self.pins, map::RULE_COUNTERS)?;
        let mut counters = BTreeMap::new();
        for number in numbers {
            let values = array.get(&number, 0).map_err(DataplaneError::map("read", map::RULE_COUNTERS))?;
            let mut sum = RuleCounter::default();
            for Plain(RuleCounter { packets, bytes, flows }) in values.iter() {
                sum.packets += packets;
                sum.bytes += bytes;
                sum.flows += flows;
            }
            if sum != RuleCounter::default() {
                counters.insert(number, sum);
            }
        }
        Ok(counters)
    }

    /// Sets the counters of rules to zero, before their numbers are given to others.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn clear_rule_counters(&mut self, numbers: impl IntoIterator<Item = u32>) -> Result<(), DataplaneError> {
        let failed = || DataplaneError::map("write to", map::RULE_COUNTERS);
        let mut array: PerCpuArray<MapData, Plain<RuleCounter>> = open(&self.pins, map::RULE_COUNTERS)?;
        for number in numbers {
            let zeros = zeros(RuleCounter::default(), map::RULE_COUNTERS)?;
            array.set(number, zeros, 0).map_err(failed())?;
        }
        Ok(())
    }

    pub(super) fn purge_counters(&mut self, number: u32) -> Result<(), DataplaneError> {
        let mut array: PerCpuArray<MapData, Plain<Counter>> = open(&self.pins, map::COUNTERS)?;
        for (direction, outcome) in outcomes() {
            let zeros = zeros(Counter::default(), map::COUNTERS)?;
            let index = Counter::index(number, direction, outcome);
            array.set(index, zeros, 0).map_err(DataplaneError::map("write to", map::COUNTERS))?;
        }
        Ok(())
    }
}

fn outcomes() -> impl Iterator<Item = (Direction, u8)> {
    let outcomes = 0..u8::try_from(OUTCOMES).unwrap_or(u8::MAX);
    [Direction::Inbound, Direction::Outbound]
        .into_iter()
        .flat_map(move |direction| outcomes.clone().map(move |outcome| (direction, outcome)))
}

/// The same value for every CPU.
fn zeros<T: Copy>(value: T, table: &'static str) -> Result<PerCpuValues<Plain<T>>, DataplaneError>
where
    Plain<T>: aya::Pod,
{
    let cpus = bpf::possible_cpus().map_err(DataplaneError::map("size", table))? as usize;
    PerCpuValues::try_from(vec![Plain(value); cpus]).map_err(DataplaneError::map("size", table))
}
