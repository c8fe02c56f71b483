//! Plays out of octets, for a fuzzer: it changes octets, and sees what that leads to. The property test makes plays up by
//! strategies of its own, which choose their odds; a fuzzer finds its odds by itself, so that all choices here are even.

use super::scene::{
    ALWAYS, ENTRIES, GROUPS, LISTS, LOCAL, MEMBERS, PacketSketch, PeerSketch, Play, RuleSketch, SceneSketch, Slip,
    THIRD, Third,
};
use crate::oracle::{Content, Flaw, IpSketch, LinkSketch, Part, Place, Sketch, Upper, is_non_ip};
use crate::packet::flag;
use arbitrary::{Arbitrary, Result, Unstructured};
use firewall_common::verdict::Direction;
use firewall_ctl::model::{IcmpFamily, L4, Peer, Service, Side};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Scenes of a play, and packets and rules of a scene, at most.
const SCENES: usize = 3;
const PACKETS: usize = 24;
const RULES: usize = 14;

/// Ports that rules begin and end at, those beside them, and those of DHCP.
const PORTS: [u16; 16] = [0, 1, 22, 67, 68, 80, 255, 256, 443, 546, 547, 1000, 1500, 2000, 65_534, 65_535];
/// Blocks that lie within each other, around the addresses of the packets.
const BLOCKS: [&str; 16] = [
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0/1",
    "::/1",
    "10.0.0.0/8",
    "10.0.0.0/16",
    "10.0.0.0/24",
    "10.0.0.2/32",
    "10.0.1.0/24",
    "192.0.2.4/30",
    "fd00::/8",
    "fd00::/32",
    "fd00::/64",
    "fd00::2/128",
    "fd00:0:0:1::/64",
    "2001:db8::/32",
];
/// Peers, by family.
const PEERS: [[&str; 6]; 2] = [
    ["10.0.0.2", "10.0.1.2", "192.0.2.5", "10.0.0.3", "10.200.0.1", "198.51.100.1"],
    ["fd00::2", "fd00:0:0:1::2", "2001:db8::5", "fd00:1::1", "2600::1", "fe80::1"],
];
/// Addresses that packets should not have, or seldom have, by family.
const SPECIAL: [[&str; 5]; 2] = [
    ["127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "239.1.1.1"],
    ["::1", "ff02::1", "::ffff:10.0.0.1", "::", "ff05::1"],
];
const VLANS: [&[u16]; 8] = [&[], &[], &[0], &[5], &[6], &[5, 6], &[0, 5], &[5, 6, 7]];
/// Addresses that a neighbour advertisement may be about.
const TARGETS: [&str; 4] = ["fd00::1", "fd00::2", "fd00::3", "fe80::1"];
/// Senders that ARP may speak of.
const SENDERS: [[u8; 4]; 4] = [[10, 0, 0, 2], [10, 0, 0, 1], [10, 0, 0, 3], [0, 0, 0, 0]];
/// Protocols without ports; the ICMP of the other family is left out, and added by family.
const OTHERS: [u8; 5] = [47, 50, 132, 59, 253];

impl<'a> Arbitrary<'a> for Play {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let side = *u.choose(&[Side::Host, Side::Workload])?;
        let (over_xdp, is_bare) = (u.arbitrary()?, u.ratio(1, 4)?);
        let scenes = some(u, 1..=SCENES, scene)?;
        Ok(Self { side, over_xdp, is_bare, scenes })
    }
}

/// Several of something.
fn some<T>(
    u: &mut Unstructured<'_>,
    number: std::ops::RangeInclusive<usize>,
    one: impl Fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let number = u.int_in_range(number)?;
    (0..number).map(|_| one(u)).collect()
}

fn scene(u: &mut Unstructured<'_>) -> Result<SceneSketch> {
    let rules = some(u, 0..=RULES, |u| Ok((group(u)?, rule(u)?)))?;
    let groups = some(u, 1..=GROUPS, group)?.into_iter().collect();
    let members = (0..MEMBERS.len()).map(|_| Ok(some(u, 0..=2, group)?.into_iter().collect::<BTreeSet<_>>()));
    let members = members.collect::<Result<_>>()?;
    let entry = |u: &mut Unstructured<'_>| u.choose_index(ENTRIES[0].len());
    let lists = (0..LISTS).map(|_| Ok(some(u, 0..=3, entry)?.into_iter().collect::<BTreeSet<_>>()));
    let lists = lists.collect::<Result<_>>()?;
    let (is_watched, is_checked, knows_mac) = (u.ratio(1, 4)?, u.arbitrary()?, u.arbitrary()?);
    let third = *u.choose(&[Third::Nobody, Third::Own, Third::Neighbour])?;
    let always = some(u, 0..=1, |u| u.choose_index(ALWAYS.len()))?.into_iter().collect();
    Ok(SceneSketch {
        rules,
        lists,
        groups,
        members,
        is_watched,
        is_checked,
        knows_mac,
        third,
        always,
        packets: some(u, 1..=PACKETS, packet)?,
    })
}

fn group(u: &mut Unstructured<'_>) -> Result<usize> {
    u.choose_index(GROUPS)
}

fn direction(u: &mut Unstructured<'_>) -> Result<Direction> {
    u.choose(&[Direction::Inbound, Direction::Outbound]).copied()
}

fn port(u: &mut Unstructured<'_>) -> Result<u16> {
    if u.ratio(1, 8)? { u.arbitrary() } else { u.choose(&PORTS).copied() }
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn rule(u: &mut Unstructured<'_>) -> Result<RuleSketch> {
    let direction = direction(u)?;
    let service = match u.int_in_range(0..=3)? {
        0 => Service::All,
        1 => {
            let protocol = *u.choose(&[L4::Tcp, L4::Udp])?;
            let (one, other) = if u.ratio(1, 4)? { (0, u16::MAX) } else { (port(u)?, port(u)?) };
            Service::Ports { protocol, from: one.min(other), to: one.max(other) }
        }
        2 => {
            let kind: Option<u8> = u.arbitrary()?;
            let code = u.int_in_range(0..=2)?;
            let family = *u.choose(&[IcmpFamily::V4, IcmpFamily::V6])?;
            Service::Icmp { family, kind, code: kind.and((code < 2).then_some(code)) }
        }
        _ => Service::Other(*u.choose(&OTHERS)?),
    };
    let peer = if u.ratio(1, 3)? {
        PeerSketch::Group(group(u)?)
    } else if u.ratio(1, 3)? {
        PeerSketch::List(u.choose_index(LISTS)?)
    } else {
        let block = u.choose(&BLOCKS)?;
        PeerSketch::Block(block.parse::<Peer>().unwrap_or_else(|error| panic!("{block}: {error}")))
    };
    Ok(RuleSketch { direction, service, peer })
}

fn slip(u: &mut Unstructured<'_>) -> Result<Slip> {
    u.choose(&[Slip::Hit, Slip::Hit, Slip::Service, Slip::Peer]).copied()
}

fn packet(u: &mut Unstructured<'_>) -> Result<PacketSketch> {
    Ok(match u.int_in_range(0..=5)? {
        0 => {
            let direction = direction(u)?;
            PacketSketch::Fresh(direction, sketch(u, direction)?)
        }
        1 => PacketSketch::Aimed {
            rule: u.choose_index(RULES)?,
            last: u.arbitrary()?,
            slip: slip(u)?,
            v4: u.arbitrary()?,
        },
        2 => PacketSketch::Answer(u.choose_index(4)?),
        3 => PacketSketch::Again(u.choose_index(4)?),
        4 => {
            let place = *u.choose(&[Place::First, Place::Behind, Place::Over])?;
            PacketSketch::Part { of: u.choose_index(4)?, part: Part { id: u.int_in_range(7..=8)?, place } }
        }
        _ => PacketSketch::Error { about: u.choose_index(4)?, kind: u.choose_index(5)?, slip: slip(u)? },
    })
}

fn sketch(u: &mut Unstructured<'_>, direction: Direction) -> Result<Sketch> {
    let vlans = u.choose(&VLANS)?.to_vec();
    let content = match u.int_in_range(0..=9_u8)? {
        0 => Content::Arp((*u.choose(&SENDERS)?).into(), [10, 0, 0, 1].into()),
        1 => {
            let number = u.arbitrary()?;
            // Of those that are IP or ARP, any other stands for them.
            Content::NonIp(if is_non_ip(number) { number } else { 0x88cc })
        }
        _ => Content::Ip(ip(u, direction)?),
    };
    let link = *u.choose(&[LinkSketch::Plain, LinkSketch::Plain, LinkSketch::Impostor, LinkSketch::ToAll])?;
    Ok(Sketch { link, vlans, content })
}

fn ip(u: &mut Unstructured<'_>, direction: Direction) -> Result<IpSketch> {
    let family = u.choose_index(2)?;
    let upper = upper(u, family == 0)?;
    let hop_limit = *u.choose(&[1, 64, 255])?;
    let local = if u.ratio(1, 6)? { THIRD } else { LOCAL };
    let (mut source, mut destination) = (address(u.choose(&PEERS[family])?), address(local[family]));
    if direction == Direction::Outbound {
        std::mem::swap(&mut source, &mut destination);
    }
    // What is spoilt is otherwise in order, so that there is one reason to drop it.
    let flaw = if u.ratio(1, 8)? { Some(*u.choose(&Flaw::ALL)?) } else { None };
    if flaw.is_none() && u.ratio(1, 8)? {
        let special = address(u.choose(&SPECIAL[family])?);
        if u.arbitrary()? {
            source = special;
        } else {
            destination = special;
        }
    }
    let target = match u.choose(&TARGETS)?.parse() {
        Ok(target) if u.arbitrary()? && matches!(upper, Upper::Icmp(135 | 136, ..)) => Some(target),
        Ok(_) | Err(_) => None,
    };
    Ok(IpSketch { source, destination, hop_limit, upper, quote: None, target, part: None, flaw })
}

fn upper(u: &mut Unstructured<'_>, v4: bool) -> Result<Upper> {
    const FLAGS: [u8; 5] = [flag::SYN, flag::ACK, flag::RST, flag::FIN | flag::ACK, flag::SYN | flag::ACK];
    Ok(match u.int_in_range(0..=3)? {
        0 => {
            let flags = if u.ratio(1, 8)? { u.arbitrary()? } else { *u.choose(&FLAGS)? };
            Upper::Tcp(port(u)?, port(u)?, flags)
        }
        1 => Upper::Udp(port(u)?, port(u)?),
        2 => Upper::Icmp(u.arbitrary()?, u.int_in_range(0..=2)?, u.int_in_range(0..=2)?),
        _ if u.ratio(1, 6)? => Upper::Other(if v4 { 58 } else { 1 }),
        _ => Upper::Other(*u.choose(&OTHERS)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Host, small_limits};
    use rand::{RngExt as _, SeedableRng as _};

    /// The oracle has to understand whatever comes out of octets.
    #[test]
    fn plays_out_of_any_octets_are_judged_alike() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let mut packets = 0;
        for _ in 0..200 {
            let octets: Vec<u8> = (0..rng.random_range(0..3000)).map(|_| rng.random()).collect();
            let play = Play::arbitrary(&mut Unstructured::new(&octets)).expect("any octets make a play");
            packets += play.scenes.iter().map(|scene| scene.packets.len()).sum::<usize>();
            play.perform(&mut Host::new(small_limits()), &mut ()).unwrap_or_else(|error| panic!("{play:#?}: {error}"));
        }
        assert!(packets > 2000, "{packets}");
    }
}
