//! `cargo xtask demo`: packets allowed and denied between namespaces, by the real controller and the real programs.

use crate::stage;
use anyhow::Result;
use std::ffi::OsString;

/// What to hand to the demonstration.
#[derive(clap::Args)]
pub struct Arguments {
    /// Arguments of the demonstration itself
    #[arg(last = true)]
    rest: Vec<OsString>,
}

/// Builds, then becomes the demonstration.
pub fn run(Arguments { rest }: Arguments) -> Result<()> {
    stage::become_program("demo", "the demonstration", false, rest)
}
