//! ICMP errors: about what, and whom they concern.

use super::flows::{Key, Lookup, Status};
use super::rules::{Judge, NOBODY};
use super::{Context, Steps, Tables};
use crate::packet::{Address, Bytes, Packet};

/// Octets of an ICMP error before what it quotes.
const ERROR_HEADER: usize = 8;

/// Whether a packet is an ICMP error about a packet of a flow that lives, or that passes without one, and is sent to the
/// side that sent that packet (spec, D3). It keeps no flow alive and begins none. An error that quotes an error belongs to no flow, so it is none of
/// these.
#[inline(always)]
pub fn is_about_a_flow<B: Bytes, A: Address, T: Steps>(
    bytes: &B,
    packet: &Packet<A>,
    context: &Context<'_, T>,
) -> bool {
    packet.protocol == A::ICMP && A::is_error(packet.transport.icmp_type()) && quotes_a_flow(bytes, packet, context)
}

/// Not inlined, so that its frame on the stack and its code are out of the way of other packets.
#[inline(never)]
fn quotes_a_flow<B: Bytes, A: Address, T: Steps>(bytes: &B, packet: &Packet<A>, context: &Context<'_, T>) -> bool {
    let mut quoted = Packet::EMPTY;
    if !A::quoted(bytes, packet.offset as usize + ERROR_HEADER, &mut quoted) || quoted.source != packet.destination {
        return false;
    }
    quoted.vlans = packet.vlans;
    A::knows(&context.tables, &quoted, context.interface, context.moment)
}

/// Whether a packet that an error quotes belongs to a flow that lives, or passes without one.
#[inline(always)]
pub fn is_known<A: Address, T: Tables>(quoted: &Packet<A>, context: &Context<'_, T>) -> bool {
    // What an error is about went the other way.
    let direction = context.direction().reverse();
    let key = Key::of(quoted, direction, context);
    if Lookup::of(&key, quoted, direction, context).status == Status::Live {
        return true;
    }
    Judge::of(quoted, direction, context).is_ok_and(|judge| judge.untracked(quoted, context) != NOBODY)
}
