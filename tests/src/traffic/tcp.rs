//! TCP clients.

use super::Failure;
use crate::netns::Namespace;
use crate::wait::{DEADLINE, SILENCE};
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
    ///
    /// # Errors
    /// [`Failure::Silence`] when it does not within a short time: enough for one retransmission to be on its way, not
    /// enough for it to hide that the first was dropped.
    pub fn talk(&mut self, text: &str) -> Result<String, Failure> {
        self.talk_within(text, SILENCE)
    }

    /// As [`Connection::talk`], for a flow that has to recover from losses.
    ///
    /// # Errors
    /// [`Failure::Silence`] when it does not come back at all.
    pub fn talk_patiently(&mut self, text: &str) -> Result<String, Failure> {
        self.talk_within(text, DEADLINE)
    }

    fn talk_within(&mut self, text: &str, patience: Duration) -> Result<String, Failure> {
        let Self(stream) = self;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(text.as_bytes())?;
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
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

/// Connects, from some address of the client if that matters.
///
/// # Errors
/// What became of the attempt.
pub fn connect(namespace: &Namespace, from: Option<IpAddr>, to: SocketAddr) -> Result<Connection, Failure> {
    namespace.run(|| {
        let family = if to.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let fd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        // The kernel bounds `connect` by the time-out for sending.
        let patience = i64::try_from(SILENCE.as_micros()).expect("less than a second");
        setsockopt(&fd, sockopt::SendTimeout, &TimeVal::new(0, patience))?;
        if let Some(from) = from {
            bind(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(from, 0)))?;
        }
        nix::sys::socket::connect(fd.as_raw_fd(), &SockaddrStorage::from(to))?;
        let stream = TcpStream::from(fd);
        stream.set_nodelay(true)?;
        Ok(Connection(stream))
    })
}

/// Connects to an echo server, sends a text and gives what comes back.
///
/// # Errors
/// What became of the attempt.
pub fn tcp_talk(namespace: &Namespace, to: SocketAddr, text: &str) -> Result<String, Failure> {
    connect(namespace, None, to)?.talk(text)
}

/// As [`tcp_talk`], from some address of the client.
///
/// # Errors
/// What became of the attempt.
pub fn tcp_talk_from(namespace: &Namespace, from: IpAddr, to: SocketAddr, text: &str) -> Result<String, Failure> {
    connect(namespace, Some(from), to)?.talk(text)
}

/// Gets `/` and gives the body.
///
/// # Errors
/// What became of the attempt; an answer other than 200 is [`Failure::Other`].
pub fn http_get(namespace: &Namespace, from: Option<IpAddr>, to: SocketAddr) -> Result<String, Failure> {
    let Connection(mut stream) = connect(namespace, from, to)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.write_all(format!("GET / HTTP/1.0\r\nHost: {to}\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| Failure::Other(format!("answered {answer:?}")))?;
    if head.starts_with("HTTP/1.0 200 ") { Ok(body.to_owned()) } else { Err(Failure::Other(head.to_owned())) }
}
