//! `cargo xtask bench`: what a packet costs and how soon a change holds, measured in one run with what it is compared to.

use crate::stage;
use anyhow::Result;
use std::ffi::OsString;

/// What to hand to the measurements.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Builds as for a release, then becomes the measurements.
pub fn run(Arguments { json }: Arguments) -> Result<()> {
    let rest = if json { vec![OsString::from("--json")] } else { Vec::new() };
    stage::become_program("bench", "the measurements", true, rest)
}
