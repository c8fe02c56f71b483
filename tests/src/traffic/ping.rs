//! ICMP by raw sockets: any type, and the answer to it.

use super::{Attempt, ask};
use crate::netns::Namespace;
use crate::packet::bare;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, socket};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU16, Ordering};

/// Asks for an echo, from some address of the client if that matters, and waits for it.
pub fn ping(namespace: &Namespace, from: Option<IpAddr>, to: IpAddr) -> Attempt<'_> {
    let (request, reply) = if to.is_ipv4() { (8, 0) } else { (128, 129) };
    probe_icmp(namespace, from, to, request, reply)
}

/// Sends an ICMP message of some type and waits for one of another with the same identifier.
pub fn probe_icmp(namespace: &Namespace, from: Option<IpAddr>, to: IpAddr, request: u8, reply: u8) -> Attempt<'_> {
    static IDENTIFIER: AtomicU16 = AtomicU16::new(1);
    Attempt::new(format!("ICMP type {request} from {} to {to}", namespace.name()), move |patience| {
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
        // A timestamp message has twelve octets behind its header, and an echo may have any. The kernel fills in the
        // checksum of ICMPv6.
        let message = if to.is_ipv4() { bare().icmp(request, 0) } else { bare().icmpv6(request, 0) };
        let message = message.icmp_rest([high, low, 0, 1]).payload(&[0; 12]).build();
        ask(&socket, &message, patience, |answer| {
            // IPv4 gives its header as well. Other messages come here too, our own request among them.
            let header = if to.is_ipv4() { usize::from(answer.first()? & 0xf) * 4 } else { 0 };
            let [kind, _code, _, _, id @ ..] = answer.get(header..header + 6)? else { return None };
            (*kind == reply && *id == [high, low]).then_some(Ok(()))
        })
    })
}
