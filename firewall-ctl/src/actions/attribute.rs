//! Attributes of network interfaces.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::request::Response;
use super::types::*;
use super::vpc::{no_attribute, several_attributes};
use super::{interface, lookup, refusal, wire};
use crate::model::{ConnectionTracking, InstanceAttachment, Model, NetworkInterface, Quotas};

/// The one attribute that a request changes.
enum Change {
    Groups(Vec<String>),
    Description(String),
    SourceDestCheck(bool),
    Timeouts(ConnectionTrackingSpecification),
    DeleteOnTermination { attachment: String, delete: bool },
}

impl Change {
    fn read(request: ModifyNetworkInterfaceAttribute) -> Result<Self, ApiError> {
        let ModifyNetworkInterfaceAttribute {
            network_interface_id: _,
            groups,
            description,
            source_dest_check,
            connection_tracking_specification,
            attachment,
            dry_run: _,
        } = request;
        let mut named = Vec::new();
        if !groups.is_empty() {
            named.push(Self::Groups(groups));
        }
        if let Some(description) = description.map(|description| description.value.unwrap_or_default()) {
            interface::check_description(&description)?;
            named.push(Self::Description(description));
        }
        named.extend(source_dest_check.and_then(|check| check.value).map(Self::SourceDestCheck));
        if let Some(timeouts) = connection_tracking_specification {
            check_tracking(&timeouts)?;
            named.push(Self::Timeouts(timeouts));
        }
        if let Some(NetworkInterfaceAttachmentChanges { attachment_id, delete_on_termination }) = attachment {
            let attachment = lookup::required("AttachmentId", attachment_id)?;
            let delete = delete_on_termination.ok_or_else(|| ApiError::missing("DeleteOnTermination"))?;
            named.push(Self::DeleteOnTermination { attachment, delete });
        }
        let change = named.pop().ok_or_else(no_attribute)?;
        if named.is_empty() { Ok(change) } else { Err(several_attributes()) }
    }

    fn apply(self, model: &Model, before: &NetworkInterface, quotas: &Quotas) -> Result<NetworkInterface, ApiError> {
        let before = before.clone();
        match self {
            Self::Groups(groups) => {
                let (_, groups) = interface::place(model, Some(before.vpc), &groups)?;
                let groups = groups.unwrap_or_default();
                interface::check_groups(&groups, quotas)?;
                Ok(NetworkInterface { groups, ..before })
            }
            Self::Description(description) => Ok(NetworkInterface { description, ..before }),
            Self::SourceDestCheck(source_dest_check) => Ok(NetworkInterface { source_dest_check, ..before }),
            Self::Timeouts(wanted) => {
                let timeouts = tracking(&wanted, before.timeouts);
                Ok(NetworkInterface { timeouts, ..before })
            }
            Self::DeleteOnTermination { attachment, delete } => {
                let (holder, place) = lookup::place(model, &attachment)?;
                if holder.id != before.id {
                    let message =
                        format!("The attachment '{attachment}' is not of the network interface '{}'.", before.id);
                    return Err(ApiError::value(message).with_detail(format!("It is of {}.", holder.id)));
                }
                let instance = Some(InstanceAttachment { delete_on_termination: delete, ..place.clone() });
                Ok(NetworkInterface { instance, ..before })
            }
        }
    }
}

/// Whether time-outs that are wished are in their ranges.
pub(super) fn check_tracking(wished: &ConnectionTrackingSpecification) -> Result<(), ApiError> {
    let checked = tracking(wished, ConnectionTracking::default()).validate();
    checked.map_err(|error| ApiError::value(error.to_string()))
}

/// Time-outs as they are wished, and as they are where nothing is wished.
pub(super) fn tracking(wished: &ConnectionTrackingSpecification, before: ConnectionTracking) -> ConnectionTracking {
    let ConnectionTrackingSpecification { tcp_established_timeout, udp_stream_timeout, udp_timeout } = *wished;
    let ConnectionTracking { tcp_established, udp_stream, udp } = before;
    ConnectionTracking {
        tcp_established: tcp_established_timeout.or(tcp_established),
        udp_stream: udp_stream_timeout.or(udp_stream),
        udp: udp_timeout.or(udp),
    }
}

pub(super) fn modify(mut request: ModifyNetworkInterfaceAttribute, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let id = lookup::required("NetworkInterfaceId", request.network_interface_id.take())?;
    let change = Change::read(request)?;
    let model = context.model;
    let interface = lookup::interface(model, &id)?;
    let changed = change.apply(model, interface, context.quotas)?;
    put(model, changed, interface)
}

/// Puts an interface that may be what it was.
pub(super) fn put(model: &Model, changed: NetworkInterface, before: &NetworkInterface) -> Result<Outcome, ApiError> {
    if changed == *before {
        return Ok(Outcome::unchanged(Response::Done(Done {})));
    }
    let mut next = model.clone();
    next.put_interface(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

pub(super) fn describe(request: DescribeNetworkInterfaceAttribute, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DescribeNetworkInterfaceAttribute { network_interface_id, attribute, dry_run: _ } = request;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let attribute = lookup::required("Attribute", attribute)?;
    let tell: fn(&Model, &NetworkInterface, &mut DescribeNetworkInterfaceAttributeResult) = match attribute.as_str() {
        "attachment" => |model, interface, answer| answer.attachment = wire::place(model, interface),
        "description" => |_, interface, answer| {
            answer.description = Some(AttributeValue { value: Some(interface.description.clone()) });
        },
        "groupSet" => |model, interface, answer| answer.groups = Some(wire::groups(model, interface)),
        "sourceDestCheck" => |_, interface, answer| answer.source_dest_check = Some(interface.source_dest_check.into()),
        "associatePublicIpAddress" => |_, _, answer| answer.associate_public_ip_address = Some(false),
        other => {
            let message =
                format!("Value ({other}) for parameter attribute is invalid. Unknown network interface attribute");
            let known = "It is attachment, description, groupSet, sourceDestCheck or associatePublicIpAddress.";
            return Err(ApiError::value(message).with_detail(known));
        }
    };
    let model = context.model;
    let interface = lookup::interface(model, &id)?;
    let mut answer = DescribeNetworkInterfaceAttributeResult {
        attachment: None,
        description: None,
        groups: None,
        network_interface_id: interface.id.to_string(),
        source_dest_check: None,
        associate_public_ip_address: None,
    };
    tell(model, interface, &mut answer);
    Ok(Outcome::unchanged(Response::DescribeNetworkInterfaceAttribute(answer)))
}

pub(super) fn reset(request: ResetNetworkInterfaceAttribute, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let ResetNetworkInterfaceAttribute { network_interface_id, source_dest_check, dry_run: _ } = request;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    if source_dest_check.is_none() {
        return Err(ApiError::new(ErrorCode::InvalidParameterCombination, "No attributes specified.")
            .with_detail("SourceDestCheck can be reset, and nothing else."));
    }
    let interface = lookup::interface(context.model, &id)?;
    put(context.model, NetworkInterface { source_dest_check: true, ..NetworkInterface::clone(interface) }, interface)
}
