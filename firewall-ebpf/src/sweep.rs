//! Removing expired flows, and cutting flows.
//!
//! The controller walks the flow tables, and hands over the keys of what seems to have expired, or is to be cut, as a
//! packet: what to do ([`Sweep`]), then key after key. The answer is the number of flows that have changed.

use crate::tables::Maps;
use aya_ebpf::programs::TcContext;
use firewall_common::abi::Sweep;
use firewall_common::decide::{Tables as _, sweep};
use firewall_common::packet::Address;

/// Most keys in one run.
const MAX_KEYS: usize = 64;

#[inline(always)]
pub fn run<A: Address>(ctx: &TcContext) -> i32 {
    let Ok(header) = ctx.load::<Sweep>(0) else { return 0 };
    let now = Maps.now();
    let mut changed = 0;
    for index in 0..MAX_KEYS {
        let Ok(key) = ctx.load::<A::FlowKey>(size_of::<Sweep>() + index * size_of::<A::FlowKey>()) else { break };
        changed += i32::from(sweep::<A, Maps>(&Maps, &header, &key, now));
    }
    changed
}
