//! Devices, addresses and routes of a namespace, over netlink.

use super::Namespace;
use crate::wait::eventually;
use futures_util::TryStreamExt;
use ipnet::IpNet;
use netlink_packet_route::address::AddressHeaderFlags;
use netlink_packet_route::link::{InfoData, InfoKind, InfoVeth, LinkAttribute};
use rtnetlink::{Handle, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder};
use std::future::Future;
use std::net::{IpAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// Makes a veth pair with one end in each of two namespaces (which may be the same).
///
/// # Panics
/// If a name is taken.
pub fn veth(one: (&Namespace, &str), other: (&Namespace, &str)) {
    veth_with_index(one, other, 0);
}

/// As [`veth`], with the index of the first end; 0 lets the kernel choose.
///
/// # Panics
/// If a name or the index is taken.
pub fn veth_with_index(one: (&Namespace, &str), other: (&Namespace, &str), index: u32) {
    let peer = LinkMessageBuilder::<LinkUnspec>::new().name(other.1).setns_by_fd(other.0.fd().as_raw_fd()).build();
    let pair = LinkMessageBuilder::<LinkVeth>::new_with_info_kind(InfoKind::Veth)
        .name(one.1)
        .index(index)
        .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
        .build();
    let result = one.0.netlink(async |handle| handle.link().add(pair).execute().await);
    result.unwrap_or_else(|error| panic!("make veth pair {} and {}: {error}", one.1, other.1));
}

impl Namespace {
    /// Talks netlink from inside.
    fn netlink<R, F>(&self, work: impl FnOnce(Handle) -> F + Send) -> R
    where
        R: Send,
        F: Future<Output = R>,
    {
        self.run(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
            runtime.block_on(async {
                let (connection, handle, _messages) = rtnetlink::new_connection().expect("a netlink socket");
                tokio::spawn(connection);
                work(handle).await
            })
        })
    }

    /// Index of a device, if it is there.
    #[must_use]
    pub fn try_index(&self, device: &str) -> Option<u32> {
        let name = std::ffi::CString::new(device).expect("a device name has no NUL");
        // SAFETY: `name` is a C string that outlives the call.
        let index = self.run(|| unsafe { libc::if_nametoindex(name.as_ptr()) });
        (index != 0).then_some(index)
    }

    /// Index of a device.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    pub fn index(&self, device: &str) -> u32 {
        self.try_index(device).unwrap_or_else(|| panic!("no device {device} in {}", self.name()))
    }

    fn change(
        &self,
        device: &str,
        change: impl FnOnce(LinkMessageBuilder<LinkUnspec>) -> LinkMessageBuilder<LinkUnspec>,
    ) {
        let message = change(LinkMessageBuilder::<LinkUnspec>::new().index(self.index(device))).build();
        let result = self.netlink(async |handle| handle.link().change(message).execute().await);
        result.unwrap_or_else(|error| panic!("change {device} in {}: {error}", self.name()));
    }

    /// Sets a device up.
    pub fn up(&self, device: &str) {
        self.change(device, LinkMessageBuilder::up);
    }

    /// Sets a device down.
    pub fn down(&self, device: &str) {
        self.change(device, LinkMessageBuilder::down);
    }

    /// Moves a device into another namespace.
    pub fn give(&self, device: &str, to: &Namespace) {
        self.change(device, |message| message.setns_by_fd(to.fd().as_raw_fd()));
    }

    /// Gives a device another name.
    pub fn rename(&self, device: &str, name: &str) {
        self.change(device, |message| message.name(name));
    }

    /// Removes a device, and its other end.
    pub fn remove(&self, device: &str) {
        let index = self.index(device);
        let result = self.netlink(async |handle| handle.link().del(index).execute().await);
        result.unwrap_or_else(|error| panic!("remove {device} in {}: {error}", self.name()));
    }

    /// Gives a device, which has to be up on both ends, an address with the network around it as a route, and waits until
    /// it can be used: the kernel finishes an IPv6 address after the call has returned.
    pub fn address(&self, device: &str, address: IpNet) {
        let index = self.index(device);
        let result = self.netlink(async |handle| {
            let mut request = handle.address().add(index, address.addr(), address.prefix_len());
            request.message_mut().header.flags |= AddressHeaderFlags::Nodad;
            request.execute().await
        });
        result.unwrap_or_else(|error| panic!("add {address} to {device} in {}: {error}", self.name()));
        let what = format!("{address} of {device} in {} can be used", self.name());
        eventually(&what, || self.run(|| UdpSocket::bind((address.addr(), 0)).is_ok()));
    }

    /// Takes an address from a device.
    pub fn remove_address(&self, device: &str, address: IpNet) {
        let index = self.index(device);
        let result = self.netlink(async |handle| {
            let mut all =
                handle.address().get().set_link_index_filter(index).set_address_filter(address.addr()).execute();
            while let Some(message) = all.try_next().await? {
                handle.address().del(message).execute().await?;
            }
            Ok::<_, rtnetlink::Error>(())
        });
        result.unwrap_or_else(|error| panic!("remove {address} from {device} in {}: {error}", self.name()));
    }

    /// Routes a network through a neighbour.
    pub fn route(&self, network: IpNet, gateway: IpAddr) {
        let message = RouteMessageBuilder::<IpAddr>::new()
            .destination_prefix(network.addr(), network.prefix_len())
            .and_then(|builder| builder.gateway(gateway))
            .unwrap_or_else(|error| panic!("route {network} by {gateway}: {error}"))
            .build();
        let result = self.netlink(async |handle| handle.route().add(message).execute().await);
        result.unwrap_or_else(|error| panic!("route {network} by {gateway} in {}: {error}", self.name()));
    }

    /// Hardware address of a device.
    ///
    /// # Panics
    /// If it has none of six octets.
    #[must_use]
    pub fn mac(&self, device: &str) -> [u8; 6] {
        let index = self.index(device);
        let message = self.netlink(async |handle| handle.link().get().match_index(index).execute().try_next().await);
        let attributes = message.ok().flatten().map(|message| message.attributes).unwrap_or_default();
        let address = attributes.into_iter().find_map(|attribute| match attribute {
            LinkAttribute::Address(octets) => octets.try_into().ok(),
            _other => None,
        });
        address.unwrap_or_else(|| panic!("{device} in {} has no hardware address", self.name()))
    }
}
