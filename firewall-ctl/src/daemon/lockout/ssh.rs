//! The caller's own connection, as `sshd` describes it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// What is in `SSH_CONNECTION`: the caller's end and this host's end of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SshConnection {
    /// The caller's address.
    pub client: IpAddr,
    /// The caller's port.
    pub client_port: u16,
    /// This host's address.
    pub server: IpAddr,
    /// This host's port.
    pub server_port: u16,
}

/// A text that is no such connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not of the form of SSH_CONNECTION: client address, client port, server address, server port")]
pub struct SshConnectionError(String);

impl FromStr for SshConnection {
    type Err = SshConnectionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || SshConnectionError(text.to_owned());
        let mut words = text.split_ascii_whitespace();
        let mut word = || words.next().ok_or_else(fail);
        let client = address(word()?).ok_or_else(fail)?;
        let client_port = word()?.parse().map_err(|_| fail())?;
        let server = address(word()?).ok_or_else(fail)?;
        let server_port = word()?.parse().map_err(|_| fail())?;
        if words.next().is_some() {
            return Err(fail());
        }
        Ok(Self { client, client_port, server, server_port })
    }
}

/// An address, which for a link-local one has the name of a device behind it, and for IPv4 on a socket of IPv6 is mapped.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.split_once('%').map_or(text, |(address, _)| address);
    Some(plain.parse::<IpAddr>().ok()?.to_canonical())
}

impl fmt::Display for SshConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} port {}", self.client, self.server, self.server_port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let plain: SshConnection = "192.0.2.1 50000 192.0.2.2 22".parse().unwrap();
        assert_eq!(plain.to_string(), "192.0.2.1 -> 192.0.2.2 port 22");
        let mapped: SshConnection = "::ffff:192.0.2.1 50000 ::ffff:192.0.2.2 22".parse().unwrap();
        assert_eq!(mapped, plain);
        let zone: SshConnection = "fe80::1%eth0 50000 fe80::2%eth0 2222".parse().unwrap();
        assert_eq!(zone.client, "fe80::1".parse::<IpAddr>().unwrap());
        assert_eq!(zone.server_port, 2222);
        for text in [
            "",
            "192.0.2.1",
            "192.0.2.1 5 192.0.2.2",
            "a 5 192.0.2.2 22",
            "192.0.2.1 5 192.0.2.2 70000",
            "192.0.2.1 5 192.0.2.2 22 1",
        ] {
            let error = text.parse::<SshConnection>().unwrap_err().to_string();
            assert!(error.contains("SSH_CONNECTION"), "{text}: {error}");
        }
    }
}
