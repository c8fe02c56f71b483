//! `drops`: what was dropped of late, and with `--follow` what is from now on.

use super::call::Call;
use super::output::Format;
use crate::actions::types::{DescribeDropsResult, DropDescription};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often it is looked at.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// The most records that a look asks for: all that there are, by default.
const ALL: u32 = 10_000;

/// Show which packets were dropped, why, and which rule would nearly have let them through
///
/// The latest first. Where nothing is enforced (`attach --enforce off`), what would have been dropped is shown as
/// `would-drop`. A flood leaves some packets without a record; `counters` counts them all.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl drops
  firewall-ctl drops eth0 --reason no-peer --max-items 20
  firewall-ctl drops eth0 --follow")]
pub(super) struct Drops {
    /// On this device only
    #[arg(value_name = "DEV", conflicts_with = "network_interface_ids")]
    device: Option<String>,
    /// On these interfaces only
    #[arg(long, value_name = "INTERFACE", num_args = 1..)]
    network_interface_ids: Vec<String>,
    /// For these reasons only, as `counters` names them
    #[arg(long, value_name = "REASON", num_args = 1..)]
    reason: Vec<String>,
    /// The most that are shown: up to 10000 [default: 100]
    #[arg(long, value_name = "NUMBER", conflicts_with = "follow")]
    max_items: Option<u32>,
    /// Show what is dropped from now on, a line each, until Ctrl-C or until the controller stops
    #[arg(long)]
    follow: bool,
}

impl Drops {
    /// The request, and whether it is made again and again.
    pub(super) fn call(self) -> (Call, bool) {
        let Self { device, network_interface_ids, reason, max_items, follow } = self;
        let call = Call::new("DescribeDrops")
            .with_some("Device", device)
            .with_list("NetworkInterfaceIds", &network_interface_ids)
            .with_list("Reasons", &reason)
            .with_some("MaxResults", max_items.or(follow.then_some(ALL)));
        (call, follow)
    }
}

/// What has been seen: how many packets of each kind, and their octets.
#[derive(Default)]
pub(super) struct Known(BTreeMap<String, (u64, u64)>);

impl Known {
    /// What is new in an answer, the earliest first. A record that was pushed out and has come back counts from there.
    pub(super) fn new_in(&mut self, answer: DescribeDropsResult) -> Vec<DropDescription> {
        let mut known = BTreeMap::new();
        let mut fresh = Vec::new();
        for mut drop in answer.drops.into_iter().rev() {
            let key = identity(&drop);
            let before = self.0.get(&key).copied().filter(|(packets, _)| *packets <= drop.packets);
            let (packets, bytes) = before.unwrap_or_default();
            known.insert(key, (drop.packets, drop.bytes));
            if drop.packets != packets {
                drop.packets -= packets;
                drop.bytes = drop.bytes.saturating_sub(bytes);
                fresh.push(drop);
            }
        }
        self.0 = known;
        fresh
    }
}

/// What tells records from each other.
fn identity(drop: &DropDescription) -> String {
    format!(
        "{} {} {} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        drop.network_interface_id,
        drop.verdict,
        drop.reason,
        drop.direction,
        drop.protocol,
        drop.source_address,
        drop.source_port,
        drop.destination_address,
        drop.destination_port,
        drop.icmp_type,
        drop.icmp_code,
        drop.vlans
    )
}

/// A record as a line.
pub(super) fn line(format: Format, drop: &DropDescription) -> String {
    match format {
        Format::Json => serde_json::to_value(drop).as_ref().map(Value::to_string).unwrap_or_default() + "\n",
        Format::Table | Format::Text => {
            let hint = drop.nearest_rules.first().unwrap_or(&drop.hint);
            format!(
                "{} {} {} {} {} {} ({} packets): {hint}\n",
                drop.last_seen,
                drop.device,
                drop.direction,
                drop.verdict,
                drop.reason,
                tuple(drop),
                drop.packets
            )
        }
    }
}

/// Who to whom, about what: `tcp 10.0.0.3:50000 -> 10.0.0.1:22`.
pub(super) fn tuple(drop: &DropDescription) -> String {
    let end = |address: &Option<String>, port: Option<u16>| match (address, port) {
        (Some(address), Some(port)) if address.contains(':') => format!("[{address}]:{port}"),
        (Some(address), Some(port)) => format!("{address}:{port}"),
        (Some(address), None) => address.clone(),
        (None, _) => "?".to_owned(),
    };
    let kind = drop.icmp_type.zip(drop.icmp_code).map(|(kind, code)| format!("/{kind}/{code}")).unwrap_or_default();
    let protocol = drop.protocol.as_deref().unwrap_or("not understood");
    let vlans: String = drop.vlans.iter().map(|id| format!(" vlan {id}")).collect();
    format!(
        "{protocol}{kind} {} -> {}{vlans}",
        end(&drop.source_address, drop.source_port),
        end(&drop.destination_address, drop.destination_port)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(drops: &[(&str, u64)]) -> DescribeDropsResult {
        let drops: Vec<_> = drops
            .iter()
            .map(|(source, packets)| {
                json!({"NetworkInterfaceId": "eni-1", "Device": "eth0", "Verdict": "drop", "Reason": "no-peer",
                    "Direction": "ingress", "Protocol": "tcp", "SourceAddress": source, "SourcePort": 50000,
                    "DestinationAddress": "10.0.0.1", "DestinationPort": 22, "Packets": packets, "Bytes": 60 * packets,
                    "FirstSeen": "2026-01-02T03:04:05Z", "LastSeen": "2026-01-02T03:04:06Z",
                    "NearestRules": ["sgr-1 of sg-1 allows tcp/22, but only from 10.9.0.0/16"], "Hint": "To allow it: x"})
            })
            .collect();
        serde_json::from_value(json!({"Drops": drops, "UnrecordedDrops": 0})).expect("the answer's form")
    }

    #[test]
    fn only_what_is_new_is_told() {
        let mut known = Known::default();
        let packets = |drops: Vec<DropDescription>| {
            assert!(drops.iter().all(|drop| drop.bytes == 60 * drop.packets), "{drops:?}");
            drops.iter().map(|drop| drop.packets).collect::<Vec<_>>()
        };
        assert_eq!(packets(known.new_in(answer(&[("10.0.0.3", 2), ("10.0.0.2", 5)]))), [5, 2]);
        assert_eq!(packets(known.new_in(answer(&[("10.0.0.3", 2), ("10.0.0.2", 5)]))), Vec::<u64>::new());
        assert_eq!(packets(known.new_in(answer(&[("10.0.0.3", 3), ("10.0.0.2", 5)]))), [1]);
        // Pushed out and begun anew.
        assert_eq!(packets(known.new_in(answer(&[("10.0.0.2", 1)]))), [1]);
    }

    #[test]
    fn a_line_says_it_all() {
        let drop = answer(&[("10.0.0.3", 2)]).drops.remove(0);
        let wanted = "2026-01-02T03:04:06Z eth0 ingress drop no-peer tcp 10.0.0.3:50000 -> 10.0.0.1:22 (2 packets): \
                      sgr-1 of sg-1 allows tcp/22, but only from 10.9.0.0/16\n";
        assert_eq!(line(Format::Table, &drop), wanted);
        let json: Value = serde_json::from_str(&line(Format::Json, &drop)).expect("JSON");
        assert_eq!(json["Reason"], "no-peer");
    }
}
