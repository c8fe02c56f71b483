//! Who is at the other end of the socket, and whether it may call.

use nix::libc;
use nix::unistd::{Gid, Group, Uid};
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Name of the group whose members may call.
const GROUP: &str = "firewall";

/// Most supplementary groups that a process can have (`NGROUPS_MAX` in linux/limits.h).
const MAX_GROUPS: usize = 65_536;

/// The group whose members may call beside root, where the machine has it.
#[must_use]
pub fn firewall_group() -> Option<Gid> {
    Group::from_name(GROUP).ok().flatten().map(|group| group.gid)
}

/// Who connected, as the kernel recorded it at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCredentials {
    /// Process, where it is known.
    pub pid: Option<i32>,
    /// Effective user.
    pub uid: u32,
    /// Effective group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

impl PeerCredentials {
    /// Reads them from a connected socket.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn of(stream: &tokio::net::UnixStream) -> io::Result<Self> {
        let credentials = stream.peer_cred()?;
        Ok(Self {
            pid: credentials.pid(),
            uid: credentials.uid(),
            gid: credentials.gid(),
            groups: peer_groups(stream)?,
        })
    }

    /// Whether it may call: root, whoever runs the daemon, and members of the group.
    #[must_use]
    pub fn may_call(&self, daemon: Uid, group: Option<Gid>) -> bool {
        let in_group = group.is_some_and(|gid| self.gid == gid.as_raw() || self.groups.contains(&gid.as_raw()));
        self.uid == 0 || self.uid == daemon.as_raw() || in_group
    }
}

/// The supplementary groups that the peer had when it connected.
fn peer_groups(socket: &impl AsFd) -> io::Result<Vec<u32>> {
    let mut groups = vec![0 as libc::gid_t; 64];
    loop {
        let octets = size_of_val(groups.as_slice());
        let mut length = libc::socklen_t::try_from(octets).map_err(io::Error::other)?;
        // SAFETY: the buffer holds `length` octets, and the kernel writes no more than that.
        let result = unsafe {
            libc::getsockopt(
                socket.as_fd().as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        let count = length as usize / size_of::<libc::gid_t>();
        if result == 0 {
            groups.truncate(count);
            return Ok(groups);
        }
        let error = io::Error::last_os_error();
        // Too small: the kernel says how much is needed.
        if error.raw_os_error() != Some(libc::ERANGE) || count <= groups.len() || count > MAX_GROUPS {
            return Err(error);
        }
        groups.resize(count, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(uid: u32, gid: u32, groups: &[u32]) -> PeerCredentials {
        PeerCredentials { pid: None, uid, gid, groups: groups.to_vec() }
    }

    #[test]
    fn root_the_daemons_user_and_the_group_may_call() {
        let (daemon, group) = (Uid::from_raw(0), Some(Gid::from_raw(77)));
        assert!(peer(0, 0, &[]).may_call(daemon, None));
        assert!(peer(1000, 77, &[]).may_call(daemon, group));
        assert!(peer(1000, 1000, &[4, 77]).may_call(daemon, group));
        assert!(!peer(1000, 1000, &[4]).may_call(daemon, group));
        assert!(!peer(1000, 77, &[77]).may_call(daemon, None));
        assert!(peer(1000, 1000, &[]).may_call(Uid::from_raw(1000), None));
    }

    #[tokio::test]
    async fn the_kernel_knows_its_own_process() {
        let (one, _other) = tokio::net::UnixStream::pair().unwrap();
        let peer = PeerCredentials::of(&one).unwrap();
        assert_eq!(peer.uid, Uid::effective().as_raw());
        assert_eq!(peer.pid, Some(i32::try_from(std::process::id()).unwrap()));
    }
}
