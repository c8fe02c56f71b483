//! `cargo xtask build`: the kernel programs, then firewall-ctl with the programs inside.

use crate::sources::{self, State};
use crate::toolchain::{self, Toolchain};
use crate::{process, workspace};
use anyhow::{Context as _, Result};
use std::fs;
use std::path::PathBuf;

/// What to build.
#[derive(clap::Args)]
pub struct Arguments {
    /// Optimise firewall-ctl as for a release
    #[arg(long)]
    release: bool,
}

/// Builds the object, unless it is of the sources as they are, and firewall-ctl.
pub fn run(Arguments { release }: Arguments) -> Result<()> {
    object()?;
    let mut command = process::cargo();
    command.args(["build", "--package", "firewall-ctl"]);
    if release {
        command.arg("--release");
    }
    process::run(&mut command)?;
    println!("built {}", program("firewall-ctl", release)?.display());
    Ok(())
}

/// Builds the programs that demonstration, measurements and tests start.
pub fn programs(release: bool) -> Result<()> {
    object()?;
    let mut command = process::cargo();
    command.args(["build", "--package", "firewall-ctl", "--package", "firewall-tests", "--bins"]);
    if release {
        command.arg("--release");
    }
    process::run(&mut command)
}

/// Where cargo puts a program.
pub fn program(name: &str, release: bool) -> Result<PathBuf> {
    let directory = workspace::programs()?;
    Ok(if release { directory.with_file_name("release") } else { directory }.join(name))
}

/// Builds the object with the kernel programs, unless it is of the sources as they are.
pub fn object() -> Result<()> {
    const TARGET: &str = "bpfel-unknown-none";
    let root = workspace::root();
    let object = root.join(sources::OBJECT);
    let digest_file = root.join(sources::DIGEST);
    match sources::state(root).context("cannot tell whether the kernel programs are up to date")? {
        State::Current => {
            println!("kernel programs are up to date: {}", sources::OBJECT);
            return Ok(());
        }
        State::Stale | State::Missing => {}
    }
    let Toolchain { compiler, linker } = toolchain::find_or_install()?;
    // Taken before the build: an edit during it leaves the object stale.
    let digest = sources::digest(root)?;

    let target_directory = root.join("target/bpf");
    let mut command = std::process::Command::new(&compiler.cargo);
    command.current_dir(root);
    command.args(["build", "--package", "firewall-ebpf", "--profile", "bpf", "--locked"]);
    command.args(["-Z", "build-std=core", "--target", TARGET, "--target-dir"]).arg(&target_directory);
    process::forget_toolchain(&mut command);
    command.env("RUSTC", &compiler.rustc);
    // `-Z` on a compiler that is not a nightly; `core` can be built by no other means.
    command.env("RUSTC_BOOTSTRAP", "1");
    command.env("CARGO_ENCODED_RUSTFLAGS", sources::FLAGS.join("\x1f"));
    command.env("PATH", process::path_with(&[&linker])?);
    process::run(&mut command)?;

    let built = target_directory.join(TARGET).join("bpf/firewall-ebpf");
    // The digest goes away first and comes back last: whatever happens between, no digest vouches for another object.
    if digest_file.exists() {
        fs::remove_file(&digest_file).with_context(|| format!("cannot remove {}", digest_file.display()))?;
    }
    fs::copy(&built, &object).with_context(|| format!("cannot copy {} to {}", built.display(), object.display()))?;
    fs::write(&digest_file, digest + "\n").with_context(|| format!("cannot write {}", digest_file.display()))?;
    let octets = fs::metadata(&object)?.len();
    println!("built {} ({octets} octets)", sources::OBJECT);
    Ok(())
}
