//! One controller for each state directory.

use super::{Holder, StoreError};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// The file in the state directory that its controller holds a lock on, with its process id inside.
pub const LOCK_FILE: &str = "lock";

/// A locked state directory. The lock goes with the process, however that ends; the file stays.
#[derive(Debug)]
pub struct DirectoryLock {
    /// Held open for the lock on it.
    _file: File,
}

impl DirectoryLock {
    /// Makes the directory if need be, readable for its owner only, and locks it.
    pub fn acquire(directory: &Path) -> Result<Self, StoreError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Directory { path, source }
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(refused(directory))?;
        let path = directory.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(refused(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Held { path: directory.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::Directory { path, source }),
        }
        write_pid(&mut file).map_err(refused(&path))?;
        Ok(Self { _file: file })
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

/// Who wrote the file, as far as it can be told: the holder may just be about to write its number.
fn holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    let pid = text.trim().parse().ok()?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim().to_owned());
    Some(Holder { pid, name })
}
