//! Where the EC2 API is offered.

use super::ConfigError;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the EC2 API is offered, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listen {
    /// On these addresses and ports; nowhere when there is none.
    pub addresses: BTreeSet<SocketAddr>,
    /// The file of access keys, where it is not the one in the state directory.
    pub credentials: Option<PathBuf>,
    /// Certificate and private key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Whether others may read along.
    pub insecure: bool,
}

impl Listen {
    /// What the file says.
    pub(super) fn read(
        origin: &str,
        listen: &[String],
        credentials: Option<PathBuf>,
        (certificate, key): (Option<PathBuf>, Option<PathBuf>),
        insecure: bool,
    ) -> Result<Self, ConfigError> {
        let tls = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(pair(origin, &certificate, &key)?),
            (Some(path), None) | (None, Some(path)) => {
                return Err(ConfigError::Value {
                    origin: origin.to_owned(),
                    key: "tls-certificate and tls-key",
                    value: path.display().to_string(),
                    expected: "both are given, or none",
                });
            }
        };
        let credentials = credentials.map(|path| file(origin, "credentials", &path)).transpose()?;
        Ok(Self { addresses: addresses(origin, listen)?, credentials, tls, insecure })
    }

    /// Nobody but this machine is reached without TLS, unless that is wanted.
    pub(super) fn check(&self, origin: &str) -> Result<(), ConfigError> {
        let Self { addresses, credentials: _, tls, insecure } = self;
        let open = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback());
        match open {
            Some(address) if tls.is_none() && !insecure => {
                Err(ConfigError::Insecure { origin: origin.to_owned(), address: *address })
            }
            Some(_) | None => Ok(()),
        }
    }
}

pub(super) fn addresses(origin: &str, texts: &[String]) -> Result<BTreeSet<SocketAddr>, ConfigError> {
    let parse = |text: &String| {
        text.parse().map_err(|_| ConfigError::Value {
            origin: origin.to_owned(),
            key: "listen",
            value: text.clone(),
            expected: "it is an address with a port, such as 127.0.0.1:8773 or [::1]:8773",
        })
    };
    texts.iter().map(parse).collect()
}

/// A file must be named absolutely: the daemon may be started anywhere.
pub(super) fn file(origin: &str, key: &'static str, path: &Path) -> Result<PathBuf, ConfigError> {
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    let expected = "a file must be given by its absolute path";
    Err(ConfigError::Value { origin: origin.to_owned(), key, value: path.display().to_string(), expected })
}

pub(super) fn pair(origin: &str, certificate: &Path, key: &Path) -> Result<(PathBuf, PathBuf), ConfigError> {
    Ok((file(origin, "tls-certificate", certificate)?, file(origin, "tls-key", key)?))
}
