//! State, nonce and time last seen of a flow in one word, so that they change together.

use super::State;

/// Bits of the time last seen.
const SEEN_BITS: u32 = 40;
const SEEN_MASK: u64 = (1 << SEEN_BITS) - 1;

/// Set in the octet of the state: the flow began with a packet that would have been dropped.
const DENIED: u64 = 1 << 7;

/// The word of a flow: state in bits 0 to 6, the mark of a denied one in bit 7, nonce in 8 to 23, tick last seen in 24 to
/// 63.
///
/// The nonce tells a flow from another that has taken its place in memory between a look-up and a compare-and-swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word(u64);

impl Word {
    /// From its parts.
    #[must_use]
    #[inline(always)]
    pub const fn new(state: State, nonce: u16, now: u64) -> Self {
        Self(state as u64 | (nonce as u64) << 8 | (now & SEEN_MASK) << 24)
    }

    /// From the map.
    #[must_use]
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// For the map.
    #[must_use]
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The state.
    #[must_use]
    #[inline(always)]
    pub const fn state(self) -> State {
        State::from_number(self.0 as u8 & !(DENIED as u8))
    }

    /// Whether the flow began with a packet that would have been dropped, at an interface where nothing is enforced.
    #[must_use]
    #[inline(always)]
    pub const fn is_denied(self) -> bool {
        self.0 & DENIED != 0
    }

    /// The same flow, marked as denied or not.
    #[must_use]
    #[inline(always)]
    pub const fn denied(self, is_denied: bool) -> Self {
        Self(if is_denied { self.0 | DENIED } else { self.0 & !DENIED })
    }

    /// The nonce.
    #[must_use]
    #[inline(always)]
    pub const fn nonce(self) -> u16 {
        (self.0 >> 8) as u16
    }

    /// The tick at which the flow was last seen, as far as 40 bits go.
    #[must_use]
    #[inline(always)]
    pub const fn seen(self) -> u64 {
        self.0 >> 24
    }

    /// The same flow in a state, seen at a tick.
    #[must_use]
    #[inline(always)]
    pub const fn at(self, state: State, now: u64) -> Self {
        Self(Self::new(state, self.nonce(), now).0 | self.0 & DENIED)
    }

    /// Ticks since it was last seen. A packet on another CPU may have seen it a moment after `now` was read: that is 0.
    #[must_use]
    #[inline(always)]
    pub const fn idle(self, now: u64) -> u64 {
        let idle = (now.wrapping_sub(self.seen())) & SEEN_MASK;
        if idle >> (SEEN_BITS - 1) == 0 { idle } else { 0 }
    }
}
