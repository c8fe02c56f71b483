//! A host on a wire with its peers: what most tests with real sockets need.

use crate::controller::Controller;
use crate::netns::{Namespace, veth};
use crate::traffic::{Attempt, Connection, Server, connected, ping, tcp, tcp_echo, udp, udp_echo};
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
        connect(&host, &beyond);
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

/// Lays the wire between the two, with their addresses.
fn connect(host: &Namespace, beyond: &Namespace) {
    veth((host, "eth0"), (beyond, "eth0"));
    give_addresses(host, beyond);
}

/// Sets both ends up, with their addresses.
fn give_addresses(host: &Namespace, beyond: &Namespace) {
    [host, beyond].iter().for_each(|namespace| namespace.up("eth0"));
    for (namespace, numbers) in [(host, [1].as_slice()), (beyond, &[2, 3])] {
        for address in numbers.iter().flat_map(|number| addresses(*number)) {
            let length = if address.is_ipv4() { 24 } else { 64 };
            namespace.address("eth0", ipnet::IpNet::new_assert(address, length));
        }
    }
}

impl World {
    /// Takes the wire away with both of its devices, and lays another one with devices of the same names and addresses.
    pub fn rewire(&self) {
        self.host.remove("eth0");
        connect(&self.host, &self.beyond);
    }

    /// Sets both ends of a wire up that a test has laid, with their addresses.
    pub fn address(&self) {
        give_addresses(&self.host, &self.beyond);
    }

    /// Builds it, with echo servers for TCP and UDP on both ports at the host and at the friend.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A word over TCP from a peer to the host, in the family of the peer's address.
    pub fn tcp_in(&self, from: IpAddr, port: u16) -> Attempt<'_> {
        tcp(&self.beyond, Some(from), SocketAddr::new(same_family(host(), from), port))
    }

    /// A word over UDP from a peer to the host.
    pub fn udp_in(&self, from: IpAddr, port: u16) -> Attempt<'_> {
        udp(&self.beyond, Some(from), SocketAddr::new(same_family(host(), from), port))
    }

    /// An echo from a peer to the host.
    pub fn ping_in(&self, from: IpAddr) -> Attempt<'_> {
        ping(&self.beyond, Some(from), same_family(host(), from))
    }

    /// A connection from a peer to the host, which has to come about.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    #[must_use]
    pub fn connected_in(&self, from: IpAddr, port: u16) -> Connection {
        connected(&self.beyond, Some(from), SocketAddr::new(same_family(host(), from), port))
    }

    /// A word over TCP from the host to the friend.
    pub fn tcp_out(&self, to: IpAddr, port: u16) -> Attempt<'_> {
        tcp(&self.host, None, SocketAddr::new(to, port))
    }

    /// A word over UDP from the host to the friend.
    pub fn udp_out(&self, to: IpAddr, port: u16) -> Attempt<'_> {
        udp(&self.host, None, SocketAddr::new(to, port))
    }

    /// An echo from the host to the friend.
    pub fn ping_out(&self, to: IpAddr) -> Attempt<'_> {
        ping(&self.host, None, to)
    }
}

/// The address that is of the family of another.
fn same_family([v4, v6]: [IpAddr; 2], other: IpAddr) -> IpAddr {
    if other.is_ipv4() { v4 } else { v6 }
}

/// A group whose rules let the friend reach the open port by TCP, and nothing else in.
///
/// # Panics
/// If the daemon refuses.
#[must_use]
pub fn served(ctl: &Controller<'_>) -> String {
    let group = ctl.group("served");
    for address in friend() {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
    }
    group
}

/// Sees that the rules of [`served`] are in force on the host.
///
/// # Panics
/// If they are not.
pub fn enforced(world: &World) {
    for (friend, stranger) in friend().into_iter().zip(stranger()) {
        world.tcp_in(friend, OPEN).answers();
        world.tcp_in(friend, OTHER).is_silent();
        world.tcp_in(stranger, OPEN).is_silent();
    }
}
