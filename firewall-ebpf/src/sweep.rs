//! Removing expired flows, and cutting flows.
//!
//! The controller walks the flow tables, and hands over the keys of what seems to have expired, or is to be cut, as a
//! packet: what to do ([`Sweep`]), then key after key. Here each flow is looked at again and claimed by compare-and-swap,
//! so that a packet that comes meanwhile never loses its flow. The answer is the number of flows that have changed.

use crate::tables::Maps;
use aya_ebpf::programs::TcContext;
use firewall_common::abi::{FlowKeyV4, FlowKeyV6, SWEEP_CUT, Sweep};
use firewall_common::decide::{FlowEntry, Tables};
use firewall_common::flow::{State, Word, class, is_expired};
use firewall_common::packet::{Address, Ipv4, Ipv6};

/// Most keys in one run.
const MAX_KEYS: usize = 64;

/// What is read of a key besides its octets.
trait SweepKey: Copy {
    fn attachment(&self) -> u32;
    fn protocol(&self) -> u8;
}

impl SweepKey for FlowKeyV4 {
    #[inline(always)]
    fn attachment(&self) -> u32 {
        self.attachment
    }

    #[inline(always)]
    fn protocol(&self) -> u8 {
        self.protocol
    }
}

impl SweepKey for FlowKeyV6 {
    #[inline(always)]
    fn attachment(&self) -> u32 {
        self.attachment
    }

    #[inline(always)]
    fn protocol(&self) -> u8 {
        self.protocol
    }
}

#[inline(always)]
pub fn v4(ctx: &TcContext) -> i32 {
    sweep::<Ipv4>(ctx)
}

#[inline(always)]
pub fn v6(ctx: &TcContext) -> i32 {
    sweep::<Ipv6>(ctx)
}

#[inline(always)]
fn sweep<A: Address>(ctx: &TcContext) -> i32
where
    A::FlowKey: SweepKey,
{
    let Ok(sweep) = ctx.load::<Sweep>(0) else { return 0 };
    let now = Maps.now();
    let mut changed = 0;
    for index in 0..MAX_KEYS {
        let Ok(key) = ctx.load::<A::FlowKey>(size_of::<Sweep>() + index * size_of::<A::FlowKey>()) else { break };
        let Some(flow) = A::flow(&Maps, &key) else { continue };
        let word = Word::from_bits(flow.word());
        let state = word.state();
        let next = if sweep.mode == SWEEP_CUT { State::Cut } else { State::Claimed };
        let is_meant = match next {
            State::Cut => !matches!(state, State::Cut),
            _ => is_expired(word, key.protocol(), &sweep.timeouts, now),
        };
        if matches!(state, State::Claimed) || !is_meant {
            continue;
        }
        if flow.swap(word.bits(), word.at(next, now).bits()) {
            if matches!(next, State::Claimed) {
                A::remove_flow(&Maps, &key);
            }
            if state.is_established() {
                Maps.add_established(key.attachment(), class(key.protocol()), -1);
            }
            changed += 1;
        }
    }
    changed
}
