//! Whose addresses are whose: the source and destination check, and what a workload may say of itself.

use super::{Content, IpSketch, LinkSketch, Sketch, Upper};
use firewall_common::verdict::{Direction, Reason};
use firewall_ctl::model::{Model, NetworkInterface, Side};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a workload is behind the interface's device.
pub(super) fn is_workload(interface: &NetworkInterface) -> bool {
    interface.attachment.as_ref().is_some_and(|attachment| attachment.side == Side::Workload)
}

/// Whether the hardware address of a frame is not that of the workload.
fn is_impostor(interface: &NetworkInterface, sketch: &Sketch) -> bool {
    match (interface.mac_address, sketch.hardware()) {
        (Some(known), Some(seen)) => known.octets() != seen,
        (Some(_) | None, _) => false,
    }
}

/// Whether ARP may say that the sender has an address, or wants the one that it asks for. It says that it has the hardware
/// address that all frames come from.
pub(super) fn may_say(
    interface: &NetworkInterface,
    direction: Direction,
    sketch: &Sketch,
    sender: Ipv4Addr,
    target: Ipv4Addr,
) -> bool {
    if !interface.source_dest_check || !is_workload(interface) || direction == Direction::Inbound {
        return true;
    }
    let plain = Sketch { link: LinkSketch::Plain, vlans: Vec::new(), content: Content::Arp(sender, sender) };
    let claimed = if sender.is_unspecified() { target } else { sender };
    interface.addresses.contains(&IpAddr::from(claimed))
        && sketch.hardware() == plain.hardware()
        && !is_impostor(interface, sketch)
}

/// Why a packet may not have the addresses that it has.
pub(super) fn objection(
    model: &Model,
    interface: &NetworkInterface,
    direction: Direction,
    sketch: &Sketch,
    ip: &IpSketch,
) -> Option<Reason> {
    if !interface.source_dest_check {
        return None;
    }
    match (is_workload(interface), direction) {
        (true, Direction::Outbound) => sent_by_workload(interface, sketch, ip),
        (true, Direction::Inbound) => {
            let is_for_it = sketch.link == LinkSketch::ToAll
                || is_for_many(ip.destination)
                || is_link_local(ip.destination)
                || interface.addresses.contains(&ip.destination);
            (!is_for_it).then_some(Reason::DestinationNotOwn)
        }
        (false, Direction::Inbound) => {
            let mut here = model.interfaces.values().filter(|it| it.attachment.is_some() && it.vpc == interface.vpc);
            here.any(|it| it.addresses.contains(&ip.source)).then_some(Reason::SourceHeldHere)
        }
        (false, Direction::Outbound) => None,
    }
}

fn sent_by_workload(interface: &NetworkInterface, sketch: &Sketch, ip: &IpSketch) -> Option<Reason> {
    if is_impostor(interface, sketch) {
        return Some(Reason::SourceNotOwn);
    }
    let claims = match ip.upper {
        Upper::Icmp(135, ..) => ip.source.is_unspecified(),
        Upper::Icmp(136, ..) => true,
        Upper::Icmp(..) | Upper::Tcp(..) | Upper::Udp(..) | Upper::Other(_) => false,
    };
    if claims && ip.source.is_ipv6() && ip.has_upper() {
        let target = match (ip.target, ip.part) {
            (Some(target), _) => target,
            // A first fragment is filled up with zeros.
            (None, Some(_)) => Ipv6Addr::UNSPECIFIED,
            (None, None) => return Some(Reason::IcmpHeader),
        };
        if !target.is_unicast_link_local() && !interface.addresses.contains(&IpAddr::from(target)) {
            return Some(Reason::NeighbourNotOwn);
        }
    }
    let may_send = if ip.source.is_unspecified() {
        ip.part.is_none() && needs_no_address(ip.upper, ip.source.is_ipv4())
    } else {
        is_link_local(ip.source) || interface.addresses.contains(&ip.source)
    };
    (!may_send).then_some(Reason::SourceNotOwn)
}

/// Whether such a packet is sent by who has no address yet.
fn needs_no_address(upper: Upper, v4: bool) -> bool {
    match upper {
        Upper::Udp(source, destination) => v4 && (source, destination) == (68, 67),
        Upper::Icmp(kind, ..) => !v4 && matches!(kind, 131..=133 | 135 | 143),
        Upper::Tcp(..) | Upper::Other(_) => false,
    }
}

fn is_for_many(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_multicast(),
    }
}

/// Of IPv6: those of IPv4 are like others here.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}
