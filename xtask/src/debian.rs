//! Debian's packages: a rustc with sources of `core`, the LLVM that it was built with, tools for tests.

use crate::machine::Machine;
use crate::process;
use anyhow::Result;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// A rustc as new as Firefox needs it, its sources and its cargo.
pub const COMPILER: [&str; 3] = ["rustc-web", "rust-web-src", "cargo-web"];

/// Can packages be installed here?
pub fn can_install(machine: &dyn Machine) -> bool {
    nix::unistd::geteuid().is_root() && !machine.on_path("apt-get").is_empty()
}

/// The package with the libraries and headers of an LLVM release.
pub fn llvm(major: u32) -> String {
    format!("llvm-{major}-dev")
}

/// Whether the mirrors have been looked at. Held by who asks apt for something: it does one thing at a time.
static UPDATED: Mutex<bool> = Mutex::new(false);

/// Looks at what the mirrors have now, if that was not done already.
pub fn update() -> Result<()> {
    with_lists(|| Ok(()))
}

/// Installs packages, as the mirrors have them now.
pub fn install(packages: &[&str]) -> Result<()> {
    with_lists(|| process::run(apt().args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages)))
}

fn with_lists(work: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut updated = UPDATED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*updated {
        process::run(apt().args(["update", "--quiet"]))?;
        *updated = true;
    }
    work()
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
