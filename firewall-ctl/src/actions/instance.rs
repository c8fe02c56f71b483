//! Actions on instances: records of machines that are there, and of which interfaces are whose.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::instance_filters::FILTERS;
use super::page::Page;
use super::request::Response;
use super::types::*;
use super::vpc::{no_attribute, several_attributes};
use super::{attribute, convert, interface, lookup, refusal, wire, zone};
use crate::model::{
    AccountId, AttachmentId, Instance, InstanceAttachment, InstanceId, InterfaceId, Model, NetworkInterface, Quotas,
    Tags,
};
use jiff::Timestamp;
use rand::Rng;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an instance was made of, where the service has an image: a well-formed id of nothing.
const NO_IMAGE: &str = "ami-00000000000000000";
/// The number and the word for an instance that runs.
const RUNNING: (u32, &str) = (16, "running");

/// RunInstances makes machines. Here they are there already.
pub(super) fn not_run() -> ApiError {
    ApiError::new(
        ErrorCode::UnsupportedOperation,
        "The operation RunInstances is not supported: no machines are made here.",
    )
    .with_detail(
        "Start the machine yourself, and make its record: RegisterInstance (`firewall-ctl register-instance`). A host \
             that runs the controller has registered itself.",
    )
}

/// Registers a host as an instance, and gives it the attached interfaces that have none. None if nothing is to be done.
/// A host that is named otherwise than before, with no other that has registered itself, is the one there was.
///
/// # Errors
/// What there is contradicts itself.
pub fn register_host<R: Rng + ?Sized>(
    model: &Model,
    host: &str,
    owner: AccountId,
    now: Timestamp,
    rng: &mut R,
) -> Result<Option<Model>, ApiError> {
    let mut next = model.clone();
    let known: Vec<&Arc<Instance>> = model.instances.values().filter(|instance| instance.host.is_some()).collect();
    let registered = match (model.instance_of_host(host), known.as_slice()) {
        (Some(instance), _) => Instance::clone(instance),
        (None, [only]) => Instance { host: Some(host.to_owned()), ..Instance::clone(only) },
        (None, _) => {
            let mut tags = Tags::default();
            // A name that is no value of a tag is left out.
            let _ = tags.set("Name", host);
            Instance { id: InstanceId::random(rng), owner, host: Some(host.to_owned()), registered_at: now, tags }
        }
    };
    next.put_instance(registered).map_err(|error| refusal::refused(model, error))?;
    let homeless: Vec<Arc<NetworkInterface>> =
        next.attached().filter(|interface| interface.instance.is_none()).map(Arc::clone).collect();
    for interface in homeless {
        let instance = place_at_host(&next, host, now, rng);
        let placed = NetworkInterface { instance, ..NetworkInterface::clone(&interface) };
        next.put_interface(placed).map_err(|error| refusal::refused(model, error))?;
    }
    Ok(Some(next).filter(|next| next != model))
}

/// The next place at this host, for an interface that comes with a device. None if the host has not registered itself.
pub(super) fn place_at_host<R: Rng + ?Sized>(
    model: &Model,
    host: &str,
    now: Timestamp,
    rng: &mut R,
) -> Option<InstanceAttachment> {
    let instance = model.instance_of_host(host)?.id;
    Some(InstanceAttachment {
        id: AttachmentId::random(rng),
        instance,
        device_index: model.free_device_index(instance),
        attached_at: now,
        delete_on_termination: false,
        by_device: true,
    })
}

pub(super) fn register(request: RegisterInstance, context: Context<'_>) -> Result<Outcome, ApiError> {
    let RegisterInstance { network_interface_ids, tag_specifications, dry_run: _ } = request;
    let Context { model, quotas, account, region, rng, now, host, .. } = context;
    let tags = convert::tags(tag_specifications, "instance")?;
    let instance = Instance { id: InstanceId::random(rng), owner: account, host: None, registered_at: now, tags };
    let mut next = model.clone();
    next.put_instance(instance.clone()).map_err(|error| refusal::refused(model, error))?;
    for (index, text) in (0..).zip(&network_interface_ids) {
        let interface = lookup::interface(&next, text)?;
        free(interface)?;
        let placed = placed(interface, &instance, index, now, rng);
        next.put_interface(placed).map_err(|error| refusal::refused(model, error))?;
    }
    let count = model.instances.len();
    if count >= quotas.instances as usize {
        let message = "The maximum number of instances has been reached.";
        let detail = format!("There are {count}; the limit is {}.", quotas.instances);
        return Err(ApiError::new(ErrorCode::InstanceLimitExceeded, message).with_detail(detail));
    }
    check_interfaces("an instance", network_interface_ids.len(), quotas)?;
    let answer = RegisterInstanceResult { instance: description(&next, &instance, region, host) };
    Ok(Outcome::changed(Response::RegisterInstance(Box::new(answer)), next))
}

fn placed<R: Rng + ?Sized>(
    interface: &NetworkInterface,
    instance: &Instance,
    device_index: u32,
    now: Timestamp,
    rng: &mut R,
) -> NetworkInterface {
    let place = InstanceAttachment {
        id: AttachmentId::random(rng),
        instance: instance.id,
        device_index,
        attached_at: now,
        delete_on_termination: false,
        by_device: false,
    };
    NetworkInterface { instance: Some(place), ..interface.clone() }
}

/// Whether an interface is at no instance.
fn free(interface: &NetworkInterface) -> Result<(), ApiError> {
    let Some(place) = &interface.instance else { return Ok(()) };
    let message = format!("Interface: [{}] in use.", interface.id);
    let detail = format!("It is attached to {} ({}).", place.instance, place.id);
    Err(ApiError::new(ErrorCode::InvalidNetworkInterfaceInUse, message).with_detail(detail))
}

/// Whether an instance may have so many interfaces.
fn check_interfaces(whose: &str, count: usize, quotas: &Quotas) -> Result<(), ApiError> {
    if count <= quotas.interfaces_per_instance as usize {
        return Ok(());
    }
    let message = format!("Interface count {count} exceeds the limit for {whose}");
    let detail = format!("The limit is {}.", quotas.interfaces_per_instance);
    Err(ApiError::new(ErrorCode::AttachmentLimitExceeded, message).with_detail(detail))
}

pub(super) fn deregister(request: DeregisterInstance, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DeregisterInstance { instance_id, dry_run: _ } = request;
    let model = context.model;
    let instance = lookup::instance(model, &lookup::required("InstanceId", instance_id)?)?;
    if instance.host.as_deref() == Some(context.host) {
        let message = format!("The instance '{}' is this host, and cannot be deregistered.", instance.id);
        return Err(ApiError::new(ErrorCode::OperationNotPermitted, message)
            .with_detail("It is there as long as the controller runs here."));
    }
    let interfaces = model.interfaces_at(instance.id);
    let devices: Vec<String> = interfaces
        .iter()
        .filter_map(|interface| interface.attachment.as_ref())
        .map(|attachment| format!("device {0} is under its rules: `detach {0}` first", attachment.device))
        .collect();
    if !devices.is_empty() {
        let message = format!("The instance '{}' has dependencies and cannot be deregistered.", instance.id);
        return Err(ApiError::new(ErrorCode::DependencyViolation, message).with_detail(lookup::list(&devices)));
    }
    let mut next = model.clone();
    for interface in interfaces {
        let goes = interface.instance.as_ref().is_some_and(|place| place.delete_on_termination);
        let done = if goes {
            next.remove_interface(interface.id).map(drop)
        } else {
            next.put_interface(NetworkInterface { instance: None, ..NetworkInterface::clone(interface) })
        };
        done.map_err(|error| refusal::refused(model, error))?;
    }
    next.remove_instance(instance.id).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

pub(super) fn attach(request: AttachNetworkInterface, context: Context<'_>) -> Result<Outcome, ApiError> {
    let AttachNetworkInterface { network_interface_id, instance_id, device_index, network_card_index, dry_run: _ } =
        request;
    let Context { model, quotas, rng, now, .. } = context;
    let interface = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let instance = lookup::required("InstanceId", instance_id)?;
    let device_index = device_index.ok_or_else(|| ApiError::missing("DeviceIndex"))?;
    if let Some(card) = network_card_index.filter(|card| *card != 0) {
        let message = format!("Value ({card}) for parameter networkCardIndex is invalid.");
        return Err(ApiError::value(message).with_detail("It is 0: an instance has one network card here."));
    }
    let instance = lookup::instance(model, &instance)?;
    let interface = lookup::interface(model, &interface)?;
    free(interface)?;
    let placed = placed(interface, instance, device_index, now, rng);
    let attachment_id = placed.instance.as_ref().map(|place| place.id.to_string()).unwrap_or_default();
    let mut next = model.clone();
    next.put_interface(placed).map_err(|error| refusal::refused(model, error))?;
    check_interfaces(&instance.id.to_string(), next.interfaces_at(instance.id).len(), quotas)?;
    let answer = AttachNetworkInterfaceResult { attachment_id, network_card_index: 0 };
    Ok(Outcome::changed(Response::AttachNetworkInterface(answer), next))
}

pub(super) fn detach(request: DetachNetworkInterface, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DetachNetworkInterface { attachment_id, force: _, dry_run: _ } = request;
    let model = context.model;
    let (interface, place) = lookup::place(model, &lookup::required("AttachmentId", attachment_id)?)?;
    if let Some(attachment) = interface.attachment.as_ref().filter(|_| place.by_device) {
        let message = format!("The network interface '{}' is attached to a device of its instance.", interface.id);
        let detail = format!("It goes with the device: `detach {}`.", attachment.device);
        return Err(ApiError::new(ErrorCode::OperationNotPermitted, message).with_detail(detail));
    }
    if place.device_index == InstanceAttachment::PRIMARY {
        let message = "The network interface at device index 0 cannot be detached.";
        let detail = format!("It goes with {}: deregister-instance.", place.instance);
        return Err(ApiError::new(ErrorCode::OperationNotPermitted, message).with_detail(detail));
    }
    attribute::put(model, NetworkInterface { instance: None, ..NetworkInterface::clone(interface) }, interface)
}

/// The only interface of an instance.
fn only_interface<'a>(model: &'a Model, instance: &Instance) -> Result<&'a Arc<NetworkInterface>, ApiError> {
    match model.interfaces_at(instance.id).as_slice() {
        [only] => Ok(only),
        [] => Err(ApiError::new(
            ErrorCode::InvalidInstanceId,
            format!("There is no interface attached to instance '{}'.", instance.id),
        )
        .with_detail("attach-network-interface gives it one.")),
        several => {
            let ids: Vec<String> = several.iter().map(|interface| refusal::named(model, interface.id)).collect();
            let message = format!(
                "There are multiple interfaces attached to instance '{}'. Please specify an interface ID for the \
                 operation instead.",
                instance.id
            );
            let detail = format!("They are {}; modify-network-interface-attribute changes one.", ids.join(", "));
            Err(ApiError::new(ErrorCode::InvalidInstanceId, message).with_detail(detail))
        }
    }
}

pub(super) fn modify_attribute(request: ModifyInstanceAttribute, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let ModifyInstanceAttribute { instance_id, groups, source_dest_check, dry_run: _ } = request;
    let model = context.model;
    let id = lookup::required("InstanceId", instance_id)?;
    let check = source_dest_check.and_then(|check| check.value);
    if groups.is_empty() && check.is_none() {
        return Err(no_attribute());
    }
    if !groups.is_empty() && check.is_some() {
        return Err(several_attributes());
    }
    let interface = only_interface(model, lookup::instance(model, &id)?)?;
    let mut changed = NetworkInterface::clone(interface);
    if let Some(check) = check {
        changed.source_dest_check = check;
    } else {
        let (_, groups) = interface::place(model, Some(interface.vpc), &groups)?;
        let groups = groups.unwrap_or_default();
        interface::check_groups(&groups, context.quotas)?;
        changed.groups = groups;
    }
    attribute::put(model, changed, interface)
}

pub(super) fn describe_attribute(
    request: DescribeInstanceAttribute,
    context: &Context<'_>,
) -> Result<Outcome, ApiError> {
    let DescribeInstanceAttribute { instance_id, attribute, dry_run: _ } = request;
    let model = context.model;
    let id = lookup::required("InstanceId", instance_id)?;
    let attribute = lookup::required("Attribute", attribute)?;
    let tell: fn(&Model, Option<&NetworkInterface>, &mut DescribeInstanceAttributeResult) = match attribute.as_str() {
        "groupSet" => |model, primary, answer| {
            answer.groups = Some(primary.map(|interface| wire::groups(model, interface)).unwrap_or_default());
        },
        "sourceDestCheck" => |_, primary, answer| {
            answer.source_dest_check = Some(primary.is_none_or(|interface| interface.source_dest_check).into());
        },
        other => {
            let message = format!("Value ({other}) for parameter attribute is invalid. Unknown instance attribute");
            return Err(ApiError::value(message).with_detail("Here it is groupSet or sourceDestCheck."));
        }
    };
    let instance = lookup::instance(model, &id)?;
    let interfaces = model.interfaces_at(instance.id);
    let mut answer =
        DescribeInstanceAttributeResult { instance_id: instance.id.to_string(), source_dest_check: None, groups: None };
    tell(model, interfaces.first().map(AsRef::as_ref), &mut answer);
    Ok(Outcome::unchanged(Response::DescribeInstanceAttribute(answer)))
}

pub(super) fn describe(mut request: DescribeInstances, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeInstances {
        instance_ids,
        filters,
        include_managed_resources: _,
        max_results: _,
        next_token: _,
        dry_run: _,
    } = request;
    let Context { model, region, host, .. } = *context;
    let filters = Filters::new(filters, &FILTERS)?;
    let wanted = instance_ids.iter().map(|id| lookup::instance(model, id).map(|instance| instance.id));
    let wanted = wanted.collect::<Result<BTreeSet<_>, _>>()?;
    let instances = model.instances.values().filter(|instance| wanted.is_empty() || wanted.contains(&instance.id));
    let instances = instances.map(|instance| (instance, description(model, instance, region, host)));
    let instances = instances.filter(|(instance, shown)| {
        filters.accept(&instance.tags, |name| values(model, instance, shown, name, region))
    });
    let (instances, next_token) = page.cut(instances, |(instance, _)| instance.id);
    let reservations = instances.into_iter().map(|(instance, shown)| reservation(instance, shown)).collect();
    let answer = DescribeInstancesResult { reservations, next_token };
    Ok(Outcome::unchanged(Response::DescribeInstances(answer)))
}

fn reservation_id(instance: &Instance) -> String {
    format!("r-{}", instance.id.digits())
}

fn reservation(instance: &Instance, shown: InstanceDescription) -> Reservation {
    Reservation {
        reservation_id: reservation_id(instance),
        owner_id: instance.owner.to_string(),
        groups: Vec::new(),
        instances: vec![shown],
    }
}

fn values(model: &Model, instance: &Instance, shown: &InstanceDescription, filter: &str, region: &str) -> Vec<String> {
    let of_interfaces = |field: &str| {
        let interfaces = model.interfaces_at(instance.id);
        interfaces.iter().flat_map(|each| interface::values(model, each, field, region)).collect()
    };
    if let Some(field) = filter.strip_prefix("network-interface.") {
        return of_interfaces(field);
    }
    match filter {
        "architecture" => shown.architecture.iter().cloned().collect(),
        "availability-zone" => vec![shown.placement.availability_zone.clone()],
        "availability-zone-id" => vec![shown.placement.availability_zone_id.clone()],
        "image-id" => vec![shown.image_id.clone()],
        "instance-id" => vec![shown.instance_id.clone()],
        "instance-state-code" => vec![shown.state.code.to_string()],
        "instance-state-name" => vec![shown.state.name.clone()],
        "instance-type" => vec![shown.instance_type.clone()],
        "instance.group-id" | "group-id" => of_interfaces("group-id"),
        "instance.group-name" | "group-name" => of_interfaces("group-name"),
        "ipv6-address" => of_interfaces("ipv6-addresses.ipv6-address"),
        "launch-index" => vec![shown.ami_launch_index.to_string()],
        "launch-time" => vec![shown.launch_time.clone()],
        "monitoring-state" => vec![shown.monitoring.state.clone()],
        "operator.managed" => vec![false.to_string()],
        "owner-id" => vec![instance.owner.to_string()],
        "private-ip-address" => of_interfaces("private-ip-address"),
        "reservation-id" => vec![reservation_id(instance)],
        "source-dest-check" => vec![shown.source_dest_check.to_string()],
        "subnet-id" => shown.subnet_id.iter().cloned().collect(),
        "tenancy" => vec![shown.placement.tenancy.clone()],
        "vpc-id" => shown.vpc_id.iter().cloned().collect(),
        // What no machine has here.
        _ => Vec::new(),
    }
}

fn description(model: &Model, instance: &Instance, region: &str, host: &str) -> InstanceDescription {
    let Instance { id, owner: _, host: of_host, registered_at, tags } = instance;
    let interfaces = model.interfaces_at(*id);
    let primary = interfaces.first();
    InstanceDescription {
        ami_launch_index: 0,
        image_id: NO_IMAGE.into(),
        instance_id: id.to_string(),
        instance_type: if of_host.is_some() { "host" } else { "registered" }.into(),
        launch_time: wire::time(*registered_at),
        monitoring: Monitoring { state: "disabled".into() },
        placement: InstancePlacement {
            availability_zone: zone::name(region),
            availability_zone_id: zone::id(region),
            group_name: String::new(),
            tenancy: "default".into(),
        },
        private_dns_name: String::new(),
        private_ip_address: primary.and_then(|interface| interface.primary_ipv4()).map(|address| address.to_string()),
        ipv6_address: primary.and_then(|interface| interface.ipv6().next()).map(|address| address.to_string()),
        public_dns_name: String::new(),
        state: InstanceState { code: RUNNING.0, name: RUNNING.1.into() },
        state_transition_reason: String::new(),
        subnet_id: primary.and_then(|interface| interface.subnet).map(|subnet| subnet.to_string()),
        vpc_id: primary.map(|interface| interface.vpc.to_string()),
        architecture: (of_host.as_deref() == Some(host)).then(|| architecture().into()),
        network_interfaces: interfaces.iter().filter_map(|interface| interface_of(model, interface)).collect(),
        security_groups: primary.map(|interface| wire::groups(model, interface)).unwrap_or_default(),
        source_dest_check: primary.is_none_or(|interface| interface.source_dest_check),
        tags: convert::tag_list(tags),
    }
}

/// The processor of this machine, in the service's word.
const fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { std::env::consts::ARCH }
}

fn interface_of(model: &Model, interface: &NetworkInterface) -> Option<InstanceNetworkInterface> {
    let id: InterfaceId = interface.id;
    Some(InstanceNetworkInterface {
        attachment: wire::place(model, interface)?.into(),
        description: interface.description.clone(),
        groups: wire::groups(model, interface),
        ipv6_addresses: wire::ipv6_addresses(interface),
        network_interface_id: id.to_string(),
        owner_id: interface.owner.to_string(),
        private_ip_address: interface.primary_ipv4().map(|address| address.to_string()),
        private_ip_addresses: wire::ipv4_addresses(interface),
        source_dest_check: interface.source_dest_check,
        status: wire::status(interface).into(),
        subnet_id: interface.subnet.map(|subnet| subnet.to_string()),
        vpc_id: interface.vpc.to_string(),
        interface_type: "interface".into(),
    })
}
