//! Addresses of interfaces.

use super::error::ApiError;
use crate::model::Family;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

/// Whether an address can make an interface a member of its groups: global and unique local ones can; those that mean
/// something else in each network, or no single machine, can not.
#[must_use]
pub fn can_be_member(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let excluded = address.is_unspecified()
                || address.octets()[0] == 0
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast();
            !excluded
        }
        IpAddr::V6(address) => {
            let excluded = address.is_unspecified()
                || address.is_loopback()
                || address.is_unicast_link_local()
                || address.is_multicast()
                || is_mapped(address);
            !excluded
        }
    }
}

fn is_mapped(address: Ipv6Addr) -> bool {
    address.to_ipv4_mapped().is_some()
}

/// Reads an address of a request, of one family or of any.
pub(super) fn parse(parameter: &str, text: &str, family: Option<Family>) -> Result<IpAddr, ApiError> {
    let refused = |why: &str| {
        Err(ApiError::value(format!("Value ({text}) for parameter {parameter} is invalid.")).with_detail(why))
    };
    let Ok(address) = text.parse::<IpAddr>() else {
        return refused("It is not an address; it has neither a prefix length nor a port.");
    };
    if let Some(family) = family.filter(|family| *family != Family::of(address)) {
        return refused(&format!("It is not an {family} address."));
    }
    if can_be_member(address) {
        Ok(address)
    } else {
        refused(
            "An interface is a member of groups by its global, private or unique local addresses; never by loopback, \
             link-local, multicast, broadcast, unspecified or IPv4-mapped ones.",
        )
    }
}

/// Adds an address that a request has not named before.
pub(super) fn insert(addresses: &mut BTreeSet<IpAddr>, parameter: &str, address: IpAddr) -> Result<(), ApiError> {
    if addresses.insert(address) {
        return Ok(());
    }
    let message = format!("Value ({address}) for parameter {parameter} is invalid.");
    Err(ApiError::value(message).with_detail("It is there more than once."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_addresses_of_their_own() {
        for (text, expected) in [
            ("10.0.0.1", true),
            ("100.64.0.1", true),
            ("203.0.113.9", true),
            ("fd00::1", true),
            ("2001:db8::1", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("127.0.0.1", false),
            ("169.254.1.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(can_be_member(text.parse().unwrap()), expected, "{text}");
        }
    }
}
