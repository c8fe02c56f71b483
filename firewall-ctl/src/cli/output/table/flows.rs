//! Flows.

use super::rules::direction;
use super::{Screen, alarming, finish, number};
use crate::actions::types::{DescribeFlowsResult, FlowDescription, FlushFlowsResult};
use comfy_table::Cell;
use std::time::Duration;

pub(super) fn listed(screen: &Screen, DescribeFlowsResult { flows, next_token }: &DescribeFlowsResult) -> String {
    let mut table = screen.table([
        "Device",
        "Protocol",
        "Local",
        "Remote",
        "Direction",
        "State",
        "Rule",
        "Age",
        "Idle",
        "Left",
        "Packets in",
        "Bytes in",
        "Packets out",
        "Bytes out",
    ]);
    for flow in flows {
        let FlowDescription {
            network_interface_id: _,
            device,
            protocol,
            local_address,
            local_port,
            remote_address,
            remote_port,
            icmp_type,
            icmp_identifier,
            direction: way,
            state,
            denied,
            security_group_rule_id,
            rule_revoked,
            vlans,
            age_seconds,
            idle_seconds,
            timeout_seconds,
            ingress_packets,
            ingress_bytes,
            egress_packets,
            egress_bytes,
        } = flow;
        let vlans: String = vlans.iter().map(|id| format!(".{id}")).collect();
        let about = match (icmp_type, icmp_identifier) {
            (Some(kind), Some(identifier)) => format!("{protocol} type {kind} id {identifier}"),
            (_, _) => protocol.clone(),
        };
        let rule = match security_group_rule_id {
            Some(rule) => rule.as_str(),
            None if *rule_revoked => "revoked",
            None => "",
        };
        table.add_row([
            Cell::new(format!("{device}{vlans}")),
            Cell::new(about),
            Cell::new(end(local_address, *local_port)),
            Cell::new(end(remote_address, *remote_port)),
            Cell::new(direction(way == "egress")),
            if *denied { alarming(format!("{state}, denied")) } else { Cell::new(state) },
            Cell::new(rule),
            time(*age_seconds),
            time(*idle_seconds),
            time(*timeout_seconds),
            number(*ingress_packets),
            number(*ingress_bytes),
            number(*egress_packets),
            number(*egress_bytes),
        ]);
    }
    let mut text = finish(&table, "No flow.");
    if let Some(token) = next_token {
        text.push_str(&format!(
            "There are more: narrow the list with --filters, or go on with --starting-token {token}\n"
        ));
    }
    text
}

pub(super) fn flushed(FlushFlowsResult { matched, cut, dry_run, next_token: _ }: &FlushFlowsResult) -> String {
    if *dry_run { format!("{matched} flows would be cut; none is.\n") } else { format!("{cut} flows are cut.\n") }
}

fn end(address: &str, port: Option<u16>) -> String {
    match port {
        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
        Some(port) => format!("{address}:{port}"),
        None => address.to_owned(),
    }
}

fn time(seconds: u64) -> Cell {
    Cell::new(humantime::format_duration(Duration::from_secs(seconds)))
}
