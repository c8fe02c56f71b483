//! Packets that were dropped of late, or would have been, and what would have let them through.

use super::nearest::{Question, candidates, remedy};
use super::{at_most, chosen, seconds};
use crate::actions::types::{DescribeDrops, DescribeDropsResult, DropDescription};
use crate::actions::{self, ApiError, Response};
use crate::daemon::enforcer::Observer;
use crate::model::{Model, NetworkInterface, Protocol};
use firewall_common::abi::{DropKey, DropRecord, V4};
use firewall_common::packet::protocol;
use firewall_common::verdict::{Direction, Reason, Verdict};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Records in an answer, unless the request says otherwise.
const PAGE: u32 = 100;
/// The most records in an answer.
const LARGEST_PAGE: u32 = 10_000;
/// The most rules that are told of each.
const NEAREST: usize = 3;

/// Lists packets that were dropped of late, the latest first. `time` is the present.
///
/// # Errors
/// The request is malformed or names what is not there, or the kernel refuses.
pub fn describe(
    model: &Model,
    observer: &dyn Observer,
    request: DescribeDrops,
    time: Timestamp,
) -> Result<Response, ApiError> {
    let DescribeDrops { device, network_interface_ids, reasons, max_results } = request;
    let interfaces: BTreeMap<u32, Arc<NetworkInterface>> = chosen(model, device.as_deref(), &network_interface_ids)?
        .into_iter()
        .filter_map(|interface| Some((interface.attachment.as_ref()?.number, interface)))
        .collect();
    let reasons = reasons.iter().map(|name| reason(name)).collect::<Result<Vec<_>, _>>()?;
    let room = at_most(max_results, PAGE, LARGEST_PAGE)?;
    let mut records: Vec<(DropKey, DropRecord, Verdict, &Arc<NetworkInterface>)> = observer
        .drops()?
        .into_iter()
        .filter_map(|(key, record)| {
            let verdict = Verdict::from_outcome(key.outcome)?;
            Some((key, record, verdict, interfaces.get(&key.attachment)?))
        })
        .filter(|(_, _, verdict, _)| reasons.is_empty() || reasons.iter().any(|reason| reason.name() == verdict.name()))
        .collect();
    records.sort_by_key(|(key, record, _, _)| (std::cmp::Reverse(record.last), *key));
    records.truncate(room);
    let now = Now { time, tick: observer.now() };
    let drops =
        records.iter().map(|(key, record, verdict, interface)| one(model, interface, key, record, *verdict, now));
    let answer = DescribeDropsResult { drops: drops.collect(), unrecorded_drops: observer.unrecorded_drops()? };
    Ok(Response::DescribeDrops(answer))
}

fn reason(name: &str) -> Result<Reason, ApiError> {
    Reason::ALL.iter().copied().find(|reason| reason.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        ApiError::value(format!("Value ({name}) for parameter Reasons is invalid."))
            .with_detail(format!("It is one of {}.", names.join(", ")))
    })
}

/// The present, by both clocks.
#[derive(Clone, Copy)]
struct Now {
    time: Timestamp,
    tick: u64,
}

impl Now {
    /// The time of a tick that is past, to the second.
    fn at(self, tick: u64) -> String {
        let ago = SignedDuration::from_secs(i64::try_from(seconds(self.tick.saturating_sub(tick))).unwrap_or(i64::MAX));
        let time = self.time.checked_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH);
        actions::time(time)
    }
}

fn one(
    model: &Model,
    interface: &NetworkInterface,
    key: &DropKey,
    record: &DropRecord,
    verdict: Verdict,
    now: Now,
) -> DropDescription {
    let DropKey {
        attachment: _,
        vlans,
        source,
        destination,
        source_port,
        service,
        protocol: number,
        direction,
        outcome: _,
        family: _,
    } = *key;
    let direction = if direction == Direction::Inbound as u8 { Direction::Inbound } else { Direction::Outbound };
    let (from, to) = (address(key, source), address(key, destination));
    let is_parsed = !(from.is_unspecified() && to.is_unspecified());
    let has_ports = is_parsed && matches!(number, protocol::TCP | protocol::UDP);
    let is_icmp = is_parsed && matches!(number, protocol::ICMP | protocol::ICMPV6);
    let [kind, code] = service.to_be_bytes();
    let peer = match direction {
        Direction::Inbound => from,
        Direction::Outbound => to,
    };
    let question = Question { direction, protocol: number, service, peer };
    let (nearest_rules, hint) = hints(model, interface, &question, verdict);
    let DropRecord { packets, bytes, first, last } = *record;
    DropDescription {
        network_interface_id: interface.id.to_string(),
        device: interface.attachment.as_ref().map(|attachment| attachment.device.clone()).unwrap_or_default(),
        verdict: verdict.kind().to_owned(),
        reason: verdict.name().to_owned(),
        direction: direction.name().to_owned(),
        protocol: is_parsed.then(|| Protocol::Number(number).to_string()),
        source_address: is_parsed.then(|| from.to_string()),
        source_port: has_ports.then_some(source_port),
        destination_address: is_parsed.then(|| to.to_string()),
        destination_port: has_ports.then_some(service),
        icmp_type: is_icmp.then_some(kind),
        icmp_code: is_icmp.then_some(code),
        vlans: super::vlans(vlans),
        packets,
        bytes,
        first_seen: now.at(first),
        last_seen: now.at(last),
        nearest_rules,
        hint,
    }
}

fn address(key: &DropKey, octets: [u8; 16]) -> IpAddr {
    if usize::from(key.family) == V4 {
        let [a, b, c, d, ..] = octets;
        Ipv4Addr::from([a, b, c, d]).into()
    } else {
        Ipv6Addr::from(octets).into()
    }
}

/// The rules that come nearest, and what to do.
pub(super) fn hints(
    model: &Model,
    interface: &NetworkInterface,
    question: &Question,
    verdict: Verdict,
) -> (Vec<String>, String) {
    match verdict {
        Verdict::Drop(Reason::NoService | Reason::NoPeer) | Verdict::WouldDrop(Reason::NoService | Reason::NoPeer) => {
            let candidates = candidates(model, interface, question);
            if let Some(now) = candidates.iter().find(|candidate| candidate.lacks.is_none()) {
                return (Vec::new(), format!("It is allowed by now: {}", now.sentence(question)));
            }
            let near = candidates.iter().take(NEAREST).map(|candidate| candidate.sentence(question));
            (near.collect(), format!("To allow it: {}", remedy(interface, question)))
        }
        Verdict::Allow(pass) => (Vec::new(), pass.sentence().to_owned()),
        Verdict::Drop(reason) | Verdict::WouldDrop(reason) => (Vec::new(), reason.sentence().to_owned()),
    }
}
