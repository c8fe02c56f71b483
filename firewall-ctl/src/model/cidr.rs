//! Address blocks as rules and VPCs name them: canonical, and never without their prefix length.

use ipnet::{Ipv4Net, Ipv6Net};

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
    text.parse().map(|net: Ipv4Net| net.trunc()).map_err(|_| CidrError { text: text.to_owned() })
}

/// Reads an IPv6 block, and clears the bits behind its prefix. A bare address is refused: a single host is a `/128`.
///
/// # Errors
/// The text is no IPv6 block.
pub fn parse_ipv6_cidr(text: &str) -> Result<Ipv6Net, CidrError> {
    text.parse().map(|net: Ipv6Net| net.trunc()).map_err(|_| CidrError { text: text.to_owned() })
}
