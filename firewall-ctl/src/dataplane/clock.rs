//! The clock of the tables.

use firewall_common::abi::TICK_SHIFT;
use rustix::time::{ClockId, clock_gettime};

/// The present tick. The programs read the coarse clock, which is behind by a few milliseconds.
pub(super) fn now() -> u64 {
    let time = clock_gettime(ClockId::MonotonicCoarse);
    let nanoseconds = time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned();
    nanoseconds >> TICK_SHIFT
}
