//! What the kernel says about devices, addresses and sockets. Nothing here is decided; see `address` for the one rule.

mod address;
mod link;
mod namespace;
mod netlink;
mod sockets;
mod watch;

pub use address::HostAddress;
pub use link::{Link, Master, Peer};
pub use namespace::{Behind, PeerError, behind, behind_all};
pub use netlink::{Netlink, NetlinkError, Snapshot};
pub use sockets::{LiveConnection, SocketError, live_connections};
pub use watch::{WatchError, watch};
