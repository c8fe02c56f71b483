//! The real daemon, with directories and pins of its own, and the commands of the command line against it.

mod answer;
mod bpffs;
mod shorthand;

pub use answer::Answer;
pub use bpffs::{BPFFS, PREFIX, PinDirectory};
pub use shorthand::text;

use crate::killer::Killer;
use crate::netns::{Namespace, unique};
use crate::wait::deadline;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A login that no test's interface has anything to do with.
const ELSEWHERE: &str = "203.0.113.1 50000 203.0.113.2 22";

/// Entries of tables that suffice for tests. A fifth of the time of a start goes into making tables of the sizes that a host
/// has by itself, and hundreds of daemons are started.
const LIMITS: [&str; 16] = [
    "attachments=64",
    "pages=4096",
    "rule-sets=8192",
    "cidrs-v4=4096",
    "cidrs-v6=4096",
    "members-v4=4096",
    "members-v6=4096",
    "owners-v4=1024",
    "owners-v6=1024",
    "group-rules=4096",
    "lists-v4=4096",
    "lists-v6=4096",
    "list-rules=4096",
    "flows-v4=4096",
    "flows-v6=4096",
    "rule-numbers=4096",
];

/// Where the binary under test is: `FIREWALL_CTL`, or beside this one's directory.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn binary() -> PathBuf {
    let path = std::env::var_os("FIREWALL_CTL").map_or_else(sibling, PathBuf::from);
    assert!(path.is_file(), "there is no {}: build it first, with `cargo xtask build`", path.display());
    path
}

/// `target/PROFILE/firewall-ctl`, seen from `target/PROFILE/demo` or `target/PROFILE/deps/TEST`.
fn sibling() -> PathBuf {
    let own = std::env::current_exe().expect("the path of this program");
    let directory = own.parent().expect("a program lies in a directory");
    let directory = if directory.ends_with("deps") { directory.parent().unwrap_or(directory) } else { directory };
    directory.join("firewall-ctl")
}

/// A daemon in a namespace. When it is dropped, the daemon ends and its pins and directories go.
#[derive(Debug)]
pub struct Controller<'a> {
    namespace: &'a Namespace,
    directory: TempDir,
    pins: PinDirectory,
    limits: &'static [&'static str],
    options: Vec<String>,
    daemon: Option<Child>,
}

impl<'a> Controller<'a> {
    /// Starts a daemon with default options and waits until it is ready.
    ///
    /// # Panics
    /// If it does not become ready; its log is shown.
    #[must_use]
    pub fn start(namespace: &'a Namespace) -> Self {
        Self::start_with(namespace, &[])
    }

    /// As [`Controller::start`], with further options of `firewall-ctl daemon`.
    ///
    /// # Panics
    /// If it does not become ready.
    #[must_use]
    pub fn start_with(namespace: &'a Namespace, options: &[&str]) -> Self {
        let mut controller = Self::stopped(namespace, options);
        controller.restart();
        controller
    }

    /// The directories of a daemon that is not running yet.
    ///
    /// # Panics
    /// If they cannot be made.
    #[must_use]
    pub fn stopped(namespace: &'a Namespace, options: &[&str]) -> Self {
        let directory = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", unique()))
            .tempdir()
            .expect("make a temporary directory");
        for name in ["state", "run"] {
            fs::create_dir(directory.path().join(name)).expect("make a directory");
        }
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self { namespace, directory, pins: PinDirectory::new(&unique()), limits: &LIMITS, options, daemon: None }
    }

    /// Gives it, before it is started, the tables that a host has by itself.
    #[must_use]
    pub fn of_full_size(mut self) -> Self {
        self.limits = &[];
        self
    }

    /// The namespace that the daemon serves.
    #[must_use]
    pub fn namespace(&self) -> &'a Namespace {
        self.namespace
    }

    /// Where it keeps its state.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// Where its socket is.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        self.directory.path().join("run")
    }

    /// The socket of its API.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.run_dir().join("firewall.sock")
    }

    /// Where it pins programs and tables.
    #[must_use]
    pub fn bpffs(&self) -> &Path {
        self.pins.path()
    }

    /// Everything that the daemon has said, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.log_path()).map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("daemon.log")
    }

    /// The command that starts a daemon on these directories.
    #[must_use]
    pub fn daemon_command(&self) -> Command {
        let mut command = self.namespace.command(binary());
        command.arg("daemon");
        command.arg("--state-dir").arg(self.state_dir());
        command.arg("--run-dir").arg(self.run_dir());
        command.arg("--bpffs").arg(self.bpffs());
        // What a test asks for itself comes later, and counts.
        command.args(self.limits.iter().flat_map(|limit| ["--limit", limit])).args(&self.options);
        command.env_remove("NOTIFY_SOCKET").stdin(Stdio::null());
        command
    }

    /// Starts the daemon on the directories of the one before, and waits until it is ready.
    ///
    /// # Panics
    /// If one is running, or if it does not become ready.
    pub fn restart(&mut self) {
        assert!(self.daemon.is_none(), "the daemon is running");
        let notify_path = self.directory.path().join("notify");
        drop(fs::remove_file(&notify_path));
        let notify = UnixDatagram::bind(&notify_path).expect("bind the socket for readiness");
        let log = File::options().create(true).append(true).open(self.log_path()).expect("open the log");
        let mut command = self.daemon_command();
        command.env("NOTIFY_SOCKET", &notify_path);
        command.stdout(log.try_clone().expect("dup of a file")).stderr(log);
        // A key that interrupts this program must not reach the daemon before its owner has cleaned up.
        command.process_group(0);
        let child = command.spawn().expect("start the daemon");
        let child = self.daemon.insert(child);
        let ready = wait_until_ready(child, &notify);
        assert!(ready, "the daemon did not become ready; it said:\n{}", self.log());
    }

    /// As [`Controller::restart`], with other options from now on.
    ///
    /// # Panics
    /// As [`Controller::restart`].
    pub fn restart_with(&mut self, options: &[&str]) {
        self.options = options.iter().map(|option| (*option).to_owned()).collect();
        self.restart();
    }

    /// Ends the daemon by a signal and waits for its end. Pins and state stay.
    ///
    /// # Panics
    /// If it does not end in time.
    pub fn stop(&mut self, signal: Signal) {
        let mut child = self.daemon.take().expect("the daemon is running");
        let id = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        kill(id, signal).expect("signal the daemon");
        let deadline = Instant::now() + deadline();
        while child.try_wait().expect("wait for the daemon").is_none() {
            if Instant::now() > deadline {
                self.daemon = Some(child);
                panic!("the daemon did not end on {signal}; it said:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Has the daemon read its files again; when it has, its log says so.
    ///
    /// # Panics
    /// If it is not running.
    pub fn reload(&self) {
        let id = Pid::from_raw(i32::try_from(self.pid()).expect("a process id"));
        kill(id, Signal::SIGHUP).expect("signal the daemon");
    }

    /// Follows the daemon, and kills it before one of its steps.
    ///
    /// # Panics
    /// If it is not running, or cannot be followed.
    #[must_use]
    pub fn kill_after(&self, steps: usize) -> Killer {
        Killer::after(self.pid(), steps)
    }

    /// Ends what [`Controller::kill_after`] began, with the daemon, and says whether that was killed at its step. Pins and
    /// state stay.
    ///
    /// # Panics
    /// If it could not be followed.
    pub fn killed(&mut self, killer: Killer) -> bool {
        let at_its_step = killer.end();
        // The thread that followed it has waited for its end.
        self.daemon = None;
        at_its_step
    }

    /// Process id of the daemon.
    ///
    /// # Panics
    /// If it is not running.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().expect("the daemon is running").id()
    }

    /// A command of the command line against this daemon, which answers in JSON.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.namespace.command(binary());
        command.args(arguments);
        command.env("FIREWALL_SOCKET", self.socket()).env("NO_COLOR", "1");
        // Without one, that of an ancestor would count: a person may run the tests over SSH.
        command.env("SSH_CONNECTION", ELSEWHERE).stdin(Stdio::null());
        command
    }

    /// Runs a command.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn ctl(&self, arguments: &[&str]) -> Answer {
        Answer::of(&mut self.command(arguments), arguments)
    }

    /// Runs a command with a peer in `SSH_CONNECTION`.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn ctl_over_ssh(&self, ssh_connection: &str, arguments: &[&str]) -> Answer {
        Answer::of(self.command(arguments).env("SSH_CONNECTION", ssh_connection), arguments)
    }

    /// Runs a command that has to succeed, and gives what it printed.
    ///
    /// # Panics
    /// If it fails.
    pub fn ok(&self, arguments: &[&str]) -> serde_json::Value {
        self.ctl(arguments).ok()
    }
}

/// Waits for the word of readiness; false when the process ends or the time is over.
fn wait_until_ready(child: &mut Child, notify: &UnixDatagram) -> bool {
    notify.set_read_timeout(Some(Duration::from_millis(20))).expect("set a time-out");
    let deadline = Instant::now() + deadline();
    let mut buffer = [0; 4096];
    while Instant::now() < deadline {
        match notify.recv(&mut buffer) {
            Ok(length) => {
                if buffer[..length].split(|octet| *octet == b'\n').any(|line| line == b"READY=1") {
                    return true;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if child.try_wait().expect("look at the daemon").is_some() {
                    return false;
                }
            }
            Err(error) => panic!("wait for readiness: {error}"),
        }
    }
    false
}

impl Drop for Controller<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.daemon.take() {
            // It may have ended already; its pins go with `self.pins`.
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            eprintln!("--- log of the daemon ---\n{}", self.log());
        }
    }
}
