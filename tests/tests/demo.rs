//! The demonstration does what it says, and leaves nothing behind, whenever it ends.

use firewall_tests::controller::{BPFFS, PREFIX, binary};
use firewall_tests::wait::eventually;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn start() -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.env("FIREWALL_CTL", binary()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Names in a directory that a process with this id has made.
fn names(directory: &Path, pid: u32) -> Vec<String> {
    let prefix = format!("{PREFIX}{pid}-");
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(&prefix))
        .collect()
}

/// Processes whose command line names a directory of this process.
fn processes(pid: u32) -> Vec<String> {
    let needle = format!("{PREFIX}{pid}-");
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).filter(|line| line.contains(&needle)).collect()
}

fn nothing_is_left(pid: u32) {
    for directory in [Path::new(BPFFS), &std::env::temp_dir(), Path::new("/run/netns")] {
        assert_eq!(names(directory, pid), Vec::<String>::new(), "in {}", directory.display());
    }
    eventually("no process is left", || processes(pid).is_empty());
}

#[test]
fn it_ends_well() {
    let child = start();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("DIFFERENT") && !text.contains('\u{1b}'), "{text}");
    nothing_is_left(pid);
}

#[test]
fn it_cleans_up_when_interrupted() {
    // At its beginning, after something was attached, and while the daemon is away.
    for (signal, at) in
        [(Signal::SIGINT, "1. "), (Signal::SIGTERM, "3. "), (Signal::SIGHUP, "5. "), (Signal::SIGINT, "SIGKILL")]
    {
        // A busy machine may let it come to its end before this program has sent the signal.
        let mut codes = (0..3).map(|_| interrupted(signal, at));
        assert_eq!(codes.find(|code| *code != Some(0)), Some(Some(130)), "{signal} at {at:?}");
    }
}

/// Has it interrupted when it says something, and gives its exit code.
fn interrupted(signal: Signal, at: &str) -> Option<i32> {
    let mut child = start();
    let pid = child.id();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains(at))), "it never said {at:?}");
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
    // What it still says has to be read, or it would wait.
    lines.for_each(drop);
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let code = child.wait().unwrap().code();
    eprintln!("{stderr}");
    nothing_is_left(pid);
    code
}
