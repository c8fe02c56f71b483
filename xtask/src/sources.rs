//! Which sources the object with the kernel programs was built from.
//!
//! `cargo xtask build` writes a digest of the sources beside the object, and the build script of firewall-ctl includes
//! this file to compare: an object of other sources than those at hand is never embedded.

use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where the object is put, relative to the workspace.
pub const OBJECT: &str = "target/bpf/firewall-ebpf.o";

/// Where the digest of its sources is put.
pub const DIGEST: &str = "target/bpf/firewall-ebpf.sources";

/// Files and directories that go into the object, relative to the workspace.
pub const INPUTS: [&str; 4] = ["Cargo.lock", "Cargo.toml", "firewall-common", "firewall-ebpf"];

/// The compiler's flags. Part of the digest: with other flags it is another object.
pub const FLAGS: [&str; 5] = [
    // Atomic instructions that return a value.
    "-Ctarget-cpu=v3",
    // BTF is derived from debug information.
    "-Cdebuginfo=2",
    "-Clink-arg=--btf",
    // Otherwise every array that is set to zero costs a call and a loop over its octets: 30 ns a packet.
    "-Clink-arg=--disable-expand-memcpy-in-order",
    // Here and not in the profile: there, the BTF of the memory intrinsics goes missing.
    "-Cpanic=abort",
];

/// How the object relates to the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was built from the sources as they are.
    Current,
    /// It was built from other sources.
    Stale,
    /// There is none.
    Missing,
}

/// Compares the digest beside the object with that of the sources in `workspace`.
pub fn state(workspace: &Path) -> io::Result<State> {
    let object = workspace.join(OBJECT);
    // The build script leaves an empty file where no object was built.
    if !fs::metadata(&object).is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(State::Missing);
    }
    let built_from = match fs::read_to_string(workspace.join(DIGEST)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Stale),
        Err(error) => return Err(error),
    };
    Ok(if built_from.trim() == digest(workspace)? { State::Current } else { State::Stale })
}

/// SHA-256 over flags, paths and contents, in hexadecimal digits.
pub fn digest(workspace: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(workspace, Path::new(input), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for flag in FLAGS {
        hash_field(&mut hash, flag.as_bytes());
    }
    for file in files {
        hash_field(&mut hash, file.as_os_str().as_encoded_bytes());
        hash_field(&mut hash, &fs::read(workspace.join(&file))?);
    }
    Ok(hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect())
}

/// The length goes first, so that no two lists of fields give the same octets.
fn hash_field(hash: &mut Sha256, field: &[u8]) {
    hash.update((field.len() as u64).to_le_bytes());
    hash.update(field);
}

/// Files under `path`, relative to the workspace; without what editors and a stray build leave there.
fn collect(workspace: &Path, path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !fs::metadata(workspace.join(path))?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(workspace.join(path))? {
        let name = entry?.file_name();
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        if !is_hidden && name != "target" {
            collect(workspace, &path.join(name), files)?;
        }
    }
    Ok(())
}
