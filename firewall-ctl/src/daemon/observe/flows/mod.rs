//! Flows: listing them, and choosing those to be cut.

mod select;
mod token;

pub use select::{Selected, admitted_by, select};

use super::{at_most, chosen, seconds};
use crate::actions::types::{DescribeFlows, DescribeFlowsResult, FlowDescription};
use crate::actions::{ApiError, Response};
use crate::compile::memory::FlowKey;
use crate::compile::timeouts;
use crate::daemon::enforcer::Observer;
use crate::daemon::lockout::SshConnection;
use crate::model::{Model, NetworkInterface, Protocol, RuleId};
use firewall_common::abi::{Flow, FlowKeyV4, FlowKeyV6, Timeouts};
use firewall_common::flow::{State, Word, is_expired, timeout};
use firewall_common::packet::protocol;
use firewall_common::verdict::Direction;
use select::Tests;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Flows in an answer, unless the request says otherwise.
const PAGE: u32 = 1_000;
/// The most flows in an answer: about 5 MB of JSON.
const LARGEST_PAGE: u32 = 10_000;

/// Lists flows that are alive.
///
/// # Errors
/// The request is malformed or names what is not there, or the kernel refuses.
pub fn describe(model: &Model, observer: &dyn Observer, request: DescribeFlows) -> Result<Response, ApiError> {
    let DescribeFlows { device, network_interface_ids, filters, max_results, next_token } = request;
    let interfaces = Interfaces::new(chosen(model, device.as_deref(), &network_interface_ids)?);
    let room = at_most(max_results, PAGE, LARGEST_PAGE)?;
    let after = next_token.as_deref().map(token::flow).transpose()?;
    let tests = Tests::of_filters(filters, model)?;
    let now = observer.now();
    // The first ones behind the token, and one more to know whether that is all.
    let mut page: BTreeMap<FlowKey, Flow> = BTreeMap::new();
    observer.each_flow(&mut |key, flow| {
        let seen = Seen::new(&key, &flow);
        let is_wanted = after.is_none_or(|after| key > after)
            && interfaces.alive(&seen, now).is_some()
            && tests.accept(&seen, model);
        let is_early = page.len() <= room || page.last_key_value().is_some_and(|(last, _)| key < *last);
        if is_wanted && is_early {
            page.insert(key, flow);
            if page.len() > room + 1 {
                page.pop_last();
            }
        }
    })?;
    let has_more = page.len() > room;
    let shown = || page.iter().take(room);
    let next_token = shown().next_back().filter(|_| has_more).map(|(key, _)| token::of_flow(key));
    let described = shown().filter_map(|(key, flow)| {
        let seen = Seen::new(key, flow);
        let (interface, timeouts) = interfaces.alive(&seen, now)?;
        Some(describe_one(&seen, flow, interface, timeouts, model, now))
    });
    Ok(Response::DescribeFlows(DescribeFlowsResult { flows: described.collect(), next_token }))
}

/// A flow of an interface, if it has not expired.
pub(super) fn describe_alive(
    model: &Model,
    interface: &Arc<NetworkInterface>,
    key: &FlowKey,
    flow: &Flow,
    now: u64,
) -> Option<FlowDescription> {
    let interfaces = Interfaces::new(vec![Arc::clone(interface)]);
    let seen = Seen::new(key, flow);
    let (interface, timeouts) = interfaces.alive(&seen, now)?;
    Some(describe_one(&seen, flow, interface, timeouts, model, now))
}

/// The interfaces that a request is about, with their time-outs, by attachment number.
struct Interfaces(BTreeMap<u32, (Arc<NetworkInterface>, Timeouts)>);

impl Interfaces {
    fn new(interfaces: Vec<Arc<NetworkInterface>>) -> Self {
        let numbered = interfaces.into_iter().filter_map(|interface| {
            let number = interface.attachment.as_ref()?.number;
            let timeouts = timeouts(interface.timeouts);
            Some((number, (interface, timeouts)))
        });
        Self(numbered.collect())
    }

    /// The interface of a flow, if that is one of these, and the flow has not expired.
    fn alive(&self, seen: &Seen, now: u64) -> Option<(&NetworkInterface, &Timeouts)> {
        let (interface, timeouts) = self.0.get(&seen.attachment)?;
        let is_there = seen.word.state() != State::Claimed && !is_expired(seen.word, seen.protocol, timeouts, now);
        is_there.then_some((&**interface, timeouts))
    }
}

/// The rule of a host-wide number, if there is one still.
fn rule_id(model: &Model, number: u32) -> Option<RuleId> {
    model.rule_by_number(number).map(|(_, rule)| rule.id)
}

/// A flow, the same for both families.
#[derive(Debug, Clone, Copy)]
struct Seen {
    attachment: u32,
    vlans: u32,
    protocol: u8,
    local: (IpAddr, u16),
    remote: (IpAddr, u16),
    opened: Direction,
    rule: u32,
    created: u64,
    word: Word,
}

impl Seen {
    fn new(key: &FlowKey, flow: &Flow) -> Self {
        let (attachment, vlans, protocol, local, remote) = match *key {
            FlowKey::V4(FlowKeyV4 {
                attachment,
                vlans,
                local,
                remote,
                local_port,
                remote_port,
                protocol,
                reserved: _,
            }) => (attachment, vlans, protocol, (local.into(), local_port), (remote.into(), remote_port)),
            FlowKey::V6(FlowKeyV6 {
                attachment,
                vlans,
                local,
                remote,
                local_port,
                remote_port,
                protocol,
                reserved: _,
            }) => (attachment, vlans, protocol, (local.into(), local_port), (remote.into(), remote_port)),
        };
        let is_inbound = flow.opened == Direction::Inbound as u32;
        Self {
            attachment,
            vlans,
            protocol,
            local,
            remote,
            opened: if is_inbound { Direction::Inbound } else { Direction::Outbound },
            rule: flow.rule,
            created: flow.created,
            word: Word::from_bits(flow.word),
        }
    }

    /// The port that was asked for: that of the side that did not open the flow.
    fn service(&self) -> Option<u16> {
        let has_ports = matches!(self.protocol, protocol::TCP | protocol::UDP);
        let (_, port) = match self.opened {
            Direction::Inbound => self.local,
            Direction::Outbound => self.remote,
        };
        has_ports.then_some(port)
    }

    /// Whether somebody comes by it.
    fn is_of(&self, caller: &SshConnection) -> bool {
        let SshConnection { client, client_port, server, server_port } = *caller;
        self.protocol == protocol::TCP
            && self.remote == (client.to_canonical(), client_port)
            && self.local == (server.to_canonical(), server_port)
    }
}

fn describe_one(
    seen: &Seen,
    flow: &Flow,
    interface: &NetworkInterface,
    timeouts: &Timeouts,
    model: &Model,
    now: u64,
) -> FlowDescription {
    let Seen { attachment: _, vlans, protocol: number, local, remote, opened, rule, created, word } = *seen;
    let ports = matches!(number, protocol::TCP | protocol::UDP);
    let icmp = matches!(number, protocol::ICMP | protocol::ICMPV6);
    let [ingress, egress] = [Direction::Inbound, Direction::Outbound].map(|direction| direction as usize);
    let lasts = u64::from(timeout(word.state(), number, timeouts));
    let id = rule_id(model, rule);
    FlowDescription {
        network_interface_id: interface.id.to_string(),
        device: interface.attachment.as_ref().map(|attachment| attachment.device.clone()).unwrap_or_default(),
        protocol: Protocol::Number(number).to_string(),
        local_address: local.0.to_string(),
        local_port: ports.then_some(local.1),
        remote_address: remote.0.to_string(),
        remote_port: ports.then_some(remote.1),
        // See `firewall_common::flow::key_ports`.
        icmp_type: icmp.then_some(remote.1.to_be_bytes()[0]),
        icmp_identifier: icmp.then_some(local.1),
        direction: opened.name().to_owned(),
        state: word.state().name().to_owned(),
        denied: word.is_denied(),
        security_group_rule_id: id.map(|id| id.to_string()),
        rule_revoked: rule != 0 && id.is_none(),
        vlans: super::vlans(vlans),
        age_seconds: seconds(now.saturating_sub(created)),
        idle_seconds: seconds(word.idle(now)),
        timeout_seconds: seconds(lasts.saturating_sub(word.idle(now))),
        ingress_packets: flow.packets[ingress],
        ingress_bytes: flow.bytes[ingress],
        egress_packets: flow.packets[egress],
        egress_bytes: flow.bytes[egress],
    }
}
