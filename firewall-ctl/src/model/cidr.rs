//! Address blocks as rules and VPCs name them: canonical, and never without their prefix length.

use ipnet::{Ipv4Net, Ipv6Net};
use std::str::FromStr;

/// A text that is no address block of the family asked for. The message is the service's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CIDR block {text} is malformed")]
pub struct CidrError {
    /// The text given.
    pub text: String,
}

/// Reads an IPv4 block, and clears the bits behind its prefix. A bare address is refused: a single host is a `/32`.
///
/// # Errors
/// The text is no IPv4 block.
pub fn parse_ipv4_cidr(text: &str) -> Result<Ipv4Net, CidrError> {
    let net = parts(text).and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    net.map(|net| net.trunc()).ok_or_else(|| CidrError { text: text.to_owned() })
}

/// Reads an IPv6 block, and clears the bits behind its prefix. A bare address is refused: a single host is a `/128`.
///
/// # Errors
/// The text is no IPv6 block.
pub fn parse_ipv6_cidr(text: &str) -> Result<Ipv6Net, CidrError> {
    let net = parts(text).and_then(|(address, length)| Ipv6Net::new(address, length).ok());
    net.map(|net| net.trunc()).ok_or_else(|| CidrError { text: text.to_owned() })
}

/// Address and prefix length. `ipnet` would read `010.0.0.0` as `10.0.0.0` where other programs read it as `8.0.0.0`:
/// the standard library refuses such an octet.
fn parts<A: FromStr>(text: &str) -> Option<(A, u8)> {
    let (address, length) = text.split_once('/')?;
    let plain = length.len() <= 3 && length.bytes().all(|octet| octet.is_ascii_digit());
    if plain { Some((address.parse().ok()?, length.parse().ok()?)) } else { None }
}
