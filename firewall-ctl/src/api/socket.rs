//! The socket: where it is, who may open it, and that only one daemon listens.

use super::peer::firewall_group;
use nix::unistd::chown;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// Why the socket cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody answers on it.
    #[error("another controller answers on {0}: stop it, or choose another --run-dir")]
    Live(PathBuf),
    /// There is something else of that name.
    #[error("{0} is there and is no socket: remove it, or choose another --run-dir")]
    NotASocket(PathBuf),
    /// The system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Listens on the socket, for root and the group `firewall` where there is one. A socket that a dead daemon has left is
/// replaced; a live one is not.
///
/// # Errors
/// See [`BindError`].
pub fn bind(path: &Path) -> Result<UnixListener, BindError> {
    let fail = |action| move |source| BindError::Io { action, path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => return Err(BindError::NotASocket(path.to_owned())),
        Ok(_) => match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => return Err(BindError::Live(path.to_owned())),
            Err(_) => std::fs::remove_file(path).map_err(fail("remove the stale socket"))?,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(fail("look at")(source)),
    }
    // Bound under another name and moved into place once its owner and mode are right: it is never open to others.
    let temporary = path.with_extension("new");
    let _ = std::fs::remove_file(&temporary);
    let listener = UnixListener::bind(&temporary).map_err(fail("listen on"))?;
    std::fs::set_permissions(&temporary, Permissions::from_mode(0o600)).map_err(fail("set the mode of"))?;
    if let Some(group) = firewall_group() {
        chown(&temporary, None, Some(group)).map_err(|errno| fail("give the group")(errno.into()))?;
    }
    std::fs::set_permissions(&temporary, Permissions::from_mode(0o660)).map_err(fail("set the mode of"))?;
    std::fs::rename(&temporary, path).map_err(fail("move into place"))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("firewall.sock");
        let first = bind(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert!(matches!(bind(&path), Err(BindError::Live(_))));
        drop(first);
        bind(&path).unwrap();
    }

    #[tokio::test]
    async fn something_else_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("firewall.sock");
        std::fs::write(&path, "text").unwrap();
        assert!(matches!(bind(&path), Err(BindError::NotASocket(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
    }
}
