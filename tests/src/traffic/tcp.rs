//! TCP clients.

use super::{Attempt, Failure};
use crate::netns::Namespace;
use crate::wait::deadline;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, setsockopt, socket, sockopt};
use nix::sys::time::TimeVal;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// An open connection to an echo server.
#[derive(Debug)]
pub struct Connection(TcpStream);

impl Connection {
    /// Sends a text and waits for it to come back.
    pub fn talk(&mut self, text: &str) -> Attempt<'_> {
        let text = text.to_owned();
        Attempt::new(format!("{text:?} over an open connection"), move |patience| {
            let Self(stream) = self;
            stream.set_read_timeout(Some(patience))?;
            stream.write_all(text.as_bytes())?;
            let mut answer = vec![0; text.len()];
            stream.read_exact(&mut answer)?;
            same(&text, &String::from_utf8_lossy(&answer))
        })
    }

    /// The client's address and port.
    ///
    /// # Panics
    /// Never: it is connected.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.0.local_addr().expect("a connected socket has an address")
    }
}

/// An echo that is not what was sent is no answer.
pub(super) fn same(sent: &str, came: &str) -> Result<(), Failure> {
    if sent == came { Ok(()) } else { Err(Failure::Other(format!("{came:?} instead of {sent:?}"))) }
}

/// Connects where a connection has to come about, from some address of the client if that matters.
///
/// # Panics
/// If it does not.
#[track_caller]
#[must_use]
pub fn connected(namespace: &Namespace, from: Option<IpAddr>, to: SocketAddr) -> Connection {
    connect(namespace, from, to, deadline()).unwrap_or_else(|failure| panic!("connect to {to}: {failure}"))
}

/// Connects, from some address of the client if that matters.
///
/// # Errors
/// What became of the attempt.
pub fn connect(
    namespace: &Namespace,
    from: Option<IpAddr>,
    to: SocketAddr,
    patience: Duration,
) -> Result<Connection, Failure> {
    namespace.run(|| {
        let family = if to.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let fd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        // The kernel bounds `connect` by the time-out for sending.
        let seconds = i64::try_from(patience.as_secs()).expect("less than an age");
        setsockopt(&fd, sockopt::SendTimeout, &TimeVal::new(seconds, patience.subsec_micros().into()))?;
        if let Some(from) = from {
            bind(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(from, 0)))?;
        }
        nix::sys::socket::connect(fd.as_raw_fd(), &SockaddrStorage::from(to))?;
        let stream = TcpStream::from(fd);
        stream.set_nodelay(true)?;
        Ok(Connection(stream))
    })
}

/// Connects to an echo server, from some address of the client if that matters, and sends a word.
pub fn tcp(namespace: &Namespace, from: Option<IpAddr>, to: SocketAddr) -> Attempt<'_> {
    Attempt::new(format!("TCP from {} to {to}", namespace.name()), move |patience| {
        connect(namespace, from, to, patience)?.talk("hello").make(patience)
    })
}

/// Gets `/`. An answer other than 200 is [`Failure::Other`].
pub fn http(namespace: &Namespace, to: SocketAddr) -> Attempt<'_> {
    Attempt::new(format!("HTTP from {} to {to}", namespace.name()), move |patience| {
        let Connection(mut stream) = connect(namespace, None, to, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(format!("GET / HTTP/1.0\r\nHost: {to}\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.0 200 ") { Ok(()) } else { Err(Failure::Other(answer)) }
    })
}
