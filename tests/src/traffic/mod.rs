//! Real sockets on both ends: servers that stop when they are dropped, clients that say what became of them.

mod ping;
mod server;
mod tcp;
mod udp;

pub use ping::{ping, ping_from, probe_icmp};
pub use server::{Server, http_server, tcp_echo, udp_echo};
pub use tcp::{Connection, connect, http_get, tcp_talk, tcp_talk_from};
pub use udp::{udp_talk, udp_talk_from};

use std::fmt;
use std::io::{Error, ErrorKind};

/// What came of talking to a server, when no answer came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nothing came back in time, as when the firewall drops.
    Silence,
    /// The other side says that nothing listens there: the packet has reached it.
    Refused,
    /// The connection was there, and was ended by the other side.
    Reset,
    /// Anything else: a fault of the test, or of the network that it made.
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error.raw_os_error() == Some(libc::EINPROGRESS) {
            return Self::Silence;
        }
        match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::Silence,
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => Self::Reset,
            _other => Self::Other(error.to_string()),
        }
    }
}

impl From<nix::errno::Errno> for Failure {
    fn from(errno: nix::errno::Errno) -> Self {
        Error::from(errno).into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence => f.write_str("no answer"),
            Self::Refused => f.write_str("refused"),
            Self::Reset => f.write_str("reset"),
            Self::Other(text) => f.write_str(text),
        }
    }
}
