//! Rings of half-open flows: how many of them there can be, and who goes when another comes.
//!
//! A flow that begins takes the next place of its ring. Who held the place goes, if it is half-open still; an established
//! flow has left its place behind. So a flood pushes out only its like: of the same interface, direction and class.

use super::{Context, FlowEntry, PlaceEntry, Tables, flows};
use crate::flow::Word;
use crate::packet::{Address, Ipv4, Ipv6};
use crate::verdict::Direction;

/// The ring of a class ([`crate::abi::TCP`], [`crate::abi::OTHERS`]) and of the direction of the opener's packets.
#[must_use]
pub const fn ring(class: usize, direction: Direction) -> usize {
    class * 2 + direction as usize
}

/// Gives a flow its place.
#[inline(never)]
pub fn enter<A: Address, T: Tables>(key: &A::FlowKey, nonce: u16, class: usize, context: &Context<'_, T>) {
    let ring = ring(class, context.direction());
    let Some(place) = context.tables.next_place(context.interface, ring) else { return };
    if let Some(holder) = place.holder_v4() {
        evict::<Ipv4, T>(holder, place.nonce(), context);
    } else if let Some(holder) = place.holder_v6() {
        evict::<Ipv6, T>(holder, place.nonce(), context);
    }
    A::give(&place, key, nonce);
}

/// Removes a flow that is half-open still.
#[inline(never)]
fn evict<A: Address, T: Tables>(key: &A::FlowKey, nonce: u16, context: &Context<'_, T>) {
    let Some(entry) = A::flow(&context.tables, key) else { return };
    let word = Word::from_bits(entry.word());
    if word.nonce() == nonce && word.state().is_embryonic() {
        flows::remove::<A, T>(&context.tables, key, entry, word, context.moment.now);
    }
}
