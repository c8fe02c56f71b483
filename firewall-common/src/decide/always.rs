//! What is let through whatever the rules say, because a host without it has no network (spec, D9), and what a
//! workload may never do, because others would lose theirs.

use super::{Context, Tables};
use crate::packet::{Ipv4, Ipv6, Packet, protocol};
use crate::verdict::{Direction, Pass, Reason};

/// Ports of DHCP and DHCPv6 (RFC 2131, 4.1; RFC 8415, 7.2).
mod port {
    pub const DHCP_SERVER: u16 = 67;
    pub const DHCP_CLIENT: u16 = 68;
    pub const DHCPV6_CLIENT: u16 = 546;
    pub const DHCPV6_SERVER: u16 = 547;
}

/// ICMPv6 types of neighbour discovery (RFC 4861) and multicast listener discovery (RFC 2710, 3810).
pub mod icmpv6 {
    pub const LISTENER_QUERY: u8 = 130;
    pub const LISTENER_REPORT: u8 = 131;
    pub const LISTENER_DONE: u8 = 132;
    pub const ROUTER_SOLICITATION: u8 = 133;
    pub const ROUTER_ADVERTISEMENT: u8 = 134;
    pub const NEIGHBOUR_SOLICITATION: u8 = 135;
    pub const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
    pub const REDIRECT: u8 = 137;
    pub const LISTENER_REPORT_V2: u8 = 143;
}

/// A hop limit that no router has touched.
const NEIGHBOUR_DISCOVERY_HOP_LIMIT: u8 = 255;
/// What listener discovery is sent with.
const LISTENER_DISCOVERY_HOP_LIMIT: u8 = 1;

#[inline(always)]
pub fn v4<T: Tables>(packet: &Packet<Ipv4>, context: &Context<'_, T>) -> Result<Option<Pass>, Reason> {
    if packet.protocol != protocol::UDP {
        return Ok(None);
    }
    dhcp(packet.transport.source_port, packet.transport.service, (port::DHCP_CLIENT, port::DHCP_SERVER), context)
}

#[inline(always)]
pub fn v6<T: Tables>(packet: &Packet<Ipv6>, context: &Context<'_, T>) -> Result<Option<Pass>, Reason> {
    match packet.protocol {
        protocol::UDP => {
            let ports = (port::DHCPV6_CLIENT, port::DHCPV6_SERVER);
            dhcp(packet.transport.source_port, packet.transport.service, ports, context)
        }
        protocol::ICMPV6 => match packet.transport.icmp_type() {
            icmpv6::LISTENER_QUERY..=icmpv6::LISTENER_DONE | icmpv6::LISTENER_REPORT_V2 => {
                from_the_link(packet, LISTENER_DISCOVERY_HOP_LIMIT, Pass::MulticastListener)
            }
            kind @ icmpv6::ROUTER_SOLICITATION..=icmpv6::REDIRECT => {
                let routes = matches!(kind, icmpv6::ROUTER_ADVERTISEMENT | icmpv6::REDIRECT);
                if routes && context.is_sent_by_workload() {
                    return Err(Reason::WorkloadRouter);
                }
                from_the_link(packet, NEIGHBOUR_DISCOVERY_HOP_LIMIT, Pass::NeighbourDiscovery)
            }
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Passes a message of the link that has the hop limit and the code that it must have, and is in one piece (RFC 6980).
#[inline(always)]
fn from_the_link(packet: &Packet<Ipv6>, hop_limit: u8, pass: Pass) -> Result<Option<Pass>, Reason> {
    if !packet.fragment.is_whole() {
        return Err(Reason::NeighbourDiscoveryFragment);
    }
    if packet.hop_limit == hop_limit && packet.transport.icmp_code() == 0 {
        Ok(Some(pass))
    } else {
        Err(Reason::NeighbourDiscoveryHopLimit)
    }
}

#[inline(always)]
fn dhcp<T: Tables>(
    source: u16,
    destination: u16,
    (client, server): (u16, u16),
    context: &Context<'_, T>,
) -> Result<Option<Pass>, Reason> {
    let asks = source == client && destination == server;
    let answers = source == server && destination == client;
    if answers && context.is_sent_by_workload() {
        return Err(Reason::WorkloadDhcpServer);
    }
    let passes = match context.direction() {
        Direction::Inbound => answers,
        Direction::Outbound => asks,
    };
    Ok(passes.then_some(Pass::Dhcp))
}
