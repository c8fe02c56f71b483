//! Addresses that interfaces are given and lose, and where those come from.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::request::Response;
use super::types::*;
use super::{address, lookup, refusal};
use crate::model::{Addresses, Family, Model, NetworkInterface, Quotas, Subnet, VpcId};
use ipnet::IpNet;
use rand::Rng;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Addresses of a family that are wanted: these, or so many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// These.
    These(Vec<IpAddr>),
    /// So many, whichever are free.
    Count(u32),
}

impl Wanted {
    /// How many.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::These(addresses) => addresses.len(),
            Self::Count(count) => *count as usize,
        }
    }
}

/// Where an interface gets its addresses from: a subnet, and what nobody has of it.
pub(super) struct Source<'a> {
    subnet: Option<&'a Subnet>,
    taken: Addresses,
}

impl<'a> Source<'a> {
    /// The subnet of an interface, or none if it belongs to none: then it has what it is given.
    pub(super) fn new(model: &Model, vpc: VpcId, subnet: Option<&'a Subnet>) -> Self {
        Self { subnet, taken: model.addresses_of(vpc) }
    }

    /// Addresses as they are wanted. The caller has bounded their number.
    pub(super) fn give<R: Rng + ?Sized>(
        &mut self,
        family: Family,
        wanted: Wanted,
        rng: &mut R,
    ) -> Result<Vec<IpAddr>, ApiError> {
        match wanted {
            Wanted::These(addresses) => {
                if let Some(subnet) = self.subnet {
                    addresses.iter().try_for_each(|address| in_range(subnet, family, *address))?;
                }
                self.taken.extend(addresses.iter().copied());
                Ok(addresses)
            }
            Wanted::Count(0) => Ok(Vec::new()),
            Wanted::Count(count) => {
                let subnet = self.subnet(count)?;
                block(subnet, family)?;
                let mut take = || self.taken.take(subnet, family, rng).ok_or_else(|| too_few(subnet));
                (0..count).map(|_| take()).collect()
            }
        }
    }

    fn subnet(&self, count: u32) -> Result<&'a Subnet, ApiError> {
        self.subnet.ok_or_else(|| {
            ApiError::missing("SubnetId").with_detail(format!(
                "{count} addresses are asked for, and the interface belongs to no subnet to take them from: name them."
            ))
        })
    }
}

fn block(subnet: &Subnet, family: Family) -> Result<IpNet, ApiError> {
    subnet.block(family).ok_or_else(|| {
        ApiError::value(format!("The subnet '{}' has no {family} CIDR block.", subnet.id))
            .with_detail("associate-subnet-cidr-block gives it one.")
    })
}

/// An address that is named must be one that its subnet gives.
fn in_range(subnet: &Subnet, family: Family, address: IpAddr) -> Result<(), ApiError> {
    let block = block(subnet, family)?;
    let refused = |message: String| Err(ApiError::value(message).with_detail(format!("It has {block}.")));
    if !block.contains(&address) {
        return refused(format!("Address {address} does not fall within the subnet's address range"));
    }
    if subnet.reserves(address) {
        return refused(format!("Address {address} is in subnet's reserved address range"));
    }
    Ok(())
}

fn too_few(subnet: &Subnet) -> ApiError {
    let message = "The specified subnet does not have enough free addresses to satisfy the request.";
    ApiError::new(ErrorCode::InsufficientFreeAddressesInSubnet, message)
        .with_detail(format!("It is {} ({}).", subnet.id, subnet.cidr_block))
}

/// Whether an interface may have so many addresses of a family.
pub(super) fn check_count(count: usize, quotas: &Quotas) -> Result<(), ApiError> {
    if count <= quotas.addresses_per_interface as usize {
        return Ok(());
    }
    let detail = format!("It would have {count} of this family; the limit is {}.", quotas.addresses_per_interface);
    Err(ApiError::new(ErrorCode::PrivateIpAddressLimitExceeded, "Number of private addresses will exceed limit.")
        .with_detail(detail))
}

/// Addresses of a family by their texts, or so many.
pub(super) fn wanted(
    family: Family,
    (parameter, texts): (&str, &[String]),
    (count_parameter, count): (&str, Option<u32>),
) -> Result<Option<Wanted>, ApiError> {
    match (texts, count) {
        ([], None) => Ok(None),
        ([], Some(count)) => Ok(Some(Wanted::Count(count))),
        ([_, ..], None) => named(family, parameter, texts).map(Wanted::These).map(Some),
        ([_, ..], Some(_)) => {
            let message = format!("The parameter {count_parameter} cannot be used with the parameter {parameter}");
            Err(ApiError::new(ErrorCode::InvalidParameterCombination, message))
        }
    }
}

/// Addresses of a family by their texts, none twice.
fn named(family: Family, parameter: &str, texts: &[String]) -> Result<Vec<IpAddr>, ApiError> {
    let mut seen = BTreeSet::new();
    let mut addresses = Vec::new();
    for text in texts {
        let address = address::parse(parameter, text, Some(family))?;
        address::insert(&mut seen, parameter, address)?;
        addresses.push(address);
    }
    Ok(addresses)
}

/// Addresses that follow a device are not for a request to give or take.
fn not_following(interface: &NetworkInterface) -> Result<(), ApiError> {
    let Some(attachment) = interface.attachment.as_ref().filter(|_| interface.follows_device()) else { return Ok(()) };
    let message = format!("The addresses of '{}' are those of the device {}.", interface.id, attachment.device);
    Err(ApiError::new(ErrorCode::OperationNotPermitted, message).with_detail(format!(
        "Change them there (`ip address add ADDRESS dev {0}`), and they follow; or `attach {0} --replace \
         --private-ip-addresses ADDRESS...`.",
        attachment.device
    )))
}

/// What becomes of an interface that is given addresses, and which these are.
struct Assigned {
    next: Model,
    changed: NetworkInterface,
    addresses: Vec<IpAddr>,
}

/// Gives an interface addresses of a family, those of other interfaces of its VPC too if it may have them.
fn assign(
    family: Family,
    interface: &NetworkInterface,
    wanted: Wanted,
    reassign: bool,
    context: Context<'_>,
) -> Result<Assigned, ApiError> {
    let Context { model, quotas, rng, .. } = context;
    not_following(interface)?;
    if let Wanted::Count(_) = wanted {
        // Counted before it is tried: the request may name any number.
        check_count(count(interface.addresses.iter(), family).saturating_add(wanted.count()), quotas)?;
    }
    let mut next = model.clone();
    if let (Wanted::These(addresses), true) = (&wanted, reassign) {
        addresses.iter().try_for_each(|address| take_from_another(&mut next, interface, *address))?;
    }
    let subnet = interface.subnet.and_then(|subnet| model.subnets.get(&subnet));
    let given = Source::new(&next, interface.vpc, subnet.map(Arc::as_ref)).give(family, wanted, rng)?;
    let mut addresses = interface.addresses.clone();
    addresses.extend(given.iter().copied());
    check_count(count(addresses.iter(), family), quotas)?;
    // The first one stays that when one before it in their order comes.
    let primary = interface.primary_ipv4().or_else(|| given.iter().copied().find_map(ipv4));
    let changed = NetworkInterface { addresses, primary, ..interface.clone() };
    Ok(Assigned { next, changed, addresses: given })
}

fn count<'a>(addresses: impl Iterator<Item = &'a IpAddr>, family: Family) -> usize {
    addresses.filter(|address| Family::of(**address) == family).count()
}

/// An address, if it is one of IPv4.
pub(super) const fn ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

pub(super) fn assign_ipv4(request: AssignPrivateIpAddresses, context: Context<'_>) -> Result<Outcome, ApiError> {
    let AssignPrivateIpAddresses {
        network_interface_id,
        private_ip_addresses,
        secondary_private_ip_address_count,
        allow_reassignment,
    } = request;
    let model = context.model;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let wanted = wanted(
        Family::Ipv4,
        ("PrivateIpAddresses", &private_ip_addresses),
        ("SecondaryPrivateIpAddressCount", secondary_private_ip_address_count),
    )?;
    let wanted = wanted.ok_or_else(|| ApiError::missing("PrivateIpAddresses or SecondaryPrivateIpAddressCount"))?;
    let interface = lookup::interface(model, &id)?;
    let reassign = allow_reassignment.unwrap_or_default();
    let Assigned { next, changed, addresses } = assign(Family::Ipv4, interface, wanted, reassign, context)?;
    let answer = AssignPrivateIpAddressesResult {
        network_interface_id: interface.id.to_string(),
        assigned_private_ip_addresses: addresses
            .iter()
            .map(|address| AssignedPrivateIpAddress { private_ip_address: address.to_string() })
            .collect(),
    };
    put(model, next, interface, changed, Response::AssignPrivateIpAddresses(answer))
}

pub(super) fn assign_ipv6(request: AssignIpv6Addresses, context: Context<'_>) -> Result<Outcome, ApiError> {
    let AssignIpv6Addresses { network_interface_id, ipv6_addresses, ipv6_address_count } = request;
    let model = context.model;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let wanted = wanted(Family::Ipv6, ("Ipv6Addresses", &ipv6_addresses), ("Ipv6AddressCount", ipv6_address_count))?;
    let wanted = wanted.ok_or_else(|| ApiError::missing("Ipv6Addresses or Ipv6AddressCount"))?;
    let interface = lookup::interface(model, &id)?;
    let Assigned { next, changed, addresses } = assign(Family::Ipv6, interface, wanted, false, context)?;
    let answer = AssignIpv6AddressesResult {
        assigned_ipv6_addresses: addresses.iter().map(ToString::to_string).collect(),
        network_interface_id: interface.id.to_string(),
    };
    put(model, next, interface, changed, Response::AssignIpv6Addresses(answer))
}

/// Puts an interface that may be what it was.
fn put(
    model: &Model,
    mut next: Model,
    before: &NetworkInterface,
    changed: NetworkInterface,
    answer: Response,
) -> Result<Outcome, ApiError> {
    if changed != *before {
        next.put_interface(changed).map_err(|error| refusal::refused(model, error))?;
    }
    if next == *model { Ok(Outcome::unchanged(answer)) } else { Ok(Outcome::changed(answer, next)) }
}

/// Takes an address from the interface that has it, unless it is the first one of that or its device's.
fn take_from_another(next: &mut Model, interface: &NetworkInterface, address: IpAddr) -> Result<(), ApiError> {
    let holder = next.interface_by_address(interface.vpc, address).filter(|holder| holder.id != interface.id);
    let Some(holder) = holder.cloned() else { return Ok(()) };
    not_following(&holder)?;
    let primary = holder.primary_ipv4();
    if primary.map(IpAddr::V4) == Some(address) {
        let message = format!("Address {address} is in use.");
        let detail = format!("It is the primary address of {}, which keeps it.", refusal::named(next, holder.id));
        return Err(ApiError::new(ErrorCode::InvalidIpAddressInUse, message).with_detail(detail));
    }
    let mut addresses = holder.addresses.clone();
    addresses.remove(&address);
    let released = NetworkInterface { addresses, primary, ..NetworkInterface::clone(&holder) };
    let refused = next.put_interface(released);
    refused.map_err(|error| refusal::refused(next, error))
}

/// Takes addresses from an interface that has them, but for its first one.
fn unassign(interface: &NetworkInterface, taken: &[IpAddr]) -> Result<NetworkInterface, ApiError> {
    not_following(interface)?;
    let primary = interface.primary_ipv4();
    if let Some(address) = primary.filter(|primary| taken.contains(&IpAddr::V4(*primary))) {
        let message = format!("The primary IP address {address} of interface {} cannot be unassigned", interface.id);
        return Err(ApiError::value(message).with_detail("It goes with the interface: delete-network-interface."));
    }
    let mut addresses = interface.addresses.clone();
    if let Some(address) = taken.iter().find(|address| !addresses.remove(address)) {
        let message = format!("Some of [{address}] are not assigned to interface {}", interface.id);
        return Err(ApiError::value(message));
    }
    Ok(NetworkInterface { addresses, primary, ..interface.clone() })
}

/// The addresses of a family that a request takes away.
fn to_unassign(family: Family, parameter: &str, texts: &[String]) -> Result<Vec<IpAddr>, ApiError> {
    if texts.is_empty() { Err(ApiError::missing(parameter)) } else { named(family, parameter, texts) }
}

pub(super) fn unassign_ipv4(request: UnassignPrivateIpAddresses, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let UnassignPrivateIpAddresses { network_interface_id, private_ip_addresses } = request;
    let model = context.model;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let taken = to_unassign(Family::Ipv4, "PrivateIpAddresses", &private_ip_addresses)?;
    let interface = lookup::interface(model, &id)?;
    let changed = unassign(interface, &taken)?;
    put(model, model.clone(), interface, changed, Response::Done(Done {}))
}

pub(super) fn unassign_ipv6(request: UnassignIpv6Addresses, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let UnassignIpv6Addresses { network_interface_id, ipv6_addresses } = request;
    let model = context.model;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let taken = to_unassign(Family::Ipv6, "Ipv6Addresses", &ipv6_addresses)?;
    let interface = lookup::interface(model, &id)?;
    let changed = unassign(interface, &taken)?;
    let answer = UnassignIpv6AddressesResult {
        network_interface_id: interface.id.to_string(),
        unassigned_ipv6_addresses: taken.iter().map(ToString::to_string).collect(),
    };
    put(model, model.clone(), interface, changed, Response::UnassignIpv6Addresses(answer))
}
