//! Putting devices under their groups' rules, and taking them out: the records of it.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::request::Response;
use super::types::*;
use super::wish::{Difference, Wish};
use super::{instance, interface, lookup, mac, refusal};
use crate::model::{
    Attachment, ConnectionTracking, InterfaceId, MacSource, Model, ModelError, NetworkInterface, Side, Tags,
};
use std::sync::Arc;

pub(super) fn attach(request: AttachDevice, context: Context<'_>) -> Result<Outcome, ApiError> {
    let wish = Wish::read(request, context.model)?;
    let attached = context.model.attached().find(|interface| device_of(interface) == Some(wish.device.as_str()));
    match attached.cloned() {
        Some(current) => attach_again(&wish, &current, context),
        None => attach_anew(&wish, context),
    }
}

fn device_of(interface: &NetworkInterface) -> Option<&str> {
    interface.attachment.as_ref().map(|attachment| attachment.device.as_str())
}

/// The device is not attached: binds the record that was named, the one that remembers the device, or a new one.
fn attach_anew(wish: &Wish, context: Context<'_>) -> Result<Outcome, ApiError> {
    let mut next = context.model.clone();
    let mut warnings = Vec::new();
    let remembering = context.model.interface_by_device(&wish.device);
    let record = match wish.interface {
        Some(id) => {
            let record = lookup::interface(context.model, &id.to_string())?;
            interface::not_attached(record)?;
            Some(record)
        }
        None => remembering.filter(|record| wish.vpc.is_none_or(|vpc| vpc == record.vpc)),
    };
    if let Some(old) = remembering.filter(|old| record.is_none_or(|record| record.id != old.id)) {
        release(&mut next, old, Remember::Nothing)?;
        warnings
            .push(format!("{} was the record of {}, and remains as a record without a device", old.id, wish.device));
    }
    let record = record.cloned();
    let interface = bind(wish, record.as_ref(), &mut next, context)?;
    Ok(finish(wish, AttachState::Attached, &[], &interface, next, warnings))
}

/// The device is attached: nothing to do, or something else is wished, which takes `Replace`.
fn attach_again(wish: &Wish, current: &Arc<NetworkInterface>, context: Context<'_>) -> Result<Outcome, ApiError> {
    let differences = wish.differences(current);
    if differences.is_empty() {
        return Ok(finish(wish, AttachState::Unchanged, &[], current, context.model.clone(), Vec::new()));
    }
    if !wish.replace {
        let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
        let message = format!("The device '{}' is attached already, otherwise than asked for.", wish.device);
        let detail = format!("{}\nAttach it with Replace (`--replace`) to make it so.", lookup::list(&lines));
        return Err(ApiError::new(ErrorCode::DeviceAlreadyAttached, message).with_detail(detail));
    }
    let mut next = context.model.clone();
    let mut warnings = Vec::new();
    // An interface can't move to another VPC; there, and where another one is named, the device changes its record.
    let other = wish.interface.filter(|id| *id != current.id);
    let moves = wish.vpc.is_some_and(|vpc| vpc != current.vpc);
    let record = match other {
        Some(id) => {
            let record = lookup::interface(context.model, &id.to_string())?;
            interface::not_attached(record)?;
            Some(Arc::clone(record))
        }
        None if moves && wish.interface.is_some() => return Err(wish.other_network(current)),
        None => Some(Arc::clone(current)).filter(|_| !moves),
    };
    if record.as_ref().is_none_or(|record| record.id != current.id) {
        release(&mut next, current, Remember::Nothing)?;
        warnings.push(format!(
            "{} was the record of {}, and remains as a record without a device",
            current.id, wish.device
        ));
    }
    let interface = bind(wish, record.as_ref(), &mut next, context)?;
    Ok(finish(wish, AttachState::Replaced, &differences, &interface, next, warnings))
}

/// Makes the record say what is wished, in the model that is to be.
fn bind(
    wish: &Wish,
    record: Option<&Arc<NetworkInterface>>,
    next: &mut Model,
    context: Context<'_>,
) -> Result<NetworkInterface, ApiError> {
    let Context { model, quotas, account, rng, now, host, attachment_numbers, .. } = context;
    let vpc = match (record, wish.vpc) {
        (Some(record), Some(vpc)) if record.vpc != vpc => return Err(wish.other_network(record)),
        (Some(record), _) => record.vpc,
        (None, Some(vpc)) => vpc,
        (None, None) => lookup::default_vpc(model, account)?.id,
    };
    let groups = match (&wish.groups, record) {
        (Some(groups), _) => groups.clone(),
        (None, Some(record)) => record.groups.clone(),
        (None, None) => vec![lookup::default_group(model, vpc)?.id],
    };
    if wish.groups.is_some() {
        interface::check_groups(&groups, quotas)?;
    }
    let before = record.and_then(|record| record.attachment.as_ref());
    let place = wish.placed(record.map(Arc::as_ref))?;
    if record.is_none() {
        interface::check_count(model, quotas)?;
    }
    let number = match before.filter(|before| before.side == place.side) {
        Some(before) => before.number,
        // Flows of the other side would be read the wrong way round: they end with their number.
        None => {
            let number = next.take_attachment_number(attachment_numbers);
            number.map_err(|error| refusal::out_of_attachments(&error))?
        }
    };
    let attachment = Attachment {
        device: wish.device.clone(),
        side: place.side,
        hook: place.hook,
        addresses: place.source,
        mac_source: place.mac_source,
        strict_l2: place.strict_l2,
        enforce: place.enforce,
        number,
        adopt: wish.adopt,
        by_tag: false,
    };
    let base = record.map(|record| NetworkInterface::clone(record)).unwrap_or_else(|| NetworkInterface {
        id: InterfaceId::random(rng),
        vpc,
        owner: account,
        description: String::new(),
        groups: Vec::new(),
        subnet: None,
        addresses: Default::default(),
        primary: None,
        instance: None,
        mac_address: None,
        attachment: None,
        device: None,
        tags: Tags::default(),
        timeouts: ConnectionTracking::default(),
        source_dest_check: true,
        client_token: None,
    });
    // As an instance of the service that is started without one: in the default subnet, if there is one.
    let subnet = base.subnet.or_else(|| next.default_subnet(vpc).map(|subnet| subnet.id));
    let instance = base.instance.clone().or_else(|| instance::place_at_host(next, host, now, rng));
    let interface = NetworkInterface {
        groups,
        subnet,
        instance,
        mac_address: place.mac_address,
        device: Some(wish.device.clone()),
        attachment: Some(attachment),
        source_dest_check: place.source_dest_check,
        ..base.with_addresses(place.addresses)
    };
    mac::check_given(next, &interface)?;
    next.put_interface(interface.clone()).map_err(|error| taken_or_refused(model, error))?;
    Ok(interface)
}

/// A record was refused. A container or a virtual machine that is started anew has its address and another device, so it is
/// told how to give it the record that it had.
fn taken_or_refused(model: &Model, error: ModelError) -> ApiError {
    let ModelError::AddressTaken { address: _, holder } = &error else { return refusal::refused(model, error) };
    let holder = model.interfaces.get(holder).map(Arc::clone);
    let mut refused = refusal::refused(model, error);
    let Some(holder) = holder else { return refused };
    let first = device_of(&holder).map(|device| format!("`detach {device}`, then ")).unwrap_or_default();
    let id = holder.id;
    let remedy = format!(
        "If that was the same workload: {first}attach with `--network-interface-id {id}`. If it is gone: {first}\
         `delete-network-interface --network-interface-id {id}`."
    );
    refused.detail = Some(refused.detail.map_or_else(|| remedy.clone(), |detail| format!("{detail}\n{remedy}")));
    refused
}

fn finish(
    wish: &Wish,
    state: AttachState,
    differences: &[Difference],
    interface: &NetworkInterface,
    next: Model,
    warnings: Vec<String>,
) -> Outcome {
    let attachment = interface.attachment.as_ref();
    let answer = AttachDeviceResult {
        network_interface_id: interface.id.to_string(),
        device: wish.device.clone(),
        state,
        hook: Hook { wanted: attachment.map(|attachment| attachment.hook.to_string()).unwrap_or_default(), got: None },
        enforce: attachment.is_none_or(|attachment| attachment.enforce),
        side: attachment.map(|attachment| attachment.side.to_string()).unwrap_or_default(),
        vpc_id: interface.vpc.to_string(),
        groups: interface.groups.iter().map(ToString::to_string).collect(),
        private_ip_addresses: interface.addresses.iter().map(ToString::to_string).collect(),
        mac_address: interface.mac().to_string(),
        attachment_number: attachment.map_or(0, |attachment| attachment.number),
        changes: differences.iter().map(ToString::to_string).collect(),
        mtu: None,
        adopted_connections: None,
        dry_run: wish.dry_run,
        warnings: warnings.clone(),
    };
    let unchanged = wish.dry_run || state == AttachState::Unchanged;
    Outcome { response: Response::AttachDevice(answer), model: (!unchanged).then_some(next), warnings }
}

/// Attaches a record to the device that its tag asks for. It goes with the tag, so nothing else of the record is given up
/// for it: a device that has another record, or a record with another device, is left alone.
///
/// # Errors
/// The device or the record is attached otherwise, or the record has no address where the device's own are not known.
pub fn bind_device(context: Context<'_>, interface: InterfaceId, device: &str, side: Side) -> Result<Model, ApiError> {
    let model = context.model;
    let record = Arc::clone(lookup::interface(model, &interface.to_string())?);
    interface::not_attached(&record)?;
    if let Some(other) = model.attached().find(|other| device_of(other) == Some(device)) {
        let message = format!("The device '{device}' is in use.");
        let detail = format!("It is attached to {}.", other.id);
        return Err(ApiError::new(ErrorCode::DeviceAlreadyAttached, message).with_detail(detail));
    }
    let request = AttachDevice {
        device: Some(device.to_owned()),
        side: Some(side.to_string()),
        network_interface_id: Some(interface.to_string()),
        ..AttachDevice::default()
    };
    let wish = Wish::read(request, model)?;
    let mut next = model.clone();
    if let Some(old) = model.interface_by_device(device).filter(|old| old.id != interface) {
        release(&mut next, old, Remember::Nothing)?;
    }
    let bound = bind(&wish, Some(&record), &mut next, context)?;
    let attachment = bound.attachment.clone().map(|attachment| Attachment { by_tag: true, ..attachment });
    let refused = next.put_interface(NetworkInterface { attachment, ..bound });
    refused.map_err(|error| refusal::refused(&next, error))?;
    Ok(next)
}

/// Takes its device away from a record whose tag asks for it no longer.
///
/// # Errors
/// What there is contradicts itself.
pub fn release_device(model: &Model, interface: &NetworkInterface) -> Result<Model, ApiError> {
    let mut next = model.clone();
    release(&mut next, interface, Remember::Nothing)?;
    Ok(next)
}

/// What a record keeps of a device that is taken away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remember {
    /// Its name, so that attaching finds the record again.
    Device,
    /// Nothing: the device has another record now.
    Nothing,
}

/// Takes the device away from a record. Addresses that were seen on the device go with it, a hardware address too; those
/// given stay.
fn release(next: &mut Model, interface: &NetworkInterface, remember: Remember) -> Result<(), ApiError> {
    let device = match remember {
        Remember::Device => interface.device.clone(),
        Remember::Nothing => None,
    };
    let addresses = if interface.follows_device() { Default::default() } else { interface.addresses.clone() };
    let mac_address = match interface.attachment.as_ref().map(|attachment| attachment.mac_source) {
        Some(MacSource::Auto | MacSource::Any) => None,
        Some(MacSource::Given) | None => interface.mac_address,
    };
    let instance = interface.instance.clone().filter(|place| !place.by_device);
    let released = NetworkInterface {
        attachment: None,
        device,
        mac_address,
        instance,
        ..interface.clone().with_addresses(addresses)
    };
    let refused = next.put_interface(released);
    refused.map_err(|error| refusal::refused(next, error))
}

pub(super) fn detach(request: DetachDevice, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DetachDevice { device, delete } = request;
    let device = lookup::required("Device", device)?;
    let model = context.model;
    let found = model.interface_by_device(&device);
    let found = found.filter(|interface| interface.attachment.is_some() || delete);
    let Some(interface) = found else { return Err(not_attached(model, &device)) };
    let mut next = model.clone();
    let state = if delete {
        next.remove_interface(interface.id).map_err(|error| refusal::refused(model, error))?;
        DetachState::Deleted
    } else {
        release(&mut next, interface, Remember::Device)?;
        DetachState::Detached
    };
    let answer =
        DetachDeviceResult { network_interface_id: interface.id.to_string(), device, state, warnings: Vec::new() };
    Ok(Outcome::changed(Response::DetachDevice(answer), next))
}

fn not_attached(model: &Model, device: &str) -> ApiError {
    let devices: Vec<&str> = model.attached().filter_map(|interface| device_of(interface)).collect();
    let attached = match devices.as_slice() {
        [] => "No device is attached.".to_owned(),
        devices => format!("Attached are: {}.", devices.join(", ")),
    };
    let detail = match model.interface_by_device(device) {
        Some(record) => format!("Its record {} is there; Delete (`--delete`) takes that away. {attached}", record.id),
        None => attached,
    };
    let message = format!("The device '{device}' is not attached.");
    ApiError::new(ErrorCode::DeviceNotAttached, message).with_detail(detail)
}
