//! A host on a wire with its peers: what most tests with real sockets need.

use crate::netns::{Namespace, veth};
use crate::traffic::{Failure, Server, ping_from, tcp_echo, tcp_talk_from, udp_echo, udp_talk_from};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The port of a service that tests allow.
pub const OPEN: u16 = 4000;
/// The port of another one, on which something listens as well: silence there is the firewall's.
pub const OTHER: u16 = 4001;

/// A host with `eth0`, and behind the wire a namespace that speaks for all of its peers.
#[derive(Debug)]
pub struct World {
    /// Where the daemon runs.
    pub host: Namespace,
    /// The other end, with the addresses of the friend and the stranger.
    pub beyond: Namespace,
    _servers: Vec<Server>,
}

/// A host address of the network in which all of them are.
fn addresses(number: u8) -> [IpAddr; 2] {
    let v6 = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number.into());
    [Ipv4Addr::new(10, 0, 0, number).into(), v6.into()]
}

/// The host's own addresses, of both families.
#[must_use]
pub fn host() -> [IpAddr; 2] {
    addresses(1)
}

/// Addresses of a peer that rules may name.
#[must_use]
pub fn friend() -> [IpAddr; 2] {
    addresses(2)
}

/// Addresses of another one.
#[must_use]
pub fn stranger() -> [IpAddr; 2] {
    addresses(3)
}

/// An address as a block of its own, for `--cidr`.
#[must_use]
pub fn only(address: IpAddr) -> String {
    ipnet::IpNet::from(address).to_string()
}

impl Default for World {
    fn default() -> Self {
        let (host, beyond) = (Namespace::new("host"), Namespace::new("beyond"));
        veth((&host, "eth0"), (&beyond, "eth0"));
        [&host, &beyond].iter().for_each(|namespace| namespace.up("eth0"));
        for (namespace, numbers) in [(&host, [1].as_slice()), (&beyond, &[2, 3])] {
            for address in numbers.iter().flat_map(|number| addresses(*number)) {
                let length = if address.is_ipv4() { 24 } else { 64 };
                namespace.address("eth0", ipnet::IpNet::new_assert(address, length));
            }
        }
        let mut servers = Vec::new();
        let everywhere = [(&host, self::host()), (&beyond, friend())];
        for (namespace, address) in everywhere.into_iter().flat_map(|(at, both)| both.map(|address| (at, address))) {
            for port in [OPEN, OTHER] {
                servers.push(tcp_echo(namespace, SocketAddr::new(address, port)));
                servers.push(udp_echo(namespace, SocketAddr::new(address, port)));
            }
        }
        Self { host, beyond, _servers: servers }
    }
}

impl World {
    /// Builds it, with echo servers for TCP and UDP on both ports at the host and at the friend.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A word over TCP from a peer to the host, in the family of the peer's address.
    ///
    /// # Errors
    /// What became of it.
    pub fn tcp_in(&self, from: IpAddr, port: u16) -> Result<(), Failure> {
        tcp_talk_from(&self.beyond, from, SocketAddr::new(same_family(host(), from), port), "hello").map(drop)
    }

    /// A word over UDP from a peer to the host.
    ///
    /// # Errors
    /// What became of it.
    pub fn udp_in(&self, from: IpAddr, port: u16) -> Result<(), Failure> {
        let from_any_port = SocketAddr::new(from, 0);
        udp_talk_from(&self.beyond, from_any_port, SocketAddr::new(same_family(host(), from), port), "hello").map(drop)
    }

    /// An echo from a peer to the host.
    ///
    /// # Errors
    /// What became of it.
    pub fn ping_in(&self, from: IpAddr) -> Result<(), Failure> {
        ping_from(&self.beyond, Some(from), same_family(host(), from))
    }

    /// A word over TCP from the host to the friend.
    ///
    /// # Errors
    /// What became of it.
    pub fn tcp_out(&self, to: IpAddr, port: u16) -> Result<(), Failure> {
        tcp_talk_from(&self.host, same_family(host(), to), SocketAddr::new(to, port), "hello").map(drop)
    }

    /// A word over UDP from the host to the friend.
    ///
    /// # Errors
    /// What became of it.
    pub fn udp_out(&self, to: IpAddr, port: u16) -> Result<(), Failure> {
        let from = SocketAddr::new(same_family(host(), to), 0);
        udp_talk_from(&self.host, from, SocketAddr::new(to, port), "hello").map(drop)
    }

    /// An echo from the host to the friend.
    ///
    /// # Errors
    /// What became of it.
    pub fn ping_out(&self, to: IpAddr) -> Result<(), Failure> {
        ping_from(&self.host, None, to)
    }
}

/// The address that is of the family of another.
fn same_family([v4, v6]: [IpAddr; 2], other: IpAddr) -> IpAddr {
    if other.is_ipv4() { v4 } else { v6 }
}
