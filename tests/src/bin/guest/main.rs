//! The first process of the virtual machine that `cargo xtask test vm` boots: loads modules, runs test programs, and turns
//! the machine off.
//!
//! What there is to do is found in the file system that it starts in, in the order of names: `/modules/NAME`, and
//! `/suites/NAME` with a `program` and its `arguments`, one a line. The second serial port takes what the programs print and,
//! between them, lines that begin with `guest: `, which the other side waits for; the first one is the kernel's.

use anyhow::{Context as _, Result, ensure};
use nix::kmod::{ModuleInitFlags, finit_module};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::termios::tcdrain;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the other side listens.
const REPORT: &str = "/dev/ttyS1";
/// File systems by where they belong.
const MOUNTS: [(&str, &str); 5] =
    [("devtmpfs", "/dev"), ("proc", "/proc"), ("sysfs", "/sys"), ("bpf", "/sys/fs/bpf"), ("tmpfs", "/tmp")];

fn main() -> Result<()> {
    ensure!(
        std::process::id() == 1,
        "this is the first process of a virtual machine, and would turn the machine off: `cargo xtask test vm` boots one"
    );
    if let Err(error) = run() {
        // To the kernel's port: the other one may be what is missing.
        eprintln!("guest: {error:#}");
    }
    let infallible = reboot(RebootMode::RB_POWER_OFF).context("turn the machine off")?;
    match infallible {}
}

fn run() -> Result<()> {
    for (kind, place) in MOUNTS {
        fs::create_dir_all(place).with_context(|| format!("make {place}"))?;
        mount(Some(kind), place, Some(kind), MsFlags::empty(), None::<&str>)
            .with_context(|| format!("mount {kind} on {place}"))?;
    }
    for module in sorted("/modules")? {
        let file = File::open(&module).with_context(|| format!("open {}", module.display()))?;
        finit_module(file, c"", ModuleInitFlags::empty()).with_context(|| format!("load {}", module.display()))?;
    }
    let report = File::options().write(true).open(REPORT).with_context(|| format!("open {REPORT}"))?;
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").context("read the kernel's release")?;
    writeln!(&report, "guest: Linux {}", release.trim())?;
    let (mut well, mut badly) = (0, 0);
    for suite in sorted("/suites")? {
        match run_suite(&suite, &report) {
            Ok(()) => well += 1,
            Err(error) => {
                badly += 1;
                writeln!(&report, "guest: {error:#}")?;
            }
        }
    }
    if let Some(ledger) = std::env::var_os("FIREWALL_TEST_LEDGER").filter(|ledger| Path::new(ledger).exists()) {
        for line in fs::read_to_string(ledger).context("read the ledger")?.lines() {
            writeln!(&report, "guest: ledger {line}")?;
        }
    }
    writeln!(&report, "guest: {well} ended well, {badly} badly")?;
    // The port has a buffer, which would be lost with the machine.
    tcdrain(&report).with_context(|| format!("drain {REPORT}"))
}

/// What is in a directory, by name.
fn sorted(directory: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("read {directory}"))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()
        .with_context(|| format!("read {directory}"))?;
    paths.sort();
    Ok(paths)
}

/// Runs a test program in the environment that this process was given, with its output on the serial port.
fn run_suite(suite: &Path, report: &File) -> Result<()> {
    let name = suite.file_name().unwrap_or_default().display();
    let arguments = fs::read_to_string(suite.join("arguments")).with_context(|| format!("arguments of {name}"))?;
    writeln!(&*report, "guest: running {name} {}", arguments.lines().collect::<Vec<_>>().join(" "))?;
    let mut command = Command::new(suite.join("program"));
    command.args(arguments.lines()).stdin(Stdio::null());
    command.stdout(report.try_clone()?).stderr(report.try_clone()?);
    let status = command.status().with_context(|| format!("start {name}"))?;
    ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}
