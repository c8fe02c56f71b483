//! Real sockets on both ends: servers that stop when they are dropped, clients that say what became of them.

mod attempt;
mod flood;
mod frames;
mod ping;
mod server;
mod tap;
mod tcp;
mod tunnel;
mod udp;

pub use attempt::Attempt;
pub use flood::{Flood, ON_THE_WAY};
pub use frames::Wire;
pub use ping::{ping, probe_icmp};
pub use server::{Server, http_server, tcp_echo, udp_echo};
pub use tap::Tap;
pub use tcp::{Connection, connect, connected, http, tcp};
pub use tunnel::Tunnel;
pub use udp::{udp, udp_of};

use std::fmt;
use std::io::{Error, ErrorKind};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

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

/// Octets of the largest datagram.
const LARGEST: usize = 65_536;

/// Sends a datagram, again each second, until an answer comes that is taken for one, or patience ends.
fn ask(
    socket: &UdpSocket,
    question: &[u8],
    patience: Duration,
    mut answer: impl FnMut(&[u8]) -> Option<Result<(), Failure>>,
) -> Result<(), Failure> {
    const AGAIN: Duration = Duration::from_secs(1);
    let deadline = Instant::now() + patience;
    let mut buffer = vec![0; LARGEST];
    loop {
        socket.send(question)?;
        let again = deadline.min(Instant::now() + AGAIN);
        loop {
            let left = again.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            socket.set_read_timeout(Some(left))?;
            match socket.recv(&mut buffer) {
                Ok(length) => {
                    if let Some(result) = answer(&buffer[..length]) {
                        return result;
                    }
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) => return Err(error.into()),
            }
        }
        if Instant::now() >= deadline {
            return Err(Failure::Silence);
        }
    }
}
