//! The little of the kernel's instruction set and of its system call that look-ups alone need: programs that do one thing,
//! over maps of any shape.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Types of `enum bpf_map_type`.
pub mod kind {
    pub const ARRAY: u32 = 2;
    pub const LPM_TRIE: u32 = 11;
    pub const ARRAY_OF_MAPS: u32 = 12;
}

const MAP_CREATE: libc::c_int = 0;
const MAP_UPDATE_ELEM: libc::c_int = 2;
const PROG_LOAD: libc::c_int = 5;
const PROG_TYPE_XDP: u32 = 6;
/// `BPF_F_NO_PREALLOC`, which tries want.
const NO_PREALLOC: u32 = 1;

/// The part of `union bpf_attr` that `BPF_MAP_CREATE` needs.
#[repr(C)]
struct Create {
    kind: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    flags: u32,
    inner: u32,
}

/// The part of `union bpf_attr` that `BPF_MAP_UPDATE_ELEM` needs.
#[repr(C)]
struct Update {
    map: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// The part of `union bpf_attr` that `BPF_PROG_LOAD` needs.
#[repr(C)]
struct Load {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
}

fn call<A>(command: libc::c_int, attributes: &mut A) -> io::Result<i32> {
    // SAFETY: the attributes are those of the command, and what they point to is good for the call.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size_of::<A>()) };
    i32::try_from(result).ok().filter(|result| *result >= 0).ok_or_else(io::Error::last_os_error)
}

fn owned(fd: i32) -> OwnedFd {
    // SAFETY: a file descriptor that the kernel has just made for us.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// A map.
pub struct Table {
    fd: OwnedFd,
    sizes: [usize; 2],
}

impl Table {
    /// A map of some type, with keys and values of these sizes. `inner` is one as an array of maps holds.
    pub fn new(kind: u32, [key, value]: [usize; 2], entries: u32, inner: Option<&Self>) -> Self {
        let mut attributes = Create {
            kind,
            key_size: key as u32,
            value_size: value as u32,
            max_entries: entries,
            flags: if kind == kind::LPM_TRIE { NO_PREALLOC } else { 0 },
            inner: inner.map_or(0, Self::number),
        };
        let fd = call(MAP_CREATE, &mut attributes).unwrap_or_else(|error| panic!("create a map: {error}"));
        Self { fd: owned(fd), sizes: [key, value] }
    }

    /// Puts an entry in.
    pub fn put(&self, key: &[u8], value: &[u8]) {
        assert_eq!([key.len(), value.len()], self.sizes);
        let [key, value] = [key, value].map(|octets| octets.as_ptr().addr() as u64);
        let mut attributes = Update { map: self.number(), padding: 0, key, value, flags: 0 };
        call(MAP_UPDATE_ELEM, &mut attributes).unwrap_or_else(|error| panic!("fill a map: {error}"));
    }

    /// The file descriptor as a number: what maps of maps hold.
    pub fn number(&self) -> u32 {
        self.fd.as_raw_fd() as u32
    }

    /// Octets that it takes, by the kernel's own account.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/self/fdinfo/{}", self.number());
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let memory = text.lines().find_map(|line| line.strip_prefix("memlock:"));
        memory.and_then(|memory| memory.trim().parse().ok()).unwrap_or_else(|| panic!("{path}: {text}"))
    }
}

/// A register.
#[derive(Clone, Copy)]
pub struct Register(u8);

/// What helpers answer with.
pub const R0: Register = Register(0);
/// The first argument of a helper.
pub const R1: Register = Register(1);
/// The second one.
const R2: Register = Register(2);
/// One that helpers leave alone.
pub const R6: Register = Register(6);
/// Another one.
pub const R7: Register = Register(7);
/// The end of the stack frame.
const R10: Register = Register(10);

/// Helpers of `enum bpf_func_id`.
const LOOKUP: i32 = 1;
const RANDOM: i32 = 7;

/// A program under construction.
#[derive(Default)]
pub struct Code(Vec<u64>);

impl Code {
    fn push(mut self, code: u8, to: Register, from: Register, offset: i16, immediate: i32) -> Self {
        let word = u64::from(code)
            | u64::from(to.0) << 8
            | u64::from(from.0) << 12
            | u64::from(offset.cast_unsigned()) << 16
            | u64::from(immediate.cast_unsigned()) << 32;
        self.0.push(word);
        self
    }

    /// `to = from`.
    pub fn copy(self, to: Register, from: Register) -> Self {
        self.push(0xbf, to, from, 0, 0)
    }

    /// `to = number`.
    pub fn set(self, to: Register, number: i32) -> Self {
        self.push(0xb7, to, R0, 0, number)
    }

    /// `to &= number`.
    pub fn and(self, to: Register, number: i32) -> Self {
        self.push(0x57, to, R0, 0, number)
    }

    /// `to >>= number`.
    pub fn right(self, to: Register, number: i32) -> Self {
        self.push(0x77, to, R0, 0, number)
    }

    /// `to <<= number`.
    pub fn left(self, to: Register, number: i32) -> Self {
        self.push(0x67, to, R0, 0, number)
    }

    /// `to |= number`.
    pub fn or(self, to: Register, number: i32) -> Self {
        self.push(0x47, to, R0, 0, number)
    }

    /// `to += from`.
    pub fn add(self, to: Register, from: Register) -> Self {
        self.push(0x0f, to, from, 0, 0)
    }

    /// The lower 32 bits in network order.
    pub fn big_endian(self, to: Register) -> Self {
        self.push(0xdc, to, R0, 0, 32)
    }

    /// Puts 32 bits onto the stack, so far below its end.
    pub fn store(self, below: i16, from: Register) -> Self {
        self.push(0x63, R10, from, -below, 0)
    }

    /// `to = *(u32 *)(from + offset)`.
    pub fn load(self, to: Register, from: Register, offset: i16) -> Self {
        self.push(0x61, to, from, offset, 0)
    }

    /// Asks for a random number.
    pub fn random(self) -> Self {
        self.push(0x85, R0, R0, 0, RANDOM)
    }

    /// Looks up the key that lies on the stack, so far below its end, in a map. It is over if there is nothing.
    pub fn look_up(self, table: &Table, below: i16) -> Self {
        const PSEUDO_MAP_FD: Register = Register(1);
        let fd = table.number().cast_signed();
        self.push(0x18, R1, PSEUDO_MAP_FD, 0, fd).push(0, R0, R0, 0, 0).look_up_in(below)
    }

    /// The same in the map that R1 points to.
    pub fn look_up_in(self, below: i16) -> Self {
        self.push(0xbf, R2, R10, 0, 0)
            .push(0x07, R2, R0, 0, -i32::from(below))
            .push(0x85, R0, R0, 0, LOOKUP)
            .push(0x55, R0, R0, 1, 0)
            .push(0x95, R0, R0, 0, 0)
    }

    /// Ends it, and loads it for XDP.
    pub fn finish(self) -> OwnedFd {
        /// `XDP_PASS`.
        const PASS: i32 = 2;
        let code = self.set(R0, PASS).push(0x95, R0, R0, 0, 0).0;
        let mut attributes = Load {
            program_type: PROG_TYPE_XDP,
            instruction_count: code.len() as u32,
            instructions: code.as_ptr().addr() as u64,
            license: c"GPL".as_ptr().addr() as u64,
        };
        owned(call(PROG_LOAD, &mut attributes).unwrap_or_else(|error| panic!("load a look-up: {error}")))
    }
}
