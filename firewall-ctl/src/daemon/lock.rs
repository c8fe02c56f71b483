//! Locks on directories: two daemons on the same one would undo each other's work.

use super::error::DaemonError;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Name of the lock in a directory.
const NAME: &str = "daemon.lock";
/// Who may open a lock may hold it, and keep the daemon from starting: nobody but its owner.
const LOCK_MODE: u32 = 0o600;
/// The same for a directory that is a lock.
const LOCK_DIRECTORY_MODE: u32 = 0o700;

/// Holds a directory. Let go when dropped, and by the kernel when the process ends however it may.
#[derive(Debug)]
pub struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    /// Makes the directory where it is missing, with a mode, and takes its lock.
    ///
    /// # Errors
    /// [`DaemonError::Locked`] with the process that holds it, or [`DaemonError::Directory`].
    pub fn take(directory: &Path, mode: u32) -> Result<Self, DaemonError> {
        let fail = |source| DaemonError::Directory { path: directory.to_owned(), source };
        if !directory.is_dir() {
            std::fs::create_dir_all(directory).map_err(fail)?;
            std::fs::set_permissions(directory, Permissions::from_mode(mode)).map_err(fail)?;
        }
        let path = directory.join(NAME);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(LOCK_MODE)
            .open(&path)
            .map_err(fail)?;
        // It may be there from before, and readable for more.
        file.set_permissions(Permissions::from_mode(LOCK_MODE)).map_err(fail)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(DaemonError::Locked { owner: owner(&mut file), path: directory.to_owned() });
            }
            Err(errno) => return Err(fail(errno.into())),
        }
        write_owner(&mut file).map_err(fail)?;
        Ok(Self { file })
    }

    /// Takes the lock of a directory that holds no files, such as one of bpffs: it is its own lock, and its owner's alone.
    ///
    /// # Errors
    /// As [`DirectoryLock::take`]; who holds it is not known.
    pub fn take_itself(directory: &Path) -> Result<Self, DaemonError> {
        let path = || PathBuf::from(directory);
        let fail = |source| DaemonError::Directory { path: path(), source };
        let file = File::open(directory).map_err(fail)?;
        file.set_permissions(Permissions::from_mode(LOCK_DIRECTORY_MODE)).map_err(fail)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { file }),
            Err(Errno::WOULDBLOCK) => Err(DaemonError::Locked { path: path(), owner: None }),
            Err(errno) => Err(fail(errno.into())),
        }
    }

    /// Whether it is the lock of what is at a path now.
    #[must_use]
    pub fn is_of(&self, directory: &Path) -> bool {
        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        match (self.file.metadata(), std::fs::metadata(directory)) {
            (Ok(held), Ok(there)) => identity(held) == identity(there),
            (Err(_), _) | (_, Err(_)) => false,
        }
    }
}

/// The process that wrote its number into a lock.
fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_owner(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_holds_it() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("state");
        let first = DirectoryLock::take(&directory, 0o700).unwrap();
        assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
        let error = DirectoryLock::take(&directory, 0o700).unwrap_err().to_string();
        assert!(error.contains(&format!("pid {}", std::process::id())), "{error}");
        assert!(error.contains(directory.to_str().unwrap()), "{error}");
        drop(first);
        DirectoryLock::take(&directory, 0o700).unwrap();
    }

    #[test]
    fn nobody_else_may_hold_a_lock() {
        let parent = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        std::fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
        drop(DirectoryLock::take(parent.path(), 0o755).unwrap());
        let path = parent.path().join(NAME);
        assert_eq!((mode(parent.path()), mode(&path)), (0o755, 0o600));
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        drop(DirectoryLock::take(parent.path(), 0o755).unwrap());
        assert_eq!(mode(&path), 0o600);
        drop(DirectoryLock::take_itself(parent.path()).unwrap());
        assert_eq!(mode(parent.path()), 0o700);
    }

    #[test]
    fn a_directory_is_its_own_lock() {
        let directory = tempfile::tempdir().unwrap();
        let first = DirectoryLock::take_itself(directory.path()).unwrap();
        assert!(matches!(DirectoryLock::take_itself(directory.path()), Err(DaemonError::Locked { .. })));
        assert!(first.is_of(directory.path()) && !first.is_of(Path::new("/")));
        drop(first);
        DirectoryLock::take_itself(directory.path()).unwrap();
    }
}
