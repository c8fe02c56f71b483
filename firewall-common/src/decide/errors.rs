//! ICMP errors: about what, and whom they concern.

use super::flows::{Key, Lookup, Status};
use super::rules::Judge;
use super::{Context, Tables};
use crate::packet::{Address, Bytes, Packet};
use crate::verdict::Direction;

/// Octets of an ICMP error before what it quotes.
const ERROR_HEADER: usize = 8;

/// Whether a packet is an ICMP error about a packet of a flow that lives, or that passes without one, and is sent to the
/// side that sent that packet (spec, D3). It keeps no flow alive and begins none. An error that quotes an error belongs to no flow, so it is none of
/// these.
#[inline(always)]
pub fn is_about_a_flow<B: Bytes, A: Address, T: Tables>(
    bytes: &B,
    packet: &Packet<A>,
    context: &Context<'_, T>,
) -> bool {
    packet.protocol == A::ICMP && A::is_error(packet.transport.icmp_type()) && quotes_a_flow(bytes, packet, context)
}

/// Not inlined, so that its frame on the stack and its code are out of the way of other packets.
#[inline(never)]
fn quotes_a_flow<B: Bytes, A: Address, T: Tables>(bytes: &B, packet: &Packet<A>, context: &Context<'_, T>) -> bool {
    let Some(quoted) = A::quoted(bytes, packet.offset as usize + ERROR_HEADER) else { return false };
    if quoted.source != packet.destination {
        return false;
    }
    let quoted = Packet {
        vlans: packet.vlans,
        source: quoted.source,
        destination: quoted.destination,
        protocol: quoted.protocol,
        hop_limit: 0,
        offset: 0,
        transport: quoted.transport,
    };
    // What an error is about went the other way.
    let direction = context.direction.reverse();
    let key = Key::of(&quoted, direction, context);
    let lookup = Lookup::of(&key, &quoted, direction, context);
    lookup.status == Status::Live || passes_untracked(&quoted, direction, context)
}

#[inline(never)]
fn passes_untracked<A: Address, T: Tables>(quoted: &Packet<A>, direction: Direction, context: &Context<'_, T>) -> bool {
    let rule = Judge::of(quoted, direction, context).and_then(|judge| judge.untracked(quoted, context));
    matches!(rule, Ok(Some(_)))
}
