//! Brings the place of the pins onto bpffs.

use super::error::DataplaneError;
use nix::mount::{MsFlags, mount};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};
use std::io;
use std::path::{Path, PathBuf};

/// Where systems mount it.
const USUAL: &str = "/sys/fs/bpf";

/// Makes sure that a directory exists and is on bpffs, mounting one if need be: at `/sys/fs/bpf` for paths below that,
/// at the directory itself otherwise.
///
/// # Errors
/// Something else is there, or mounting fails.
pub fn ensure(path: &Path) -> Result<(), DataplaneError> {
    let fail =
        |problem: String, source: Option<io::Error>| DataplaneError::Bpffs { path: path.to_owned(), problem, source };
    if !path.is_absolute() {
        return Err(fail("the path has to begin with /".to_owned(), None));
    }
    let existing = existing_ancestor(path);
    if is_bpffs(&existing).map_err(|error| fail("it cannot be looked at".to_owned(), Some(error)))? {
        let made = std::fs::create_dir_all(path);
        return made.map_err(|error| fail("the directory cannot be made".to_owned(), Some(error)));
    }
    let target = if path.starts_with(USUAL) { Path::new(USUAL) } else { path };
    if target == path {
        std::fs::create_dir_all(path).map_err(|error| {
            fail("it is not on bpffs, and no directory can be made there to mount one at".to_owned(), Some(error))
        })?;
        let mut content =
            std::fs::read_dir(path).map_err(|error| fail("it is no directory".to_owned(), Some(error)))?;
        if content.next().is_some() {
            let problem = "it is a directory of another file system with something in it: name a path on bpffs";
            return Err(fail(problem.to_owned(), None));
        }
    }
    tracing::info!(path = %target.display(), "mounting bpffs");
    mount(Some("bpf"), target, Some("bpf"), MsFlags::empty(), Some("mode=0700")).map_err(|error| {
        let problem = format!(
            "no bpffs is mounted there, and mounting one at {} fails: mount it with `mount -t bpf bpf {0}`",
            target.display()
        );
        fail(problem, Some(error.into()))
    })?;
    std::fs::create_dir_all(path).map_err(|error| fail("the directory cannot be made".to_owned(), Some(error)))
}

/// Whether a path is on bpffs.
pub(super) fn is_bpffs(path: &Path) -> io::Result<bool> {
    Ok(statfs(path)?.filesystem_type() == BPF_FS_MAGIC)
}

fn existing_ancestor(path: &Path) -> PathBuf {
    path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_file_systems_are_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("precious"), "").unwrap();
        let error = ensure(directory.path()).unwrap_err();
        assert!(error.to_string().contains("another file system"), "{error}");
        let error = ensure(Path::new("relative/path")).unwrap_err();
        assert!(error.to_string().contains("begin with /"), "{error}");
        let error = ensure(&directory.path().join("precious/below")).unwrap_err();
        assert!(error.to_string().contains("no directory can be made"), "{error}");
    }
}
