//! `cargo xtask fuzz [TARGET]…`: octets that a fuzzer makes up, to see more and more of the code.
//!
//! This builds and starts the targets of `tests/fuzz` as cargo-fuzz would, without having to install it, and by the stable
//! toolchain: passes of LLVM count which branches are taken. There is no address sanitizer, which the stable toolchain
//! lacks: what is fuzzed is safe code, and panics where it would read outside.

use crate::machine::{Here, Machine as _};
use crate::{process, workspace};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// All targets.
const TARGETS: [&str; 3] = ["packet", "decision", "request"];

/// What cargo-fuzz hands to rustc, less what needs a nightly; and as with its `--strip-dead-code`, since what is never
/// called took longer to compile than all that is fuzzed.
const FLAGS: [&str; 9] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

/// Which targets, and for how long.
#[derive(clap::Args)]
pub struct Arguments {
    /// Targets (packet, decision, request); all when none is given
    targets: Vec<String>,
    /// Seconds for each target; 0 for ever, until something is found
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Write the seeds of tests/fuzz/seeds anew, after the diaries of tests/tests/attack have changed, and fuzz nothing
    #[arg(long)]
    write_seeds: bool,
    /// Arguments of libFuzzer: -jobs=N, a file to try once more, …
    #[arg(last = true)]
    rest: Vec<String>,
}

impl Arguments {
    /// Each target for as long as nobody minds.
    pub fn bounded() -> Self {
        Self { targets: Vec::new(), seconds: 20, write_seeds: false, rest: Vec::new() }
    }
}

/// Builds the targets and runs them one after the other; what is found stays in `target/fuzz/artifacts`.
pub fn run(Arguments { targets, seconds, write_seeds, rest }: Arguments) -> Result<()> {
    if write_seeds {
        let mut command = process::cargo();
        command.args(["test", "--test", "attack", "--", "seeds::"]).env("FIREWALL_WRITE_SEEDS", "1");
        return process::run(&mut command);
    }
    if let Some(unknown) = targets.iter().find(|target| !TARGETS.contains(&target.as_str())) {
        bail!("no target `{unknown}`; there are: {}", TARGETS.join(", "));
    }
    let targets = if targets.is_empty() { TARGETS.map(str::to_owned).to_vec() } else { targets };
    let directory = workspace::root().join("target/fuzz");
    let triple = Here.output(Path::new("rustc"), &["--print", "host-tuple"]);
    let triple =
        triple.map_err(|error| anyhow::anyhow!("rustc does not tell the machine that it compiles for: {error}"))?;
    let triple = triple.trim().to_owned();
    build(&targets, &directory, &triple)?;
    for target in &targets {
        let (corpus, artifacts) = (directory.join("corpus").join(target), directory.join("artifacts").join(target));
        for directory in [&corpus, &artifacts] {
            fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        }
        let mut command = Command::new(directory.join(&triple).join("release").join(target));
        command.current_dir(workspace::root());
        command.arg(format!("-artifact_prefix={}/", artifacts.display()));
        command.arg(format!("-max_total_time={seconds}")).args(["-timeout=10", "-print_final_stats=1"]).args(&rest);
        if !rest.iter().any(|argument| workspace::root().join(argument).is_file()) {
            // What is found goes to the first; the seeds stay as they are.
            command.arg(&corpus).arg(workspace::root().join("tests/fuzz/seeds").join(target));
        }
        process::run(&mut command).with_context(|| {
            format!(
                "{target}: to see it again: cargo xtask fuzz {target} -- FILE; what was found is in {}",
                artifacts.display()
            )
        })?;
    }
    Ok(())
}

/// With a target triple, so that build scripts and macros are compiled without the flags.
fn build(targets: &[String], directory: &Path, triple: &str) -> Result<()> {
    let mut command = process::cargo();
    command.args(["build", "--package", "firewall-fuzz", "--release", "--locked", "--target", triple]);
    command.arg("--target-dir").arg(directory);
    command.args(targets.iter().flat_map(|target| ["--bin", target]));
    // The passes see each crate by itself.
    command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2");
    command.env("RUSTFLAGS", FLAGS.join(" "));
    process::run(&mut command)
}
