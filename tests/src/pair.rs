//! A host, and a workload at the other end of a pair of devices.

use crate::netns::{Namespace, veth};
use crate::packet::{Packet, SOURCE_MAC, eth_between};
use crate::traffic::{Server, udp_echo};
use crate::world::{OPEN, OTHER};
use std::net::{IpAddr, SocketAddr};

/// A host with `work0`, and a workload at the other end of it.
pub struct Pair {
    /// Where the daemon runs.
    pub host: Namespace,
    /// The workload, with `eth0`.
    pub work: Namespace,
}

/// Addresses of both families: 1 is the host, 2 the workload, and the others are others'.
pub fn addresses(number: u8) -> [IpAddr; 2] {
    [format!("10.1.0.{number}"), format!("fd01::{number}")].map(|text| text.parse().unwrap())
}

/// A hardware address as it is written.
pub fn text([a, b, c, d, e, f]: [u8; 6]) -> String {
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

impl Default for Pair {
    fn default() -> Self {
        let (host, work) = (Namespace::new("host"), Namespace::inhabited("work"));
        veth((&host, "work0"), (&work, "eth0"));
        work.ip(&format!("link set eth0 address {}", text(SOURCE_MAC)));
        host.up("work0");
        work.up("eth0");
        for (namespace, device, number) in [(&host, "work0", 1), (&work, "eth0", 2)] {
            for (address, length) in addresses(number).into_iter().zip([24, 64]) {
                namespace.address(device, ipnet::IpNet::new_assert(address, length));
            }
        }
        Self { host, work }
    }
}

impl Pair {
    /// Lays the wire. The workload has the hardware address that made frames come from.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Echo servers for UDP on both ports at both ends.
    #[must_use]
    pub fn servers(&self) -> Vec<Server> {
        let ends = [(&self.host, addresses(1)), (&self.work, addresses(2))];
        let at = |(namespace, addresses): (_, [IpAddr; 2])| addresses.map(|address| (namespace, address));
        let places = ends.into_iter().flat_map(at);
        places
            .flat_map(|(end, address)| [OPEN, OTHER].map(|port| udp_echo(end, SocketAddr::new(address, port))))
            .collect()
    }

    /// A frame from the workload to the host, from some hardware address.
    pub fn frame(&self, hardware: [u8; 6]) -> Packet {
        eth_between(hardware, self.host.mac("work0"))
    }
}
