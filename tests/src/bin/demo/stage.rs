//! The stage: a host with a web server and a database behind it, a client before it, and an administrator beside it.
//!
//! ```text
//!  client ──── uplink ┐                ┌ web0 ──── web   HTTP on 80, a shell on 22
//!                     │      host      │
//!  admin ───── admin0 ┘ the firewall's └ db0 ───── db    a database on 5432
//! ```

use firewall_tests::netns::{Namespace, veth};
use firewall_tests::traffic::{Server, http_server, tcp_echo};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Whoever can be spoken of by name: a machine with one address of each family.
#[derive(Debug)]
pub struct Machine {
    /// What the story calls it.
    pub name: &'static str,
    /// Where it lives.
    pub namespace: Namespace,
    /// Its IPv4 address.
    pub v4: IpAddr,
    /// Its IPv6 address.
    pub v6: IpAddr,
}

/// All of them, and their servers.
#[derive(Debug)]
pub struct Stage {
    /// Routes between the others, and runs the daemon.
    pub host: Namespace,
    /// Somebody out there.
    pub client: Machine,
    /// A web server.
    pub web: Machine,
    /// A database.
    pub db: Machine,
    /// Looks after the host.
    pub admin: Machine,
    /// The host's address on the side of the administrator.
    pub host_address: IpAddr,
    /// They stop with the stage.
    _servers: Vec<Server>,
}

/// Ports that something listens on.
pub mod port {
    /// HTTP of the web server.
    pub const HTTP: u16 = 80;
    /// A shell, of the web server and of the host.
    pub const SHELL: u16 = 22;
    /// The database.
    pub const DATABASE: u16 = 5432;
    /// Metrics of the host.
    pub const METRICS: u16 = 9100;
}

/// Networks of the stage: the host is always the first address.
const CLIENT_NET: [&str; 2] = ["198.51.100", "2001:db8:100:"];
const WEB_NET: [&str; 2] = ["10.0.1", "fd00:10:1:"];
const DB_NET: [&str; 2] = ["10.0.2", "fd00:10:2:"];
const ADMIN_NET: [&str; 2] = ["192.0.2", "2001:db8:200:"];

impl Stage {
    /// Builds it.
    pub fn build() -> Self {
        let host = Namespace::new("host");
        host.forward();
        let client = machine(&host, "client", "uplink", CLIENT_NET);
        let web = machine(&host, "web", "web0", WEB_NET);
        let db = machine(&host, "db", "db0", DB_NET);
        let admin = machine(&host, "admin", "admin0", ADMIN_NET);
        let host_address = parse(&format!("{}.1", ADMIN_NET[0]));
        let mut servers = Vec::new();
        for address in [web.v4, web.v6] {
            servers.push(http_server(&web.namespace, SocketAddr::new(address, port::HTTP), "hello from web\n"));
            servers.push(tcp_echo(&web.namespace, SocketAddr::new(address, port::SHELL)));
        }
        for address in [db.v4, db.v6] {
            servers.push(tcp_echo(&db.namespace, SocketAddr::new(address, port::DATABASE)));
        }
        for port in [port::SHELL, port::METRICS] {
            servers.push(tcp_echo(&host, SocketAddr::new(host_address, port)));
        }
        Self { host, client, web, db, admin, host_address, _servers: servers }
    }
}

/// A machine behind a device of the host.
fn machine(host: &Namespace, name: &'static str, device: &str, [v4, v6]: [&str; 2]) -> Machine {
    let namespace = Namespace::inhabited(name);
    veth((host, device), (&namespace, "eth0"));
    host.up(device);
    namespace.up("eth0");
    for (at, device, number) in [(host, device, 1), (&namespace, "eth0", 10)] {
        at.address(device, parse::<IpNet>(&format!("{v4}.{number}/24")));
        at.address(device, parse::<IpNet>(&format!("{v6}:{number}/64")));
    }
    namespace.route(parse("0.0.0.0/0"), parse(&format!("{v4}.1")));
    namespace.route(parse("::/0"), parse(&format!("{v6}:1")));
    Machine { name, namespace, v4: parse(&format!("{v4}.10")), v6: parse(&format!("{v6}:10")) }
}

/// An address or network that stands in this file.
fn parse<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no address"))
}
