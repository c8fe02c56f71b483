//! Fragments: which octets of a datagram a packet carries, and which of them no sender makes.

use super::protocol;
use crate::verdict::Reason;

/// What an IPv6 fragment header takes up.
pub(super) const HEADER: usize = 8;
/// The bits of its offset.
pub(super) const OFFSET: u16 = 0xfff8;

/// A datagram, its addresses and options included, has at most as many octets.
const MAX_DATAGRAM: usize = 65_535;
/// The part of a TCP header that all have: it holds the ports and the flags.
const TCP_HEADER: usize = 20;

/// Which octets of a datagram a packet carries. Without padding, as the packet itself.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// What the fragments of one datagram have in common.
    pub id: u32,
    /// Octets of the datagram, without the headers that each fragment repeats, before those of the packet.
    pub start: u16,
    /// Octets up to the last one of the packet; 0 for a whole datagram.
    pub end: u16,
    /// The protocol by which fragments belong together: for IPv6 what the fragment header says, which may be a further
    /// extension header.
    pub next: u8,
    /// Always zero.
    pub reserved: [u8; 3],
}

impl Fragment {
    /// No fragment but a whole datagram.
    pub const WHOLE: Self = Self { id: 0, start: 0, end: 0, next: 0, reserved: [0; 3] };

    /// Whether it is a whole datagram.
    #[must_use]
    #[inline(always)]
    pub const fn is_whole(&self) -> bool {
        self.end == 0
    }

    /// Whether it is the fragment that begins a datagram, and so has the header behind IP.
    #[must_use]
    #[inline(always)]
    pub const fn is_first(&self) -> bool {
        self.start == 0 && self.end != 0
    }

    /// Whether it is one of the others, of which nothing is known but to which datagram they belong.
    #[must_use]
    #[inline(always)]
    pub const fn is_later(&self) -> bool {
        self.start != 0
    }
}

/// Of an IPv4 packet that carries `length` octets behind a header of `before` octets, of which the first eight are given.
#[inline(always)]
pub(super) fn v4(header: &[u8; 8], protocol: u8, before: usize, length: usize) -> Result<Fragment, Reason> {
    let id = u16::from_be_bytes([header[4], header[5]]);
    let field = u16::from_be_bytes([header[6], header[7]]);
    let start = usize::from(field & 0x1fff) * 8;
    part(u32::from(id), protocol, start..start + length, field & 0x2000 != 0, before)
}

/// Of an IPv6 packet with such a fragment header: `before` octets of the payload are before it, and `length` follow it.
#[inline(always)]
pub(super) fn v6(header: &[u8; HEADER], before: usize, length: usize) -> Result<Fragment, Reason> {
    let field = u16::from_be_bytes([header[2], header[3]]);
    let id = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
    let start = usize::from(field & OFFSET);
    part(id, header[0], start..start + length, field & 1 != 0, before)
}

/// Whether an IPv6 fragment header with this field is about less than a whole packet. Atomic fragments are whole packets
/// (RFC 6946): the two reserved bits are all that they may have set.
#[inline(always)]
pub(super) fn is_part(field: [u8; 2]) -> bool {
    u16::from_be_bytes(field) & 0xfff9 != 0
}

/// A fragment that some sender may have made.
#[inline(always)]
fn part(id: u32, next: u8, range: core::ops::Range<usize>, more: bool, before: usize) -> Result<Fragment, Reason> {
    let core::ops::Range { start, end } = range;
    let length = end - start;
    let is_cut_anywhere = more && length % 8 != 0;
    let is_within_ports = next == protocol::TCP && start != 0 && start < TCP_HEADER;
    if length == 0 || is_cut_anywhere || is_within_ports || before + end > MAX_DATAGRAM {
        return Err(Reason::FragmentHeader);
    }
    Ok(Fragment { id, start: start as u16, end: end as u16, next, reserved: [0; 3] })
}
