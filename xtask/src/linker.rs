//! bpf-linker: which one fits the compiler, and how it is built.

use crate::compiler::{Version, parse_llvm};
use crate::machine::Machine;
use crate::{process, workspace};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// The release that the programs are linked with; others were not tried.
pub const VERSION: &str = "0.13.0";

const NAME: &str = "bpf-linker";

/// Where ours is installed: one for each LLVM release, since it must read what the compiler writes.
fn directory(version: &Version) -> PathBuf {
    workspace::root().join(format!("target/tools/llvm-{}", version.llvm.0))
}

/// The directory with a bpf-linker for this compiler: one that we built, or one on `PATH`.
pub fn search(machine: &dyn Machine, version: &Version) -> Option<PathBuf> {
    let own = directory(version).join("bin").join(NAME);
    let own = machine.has(&own).then_some(own);
    let candidates = own.into_iter().chain(machine.on_path(NAME));
    candidates.filter(|candidate| is_right(machine, candidate)).find_map(|found| Some(found.parent()?.to_owned()))
}

fn is_right(machine: &dyn Machine, program: &Path) -> bool {
    machine.output(program, &["--version"]).is_ok_and(|said| said.split_whitespace().nth(1) == Some(VERSION))
}

/// The directory of the `llvm-config` that leads to the libraries of the compiler's LLVM release.
pub fn llvm(machine: &dyn Machine, version: &Version) -> Option<PathBuf> {
    let major = version.llvm.0;
    // Debian keeps each release apart, and puts none of them on PATH under this name.
    let debian = PathBuf::from(format!("/usr/lib/llvm-{major}/bin/llvm-config"));
    let debian = machine.has(&debian).then_some(debian);
    let candidates = debian.into_iter().chain(machine.on_path("llvm-config"));
    candidates
        .filter(|config| {
            let said = machine.output(config, &["--version"]).ok();
            // An older patch level than the compiler's may not read its bitcode.
            said.and_then(|said| parse_llvm(&said)).is_some_and(|found| found.0 == major && found >= version.llvm)
        })
        .find_map(|config| Some(config.parent()?.to_owned()))
}

/// Builds bpf-linker against the LLVM whose `llvm-config` is in `llvm`.
pub fn install(version: &Version, llvm: &Path) -> Result<()> {
    let mut command = process::cargo();
    command.args(install_arguments(version, &directory(version)));
    command.env("PATH", process::path_with(&[llvm])?);
    process::run(&mut command)
}

/// The arguments of cargo that install it; also shown to a person who has to do it.
pub fn install_arguments(version: &Version, root: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = ["install", NAME, "--version", VERSION, "--locked"].map(Into::into).into();
    arguments.extend(["--no-default-features".into(), "--features".into(), format!("llvm-{}", version.llvm.0)]);
    arguments.extend(["--root".into(), root.display().to_string()]);
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::fake::Fake;

    fn version() -> Version {
        Version { release: "1.96.0".into(), number: (1, 96), llvm: (22, 1, 8) }
    }

    #[test]
    fn a_linker_of_the_right_version_on_the_path_counts() {
        let machine = Fake::default()
            .variable("PATH", "/a:/b")
            .file("/a/bpf-linker")
            .file("/b/bpf-linker")
            .prints("/a/bpf-linker --version", "bpf-linker 0.12.0\n")
            .prints("/b/bpf-linker --version", "bpf-linker 0.13.0\n");
        assert_eq!(search(&machine, &version()), Some(PathBuf::from("/b")));
    }

    #[test]
    fn our_own_linker_goes_before_the_path() {
        let own = directory(&version()).join("bin");
        let program = own.join(NAME);
        let machine = Fake::default()
            .variable("PATH", "/b")
            .file("/b/bpf-linker")
            .prints("/b/bpf-linker --version", "bpf-linker 0.13.0")
            .file(program.to_str().unwrap())
            .prints(&format!("{} --version", program.display()), "bpf-linker 0.13.0");
        assert_eq!(search(&machine, &version()), Some(own));
    }

    #[test]
    fn another_version_is_no_linker() {
        let machine = Fake::default()
            .variable("PATH", "/a")
            .file("/a/bpf-linker")
            .prints("/a/bpf-linker --version", "bpf-linker 0.9.15");
        assert_eq!(search(&machine, &version()), None);
    }

    #[test]
    fn llvm_is_of_the_same_release_and_not_older_than_the_compiler() {
        let on_path = |said: &str| {
            let machine = Fake::default().variable("PATH", "/a").file("/a/llvm-config");
            llvm(&machine.prints("/a/llvm-config --version", said), &version())
        };
        assert_eq!(on_path("22.1.8\n"), Some(PathBuf::from("/a")));
        assert_eq!(on_path("22.2.0\n"), Some(PathBuf::from("/a")));
        assert_eq!(on_path("22.1.7\n"), None);
        assert_eq!(on_path("23.1.0\n"), None);
        let debian = "/usr/lib/llvm-22/bin/llvm-config";
        let machine = Fake::default().file(debian).prints(&format!("{debian} --version"), "22.1.8");
        assert_eq!(llvm(&machine, &version()), Some(PathBuf::from("/usr/lib/llvm-22/bin")));
    }

    #[test]
    fn the_linker_is_built_for_the_llvm_of_the_compiler() {
        let arguments = install_arguments(&version(), Path::new("r")).join(" ");
        assert_eq!(
            arguments,
            "install bpf-linker --version 0.13.0 --locked --no-default-features --features llvm-22 --root r"
        );
    }
}
