//! The rules that the cases are judged by, and who is who.

use firewall_common::verdict::Direction;
use firewall_ctl::model::{self, Model, Side};
use firewall_tests::build::ModelBuilder;
use firewall_tests::packet::{Packet, eth, eth_between};
use std::net::IpAddr;

/// A port that anyone may reach.
pub const HTTPS: u16 = 443;
/// A port that friends may reach.
pub const SSH: u16 = 22;
/// A port that members of a group may reach.
pub const DATABASE: u16 = 5432;
/// A port that the entries of prefix lists may reach.
pub const LISTED: u16 = 8080;
/// A port of UDP that anyone may reach.
pub const DNS: u16 = 53;
/// A port that no rule names.
pub const CLOSED: u16 = 81;
/// A port of others that the protected side may reach.
pub const HTTP: u16 = 80;
/// A port that others come from.
pub const EPHEMERAL: u16 = 40_000;

/// The addresses of one family.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// `IPv4` or `IPv6`.
    pub name: &'static str,
    /// Of the protected side.
    pub local: IpAddr,
    /// Of a peer in the block that rules name.
    pub friend: IpAddr,
    /// Of a peer that no rule names.
    pub stranger: IpAddr,
    /// Of a member of the group that a rule names.
    pub member: IpAddr,
}

/// Both families.
pub fn families() -> [Family; 2] {
    let family = |name, [local, friend, stranger, member]: [&str; 4]| {
        let parse = |text: &str| text.parse().expect("an address");
        Family { name, local: parse(local), friend: parse(friend), stranger: parse(stranger), member: parse(member) }
    };
    [
        family("IPv4", ["10.0.0.1", "198.51.100.7", "203.0.113.9", "10.0.0.2"]),
        family("IPv6", ["2001:db8::1", "2001:db8:1::7", "2001:db8:2::9", "2001:db8::2"]),
    ]
}

impl Family {
    /// A packet of the friend's.
    pub fn coming(&self) -> Packet {
        self.from(self.friend)
    }

    /// A packet to the friend.
    pub fn going(&self) -> Packet {
        eth().ip(self.local, self.friend)
    }

    /// A packet of somebody's.
    pub fn from(&self, peer: IpAddr) -> Packet {
        eth().ip(peer, self.local)
    }

    /// A packet to somebody.
    pub fn to(&self, peer: IpAddr) -> Packet {
        eth().ip(self.local, peer)
    }

    /// Whether it is IPv4.
    pub fn is_v4(&self) -> bool {
        self.local.is_ipv4()
    }

    /// An ICMP or ICMPv6 message on top of a packet.
    pub fn message(&self, packet: Packet, kind: u8, code: u8) -> Packet {
        if self.is_v4() { packet.icmp(kind, code) } else { packet.icmpv6(kind, code) }
    }

    /// An echo request with an identifier.
    pub fn request(&self, packet: Packet, id: u16) -> Packet {
        if self.is_v4() { packet.icmp_echo_request(id, 1) } else { packet.icmpv6_echo_request(id, 1) }
    }

    /// An echo reply with an identifier.
    pub fn reply(&self, packet: Packet, id: u16) -> Packet {
        if self.is_v4() { packet.icmp_echo_reply(id, 1) } else { packet.icmpv6_echo_reply(id, 1) }
    }

    /// Another hardware address in front of the same.
    pub fn broadcast(source: IpAddr, destination: IpAddr) -> Packet {
        eth_between([2, 0, 0, 0, 0, 9], [0xff; 6]).ip(source, destination)
    }
}

/// Another address of a family for each number, in a network that nobody is in.
pub fn spoofed(number: u32, v4: bool) -> IpAddr {
    let [a, b, c, d] = number.to_be_bytes();
    if v4 { [203, 0x80 | b, c, d].into() } else { [0x20, 1, 0x0d, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, a, b, c, d].into() }
}

/// The model of all cases: attachment 1.
pub fn model() -> Model {
    let mut build = ModelBuilder::new();
    let (group, members) = (build.group("protected"), build.group("members"));
    let anyone = ["0.0.0.0/0", "::/0"];
    let friends = ["198.51.100.0/24", "2001:db8:1::/64"];
    let (inbound, outbound) = (Direction::Inbound, Direction::Outbound);
    for family in [0, 1] {
        for service in ["tcp/443", "udp/53", "tcp/0", "tcp/65535", "tcp/7000-7000"] {
            build.rule(group, inbound, service, anyone[family]);
        }
        for service in ["tcp/22", "tcp/1000-2000", "47"] {
            build.rule(group, inbound, service, friends[family]);
        }
        for service in ["tcp/80", "udp/123"] {
            build.rule(group, outbound, service, anyone[family]);
        }
        build.rule(group, inbound, ["icmp/8", "icmpv6/128"][family], anyone[family]);
        // A narrow block inside the broad one, with a port of its own: a trie finds only the narrow one.
        build.rule(group, inbound, "tcp/8443", ["198.51.100.7/32", "2001:db8:1::7/128"][family]);
    }
    build.rule(group, inbound, "tcp/5432", &members.to_string());
    // The friend is in a narrow entry of one list and in a broad one of the other: a trie finds only the narrow one.
    for (family, [narrow, broad]) in [
        (model::Family::Ipv4, [["198.51.100.7/32", "192.0.2.0/24"], ["198.51.100.0/24", "10.0.0.0/8"]]),
        (model::Family::Ipv6, [["2001:db8:1::7/128", "2001:db8:9::/48"], ["2001:db8:1::/48", "fd00::/8"]]),
    ] {
        for (port, entries) in [("tcp/8080", narrow), ("tcp/8081", broad)] {
            let list = build.prefix_list(family, &entries);
            build.rule(group, inbound, port, &list.to_string());
        }
    }
    // ICMP of the other family: taken, and matches nothing.
    build.rule(group, inbound, "icmpv6/1", anyone[0]);
    build.rule(group, inbound, "icmp/3", anyone[1]);
    build.interface(1, Side::Host, &[group], &["10.0.0.1", "2001:db8::1"]);
    build.member(&[members], &["10.0.0.2", "2001:db8::2"]);
    build.model()
}
