//! Reading devices and addresses over netlink, from the namespace in which the connection was made.

use super::address::HostAddress;
use super::link::{Link, Master};
use futures_util::TryStreamExt;
use netlink_packet_core::{NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Why the kernel's view could not be read.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    /// No netlink socket.
    #[error("cannot open a netlink socket")]
    Open(#[source] io::Error),
    /// A request failed.
    #[error("cannot read {what} over netlink: {source}")]
    Read {
        /// What was asked for.
        what: &'static str,
        /// What came back.
        source: rtnetlink::Error,
    },
}

/// A netlink connection. It lives as long as the runtime in which it was made.
#[derive(Debug, Clone)]
pub struct Netlink {
    handle: rtnetlink::Handle,
}

/// Devices and their addresses at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Devices by index.
    pub links: BTreeMap<u32, Link>,
    /// Addresses by index of the device.
    pub addresses: BTreeMap<u32, BTreeSet<HostAddress>>,
}

impl Netlink {
    /// Connects, in the network namespace of the calling thread.
    ///
    /// # Errors
    /// When there is no socket to be had.
    pub fn connect() -> Result<Self, NetlinkError> {
        let (connection, handle, _) = rtnetlink::new_connection().map_err(NetlinkError::Open)?;
        tokio::spawn(connection);
        Ok(Self { handle })
    }

    /// All devices with their addresses.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub async fn snapshot(&self) -> Result<Snapshot, NetlinkError> {
        let mut snapshot = Snapshot::default();
        let fail = |what| move |source| NetlinkError::Read { what, source };
        let mut links = self.handle.link().get().execute();
        while let Some(message) = links.try_next().await.map_err(fail("the devices"))? {
            if let Some(link) = Link::of(&message) {
                snapshot.links.insert(link.ifindex, link);
            }
        }
        let mut addresses = self.handle.address().get().execute();
        while let Some(message) = addresses.try_next().await.map_err(fail("the addresses"))? {
            if let Some(address) = HostAddress::of(&message) {
                snapshot.addresses.entry(message.header.index).or_default().insert(address);
            }
        }
        Ok(snapshot)
    }

    /// The number that this namespace has for another one; `None` when it has none.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub async fn namespace_number(&self, namespace: BorrowedFd<'_>) -> Result<Option<i32>, NetlinkError> {
        let mut message = NsidMessage::default();
        // A file descriptor is never negative.
        message.attributes = vec![NsidAttribute::Fd(namespace.as_raw_fd().unsigned_abs())];
        let mut request = NetlinkMessage::from(RouteNetlinkMessage::GetNsId(message));
        request.header.flags = NLM_F_REQUEST;
        let fail = |source| NetlinkError::Read { what: "the number of a namespace", source };
        let mut answers = self.handle.clone().request(request).map_err(fail)?;
        while let Some(answer) = futures_util::StreamExt::next(&mut answers).await {
            if let NetlinkPayload::Error(error) = &answer.payload {
                return Err(fail(rtnetlink::Error::NetlinkError(error.clone())));
            }
            if let NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewNsId(message)) = answer.payload {
                let number = message.attributes.iter().find_map(|attribute| match attribute {
                    NsidAttribute::Id(number) => Some(*number),
                    _ => None,
                });
                // -1: none assigned.
                return Ok(number.filter(|number| *number >= 0));
            }
        }
        Ok(None)
    }
}

impl Snapshot {
    /// The device of a name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Link> {
        self.links.values().find(|link| link.name == name)
    }

    /// All addresses of a device, usable or not.
    pub fn all_addresses(&self, ifindex: u32) -> impl Iterator<Item = &HostAddress> {
        self.addresses.get(&ifindex).into_iter().flatten()
    }

    /// The addresses by which a device is a member of its groups.
    #[must_use]
    pub fn member_addresses(&self, ifindex: u32) -> BTreeSet<IpAddr> {
        self.all_addresses(ifindex).filter(|address| address.is_member()).map(|address| address.address).collect()
    }

    /// The device that takes the frames of this one, if it is the port of such a device.
    #[must_use]
    pub fn master_of(&self, link: &Link) -> Option<Master> {
        let master = self.links.get(&link.master?)?;
        let kind = master.kind.clone().filter(|_| master.takes_frames_of_ports())?;
        Some(Master { name: master.name.clone(), kind })
    }

    /// The names of all devices, for messages.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.links.values().map(|link| link.name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_loopback_device_is_there_and_no_member() {
        let snapshot = Netlink::connect().unwrap().snapshot().await.unwrap();
        let loopback = snapshot.by_name("lo").expect("every namespace has one");
        assert_eq!(loopback.ifindex, 1);
        assert_eq!(snapshot.member_addresses(loopback.ifindex), BTreeSet::new());
        assert!(snapshot.names().contains(&"lo"));
    }
}
