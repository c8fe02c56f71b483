//! `cargo xtask demo`: packets allowed and denied between namespaces, by the real controller and the real programs.

use crate::{build, process, root};
use anyhow::{Context as _, Result};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// What to hand to the demonstration.
#[derive(clap::Args)]
pub struct Arguments {
    /// Arguments of the demonstration itself
    #[arg(last = true)]
    rest: Vec<OsString>,
}

/// Builds, then becomes the demonstration: signals reach it directly, and its exit code is ours.
pub fn run(Arguments { rest }: Arguments) -> Result<()> {
    let firewall_ctl = build::program("firewall-ctl", false)?;
    let mut words = root::prefix("the demonstration", &[("FIREWALL_CTL", &firewall_ctl)])?;
    build::programs()?;
    words.push(build::program("demo", false)?.into());
    words.extend(rest);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("FIREWALL_CTL", &firewall_ctl);
    println!("$ {}", process::shown(&command));
    Err(command.exec()).with_context(|| format!("cannot run {}", words[0].display()))
}
