//! A packet on paper before the decision.

use super::{Probe, inventory};
use crate::compile::MemoryTables;
use firewall_common::abi::Interface;
use firewall_common::decide::{Hook, Steps, decide};
use firewall_common::packet::Metadata;
use firewall_common::verdict::{Direction, Reason, Verdict};
use std::collections::BTreeSet;

/// What became of a packet on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Host-wide number of the rule that lets it through, or that has admitted its flow.
    pub rule: Option<u32>,
}

/// What some tables say of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The entry of its interface.
    pub entry: Option<Interface>,
    /// What becomes of the first fragment, where the packet is another one that comes after it.
    pub first: Option<Heard>,
    /// What becomes of it.
    pub packet: Heard,
    /// What would become of the answer; none where there is none.
    pub answer: Option<Heard>,
    /// Host-wide numbers of all rules by which the tables would let it through, whatever its flow says.
    pub rules: BTreeSet<u32>,
}

/// Has the decision judge a packet, and then its answer, at the device of an index. `paper` is where the tables count, and nothing
/// else counts there.
pub fn hear<T: Steps>(tables: T, paper: &MemoryTables, ifindex: u32, probe: &Probe) -> Findings {
    let entry = tables.interface(ifindex).copied();
    let rules = entry.map(|entry| inventory::allowing(&tables, &entry, probe)).unwrap_or_default();
    // Without an entry it is dropped, whatever it looks like.
    let known = entry.unwrap_or_default();
    let judge = |probe: &Probe| -> Vec<Heard> {
        // What the host's end of a workload's link receives is what the workload sends.
        let received = (probe.direction == Direction::Outbound) == known.is_workload();
        let hook = Hook { ifindex, received };
        let frames = probe.frames(&known);
        frames.iter().map(|frame| judge_frame(tables, paper, hook, frame)).collect()
    };
    let heard = judge(probe);
    let dropped = Heard { verdict: Verdict::Drop(Reason::Internal), rule: None };
    let packet = heard.last().copied().unwrap_or(dropped);
    let first = heard.first().copied().filter(|_| heard.len() > 1);
    let answer = probe.answer().filter(|_| packet.verdict.passes());
    let answer = answer.and_then(|answer| judge(&answer).last().copied());
    Findings { entry, first, packet, answer, rules }
}

fn judge_frame<T: Steps>(tables: T, paper: &MemoryTables, hook: Hook, frame: &[u8]) -> Heard {
    paper.take_counts();
    let outcome = decide(&frame, &Metadata::PLAIN, hook, tables);
    let (_, rules) = paper.take_counts();
    let verdict = Verdict::from_outcome(outcome.number()).unwrap_or(Verdict::Drop(Reason::Internal));
    Heard { verdict, rule: rules.first_key_value().map(|(rule, _)| *rule).filter(|rule| *rule != 0) }
}
