//! Actions on network interfaces.

use super::address::{self, Takes};
use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::request::Response;
use super::types::*;
use super::{convert, lookup, refusal, wire};
use crate::model::{AddressSource, ConnectionTracking, GroupId, InterfaceId, Model, NetworkInterface, Quotas, VpcId};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Most characters of an interface's description, as in the service.
const MAX_DESCRIPTION: usize = 255;

pub(super) fn create(request: CreateNetworkInterface, context: Context<'_>) -> Result<Outcome, ApiError> {
    let CreateNetworkInterface {
        vpc_id,
        description,
        groups,
        private_ip_address,
        private_ip_addresses,
        ipv6_addresses,
        tag_specifications,
        dry_run: _,
    } = request;
    let Context { model, quotas, account, rng, .. } = context;
    let description = description.unwrap_or_default();
    if description.chars().count() > MAX_DESCRIPTION || description.contains(char::is_control) {
        let message = format!("Value ({description}) for parameter Description is invalid.");
        let detail = format!("It has at most {MAX_DESCRIPTION} characters, and no control characters.");
        return Err(ApiError::value(message).with_detail(detail));
    }
    let addresses = addresses(private_ip_address, private_ip_addresses, ipv6_addresses)?;
    let tags = convert::tags(tag_specifications, "network-interface")?;
    let named = lookup::present(vpc_id).map(|id| lookup::vpc(model, &id)).transpose()?.map(|vpc| vpc.id);
    let (vpc, groups) = place(model, named, &groups)?;
    let vpc = vpc.map_or_else(|| lookup::default_vpc(model).map(|vpc| vpc.id), Ok)?;
    let groups = groups.map_or_else(|| lookup::default_group(model, vpc).map(|group| vec![group.id]), Ok)?;
    if groups.len() > quotas.groups_per_interface as usize {
        let limit = quotas.groups_per_interface;
        return Err(ApiError::value(format!(
            "user {account} exceeded limit {limit} on the number of interface security group memberships"
        )));
    }
    check_count(model, quotas)?;
    let interface = NetworkInterface {
        id: InterfaceId::random(rng),
        vpc,
        owner: account,
        description,
        groups,
        addresses,
        mac_address: None,
        attachment: None,
        device: None,
        tags,
        timeouts: ConnectionTracking::default(),
        source_dest_check: true,
    };
    let mut next = model.clone();
    let network_interface = wire::interface(model, &interface);
    next.put_interface(interface).map_err(|error| refusal::refused(model, error))?;
    let answer = CreateNetworkInterfaceResult { network_interface };
    Ok(Outcome::changed(Response::CreateNetworkInterface(answer), next))
}

/// Whether there may be one more interface.
pub(super) fn check_count(model: &Model, quotas: &Quotas) -> Result<(), ApiError> {
    if model.interfaces.len() < quotas.interfaces as usize {
        return Ok(());
    }
    let message = "The maximum number of network interfaces has been reached.";
    Err(ApiError::new(ErrorCode::NetworkInterfaceLimitExceeded, message).with_detail(format!(
        "There are {}; the limit is {}.",
        model.interfaces.len(),
        quotas.interfaces
    )))
}

fn addresses(
    first: Option<String>,
    ipv4: Vec<PrivateIpAddressSpecification>,
    ipv6: Vec<InstanceIpv6Address>,
) -> Result<BTreeSet<IpAddr>, ApiError> {
    let mut addresses = BTreeSet::new();
    let mut primaries = 0;
    if let Some(text) = lookup::present(first) {
        addresses.insert(address::parse("PrivateIpAddress", &text, Takes::Ipv4)?);
        primaries += 1;
    }
    for PrivateIpAddressSpecification { primary, private_ip_address } in ipv4 {
        let text = lookup::required("PrivateIpAddress", private_ip_address)?;
        let address = address::parse("PrivateIpAddresses", &text, Takes::Ipv4)?;
        address::insert(&mut addresses, "PrivateIpAddresses", address)?;
        primaries += u32::from(primary);
    }
    if primaries > 1 {
        let message = "Only one primary private IP address can be specified.";
        return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
    }
    for InstanceIpv6Address { ipv6_address } in ipv6 {
        let text = lookup::required("Ipv6Address", ipv6_address)?;
        let address = address::parse("Ipv6Addresses", &text, Takes::Ipv6)?;
        address::insert(&mut addresses, "Ipv6Addresses", address)?;
    }
    Ok(addresses)
}

/// Where an interface belongs by what a request names: its VPC, named or that of the groups, and the groups, each once.
pub(super) fn place(
    model: &Model,
    vpc: Option<VpcId>,
    groups: &[String],
) -> Result<(Option<VpcId>, Option<Vec<GroupId>>), ApiError> {
    let mut vpc = vpc;
    let mut ids: Vec<GroupId> = Vec::new();
    for text in groups {
        let group = lookup::group(model, text)?;
        let home = *vpc.get_or_insert(group.vpc);
        if home != group.vpc {
            let detail = format!("The group {} is in {}, not in {home}.", group.id, group.vpc);
            return Err(lookup::different_networks(detail));
        }
        if !ids.contains(&group.id) {
            ids.push(group.id);
        }
    }
    Ok((vpc, Some(ids).filter(|ids| !ids.is_empty())))
}

/// Whether an interface may have so many groups.
pub(super) fn check_groups(groups: &[GroupId], quotas: &Quotas) -> Result<(), ApiError> {
    if groups.len() <= quotas.groups_per_interface as usize {
        return Ok(());
    }
    let message = "The maximum number of security groups per interface has been reached.";
    Err(ApiError::new(ErrorCode::SecurityGroupsPerInterfaceLimitExceeded, message).with_detail(format!(
        "These are {}; the limit is {}.",
        groups.len(),
        quotas.groups_per_interface
    )))
}

pub(super) fn delete(request: DeleteNetworkInterface, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DeleteNetworkInterface { network_interface_id, dry_run: _ } = request;
    let interface = lookup::interface(context.model, &lookup::required("NetworkInterfaceId", network_interface_id)?)?;
    not_attached(interface)?;
    let mut next = context.model.clone();
    next.remove_interface(interface.id).map_err(|error| refusal::refused(context.model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

/// An interface is free for something else as long as no device is attached.
pub(super) fn not_attached(interface: &NetworkInterface) -> Result<(), ApiError> {
    let Some(attachment) = &interface.attachment else { return Ok(()) };
    let message = format!("Network interface '{}' is currently in use.", interface.id);
    let detail = format!("Device {0} is attached to it: `detach {0}` first.", attachment.device);
    Err(ApiError::new(ErrorCode::InvalidNetworkInterfaceInUse, message).with_detail(detail))
}

pub(super) fn modify(request: ModifyNetworkInterfaceAttribute, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let ModifyNetworkInterfaceAttribute { network_interface_id, groups, dry_run: _ } = request;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    if groups.is_empty() {
        return Err(ApiError::new(ErrorCode::InvalidParameterCombination, "No attributes specified.")
            .with_detail("Name the groups that the interface is to have from now on; at least one."));
    }
    let model = context.model;
    let interface = lookup::interface(model, &id)?;
    let (_, groups) = place(model, Some(interface.vpc), &groups)?;
    let groups = groups.unwrap_or_default();
    check_groups(&groups, context.quotas)?;
    if interface.groups == groups {
        return Ok(Outcome::unchanged(Response::Done(Done {})));
    }
    let mut next = model.clone();
    let changed = NetworkInterface { groups, ..NetworkInterface::clone(interface) };
    next.put_interface(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(Response::Done(Done {}), next))
}

/// Filters of DescribeNetworkInterfaces.
const FILTERS: [&str; 10] = [
    "addresses.private-ip-address",
    "description",
    "group-id",
    "group-name",
    "ipv6-addresses.ipv6-address",
    "network-interface-id",
    "owner-id",
    "private-ip-address",
    "status",
    "vpc-id",
];

pub(super) fn describe(request: DescribeNetworkInterfaces, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DescribeNetworkInterfaces { network_interface_ids, filters, dry_run: _ } = request;
    let model = context.model;
    let filters = Filters::new(filters, &FILTERS)?;
    let wanted = network_interface_ids.iter().map(|id| lookup::interface(model, id).map(|interface| interface.id));
    let wanted = wanted.collect::<Result<BTreeSet<_>, _>>()?;
    let interfaces = model.interfaces.values();
    let interfaces = interfaces.filter(|interface| wanted.is_empty() || wanted.contains(&interface.id));
    let interfaces =
        interfaces.filter(|interface| filters.accept(&interface.tags, |name| values(model, interface, name)));
    let network_interfaces = interfaces.map(|interface| wire::interface(model, interface)).collect();
    let answer = DescribeNetworkInterfacesResult { network_interfaces };
    Ok(Outcome::unchanged(Response::DescribeNetworkInterfaces(answer)))
}

fn values(model: &Model, interface: &NetworkInterface, filter: &str) -> Vec<String> {
    let addresses = |wanted: fn(&IpAddr) -> bool| {
        interface.addresses.iter().filter(move |address| wanted(address)).map(ToString::to_string)
    };
    match filter {
        "addresses.private-ip-address" => addresses(IpAddr::is_ipv4).collect(),
        "private-ip-address" => addresses(IpAddr::is_ipv4).take(1).collect(),
        "ipv6-addresses.ipv6-address" => addresses(IpAddr::is_ipv6).collect(),
        "description" => vec![interface.description.clone()],
        "group-id" => interface.groups.iter().map(ToString::to_string).collect(),
        "group-name" => {
            let groups = interface.groups.iter().filter_map(|id| model.groups.get(id));
            groups.map(|group| group.name.to_string()).collect()
        }
        "network-interface-id" => vec![interface.id.to_string()],
        "owner-id" => vec![interface.owner.to_string()],
        "status" => vec![wire::status(interface).into()],
        "vpc-id" => vec![interface.vpc.to_string()],
        _ => Vec::new(),
    }
}

/// What the controller saw on a device, held against the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// What there is from now on; none when nothing changed.
    pub model: Option<Model>,
    /// Addresses that the interface does not get, since another interface of its VPC has them.
    pub refused: Vec<(IpAddr, InterfaceId)>,
}

/// Takes over the addresses that the controller saw on the device of an interface. Those that cannot make a member
/// ([`can_be_member`](super::can_be_member)) are left out; those of another interface of the VPC are refused and told,
/// and the others kept. An interface whose addresses were given keeps these. One that was refused may be free later:
/// the caller asks again when other interfaces lose addresses.
///
/// # Errors
/// There is no such interface.
pub fn set_observed_addresses(
    model: &Model,
    interface: InterfaceId,
    addresses: impl IntoIterator<Item = IpAddr>,
) -> Result<Observed, ApiError> {
    let interface = lookup::interface(model, &interface.to_string())?;
    let follows = match interface.attachment.as_ref().map(|attachment| attachment.addresses) {
        Some(AddressSource::Kernel | AddressSource::PeerNamespace) => true,
        Some(AddressSource::Given) | None => false,
    };
    if !follows {
        return Ok(Observed { model: None, refused: Vec::new() });
    }
    let mut kept = BTreeSet::new();
    let mut refused = Vec::new();
    let seen: BTreeSet<IpAddr> = addresses.into_iter().filter(|address| address::can_be_member(*address)).collect();
    for address in seen {
        let rival = model
            .interfaces_of(interface.vpc)
            .find(|other| other.id != interface.id && other.addresses.contains(&address));
        match rival {
            Some(holder) => refused.push((address, holder.id)),
            None => {
                kept.insert(address);
            }
        }
    }
    if kept == interface.addresses {
        return Ok(Observed { model: None, refused });
    }
    let mut next = model.clone();
    let changed = NetworkInterface { addresses: kept, ..NetworkInterface::clone(interface) };
    next.put_interface(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(Observed { model: Some(next), refused })
}
