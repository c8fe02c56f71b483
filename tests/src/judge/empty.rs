//! A program that does nothing: what the kernel's test facility takes by itself. aya loads programs from object files
//! only, and two instructions are no reason for one.

use super::Hook;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Commands of `enum bpf_cmd`.
mod command {
    pub const PROG_LOAD: libc::c_int = 5;
    pub const PROG_TEST_RUN: libc::c_int = 10;
}

/// Types of `enum bpf_prog_type`.
mod program_type {
    pub const SCHED_CLS: u32 = 3;
    pub const XDP: u32 = 6;
}

/// The part of `union bpf_attr` that `BPF_PROG_LOAD` needs.
#[repr(C)]
#[derive(Default)]
struct Load {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
}

/// The part of `union bpf_attr` that is named `test`.
#[repr(C)]
#[derive(Default)]
struct TestRun {
    program: u32,
    return_value: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
    flags: u32,
    cpu: u32,
    batch_size: u32,
    reserved: u32,
}

/// A program that does nothing but answer.
#[derive(Debug)]
pub struct EmptyProgram(OwnedFd);

impl EmptyProgram {
    /// Loads it, of the type that a hook takes.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn load(hook: Hook) -> io::Result<Self> {
        /// `r0 = 2; exit`: `XDP_PASS`, and `TC_ACT_SHOT`.
        const INSTRUCTIONS: [u64; 2] = [0x0000_0002_0000_00b7, 0x0000_0000_0000_0095];
        let program_type = match hook {
            Hook::Xdp => program_type::XDP,
            Hook::TcReceive | Hook::TcSend => program_type::SCHED_CLS,
        };
        let mut attributes = Load {
            program_type,
            instruction_count: INSTRUCTIONS.len() as u32,
            instructions: INSTRUCTIONS.as_ptr().addr() as u64,
            license: c"GPL".as_ptr().addr() as u64,
        };
        // SAFETY: the pointers are good for the call, and the kernel reads as much as the counts say.
        let fd = unsafe { libc::syscall(libc::SYS_bpf, command::PROG_LOAD, &raw mut attributes, size_of::<Load>()) };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0).ok_or_else(io::Error::last_os_error)?;
        // SAFETY: a file descriptor that the kernel has just made for us.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Runs a frame many times, and says what one run took on the average.
    ///
    /// # Errors
    /// The kernel does not run it.
    pub fn time(&self, frame: &[u8], repeat: u32) -> io::Result<Duration> {
        time_program(self.0.as_fd(), frame, repeat)
    }
}

/// Runs a program on a frame many times, and says what one run took on the average.
///
/// # Errors
/// The kernel does not run it.
pub fn time_program(program: BorrowedFd<'_>, frame: &[u8], repeat: u32) -> io::Result<Duration> {
    let mut attributes = TestRun {
        program: program.as_raw_fd().cast_unsigned(),
        data_size_in: frame.len() as u32,
        data_in: frame.as_ptr().addr() as u64,
        repeat,
        ..TestRun::default()
    };
    // SAFETY: the frame is good for the call, and the kernel reads as much of it as its length says.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, command::PROG_TEST_RUN, &raw mut attributes, size_of::<TestRun>()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Duration::from_nanos(attributes.duration.into()))
}
