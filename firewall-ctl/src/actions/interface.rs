//! Actions on network interfaces.

use super::address;
use super::assign::{self, Source, Wanted};
use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::page::Page;
use super::request::Response;
use super::types::*;
use super::{attribute, convert, idempotency, lookup, refusal, wire, zone};
use crate::model::{ConnectionTracking, Family, GroupId, InterfaceId, Model, NetworkInterface, Quotas, Subnet, VpcId};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Most characters of an interface's description, as in the service.
const MAX_DESCRIPTION: usize = 255;

/// A description that an interface can have.
pub(super) fn check_description(description: &str) -> Result<(), ApiError> {
    if description.chars().count() <= MAX_DESCRIPTION && !description.contains(char::is_control) {
        return Ok(());
    }
    let message = format!("Value ({description}) for parameter Description is invalid.");
    let detail = format!("It has at most {MAX_DESCRIPTION} characters, and no control characters.");
    Err(ApiError::value(message).with_detail(detail))
}

pub(super) fn create(mut request: CreateNetworkInterface, context: Context<'_>) -> Result<Outcome, ApiError> {
    let client_token = idempotency::token(&mut request)?;
    let CreateNetworkInterface {
        subnet_id,
        vpc_id,
        description,
        groups,
        private_ip_address,
        private_ip_addresses,
        secondary_private_ip_address_count,
        ipv6_addresses,
        ipv6_address_count,
        connection_tracking_specification,
        client_token: _,
        tag_specifications,
        dry_run: _,
    } = request;
    let Context { model, quotas, account, region, rng, .. } = context;
    let description = description.unwrap_or_default();
    check_description(&description)?;
    let ipv4 = Ipv4Wish::read(private_ip_address, private_ip_addresses, secondary_private_ip_address_count)?;
    let ipv6: Vec<String> = ipv6_addresses.into_iter().map(ipv6_text).collect::<Result<_, _>>()?;
    let ipv6 = assign::wanted(Family::Ipv6, ("Ipv6Addresses", &ipv6), ("Ipv6AddressCount", ipv6_address_count))?;
    let timeouts = connection_tracking_specification.unwrap_or_default();
    attribute::check_tracking(&timeouts)?;
    let timeouts = attribute::tracking(&timeouts, ConnectionTracking::default());
    let tags = convert::tags(tag_specifications, "network-interface")?;
    let own = model.interfaces.values().filter(|interface| interface.owner == account);
    let made = idempotency::made_before(client_token.as_ref(), own, |interface| interface.client_token.as_ref())?;
    if let Some(made) = made {
        return Ok(Outcome::unchanged(created(model, made, region)));
    }
    let subnet = lookup::present(subnet_id).map(|id| lookup::subnet(model, &id)).transpose()?;
    let vpc = home(model, subnet.map(Arc::as_ref), vpc_id)?;
    let (vpc, groups) = place(model, vpc, &groups)?;
    let vpc = vpc.map_or_else(|| lookup::default_vpc(model, account).map(|vpc| vpc.id), Ok)?;
    let groups = groups.map_or_else(|| lookup::default_group(model, vpc).map(|group| vec![group.id]), Ok)?;
    if groups.len() > quotas.groups_per_interface as usize {
        let limit = quotas.groups_per_interface;
        return Err(ApiError::value(format!(
            "user {account} exceeded limit {limit} on the number of interface security group memberships"
        )));
    }
    check_count(model, quotas)?;
    let mut source = Source::new(model, vpc, subnet.map(Arc::as_ref));
    let (primary, ipv4) = ipv4.fulfil(&mut source, subnet.is_some(), quotas, rng)?;
    let unasked = subnet.is_some_and(|subnet| subnet.attributes.assign_ipv6_address_on_creation);
    let ipv6 = ipv6.unwrap_or(Wanted::Count(u32::from(unasked)));
    assign::check_count(ipv6.count(), quotas)?;
    let ipv6 = source.give(Family::Ipv6, ipv6, rng)?;
    let interface = NetworkInterface {
        id: InterfaceId::random(rng),
        vpc,
        owner: account,
        description,
        groups,
        subnet: subnet.map(|subnet| subnet.id),
        addresses: ipv4.into_iter().chain(ipv6).collect(),
        primary,
        instance: None,
        mac_address: None,
        attachment: None,
        device: None,
        tags,
        timeouts,
        source_dest_check: true,
        client_token,
    };
    let mut next = model.clone();
    let answer = created(model, &interface, region);
    next.put_interface(interface).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(answer, next))
}

fn created(model: &Model, interface: &NetworkInterface, region: &str) -> Response {
    Response::CreateNetworkInterface(Box::new(CreateNetworkInterfaceResult {
        network_interface: wire::interface(model, interface, region),
        client_token: interface.client_token.as_ref().map(|token| token.token.clone()),
    }))
}

/// The VPC of a subnet, or one that is named.
fn home(model: &Model, subnet: Option<&Subnet>, vpc_id: Option<String>) -> Result<Option<VpcId>, ApiError> {
    let named = lookup::present(vpc_id).map(|id| lookup::vpc(model, &id)).transpose()?.map(|vpc| vpc.id);
    match (subnet, named) {
        (Some(subnet), Some(vpc)) if subnet.vpc != vpc => {
            let message = format!("The subnet '{}' is not in the VPC '{vpc}'", subnet.id);
            let detail = format!("It is in {}; a subnet says which VPC is meant.", subnet.vpc);
            Err(ApiError::new(ErrorCode::InvalidParameterCombination, message).with_detail(detail))
        }
        (Some(subnet), _) => Ok(Some(subnet.vpc)),
        (None, named) => Ok(named),
    }
}

fn ipv6_text(address: InstanceIpv6Address) -> Result<String, ApiError> {
    let InstanceIpv6Address { ipv6_address, is_primary_ipv6 } = address;
    if is_primary_ipv6 {
        let message = "The parameter IsPrimaryIpv6 is not supported.";
        return Err(ApiError::new(ErrorCode::UnsupportedOperation, message)
            .with_detail("No IPv6 address is before the others here."));
    }
    lookup::required("Ipv6Address", ipv6_address)
}

/// The IPv4 addresses that a new interface is wished to have.
struct Ipv4Wish {
    /// Those that are named, the first one first.
    these: Vec<IpAddr>,
    /// How many there should be beside the first one, if they are not named.
    others: Option<u32>,
}

impl Ipv4Wish {
    fn read(
        first: Option<String>,
        named: Vec<PrivateIpAddressSpecification>,
        others: Option<u32>,
    ) -> Result<Self, ApiError> {
        let mut seen = BTreeSet::new();
        let mut these = Vec::new();
        let mut primary = None;
        let mut read = |parameter: &str, text: String, is_primary: bool| {
            let address = address::parse(parameter, &text, Some(Family::Ipv4))?;
            address::insert(&mut seen, parameter, address)?;
            if is_primary && primary.replace(address).is_some() {
                let message = "Only one primary private IP address can be specified.";
                return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
            }
            these.push(address);
            Ok(())
        };
        if let Some(text) = lookup::present(first) {
            read("PrivateIpAddress", text, true)?;
        }
        for PrivateIpAddressSpecification { primary, private_ip_address } in named {
            read("PrivateIpAddresses", lookup::required("PrivateIpAddress", private_ip_address)?, primary)?;
        }
        // In the order given, but for the primary one.
        these.sort_by_key(|address| Some(*address) != primary);
        if these.len() > 1 && others.is_some() {
            let message =
                "The parameter SecondaryPrivateIpAddressCount cannot be used with the parameter PrivateIpAddresses";
            return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
        }
        Ok(Self { these, others })
    }

    /// The first address, and all of them. An interface of a subnet has at least one.
    fn fulfil<R: rand::Rng + ?Sized>(
        self,
        source: &mut Source<'_>,
        has_subnet: bool,
        quotas: &Quotas,
        rng: &mut R,
    ) -> Result<(Option<Ipv4Addr>, Vec<IpAddr>), ApiError> {
        let Self { these, others } = self;
        let missing = u32::from(these.is_empty() && has_subnet);
        let count = missing.saturating_add(others.unwrap_or_default());
        assign::check_count(these.len().saturating_add(count as usize), quotas)?;
        let mut addresses = source.give(Family::Ipv4, Wanted::These(these), rng)?;
        addresses.extend(source.give(Family::Ipv4, Wanted::Count(count), rng)?);
        Ok((addresses.first().copied().and_then(assign::ipv4), addresses))
    }
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
    // A device that a tag asks for goes with the interface.
    let by_tag = interface.attachment.as_ref().is_some_and(|attachment| attachment.by_tag);
    if !by_tag {
        not_attached(interface)?;
    }
    if let Some(place) = interface.instance.as_ref().filter(|place| !(by_tag && place.by_device)) {
        let message = format!("Network interface '{}' is currently in use.", interface.id);
        let detail = format!(
            "It is attached to {}: `detach-network-interface --attachment-id {}` first.",
            place.instance, place.id
        );
        return Err(ApiError::new(ErrorCode::InvalidNetworkInterfaceInUse, message).with_detail(detail));
    }
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

/// Filters of DescribeNetworkInterfaces. Those of public addresses and of managed interfaces find nothing here.
const FILTERS: [&str; 38] = [
    "addresses.association.owner-id",
    "addresses.association.public-ip",
    "addresses.primary",
    "addresses.private-ip-address",
    "association.allocation-id",
    "association.association-id",
    "association.ip-owner-id",
    "association.public-dns-name",
    "association.public-ip",
    "attachment.attach-time",
    "attachment.attachment-id",
    "attachment.delete-on-termination",
    "attachment.device-index",
    "attachment.instance-id",
    "attachment.instance-owner-id",
    "attachment.status",
    "availability-zone",
    "availability-zone-id",
    "description",
    "group-id",
    "group-name",
    "interface-type",
    "ipv6-addresses.ipv6-address",
    "mac-address",
    "network-interface-id",
    "operator.managed",
    "operator.principal",
    "owner-id",
    "private-dns-name",
    "private-ip-address",
    "requester-id",
    "requester-managed",
    "source-dest-check",
    "status",
    "subnet-id",
    "vpc-id",
    "addresses.association.allocation-id",
    "attachment.nat-gateway-id",
];

pub(super) fn describe(mut request: DescribeNetworkInterfaces, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeNetworkInterfaces {
        network_interface_ids,
        filters,
        include_managed_resources: _,
        max_results: _,
        next_token: _,
        dry_run: _,
    } = request;
    let (model, region) = (context.model, context.region);
    let filters = Filters::new(filters, &FILTERS)?;
    let wanted = network_interface_ids.iter().map(|id| lookup::interface(model, id).map(|interface| interface.id));
    let wanted = wanted.collect::<Result<BTreeSet<_>, _>>()?;
    let interfaces = model.interfaces.values();
    let interfaces = interfaces.filter(|interface| wanted.is_empty() || wanted.contains(&interface.id));
    let interfaces =
        interfaces.filter(|interface| filters.accept(&interface.tags, |name| values(model, interface, name, region)));
    let (interfaces, next_token) = page.cut(interfaces, |interface| interface.id);
    let network_interfaces =
        interfaces.into_iter().map(|interface| wire::interface(model, interface, region)).collect();
    let answer = DescribeNetworkInterfacesResult { network_interfaces, next_token };
    Ok(Outcome::unchanged(Response::DescribeNetworkInterfaces(answer)))
}

/// What an interface has for a filter.
pub(super) fn values(model: &Model, interface: &NetworkInterface, filter: &str, region: &str) -> Vec<String> {
    if let Some(field) = filter.strip_prefix("attachment.") {
        return wire::place(model, interface).map(|place| place_value(&place, field)).into_iter().flatten().collect();
    }
    match filter {
        "addresses.primary" => {
            wire::ipv4_addresses(interface).iter().map(|address| address.primary.to_string()).collect()
        }
        "addresses.private-ip-address" => interface.ipv4().map(|address| address.to_string()).collect(),
        "private-ip-address" => interface.primary_ipv4().iter().map(ToString::to_string).collect(),
        "ipv6-address" | "ipv6-addresses.ipv6-address" => interface.ipv6().map(|address| address.to_string()).collect(),
        "ipv6-addresses.is-primary-ipv6" => interface.ipv6().map(|_| false.to_string()).collect(),
        "availability-zone" => vec![zone::name(region)],
        "availability-zone-id" => vec![zone::id(region)],
        "description" => vec![interface.description.clone()],
        "group-id" => interface.groups.iter().map(ToString::to_string).collect(),
        "group-name" => wire::groups(model, interface).into_iter().map(|group| group.group_name).collect(),
        "interface-type" => vec!["interface".into()],
        "mac-address" => vec![interface.mac().to_string()],
        "network-interface-id" => vec![interface.id.to_string()],
        "operator.managed" | "requester-managed" => vec![false.to_string()],
        "owner-id" => vec![interface.owner.to_string()],
        "source-dest-check" => vec![interface.source_dest_check.to_string()],
        "status" => vec![wire::status(interface).into()],
        "subnet-id" => interface.subnet.iter().map(ToString::to_string).collect(),
        "tag-key" => interface.tags.iter().map(|(key, _)| key.to_owned()).collect(),
        "tag-value" => interface.tags.iter().map(|(_, value)| value.to_owned()).collect(),
        "vpc-id" => vec![interface.vpc.to_string()],
        _ => Vec::new(),
    }
}

fn place_value(place: &NetworkInterfaceAttachment, field: &str) -> Option<String> {
    match field {
        "attach-time" => Some(place.attach_time.clone()),
        "attachment-id" => Some(place.attachment_id.clone()),
        "delete-on-termination" => Some(place.delete_on_termination.to_string()),
        "device-index" => Some(place.device_index.to_string()),
        "instance-id" => Some(place.instance_id.clone()),
        "instance-owner-id" => Some(place.instance_owner_id.clone()),
        "network-card-index" => Some(place.network_card_index.to_string()),
        "status" => Some(place.status.clone()),
        _ => None,
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
    if !interface.follows_device() {
        return Ok(Observed { model: None, refused: Vec::new() });
    }
    let mut kept = BTreeSet::new();
    let mut refused = Vec::new();
    let seen: BTreeSet<IpAddr> = addresses.into_iter().filter(|address| address::can_be_member(*address)).collect();
    for address in seen {
        match model.interface_by_address(interface.vpc, address).filter(|holder| holder.id != interface.id) {
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
    let changed = NetworkInterface::clone(interface).with_addresses(kept);
    next.put_interface(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(Observed { model: Some(next), refused })
}
