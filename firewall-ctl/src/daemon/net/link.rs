//! Devices.

use crate::model::MacAddress;
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkInfo, LinkLayerType, LinkMessage};

/// A network device of this namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its index: another device may get the same one after it is gone.
    pub ifindex: u32,
    /// Its name.
    pub name: String,
    /// Largest payload of a frame.
    pub mtu: u32,
    /// Its hardware address; none where its frames have no Ethernet header.
    pub mac_address: Option<MacAddress>,
    /// The device that it is a port of.
    pub master: Option<u32>,
    /// Whether the host talks to itself on it.
    pub loopback: bool,
    /// The kind of its driver, such as `veth` or `bridge`; none for hardware.
    pub kind: Option<String>,
    /// The other end, for devices that come in pairs.
    pub peer: Option<Peer>,
}

/// The other end of a pair of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Index in its own namespace.
    pub ifindex: u32,
    /// The namespace, as numbered by this one; `None` when it is this one.
    pub namespace: Option<i32>,
}

/// A device that takes the frames of its ports before the host sees them there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Its name.
    pub name: String,
    /// `bridge`, `bond` or `team`.
    pub kind: String,
}

impl Link {
    /// Reads what netlink says. `None` for a message without a name.
    #[must_use]
    pub fn of(message: &LinkMessage) -> Option<Self> {
        let (mut name, mut mtu, mut master, mut kind, mut lower, mut namespace) = (None, 0, None, None, None, None);
        let mut mac_address = None;
        let is_ethernet = message.header.link_layer_type == LinkLayerType::Ether;
        for attribute in &message.attributes {
            match attribute {
                LinkAttribute::IfName(text) => name = Some(text.clone()),
                LinkAttribute::Mtu(octets) => mtu = *octets,
                LinkAttribute::Address(octets) if is_ethernet => mac_address = MacAddress::of_station(octets),
                LinkAttribute::Controller(index) => master = Some(*index),
                LinkAttribute::Link(index) => lower = Some(*index),
                LinkAttribute::LinkNetNsId(id) => namespace = Some(*id),
                LinkAttribute::LinkInfo(infos) => {
                    kind = infos.iter().find_map(|info| match info {
                        LinkInfo::Kind(kind) => Some(kind),
                        _ => None,
                    });
                }
                _ => {}
            }
        }
        // For other kinds, `IFLA_LINK` is the device below, as for a VLAN.
        let paired = matches!(kind, Some(InfoKind::Veth | InfoKind::Netkit | InfoKind::Vxcan));
        let peer = lower.filter(|index| paired && *index != 0).map(|ifindex| Peer { ifindex, namespace });
        let kind = kind.map(ToString::to_string);
        let loopback = message.header.link_layer_type == LinkLayerType::Loopback;
        Some(Self { ifindex: message.header.index, name: name?, mtu, mac_address, master, loopback, kind, peer })
    }

    /// Whether frames that its ports receive are seen on it, not on them: there the host's own traffic passes.
    #[must_use]
    pub fn takes_frames_of_ports(&self) -> bool {
        matches!(self.kind.as_deref(), Some("bridge" | "bond" | "team"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(attributes: Vec<LinkAttribute>) -> Option<Link> {
        let mut message = LinkMessage::default();
        message.header.index = 7;
        message.attributes = attributes;
        Link::of(&message)
    }

    #[test]
    fn only_pairs_have_a_peer() {
        let attributes = |kind| {
            vec![
                LinkAttribute::IfName("d".to_owned()),
                LinkAttribute::Mtu(1500),
                LinkAttribute::Link(3),
                LinkAttribute::LinkNetNsId(1),
                LinkAttribute::LinkInfo(vec![LinkInfo::Kind(kind)]),
            ]
        };
        let veth = link(attributes(InfoKind::Veth)).unwrap();
        assert_eq!(veth.peer, Some(Peer { ifindex: 3, namespace: Some(1) }));
        assert_eq!((veth.ifindex, veth.mtu, veth.kind.as_deref()), (7, 1500, Some("veth")));
        let vlan = link(attributes(InfoKind::Vlan)).unwrap();
        assert_eq!(vlan.peer, None);
        assert!(link(attributes(InfoKind::Bridge)).unwrap().takes_frames_of_ports());
        assert!(!link(attributes(InfoKind::Vrf)).unwrap().takes_frames_of_ports());
    }

    #[test]
    fn only_an_ethernet_has_stations() {
        let read = |layer, octets: &[u8]| {
            let mut message = LinkMessage::default();
            message.header.link_layer_type = layer;
            message.attributes = vec![LinkAttribute::IfName("d".to_owned()), LinkAttribute::Address(octets.to_vec())];
            Link::of(&message).unwrap().mac_address.map(MacAddress::octets)
        };
        assert_eq!(read(LinkLayerType::Ether, &[2, 0, 0, 0, 0, 1]), Some([2, 0, 0, 0, 0, 1]));
        assert_eq!(read(LinkLayerType::Loopback, &[0; 6]), None);
        assert_eq!(read(LinkLayerType::Tunnel, &[10, 0, 0, 1]), None);
        assert_eq!(read(LinkLayerType::Ether, &[0; 6]), None);
    }

    #[test]
    fn a_nameless_message_is_no_device() {
        assert_eq!(link(vec![]), None);
    }
}
