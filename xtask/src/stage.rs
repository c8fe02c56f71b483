//! Programs of firewall-tests that need the kernel and a controller.

use crate::{build, process, root};
use anyhow::{Context as _, Result};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Builds, then becomes the program, as root: signals reach it directly, and its exit code is ours.
pub fn become_program(name: &str, purpose: &str, release: bool, rest: Vec<OsString>) -> Result<()> {
    let firewall_ctl = build::program("firewall-ctl", release)?;
    let mut words = root::prefix(purpose, &[("FIREWALL_CTL", &firewall_ctl)])?;
    build::programs(release)?;
    words.push(build::program(name, release)?.into());
    words.extend(rest);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("FIREWALL_CTL", &firewall_ctl);
    println!("$ {}", process::shown(&command));
    Err(command.exec()).with_context(|| format!("cannot run {}", words[0].display()))
}
