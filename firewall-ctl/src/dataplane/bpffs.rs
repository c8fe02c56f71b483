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
    if differ(Path::new("/proc/self/ns/mnt"), Path::new("/proc/1/ns/mnt")) {
        tracing::warn!(
            path = %target.display(),
            "this bpffs is in a mount namespace that the machine does not have, so enforcement ends with the controller: \
             start it with `nsenter --net=PATH` in the place of `ip netns exec`, or name a bpffs that is mounted already"
        );
    }
    std::fs::create_dir_all(path).map_err(|error| fail("the directory cannot be made".to_owned(), Some(error)))
}

/// Whether a path is on bpffs.
pub(super) fn is_bpffs(path: &Path) -> io::Result<bool> {
    Ok(statfs(path)?.filesystem_type() == BPF_FS_MAGIC)
}

/// Whether two links to namespaces are of two, as far as both can be read. What is mounted in a mount namespace goes when the
/// last process in it ends, and pins with it.
fn differ(own: &Path, other: &Path) -> bool {
    matches!((std::fs::read_link(own), std::fs::read_link(other)), (Ok(own), Ok(other)) if own != other)
}

fn existing_ancestor(path: &Path) -> PathBuf {
    path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_told_apart_by_their_links() {
        let directory = tempfile::tempdir().unwrap();
        let link = |name: &str, target: &str| {
            let path = directory.path().join(name);
            std::os::unix::fs::symlink(target, &path).unwrap();
            path
        };
        let (own, same, other) = (link("own", "mnt:[1]"), link("same", "mnt:[1]"), link("other", "mnt:[2]"));
        assert!(differ(&own, &other));
        assert!(!differ(&own, &same));
        assert!(!differ(&own, &directory.path().join("hidden")), "nothing is known of it");
    }

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
