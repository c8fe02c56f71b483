//! Addresses of a device, and which of them make it a member of its groups.

use crate::actions::can_be_member;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use std::net::IpAddr;

/// An address that the kernel has on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostAddress {
    /// The address.
    pub address: IpAddr,
    /// Not usable yet, or found in use elsewhere: duplicate address detection has not passed it.
    pub tentative: bool,
}

impl HostAddress {
    /// Reads what netlink says. `None` for a message without an address.
    #[must_use]
    pub fn of(message: &AddressMessage) -> Option<Self> {
        let mut local = None;
        let mut remote = None;
        let mut flags = AddressFlags::from_bits_retain(u32::from(message.header.flags.bits()));
        for attribute in &message.attributes {
            match attribute {
                // On a point-to-point device this is the address of the other end.
                AddressAttribute::Address(address) => remote = Some(*address),
                AddressAttribute::Local(address) => local = Some(*address),
                AddressAttribute::Flags(all) => flags = *all,
                _ => {}
            }
        }
        let tentative = flags.intersects(AddressFlags::Tentative | AddressFlags::Dadfailed);
        Some(Self { address: local.or(remote)?, tentative })
    }

    /// Whether the interface is a member by this address (spec, D24): temporary and deprecated ones count, tentative ones
    /// never.
    #[must_use]
    pub fn is_member(&self) -> bool {
        !self.tentative && can_be_member(self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netlink_packet_route::address::AddressHeaderFlags;

    fn member(address: &str, tentative: bool) -> bool {
        HostAddress { address: address.parse().unwrap(), tentative }.is_member()
    }

    #[test]
    fn which_addresses_are_members() {
        for address in ["192.0.2.1", "10.0.0.1", "100.64.0.1", "2001:db8::1", "fd00::1", "fc00::1"] {
            assert!(member(address, false), "{address}");
            assert!(!member(address, true), "{address} tentative");
        }
        for address in
            ["127.0.0.1", "169.254.1.1", "0.0.0.0", "224.0.0.1", "fe80::1", "::1", "::", "ff02::1", "::ffff:192.0.2.1"]
        {
            assert!(!member(address, false), "{address}");
        }
    }

    #[test]
    fn the_local_end_counts_and_the_long_flags_win() {
        let mut message = AddressMessage::default();
        message.header.flags = AddressHeaderFlags::Tentative;
        assert_eq!(HostAddress::of(&message), None);
        message.attributes = vec![AddressAttribute::Address("192.0.2.2".parse().unwrap())];
        let alone = HostAddress::of(&message).unwrap();
        assert_eq!((alone.address, alone.tentative), ("192.0.2.2".parse().unwrap(), true));
        message.attributes.push(AddressAttribute::Local("192.0.2.1".parse().unwrap()));
        message.attributes.push(AddressAttribute::Flags(AddressFlags::Permanent));
        let both = HostAddress::of(&message).unwrap();
        assert_eq!((both.address, both.tentative), ("192.0.2.1".parse().unwrap(), false));
    }
}
