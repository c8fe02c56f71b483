//! What was counted.

use super::rules::direction;
use super::{Screen, finish, number};
use crate::actions::types::{DescribeCountersResult, FlowGauges, InterfaceCounters, OutcomeCounter, RuleCounters};
use comfy_table::Cell;

pub(super) fn shown(screen: &Screen, answer: &DescribeCountersResult) -> String {
    let DescribeCountersResult { interfaces, rules, unrecorded_drops } = answer;
    if interfaces.is_empty() {
        return "No device is attached: nothing is counted.\n".to_owned();
    }
    let mut sections: Vec<_> = interfaces.iter().map(|interface| outcomes(screen, interface)).collect();
    if !rules.is_empty() {
        sections.push(format!("{}{}", screen.headline("By rule, on all devices"), by_rule(screen, rules)));
    }
    if *unrecorded_drops > 0 {
        sections
            .push(format!("{unrecorded_drops} drops are counted and have no record: there were too many at once.\n"));
    }
    sections.join("\n")
}

fn outcomes(screen: &Screen, counters: &InterfaceCounters) -> String {
    let InterfaceCounters {
        network_interface_id,
        device,
        attachment_number: _,
        conntrack_allowance_available,
        conntrack_allowance_exceeded,
        flows,
        ingress,
        egress,
    } = counters;
    let mut table = screen.table(["Direction", "Verdict", "Reason", "Packets", "Bytes"]);
    for (is_egress, outcomes) in [(false, ingress), (true, egress)] {
        for OutcomeCounter { verdict, reason, packets, bytes } in outcomes {
            table.add_row([
                Cell::new(direction(is_egress)),
                Cell::new(verdict),
                Cell::new(reason),
                number(*packets),
                number(*bytes),
            ]);
        }
    }
    let headline = screen.headline(&format!("{device}  {network_interface_id}"));
    let FlowGauges { half_open, tcp_established, tcp_available, other_established, other_available } = flows;
    let flows = format!(
        "Flows: {half_open} half-open; established {tcp_established} of TCP (room for {tcp_available} more), \
         {other_established} of others (room for {other_available} more)\n\
         conntrack_allowance_available {conntrack_allowance_available}, conntrack_allowance_exceeded \
         {conntrack_allowance_exceeded}\n"
    );
    format!("{headline}{}{flows}", finish(&table, "No packet yet."))
}

fn by_rule(screen: &Screen, rules: &[RuleCounters]) -> String {
    let mut table = screen.table(["Rule", "Group", "Direction", "Packets", "Bytes", "Flows"]);
    for RuleCounters { security_group_rule_id, group_id, is_egress, packets, bytes, flows } in rules {
        table.add_row([
            Cell::new(security_group_rule_id),
            Cell::new(group_id),
            Cell::new(direction(*is_egress)),
            number(*packets),
            number(*bytes),
            number(*flows),
        ]);
    }
    finish(&table, "")
}
