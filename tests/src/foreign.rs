//! Programs of somebody else at the hooks that ours use: each counts how often it runs, and answers always the same.
//!
//! They are written as instructions, so that no compiler is needed, and go with their file descriptors.

use crate::netns::Namespace;
use std::ffi::CString;
use std::io::{Error, Result};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Answers of programs in traffic control.
pub mod action {
    /// The next program decides.
    pub const NEXT: i32 = -1;
    /// The packet passes, and no further program sees it.
    pub const OK: i32 = 0;
    /// The packet is dropped.
    pub const DROP: i32 = 2;
    /// The frame passes, under XDP.
    pub const XDP_PASS: i32 = 2;
}

/// A hook of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// XDP in the driver.
    Xdp,
    /// XDP behind the driver.
    XdpGeneric,
    /// Traffic control by links, for received frames.
    TcxIngress,
    /// Traffic control by links, for frames to be sent.
    TcxEgress,
}

/// Commands of bpf(2), and other numbers of `linux/bpf.h`.
mod bpf {
    pub const MAP_CREATE: i32 = 0;
    pub const MAP_LOOKUP: i32 = 1;
    pub const PROG_LOAD: i32 = 5;
    pub const OBJ_PIN: i32 = 6;
    pub const OBJ_GET: i32 = 7;
    pub const OBJ_GET_INFO_BY_FD: i32 = 15;
    pub const LINK_CREATE: i32 = 28;
    pub const LINK_DETACH: i32 = 34;
    pub const MAP_TYPE_ARRAY: u32 = 2;
    pub const PROG_TYPE_SCHED_CLS: u32 = 3;
    pub const PROG_TYPE_XDP: u32 = 6;
    pub const XDP: u32 = 37;
    pub const TCX_INGRESS: u32 = 46;
    pub const TCX_EGRESS: u32 = 47;
    pub const XDP_SKB_MODE: u32 = 1 << 1;
    pub const XDP_DRIVER_MODE: u32 = 1 << 2;
    pub const BEFORE: u32 = 1 << 3;
    pub const XDP_HAS_FRAGS: u32 = 1 << 5;
}

/// Longer than the attributes of any command here; what is left over is zero.
#[derive(FromBytes, IntoBytes, Immutable, Default)]
#[repr(C, align(8))]
struct Attributes([u32; 32]);

impl Attributes {
    fn with(mut self, at: usize, value: u32) -> Self {
        self.0[at] = value;
        self
    }

    /// An address or another long value, which begins at an even place.
    fn long(self, at: usize, value: u64) -> Self {
        self.with(at, value as u32).with(at + 1, (value >> 32) as u32)
    }

    /// # Safety
    /// Every address in it is that of memory that the command may read and write as it does.
    unsafe fn run(mut self, command: i32) -> Result<i32> {
        // SAFETY: the attributes live until the call returns; the caller answers for what they refer to.
        let result = unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut self, size_of::<Self>()) };
        if result < 0 { Err(Error::last_os_error()) } else { Ok(i32::try_from(result).expect("a descriptor or zero")) }
    }

    /// # Safety
    /// As [`Attributes::run`], for a command that answers with a descriptor.
    unsafe fn open(self, command: i32) -> Result<OwnedFd> {
        // SAFETY: the caller answers for the command, which has just opened the descriptor for us.
        unsafe { self.run(command).map(|descriptor| OwnedFd::from_raw_fd(descriptor)) }
    }
}

fn raw(descriptor: BorrowedFd<'_>) -> u32 {
    descriptor.as_raw_fd().unsigned_abs()
}

/// One instruction: operation, registers (destination in the low half), offset, immediate.
const fn instruction(operation: u8, registers: u8, offset: i16, immediate: i32) -> u64 {
    operation as u64 | (registers as u64) << 8 | (offset as u16 as u64) << 16 | (immediate as u32 as u64) << 32
}

/// A program and the count of its runs.
#[derive(Debug)]
pub struct Foreign {
    program: OwnedFd,
    runs: OwnedFd,
}

impl Foreign {
    /// One for traffic control.
    ///
    /// # Panics
    /// If the kernel does not take it.
    #[must_use]
    pub fn tc(action: i32) -> Self {
        Self::load(bpf::PROG_TYPE_SCHED_CLS, 0, &[], action)
    }

    /// One for traffic control that counts only packets whose linear part ends before the IPv4 header does, and leaves
    /// them to the next program.
    ///
    /// # Panics
    /// If the kernel does not take it.
    #[must_use]
    pub fn tc_headless() -> Self {
        const HEADERS: i32 = 14 + 20;
        let only_headless = [
            // r2 = data; r3 = data_end; r2 += HEADERS; where r2 > r3, count.
            instruction(0x61, 0x12, 76, 0),
            instruction(0x61, 0x13, 80, 0),
            instruction(0x07, 0x02, 0, HEADERS),
            instruction(0x2d, 0x32, 2, 0),
            // r0 = NEXT; exit.
            instruction(0xb7, 0x00, 0, action::NEXT),
            instruction(0x95, 0x00, 0, 0),
        ];
        Self::load(bpf::PROG_TYPE_SCHED_CLS, 0, &only_headless, action::NEXT)
    }

    /// One for XDP.
    ///
    /// # Panics
    /// If the kernel does not take it.
    #[must_use]
    pub fn xdp(action: i32) -> Self {
        Self::load(bpf::PROG_TYPE_XDP, bpf::XDP, &[], action)
    }

    /// One for XDP that takes frames in several pieces.
    ///
    /// # Panics
    /// If the kernel does not take it.
    #[must_use]
    pub fn xdp_in_pieces(action: i32) -> Self {
        Self::load_with(bpf::PROG_TYPE_XDP, bpf::XDP, bpf::XDP_HAS_FRAGS, &[], action)
    }

    fn load(kind: u32, expected: u32, before: &[u64], action: i32) -> Self {
        Self::load_with(kind, expected, 0, before, action)
    }

    fn load_with(kind: u32, expected: u32, flags: u32, before: &[u64], action: i32) -> Self {
        let map = Attributes::default().with(0, bpf::MAP_TYPE_ARRAY).with(1, 4).with(2, 8).with(3, 1);
        // SAFETY: no addresses in there.
        let runs = unsafe { map.open(bpf::MAP_CREATE) }.expect("make a map");
        let count = [
            // *(u32 *)(r10 - 4) = 0; r2 = r10 - 4; r1 = the map; r0 = lookup(r1, r2).
            instruction(0x62, 0x0a, -4, 0),
            instruction(0xbf, 0xa2, 0, 0),
            instruction(0x07, 0x02, 0, -4),
            instruction(0x18, 0x11, 0, runs.as_raw_fd()),
            instruction(0x00, 0x00, 0, 0),
            instruction(0x85, 0x00, 0, 1),
            // Where r0 is not null: lock *(u64 *)r0 += 1.
            instruction(0x15, 0x00, 2, 0),
            instruction(0xb7, 0x01, 0, 1),
            instruction(0xdb, 0x10, 0, 0),
            // r0 = action; exit.
            instruction(0xb7, 0x00, 0, action),
            instruction(0x95, 0x00, 0, 0),
        ];
        let code = [before, &count].concat();
        let license = c"GPL";
        let mut attributes = Attributes::default()
            .with(0, kind)
            .with(1, u32::try_from(code.len()).expect("a short program"))
            .long(2, code.as_ptr() as u64)
            .long(4, license.as_ptr() as u64)
            .with(11, flags)
            .with(17, expected);
        attributes.0[12..16].as_mut_bytes()[..7].copy_from_slice(b"foreign");
        // SAFETY: instructions and licence live until the call returns, and the kernel only reads them.
        let program = unsafe { attributes.open(bpf::PROG_LOAD) }.expect("load a program");
        Self { program, runs }
    }

    /// How often it has run.
    ///
    /// # Panics
    /// If the kernel does not say.
    #[must_use]
    pub fn runs(&self) -> u64 {
        let (key, mut value) = (0u32, 0u64);
        let attributes = Attributes::default()
            .with(0, raw(self.runs.as_fd()))
            .long(2, std::ptr::from_ref(&key) as u64)
            .long(4, std::ptr::from_mut(&mut value) as u64);
        // SAFETY: key and value live until the call returns, and are of the map's sizes.
        unsafe { attributes.run(bpf::MAP_LOOKUP) }.expect("read a counter");
        value
    }

    /// Puts it on a device, before the programs that are there.
    ///
    /// # Panics
    /// If the kernel refuses.
    #[must_use]
    pub fn attach(&self, namespace: &Namespace, device: &str, hook: Hook) -> Link {
        let (kind, flags) = match hook {
            Hook::Xdp => (bpf::XDP, bpf::XDP_DRIVER_MODE),
            Hook::XdpGeneric => (bpf::XDP, bpf::XDP_SKB_MODE),
            Hook::TcxIngress => (bpf::TCX_INGRESS, bpf::BEFORE),
            Hook::TcxEgress => (bpf::TCX_EGRESS, bpf::BEFORE),
        };
        let attributes = Attributes::default()
            .with(0, raw(self.program.as_fd()))
            .with(1, namespace.index(device))
            .with(2, kind)
            .with(3, flags);
        // SAFETY: no addresses in there.
        let link = namespace.run(|| unsafe { attributes.open(bpf::LINK_CREATE) });
        Link(link.unwrap_or_else(|error| panic!("attach to {device} in {}: {error}", namespace.name())))
    }

    /// Pins it, for tools that take programs by their path.
    ///
    /// # Panics
    /// If the kernel refuses.
    pub fn pin(&self, path: &Path) {
        let path = CString::new(path.as_os_str().as_bytes()).expect("a path has no NUL");
        let attributes = Attributes::default().long(0, path.as_ptr() as u64).with(2, raw(self.program.as_fd()));
        // SAFETY: the path is a string with an end that lives until the call returns.
        unsafe { attributes.run(bpf::OBJ_PIN) }.expect("pin a program");
    }
}

/// A program at a hook, until it is dropped.
#[derive(Debug)]
pub struct Link(OwnedFd);

impl Link {
    /// A link that is pinned, whoever made it.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn pinned(path: &Path) -> Self {
        let text = CString::new(path.as_os_str().as_bytes()).expect("a path has no NUL");
        let attributes = Attributes::default().long(0, text.as_ptr() as u64);
        // SAFETY: the path is a string with an end that lives until the call returns.
        let link = unsafe { attributes.open(bpf::OBJ_GET) };
        Self(link.unwrap_or_else(|error| panic!("open the pin {}: {error}", path.display())))
    }

    /// Takes the program off, as `bpftool link detach` does: pins and descriptors of the link stay.
    ///
    /// # Panics
    /// If the kernel refuses.
    pub fn detach(&self) {
        let attributes = Attributes::default().with(0, raw(self.0.as_fd()));
        // SAFETY: no addresses in there.
        unsafe { attributes.run(bpf::LINK_DETACH) }.expect("detach a link");
    }

    /// Identifier of its program.
    ///
    /// # Panics
    /// If the kernel does not say.
    #[must_use]
    pub fn program(&self) -> u32 {
        let mut info = [0u32; 32];
        let attributes = Attributes::default()
            .with(0, raw(self.0.as_fd()))
            .with(1, size_of_val(&info) as u32)
            .long(2, info.as_mut_ptr() as u64);
        // SAFETY: the kernel writes as many octets as are told at most, and the array lives until the call returns.
        unsafe { attributes.run(bpf::OBJ_GET_INFO_BY_FD) }.expect("look at a link");
        info[2]
    }
}
