//! Whose addresses are whose on this host: what packets are held against by the source and destination check.

use super::desired::{entry, vpc_number};
use super::{CompileError, Desired, DesiredInterface};
use crate::model::{NetworkInterface, Side};
use firewall_common::abi::{INTERFACE_NEIGHBOURS, INTERFACE_SOURCE_CHECK, Interface, MemberKeyV4, MemberKeyV6};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The attachment that each address belongs to, by number of the VPC and address.
pub type Owners = BTreeMap<(u32, IpAddr), u32>;

/// Key of an address in the table of its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKey {
    /// IPv4.
    V4(MemberKeyV4),
    /// IPv6.
    V6(MemberKeyV6),
}

impl From<(u32, IpAddr)> for OwnerKey {
    fn from((vpc, address): (u32, IpAddr)) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(MemberKeyV4 { vpc, address: address.octets() }),
            IpAddr::V6(address) => Self::V6(MemberKeyV6 { vpc, address: address.octets() }),
        }
    }
}

impl Desired {
    /// Notes the addresses of all attached interfaces, and what their entries say of them. It goes through all of these,
    /// since what one of them has changes the entries of the others; so it is for changes of attached interfaces only.
    pub(super) fn follow_owners(&mut self) -> Result<(), CompileError> {
        let mut owners = Owners::new();
        for (number, wanted) in &self.interfaces {
            let Some(interface) = self.model.interfaces.get(&wanted.id) else { continue };
            let vpc = vpc_number(&self.model, interface)?;
            owners.extend(interface.addresses.iter().map(|address| ((vpc, address.to_canonical()), *number)));
        }
        let mut changed = Vec::new();
        for (number, wanted) in &self.interfaces {
            let Some(interface) = self.model.interfaces.get(&wanted.id) else { continue };
            let entry = owning_entry(entry(&self.model, interface)?, interface, &owners);
            if entry != wanted.entry {
                changed.push((*number, DesiredInterface { entry, ..DesiredInterface::clone(wanted) }));
            }
        }
        for (number, wanted) in changed {
            self.interfaces.insert(number, Arc::new(wanted));
        }
        self.owners = Arc::new(owners);
        Ok(())
    }
}

/// The entry of an attached interface, with what it says of addresses.
fn owning_entry(mut entry: Interface, interface: &NetworkInterface, owners: &Owners) -> Interface {
    for address in interface.addresses.iter().rev() {
        match address.to_canonical() {
            IpAddr::V4(address) => entry.own_v4 = address.octets(),
            IpAddr::V6(address) => entry.own_v6 = address.octets(),
        }
    }
    if interface.source_dest_check {
        entry.flags |= INTERFACE_SOURCE_CHECK;
    }
    // Only what is not in the entry itself is worth a look-up for every packet that a host receives.
    let is_elsewhere = |(key, owner): (&(u32, IpAddr), &u32)| {
        key.0 == entry.vpc && (*owner != entry.attachment || !is_in_entry(&entry, key.1))
    };
    let is_host = interface.attachment.as_ref().is_some_and(|attachment| attachment.side == Side::Host);
    if is_host && owners.iter().any(is_elsewhere) {
        entry.flags |= INTERFACE_NEIGHBOURS;
    }
    entry
}

/// Whether an address is the one that an entry has of its family.
fn is_in_entry(entry: &Interface, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => entry.own_v4 == address.octets(),
        IpAddr::V6(address) => entry.own_v6 == address.octets(),
    }
}

/// The way from some owners to others: what is to be written before the change is in force, and what to be removed after.
#[must_use]
pub fn changes(before: &Owners, after: &Owners) -> (Vec<(OwnerKey, u32)>, Vec<OwnerKey>) {
    let come = after.iter().filter(|(key, owner)| before.get(*key) != Some(*owner));
    let go = before.keys().filter(|key| !after.contains_key(*key));
    (come.map(|(key, owner)| ((*key).into(), *owner)).collect(), go.map(|key| (*key).into()).collect())
}
