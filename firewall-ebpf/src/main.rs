//! The programs: one for XDP, two for TC, over the decision in `firewall-common`; and two that are not attached
//! anywhere and remove or cut flows when the controller runs them.
//!
//! Nothing here is policy. An outcome becomes an action in [`xdp_action`] and [`tc_action`], and nowhere else.
//!
//! For any other target than BPF the crate is an ordinary program that does nothing, so that `cargo check`, clippy and
//! rust-analyzer need no eBPF compiler.
#![cfg_attr(target_arch = "bpf", no_std, no_main, feature(core_intrinsics, asm_experimental_arch))]
#![cfg_attr(target_arch = "bpf", expect(internal_features, reason = "the target has no stable compare-and-swap"))]
#![expect(clippy::needless_pass_by_value, reason = "the macros hand the context over by value")]

mod atomic;
mod bytes;
mod entries;
mod maps;
mod steps;
mod sweep;
mod tables;

use aya_ebpf::bindings::{TC_ACT_SHOT, TC_ACT_UNSPEC, xdp_action::XDP_DROP, xdp_action::XDP_PASS};
use aya_ebpf::macros::{classifier, xdp};
use aya_ebpf::programs::{TcContext, XdpContext};
use aya_log_ebpf::debug;
use bytes::{SkbBytes, XdpBytes};
use firewall_common::decide::{Hook, decide};
use firewall_common::packet::{Ipv4, Ipv6, Metadata};
use firewall_common::verdict::Outcome;
use tables::Maps;

/// Frames that a device receives, before the kernel has made packets of them.
#[xdp(frags)]
fn firewall_xdp_rx(ctx: XdpContext) -> u32 {
    let hook = Hook { ifindex: ctx.ingress_ifindex() as u32, received: true };
    let outcome = decide(&XdpBytes::new(&ctx), &Metadata::PLAIN, hook, Maps);
    log(&ctx, hook, outcome);
    xdp_action(outcome)
}

/// Frames that a device receives, as the traffic control layer sees them.
#[classifier]
fn firewall_tc_rx(ctx: TcContext) -> i32 {
    judge_skb::<true>(&ctx)
}

/// Frames that a device is about to send.
#[classifier]
fn firewall_tc_tx(ctx: TcContext) -> i32 {
    judge_skb::<false>(&ctx)
}

/// Removes or cuts the IPv4 flows whose keys are in the packet.
#[classifier]
fn firewall_sweep_v4(ctx: TcContext) -> i32 {
    sweep::run::<Ipv4>(&ctx)
}

/// Removes or cuts the IPv6 flows whose keys are in the packet.
#[classifier]
fn firewall_sweep_v6(ctx: TcContext) -> i32 {
    sweep::run::<Ipv6>(&ctx)
}

#[inline(always)]
fn judge_skb<const RECEIVED: bool>(ctx: &TcContext) -> i32 {
    let bytes = SkbBytes::<RECEIVED>::new(ctx);
    let hook = Hook { ifindex: bytes.ifindex(), received: RECEIVED };
    let outcome = decide(&bytes, &bytes.metadata(), hook, Maps);
    log(ctx, hook, outcome);
    tc_action(outcome)
}

#[inline(always)]
const fn xdp_action(outcome: Outcome) -> u32 {
    if outcome.passes() { XDP_PASS } else { XDP_DROP }
}

/// A pass leaves the packet to the programs and filters behind ours: `TCX_NEXT`, which is `TC_ACT_UNSPEC` for clsact.
#[inline(always)]
const fn tc_action(outcome: Outcome) -> i32 {
    if outcome.passes() { TC_ACT_UNSPEC } else { TC_ACT_SHOT }
}

/// Says what became of a packet. Below the level that the controller sets when it loads the programs, the verifier
/// removes the whole of it.
#[inline(always)]
fn log<C: aya_ebpf::EbpfContext>(ctx: &C, hook: Hook, outcome: Outcome) {
    if !outcome.passes() {
        debug!(
            ctx,
            "ifindex {} received {}: dropped, reason {}",
            hook.ifindex,
            u8::from(hook.received),
            outcome.number()
        );
    }
}

/// The verifier admits no program in which this can be reached: it is a loop without an end.
#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Where there is no kernel to load the programs.
#[cfg(not(target_arch = "bpf"))]
fn main() {}

/// The helpers that are not under a permissive licence ask for this; the rest of the project is MIT or Apache-2.0.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
