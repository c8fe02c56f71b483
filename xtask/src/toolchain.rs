//! `cargo xtask toolchain`: finds what builds the kernel programs, or installs it.

use crate::compiler::{self, Compiler, Rejected};
use crate::machine::{Here, Machine};
use crate::{debian, linker, tools};
use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;

/// What builds the kernel programs.
pub struct Toolchain {
    /// The compiler and its cargo.
    pub compiler: Compiler,
    /// The directory with bpf-linker.
    pub linker: PathBuf,
}

/// Finds or installs everything, and says what there is.
pub fn run() -> Result<()> {
    let Toolchain { compiler, linker } = find_or_install()?;
    let Compiler { rustc, cargo: _, version, origin } = compiler;
    let (major, minor, patch) = version.llvm;
    println!("rustc       {} with LLVM {major}.{minor}.{patch}, {} ({origin})", version.release, rustc.display());
    println!("bpf-linker  {} in {}", linker::VERSION, linker.display());
    match tools::find_or_install(&Here) {
        Ok(found) => {
            let found: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
            println!("tools       {}", found.join(", "));
        }
        // What builds does not need them.
        Err(error) => println!("tools       {error}"),
    }
    Ok(())
}

/// Finds what builds the kernel programs; on Debian as root, installs what is missing.
pub fn find_or_install() -> Result<Toolchain> {
    let machine = Here;
    let compiler = match compiler::search(&machine) {
        Ok(compiler) => compiler,
        Err(rejected) => install_compiler(&machine, &rejected)?,
    };
    let linker = match linker::search(&machine, &compiler.version) {
        Some(linker) => linker,
        None => install_linker(&machine, &compiler)?,
    };
    Ok(Toolchain { compiler, linker })
}

fn install_compiler(machine: &dyn Machine, rejected: &[Rejected]) -> Result<Compiler> {
    let named = machine.variable(compiler::VARIABLE).is_some();
    if named || !debian::can_install(machine) {
        bail!("{}", no_compiler(rejected, named));
    }
    println!("No rustc here has the sources of core; installing Debian's.");
    debian::install(&debian::COMPILER)?;
    compiler::search(machine).map_err(|rejected| anyhow::anyhow!("{}", no_compiler(&rejected, named)))
}

fn install_linker(machine: &dyn Machine, compiler: &Compiler) -> Result<PathBuf> {
    let version = &compiler.version;
    let major = version.llvm.0;
    let llvm = match linker::llvm(machine, version) {
        Some(llvm) => llvm,
        None if debian::can_install(machine) => {
            println!("No LLVM {major} to build bpf-linker with; installing Debian's.");
            debian::install(&[&debian::llvm(major)]).with_context(|| no_linker(compiler))?;
            linker::llvm(machine, version).with_context(|| no_linker(compiler))?
        }
        None => bail!("{}", no_linker(compiler)),
    };
    println!("Building bpf-linker {} with LLVM {major}; this takes a minute or two.", linker::VERSION);
    linker::install(version, &llvm).with_context(|| no_linker(compiler))?;
    linker::search(machine, version).context("bpf-linker was built and does not run")
}

fn no_compiler(rejected: &[Rejected], named: bool) -> String {
    let mut text = if named {
        format!("the rustc named by {} will not do:\n", compiler::VARIABLE)
    } else {
        "no rustc that can build the kernel programs; looked at:\n".to_owned()
    };
    if rejected.is_empty() {
        text.push_str("  none on PATH\n");
    }
    for rejected in rejected {
        text.push_str(&format!("  {rejected}\n"));
    }
    text.push_str(&format!(
        "Install one, by rustup:\n  \
           rustup toolchain install nightly --profile minimal --component rust-src\n\
         or on Debian, as root:\n  \
           apt-get update && apt-get install -y --no-install-recommends {} {}\n\
         or name one that has the sources of core: {}=PATH/TO/bin/rustc\n\
         and then: cargo xtask toolchain",
        debian::COMPILER.join(" "),
        // The release that Debian's rustc was built with when this was written; another one is asked for by name.
        debian::llvm(22),
        compiler::VARIABLE,
    ));
    text
}

fn no_linker(compiler: &Compiler) -> String {
    let major = compiler.version.llvm.0;
    let (_, minor, patch) = compiler.version.llvm;
    let arguments = linker::install_arguments(&compiler.version, "target/tools".as_ref());
    format!(
        "no bpf-linker {version} for LLVM {major}.{minor}.{patch}, the release inside {rustc}\n\
         Install one, ready-made, onto PATH:\n  \
           cargo install cargo-binstall && cargo binstall bpf-linker@{version}\n\
         or on Debian, as root, where that LLVM is packaged (else {variable} can name another rustc):\n  \
           apt-get update && apt-get install -y --no-install-recommends {package}\n  \
           PATH=/usr/lib/llvm-{major}/bin:$PATH cargo {command}\n\
         and then: cargo xtask toolchain",
        version = linker::VERSION,
        rustc = compiler.rustc.display(),
        variable = compiler::VARIABLE,
        package = debian::llvm(major),
        command = arguments.join(" "),
    )
}
