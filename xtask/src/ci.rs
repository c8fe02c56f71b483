//! `cargo xtask ci`: what a change must pass.

use crate::{fuzz, process, test};
use anyhow::{Context as _, Result};
use std::env;
use std::process::Command;

/// Toolchain, lint, demonstration and a little fuzzing, then the tests here and in the virtual machine, whose count is
/// the last line.
pub fn run() -> Result<()> {
    let own = env::current_exe().context("cannot find the path of xtask itself")?;
    // The demonstration takes the place of the process that starts it, so it gets one of its own.
    for verb in ["toolchain", "lint", "demo"] {
        process::run(Command::new(&own).arg(verb))?;
    }
    fuzz::run(fuzz::Arguments::bounded())?;
    test::run(&test::Arguments::everywhere())
}
