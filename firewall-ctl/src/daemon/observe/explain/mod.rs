//! What becomes of a packet, and why: by what is recorded, by the tables in the kernel, and after changes that nobody has
//! made yet. The decision itself is asked, over tables on paper.

mod drift;
mod judgement;
mod references;
mod simulate;
mod specify;

pub use simulate::simulate;

use super::chosen;
use super::flows;
use crate::actions::types::{ExplainPacket, ExplainPacketResult, GroupIdentifier};
use crate::actions::{ApiError, ErrorCode, Response};
use crate::daemon::core::DeviceStatus;
use crate::daemon::enforcer::Observer;
use crate::model::{Model, NetworkInterface};
use crate::probe::{Findings, Paper, PaperError};
use judgement::{Case, Rules};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// What a packet is explained by.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What there is.
    pub model: &'a Model,
    /// How the attachments are, by number.
    pub devices: &'a BTreeMap<u32, DeviceStatus>,
    /// Addresses that are let through always.
    pub always: &'a BTreeSet<IpAddr>,
}

/// Says what becomes of a packet at an attached interface.
///
/// # Errors
/// The request is malformed or names what is not there, or the kernel refuses.
pub fn explain(known: Known<'_>, observer: &dyn Observer, request: ExplainPacket) -> Result<Response, ApiError> {
    let ExplainPacket { device, network_interface_id, packet, live } = request;
    let interface = the_one(known.model, device.as_deref(), network_interface_id)?;
    let Some(attachment) = interface.attachment.as_ref() else {
        return Err(unexplained(&PaperError::NotAttached(interface.id)));
    };
    let probe = specify::probe(&interface, packet)?;
    let key = probe.flow_key(attachment.number);
    let flow = key.map(|key| observer.flow(&key).map(|flow| flow.map(|flow| (key, flow)))).transpose()?.flatten();
    let status = known.devices.get(&attachment.number);
    let in_kernel = live.then(|| in_kernel(observer, &attachment.device, status, &probe)).transpose()?;
    let mut paper = Paper::new(known.model, &interface, &probe, known.always).map_err(|error| unexplained(&error))?;
    if let Some(entry) = in_kernel.as_ref().and_then(|findings| findings.entry) {
        paper.adopt_until(entry.adopt_until);
    }
    let wanted = *paper.entry();
    let findings = paper.hear(&probe, observer.now(), flow);
    let rules = Rules::new(Case { model: known.model, interface: &interface, probe: &probe, recorded: known.model });
    let drift = in_kernel.as_ref().map(|kernel| {
        let amiss = status.iter().flat_map(|status| status.amiss.iter()).map(|text| format!("The programs: {text}."));
        amiss.chain(drift::between(&rules, &wanted, &findings, kernel)).collect()
    });
    let answer = ExplainPacketResult {
        network_interface_id: interface.id.to_string(),
        device: attachment.device.clone(),
        side: attachment.side.to_string(),
        enforce: attachment.enforce,
        vpc_id: interface.vpc.to_string(),
        groups: groups(known.model, &interface),
        packet: specify::on_paper(&probe),
        flow: flow.and_then(|(key, flow)| flows::describe_alive(known.model, &interface, &key, &flow, observer.now())),
        by_model: rules.judgement(&findings, &rules.allowing()),
        by_kernel: in_kernel.as_ref().map(|kernel| rules.judgement(kernel, &kernel.rules)),
        drift,
        notes: judgement::notes(&probe, &findings),
    };
    Ok(Response::ExplainPacket(Box::new(answer)))
}

/// What the kernel says.
fn in_kernel(
    observer: &dyn Observer,
    device: &str,
    status: Option<&DeviceStatus>,
    probe: &crate::probe::Probe,
) -> Result<Findings, ApiError> {
    let ifindex = status.and_then(|status| status.ifindex).ok_or_else(|| {
        ApiError::new(
            ErrorCode::DeviceNotFound,
            format!("The device '{device}' is not there, so the kernel judges nothing at it."),
        )
        .with_detail("Without --live, what is recorded says what would become of the packet.")
    })?;
    observer.hear(ifindex, probe)
}

/// The attached interface that a request names, or the only one.
fn the_one(model: &Model, device: Option<&str>, id: Option<String>) -> Result<Arc<NetworkInterface>, ApiError> {
    let ids: Vec<String> = id.into_iter().collect();
    let mut interfaces = chosen(model, device, &ids)?.into_iter();
    match (interfaces.next(), interfaces.next()) {
        (Some(interface), None) => Ok(interface),
        (None, _) => Err(ApiError::new(ErrorCode::DeviceNotAttached, "No device is attached.")),
        (Some(_), Some(_)) => {
            Err(ApiError::missing("Device")
                .with_detail("Several devices are attached: `firewall-ctl status` lists them."))
        }
    }
}

fn groups(model: &Model, interface: &NetworkInterface) -> Vec<GroupIdentifier> {
    let name = |id| model.groups.get(id).map(|group| group.name.to_string()).unwrap_or_default();
    interface.groups.iter().map(|id| GroupIdentifier { group_id: id.to_string(), group_name: name(id) }).collect()
}

/// A model has no tables.
fn unexplained(error: &PaperError) -> ApiError {
    let code = match error {
        PaperError::NotAttached(_) => ErrorCode::DeviceNotAttached,
        PaperError::Compile(_) | PaperError::Full(_) => ErrorCode::InternalError,
    };
    ApiError::new(code, error.to_string())
}
