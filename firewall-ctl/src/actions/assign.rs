//! Addresses that interfaces are given and lose, and where those come from.

use super::address::{self, Takes};
use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::request::Response;
use super::types::*;
use super::{lookup, refusal};
use crate::model::{Addresses, Model, NetworkInterface, Quotas, Subnet};
use rand::Rng;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Addresses that are wanted: these, or so many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted<A> {
    /// These.
    These(Vec<A>),
    /// So many, whichever are free.
    Count(u32),
}

/// Where an interface gets its addresses from: a subnet, and what nobody has of it.
pub(super) struct Source<'a> {
    subnet: Option<&'a Subnet>,
    taken: Addresses,
}

impl<'a> Source<'a> {
    /// The subnet of an interface, or none if it belongs to none: then it has what it is given.
    pub(super) fn new(model: &Model, vpc: crate::model::VpcId, subnet: Option<&'a Subnet>) -> Self {
        Self { subnet, taken: model.addresses_of(vpc) }
    }

    /// IPv4 addresses as they are wanted.
    pub(super) fn ipv4<R: Rng + ?Sized>(
        &mut self,
        wanted: Wanted<Ipv4Addr>,
        rng: &mut R,
    ) -> Result<Vec<Ipv4Addr>, ApiError> {
        match wanted {
            Wanted::These(addresses) => {
                for address in &addresses {
                    if let Some(subnet) = self.subnet {
                        let (within, reserved) = (subnet.cidr_block.contains(address), subnet.reserves_ipv4(*address));
                        in_range((*address).into(), within, reserved, &subnet.cidr_block)?;
                    }
                    self.taken.extend([IpAddr::V4(*address)]);
                }
                Ok(addresses)
            }
            Wanted::Count(count) => {
                let subnet = self.subnet(count)?;
                // Counted before it is tried: the request may name any number.
                if self.taken.available(subnet) < count {
                    return Err(too_few(subnet));
                }
                (0..count).map(|_| self.taken.take_ipv4(subnet, rng).ok_or_else(|| too_few(subnet))).collect()
            }
        }
    }

    /// IPv6 addresses as they are wanted.
    pub(super) fn ipv6<R: Rng + ?Sized>(
        &mut self,
        wanted: Wanted<Ipv6Addr>,
        rng: &mut R,
    ) -> Result<Vec<Ipv6Addr>, ApiError> {
        let has_block = |subnet: &Subnet| match &subnet.ipv6_cidr_block {
            Some(association) => Ok(association.block),
            None => Err(ApiError::value(format!("The subnet '{}' has no IPv6 CIDR block.", subnet.id))
                .with_detail("associate-subnet-cidr-block gives it one.")),
        };
        match wanted {
            Wanted::These(addresses) => {
                for address in &addresses {
                    if let Some(subnet) = self.subnet {
                        let block = has_block(subnet)?;
                        in_range((*address).into(), block.contains(address), subnet.reserves_ipv6(*address), &block)?;
                    }
                    self.taken.extend([IpAddr::V6(*address)]);
                }
                Ok(addresses)
            }
            Wanted::Count(0) => Ok(Vec::new()),
            Wanted::Count(count) => {
                let subnet = self.subnet(count)?;
                has_block(subnet)?;
                (0..count).map(|_| self.taken.take_ipv6(subnet, rng).ok_or_else(|| too_few(subnet))).collect()
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

/// An address that is named must be one that its subnet gives.
fn in_range(address: IpAddr, within: bool, reserved: bool, block: &impl ToString) -> Result<(), ApiError> {
    let refused = |message: String| Err(ApiError::value(message).with_detail(format!("It has {}.", block.to_string())));
    match (within, reserved) {
        (false, _) => refused(format!("Address {address} does not fall within the subnet's address range")),
        (true, true) => refused(format!("Address {address} is in subnet's reserved address range")),
        (true, false) => Ok(()),
    }
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

/// Addresses by their texts, or so many.
pub(super) fn wanted<A>(
    (parameter, texts): (&str, &[String]),
    (count_parameter, count): (&str, Option<u32>),
    read: impl Fn(&str, &str) -> Result<A, ApiError>,
) -> Result<Option<Wanted<A>>, ApiError> {
    match (texts, count) {
        ([], None) => Ok(None),
        ([], Some(count)) => Ok(Some(Wanted::Count(count))),
        ([_, ..], None) => {
            let mut seen = BTreeSet::new();
            let mut addresses = Vec::new();
            for text in texts {
                let address = read(parameter, text)?;
                if !seen.insert(text) {
                    let message = format!("Value ({text}) for parameter {parameter} is invalid.");
                    return Err(ApiError::value(message).with_detail("It is there more than once."));
                }
                addresses.push(address);
            }
            Ok(Some(Wanted::These(addresses)))
        }
        ([_, ..], Some(_)) => {
            let message = format!("The parameter {count_parameter} cannot be used with the parameter {parameter}");
            Err(ApiError::new(ErrorCode::InvalidParameterCombination, message))
        }
    }
}

/// Reads an IPv4 address that can make a member.
pub(super) fn ipv4(parameter: &str, text: &str) -> Result<Ipv4Addr, ApiError> {
    match address::parse(parameter, text, Takes::Ipv4)? {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(_) => Err(ApiError::value(format!("Value ({text}) for parameter {parameter} is invalid."))),
    }
}

/// Reads an IPv6 address that can make a member.
pub(super) fn ipv6(parameter: &str, text: &str) -> Result<Ipv6Addr, ApiError> {
    match address::parse(parameter, text, Takes::Ipv6)? {
        IpAddr::V6(address) => Ok(address),
        IpAddr::V4(_) => Err(ApiError::value(format!("Value ({text}) for parameter {parameter} is invalid."))),
    }
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

fn subnet_of<'a>(model: &'a Model, interface: &NetworkInterface) -> Option<&'a Arc<Subnet>> {
    interface.subnet.and_then(|subnet| model.subnets.get(&subnet))
}

pub(super) fn assign_ipv4(request: AssignPrivateIpAddresses, context: Context<'_>) -> Result<Outcome, ApiError> {
    let AssignPrivateIpAddresses {
        network_interface_id,
        private_ip_addresses,
        secondary_private_ip_address_count,
        allow_reassignment,
    } = request;
    let Context { model, quotas, rng, .. } = context;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let wanted = wanted(
        ("PrivateIpAddresses", &private_ip_addresses),
        ("SecondaryPrivateIpAddressCount", secondary_private_ip_address_count),
        ipv4,
    )?;
    let wanted = wanted.ok_or_else(|| ApiError::missing("PrivateIpAddresses or SecondaryPrivateIpAddressCount"))?;
    let interface = lookup::interface(model, &id)?;
    not_following(interface)?;
    let mut next = model.clone();
    if let (Wanted::These(addresses), true) = (&wanted, allow_reassignment.unwrap_or_default()) {
        for address in addresses {
            take_from_another(&mut next, interface, *address)?;
        }
    }
    let mut source = Source::new(&next, interface.vpc, subnet_of(model, interface).map(Arc::as_ref));
    let assigned = source.ipv4(wanted, rng)?;
    let mut addresses = interface.addresses.clone();
    addresses.extend(assigned.iter().map(|address| IpAddr::V4(*address)));
    check_count(addresses.iter().filter(|address| address.is_ipv4()).count(), quotas)?;
    // It stays the first one when one before it in their order comes.
    let primary = interface.primary_ipv4().or(assigned.first().copied());
    let answer = AssignPrivateIpAddressesResult {
        network_interface_id: interface.id.to_string(),
        assigned_private_ip_addresses: assigned
            .iter()
            .map(|address| AssignedPrivateIpAddress { private_ip_address: address.to_string() })
            .collect(),
    };
    let changed = NetworkInterface { addresses, primary, ..NetworkInterface::clone(interface) };
    put(model, next, interface, changed, Response::AssignPrivateIpAddresses(answer))
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
fn take_from_another(next: &mut Model, interface: &NetworkInterface, address: Ipv4Addr) -> Result<(), ApiError> {
    let holder = next.interface_by_address(interface.vpc, address.into()).filter(|holder| holder.id != interface.id);
    let Some(holder) = holder.cloned() else { return Ok(()) };
    not_following(&holder)?;
    let primary = holder.primary_ipv4();
    if primary == Some(address) {
        let message = format!("Address {address} is in use.");
        let detail = format!("It is the primary address of {}, which keeps it.", refusal::named(next, holder.id));
        return Err(ApiError::new(ErrorCode::InvalidIpAddressInUse, message).with_detail(detail));
    }
    let mut addresses = holder.addresses.clone();
    addresses.remove(&IpAddr::V4(address));
    let released = NetworkInterface { addresses, primary, ..NetworkInterface::clone(&holder) };
    let refused = next.put_interface(released);
    refused.map_err(|error| refusal::refused(next, error))
}

/// Takes addresses that an interface has.
fn without<A: Copy + Into<IpAddr> + ToString>(
    interface: &NetworkInterface,
    taken: &[A],
) -> Result<BTreeSet<IpAddr>, ApiError> {
    let mut addresses = interface.addresses.clone();
    for address in taken {
        if !addresses.remove(&(*address).into()) {
            let message = format!("Some of [{}] are not assigned to interface {}", address.to_string(), interface.id);
            return Err(ApiError::value(message));
        }
    }
    Ok(addresses)
}

pub(super) fn unassign_ipv4(request: UnassignPrivateIpAddresses, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let UnassignPrivateIpAddresses { network_interface_id, private_ip_addresses } = request;
    let model = context.model;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let taken = read_all("PrivateIpAddresses", &private_ip_addresses, ipv4)?;
    let interface = lookup::interface(model, &id)?;
    not_following(interface)?;
    let primary = interface.primary_ipv4();
    if let Some(address) = primary.filter(|primary| taken.contains(primary)) {
        let message = format!("The primary IP address {address} of interface {} cannot be unassigned", interface.id);
        return Err(ApiError::value(message).with_detail("It goes with the interface: delete-network-interface."));
    }
    let addresses = without(interface, &taken)?;
    let changed = NetworkInterface { addresses, primary, ..NetworkInterface::clone(interface) };
    put(model, model.clone(), interface, changed, Response::Done(Done {}))
}

fn read_all<A>(
    parameter: &str,
    texts: &[String],
    read: impl Fn(&str, &str) -> Result<A, ApiError>,
) -> Result<Vec<A>, ApiError> {
    match wanted((parameter, texts), ("", None), read)? {
        Some(Wanted::These(addresses)) => Ok(addresses),
        Some(Wanted::Count(_)) | None => Err(ApiError::missing(parameter)),
    }
}

pub(super) fn assign_ipv6(request: AssignIpv6Addresses, context: Context<'_>) -> Result<Outcome, ApiError> {
    let AssignIpv6Addresses { network_interface_id, ipv6_addresses, ipv6_address_count } = request;
    let Context { model, quotas, rng, .. } = context;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let wanted = wanted(("Ipv6Addresses", &ipv6_addresses), ("Ipv6AddressCount", ipv6_address_count), ipv6)?;
    let wanted = wanted.ok_or_else(|| ApiError::missing("Ipv6Addresses or Ipv6AddressCount"))?;
    let interface = lookup::interface(model, &id)?;
    not_following(interface)?;
    if let Wanted::Count(count) = wanted {
        check_count(interface.ipv6().count().saturating_add(count as usize), quotas)?;
    }
    let mut source = Source::new(model, interface.vpc, subnet_of(model, interface).map(Arc::as_ref));
    let assigned = source.ipv6(wanted, rng)?;
    let mut addresses = interface.addresses.clone();
    addresses.extend(assigned.iter().map(|address| IpAddr::V6(*address)));
    check_count(addresses.iter().filter(|address| address.is_ipv6()).count(), quotas)?;
    let answer = AssignIpv6AddressesResult {
        assigned_ipv6_addresses: assigned.iter().map(ToString::to_string).collect(),
        network_interface_id: interface.id.to_string(),
    };
    let changed = NetworkInterface { addresses, ..NetworkInterface::clone(interface) };
    put(model, model.clone(), interface, changed, Response::AssignIpv6Addresses(answer))
}

pub(super) fn unassign_ipv6(request: UnassignIpv6Addresses, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let UnassignIpv6Addresses { network_interface_id, ipv6_addresses } = request;
    let model = context.model;
    let id = lookup::required("NetworkInterfaceId", network_interface_id)?;
    let taken = read_all("Ipv6Addresses", &ipv6_addresses, ipv6)?;
    let interface = lookup::interface(model, &id)?;
    not_following(interface)?;
    let addresses = without(interface, &taken)?;
    let answer = UnassignIpv6AddressesResult {
        network_interface_id: interface.id.to_string(),
        unassigned_ipv6_addresses: taken.iter().map(ToString::to_string).collect(),
    };
    let changed = NetworkInterface { addresses, ..NetworkInterface::clone(interface) };
    put(model, model.clone(), interface, changed, Response::UnassignIpv6Addresses(answer))
}
