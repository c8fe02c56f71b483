//! Packets that were dropped.

use super::rules::direction;
use super::{Screen, finish, number};
use crate::actions::types::{DescribeDropsResult, DropDescription};
use crate::cli::drops::tuple;
use comfy_table::Cell;

pub(super) fn listed(screen: &Screen, DescribeDropsResult { drops, unrecorded_drops }: &DescribeDropsResult) -> String {
    let mut table = screen.table([
        "Device",
        "Direction",
        "Verdict",
        "Reason",
        "Packet",
        "Packets",
        "First",
        "Last",
        "Why, and what to do",
    ]);
    for drop in drops {
        let DropDescription {
            network_interface_id: _,
            device,
            verdict,
            reason,
            direction: way,
            protocol: _,
            source_address: _,
            source_port: _,
            destination_address: _,
            destination_port: _,
            icmp_type: _,
            icmp_code: _,
            vlans: _,
            packets,
            bytes: _,
            first_seen,
            last_seen,
            nearest_rules,
            hint,
        } = drop;
        let told: Vec<&str> = nearest_rules.iter().chain([hint]).map(String::as_str).collect();
        table.add_row([
            Cell::new(device),
            Cell::new(direction(way == "egress")),
            Cell::new(verdict),
            Cell::new(reason),
            Cell::new(tuple(drop)),
            number(*packets),
            Cell::new(first_seen),
            Cell::new(last_seen),
            Cell::new(told.join("\n")),
        ]);
    }
    let mut text = finish(&table, "No packet was dropped, as far as the records go back.");
    if *unrecorded_drops > 0 {
        text.push_str(&format!("{unrecorded_drops} more have no record: there were too many at once.\n"));
    }
    text
}
