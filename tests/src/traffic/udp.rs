//! UDP clients.

use super::Failure;
use crate::netns::Namespace;
use crate::wait::SILENCE;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Sends a datagram to an echo server and gives what comes back.
///
/// # Errors
/// What became of the attempt.
pub fn udp_talk(namespace: &Namespace, to: SocketAddr, text: &str) -> Result<String, Failure> {
    let any = match to {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    udp_talk_from(namespace, SocketAddr::new(any, 0), to, text)
}

/// As [`udp_talk`], from some address and port of the client.
///
/// # Errors
/// What became of the attempt.
pub fn udp_talk_from(namespace: &Namespace, from: SocketAddr, to: SocketAddr, text: &str) -> Result<String, Failure> {
    let socket = namespace.run(|| UdpSocket::bind(from))?;
    socket.set_read_timeout(Some(SILENCE))?;
    socket.connect(to)?;
    socket.send(text.as_bytes())?;
    let mut buffer = [0; 2048];
    let length = socket.recv(&mut buffer)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}
