//! Why the daemon does not run.

use super::config::ConfigError;
use super::core::OpenError;
use super::net::{NetlinkError, WatchError};
use crate::api::BindError;
use crate::dataplane::{DataplaneError, MissingPrivileges};
use crate::ec2::credentials::CredentialsError;
use crate::ec2::tls::TlsError;
use crate::lock::LockError;
use crate::store::StoreError;
use std::io;
use std::net::SocketAddr;

/// Why the daemon did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The configuration cannot be used.
    #[error("bad configuration")]
    Config(#[from] ConfigError),
    /// A directory cannot be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The socket cannot be had.
    #[error(transparent)]
    Socket(#[from] BindError),
    /// The process may not do what the daemon does.
    #[error(transparent)]
    Privileges(#[from] MissingPrivileges),
    /// The record cannot be read, or the tables do not hold it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Programs and tables cannot be had.
    #[error(transparent)]
    Dataplane(#[from] DataplaneError),
    /// Devices and addresses cannot be read.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
    /// Changes of devices and addresses cannot be noticed.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// The access keys cannot be had.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Certificate and key cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address of the EC2 API cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A fault of the controller's own, of which the panic before it tells.
    #[error(
        "the controller has broken off what it was doing: start it again, which makes good what was begun; enforcement goes on"
    )]
    Broken,
    /// A system facility failed.
    #[error("{what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// An error with its causes, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat their cause in their own text.
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl From<StoreError> for DaemonError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Lock(error) => Self::Lock(error),
            error @ (StoreError::Corrupt { .. } | StoreError::Newer { .. } | StoreError::Failed { .. }) => {
                Self::Open(OpenError::Store(error))
            }
        }
    }
}
