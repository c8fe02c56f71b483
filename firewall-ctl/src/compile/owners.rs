//! Whose addresses are whose on this host: what packets are held against by the source and destination check.

use super::{CompileError, Desired, vpc_number};
use crate::model::{Model, Side};
use firewall_common::abi::{INTERFACE_NEIGHBOURS, INTERFACE_SOURCE_CHECK, Interface, MemberKeyV4, MemberKeyV6};
use std::collections::BTreeMap;
use std::net::IpAddr;

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
    /// Notes the addresses of all attached interfaces, and what their entries say of them.
    pub(super) fn add_owners(&mut self, model: &Model) -> Result<(), CompileError> {
        for interface in model.attached() {
            let Some(attachment) = &interface.attachment else { continue };
            let vpc = vpc_number(model, interface)?;
            for address in &interface.addresses {
                self.owners.insert((vpc, address.to_canonical()), attachment.number);
            }
        }
        for interface in model.attached() {
            let Some(attachment) = &interface.attachment else { continue };
            let Some(wanted) = self.interfaces.get_mut(&attachment.number) else { continue };
            let entry = &mut wanted.entry;
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
                key.0 == entry.vpc && (*owner != entry.attachment || !is_in_entry(entry, key.1))
            };
            if attachment.side == Side::Host && self.owners.iter().any(is_elsewhere) {
                entry.flags |= INTERFACE_NEIGHBOURS;
            }
        }
        Ok(())
    }
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
