//! Numbers of which the verifier knows nothing.
//!
//! It follows each value by what it knows of it, and goes through the same code once more for a value of which it knows
//! something else: behind a loop once for each number of rounds. Where what it knows is of no use any more, it is made to
//! forget. What comes out is what went in, wherever the code runs.

use core::hint::black_box;

/// The number itself; `unknown` is any number of which the verifier knows nothing.
#[inline(always)]
pub(super) fn opaque(number: usize, unknown: u64) -> usize {
    let zero = black_box(unknown) ^ black_box(unknown);
    number ^ zero as usize
}
