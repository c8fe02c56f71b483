//! Removing expired flows.
//!
//! The controller walks the flow tables, and hands over the keys of what seems to have expired as a packet: 16 octets
//! that are not looked at, then key after key. Here each flow is looked at again, claimed by compare-and-swap, and only
//! then removed, so that a packet that comes meanwhile never loses its flow. The answer is the number removed.

use crate::tables::Maps;
use aya_ebpf::programs::TcContext;
use firewall_common::abi::{FlowKeyV4, FlowKeyV6, Timeouts};
use firewall_common::decide::{FlowEntry, Tables};
use firewall_common::flow::{State, Word, is_expired};
use firewall_common::packet::{Address, Ipv4, Ipv6};

/// What comes before the first key: the least that the kernel accepts for a frame, and the time-outs that hold.
const HEADER: usize = 16;
/// Most keys in one run.
const MAX_KEYS: usize = 64;

/// The programs read keys as their parts, so that they need not be aligned in the packet.
trait CollectKey: Copy {
    fn protocol(&self) -> u8;
}

impl CollectKey for FlowKeyV4 {
    #[inline(always)]
    fn protocol(&self) -> u8 {
        self.protocol
    }
}

impl CollectKey for FlowKeyV6 {
    #[inline(always)]
    fn protocol(&self) -> u8 {
        self.protocol
    }
}

#[inline(always)]
pub fn v4(ctx: &TcContext) -> i32 {
    collect::<Ipv4>(ctx)
}

#[inline(always)]
pub fn v6(ctx: &TcContext) -> i32 {
    collect::<Ipv6>(ctx)
}

#[inline(always)]
fn collect<A: Address>(ctx: &TcContext) -> i32
where
    A::FlowKey: CollectKey,
{
    let Ok(timeouts) = ctx.load::<Timeouts>(0) else { return 0 };
    let now = Maps.now();
    let mut removed = 0;
    for index in 0..MAX_KEYS {
        let Ok(key) = ctx.load::<A::FlowKey>(HEADER + index * size_of::<A::FlowKey>()) else { break };
        let Some(flow) = A::flow(&Maps, &key) else { continue };
        let word = Word::from_bits(flow.word());
        if matches!(word.state(), State::Claimed) || !is_expired(word, key.protocol(), &timeouts, now) {
            continue;
        }
        if flow.swap(word.bits(), word.at(State::Claimed, now).bits()) {
            A::remove_flow(&Maps, &key);
            removed += 1;
        }
    }
    removed
}
