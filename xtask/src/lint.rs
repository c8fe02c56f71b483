//! `cargo xtask lint`: formatting, clippy with warnings as errors, house rules.

use crate::{process, tidy, workspace};
use anyhow::{Result, bail};

type Check = fn() -> Result<()>;

/// Runs every check, and then fails if one did.
pub fn run() -> Result<()> {
    let checks: [(&str, Check); 4] =
        [("format", format), ("clippy, host", clippy_host), ("clippy, kernel programs", clippy_kernel), ("tidy", tidy)];
    let mut failed = Vec::new();
    for (name, check) in checks {
        if let Err(error) = check() {
            eprintln!("error: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("lint failed: {}", failed.join("; "));
    }
    println!("lint passed: {}", checks.map(|(name, _)| name).join("; "));
    Ok(())
}

fn format() -> Result<()> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy_host() -> Result<()> {
    // The fuzz targets without what has to be linked, so that it takes no compiler for C++; and together with the rest, or
    // what they share would be checked twice.
    let packages = ["--workspace", "--exclude", "firewall-ebpf", "--no-default-features"];
    let mut command = process::cargo();
    command.args(["clippy", "--all-targets", "--locked"]).args(packages).args(["--", "--deny", "warnings"]);
    process::run(&mut command)
}

/// Clippy of the host's toolchain has no `core` for the kernel's target: the programs are checked as if for the host.
fn clippy_kernel() -> Result<()> {
    let mut command = process::cargo();
    command.args(["clippy", "--package", "firewall-ebpf", "--locked"]);
    // Of its own, since dependencies are compiled with other settings here.
    command.arg("--target-dir").arg(workspace::root().join("target/bpf-lint"));
    command.args(["--", "--deny", "warnings"]);
    // Intrinsics are not stable, and unwinding is not for `no_std`.
    command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_PROFILE_DEV_PANIC", "abort");
    process::run(&mut command)
}

fn tidy() -> Result<()> {
    println!("$ (tidy: unfinished code, silenced lints and tests, long files, paths of one machine)");
    let findings = tidy::check(workspace::root())?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        number => bail!("tidy: {number} findings"),
    }
}
