//! Fragments (spec, D2): the first one of a datagram has the ports, so it is judged as a packet is, and remembered if it
//! passed. The others follow it, and only if they begin where it ends: no port that was judged is replaced.
//!
//! A fragment that comes before the first one is dropped. Senders send the first one first, and a memory of fragments whose
//! ports are not known would be one that anybody can fill.

use super::{Context, Tables};
use crate::abi::{FirstFragment, ticks};
use crate::packet::{Address, Packet};
use crate::verdict::Reason;

/// Ticks for which the others may follow: as long as the kernel waits for them (`net.ipv4.ipfrag_time`).
const LIFETIME: u64 = ticks(30) as u64;

/// Remembers a first fragment that has passed, by a rule or by none.
#[inline(always)]
pub fn remember<A: Address, T: Tables>(packet: &Packet<A>, rule: u32, context: &Context<'_, T>) {
    let first = FirstFragment { expires: context.moment.now + LIFETIME, end: u32::from(packet.fragment.end), rule };
    A::remember_fragment(&context.tables, &key(packet, context), &first);
}

/// Judges a fragment other than the first.
#[inline(always)]
pub fn follow<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> Result<(), Reason> {
    let first = A::fragment(&context.tables, &key(packet, context)).filter(|first| context.moment.now < first.expires);
    let FirstFragment { expires: _, end, rule } = first.ok_or(Reason::FragmentWithoutFirst)?;
    if u32::from(packet.fragment.start) < end {
        return Err(Reason::FragmentOverlap);
    }
    context.count_rule(rule, 0);
    Ok(())
}

/// What the fragments of a datagram have in common.
#[inline(always)]
fn key<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> A::FragmentKey {
    A::fragment_key(context.interface.attachment, packet, context.direction())
}
