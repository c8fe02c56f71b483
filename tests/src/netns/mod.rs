//! Network namespaces of a test's own.
//!
//! A namespace has no name in the file system: it lives as long as the file descriptor of its guard (and processes and
//! sockets in it), so a test that panics, or is killed, leaves none behind. Veth pairs go with it. Only the network
//! namespace is changed; mounts stay shared, so that bpffs is seen from within.

mod link;
mod tool;

pub use link::{veth, veth_with_index};

use nix::sched::{CloneFlags, setns, unshare};
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// A part of a name that nobody else on the machine uses at the same time.
#[must_use]
pub fn unique() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// A network namespace; see the module.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    fd: OwnedFd,
    /// A process that does nothing inside.
    inhabitant: Option<Child>,
}

impl Namespace {
    /// Makes a namespace with `lo` up, in which addresses can be used at once (no duplicate address detection) and no
    /// answer is held back by a rate limit.
    ///
    /// # Panics
    /// Without the right to make one.
    #[must_use]
    pub fn new(label: &str) -> Self {
        require_root();
        let name = format!("{label}-{}", unique());
        // A namespace belongs to a thread until it is entered by others: this one ends at once, and the file
        // descriptor holds what it has made.
        let fd = in_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET).expect("unshare(CLONE_NEWNET)");
            OwnedFd::from(File::open("/proc/thread-self/ns/net").expect("open the namespace of this thread"))
        });
        let namespace = Self { name, fd, inhabitant: None };
        for (key, value) in [
            ("net/ipv6/conf/all/accept_dad", "0"),
            ("net/ipv6/conf/default/accept_dad", "0"),
            ("net/ipv6/conf/all/accept_ra", "0"),
            ("net/ipv6/conf/default/accept_ra", "0"),
            ("net/ipv4/icmp_ratelimit", "0"),
            ("net/ipv6/icmp/ratelimit", "0"),
        ] {
            namespace.sysctl(key, value);
        }
        namespace.up("lo");
        namespace
    }

    /// As [`Namespace::new`], with a process inside, as a container has: others find the namespace by it.
    ///
    /// # Panics
    /// As [`Namespace::new`], or without a `sleep`.
    #[must_use]
    pub fn inhabited(label: &str) -> Self {
        let mut namespace = Self::new(label);
        let mut command = namespace.command("sleep");
        command.arg("infinity").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        namespace.inhabitant = Some(command.spawn().expect("start sleep"));
        namespace
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file descriptor that holds it.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Runs a closure inside. A socket that it makes stays in this namespace wherever it is used afterwards.
    ///
    /// # Panics
    /// If the closure does.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        in_thread(|| {
            setns(self.fd(), CloneFlags::CLONE_NEWNET).expect("setns to a network namespace");
            work()
        })
    }

    /// A process that will run inside, and that the kernel kills when the thread that started it is gone: start it from
    /// a thread that lives as long as the test.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let fd = self.fd.as_raw_fd();
        let enter = move || {
            // SAFETY: only a system call, on numbers that were copied before the fork.
            if unsafe { libc::setns(fd, libc::CLONE_NEWNET) } != 0 {
                return Err(std::io::Error::last_os_error());
            }
            // SAFETY: as above.
            if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        };
        // SAFETY: between fork and exec, `enter` makes two system calls and does not allocate.
        unsafe { command.pre_exec(enter) };
        command
    }

    /// Writes a setting of the kernel that belongs to the namespace.
    ///
    /// # Panics
    /// If there is no such setting.
    pub fn sysctl(&self, key: &str, value: &str) {
        let path = format!("/proc/sys/{key}");
        self.run(|| std::fs::write(&path, value)).unwrap_or_else(|error| panic!("write {value} to {path}: {error}"));
    }

    /// Makes it a router of both families.
    pub fn forward(&self) {
        self.sysctl("net/ipv4/ip_forward", "1");
        self.sysctl("net/ipv6/conf/all/forwarding", "1");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Some(mut inhabitant) = self.inhabitant.take() {
            // It sleeps until it is killed.
            drop(inhabitant.kill());
            drop(inhabitant.wait());
        }
    }
}

/// Runs a closure in a thread of its own and hands on its panic.
fn in_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// These tests are nothing without the kernel.
///
/// # Panics
/// When not run as root.
pub fn require_root() {
    assert!(
        nix::unistd::geteuid().is_root(),
        "the kernel tests need root: they make network namespaces and load BPF programs (try `sudo -E cargo xtask test`)"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::{ping, tcp, tcp_echo, udp, udp_echo};
    use ipnet::IpNet;
    use std::net::{IpAddr, SocketAddr};

    fn pair() -> (Namespace, Namespace) {
        let (left, right) = (Namespace::new("left"), Namespace::new("right"));
        veth((&left, "v0"), (&right, "v0"));
        [&left, &right].iter().for_each(|namespace| namespace.up("v0"));
        for (namespace, host) in [(&left, 1), (&right, 2)] {
            for address in [format!("10.9.0.{host}/24"), format!("fd09::{host}/64")] {
                namespace.address("v0", address.parse::<IpNet>().unwrap());
            }
        }
        (left, right)
    }

    #[test]
    fn traffic_of_both_families_flows_between_two() {
        let (left, right) = pair();
        for address in ["10.9.0.2", "fd09::2"].map(|text| text.parse::<IpAddr>().unwrap()) {
            let _tcp = tcp_echo(&right, SocketAddr::new(address, 7));
            let _udp = udp_echo(&right, SocketAddr::new(address, 7));
            tcp(&left, None, SocketAddr::new(address, 7)).answers();
            udp(&left, None, SocketAddr::new(address, 7)).answers();
            ping(&left, None, address).answers();
        }
    }

    #[test]
    fn nothing_listens_where_nothing_was_started() {
        use crate::traffic::Failure;
        let (left, right) = pair();
        let nowhere = tcp(&left, None, "10.9.0.2:9".parse().unwrap());
        assert_eq!(nowhere.make(crate::wait::deadline()), Err(Failure::Refused));
        right.down("v0");
        ping(&left, None, "10.9.0.2".parse().unwrap()).is_silent();
    }

    #[test]
    fn a_namespace_ends_with_its_guard() {
        let (left, right) = pair();
        left.run(|| ());
        drop(right);
        crate::wait::eventually("the veth pair goes with its other end", || left.try_index("v0").is_none());
    }

    #[test]
    fn a_process_runs_inside_and_sees_the_mounts() {
        let namespace = Namespace::new("process");
        let output = namespace.command("cat").args(["/proc/self/net/dev"]).output().unwrap();
        let devices = String::from_utf8(output.stdout).unwrap();
        assert_eq!(devices.lines().skip(2).count(), 1, "{devices}");
    }

    #[test]
    #[should_panic(expected = "from within")]
    fn a_panic_inside_is_one_outside() {
        Namespace::new("panic").run(|| panic!("from within"));
    }
}
