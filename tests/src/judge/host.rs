//! The decision on the host, over ordinary collections.

use super::{Hook, LOOPBACK, Moved, Outcome, RuleMoved};
use firewall_common::abi::Interface;
use firewall_common::decide::{self, decide};
use firewall_common::packet::Metadata;
use firewall_ctl::compile::{Desired, Layout, Limits, MemoryTables};
use firewall_ctl::model::Model;

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
        let (next, plan) = self.layout.plan(&desired).unwrap_or_else(|error| panic!("plan: {error}"));
        self.tables.publish(&plan);
        self.tables.set_owners(desired.owners().clone());
        self.layout = next;
        self.desired = desired;
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
