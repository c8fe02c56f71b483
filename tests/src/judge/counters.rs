//! What the programs count, and judging by it.

use super::batch::{per_cpu_array, sum};
use super::kernel::{Kernel, TestRunError};
use super::plain::Plain;
use super::{Hook, Moved, Outcome, RuleMoved};
use aya::maps::PerCpuArray;
use firewall_common::abi::{Counter, map};
use firewall_common::verdict::{Direction, OUTCOMES};
use std::collections::BTreeMap;
use std::os::fd::AsFd;

/// What was counted up to some moment.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// Packets and octets by attachment, direction and outcome.
    interfaces: BTreeMap<(u32, Direction, u8), [u64; 2]>,
    /// Packets, octets and flows by number of a rule.
    rules: BTreeMap<u32, [u64; 3]>,
}

/// What has come to a sum.
fn difference<const N: usize>(now: [u64; N], had: Option<&[u64; N]>) -> [u64; N] {
    let had = had.copied().unwrap_or([0; N]);
    std::array::from_fn(|at| now[at] - had[at])
}

impl Kernel {
    /// Judges a frame.
    ///
    /// # Errors
    /// The kernel does not run programs on it: it is shorter than an Ethernet header.
    ///
    /// # Panics
    /// If a program answers with a code that is none of ours.
    pub fn judge(&mut self, hook: Hook, frame: &[u8]) -> Result<Outcome, TestRunError> {
        let passed = self.run(hook, frame)?;
        let (moved, rules) = self.moved();
        Ok(Outcome { passed, moved, rules })
    }

    /// All counters that have moved since this was asked last. Nobody but the frames that were run moves them.
    ///
    /// # Panics
    /// If the counters cannot be read.
    pub fn moved(&mut self) -> (Vec<Moved>, Vec<RuleMoved>) {
        let (interfaces, rules) = (self.read_counters(), self.read_rules());
        let had = std::mem::replace(&mut self.counted, Snapshot { interfaces, rules });
        let moved = self.counted.interfaces.iter().map(|(key, now)| (key, difference(*now, had.interfaces.get(key))));
        let moved = moved.filter(|(_, by)| *by != [0; 2]).map(|(key, [packets, bytes])| {
            let (attachment, direction, outcome) = *key;
            Moved { attachment, direction, outcome, packets, bytes }
        });
        let moved = moved.collect();
        let rules = self.counted.rules.iter().map(|(rule, now)| (rule, difference(*now, had.rules.get(rule))));
        let rules = rules.filter(|(_, by)| *by != [0; 3]);
        let rules = rules.map(|(rule, [packets, bytes, flows])| RuleMoved { rule: *rule, flows, packets, bytes });
        (moved, rules.collect())
    }

    /// How far one counter has moved since [`Kernel::moved`] was asked: to read one costs a hundredth of reading all.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn moved_at(&self, attachment: u32, direction: Direction, outcome: u8) -> Moved {
        let now = self.read_one(map::COUNTERS, Counter::index(attachment, direction, outcome));
        let [packets, bytes] = difference(now, self.counted.interfaces.get(&(attachment, direction, outcome)));
        Moved { attachment, direction, outcome, packets, bytes }
    }

    /// How far the counter of a rule has moved since [`Kernel::moved`] was asked.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn rule_moved_at(&self, rule: u32) -> RuleMoved {
        let [packets, bytes, flows] =
            difference(self.read_one(map::RULE_COUNTERS, rule), self.counted.rules.get(&rule));
        RuleMoved { rule, flows, packets, bytes }
    }

    fn read_counters(&self) -> BTreeMap<(u32, Direction, u8), [u64; 2]> {
        let sums = self.read_all(map::COUNTERS, Counter::entries(self.limits.attachments)).into_iter();
        sums.map(|(index, sum)| {
            let (pair, outcome) = (index / OUTCOMES, (index % OUTCOMES) as u8);
            let direction = if pair % 2 == 0 { Direction::Inbound } else { Direction::Outbound };
            debug_assert_eq!(Counter::index(pair / 2, direction, outcome), index);
            ((pair / 2, direction, outcome), sum)
        })
        .collect()
    }

    fn read_rules(&self) -> BTreeMap<u32, [u64; 3]> {
        self.read_all(map::RULE_COUNTERS, self.limits.rule_numbers + 1).into_iter().collect()
    }

    fn read_all<const N: usize>(&self, name: &str, entries: u32) -> Vec<(u32, [u64; N])> {
        let aya::maps::Map::PerCpuArray(data) = self.map(name) else { panic!("{name} is no array of each CPU") };
        per_cpu_array(data.fd().as_fd(), entries).unwrap_or_else(|error| panic!("read {name}: {error}"))
    }

    fn read_one<const N: usize>(&self, name: &str, index: u32) -> [u64; N] {
        let array: PerCpuArray<_, Plain<[u64; N]>> =
            self.map(name).try_into().unwrap_or_else(|error| panic!("{name}: {error}"));
        let values = array.get(&index, 0).unwrap_or_else(|error| panic!("read {index} of {name}: {error}"));
        sum(values.iter().map(|Plain(value)| *value))
    }
}
