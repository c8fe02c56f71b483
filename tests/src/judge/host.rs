//! The decision on the host, over ordinary collections.

use super::{Hook, LOOPBACK, Moved, Outcome, RuleMoved};
use firewall_common::abi::{
    DropKey, DropRecord, Flow, Interface, OTHERS, SWEEP_CUT, SWEEP_EXPIRED, Sweep, TCP, Timeouts,
};
use firewall_common::decide::{self, FlowEntry as _, Tables as _, decide};
use firewall_common::flow::{State, Word};
use firewall_common::packet::{Ipv4, Ipv6, Metadata};
use firewall_ctl::compile::memory::FlowKey;
use firewall_ctl::compile::{Desired, Layout, Limits, MemoryTables};
use firewall_ctl::model::Model;
use firewall_ctl::probe::{Findings, Probe, hear};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Compiled tables in user space.
#[derive(Debug)]
pub struct Host {
    tables: MemoryTables,
    desired: Desired,
    layout: Layout,
}

impl Host {
    /// Empty tables.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let mut tables = MemoryTables::new();
        tables.set_flow_limits([Some(limits.flows_v4 as usize), Some(limits.flows_v6 as usize)]);
        Self { tables, desired: Desired::default(), layout: Layout::new(limits) }
    }

    /// Brings the tables to a model, from whatever they hold.
    ///
    /// # Panics
    /// If they do not hold it.
    pub fn publish(&mut self, model: &Model) {
        let desired = self.desired.follow(model).unwrap_or_else(|error| panic!("compile: {error}"));
        self.bring(desired);
    }

    /// Lets addresses through always, and no others.
    ///
    /// # Panics
    /// If the tables do not hold them.
    pub fn allow_always(&mut self, addresses: &BTreeSet<IpAddr>) {
        let desired = self.desired.allowing(addresses).unwrap_or_else(|error| panic!("compile: {error}"));
        self.bring(desired);
    }

    fn bring(&mut self, desired: Desired) {
        let (next, plan) = self.layout.plan(&desired).unwrap_or_else(|error| panic!("plan: {error}"));
        self.tables.publish(&plan);
        self.tables.set_owners(desired.owners().clone());
        self.layout = next;
        self.desired = desired;
        for removal in self.layout.reclaim() {
            self.tables.remove(removal);
        }
    }

    /// The entry of an attachment, as it is compiled; how many flows it may have is nobody's concern here.
    ///
    /// # Panics
    /// If the model in force has no such attachment.
    #[must_use]
    pub fn entry(&self, attachment: u32) -> Interface {
        let wanted = self.desired.interfaces().get(&attachment).unwrap_or_else(|| panic!("no attachment {attachment}"));
        Interface { allowance: [u32::MAX; 2], ..wanted.entry }
    }

    /// Says what the device that frames come from is.
    pub fn place(&mut self, interface: Interface) {
        self.tables.set_interface(LOOPBACK, interface);
    }

    /// Sets the time, in ticks.
    pub fn set_now(&self, now: u64) {
        self.tables.set_now(now);
    }

    /// All flows.
    #[must_use]
    pub fn flows(&self) -> BTreeMap<FlowKey, Flow> {
        self.tables.flows()
    }

    /// Lets some ticks go by without a packet.
    pub fn age(&self, ticks: u64) {
        self.tables.set_now((&self.tables).now() + ticks);
    }

    /// Leaves all flows claimed, as if whoever did so had failed to remove them.
    pub fn claim(&self) {
        let tables = &self.tables;
        for key in self.flows().into_keys() {
            let entry = match &key {
                FlowKey::V4(key) => tables.flow_v4(key),
                FlowKey::V6(key) => tables.flow_v6(key),
            };
            if let Some(entry) = entry {
                let word = Word::from_bits(entry.word());
                entry.swap(word.bits(), word.at(State::Claimed, word.seen()).bits());
            }
        }
    }

    /// Cuts flows, as the program does that sweeps the tables in the kernel, and says how many were alive.
    pub fn cut(&self, keys: impl IntoIterator<Item = FlowKey>) -> u32 {
        self.sweep(SWEEP_CUT, keys)
    }

    /// Removes those flows that have expired, as the program does that sweeps the tables in the kernel, and says how many.
    pub fn collect(&self, keys: impl IntoIterator<Item = FlowKey>) -> u32 {
        self.sweep(SWEEP_EXPIRED, keys)
    }

    fn sweep(&self, mode: u32, keys: impl IntoIterator<Item = FlowKey>) -> u32 {
        let (tables, header) = (&self.tables, Sweep { timeouts: Timeouts::default(), mode, reserved: 0 });
        let swept = keys.into_iter().filter(|key| match key {
            FlowKey::V4(key) => decide::sweep::<Ipv4, _>(&tables, &header, key, tables.now()),
            FlowKey::V6(key) => decide::sweep::<Ipv6, _>(&tables, &header, key, tables.now()),
        });
        swept.count() as u32
    }

    /// Established flows of an attachment, by class.
    #[must_use]
    pub fn established(&self, attachment: u32) -> [u64; 2] {
        [TCP, OTHERS].map(|class| (&self.tables).established(attachment, class))
    }

    /// Has the ports of UDP that stop being untracked with a model linger until a tick: what the controller does before it
    /// publishes one.
    ///
    /// # Panics
    /// If the tables do not hold the model.
    pub fn linger(&mut self, model: &Model, until: u64) {
        let desired = self.desired.follow(model).unwrap_or_else(|error| panic!("compile: {error}"));
        let (next, _plan) = self.layout.plan(&desired).unwrap_or_else(|error| panic!("plan: {error}"));
        for (prefix_len, key) in self.layout.closed_udp_ports(&next) {
            self.tables.set_linger(prefix_len, key, until);
        }
    }

    /// What the tables say of a packet on paper. They stay as they are.
    #[must_use]
    pub fn hear(&self, probe: &Probe) -> Findings {
        let paper = self.tables.clone();
        hear(&paper, &paper, LOOPBACK, probe)
    }

    /// Records of packets that were dropped, or would have been.
    #[must_use]
    pub fn drops(&self) -> BTreeMap<DropKey, DropRecord> {
        self.tables.drops()
    }

    /// Forgets all flows and fragments.
    pub fn forget(&self) {
        self.tables.forget();
    }

    /// Judges a frame.
    pub fn judge(&self, hook: Hook, frame: &[u8]) -> Outcome {
        let at = decide::Hook { ifindex: LOOPBACK, received: hook.received() };
        let verdict = decide(&frame, &Metadata::PLAIN, at, &self.tables);
        let (counts, rules) = self.tables.take_counts();
        let moved = counts.into_iter().map(|((attachment, direction, outcome), (packets, bytes))| Moved {
            attachment,
            direction,
            outcome,
            packets,
            bytes,
        });
        let rules = rules.into_iter().map(|(rule, (flows, packets, bytes))| RuleMoved { rule, flows, packets, bytes });
        Outcome { passed: verdict.passes(), moved: moved.collect(), rules: rules.collect() }
    }
}
