//! Network interfaces: what carries groups, and how it is attached to a device of this host.

use super::text::words;
use super::{AccountId, ClientToken, GroupId, InstanceAttachment, InterfaceId, MacAddress, SubnetId, Tags, VpcId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network interface. One without an attachment is a member of its groups that lives elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkInterface {
    /// Its identifier.
    pub id: InterfaceId,
    /// The VPC that it lives in.
    pub vpc: VpcId,
    /// The account that made it.
    pub owner: AccountId,
    /// What its author says about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its groups, of its VPC: at least one, none twice, in the order given.
    pub groups: Vec<GroupId>,
    /// The subnet that it belongs to. Its addresses need not lie there if a device of this host has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<SubnetId>,
    /// The addresses by which it is a member of its groups: those given, or those that the controller saw on the device.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub addresses: BTreeSet<IpAddr>,
    /// The one of its IPv4 addresses that is not taken from it; without one it is the first in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<Ipv4Addr>,
    /// The instance that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceAttachment>,
    /// The hardware address that it sends with, while that is known: the one given, or the one that the controller saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac_address: Option<MacAddress>,
    /// How it is attached to a device of this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment>,
    /// The device that it is or was last attached to, so that attaching the device again finds this interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// How long its idle flows are remembered.
    #[serde(default)]
    pub timeouts: ConnectionTracking,
    /// Whether a workload may send from its own addresses only, and receive to them, and a host refuses what comes from
    /// outside in the name of its own interfaces.
    #[serde(default = "on")]
    pub source_dest_check: bool,
    /// The token of the request that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_token: Option<ClientToken>,
}

impl NetworkInterface {
    /// What its tag asks to attach it to: `HOST/DEV`.
    #[must_use]
    pub fn device_tag(&self) -> Option<&str> {
        self.tags.get(DEVICE_TAG)
    }

    /// The first of its IPv4 addresses: the one that is set as such, or the first in their order.
    #[must_use]
    pub fn primary_ipv4(&self) -> Option<Ipv4Addr> {
        self.primary.or_else(|| self.ipv4().next())
    }

    /// Its IPv4 addresses, in their order.
    pub fn ipv4(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.addresses.iter().filter_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        })
    }

    /// Its IPv6 addresses, in their order.
    pub fn ipv6(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.addresses.iter().filter_map(|address| match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(*address),
        })
    }

    /// Whether its addresses are those that the controller sees on its device, and nobody else's to give or take.
    #[must_use]
    pub fn follows_device(&self) -> bool {
        match self.attachment.as_ref().map(|attachment| attachment.addresses) {
            Some(AddressSource::Kernel | AddressSource::PeerNamespace) => true,
            Some(AddressSource::Given) | None => false,
        }
    }

    /// The same with other addresses. The primary one stays if it is among them.
    #[must_use]
    pub fn with_addresses(self, addresses: BTreeSet<IpAddr>) -> Self {
        let primary = self.primary.filter(|primary| addresses.contains(&IpAddr::V4(*primary)));
        Self { addresses, primary, ..self }
    }
}

/// The tag that asks to attach an interface to a device. As all that the controller heeds, it begins with
/// [`super::CONTROLLER_TAG_PREFIX`].
const DEVICE_TAG: &str = "firewall:device";

const fn on() -> bool {
    true
}

impl NetworkInterface {
    /// Its hardware address: the one known, else one made for it.
    #[must_use]
    pub fn mac(&self) -> MacAddress {
        self.mac_address.unwrap_or_else(|| MacAddress::of_interface(self.id))
    }

    /// The hardware address that the workload behind it has to send with; none where any will do.
    #[must_use]
    pub fn enforced_mac(&self) -> Option<MacAddress> {
        let is_workload = self.attachment.as_ref().is_some_and(|attachment| attachment.side == Side::Workload);
        self.mac_address.filter(|_| is_workload && self.source_dest_check)
    }

    /// Whether there is a hardware address where there has to be one, and none where there must not.
    pub(super) fn has_fitting_mac(&self) -> bool {
        match self.attachment.as_ref().map(|attachment| (attachment.mac_source, attachment.side)) {
            Some((MacSource::Given, side)) => self.mac_address.is_some() && side == Side::Workload,
            Some((MacSource::Any, side)) => self.mac_address.is_none() && side == Side::Workload,
            Some((MacSource::Auto, Side::Host | Side::Workload)) | None => true,
        }
    }
}

/// The wish to enforce the groups of an interface at a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The device's name.
    pub device: String,
    /// What is behind the device.
    pub side: Side,
    /// Where the programs should run.
    pub hook: HookWish,
    /// Where the interface's addresses come from.
    pub addresses: AddressSource,
    /// Where the interface's hardware address comes from.
    #[serde(default)]
    pub mac_source: MacSource,
    /// Whether frames that are neither IP nor ARP are dropped on a host's own interface, too.
    pub strict_l2: bool,
    /// Whether the rules are enforced. Otherwise everything is judged and counted, and nothing dropped.
    #[serde(default = "on")]
    pub enforce: bool,
    /// Its number in the tables, from 1, which no other attachment has.
    pub number: u32,
    /// Whether connections that are alive when the programs go in are taken up.
    pub adopt: bool,
    /// Whether a tag of the interface asks for it: it ends with the tag, or with the interface.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_tag: bool,
}

words! {
    /// What a device is to this host.
    Side, "side" {
        /// The machine's own interface: what the device receives is inbound.
        Host = "host",
        /// The host's end of a link to a container or a virtual machine: what the device receives is outbound for that.
        Workload = "workload",
    }
}

words! {
    /// Where the programs should run.
    HookWish, "hook" {
        /// The best that the device and its driver have.
        Auto = "auto",
        /// XDP in the driver.
        Xdp = "xdp",
        /// XDP after the driver, for drivers without it.
        XdpGeneric = "xdp-generic",
        /// Traffic control.
        Tc = "tc",
    }
}

words! {
    /// Where the addresses of an attached interface come from.
    AddressSource, "source of addresses" {
        /// The device's own, followed as they change.
        Kernel = "kernel",
        /// Those of the device's peer in its network namespace, read when the interface is attached.
        PeerNamespace = "peer-namespace",
        /// Those that the request gave.
        Given = "given",
    }
}

words! {
    /// Where the hardware address of an attached interface comes from.
    #[derive(Default)]
    MacSource, "source of hardware addresses" {
        /// The device says it, for a workload the device's peer, and it is followed. A workload of which nothing says it
        /// sends with any.
        #[default]
        Auto = "auto",
        /// The request gave it.
        Given = "given",
        /// A workload sends with any, whatever is known.
        Any = "any",
    }
}

/// Idle time-outs of an interface's flows, in seconds. What is not set has the service's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionTracking {
    /// TCP in established state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_established: Option<u32>,
    /// UDP with more than one request and response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp_stream: Option<u32>,
    /// UDP in a single direction, or with a single request and response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp: Option<u32>,
}

/// A time-out outside its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Value ({value}) for parameter {parameter} is invalid. It must be between {min} and {max} seconds.")]
pub struct TimeoutError {
    /// The parameter of the request.
    pub parameter: &'static str,
    /// The value given.
    pub value: u32,
    /// The least that is allowed.
    pub min: u32,
    /// The most that is allowed.
    pub max: u32,
}

impl ConnectionTracking {
    /// Seconds of an idle established TCP flow where nothing is set.
    pub const DEFAULT_TCP_ESTABLISHED: u32 = 432_000;
    /// Seconds of an idle UDP stream where nothing is set.
    pub const DEFAULT_UDP_STREAM: u32 = 180;
    /// Seconds of an idle UDP flow where nothing is set.
    pub const DEFAULT_UDP: u32 = 30;

    /// Holds the values against the service's ranges.
    ///
    /// # Errors
    /// A value is outside its range.
    pub fn validate(self) -> Result<(), TimeoutError> {
        let Self { tcp_established, udp_stream, udp } = self;
        let ranges = [
            ("TcpEstablishedTimeout", tcp_established, 60, 432_000),
            ("UdpStreamTimeout", udp_stream, 60, 180),
            ("UdpTimeout", udp, 30, 60),
        ];
        for (parameter, value, min, max) in ranges {
            if let Some(value) = value.filter(|value| !(min..=max).contains(value)) {
                return Err(TimeoutError { parameter, value, min, max });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_their_text() {
        for side in Side::ALL {
            assert_eq!(side.to_string().parse(), Ok(*side));
        }
        for hook in HookWish::ALL {
            assert_eq!(hook.to_string().parse(), Ok(*hook));
        }
        for source in AddressSource::ALL {
            assert_eq!(source.to_string().parse(), Ok(*source));
        }
        for source in MacSource::ALL {
            assert_eq!(source.to_string().parse(), Ok(*source));
        }
        let error = "ebpf".parse::<HookWish>().expect_err("no hook").to_string();
        assert_eq!(error, "\"ebpf\" is no hook: it is one of auto, xdp, xdp-generic, tc");
    }

    #[test]
    fn what_was_written_before_enforcement_had_a_switch_is_enforced() {
        let written = r#"{"device": "eth0", "side": "host", "hook": "auto", "addresses": "kernel", "strict_l2": false,
            "number": 1, "adopt": true}"#;
        let attachment: Attachment = serde_json::from_str(written).expect("a record of an earlier version");
        assert!(attachment.enforce && !attachment.by_tag);
        assert_eq!(attachment.mac_source, MacSource::Auto);
    }

    #[test]
    fn a_hardware_address_binds_workloads_only_and_only_where_it_is_known() {
        let attachment = |side, mac_source| Attachment {
            device: "veth7".to_owned(),
            side,
            hook: HookWish::Auto,
            addresses: AddressSource::Given,
            mac_source,
            strict_l2: false,
            enforce: true,
            number: 1,
            adopt: true,
            by_tag: false,
        };
        let id: InterfaceId = "eni-0123456789abcdef0".parse().unwrap();
        let bare = NetworkInterface {
            id,
            vpc: "vpc-00000001".parse().unwrap(),
            owner: AccountId::default(),
            description: String::new(),
            groups: Vec::new(),
            addresses: BTreeSet::new(),
            mac_address: None,
            attachment: None,
            device: None,
            tags: Tags::default(),
            timeouts: ConnectionTracking::default(),
            source_dest_check: true,
            subnet: None,
            primary: None,
            instance: None,
            client_token: None,
        };
        let known: Option<MacAddress> = "0a:00:00:00:00:01".parse().ok();
        assert_eq!((bare.mac(), bare.enforced_mac()), (MacAddress::of_interface(id), None));
        for (side, mac_source, mac_address, check, enforced, fits) in [
            (Side::Workload, MacSource::Auto, known, true, known, true),
            (Side::Workload, MacSource::Auto, None, true, None, true),
            (Side::Workload, MacSource::Given, known, true, known, true),
            (Side::Workload, MacSource::Given, known, false, None, true),
            (Side::Workload, MacSource::Given, None, true, None, false),
            (Side::Workload, MacSource::Any, None, true, None, true),
            (Side::Workload, MacSource::Any, known, true, known, false),
            (Side::Host, MacSource::Auto, known, true, None, true),
            (Side::Host, MacSource::Given, known, true, None, false),
        ] {
            let attachment = Some(attachment(side, mac_source));
            let it = NetworkInterface { mac_address, attachment, source_dest_check: check, ..bare.clone() };
            assert_eq!((it.enforced_mac(), it.has_fitting_mac()), (enforced, fits), "{it:?}");
        }
    }

    #[test]
    fn time_outs_stay_in_their_ranges() {
        let tcp = |seconds| ConnectionTracking { tcp_established: Some(seconds), ..ConnectionTracking::default() };
        assert_eq!(ConnectionTracking::default().validate(), Ok(()));
        assert_eq!(tcp(60).validate(), Ok(()));
        assert_eq!(tcp(432_000).validate(), Ok(()));
        assert!(tcp(59).validate().is_err_and(|error| error.value == 59));
        assert!(tcp(432_001).validate().is_err());
        let stream = ConnectionTracking { udp_stream: Some(181), ..ConnectionTracking::default() };
        let text = stream.validate().expect_err("too long").to_string();
        assert_eq!(
            text,
            "Value (181) for parameter UdpStreamTimeout is invalid. It must be between 60 and 180 seconds."
        );
    }
}
