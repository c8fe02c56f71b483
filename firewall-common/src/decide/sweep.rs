//! Flows that have expired, and flows that are cut, without a packet: what the controller has the programs do.

use super::flows::{end_established, remove};
use super::{FlowEntry, Tables};
use crate::abi::{AnyFlowKey as _, SWEEP_CUT, Sweep};
use crate::flow::{State, Word, is_expired};
use crate::packet::Address;

/// Removes the flow under a key if it has expired, or cuts it, and says whether it did. The flow is looked at anew and changed
/// by compare-and-swap, so that a packet that comes meanwhile never loses its flow.
#[inline(always)]
pub fn sweep<A: Address, T: Tables>(tables: &T, sweep: &Sweep, key: &A::FlowKey, now: u64) -> bool {
    let Some(entry) = A::flow(tables, key) else { return false };
    let word = Word::from_bits(entry.word());
    if sweep.mode != SWEEP_CUT {
        let is_over = is_expired(word, key.protocol(), &sweep.timeouts, now);
        return is_over && remove::<A, T>(tables, key, entry, word, now);
    }
    let is_uncut = !matches!(word.state(), State::Claimed | State::Cut);
    let is_cut = is_uncut && entry.swap(word.bits(), word.at(State::Cut, now).bits());
    if is_cut {
        end_established::<A, T>(tables, key, word);
    }
    is_cut
}
