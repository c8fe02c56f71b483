//! What the first interface of a large host is asked: packets of every kind that differ in what has to be looked up, and
//! the rules that make them so.

use super::{BLOCK_BASE, ENTRY_BASE, list, tier_group};
use crate::packet::{Packet, eth};
use firewall_common::verdict::Direction;
use firewall_ctl::model::{AccountId, Family, L4, Peer, PrefixListId, RuleKey, Service};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Open to anyone, and so is the way back: no flow.
pub const STATELESS: u16 = 80;
/// Open to the block that the clients are in: a flow.
pub const TRACKED: u16 = 443;
/// Open to blocks that are neighbours of the clients'.
pub const BLOCKS: u16 = 22;
/// Open to such blocks, to a group, and to the entries of a list.
pub const EVERYONE_ELSE: u16 = 5432;
/// Open to nobody.
pub const CLOSED: u16 = 81;

/// Where the IPv6 blocks of rules and lists lie.
const BASE_V6: u128 = 0x2001_0db8 << 96;

/// The interface's own address.
#[must_use]
pub fn local(family: Family) -> IpAddr {
    match family {
        Family::Ipv4 => Ipv4Addr::from_bits(0xac1f_0000).into(),
        Family::Ipv6 => Ipv6Addr::from_bits(0xfd00 << 112).into(),
    }
}

/// Addresses of clients: between the first two entries of the first list, so that the filters let them through.
const CLIENTS: u16 = 0x800;

/// The address of one of 65 536 clients, of which 32 share one. None is in a list or a group; its block is open at
/// [`TRACKED`] only.
#[must_use]
pub fn client(family: Family, number: u16) -> IpAddr {
    let host = number % CLIENTS;
    match family {
        Family::Ipv4 => Ipv4Addr::from_bits(block_v4() + u32::from(host)).into(),
        Family::Ipv6 => Ipv6Addr::from_bits(BASE_V6 + (0xffff << 80) + u128::from(host)).into(),
    }
}

/// The port of that client.
const fn port(number: u16) -> u16 {
    40_000 + number / CLIENTS
}

/// A segment that a client sends, without flags yet.
pub fn coming(family: Family, number: u16, service: u16) -> Packet {
    eth().ip(client(family, number), local(family)).tcp(port(number), service)
}

/// A segment that a client is sent.
pub fn going(family: Family, number: u16, service: u16) -> Packet {
    eth().ip(local(family), client(family, number)).tcp(service, port(number))
}

const fn block_v4() -> u32 {
    ENTRY_BASE + CLIENTS as u32
}

/// Puts the probe's rules in the place of as many others.
pub(super) fn prepend(rules: &mut Vec<RuleKey>) {
    let own: Vec<RuleKey> = [inbound(), outbound()].concat();
    let (coming, going): (Vec<RuleKey>, Vec<RuleKey>) =
        rules.drain(..).partition(|key| key.direction == Direction::Inbound);
    let room = coming.len();
    let kept = |keys: Vec<RuleKey>, direction| {
        let taken = own.iter().filter(|key| key.direction == direction).count();
        keys.into_iter().take(room.saturating_sub(taken)).collect::<Vec<_>>()
    };
    let (coming, going) = (kept(coming, Direction::Inbound), kept(going, Direction::Outbound));
    *rules = [own, coming, going].concat();
}

fn ports(from: u16, to: u16) -> Service {
    Service::Ports { protocol: L4::Tcp, from, to }
}

fn inbound() -> Vec<RuleKey> {
    let clients = [
        Peer::Ipv4(Ipv4Net::new_assert(Ipv4Addr::from_bits(block_v4()), 21)),
        Peer::Ipv6(Ipv6Net::new_assert(Ipv6Addr::from_bits(BASE_V6 + (0xffff << 80)), 64)),
    ];
    let others = [
        Peer::Ipv4(Ipv4Net::new_assert(Ipv4Addr::from_bits(BLOCK_BASE + 0x2000), 24)),
        Peer::Ipv6(Ipv6Net::new_assert(Ipv6Addr::from_bits(BASE_V6 + (0xfffe << 80)), 64)),
    ];
    let group = Peer::Group { id: tier_group(0), owner: AccountId::default() };
    let anyone = [Peer::ANYONE_IPV4, Peer::ANYONE_IPV6];
    let everyone_else = [others[0], others[1], group, Peer::PrefixList(list(0)), Peer::PrefixList(list_v6())];
    let rules =
        [(STATELESS, anyone.as_slice()), (TRACKED, &clients), (BLOCKS, &others), (EVERYONE_ELSE, &everyone_else)];
    let key = |port, peer| RuleKey { direction: Direction::Inbound, service: ports(port, port), peer };
    rules.into_iter().flat_map(|(port, peers)| peers.iter().map(move |peer| key(port, *peer))).collect()
}

fn outbound() -> Vec<RuleKey> {
    let anyone = [Peer::ANYONE_IPV4, Peer::ANYONE_IPV6];
    anyone.map(|peer| RuleKey { direction: Direction::Outbound, service: ports(0, u16::MAX), peer }).to_vec()
}

/// The list of IPv6 that only the first interface names.
pub(super) fn list_v6() -> PrefixListId {
    "pl-f0000000".parse().expect("an id")
}

pub(super) fn entry_v6(number: u32) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from_bits(BASE_V6 + (0xfffd << 80) + (u128::from(number) << 64)), 64))
}
