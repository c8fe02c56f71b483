//! The BPF file system, and a directory of a test's own in it.
//!
//! A test program that is killed, by Ctrl-C for one, leaves its directories behind. The next one that makes some removes those
//! of programs that are gone: pins hold maps, and those hold memory.

use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MsFlags, mount};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// Where the BPF file system is mounted.
pub const BPFFS: &str = "/sys/fs/bpf";

/// Directories of tests begin so.
pub const PREFIX: &str = "fw-test-";

/// A directory for pins, which goes with everything in it when it is dropped. It is left to the daemon to make it.
#[derive(Debug)]
pub struct PinDirectory(PathBuf);

impl PinDirectory {
    /// Names a directory that nobody else uses, and mounts the BPF file system if the machine has not done so.
    ///
    /// # Panics
    /// If it cannot be mounted.
    #[must_use]
    pub fn new(unique: &str) -> Self {
        ensure_mounted();
        static CLEARED: Once = Once::new();
        CLEARED.call_once(|| [BPFFS.into(), std::env::temp_dir()].iter().for_each(|place| clear(place)));
        Self(Path::new(BPFFS).join(format!("{PREFIX}{unique}")))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PinDirectory {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.0) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => eprintln!("remove {}: {error}", self.0.display()),
        }
    }
}

/// Removes what test programs have left that do not run any more.
fn clear(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(process_of) else { continue };
        if !Path::new("/proc").join(process.to_string()).exists() {
            // Another program may be at it as well.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// The process that a directory of a test is named after.
fn process_of(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok()
}

/// Mounts the BPF file system once, though many tests want it at the same time: a second mount would hide the pins in
/// the first.
fn ensure_mounted() {
    let lock = File::open("/sys/fs").expect("open /sys/fs");
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, errno)| errno).expect("lock /sys/fs");
    let mounted = statfs(BPFFS).is_ok_and(|status| status.filesystem_type() == BPF_FS_MAGIC);
    if !mounted {
        mount(Some("bpf"), BPFFS, Some("bpf"), MsFlags::empty(), None::<&str>)
            .unwrap_or_else(|errno| panic!("mount the BPF file system on {BPFFS}: {errno}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_has_left_goes_when_it_is_gone() {
        let place = tempfile::tempdir().unwrap();
        // There is no process of the highest number.
        let names =
            [format!("{PREFIX}{}-0", std::process::id()), format!("{PREFIX}4194304-7-x"), "fw-test-nobody".into()];
        names.iter().for_each(|name| fs::create_dir(place.path().join(name)).unwrap());
        clear(place.path());
        assert_eq!(names.map(|name| place.path().join(name).exists()), [true, false, true]);
    }
}
