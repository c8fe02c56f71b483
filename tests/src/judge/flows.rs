//! What the programs remember: flows, how many are established, and records of what was dropped.

use super::kernel::{Kernel, Value};
use super::plain::Plain;
use aya::TestRunOptions;
use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{PerCpuArray, PerCpuHashMap};
use aya::programs::{Program, TestRun as _};
use firewall_common::abi::{
    DropBudget, DropKey, DropRecord, FirstFragment, Flow, FlowGauge, FlowKeyV4, FlowKeyV6, FragmentKeyV4,
    FragmentKeyV6, LingerKey, SWEEP_CUT, SWEEP_EXPIRED, Sweep, Timeouts, map, program,
};
use firewall_common::flow::{State, Word};
use firewall_ctl::compile::memory::FlowKey;
use firewall_ctl::model::Model;
use std::collections::BTreeMap;
use zerocopy::IntoBytes as _;

impl Kernel {
    /// All flows.
    ///
    /// # Panics
    /// If a table cannot be read.
    #[must_use]
    pub fn flows(&mut self) -> BTreeMap<FlowKey, Flow> {
        let v4 = self.hash::<FlowKeyV4, Flow>(map::FLOWS_V4);
        let v4 = v4.iter().map(|entry| entry.expect("read a flow")).map(|(key, flow)| (FlowKey::V4(key.0), flow.0));
        let mut flows: BTreeMap<FlowKey, Flow> = v4.collect();
        let v6 = self.hash::<FlowKeyV6, Flow>(map::FLOWS_V6);
        flows
            .extend(v6.iter().map(|entry| entry.expect("read a flow")).map(|(key, flow)| (FlowKey::V6(key.0), flow.0)));
        flows
    }

    /// Makes all flows and fragments older by some ticks, as if that much time had gone by without a packet.
    ///
    /// # Panics
    /// If a table cannot be read or written.
    pub fn age(&mut self, ticks: u64) {
        self.change_words(|word| word.at(word.state(), word.seen().wrapping_sub(ticks)));
        self.age_fragments::<FragmentKeyV4>(map::FRAGMENTS_V4, ticks);
        self.age_fragments::<FragmentKeyV6>(map::FRAGMENTS_V6, ticks);
    }

    /// Leaves all flows claimed, as if whoever did so had failed to remove them.
    ///
    /// # Panics
    /// If a table cannot be read or written.
    pub fn claim(&mut self) {
        self.change_words(|word| word.at(State::Claimed, word.seen()));
    }

    fn change_words(&mut self, change: impl Fn(Word) -> Word) {
        for (key, mut flow) in self.flows() {
            flow.word = change(Word::from_bits(flow.word)).bits();
            let written = match key {
                FlowKey::V4(key) => self.hash::<FlowKeyV4, Flow>(map::FLOWS_V4).insert(Plain(key), Plain(flow), 0),
                FlowKey::V6(key) => self.hash::<FlowKeyV6, Flow>(map::FLOWS_V6).insert(Plain(key), Plain(flow), 0),
            };
            written.unwrap_or_else(|error| panic!("{key:?}: {error}"));
        }
    }

    fn age_fragments<K: Value>(&mut self, name: &str, ticks: u64) {
        let mut fragments = self.hash::<K, FirstFragment>(name);
        let known: Vec<_> = fragments.iter().map(|entry| entry.expect("read a fragment")).collect();
        for (key, Plain(first)) in known {
            let first = FirstFragment { expires: first.expires.saturating_sub(ticks), ..first };
            fragments.insert(key, Plain(first), 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    /// Datagrams of either family of which fragments may follow.
    ///
    /// # Panics
    /// If a table cannot be read.
    #[must_use]
    pub fn fragment_counts(&mut self) -> [usize; 2] {
        [
            self.hash::<FragmentKeyV4, FirstFragment>(map::FRAGMENTS_V4).keys().count(),
            self.hash::<FragmentKeyV6, FirstFragment>(map::FRAGMENTS_V6).keys().count(),
        ]
    }

    /// Cuts flows by the program that does so for the controller, and says how many were alive.
    ///
    /// # Panics
    /// If the kernel does not run it.
    pub fn cut(&mut self, keys: impl IntoIterator<Item = FlowKey>) -> u32 {
        self.sweep(SWEEP_CUT, keys)
    }

    /// Removes those flows that have expired by the program that does so for the controller, and says how many.
    ///
    /// # Panics
    /// If the kernel does not run it.
    pub fn collect(&mut self, keys: impl IntoIterator<Item = FlowKey>) -> u32 {
        self.sweep(SWEEP_EXPIRED, keys)
    }

    fn sweep(&self, mode: u32, keys: impl IntoIterator<Item = FlowKey>) -> u32 {
        let sweep = Sweep { timeouts: Timeouts::default(), mode, reserved: 0 };
        let mut swept = 0;
        for key in keys {
            let (name, key) = match &key {
                FlowKey::V4(key) => (program::SWEEP_V4, key.as_bytes()),
                FlowKey::V6(key) => (program::SWEEP_V6, key.as_bytes()),
            };
            let data = [sweep.as_bytes(), key].concat();
            let Some(Program::SchedClassifier(program)) = self.program(name) else { panic!("no program {name}") };
            let options = TestRunOptions { data_in: Some(&data), ..TestRunOptions::default() };
            swept += program.test_run(options).unwrap_or_else(|error| panic!("run {name}: {error:?}")).return_value;
        }
        swept
    }

    /// Established flows of an attachment, by class.
    ///
    /// # Panics
    /// If the gauge cannot be read.
    #[must_use]
    pub fn established(&mut self, attachment: u32) -> [u64; 2] {
        let Plain(gauge) = self.array::<FlowGauge>(map::FLOW_GAUGES).get(&attachment, 0).expect("read a gauge");
        gauge.established
    }

    /// Forgets how many flows are established, when they are forgotten themselves.
    pub(super) fn forget_established(&mut self) {
        for attachment in 0..=self.limits.attachments {
            let gauges = &mut self.array::<FlowGauge>(map::FLOW_GAUGES);
            gauges.set(attachment, Plain(FlowGauge::default()), 0).expect("write a gauge");
        }
    }

    /// Has the ports of UDP that stop being untracked with a model linger until a tick: what the controller does before it
    /// publishes one.
    ///
    /// # Panics
    /// If the table refuses a port.
    pub fn linger(&mut self, model: &Model, until: u64) {
        let desired = self.desired.follow(model).unwrap_or_else(|error| panic!("compile: {error}"));
        let (next, _plan) = self.layout.plan(&desired).unwrap_or_else(|error| panic!("plan: {error}"));
        let closed = self.layout.closed_udp_ports(&next);
        let mut ports: LpmTrie<_, Plain<LingerKey>, u64> =
            self.map_mut(map::LINGER).try_into().unwrap_or_else(|error| panic!("{}: {error}", map::LINGER));
        for (prefix_len, key) in closed {
            ports
                .insert(&Key::new(prefix_len, Plain(key)), until, 0)
                .unwrap_or_else(|error| panic!("{key:?}: {error}"));
        }
    }

    /// Records of packets that were dropped, or would have been; those of all CPUs together.
    ///
    /// # Panics
    /// If the table cannot be read.
    #[must_use]
    pub fn drops(&self) -> BTreeMap<DropKey, DropRecord> {
        let records: PerCpuHashMap<_, Plain<DropKey>, Plain<DropRecord>> =
            self.map(map::DROPS).try_into().unwrap_or_else(|error| panic!("{}: {error}", map::DROPS));
        let records = records.iter().map(|entry| entry.expect("read a record"));
        let sum = |sum: DropRecord, one: &Plain<DropRecord>| DropRecord {
            packets: sum.packets + one.0.packets,
            bytes: sum.bytes + one.0.bytes,
            first: sum.first.min(one.0.first),
            last: sum.last.max(one.0.last),
        };
        records
            .map(|(key, of_cpus)| {
                let written = of_cpus.iter().filter(|record| record.0.packets > 0);
                (key.0, written.fold(DropRecord { first: u64::MAX, ..DropRecord::default() }, sum))
            })
            .collect()
    }

    /// Dropped packets that were not recorded, since ever.
    ///
    /// # Panics
    /// If that cannot be read.
    #[must_use]
    pub fn skipped_drops(&self) -> u64 {
        let budgets: PerCpuArray<_, Plain<DropBudget>> =
            self.map(map::DROP_BUDGET).try_into().unwrap_or_else(|error| panic!("{}: {error}", map::DROP_BUDGET));
        let budgets = budgets.get(&0, 0).expect("read the budgets");
        budgets.iter().map(|budget| budget.0.skipped).sum()
    }
}
