//! `cargo xtask ci`: what a change must pass.

use crate::{clients, fuzz, lint, process, test, toolchain, vm};
use anyhow::{Context as _, Result};
use std::process::Command;
use std::time::Instant;
use std::{env, panic, thread};

/// Toolchain, lint, demonstration and a little fuzzing, then the tests here and in the virtual machine, whose count is
/// the last line.
pub fn run() -> Result<()> {
    let begin = Instant::now();
    let stage = |name: &str| println!("== {name}, after {} s", begin.elapsed().as_secs());
    stage("toolchain");
    toolchain::run()?;
    thread::scope(|scope| {
        // It waits for the network, and builds for the processors.
        let fetching = scope.spawn(fetch);
        stage("lint");
        lint::run()?;
        stage("demo");
        // It takes the place of the process that starts it, so it gets one of its own.
        let own = env::current_exe().context("cannot find the path of xtask itself")?;
        process::run(Command::new(own).arg("demo"))?;
        fetching.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    })?;
    stage("fuzz");
    fuzz::run(fuzz::Arguments::bounded())?;
    stage("test");
    test::run(&test::Arguments::everywhere())
}

/// What the tests will ask for, and has to be downloaded.
fn fetch() -> Result<()> {
    clients::find_or_install()?;
    vm::find_or_get()
}
