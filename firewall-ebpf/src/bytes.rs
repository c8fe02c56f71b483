//! The octets of a frame, in the contexts of XDP and of TC.
//!
//! Octets are read where they lie as long as that part of the frame is linear, and by a helper where it is not. The
//! frame is never pulled together, since that would copy it.

use aya_ebpf::EbpfContext as _;
use aya_ebpf::bindings::{__sk_buff, xdp_md};
use aya_ebpf::helpers::generated::{bpf_skb_load_bytes, bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::programs::{TcContext, XdpContext};
use firewall_common::packet::{Bytes, Metadata};

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
}

/// A frame under TC.
pub struct SkbBytes<'a> {
    ctx: &'a TcContext,
    received: bool,
}

impl<'a> SkbBytes<'a> {
    #[inline(always)]
    pub const fn new(ctx: &'a TcContext, received: bool) -> Self {
        Self { ctx, received }
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

    /// After generic XDP on its parent, a macvlan's traffic control is not given the Ethernet header (seen on Linux 6.18): the
    /// buffer has forgotten how long that is. Then the length that the kernel notes right before it puts the header back
    /// is the length that there is.
    #[inline(always)]
    fn begins_with_header(&self) -> bool {
        let skb = self.skb();
        // SAFETY: the context is the one that the kernel gave.
        let (length, noted) = unsafe { ((*skb).len, (*skb).wire_len) };
        !self.received || length != noted
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
}
