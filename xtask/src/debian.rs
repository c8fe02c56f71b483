//! Debian's packages: a rustc with sources of `core`, the LLVM that it was built with, tools for tests.

use crate::machine::Machine;
use crate::process;
use anyhow::Result;
use std::process::Command;

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

/// Looks at what the mirrors have now.
pub fn update() -> Result<()> {
    process::run(apt().args(["update", "--quiet"]))
}

/// Installs packages, after a look at what the mirrors have now.
pub fn install(packages: &[&str]) -> Result<()> {
    update()?;
    process::run(apt().args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
