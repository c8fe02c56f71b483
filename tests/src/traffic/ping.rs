//! ICMP by raw sockets: any type, and the answer to it.

use super::Failure;
use crate::netns::Namespace;
use crate::packet::bare;
use crate::wait::SILENCE;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, socket};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Asks for an echo and waits for it.
///
/// # Errors
/// What became of the attempt.
pub fn ping(namespace: &Namespace, to: IpAddr) -> Result<(), Failure> {
    ping_from(namespace, None, to)
}

/// As [`ping`], from some address of the client.
///
/// # Errors
/// What became of the attempt.
pub fn ping_from(namespace: &Namespace, from: Option<IpAddr>, to: IpAddr) -> Result<(), Failure> {
    match to {
        IpAddr::V4(_) => probe_icmp(namespace, from, to, 8, 0),
        IpAddr::V6(_) => probe_icmp(namespace, from, to, 128, 129),
    }
}

/// Sends an ICMP message of some type and waits for one of another with the same identifier.
///
/// # Errors
/// What became of the attempt.
pub fn probe_icmp(
    namespace: &Namespace,
    from: Option<IpAddr>,
    to: IpAddr,
    request: u8,
    reply: u8,
) -> Result<(), Failure> {
    static IDENTIFIER: AtomicU16 = AtomicU16::new(1);
    let [high, low] = IDENTIFIER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let (family, protocol) = match to {
        IpAddr::V4(_) => (AddressFamily::Inet, SockProtocol::Icmp),
        IpAddr::V6(_) => (AddressFamily::Inet6, SockProtocol::IcmpV6),
    };
    let fd: OwnedFd = namespace.run(|| socket(family, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol))?;
    // A raw socket behaves as one of datagrams; ports are ignored.
    let socket = UdpSocket::from(fd);
    if let Some(from) = from {
        bind(socket.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(from, 0)))?;
    }
    socket.connect(SocketAddr::new(to, 0))?;
    // A timestamp message has twelve octets behind its header, and an echo may have any.
    let message = match to {
        IpAddr::V4(_) => bare().icmp(request, 0).icmp_rest([high, low, 0, 1]).payload(&[0; 12]).build(),
        // The kernel fills in the checksum.
        IpAddr::V6(_) => bare().icmpv6(request, 0).icmp_rest([high, low, 0, 1]).payload(&[0; 12]).build(),
    };
    socket.send(&message)?;
    let deadline = Instant::now() + SILENCE;
    let mut buffer = [0; 2048];
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut buffer)?;
        // IPv4 gives its header as well.
        let header = if to.is_ipv4() { usize::from(buffer[0] & 0xf) * 4 } else { 0 };
        let Some([kind, _code, _, _, id @ ..]) = buffer[..length].get(header..header + 6) else { continue };
        if *kind == reply && *id == [high, low] {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(Failure::Silence);
        }
    }
}
