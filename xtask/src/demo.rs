//! `cargo xtask demo`: packets allowed and denied between namespaces, by the real controller and the real programs.

use std::{ffi::OsString, os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context as _, Result};

use crate::{build, process, root};

/// What to hand to the demonstration.
#[derive(clap::Args)]
pub struct Arguments {
    /// Arguments of the demonstration itself
    #[arg(last = true)]
    rest: Vec<OsString>,
}

/// Builds, then becomes the demonstration: signals reach it directly, and its exit code is ours.
pub fn run(Arguments { rest }: Arguments) -> Result<()> {
    let firewall_ctl = build::programs()?;
    let mut words = root::prefix("the demonstration", &[("FIREWALL_CTL", &firewall_ctl)])?;
    words.push(build::program("demo", false)?.into());
    words.extend(rest);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("FIREWALL_CTL", &firewall_ctl);
    println!("$ {}", process::shown(&command));
    Err(command.exec()).with_context(|| format!("cannot run {}", words[0].display()))
}
