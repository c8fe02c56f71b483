//! Who may send from an address, and receive at it (spec, D18 and D9). Members of groups are known by their addresses, so that
//! a workload which sends from another one's would be taken for a member of groups that it is not in.

use super::always::icmpv6;
use super::{Context, Tables};
use crate::abi::{INTERFACE_ALWAYS, INTERFACE_NEIGHBOURS, INTERFACE_NO_ETHERNET, INTERFACE_SOURCE_CHECK, V4};
use crate::packet::{Address, Bytes, Ipv4, Link, Packet, protocol};
use crate::verdict::{Direction, Reason};

/// A hardware address.
type Hardware = [u8; 6];

/// Number of the VPC that none has: the addresses that are let through always are kept under it.
const NO_VPC: u32 = 0;

/// Holds the addresses of a packet against those that are known to be whose.
#[inline(always)]
pub fn check<B: Bytes, A: Address, T: Tables>(
    bytes: &B,
    packet: &Packet<A>,
    context: &Context<'_, T>,
) -> Result<(), Reason> {
    if context.interface.has(INTERFACE_SOURCE_CHECK) { check_addresses(bytes, packet, context) } else { Ok(()) }
}

/// Whether a packet goes to, or comes from, an address that is let through always.
#[inline(always)]
pub fn is_let_through<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> bool {
    context.interface.has(INTERFACE_ALWAYS) && A::owner(&context.tables, NO_VPC, peer(packet, context)).is_some()
}

#[inline(always)]
fn peer<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> A {
    match context.direction() {
        Direction::Inbound => packet.source,
        Direction::Outbound => packet.destination,
    }
}

#[inline(never)]
fn check_addresses<B: Bytes, A: Address, T: Tables>(
    bytes: &B,
    packet: &Packet<A>,
    context: &Context<'_, T>,
) -> Result<(), Reason> {
    match (context.interface.is_workload(), context.direction()) {
        (true, Direction::Outbound) => {
            if !sends_itself(bytes, context) || !may_send_from(packet, context) {
                return Err(Reason::SourceNotOwn);
            }
            return announces_own(bytes, packet, context);
        }
        (true, Direction::Inbound) => {
            let destination = packet.destination;
            let is_for_it = is_own(destination, context) || destination.is_for_many() || destination.is_link_local();
            if is_for_it || is_sent_to_many(bytes, context) { Ok(()) } else { Err(Reason::DestinationNotOwn) }
        }
        (false, Direction::Inbound) if is_held_here(packet.source, context) => Err(Reason::SourceHeldHere),
        (false, Direction::Inbound | Direction::Outbound) => Ok(()),
    }
}

/// Whether an address is one of the interface's. The first one needs no look-up.
#[inline(always)]
fn is_own<A: Address, T: Tables>(address: A, context: &Context<'_, T>) -> bool {
    let interface = context.interface;
    address == A::own(interface) || A::owner(&context.tables, interface.vpc, address) == Some(interface.attachment)
}

/// Whether an address belongs to some interface of this host and of the same VPC.
#[inline(always)]
fn is_held_here<A: Address, T: Tables>(address: A, context: &Context<'_, T>) -> bool {
    let interface = context.interface;
    // The unspecified address says that the interface has none, and is nobody's.
    if address == A::UNSPECIFIED {
        return false;
    }
    address == A::own(interface)
        || (interface.has(INTERFACE_NEIGHBOURS) && A::owner(&context.tables, interface.vpc, address).is_some())
}

#[inline(always)]
fn may_send_from<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> bool {
    if packet.source == A::UNSPECIFIED {
        return packet.fragment.is_whole() && needs_no_address(packet);
    }
    packet.source.is_link_local() || is_own(packet.source, context)
}

/// Whether a protocol sends such a packet before there is an address: DHCP (RFC 2131), looking whether an address is free
/// and where the routers are (RFC 4861), and saying what groups one listens to meanwhile (RFC 3590).
#[inline(always)]
fn needs_no_address<A: Address>(packet: &Packet<A>) -> bool {
    if A::FAMILY == V4 {
        packet.protocol == protocol::UDP && packet.transport.source_port == 68 && packet.transport.service == 67
    } else {
        packet.protocol == protocol::ICMPV6
            && matches!(
                packet.transport.icmp_type(),
                icmpv6::LISTENER_REPORT
                    | icmpv6::LISTENER_DONE
                    | icmpv6::ROUTER_SOLICITATION
                    | icmpv6::NEIGHBOUR_SOLICITATION
                    | icmpv6::LISTENER_REPORT_V2
            )
    }
}

/// Whether a frame comes from the hardware address of the workload, as far as that is known.
#[inline(always)]
fn sends_itself<B: Bytes, T: Tables>(bytes: &B, context: &Context<'_, T>) -> bool {
    let known = context.interface.hardware;
    known == [0; 6] || context.interface.has(INTERFACE_NO_ETHERNET) || bytes.read(6) == Some(known)
}

/// Whether a frame goes to all stations of the link, or to a group of them.
#[inline(always)]
fn is_sent_to_many<B: Bytes, T: Tables>(bytes: &B, context: &Context<'_, T>) -> bool {
    !context.interface.has(INTERFACE_NO_ETHERNET) && bytes.read::<1>(0).is_some_and(|[first]| first & 1 == 1)
}

/// Whether a neighbour advertisement of a workload is about an address of its own.
#[inline(always)]
fn announces_own<B: Bytes, A: Address, T: Tables>(
    bytes: &B,
    packet: &Packet<A>,
    context: &Context<'_, T>,
) -> Result<(), Reason> {
    /// Octets of an advertisement before the address that it is about.
    const BEFORE_TARGET: usize = 8;
    let advertises = A::FAMILY != V4
        && packet.protocol == protocol::ICMPV6
        && packet.transport.icmp_type() == icmpv6::NEIGHBOUR_ADVERTISEMENT;
    if !advertises {
        return Ok(());
    }
    let target = A::read(bytes, packet.offset as usize + BEFORE_TARGET).ok_or(Reason::IcmpHeader)?;
    if target.is_link_local() || is_own(target, context) { Ok(()) } else { Err(Reason::NeighbourNotOwn) }
}

/// Holds what a workload says by ARP against its addresses. One that looks whether an address is free has none yet
/// (RFC 5227).
#[inline(never)]
pub fn check_arp<B: Bytes, T: Tables>(bytes: &B, link: &Link, context: &Context<'_, T>) -> Result<(), Reason> {
    /// Octets of ARP before the sender's hardware address; its IPv4 address follows that.
    const BEFORE_SENDER: usize = 8;
    let is_sent = context.interface.is_workload() && matches!(context.direction(), Direction::Outbound);
    if !is_sent || !context.interface.has(INTERFACE_SOURCE_CHECK) {
        return Ok(());
    }
    let said: Option<Hardware> = bytes.read(link.end + BEFORE_SENDER);
    let frame: Option<Hardware> = bytes.read(6);
    let sender: Ipv4 = bytes.read(link.end + BEFORE_SENDER + 6).ok_or(Reason::ArpMalformed)?;
    let is_itself = said == frame && sends_itself(bytes, context);
    if is_itself && (sender == Ipv4::UNSPECIFIED || is_own(sender, context)) {
        Ok(())
    } else {
        Err(Reason::NeighbourNotOwn)
    }
}
