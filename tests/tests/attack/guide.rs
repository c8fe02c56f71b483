//! The example tables of the service's user guide, row by row: the default group, web servers, and database servers. Every
//! kind of peer is tried at every port that some table names, and at one that none does; what becomes of it is read off
//! the rows.

use super::diary::{self, Diary, NO_PEER, NO_SERVICE, RULE, both, drop};
use firewall_common::verdict::{Direction, Reason, Verdict};
use firewall_ctl::model::{GroupId, Model, Side};
use firewall_tests::build::ModelBuilder;
use firewall_tests::packet::eth;
use std::net::IpAddr;

/// A row of a table.
#[derive(Debug, Clone, Copy)]
struct Row {
    direction: Direction,
    /// Source of an inbound rule, destination of an outbound one.
    peer: Peer,
    /// Port of TCP; all protocols and ports where there is none.
    port: Option<u16>,
}

/// Who can be at the other end, as the tables say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// `0.0.0.0/0`
    AllIpv4,
    /// `::/0`
    AllIpv6,
    /// Your network's public IPv4 address range.
    YourNetwork,
    /// The group of your Microsoft SQL Server database servers.
    SqlServers,
    /// The group of your MySQL database servers.
    MySqlServers,
    /// The group of the web servers.
    WebServers,
    /// The group itself.
    Itself,
}

const fn inbound(peer: Peer, port: u16) -> Row {
    Row { direction: Direction::Inbound, peer, port: Some(port) }
}

const fn outbound(peer: Peer, port: u16) -> Row {
    Row { direction: Direction::Outbound, peer, port: Some(port) }
}

/// The default group.
const DEFAULT: [Row; 3] = [
    Row { direction: Direction::Inbound, peer: Peer::Itself, port: None },
    Row { direction: Direction::Outbound, peer: Peer::AllIpv4, port: None },
    Row { direction: Direction::Outbound, peer: Peer::AllIpv6, port: None },
];

/// Web servers, which can receive HTTP and HTTPS from everywhere, and send to database servers.
const WEB_SERVERS: [Row; 8] = [
    inbound(Peer::AllIpv4, 80),
    inbound(Peer::AllIpv6, 80),
    inbound(Peer::AllIpv4, 443),
    inbound(Peer::AllIpv6, 443),
    inbound(Peer::YourNetwork, 22),
    inbound(Peer::YourNetwork, 3389),
    outbound(Peer::SqlServers, 1433),
    outbound(Peer::MySqlServers, 3306),
];

/// Database servers: MySQL and Microsoft SQL Server access instead of HTTP and HTTPS.
const DATABASE_SERVERS: [Row; 6] = [
    inbound(Peer::WebServers, 1433),
    inbound(Peer::WebServers, 3306),
    outbound(Peer::AllIpv4, 80),
    outbound(Peer::AllIpv6, 80),
    outbound(Peer::AllIpv4, 443),
    outbound(Peer::AllIpv6, 443),
];

/// Ports that the tables name, and one that none does.
const PORTS: [u16; 7] = [80, 443, 22, 3389, 1433, 3306, 8080];

/// Peers to try: an address of each family where there is one, and the group that it is a member of.
const PEERS: [(&str, Peer); 12] = [
    ("203.0.113.7", Peer::YourNetwork),
    ("198.51.100.1", Peer::AllIpv4),
    ("2001:db8:ffff::1", Peer::AllIpv6),
    ("10.0.1.1", Peer::SqlServers),
    ("2001:db8:1::1", Peer::SqlServers),
    ("10.0.2.1", Peer::MySqlServers),
    ("2001:db8:2::1", Peer::MySqlServers),
    ("10.0.3.1", Peer::WebServers),
    ("2001:db8:3::1", Peer::WebServers),
    ("10.0.4.1", Peer::Itself),
    ("2001:db8:4::1", Peer::Itself),
    ("192.0.2.1", Peer::AllIpv4),
];

impl Peer {
    /// Whether a rule with this peer is about an address, which is that of such another.
    fn holds(self, address: IpAddr, other: Self) -> bool {
        match self {
            Self::AllIpv4 => address.is_ipv4(),
            Self::AllIpv6 => address.is_ipv6(),
            Self::YourNetwork | Self::SqlServers | Self::MySqlServers | Self::WebServers | Self::Itself => {
                self == other
            }
        }
    }

    /// Whether a rule with this peer can be about the family of an address at all: one with a group can be about both.
    fn is_of_family(self, address: IpAddr) -> bool {
        match self {
            Self::AllIpv4 | Self::YourNetwork => address.is_ipv4(),
            Self::AllIpv6 => address.is_ipv6(),
            Self::SqlServers | Self::MySqlServers | Self::WebServers | Self::Itself => true,
        }
    }
}

/// An interface whose only group has the rows for rules, and the members of the other groups.
fn model(rows: &[Row]) -> Model {
    let mut build = ModelBuilder::new();
    let own = build.group("own");
    let groups: Vec<(Peer, GroupId)> = [Peer::SqlServers, Peer::MySqlServers, Peer::WebServers]
        .into_iter()
        .zip(["sql-servers", "mysql-servers", "web-servers"])
        .map(|(peer, name)| (peer, build.group(name)))
        .chain([(Peer::Itself, own)])
        .collect();
    let group = |peer: Peer| groups.iter().find(|(other, _)| *other == peer).expect("a group").1;
    for Row { direction, peer, port } in rows {
        let service = port.map_or_else(|| "all".to_owned(), |port| format!("tcp/{port}"));
        let peer = match peer {
            Peer::AllIpv4 => "0.0.0.0/0".to_owned(),
            Peer::AllIpv6 => "::/0".to_owned(),
            Peer::YourNetwork => "203.0.113.0/24".to_owned(),
            Peer::SqlServers | Peer::MySqlServers | Peer::WebServers | Peer::Itself => group(*peer).to_string(),
        };
        build.rule(own, *direction, &service, &peer);
    }
    build.interface(diary::ATTACHMENT, Side::Host, &[own], &["10.0.0.1", "2001:db8::1"]);
    for (peer, id) in &groups {
        let addresses: Vec<&str> =
            PEERS.iter().filter(|(_, other)| other == peer).map(|(address, _)| *address).collect();
        build.member(&[*id], &addresses);
    }
    build.model()
}

/// What the rows say of a new connection.
fn read_off(rows: &[Row], direction: Direction, address: IpAddr, peer: Peer, port: u16) -> Verdict {
    let named = rows.iter().filter(|row| row.direction == direction && row.peer.is_of_family(address));
    let named: Vec<&Row> = named.filter(|row| row.port.is_none_or(|of_row| of_row == port)).collect();
    match named.iter().any(|row| row.peer.holds(address, peer)) {
        true => RULE,
        false if named.is_empty() => NO_SERVICE,
        false => NO_PEER,
    }
}

fn diaries(name: &str, rows: &[Row]) -> Vec<Diary> {
    let mut source_port = 10_000;
    let mut tries = Vec::new();
    for (address, peer) in PEERS {
        let address: IpAddr = address.parse().expect("an address");
        let local: IpAddr = if address.is_ipv4() { "10.0.0.1" } else { "2001:db8::1" }.parse().expect("an address");
        for port in PORTS {
            source_port += 1;
            let verdict = |direction| read_off(rows, direction, address, peer, port);
            let coming = eth().ip(address, local).tcp(source_port, port).syn();
            let going = eth().ip(local, address).tcp(source_port, port).syn();
            tries.push((coming, verdict(Direction::Inbound), going, verdict(Direction::Outbound)));
        }
    }
    both(name, |diary| {
        tries.iter().fold(diary, |diary, (coming, inbound, going, outbound)| {
            diary.inbound(coming.clone(), *inbound).outbound(going.clone(), *outbound)
        })
    })
    .into()
}

#[test]
fn the_tables_of_the_guide_hold() {
    for (name, rows) in
        [("the default group", &DEFAULT[..]), ("web servers", &WEB_SERVERS), ("database servers", &DATABASE_SERVERS)]
    {
        let diaries = diaries(name, rows);
        // A table that allows nothing, or everything, would show nothing.
        let expected: Vec<Verdict> = diaries.iter().flat_map(Diary::expected).collect();
        assert!(expected.contains(&RULE) && expected.iter().any(|verdict| !verdict.is_allow()), "{name}");
        assert!(!expected.contains(&drop(Reason::Internal)));
        diary::run(&model(rows), &diaries);
    }
}
