//! Locks on directories: two controllers on the same one would undo each other's work.

use std::fmt;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The file in a directory that its controller holds a lock on, with its process id inside.
pub const LOCK_FILE: &str = "lock";
/// Who may open a lock may hold it, and keep the controller from starting: nobody but its owner.
const LOCK_MODE: u32 = 0o600;
/// The same for a directory that is a lock. A file system that is mounted there is also that of others, and keeps its mode.
const LOCK_DIRECTORY_MODE: u32 = 0o700;

/// The process that holds a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// The name of its program, if it could be read.
    pub name: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, name } = self;
        match name {
            Some(name) => write!(formatter, "process {pid} ({name})"),
            None => write!(formatter, "process {pid}"),
        }
    }
}

/// Why a directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be made or used.
    #[error(
        "{} cannot be used: it has to be where the controller may write, on a disk with room; --state-dir, --run-dir and \
         --bpffs name other directories", path.display()
    )]
    Directory {
        /// The directory, or what in it could not be used.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another controller uses it.
    #[error(
        "the directory {} is in use by {}: stop that controller, or give this one directories of its own with \
         --state-dir, --run-dir and --bpffs",
        path.display(), .holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string)
    )]
    Held {
        /// The directory.
        path: PathBuf,
        /// Who holds it, if that is known.
        holder: Option<Holder>,
    },
}

/// Holds a directory. Let go when dropped, and by the kernel when the process ends, however it may; the file stays.
#[derive(Debug)]
pub struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    /// Makes the directory where it is missing, with a mode, and takes its lock.
    ///
    /// # Errors
    /// It cannot be used, or is in use.
    pub fn take(directory: &Path, mode: u32) -> Result<Self, LockError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| LockError::Directory { path, source }
        };
        make(directory, mode).map_err(refused(directory))?;
        let path = directory.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(LOCK_MODE);
        let mut file = options.open(&path).map_err(refused(&path))?;
        // It may be there from before, and readable for more.
        file.set_permissions(Permissions::from_mode(LOCK_MODE)).map_err(refused(&path))?;
        lock(&mut file, directory, holder)?;
        write_pid(&mut file).map_err(refused(&path))?;
        Ok(Self { file })
    }

    /// Takes the lock of a directory that holds no files, such as one of bpffs: it is its own lock, and its owner's alone.
    ///
    /// # Errors
    /// As [`DirectoryLock::take`]; who holds it is not known.
    pub fn take_itself(directory: &Path) -> Result<Self, LockError> {
        let refused = |source| LockError::Directory { path: directory.to_owned(), source };
        let mut file = File::open(directory).map_err(refused)?;
        if !is_mounted(directory).map_err(refused)? {
            file.set_permissions(Permissions::from_mode(LOCK_DIRECTORY_MODE)).map_err(refused)?;
        }
        lock(&mut file, directory, |_| None)?;
        Ok(Self { file })
    }

    /// Whether it is the lock of what is at a path now.
    #[must_use]
    pub fn is_of(&self, directory: &Path) -> bool {
        let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
        match (self.file.metadata(), fs::metadata(directory)) {
            (Ok(held), Ok(there)) => identity(held) == identity(there),
            (Err(_), _) | (_, Err(_)) => false,
        }
    }
}

/// Makes a directory where it is missing. Its mode is the one that is asked for, whatever the process's mask.
fn make(directory: &Path, mode: u32) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(mode).create(directory)?;
    fs::set_permissions(directory, Permissions::from_mode(mode))
}

/// Whether a directory is the root of a file system.
fn is_mounted(directory: &Path) -> io::Result<bool> {
    Ok(fs::metadata(directory)?.dev() != fs::metadata(directory.join(".."))?.dev())
}

fn lock(file: &mut File, directory: &Path, holder: fn(&mut File) -> Option<Holder>) -> Result<(), LockError> {
    let path = || directory.to_owned();
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => LockError::Held { path: path(), holder: holder(file) },
        TryLockError::Error(source) => LockError::Directory { path: path(), source },
    })
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_holds_it() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("new/state");
        let first = DirectoryLock::take(&directory, 0o750).unwrap();
        assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o777, 0o750);
        let error = DirectoryLock::take(&directory, 0o700).unwrap_err();
        let LockError::Held { path, holder: Some(holder) } = &error else { panic!("{error:?}") };
        assert_eq!((path, holder.pid), (&directory, std::process::id()));
        let text = error.to_string();
        assert!(text.contains(&format!("process {}", std::process::id())) && text.contains("--state-dir"), "{text}");
        drop(first);
        DirectoryLock::take(&directory, 0o700).unwrap();
        assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o777, 0o750, "what is there keeps its mode");
    }

    #[test]
    fn nobody_else_may_hold_a_lock() {
        let parent = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
        drop(DirectoryLock::take(parent.path(), 0o755).unwrap());
        let path = parent.path().join(LOCK_FILE);
        assert_eq!((mode(parent.path()), mode(&path)), (0o755, 0o600));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        drop(DirectoryLock::take(parent.path(), 0o755).unwrap());
        assert_eq!(mode(&path), 0o600);
        drop(DirectoryLock::take_itself(parent.path()).unwrap());
        assert_eq!(mode(parent.path()), 0o700);
        assert!(is_mounted(Path::new("/proc")).unwrap() && !is_mounted(parent.path()).unwrap());
    }

    #[test]
    fn a_directory_is_its_own_lock() {
        let directory = tempfile::tempdir().unwrap();
        let first = DirectoryLock::take_itself(directory.path()).unwrap();
        assert!(matches!(DirectoryLock::take_itself(directory.path()), Err(LockError::Held { .. })));
        assert!(first.is_of(directory.path()) && !first.is_of(Path::new("/")));
        drop(first);
        DirectoryLock::take_itself(directory.path()).unwrap();
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("below")] {
            let error = DirectoryLock::take(&path, 0o700).unwrap_err();
            assert!(matches!(error, LockError::Directory { .. }), "{error:?}");
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }
}
