//! Status and counters.

use super::{Core, DeviceStatus};
use crate::actions::types::{
    DescribeCounters, DescribeCountersResult, FlowGauges, InterfaceCounters, InterfaceStatus, OutcomeCounter,
    RuleCounters, StatusResult,
};
use crate::actions::{self, ApiError, Response};
use crate::daemon::enforcer::{Enforcer, FlowRoom};
use crate::daemon::observe;
use crate::model::NetworkInterface;
use crate::store::Store;
use firewall_common::abi::{Counter, OTHERS, TCP};
use firewall_common::verdict::{Direction, Reason, Verdict};
use std::collections::BTreeMap;

/// State of an interface that is only watched.
const MONITORED: &str = "monitored: nothing is dropped";

impl<E: Enforcer, S: Store> Core<E, S> {
    /// How the controller and the dataplane are.
    pub(super) fn status(&mut self) -> Response {
        let interfaces: Vec<InterfaceStatus> =
            self.model.attached().filter_map(|interface| self.interface_status(interface)).collect();
        let problems = self.devices.iter().filter(|(_, status)| !status.amiss.is_empty());
        let problems = problems
            .map(|(number, status)| {
                let attachment =
                    self.model.interface_by_number(*number).and_then(|interface| interface.attachment.as_ref());
                format!("{}: {}", attachment.map_or("?", |attachment| &attachment.device), status.amiss.join("; "))
            })
            .chain(self.bindings.iter().filter_map(|(id, binding)| binding.problem(*id)))
            .chain(self.unpublished.then(|| super::UNPUBLISHED.to_owned()))
            .chain(self.unwritten.then(|| super::UNWRITTEN.to_owned()))
            .collect();
        let identity = &self.settings.identity;
        Response::Status(StatusResult {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_at: actions::time(identity.started_at),
            kernel: identity.kernel.clone(),
            region: self.settings.region.clone(),
            account_id: self.settings.account.to_string(),
            state_dir: identity.state_dir.display().to_string(),
            bpffs: identity.bpffs.display().to_string(),
            programs: self.enforcer.programs(),
            pending_change: self.pending_change(),
            interfaces,
            bindings: self.bindings.iter().map(|(id, binding)| binding.status(*id)).collect(),
            tables: self.enforcer.tables(),
            problems,
        })
    }

    fn interface_status(&self, interface: &NetworkInterface) -> Option<InterfaceStatus> {
        let attachment = interface.attachment.as_ref()?;
        let unknown = DeviceStatus::default();
        let status = self.devices.get(&attachment.number).unwrap_or(&unknown);
        Some(InterfaceStatus {
            network_interface_id: interface.id.to_string(),
            device: attachment.device.clone(),
            index: status.ifindex,
            attachment_number: attachment.number,
            side: attachment.side.to_string(),
            hook_wanted: attachment.hook.to_string(),
            hook_ingress: status.hook_towards(attachment.side, Direction::Inbound),
            hook_egress: status.hook_towards(attachment.side, Direction::Outbound),
            groups: interface.groups.iter().map(ToString::to_string).collect(),
            addresses: interface.addresses.iter().map(ToString::to_string).collect(),
            enforce: attachment.enforce,
            state: status.state(if attachment.enforce { "enforced" } else { MONITORED }),
            flows: Some(status.flows),
        })
    }

    /// How many flows an attachment has, and may have.
    fn flow_gauges(&mut self, number: u32) -> FlowGauges {
        let FlowRoom { established, allowance } = self.enforcer.flow_room(number);
        let left = |class: usize| allowance[class].saturating_sub(established[class]);
        FlowGauges {
            half_open: self.held.flows.get(&number).map_or(0, |counts| counts.embryonic),
            tcp_established: established[TCP],
            tcp_available: left(TCP),
            other_established: established[OTHERS],
            other_available: left(OTHERS),
        }
    }

    /// What was counted.
    pub(super) fn describe_counters(&mut self, request: &DescribeCounters) -> Result<Response, ApiError> {
        let DescribeCounters { device, network_interface_id } = request;
        let ids: Vec<String> = network_interface_id.iter().cloned().collect();
        let chosen = observe::chosen(&self.model, device.as_deref(), &ids)?;
        let mut interfaces = Vec::new();
        for interface in chosen {
            let Some(attachment) = &interface.attachment else { continue };
            let counters = self.enforcer.counters(attachment.number)?;
            let flows = self.flow_gauges(attachment.number);
            interfaces.push(InterfaceCounters {
                network_interface_id: interface.id.to_string(),
                device: attachment.device.clone(),
                attachment_number: attachment.number,
                conntrack_allowance_available: flows.tcp_available + flows.other_available,
                conntrack_allowance_exceeded: exceeded(&counters),
                flows,
                ingress: outcomes(&counters, Direction::Inbound),
                egress: outcomes(&counters, Direction::Outbound),
            });
        }
        let numbers: Vec<u32> =
            self.model.groups.values().flat_map(|group| group.rules.values()).map(|rule| rule.number).collect();
        let counted = self.enforcer.rule_counters(&numbers)?;
        let rules = counted
            .into_iter()
            .filter_map(|(number, counter)| {
                // One that is revoked may have flows that go on; it has no name any more.
                let (group, rule) = self.model.rule_by_number(number)?;
                Some(RuleCounters {
                    security_group_rule_id: rule.id.to_string(),
                    group_id: group.id.to_string(),
                    is_egress: rule.key.direction == Direction::Outbound,
                    packets: counter.packets,
                    bytes: counter.bytes,
                    flows: counter.flows,
                })
            })
            .collect();
        Ok(Response::DescribeCounters(DescribeCountersResult {
            interfaces,
            rules,
            unrecorded_drops: self.observer.unrecorded_drops()?,
        }))
    }
}

/// Packets for whose flow there was no room.
fn exceeded(counters: &BTreeMap<(Direction, u8), Counter>) -> u64 {
    let reasons = [Verdict::Drop(Reason::AllowanceExceeded), Verdict::WouldDrop(Reason::AllowanceExceeded)];
    let outcomes = reasons.map(Verdict::outcome);
    counters.iter().filter(|((_, outcome), _)| outcomes.contains(outcome)).map(|(_, counter)| counter.packets).sum()
}

/// The counters of a direction, with names.
fn outcomes(counters: &BTreeMap<(Direction, u8), Counter>, direction: Direction) -> Vec<OutcomeCounter> {
    counters
        .iter()
        .filter(|((counted, _), _)| *counted == direction)
        .filter_map(|((_, outcome), counter)| {
            let verdict = Verdict::from_outcome(*outcome)?;
            Some(OutcomeCounter {
                verdict: verdict.kind().to_owned(),
                reason: verdict.name().to_owned(),
                packets: counter.packets,
                bytes: counter.bytes,
            })
        })
        .collect()
}
