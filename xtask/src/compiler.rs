//! Which rustc compiles the kernel programs: one that has the sources of `core` beside it, since no `core` comes compiled
//! for the eBPF target.

use crate::machine::Machine;
use std::fmt;
use std::path::{Path, PathBuf};

/// Names the rustc to use, before any search.
pub const VARIABLE: &str = "FIREWALL_EBPF_RUSTC";

/// LLVM releases that bpf-linker can be built for.
const LLVM_MAJORS: std::ops::RangeInclusive<u32> = 21..=23;

/// A compiler that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// The compiler itself, not a proxy of rustup.
    pub rustc: PathBuf,
    /// The cargo of the same toolchain.
    pub cargo: PathBuf,
    /// What it says of itself.
    pub version: Version,
    /// Where it was found.
    pub origin: Origin,
}

/// Where a compiler was found; in the order of the search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Named by [`VARIABLE`].
    Named,
    /// A toolchain of rustup.
    Rustup(String),
    /// On `PATH`, or a distribution's.
    System,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named => write!(f, "named by {VARIABLE}"),
            Self::Rustup(toolchain) => write!(f, "rustup's {toolchain}"),
            Self::System => write!(f, "the system's"),
        }
    }
}

/// What `rustc -vV` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// As printed: `1.96.0`, `1.97.0-nightly`.
    pub release: String,
    /// Major and minor number.
    pub number: (u32, u32),
    /// Of the LLVM inside; bpf-linker must have the same major release.
    pub llvm: (u32, u32, u32),
}

impl Version {
    /// Reads the output of `rustc -vV`.
    pub fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let release = field("release")?;
        let mut numbers = release.split(['.', '-']);
        let number = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        Some(Self { release: release.to_owned(), number, llvm: parse_llvm(field("LLVM version")?)? })
    }
}

/// `22.1.8` as numbers; what follows them (`git`, `-rust-1.96`) does not matter.
pub fn parse_llvm(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.trim().split('.').map(|part| {
        let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse::<u32>().ok()
    });
    Some((numbers.next()??, numbers.next().flatten().unwrap_or(0), numbers.next().flatten().unwrap_or(0)))
}

/// A compiler that was looked at and will not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Which one.
    pub rustc: PathBuf,
    /// What it lacks.
    pub reason: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rustc.display(), self.reason)
    }
}

/// Looks for a compiler: the one named by [`VARIABLE`] and then no other, rustup's nightlies, those on `PATH`, the
/// distribution's. When there is none, says what was looked at.
pub fn search(machine: &dyn Machine) -> Result<Compiler, Vec<Rejected>> {
    if let Some(named) = machine.variable(VARIABLE) {
        return examine(machine, Path::new(&named), Origin::Named).map_err(|rejected| vec![rejected]);
    }
    let mut rejected = Vec::new();
    for (rustc, origin) in candidates(machine) {
        match examine(machine, &rustc, origin) {
            Ok(compiler) => return Ok(compiler),
            Err(reason) => rejected.push(reason),
        }
    }
    Err(rejected)
}

fn candidates(machine: &dyn Machine) -> Vec<(PathBuf, Origin)> {
    let mut found = Vec::new();
    let toolchains = machine.output(Path::new("rustup"), &["toolchain", "list"]).unwrap_or_default();
    for name in toolchains.lines().filter_map(|line| line.split_whitespace().next()) {
        if !name.starts_with("nightly") {
            continue;
        }
        if let Ok(rustc) = machine.output(Path::new("rustup"), &["which", "--toolchain", name, "rustc"]) {
            found.push((PathBuf::from(rustc.trim()), Origin::Rustup(name.to_owned())));
        }
    }
    let mut system = machine.on_path("rustc");
    // A root shell's PATH may leave it out.
    let distribution = PathBuf::from("/usr/bin/rustc");
    if !system.contains(&distribution) && machine.has(&distribution) {
        system.push(distribution);
    }
    found.extend(system.into_iter().map(|rustc| (rustc, Origin::System)));
    found
}

fn examine(machine: &dyn Machine, rustc: &Path, origin: Origin) -> Result<Compiler, Rejected> {
    let reject = |reason: String| Rejected { rustc: rustc.to_owned(), reason };
    let said = machine.output(rustc, &["-vV"]).map_err(&reject)?;
    let version = Version::parse(&said).ok_or_else(|| reject(format!("not understood: {said}")))?;
    let needed = Version::needed();
    if version.number < needed {
        let (major, minor) = needed;
        return Err(reject(format!("{} is older than {major}.{minor}", version.release)));
    }
    if !LLVM_MAJORS.contains(&version.llvm.0) {
        let (first, last) = LLVM_MAJORS.into_inner();
        return Err(reject(format!(
            "its LLVM {} is outside {first} to {last}, which bpf-linker knows",
            version.llvm.0
        )));
    }
    let sysroot = machine.output(rustc, &["--print", "sysroot"]).map_err(&reject)?;
    let sysroot = Path::new(sysroot.trim());
    let sources = sysroot.join("lib/rustlib/src/rust/library");
    if !machine.has(&sources.join("core/src/lib.rs")) {
        return Err(reject(format!("no sources of core in {}", sources.display())));
    }
    // A proxy of rustup would ask the environment again which toolchain is meant; and cargo must be of the same one.
    let directories = [Some(sysroot.join("bin")), rustc.parent().map(Path::to_owned)];
    for directory in directories.into_iter().flatten() {
        let (rustc, cargo) = (directory.join("rustc"), directory.join("cargo"));
        if machine.has(&rustc) && machine.has(&cargo) {
            return Ok(Compiler { rustc, cargo, version, origin });
        }
    }
    Err(reject("no cargo beside it".to_owned()))
}

impl Version {
    /// The oldest that compiles the workspace: `rust-version` of the manifest.
    fn needed() -> (u32, u32) {
        let mut numbers = env!("CARGO_PKG_RUST_VERSION").split('.').map(|part| part.parse().ok());
        numbers.next().flatten().zip(numbers.next().flatten()).expect("rust-version is two numbers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::fake::Fake;

    const DEBIAN: &str = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\nbinary: rustc\n\
                          host: x86_64-unknown-linux-gnu\nrelease: 1.96.0\nLLVM version: 22.1.8\n";
    const NIGHTLY: &str =
        "rustc 1.97.0-nightly (e50aa6fba 2026-05-19)\nrelease: 1.97.0-nightly\nLLVM version: 22.1.4\n";

    fn with_debian(machine: Fake) -> Fake {
        machine
            .file("/usr/bin/rustc")
            .file("/usr/bin/cargo")
            .file("/usr/lib/rustlib/src/rust/library/core/src/lib.rs")
            .prints("/usr/bin/rustc -vV", DEBIAN)
            .prints("/usr/bin/rustc --print sysroot", "/usr\n")
    }

    fn with_nightly(machine: Fake) -> Fake {
        machine
            .file("/n/bin/rustc")
            .file("/n/bin/cargo")
            .prints("rustup toolchain list", "stable-x (active, default)\nnightly-x\n")
            .prints("rustup which --toolchain nightly-x rustc", "/n/bin/rustc\n")
            .prints("/n/bin/rustc -vV", NIGHTLY)
            .prints("/n/bin/rustc --print sysroot", "/n\n")
    }

    const NIGHTLY_SOURCES: &str = "/n/lib/rustlib/src/rust/library/core/src/lib.rs";

    #[test]
    fn versions_are_read() {
        let debian = Version::parse(DEBIAN).unwrap();
        assert_eq!(debian, Version { release: "1.96.0".into(), number: (1, 96), llvm: (22, 1, 8) });
        let nightly = Version::parse(NIGHTLY).unwrap();
        assert_eq!(nightly, Version { release: "1.97.0-nightly".into(), number: (1, 97), llvm: (22, 1, 4) });
        assert_eq!(Version::parse("release: 1.96.0\n"), None);
        assert_eq!(Version::parse(""), None);
    }

    #[test]
    fn llvm_versions_are_read_with_whatever_follows_them() {
        assert_eq!(parse_llvm("22.1.8\n"), Some((22, 1, 8)));
        assert_eq!(parse_llvm("23.0.0git"), Some((23, 0, 0)));
        assert_eq!(parse_llvm("21.1"), Some((21, 1, 0)));
        assert_eq!(parse_llvm("unknown"), None);
    }

    #[test]
    fn the_named_compiler_goes_before_all_others() {
        let machine =
            with_debian(with_nightly(Fake::default())).file(NIGHTLY_SOURCES).variable(VARIABLE, "/usr/bin/rustc");
        let compiler = search(&machine).unwrap();
        assert_eq!((compiler.rustc.as_path(), compiler.origin), (Path::new("/usr/bin/rustc"), Origin::Named));
    }

    #[test]
    fn no_other_stands_in_for_the_named_one() {
        let machine = with_debian(with_nightly(Fake::default())).variable(VARIABLE, "/n/bin/rustc");
        let rejected = search(&machine).unwrap_err();
        assert_eq!(rejected.len(), 1);
        assert_eq!(rejected[0].to_string(), "/n/bin/rustc: no sources of core in /n/lib/rustlib/src/rust/library");
    }

    #[test]
    fn a_nightly_with_sources_goes_before_the_system() {
        let machine = with_debian(with_nightly(Fake::default())).file(NIGHTLY_SOURCES);
        let compiler = search(&machine).unwrap();
        assert_eq!(compiler.origin, Origin::Rustup("nightly-x".into()));
        assert_eq!(compiler.cargo, Path::new("/n/bin/cargo"));
    }

    #[test]
    fn a_nightly_without_sources_is_passed_over() {
        let compiler = search(&with_debian(with_nightly(Fake::default()))).unwrap();
        assert_eq!((compiler.rustc.as_path(), compiler.origin), (Path::new("/usr/bin/rustc"), Origin::System));
    }

    #[test]
    fn a_proxy_on_the_path_is_resolved_to_its_toolchain() {
        let machine = Fake::default()
            .variable("PATH", "/home-of/bin:/bin")
            .file("/home-of/bin/rustc")
            .file("/home-of/bin/cargo")
            .file("/s/bin/rustc")
            .file("/s/bin/cargo")
            .file("/s/lib/rustlib/src/rust/library/core/src/lib.rs")
            .prints("/home-of/bin/rustc -vV", DEBIAN)
            .prints("/home-of/bin/rustc --print sysroot", "/s");
        let compiler = search(&machine).unwrap();
        assert_eq!(
            (compiler.rustc.as_path(), compiler.cargo.as_path()),
            (Path::new("/s/bin/rustc"), Path::new("/s/bin/cargo"))
        );
    }

    #[test]
    fn every_reason_to_pass_over_a_compiler_is_told() {
        let old = "release: 1.63.0\nLLVM version: 14.0.6\n";
        let far = "release: 1.99.0\nLLVM version: 24.1.0\n";
        let machine = Fake::default()
            .variable("PATH", "/a:/b:/c:/d")
            .file("/a/rustc")
            .file("/b/rustc")
            .file("/c/rustc")
            .file("/d/rustc")
            .file("/d/lib/rustlib/src/rust/library/core/src/lib.rs")
            .prints("/a/rustc -vV", old)
            .prints("/b/rustc -vV", far)
            .prints("/d/rustc -vV", DEBIAN)
            .prints("/d/rustc --print sysroot", "/d");
        let reasons: Vec<String> = search(&machine).unwrap_err().into_iter().map(|rejected| rejected.reason).collect();
        assert_eq!(
            reasons,
            [
                "1.63.0 is older than 1.95",
                "its LLVM 24 is outside 21 to 23, which bpf-linker knows",
                "no such command: /c/rustc -vV",
                "no cargo beside it",
            ]
        );
    }

    #[test]
    fn an_empty_machine_has_none() {
        assert_eq!(search(&Fake::default()), Err(vec![]));
    }
}
