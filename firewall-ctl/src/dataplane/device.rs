//! What the kernel says of network devices, over a netlink socket of the thread's namespace.

use super::error::DataplaneError;
use super::hooks::{Facts, XdpHolder};
use super::programs::Programs;
use super::sys::{bpf, ethtool};
use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkInfo, LinkMessage, LinkXdp, XdpAttached};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd as _;

/// A device of this network namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Device {
    /// Its index: names change, and an index is not given twice as long as the device exists.
    pub ifindex: u32,
    /// Its name.
    pub name: String,
}

/// A device as netlink describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) name: String,
    mtu: u32,
    hardware: u16,
    /// The device that it sits on, with whether it is a VLAN of it.
    lower: Option<(u32, bool)>,
    /// Program at the XDP hook, and whether it is behind the driver.
    pub(super) xdp: Option<(u32, bool)>,
}

/// All devices by index.
pub(super) fn links() -> Result<BTreeMap<u32, Link>, DataplaneError> {
    let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
    let fail = |source| DataplaneError::Query { what: "the devices".to_owned(), source };
    let answers: Vec<RouteNetlinkMessage> = exchange(request, NLM_F_DUMP).map_err(fail)?;
    let links = answers.iter().filter_map(|answer| match answer {
        RouteNetlinkMessage::NewLink(message) => Some((message.header.index, link(message))),
        _ => None,
    });
    Ok(links.collect())
}

fn link(message: &LinkMessage) -> Link {
    let hardware: u16 = u16::from(message.header.link_layer_type);
    let mut link = Link { name: String::new(), mtu: 0, hardware, lower: None, xdp: None };
    let (mut lower, mut is_vlan) = (None, false);
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Mtu(mtu) => link.mtu = *mtu,
            LinkAttribute::Link(index) => lower = Some(*index),
            LinkAttribute::LinkInfo(infos) => {
                is_vlan = infos.iter().any(|info| matches!(info, LinkInfo::Kind(InfoKind::Vlan)));
            }
            LinkAttribute::Xdp(xdp) => link.xdp = xdp_holder(xdp),
            _ => {}
        }
    }
    link.lower = lower.map(|lower| (lower, is_vlan));
    link
}

fn xdp_holder(attributes: &[LinkXdp]) -> Option<(u32, bool)> {
    let mut program = None;
    let mut generic = false;
    for attribute in attributes {
        match attribute {
            LinkXdp::ProgId(id) => program = Some(*id),
            LinkXdp::Attached(XdpAttached::SocketBuffer) => generic = true,
            _ => {}
        }
    }
    program.filter(|id| *id != 0).map(|id| (id, generic))
}

/// What is needed to choose the hooks of a device.
pub(super) fn facts(device: &Device) -> Result<Facts, DataplaneError> {
    let links = links()?;
    let missing = || DataplaneError::NoDevice { name: device.name.clone(), ifindex: device.ifindex };
    let Link { name, mtu, hardware, lower: _, xdp } =
        links.get(&device.ifindex).filter(|link| link.name == device.name).cloned().ok_or_else(missing)?;
    let is_vlan_of = |link: &Link| link.lower == Some((device.ifindex, true));
    let xdp = xdp.map(|(program, generic)| XdpHolder { program, name: program_name(program), generic });
    Ok(Facts {
        mtu,
        hardware,
        driver: ethtool::driver(&name).ok().filter(|driver| !driver.is_empty()),
        has_vlans: links.values().any(is_vlan_of),
        strips_vlan_tags: ethtool::strips_vlan_tags(&name).unwrap_or(false),
        xdp: xdp.filter(|holder| !Programs::is_ours(&holder.name)),
        name,
    })
}

/// Name of a program; empty when it cannot be read.
pub(super) fn program_name(id: u32) -> String {
    let named = bpf::program_by_id(id).and_then(|program| bpf::program_name(program.as_fd()));
    named.map(|(_, name)| name).unwrap_or_default()
}

/// Sends a request of rtnetlink and reads all answers.
pub(super) fn exchange(request: RouteNetlinkMessage, flags: u16) -> io::Result<Vec<RouteNetlinkMessage>> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let mut message = NetlinkMessage::from(request);
    message.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    message.finalize();
    let mut buffer = vec![0; message.buffer_len()];
    message.serialize(&mut buffer);
    socket.send(&buffer, 0)?;
    let mut answers = Vec::new();
    loop {
        let (datagram, _) = socket.recv_from_full()?;
        let mut rest = datagram.as_slice();
        while !rest.is_empty() {
            let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest).map_err(io::Error::other)?;
            let length = message.header.length as usize;
            match message.payload {
                NetlinkPayload::Done(_) => return Ok(answers),
                NetlinkPayload::Error(error) => {
                    return if error.code.is_none() { Ok(answers) } else { Err(error.to_io()) };
                }
                NetlinkPayload::InnerMessage(answer) => answers.push(answer),
                _ => {}
            }
            // Messages begin at multiples of four octets.
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            if length == 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netlink_packet_route::link::LinkLayerType;

    #[test]
    fn the_loopback_device_is_found() {
        let links = links().unwrap();
        let loopback = links.values().find(|link| link.name == "lo").unwrap();
        assert_eq!(loopback.hardware, u16::from(LinkLayerType::Loopback));
        let missing = Device { ifindex: u32::MAX, name: "none".to_owned() };
        assert!(matches!(facts(&missing), Err(DataplaneError::NoDevice { .. })));
    }
}
