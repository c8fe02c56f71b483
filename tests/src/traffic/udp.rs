//! UDP clients.

use super::tcp::same;
use super::{Attempt, ask};
use crate::netns::Namespace;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Sends a datagram to an echo server, from some address of the client if that matters, and waits for it.
pub fn udp(namespace: &Namespace, from: Option<IpAddr>, to: SocketAddr) -> Attempt<'_> {
    udp_of(namespace, from, to, "hello".len())
}

/// As [`udp`], with a payload of some length.
pub fn udp_of(namespace: &Namespace, from: Option<IpAddr>, to: SocketAddr, length: usize) -> Attempt<'_> {
    Attempt::new(format!("{length} octets of UDP from {} to {to}", namespace.name()), move |patience| {
        let any = match to {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let socket = namespace.run(|| UdpSocket::bind((from.unwrap_or(any), 0)))?;
        socket.connect(to)?;
        let word: String = "hello".chars().cycle().take(length).collect();
        ask(&socket, word.as_bytes(), patience, |answer| Some(same(&word, &String::from_utf8_lossy(answer))))
    })
}
