//! A packet before and after changes on paper.

use super::judgement::{Case, Rules, notes};
use super::{Known, references, specify, unexplained};
use crate::actions::types::{ChangeOnPaper, PacketJudgement, RefusalOnPaper, SimulatePacket, SimulatePacketResult};
use crate::actions::{ApiError, ErrorCode, Outcome, Request, Response, named_interface};
use crate::model::{AddressSource, Attachment, HookWish, MacSource, Model, NetworkInterface, Side};
use crate::probe::{Paper, Probe};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Number of an attachment that there is only on paper: no other one has it.
const ON_PAPER: u32 = u32::MAX;

/// The most changes of a request.
const CHANGES: usize = 100;

/// Says what becomes of a packet at an interface, before and after changes. `apply` makes a change on paper, of a model.
///
/// # Errors
/// The request is malformed or names what is not there. Changes that would be refused are part of the answer.
pub fn simulate(
    known: Known<'_>,
    request: SimulatePacket,
    apply: &mut dyn FnMut(Request, &Model) -> Result<Outcome, ApiError>,
) -> Result<Response, ApiError> {
    let SimulatePacket { device, network_interface_id, side, packet, changes } = request;
    let recorded = known.model;
    let interface = named(recorded, device, network_interface_id)?;
    let side = side.map(|text| side_of(&text)).transpose()?;
    let seated = seated(&interface, side);
    let probe = specify::probe(&seated, packet)?;
    let (before, notes) = judged(known, recorded, &seated, &probe)?;
    if changes.len() > CHANGES {
        return Err(ApiError::value(format!("Value ({}) for parameter Changes is invalid.", changes.len()))
            .with_detail(format!("There are {CHANGES} at most.")));
    }
    let mut model = recorded.clone();
    let (mut told, mut answers) = (Vec::new(), Vec::new());
    for mut change in changes {
        let action = change.shift_remove("Action");
        let action = action.and_then(|action| action.as_str().map(str::to_owned)).unwrap_or_default();
        let made = request_of(&action, change, &answers).and_then(|request| {
            let outcome = apply(request, &model)?;
            // What has no tables is refused as what the actions refuse.
            let next = outcome.model.as_ref().unwrap_or(&model);
            if let Some(interface) = next.interfaces.get(&interface.id) {
                judged(known, next, &self::seated(interface, side), &probe)?;
            }
            Ok(outcome)
        });
        let (answer, refusal, warnings) = match made {
            Ok(Outcome { response, model: next, warnings }) => {
                model = next.unwrap_or(model);
                (serde_json::to_value(response).ok(), None, warnings)
            }
            Err(error) => (None, Some(refusal(error)), Vec::new()),
        };
        answers.push(answer);
        told.push(ChangeOnPaper { action, refusal, warnings });
    }
    let after = model.interfaces.get(&interface.id).map(|interface| {
        let seated = self::seated(interface, side);
        judged(known, &model, &seated, &probe).map(|(judgement, _)| judgement)
    });
    let answer = SimulatePacketResult {
        network_interface_id: interface.id.to_string(),
        side: seated.attachment.as_ref().map(|attachment| attachment.side.to_string()).unwrap_or_default(),
        vpc_id: interface.vpc.to_string(),
        packet: specify::on_paper(&probe),
        before,
        changes: told,
        after: after.transpose()?,
        notes,
    };
    Ok(Response::SimulatePacket(Box::new(answer)))
}

/// The interface that a request names, wherever it lives.
fn named(model: &Model, device: Option<String>, id: Option<String>) -> Result<Arc<NetworkInterface>, ApiError> {
    match (device, id) {
        (None, Some(id)) => named_interface(model, &id).cloned(),
        (Some(device), None) => model.interface_by_device(&device).cloned().ok_or_else(|| {
            let message = format!("No interface is, or was, attached to '{device}'.");
            ApiError::new(ErrorCode::DeviceNotAttached, message).with_detail(
                "An interface that lives elsewhere is named by its id: describe-network-interfaces lists them.",
            )
        }),
        (Some(_), Some(_)) => {
            let message = "The parameter Device cannot be used with the parameter NetworkInterfaceId";
            Err(ApiError::new(ErrorCode::InvalidParameterCombination, message))
        }
        (None, None) => Err(ApiError::missing("NetworkInterfaceId")),
    }
}

fn side_of(text: &str) -> Result<Side, ApiError> {
    text.parse().map_err(|_| {
        ApiError::value(format!("Value ({text}) for parameter Side is invalid.")).with_detail("It is host or workload.")
    })
}

/// An interface as it is judged: where it is attached, or as if it were.
fn seated(interface: &NetworkInterface, side: Option<Side>) -> NetworkInterface {
    let mut interface = interface.clone();
    let attachment = interface.attachment.get_or_insert_with(|| Attachment {
        device: interface.device.clone().unwrap_or_default(),
        side: Side::Host,
        hook: HookWish::Auto,
        addresses: AddressSource::Given,
        mac_source: MacSource::Auto,
        strict_l2: false,
        enforce: true,
        number: ON_PAPER,
        adopt: false,
        by_tag: false,
    });
    attachment.side = side.unwrap_or(attachment.side);
    interface
}

/// What becomes of a packet by a model.
fn judged(
    known: Known<'_>,
    model: &Model,
    interface: &NetworkInterface,
    probe: &Probe,
) -> Result<(PacketJudgement, Vec<String>), ApiError> {
    let paper = Paper::new(model, interface, probe, known.always).map_err(|error| unexplained(&error))?;
    let findings = paper.hear(probe, 0, None);
    let rules = Rules::new(Case { model, interface, probe, recorded: known.model });
    Ok((rules.judgement(&findings, &rules.allowing()), notes(probe, &findings)))
}

/// The request of a change, which may name what those before it have answered.
fn request_of(action: &str, change: Map<String, Value>, answers: &[Option<Value>]) -> Result<Request, ApiError> {
    if action.is_empty() {
        return Err(ApiError::missing("Action"));
    }
    let mut body = Value::Object(change);
    references::resolve(&mut body, answers)?;
    let request = Request::parse(action, body)?;
    if request.is_read_only() || request.is_for_controller() {
        return Err(ApiError::value(format!("{action} is no change of what is recorded.")));
    }
    Ok(request)
}

fn refusal(error: ApiError) -> RefusalOnPaper {
    let ApiError { code, message, detail } = error;
    RefusalOnPaper { code: code.to_string(), message, detail }
}
