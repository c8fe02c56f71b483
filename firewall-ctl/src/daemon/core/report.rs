//! Status and counters.

use super::{Core, DeviceStatus};
use crate::actions::types::{
    DescribeCounters, DescribeCountersResult, InterfaceCounters, InterfaceStatus, OutcomeCounter, RuleCounters,
    StatusResult,
};
use crate::actions::{ApiError, ErrorCode, Response};
use crate::daemon::enforcer::Enforcer;
use crate::model::{NetworkInterface, Rule, SecurityGroup};
use crate::store::Store;
use firewall_common::abi::Counter;
use firewall_common::verdict::{Direction, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;

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
            .chain(self.unpublished.then(|| super::UNPUBLISHED.to_owned()))
            .collect();
        let identity = &self.settings.identity;
        Response::Status(StatusResult {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_at: identity.started_at.to_string(),
            kernel: identity.kernel.clone(),
            region: self.settings.region.clone(),
            account_id: self.settings.account.to_string(),
            state_dir: identity.state_dir.display().to_string(),
            bpffs: identity.bpffs.display().to_string(),
            programs: self.enforcer.programs(),
            pending_change: self.pending_change(),
            interfaces,
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

    /// What was counted.
    pub(super) fn describe_counters(&mut self, request: &DescribeCounters) -> Result<Response, ApiError> {
        let chosen = self.chosen(request)?;
        let mut interfaces = Vec::new();
        for interface in chosen {
            let Some(attachment) = &interface.attachment else { continue };
            let counters = self.enforcer.counters(attachment.number)?;
            interfaces.push(InterfaceCounters {
                network_interface_id: interface.id.to_string(),
                device: attachment.device.clone(),
                attachment_number: attachment.number,
                ingress: outcomes(&counters, Direction::Inbound),
                egress: outcomes(&counters, Direction::Outbound),
            });
        }
        let counted = self.enforcer.rule_counters()?;
        let rules: BTreeMap<u32, (&Arc<SecurityGroup>, &Rule)> = self
            .model
            .groups
            .values()
            .flat_map(|group| group.rules.values().map(move |rule| (rule.number, (group, rule))))
            .collect();
        let rules = counted
            .into_iter()
            .filter_map(|(number, counter)| {
                // One that is revoked may have flows that go on; it has no name any more.
                let (group, rule) = rules.get(&number)?;
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
        Ok(Response::DescribeCounters(DescribeCountersResult { interfaces, rules }))
    }

    /// The attached interfaces that a request names, or all.
    fn chosen(&self, request: &DescribeCounters) -> Result<Vec<Arc<NetworkInterface>>, ApiError> {
        let DescribeCounters { device, network_interface_id } = request;
        let chosen: Vec<_> = self
            .model
            .attached()
            .filter(|interface| {
                let name = interface.attachment.as_ref().map(|attachment| &attachment.device);
                device.as_ref().is_none_or(|device| Some(device) == name)
                    && network_interface_id.as_ref().is_none_or(|id| *id == interface.id.to_string())
            })
            .map(Arc::clone)
            .collect();
        let named = device.as_ref().or(network_interface_id.as_ref());
        match named {
            Some(named) if chosen.is_empty() => {
                let attached: Vec<&str> = self
                    .model
                    .attached()
                    .filter_map(|interface| interface.attachment.as_ref())
                    .map(|attachment| attachment.device.as_str())
                    .collect();
                let detail = if attached.is_empty() {
                    "No device is attached.".to_owned()
                } else {
                    format!("Attached are: {}.", attached.join(", "))
                };
                let message = format!("'{named}' is not attached.");
                Err(ApiError::new(ErrorCode::DeviceNotAttached, message).with_detail(detail))
            }
            Some(_) | None => Ok(chosen),
        }
    }
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
