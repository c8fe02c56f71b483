//! The octets of a frame, in the contexts of XDP and of TC.
//!
//! Octets are read where they lie as long as that part of the frame is linear, and by a helper where it is not. The
//! frame is never pulled together, since that would copy it.

use aya_ebpf::EbpfContext as _;
use aya_ebpf::bindings::bpf_hdr_start_off::BPF_HDR_START_MAC;
use aya_ebpf::bindings::{__sk_buff, xdp_md};
use aya_ebpf::helpers::generated::{
    bpf_skb_load_bytes, bpf_skb_load_bytes_relative, bpf_xdp_get_buff_len, bpf_xdp_load_bytes,
};
use aya_ebpf::programs::{TcContext, XdpContext};
use firewall_common::packet::{Bytes, Ipv4, Ipv6, Metadata, Packet, part_step_v4, part_step_v6, step_v4, step_v6};
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
pub struct XdpBytes {
    ctx: *mut xdp_md,
    length: usize,
}

impl XdpBytes {
    #[inline(always)]
    pub fn new(ctx: &XdpContext) -> Self {
        // SAFETY: the context is the one that the kernel gave.
        let length = unsafe { bpf_xdp_get_buff_len(ctx.ctx) };
        Self { ctx: ctx.ctx, length: length as usize }
    }

    /// The frame in a step of parsing, where its length is known already: asking for it is a call.
    #[inline(always)]
    const fn of_length(ctx: *mut xdp_md, length: u32) -> Self {
        Self { ctx, length: length as usize }
    }
}

impl Bytes for XdpBytes {
    #[inline(always)]
    fn length(&self) -> usize {
        self.length
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let offset = bounded(offset)?;
        // SAFETY: the context is the one that the kernel gave.
        let (data, end) = unsafe { ((*self.ctx).data, (*self.ctx).data_end) };
        if let Some(octets) = read_linear(data as usize, end as usize, offset) {
            return Some(octets);
        }
        if offset + N > self.length {
            return None;
        }
        let mut octets = [0; N];
        // SAFETY: the helper writes N octets or fails.
        let result = unsafe { bpf_xdp_load_bytes(self.ctx, offset as u32, octets.as_mut_ptr().cast(), N as u32) };
        (result == 0).then_some(octets)
    }

    #[inline(always)]
    fn parse_v4(&self, packet: &mut Packet<Ipv4>, segments: u32) -> u8 {
        firewall_parse_v4_xdp(self.ctx, packet, self.length as u32, segments) as u8
    }

    #[inline(always)]
    fn parse_part_v4(&self, packet: &mut Packet<Ipv4>, begin: u32, segments: u32) -> u8 {
        firewall_part_v4_xdp(self.ctx, packet, self.length as u32, begin, segments) as u8
    }

    #[inline(always)]
    fn parse_v6(&self, packet: &mut Packet<Ipv6>, segments: u32) -> u8 {
        firewall_parse_v6_xdp(self.ctx, packet, self.length as u32, segments) as u8
    }

    #[inline(always)]
    fn parse_part_v6(&self, packet: &mut Packet<Ipv6>, begin: u32, segments: u32) -> u8 {
        firewall_part_v6_xdp(self.ctx, packet, self.length as u32, begin, segments) as u8
    }
}

/// A frame under TC, of which it is known while compiling whether it was received: what is known later is on the stack.
pub struct SkbBytes<const RECEIVED: bool> {
    skb: *mut __sk_buff,
}

impl<const RECEIVED: bool> SkbBytes<RECEIVED> {
    #[inline(always)]
    pub fn new(ctx: &TcContext) -> Self {
        Self::of(ctx.as_ptr().cast())
    }

    /// The frame in a step of parsing. That it begins with its header has been looked at by then.
    #[inline(always)]
    const fn of(skb: *mut __sk_buff) -> Self {
        Self { skb }
    }

    #[inline(always)]
    pub fn ifindex(&self) -> u32 {
        // SAFETY: the context is the one that the kernel gave.
        unsafe { (*self.skb).ifindex }
    }

    #[inline(always)]
    pub fn metadata(&self) -> Metadata {
        let skb = self.skb;
        // SAFETY: the context is the one that the kernel gave.
        let (present, control, segments) = unsafe { ((*skb).vlan_present, (*skb).vlan_tci, (*skb).gso_segs) };
        Metadata { vlan: (present != 0).then_some(control as u16), segments: segments.max(1) }
    }
}

impl<const RECEIVED: bool> Bytes for SkbBytes<RECEIVED> {
    #[inline(always)]
    fn length(&self) -> usize {
        // SAFETY: the context is the one that the kernel gave.
        (unsafe { (*self.skb).len }) as usize
    }

    /// After generic XDP by a program that takes frames in pieces, Linux 6.18 has forgotten how long the Ethernet header is,
    /// and shows traffic control the packet without it, on the device and on a macvlan above it.
    ///
    /// The kernel notes the length of a received packet before it puts the header back. Where that is less than the length
    /// now, something was put back. It is not less for a packet without its header; nor, in a test run, or on kernels that
    /// count the headers of all segments, for others. For those, the place of the header decides.
    #[inline(always)]
    fn begins_with_header(&self) -> bool {
        // SAFETY: the context is the one that the kernel gave.
        let (length, noted) = unsafe { ((*self.skb).len, (*self.skb).wire_len) };
        !RECEIVED || noted < length || !lies_behind_header(self.skb)
    }

    /// A device of GRE is given what it receives with the header around it, which the length noted does not hold. Runs for
    /// testing note none.
    #[inline(always)]
    fn before_network(&self) -> usize {
        // SAFETY: the context is the one that the kernel gave.
        let (length, noted) = unsafe { ((*self.skb).len, (*self.skb).wire_len) };
        if RECEIVED && noted != 0 && noted < length { (length - noted) as usize } else { 0 }
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let offset = bounded(offset)?;
        // SAFETY: the context is the one that the kernel gave.
        let (data, end) = unsafe { ((*self.skb).data, (*self.skb).data_end) };
        if let Some(octets) = read_linear(data as usize, end as usize, offset) {
            return Some(octets);
        }
        if offset + N > self.length() {
            return None;
        }
        let mut octets = [0; N];
        // SAFETY: the helper writes N octets or fails.
        let result =
            unsafe { bpf_skb_load_bytes(self.skb.cast(), offset as u32, octets.as_mut_ptr().cast(), N as u32) };
        (result == 0).then_some(octets)
    }

    #[inline(always)]
    fn parse_v4(&self, packet: &mut Packet<Ipv4>, segments: u32) -> u8 {
        firewall_parse_v4_skb(self.skb, packet, segments) as u8
    }

    #[inline(always)]
    fn parse_part_v4(&self, packet: &mut Packet<Ipv4>, begin: u32, segments: u32) -> u8 {
        firewall_part_v4_skb(self.skb, packet, begin, segments) as u8
    }

    #[inline(always)]
    fn parse_v6(&self, packet: &mut Packet<Ipv6>, segments: u32) -> u8 {
        firewall_parse_v6_skb(self.skb, packet, segments) as u8
    }

    #[inline(always)]
    fn parse_part_v6(&self, packet: &mut Packet<Ipv6>, begin: u32, segments: u32) -> u8 {
        firewall_part_v6_skb(self.skb, packet, begin, segments) as u8
    }
}

/// Whether there is an octet as far behind the beginning of the Ethernet header as the linear part of the frame is long. If
/// the frame begins with that header there is none: the kernel reads nothing but the linear part by distances from there.
#[inline(never)]
fn lies_behind_header(skb: *mut __sk_buff) -> bool {
    let mut octet = [0u8; 1];
    // SAFETY: the context is the one that the kernel gave; the helper writes one octet or fails.
    let result = unsafe {
        let linear = ((*skb).data_end as usize - (*skb).data as usize) as u32;
        bpf_skb_load_bytes_relative(skb.cast(), linear, octet.as_mut_ptr().cast(), 1, BPF_HDR_START_MAC)
    };
    result == 0
}

/// Defines a step of parsing as a global function, as in `steps`: over a frame that is made of the context and other
/// numbers. A null pointer, which no caller hands over, is a contradiction.
macro_rules! global {
    ($name:ident, $context:ty, $bytes:expr, ($($of:ident),*), $address:ty, $step:ident($($more:ident),*)) => {
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name(
            context: *mut $context,
            packet: *mut Packet<$address>,
            $($of: u32,)*
            $($more: u32),*
        ) -> u32 {
            // SAFETY: the caller has the only reference to the packet.
            let Some(packet) = (unsafe { packet.as_mut() }) else { return Reason::Internal.number().into() };
            $step(&$bytes(context, $($of),*), packet, $($more),*).into()
        }
    };
}

global!(firewall_parse_v4_xdp, xdp_md, XdpBytes::of_length, (length), Ipv4, step_v4(segments));
global!(firewall_parse_v6_xdp, xdp_md, XdpBytes::of_length, (length), Ipv6, step_v6(segments));
global!(firewall_part_v4_xdp, xdp_md, XdpBytes::of_length, (length), Ipv4, part_step_v4(begin, segments));
global!(firewall_part_v6_xdp, xdp_md, XdpBytes::of_length, (length), Ipv6, part_step_v6(begin, segments));
global!(firewall_parse_v4_skb, __sk_buff, SkbBytes::<false>::of, (), Ipv4, step_v4(segments));
global!(firewall_parse_v6_skb, __sk_buff, SkbBytes::<false>::of, (), Ipv6, step_v6(segments));
global!(firewall_part_v4_skb, __sk_buff, SkbBytes::<false>::of, (), Ipv4, part_step_v4(begin, segments));
global!(firewall_part_v6_skb, __sk_buff, SkbBytes::<false>::of, (), Ipv6, part_step_v6(begin, segments));
