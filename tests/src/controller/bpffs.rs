//! The BPF file system, and a directory of a test's own in it.

use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MsFlags, mount};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

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
