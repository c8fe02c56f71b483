//! Who may send from an address, and receive at it (spec, D18 and D9). Members of groups are known by their addresses, so that
//! a workload which sends from another one's would be taken for a member of groups that it is not in.

use super::always::icmpv6;
use super::{Context, Steps, Tables};
use crate::abi::{
    INTERFACE_ALWAYS, INTERFACE_NEIGHBOURS, INTERFACE_NO_ETHERNET, INTERFACE_SOURCE_CHECK, Interface, NO_VPC, V4,
};
use crate::packet::{Address, Bytes, Ipv4, Link, Packet, protocol};
use crate::verdict::{Direction, Outcome, Pass, Reason};

/// A hardware address.
type Hardware = [u8; 6];

/// The bit of a destination, as a number, that says that it is a group of stations, or all.
const GROUP: u64 = 1 << 40;

/// Octets of a neighbour solicitation or advertisement before the address that it is about.
const BEFORE_TARGET_V6: usize = 8;

/// What is said of a packet that nothing speaks against.
const PASSES: Outcome = Outcome::from_number(Pass::Rule as u8);

/// Holds the addresses of a packet against those that are known to be whose. The answer is a drop, or some pass.
#[inline(always)]
pub fn check<B: Bytes, A: Address, T: Steps>(bytes: &B, packet: &Packet<A>, context: &Context<'_, T>) -> Outcome {
    if context.interface.has(INTERFACE_SOURCE_CHECK) { check_all(bytes, packet, context) } else { PASSES }
}

/// Not inlined, as [`check_arp`], so that its frame on the stack is out of the way of what comes after.
#[inline(never)]
fn check_all<B: Bytes, A: Address, T: Steps>(bytes: &B, packet: &Packet<A>, context: &Context<'_, T>) -> Outcome {
    let Context { tables, interface, moment } = context;
    let is_sent = context.is_sent_by_workload();
    let mut is_for_link = false;
    if !interface.has(INTERFACE_NO_ETHERNET) {
        let Some([a, b, c, d, e, f, source @ ..]) = bytes.read::<12>(0) else { return Reason::FrameTooShort.into() };
        let known = number(interface.hardware);
        if is_sent && known != 0 && number(source) != known {
            return Reason::SourceNotOwn.into();
        }
        is_for_link = number([a, b, c, d, e, f]) & GROUP != 0;
    }
    if is_sent && is_claim(packet) {
        let Some(target) = A::read(bytes, packet.offset as usize + BEFORE_TARGET_V6) else {
            return Reason::IcmpHeader.into();
        };
        if !target.is_link_local() && !A::owns(tables, &target, interface) {
            return Reason::NeighbourNotOwn.into();
        }
    }
    A::check(tables, packet, interface, moment, is_for_link)
}

/// Whether a packet goes to, or comes from, an address that is let through always.
#[inline(always)]
pub fn is_let_through<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> bool {
    context.interface.has(INTERFACE_ALWAYS) && A::owner(&context.tables, NO_VPC, *context.peer(packet)).is_some()
}

/// The part of it that needs no octets of the frame. `is_for_link` says whether it was sent to all of the link, or to a group.
#[inline(always)]
pub fn check_addresses<A: Address, T: Tables>(
    packet: &Packet<A>,
    is_for_link: bool,
    context: &Context<'_, T>,
) -> Result<(), Reason> {
    match (context.interface.is_workload(), context.direction()) {
        (true, Direction::Outbound) if may_send_from(packet, context) => Ok(()),
        (true, Direction::Outbound) => Err(Reason::SourceNotOwn),
        (true, Direction::Inbound) => {
            let destination = packet.destination;
            let is_for_it = destination.is_for_many()
                || destination.is_link_local()
                || is_own(&destination, &context.tables, context.interface);
            if is_for_link || is_for_it { Ok(()) } else { Err(Reason::DestinationNotOwn) }
        }
        (false, Direction::Inbound) if is_held_here(packet.source, context) => Err(Reason::SourceHeldHere),
        (false, Direction::Inbound | Direction::Outbound) => Ok(()),
    }
}

/// Whether an address is one of the interface's. The first one needs no look-up.
#[inline(always)]
pub fn is_own<A: Address, T: Tables>(address: &A, tables: &T, interface: &Interface) -> bool {
    // No attachment has the number 0.
    is_first(address, interface) || A::owner(tables, interface.vpc, *address).unwrap_or(0) == interface.attachment
}

/// Whether it is the address in the interface's entry. The unspecified one says there that the interface has none, and is
/// nobody's.
#[inline(always)]
fn is_first<A: Address>(address: &A, interface: &Interface) -> bool {
    *address == A::own(interface) && *address != A::UNSPECIFIED
}

/// Whether an address belongs to some interface of this host and of the same VPC.
#[inline(always)]
fn is_held_here<A: Address, T: Tables>(address: A, context: &Context<'_, T>) -> bool {
    let interface = context.interface;
    is_first(&address, interface)
        || (interface.has(INTERFACE_NEIGHBOURS) && A::owner(&context.tables, interface.vpc, address).is_some())
}

#[inline(always)]
fn may_send_from<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> bool {
    if packet.source == A::UNSPECIFIED {
        return packet.fragment.is_whole() && needs_no_address(packet);
    }
    packet.source.is_link_local() || is_own(&packet.source, &context.tables, context.interface)
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

/// A hardware address as a number: two of them are compared at once, without a loop.
#[inline(always)]
fn number([a, b, c, d, e, f]: Hardware) -> u64 {
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// Whether a packet says that the sender has an address, or is about to: who wants the same one then leaves it (RFC 4862,
/// 5.4). What it says has to be about one of the sender's own.
#[inline(always)]
fn is_claim<A: Address>(packet: &Packet<A>) -> bool {
    let kind = packet.transport.icmp_type();
    A::FAMILY != V4
        && packet.protocol == protocol::ICMPV6
        && (kind == icmpv6::NEIGHBOUR_ADVERTISEMENT
            || (kind == icmpv6::NEIGHBOUR_SOLICITATION && packet.source == A::UNSPECIFIED))
}

/// Holds what a workload says by ARP against its addresses. One that looks whether an address is free has none yet, and who
/// wants the same one then leaves it (RFC 5227).
#[inline(never)]
pub fn check_arp<B: Bytes, T: Steps>(bytes: &B, link: &Link, context: &Context<'_, T>) -> Result<(), Reason> {
    /// Octets of ARP before the sender's hardware address; its IPv4 address follows that.
    const BEFORE_SENDER: usize = 8;
    /// Octets of ARP before the IPv4 address that it is about.
    const BEFORE_TARGET_V4: usize = 24;
    if !context.is_sent_by_workload() || !context.interface.has(INTERFACE_SOURCE_CHECK) {
        return Ok(());
    }
    let said = bytes.read(link.end + BEFORE_SENDER).ok_or(Reason::ArpMalformed)?;
    let frame = bytes.read(6).ok_or(Reason::FrameTooShort)?;
    let sender: Ipv4 = bytes.read(link.end + BEFORE_SENDER + 6).ok_or(Reason::ArpMalformed)?;
    let target: Ipv4 = bytes.read(link.end + BEFORE_TARGET_V4).ok_or(Reason::ArpMalformed)?;
    let known = number(context.interface.hardware);
    if number(said) != number(frame) || (known != 0 && number(frame) != known) {
        return Err(Reason::NeighbourNotOwn);
    }
    let claimed = if sender == Ipv4::UNSPECIFIED { target } else { sender };
    if context.tables.owns_v4(&claimed, context.interface) { Ok(()) } else { Err(Reason::NeighbourNotOwn) }
}
