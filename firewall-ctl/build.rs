//! Embeds the object with the kernel programs, which `cargo xtask build` makes; without it, everything compiles all the
//! same, and the program says when it starts what it lacks.

#[path = "../xtask/src/sources.rs"]
mod sources;

use sources::State;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs, io};

/// Names another object, to be embedded as it is.
const VARIABLE: &str = "FIREWALL_EBPF_OBJECT";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let embedded = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("firewall-ebpf.o");
    if let Some(object) = env::var_os(VARIABLE) {
        let object = PathBuf::from(object);
        println!("cargo::rerun-if-changed={}", object.display());
        if let Err(error) = fs::copy(&object, &embedded) {
            println!("cargo::error={VARIABLE} names {}, which cannot be read: {error}", object.display());
        }
        return Ok(());
    }
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let workspace = manifest.parent().expect("firewall-ctl is a directory of the workspace");
    watch(workspace)?;
    let lack = match sources::state(workspace)? {
        State::Current => {
            fs::copy(workspace.join(sources::OBJECT), &embedded)?;
            return Ok(());
        }
        State::Stale => "the kernel programs are of other sources and are left out",
        State::Missing => "the kernel programs are not built and are left out",
    };
    println!("cargo::warning={lack}: run `cargo xtask build`");
    fs::write(&embedded, [])
}

/// Has cargo run this again when object or sources change. A path that is not there would have it run every time, and
/// compile firewall-ctl every time: an empty file stands in for an object not built yet. Paths are told from here, so that a
/// copy of the whole tree watches its own.
fn watch(workspace: &Path) -> io::Result<()> {
    for name in [sources::OBJECT, sources::DIGEST] {
        let path = workspace.join(name);
        if !path.exists() {
            fs::create_dir_all(path.parent().expect("the path of a file has a directory"))?;
            // Older than this run, which would otherwise look outdated by it.
            fs::File::create(&path)?.set_modified(SystemTime::UNIX_EPOCH)?;
        }
        println!("cargo::rerun-if-changed=../{name}");
    }
    for input in sources::INPUTS {
        println!("cargo::rerun-if-changed=../{input}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
