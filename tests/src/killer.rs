//! Kills a process between two of its system calls: what is left is what a crash at that moment leaves.

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Commands of bpf(2) that change something: updating and deleting an entry, pinning, and making, updating and detaching a
/// link.
const CHANGES: [u64; 6] = [2, 3, 6, 28, 29, 34];
/// Commands about an entry of a map.
const ENTRIES: [u64; 2] = [2, 3];
/// How long to wait for the next stop.
const PAUSE: Duration = Duration::from_micros(100);

/// Somebody who counts the steps of a process: system calls that change tables, links or pins, or make files durable.
#[derive(Debug)]
pub struct Killer {
    is_over: Arc<AtomicBool>,
    tracer: JoinHandle<bool>,
}

impl Killer {
    /// Follows a process from now on, and kills it when it is about to take a step, after so many others.
    ///
    /// # Panics
    /// If it cannot be followed.
    #[must_use]
    pub fn after(pid: u32, steps: usize) -> Self {
        let pid = Pid::from_raw(i32::try_from(pid).expect("a process id"));
        let is_over = Arc::new(AtomicBool::new(false));
        let (ready, begun) = channel();
        let over = Arc::clone(&is_over);
        // The kernel lets only the thread that follows a process wait for it.
        let tracer =
            std::thread::spawn(move || Tracer { pid, left: steps, inside: BTreeSet::new() }.run(&ready, &over));
        begun.recv().expect("a process that can be followed");
        Self { is_over, tracer }
    }

    /// Kills the process if it lives still, and says whether it was killed at its step.
    ///
    /// # Panics
    /// If it could not be followed.
    #[must_use]
    pub fn end(self) -> bool {
        self.is_over.store(true, Ordering::SeqCst);
        self.tracer.join().expect("the end of the process")
    }
}

struct Tracer {
    pid: Pid,
    /// Steps that it may take still.
    left: usize,
    /// Threads that are in a system call.
    inside: BTreeSet<Pid>,
}

impl Tracer {
    fn run(mut self, ready: &Sender<()>, is_over: &AtomicBool) -> bool {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).expect("the threads of a process");
        for task in tasks {
            let name = task.expect("a thread").file_name();
            let task = Pid::from_raw(name.to_str().and_then(|name| name.parse().ok()).expect("a thread id"));
            ptrace::seize(task, Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE)
                .expect("follow a thread");
            ptrace::interrupt(task).expect("stop a thread");
        }
        ready.send(()).expect("somebody who waits");
        let mut was_step = false;
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD | WaitPidFlag::WNOHANG;
        loop {
            match waitpid(None, Some(flags)) {
                Ok(WaitStatus::StillAlive) => {
                    if is_over.load(Ordering::SeqCst) {
                        self.kill();
                    }
                    std::thread::sleep(PAUSE);
                }
                Ok(WaitStatus::PtraceSyscall(task)) => {
                    let enters = self.inside.insert(task);
                    if !enters {
                        self.inside.remove(&task);
                    } else if !was_step && is_step(task).unwrap_or(false) {
                        match self.left.checked_sub(1) {
                            Some(left) => self.left = left,
                            None => {
                                was_step = true;
                                self.kill();
                            }
                        }
                    }
                    go_on(task, None);
                }
                Ok(WaitStatus::PtraceEvent(task, _, _)) => go_on(task, None),
                Ok(WaitStatus::Stopped(task, signal)) => go_on(task, Some(signal)),
                Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..) | WaitStatus::Continued(_))
                | Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => return was_step,
                Err(errno) => panic!("wait for {}: {errno}", self.pid),
            }
        }
    }

    fn kill(&self) {
        // It may be gone already.
        let _gone = kill(self.pid, Signal::SIGKILL);
    }
}

/// Lets a thread go on to the next end of a system call, unless it has been killed.
fn go_on(task: Pid, signal: Option<Signal>) {
    let _gone = ptrace::syscall(task, signal);
}

/// Whether the system call that a thread is about to make is a step. Counters that are set to zero are none: there are many,
/// and nobody judges by them.
fn is_step(task: Pid) -> Option<bool> {
    let text = fs::read_to_string(format!("/proc/{task}/syscall")).ok()?;
    let mut words = text.split_ascii_whitespace();
    let number: i64 = words.next()?.parse().ok()?;
    let mut argument = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let files = [
        libc::SYS_renameat,
        libc::SYS_renameat2,
        libc::SYS_unlinkat,
        libc::SYS_fsync,
        libc::SYS_fdatasync,
        libc::SYS_membarrier,
    ];
    #[cfg(target_arch = "x86_64")]
    if [libc::SYS_rename, libc::SYS_unlink, libc::SYS_rmdir, libc::SYS_mkdir].contains(&number) {
        return Some(true);
    }
    if number != libc::SYS_bpf {
        return Some(files.contains(&number));
    }
    let (command, attributes) = (argument()?, argument()?);
    Some(CHANGES.contains(&command) && !(ENTRIES.contains(&command) && is_of_counters(task, attributes)?))
}

/// Whether the map that a command's attributes begin with has values for each CPU.
fn is_of_counters(task: Pid, attributes: u64) -> Option<bool> {
    let mut descriptor = [0; 4];
    File::open(format!("/proc/{task}/mem")).ok()?.read_exact_at(&mut descriptor, attributes).ok()?;
    let info = fs::read_to_string(format!("/proc/{task}/fdinfo/{}", u32::from_ne_bytes(descriptor))).ok()?;
    Some(info.lines().any(|line| line.split_ascii_whitespace().eq(["map_type:", "6"])))
}
