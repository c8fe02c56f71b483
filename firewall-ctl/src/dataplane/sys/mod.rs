//! System calls that no library offers in a safe form. All unsafe code of the controller is in here.

pub(crate) mod bpf;
pub(crate) mod cells;
pub(crate) mod ethtool;
pub(crate) mod plain;

use std::io;

/// Waits until every program that runs at this moment has finished.
///
/// `MEMBARRIER_CMD_GLOBAL` waits for an RCU grace period, and BPF programs run within one.
///
/// # Errors
/// The kernel was booted with `nohz_full`, where it refuses.
pub(crate) fn grace_period() -> io::Result<()> {
    let (cmd, flags, cpu) = (libc::MEMBARRIER_CMD_GLOBAL, 0, 0);
    // SAFETY: the call takes integers and touches no memory of ours.
    let result = unsafe { libc::syscall(libc::SYS_membarrier, cmd, flags, cpu) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether [`grace_period`] works here.
pub(crate) fn has_grace_period() -> bool {
    let (cmd, flags, cpu) = (libc::MEMBARRIER_CMD_QUERY, 0, 0);
    // SAFETY: the call takes integers and touches no memory of ours.
    let supported = unsafe { libc::syscall(libc::SYS_membarrier, cmd, flags, cpu) };
    supported > 0 && supported & i64::from(libc::MEMBARRIER_CMD_GLOBAL) != 0
}
