//! Where the tables in the kernel differ from what is recorded, as far as a packet shows it.

use super::judgement::Rules;
use crate::probe::{Findings, Heard};
use firewall_common::abi::{
    INTERFACE_ALWAYS, INTERFACE_MONITOR, INTERFACE_SOURCE_CHECK, INTERFACE_STRICT_L2, INTERFACE_WORKLOAD, Interface,
};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Flags of an entry that follow from what is recorded, in words: what they say when they are set, and when they are not.
const FLAGS: [(u32, &str, &str); 5] = [
    (INTERFACE_WORKLOAD, "a workload's", "the host's own"),
    (
        INTERFACE_STRICT_L2,
        "strict about frames that are neither IP nor ARP",
        "not strict about frames that are neither IP nor ARP",
    ),
    (INTERFACE_MONITOR, "only watched", "enforced"),
    (INTERFACE_SOURCE_CHECK, "checked for whose addresses are whose", "not checked for whose addresses are whose"),
    (
        INTERFACE_ALWAYS,
        "told of addresses that are let through always",
        "told of no address that is let through always",
    ),
];

/// What differs, a sentence each. `wanted` is the entry that is recorded, and `model` what becomes of the packet by the model.
pub(super) fn between(rules: &Rules<'_>, wanted: &Interface, model: &Findings, kernel: &Findings) -> Vec<String> {
    let Findings { entry, first: _, packet, answer, rules: allowing } = kernel;
    let Some(entry) = entry else {
        return vec!["The kernel has no entry for the device: everything is dropped.".to_owned()];
    };
    let mut drift = of_entry(wanted, entry);
    let recorded = rules.allowing();
    drift.extend(
        recorded.difference(allowing).map(|number| {
            format!("A rule that allows it, and not by the kernel's tables: {}.", rules.told(*number).text)
        }),
    );
    drift.extend(
        allowing
            .difference(&recorded)
            .map(|number| format!("A rule that allows it by the kernel's tables only: {}.", rules.told(*number).text)),
    );
    let mut differs = |what: &str, kernel: &Heard, model: &Heard| {
        if kernel != model {
            let told = |heard: &Heard| {
                let rule = heard.rule.map(|number| format!(", {}", rules.told(number).text)).unwrap_or_default();
                format!("{} ({}{rule})", heard.verdict.kind(), heard.verdict.name())
            };
            drift.push(format!("The {what}: {} in the kernel, {} by what is recorded.", told(kernel), told(model)));
        }
    };
    differs("packet", packet, &model.packet);
    if let (Some(kernel), Some(model)) = (answer, &model.answer) {
        differs("answer", kernel, model);
    }
    drift
}

/// What differs in the entry of an interface, of what follows from the record.
fn of_entry(wanted: &Interface, found: &Interface) -> Vec<String> {
    let mut drift = Vec::new();
    let mut differs = |what: &str, found: &dyn std::fmt::Display, wanted: &dyn std::fmt::Display| {
        drift.push(format!("The {what} of the interface: {found} in the kernel, {wanted} by what is recorded."));
    };
    if found.attachment != wanted.attachment {
        differs("attachment number", &found.attachment, &wanted.attachment);
    }
    if found.vpc != wanted.vpc {
        differs("VPC number", &found.vpc, &wanted.vpc);
    }
    for (flag, set, clear) in FLAGS {
        let word = |entry: &Interface| if entry.has(flag) { set } else { clear };
        if found.has(flag) != wanted.has(flag) {
            differs("kind", &word(found), &word(wanted));
        }
    }
    let [own, other] = [found, wanted].map(|entry| Ipv4Addr::from(entry.own_v4));
    if own != other {
        differs("IPv4 address", &own, &other);
    }
    let [own, other] = [found, wanted].map(|entry| Ipv6Addr::from(entry.own_v6));
    if own != other {
        differs("IPv6 address", &own, &other);
    }
    let [own, other] = [found, wanted].map(|entry| entry.hardware);
    if own != other {
        let word = |octets: [u8; 6]| match octets {
            [0, 0, 0, 0, 0, 0] => "any".to_owned(),
            octets => octets.map(|octet| format!("{octet:02x}")).join(":"),
        };
        differs("hardware address", &word(own), &word(other));
    }
    let [own, other] = [found, wanted].map(|entry| {
        let times = [entry.timeouts.tcp_established, entry.timeouts.udp_stream, entry.timeouts.udp];
        times.map(|ticks| super::super::seconds(ticks.into()))
    });
    if own != other {
        let list = |times: [u64; 3]| times.map(|seconds| format!("{seconds} s")).join(", ");
        differs("time-outs", &list(own), &list(other));
    }
    drift
}
