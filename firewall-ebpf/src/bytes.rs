//! The octets of a frame, in the contexts of XDP and of TC.
//!
//! Octets are read where they lie as long as that part of the frame is linear, and by a helper where it is not. The
//! frame is never pulled together, since that would copy it.

use aya_ebpf::EbpfContext as _;
use aya_ebpf::bindings::{__sk_buff, xdp_md};
use aya_ebpf::helpers::generated::{bpf_skb_load_bytes, bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::programs::{TcContext, XdpContext};
use firewall_common::packet::{Bytes, Ipv4, Ipv6, Layer, Metadata, Packet, parse_all_v4, parse_all_v6};
use firewall_common::verdict::Reason;

/// Offsets that the verifier believes in; headers end long before.
const MAX_OFFSET: usize = 0x7fff;

/// An offset whose bounds the verifier knows wherever the compiler keeps it; none, if it is beyond them.
///
/// A comparison alone is not enough: the compiler compares one copy and adds another, which it has put on the stack before,
/// and the verifier of Linux 6.1 does not know that both are the same.
#[inline(always)]
fn bounded(offset: usize) -> Option<usize> {
    if offset > MAX_OFFSET {
        return None;
    }
    #[cfg(target_arch = "bpf")]
    if !core::intrinsics::is_val_statically_known(offset) {
        let mut bounded = offset;
        // SAFETY: one instruction on one register, which changes nothing in an offset that has been compared.
        unsafe {
            core::arch::asm!("{0} &= 0x7fff", inout(reg) bounded, options(pure, nomem, nostack, preserves_flags));
        }
        return Some(bounded);
    }
    Some(offset)
}

/// Reads octets that lie between `data` and `data_end`.
#[inline(always)]
fn read_linear<const N: usize>(data: usize, data_end: usize, offset: usize) -> Option<[u8; N]> {
    let start = data + offset;
    if start + N > data_end {
        return None;
    }
    // SAFETY: the octets lie within the linear part of the frame, as just compared; an array of octets is aligned
    // anywhere and valid whatever they are.
    Some(unsafe { *(start as *const [u8; N]) })
}

/// A frame under XDP.
pub struct XdpBytes<'a> {
    ctx: &'a XdpContext,
    length: usize,
}

impl<'a> XdpBytes<'a> {
    #[inline(always)]
    pub fn new(ctx: &'a XdpContext) -> Self {
        // SAFETY: the context is the one that the kernel gave.
        let length = unsafe { bpf_xdp_get_buff_len(ctx.ctx) };
        Self { ctx, length: length as usize }
    }

    /// The frame in a step of parsing, where its length is known already.
    #[inline(always)]
    const fn behind(ctx: &'a XdpContext, layer: &Layer) -> Self {
        Self { ctx, length: layer.length as usize }
    }

    #[inline(always)]
    fn context(&self) -> *mut xdp_md {
        self.ctx.ctx
    }
}

impl Bytes for XdpBytes<'_> {
    #[inline(always)]
    fn length(&self) -> usize {
        self.length
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let offset = bounded(offset)?;
        if let Some(octets) = read_linear(self.ctx.data(), self.ctx.data_end(), offset) {
            return Some(octets);
        }
        if offset + N > self.length {
            return None;
        }
        let mut octets = [0; N];
        // SAFETY: the helper writes N octets or fails.
        let result = unsafe { bpf_xdp_load_bytes(self.context(), offset as u32, octets.as_mut_ptr().cast(), N as u32) };
        (result == 0).then_some(octets)
    }

    #[inline(always)]
    fn parse_v4(&self, layer: &Layer, packet: &mut Packet<Ipv4>) -> u8 {
        firewall_parse_v4_xdp(self.context(), layer, packet) as u8
    }

    #[inline(always)]
    fn parse_v6(&self, layer: &Layer, packet: &mut Packet<Ipv6>) -> u8 {
        firewall_parse_v6_xdp(self.context(), layer, packet) as u8
    }
}

/// A frame under TC.
pub struct SkbBytes<'a> {
    ctx: &'a TcContext,
}

impl<'a> SkbBytes<'a> {
    #[inline(always)]
    pub const fn new(ctx: &'a TcContext) -> Self {
        Self { ctx }
    }

    /// As [`XdpBytes::behind`].
    #[inline(always)]
    const fn behind(ctx: &'a TcContext, _layer: &Layer) -> Self {
        Self { ctx }
    }

    #[inline(always)]
    fn skb(&self) -> *mut __sk_buff {
        self.ctx.as_ptr().cast()
    }

    #[inline(always)]
    pub fn ifindex(&self) -> u32 {
        // SAFETY: the context is the one that the kernel gave.
        unsafe { (*self.skb()).ifindex }
    }

    #[inline(always)]
    pub fn metadata(&self) -> Metadata {
        let skb = self.skb();
        // SAFETY: the context is the one that the kernel gave.
        let (present, control, segments) = unsafe { ((*skb).vlan_present, (*skb).vlan_tci, (*skb).gso_segs) };
        Metadata { vlan: (present != 0).then_some(control as u16), segments: segments.max(1) }
    }
}

impl Bytes for SkbBytes<'_> {
    #[inline(always)]
    fn length(&self) -> usize {
        self.ctx.len() as usize
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let offset = bounded(offset)?;
        if let Some(octets) = read_linear(self.ctx.data(), self.ctx.data_end(), offset) {
            return Some(octets);
        }
        if offset + N > self.length() {
            return None;
        }
        let mut octets = [0; N];
        // SAFETY: the helper writes N octets or fails.
        let result =
            unsafe { bpf_skb_load_bytes(self.skb().cast(), offset as u32, octets.as_mut_ptr().cast(), N as u32) };
        (result == 0).then_some(octets)
    }

    #[inline(always)]
    fn parse_v4(&self, layer: &Layer, packet: &mut Packet<Ipv4>) -> u8 {
        firewall_parse_v4_skb(self.skb(), layer, packet) as u8
    }

    #[inline(always)]
    fn parse_v6(&self, layer: &Layer, packet: &mut Packet<Ipv6>) -> u8 {
        firewall_parse_v6_skb(self.skb(), layer, packet) as u8
    }
}

/// Defines a step of parsing as a global function, as in `steps`. A null pointer, which no caller hands over, is a
/// contradiction.
macro_rules! global {
    ($name:ident, $context:ty, $wrapper:ty, $address:ty, $parse:ident, $bytes:expr) => {
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name(context: *mut $context, layer: *const Layer, packet: *mut Packet<$address>) -> u32 {
            // SAFETY: the callers have references, and nobody else has one to the packet.
            let (layer, packet) = unsafe { (layer.as_ref(), packet.as_mut()) };
            let (Some(layer), Some(packet)) = (layer, packet) else { return Reason::Internal.number().into() };
            let context = <$wrapper>::new(context);
            $parse(&$bytes(&context, layer), layer, packet).into()
        }
    };
}

global!(firewall_parse_v4_xdp, xdp_md, XdpContext, Ipv4, parse_all_v4, XdpBytes::behind);
global!(firewall_parse_v6_xdp, xdp_md, XdpContext, Ipv6, parse_all_v6, XdpBytes::behind);
global!(firewall_parse_v4_skb, __sk_buff, TcContext, Ipv4, parse_all_v4, SkbBytes::behind);
global!(firewall_parse_v6_skb, __sk_buff, TcContext, Ipv6, parse_all_v6, SkbBytes::behind);
