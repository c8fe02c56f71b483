//! The addresses of a workload, those of its hardware too, read in the namespace in which the other end of its device is.

use super::link::{Link, Peer};
use super::netlink::{Netlink, NetlinkError, Snapshot};
use crate::model::MacAddress;
use nix::sched::{CloneFlags, setns};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Why the addresses of a workload are not known.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The device has no other end.
    #[error(
        "{device} is no end of a pair ({kind}), so the addresses behind it cannot be read: give them with \
         --private-ip-addresses"
    )]
    NoPeer {
        /// The device.
        device: String,
        /// What it is.
        kind: String,
    },
    /// No process and no name leads to the namespace.
    #[error(
        "the other end of {device} is in a network namespace that neither a process nor a name in /run/netns leads to: \
         give the addresses with --private-ip-addresses"
    )]
    NoNamespace {
        /// The device.
        device: String,
    },
    /// The namespace was found, and the other end is not in it.
    #[error("the other end of {device} is not in its network namespace any more")]
    Gone {
        /// The device.
        device: String,
    },
    /// There are no addresses yet.
    #[error(
        "the other end of {device}, {peer}, has no address yet: give it one, or give the addresses with --private-ip-addresses"
    )]
    NoAddress {
        /// The device.
        device: String,
        /// The name of the other end.
        peer: String,
    },
    /// The namespace cannot be entered.
    #[error("cannot enter the network namespace of the other end of a device")]
    Enter(#[source] io::Error),
    /// The kernel does not answer.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
}

/// What is at the other end of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behind {
    /// Its name in its namespace.
    pub device: String,
    /// The addresses by which it can be a member of groups.
    pub addresses: BTreeSet<IpAddr>,
    /// Its hardware address.
    pub mac_address: Option<MacAddress>,
}

impl Behind {
    /// The addresses, where they are asked for.
    ///
    /// # Errors
    /// There are none.
    pub fn addresses(&self, device: &str) -> Result<&BTreeSet<IpAddr>, PeerError> {
        if self.addresses.is_empty() {
            return Err(PeerError::NoAddress { device: device.to_owned(), peer: self.device.clone() });
        }
        Ok(&self.addresses)
    }
}

/// Looks at the other end of a device, wherever it is.
///
/// # Errors
/// See [`PeerError`].
pub async fn behind(netlink: &Netlink, here: &Snapshot, link: &Link) -> Result<Behind, PeerError> {
    let device = || link.name.clone();
    let Some(peer) = link.peer else {
        let kind = link.kind.clone().unwrap_or_else(|| "hardware".to_owned());
        return Err(PeerError::NoPeer { device: device(), kind });
    };
    let seen = match peer.namespace {
        None => look(here, peer),
        Some(number) => {
            let found = find(netlink, &BTreeSet::from([number])).await.remove(&number);
            look(&snapshot_in(found.ok_or_else(|| PeerError::NoNamespace { device: device() })?).await?, peer)
        }
    };
    seen.ok_or_else(|| PeerError::Gone { device: device() })
}

/// Looks at the other ends of many devices, by index of these. What cannot be read is left out. Each namespace is looked
/// for and read once.
pub async fn behind_all(netlink: &Netlink, here: &Snapshot, links: &[&Link]) -> BTreeMap<u32, Behind> {
    let peers = || links.iter().filter_map(|link| Some((link.ifindex, link.peer?)));
    let wanted = peers().filter_map(|(_, peer)| peer.namespace).collect();
    let mut snapshots = BTreeMap::new();
    for (number, namespace) in find(netlink, &wanted).await {
        if let Ok(snapshot) = snapshot_in(namespace).await {
            snapshots.insert(number, snapshot);
        }
    }
    let there = |peer: Peer| peer.namespace.map_or(Some(here), |number| snapshots.get(&number));
    peers().filter_map(|(ifindex, peer)| Some((ifindex, look(there(peer)?, peer)?))).collect()
}

fn look(there: &Snapshot, peer: Peer) -> Option<Behind> {
    let link = there.links.get(&peer.ifindex)?;
    let addresses = there.member_addresses(peer.ifindex);
    Some(Behind { device: link.name.clone(), addresses, mac_address: link.mac_address })
}

/// The namespaces that this one knows by these numbers, as far as something leads to them.
async fn find(netlink: &Netlink, numbers: &BTreeSet<i32>) -> BTreeMap<i32, File> {
    let mut found = BTreeMap::new();
    if numbers.is_empty() {
        return found;
    }
    let candidates = tokio::task::spawn_blocking(candidates).await.unwrap_or_default();
    for namespace in candidates {
        // One that cannot be asked about is none: files in /run/netns may be anything.
        if let Ok(Some(number)) = netlink.namespace_number(namespace.as_fd()).await
            && numbers.contains(&number)
        {
            found.insert(number, namespace);
            if found.len() == numbers.len() {
                break;
            }
        }
    }
    found
}

/// All network namespaces that have a name or a process, each once.
fn candidates() -> Vec<File> {
    let entries =
        |directory: &str| std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let named = entries("/run/netns");
    let of_processes = entries("/proc")
        .filter(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit)))
        .map(|path: PathBuf| path.join("ns/net"));
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for path in named.chain(of_processes) {
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        if seen.insert((metadata.dev(), metadata.ino()))
            && let Ok(file) = File::open(&path)
        {
            files.push(file);
        }
    }
    files
}

/// Devices and addresses in another namespace. It is entered by a thread of its own, which ends there: no thread of the
/// runtime ever changes its namespace.
async fn snapshot_in(namespace: File) -> Result<Snapshot, PeerError> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let work = move || -> Result<Snapshot, PeerError> {
        setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).map_err(|errno| PeerError::Enter(errno.into()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(PeerError::Enter)?;
        runtime.block_on(async { Ok(Netlink::connect()?.snapshot().await?) })
    };
    std::thread::Builder::new()
        .name("namespace".to_owned())
        .spawn(move || {
            // Whoever asked may be gone.
            let _ = send.send(work());
        })
        .map_err(PeerError::Enter)?;
    receive.await.unwrap_or_else(|_| Err(PeerError::Enter(io::Error::other("the thread in it failed"))))
}
