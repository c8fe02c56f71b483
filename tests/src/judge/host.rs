//! The decision on the host, over ordinary collections.

use super::{Hook, LOOPBACK, Moved, Outcome, RuleMoved};
use firewall_common::abi::Interface;
use firewall_common::decide::{self, decide};
use firewall_common::packet::Metadata;
use firewall_common::verdict::Verdict;
use firewall_ctl::compile::{Layout, Limits, MemoryTables, compile};
use firewall_ctl::model::Model;

/// Compiled tables in user space.
#[derive(Debug)]
pub struct Host {
    tables: MemoryTables,
    layout: Layout,
}

impl Host {
    /// Empty tables.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let mut tables = MemoryTables::new();
        tables.set_flow_limits([Some(limits.flows_v4 as usize), Some(limits.flows_v6 as usize)]);
        Self { tables, layout: Layout::new(limits) }
    }

    /// Brings the tables to a model, from whatever they hold.
    ///
    /// # Panics
    /// If they do not hold it.
    pub fn publish(&mut self, model: &Model) {
        let desired = compile(model).unwrap_or_else(|error| panic!("compile: {error}"));
        let (next, plan) = self.layout.plan(&desired).unwrap_or_else(|error| panic!("plan: {error}"));
        self.tables.publish(&plan);
        self.layout = next;
        for removal in self.layout.reclaim() {
            self.tables.remove(removal);
        }
    }

    /// Says what the device that frames come from is.
    pub fn place(&mut self, interface: Interface) {
        self.tables.set_interface(LOOPBACK, interface);
    }

    /// Sets the time, in ticks.
    pub fn set_now(&self, now: u64) {
        self.tables.set_now(now);
    }

    /// Forgets all flows.
    pub fn forget(&self) {
        use firewall_common::decide::Tables;
        use firewall_ctl::compile::memory::FlowKey;
        for key in self.tables.flows().keys() {
            match key {
                FlowKey::V4(key) => (&self.tables).remove_flow_v4(key),
                FlowKey::V6(key) => (&self.tables).remove_flow_v6(key),
            }
        }
    }

    /// Judges a frame.
    pub fn judge(&self, hook: Hook, frame: &[u8]) -> Outcome {
        let at = decide::Hook { ifindex: LOOPBACK, received: hook.received() };
        let verdict: Verdict = decide(&frame, &Metadata::PLAIN, at, &&self.tables);
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
