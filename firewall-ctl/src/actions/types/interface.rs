//! Actions on network interfaces.

use super::{Filter, Tag, TagSpecification, answer, request};

request! {
    /// Makes the record of an interface: a member of groups that lives elsewhere, until it is attached to a device here.
    CreateNetworkInterface {
        /// Its VPC; that of the groups, else the default one, when absent.
        vpc_id: Option<String>,
        /// Its description.
        description: Option<String>,
        /// Its groups; the VPC's default group when absent.
        groups: Vec<String>,
        /// One IPv4 address.
        private_ip_address: Option<String>,
        /// Several IPv4 addresses.
        private_ip_addresses: Vec<PrivateIpAddressSpecification>,
        /// IPv6 addresses.
        ipv6_addresses: Vec<InstanceIpv6Address>,
        /// Tags of type `network-interface`.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// An IPv4 address of a new interface.
    PrivateIpAddressSpecification {
        /// Whether it is the first one.
        primary: bool,
        /// The address.
        private_ip_address: Option<String>,
    }

    /// An IPv6 address of an interface.
    InstanceIpv6Address {
        /// The address.
        ipv6_address: Option<String>,
    }

    /// Deletes the record of an interface that no device is attached to.
    DeleteNetworkInterface {
        /// The interface.
        network_interface_id: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists interfaces.
    DescribeNetworkInterfaces {
        /// These only; an unknown one is an error.
        network_interface_ids: Vec<String>,
        /// Filters: `addresses.private-ip-address`, `description`, `group-id`, `group-name`,
        /// `ipv6-addresses.ipv6-address`, `network-interface-id`, `owner-id`, `private-ip-address`, `status`, `tag:KEY`,
        /// `tag-key`, `vpc-id`.
        filters: Vec<Filter>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Changes one attribute of an interface.
    ModifyNetworkInterfaceAttribute {
        /// The interface.
        network_interface_id: Option<String>,
        /// Its groups from now on, by id; at least one.
        groups: Vec<String>,
        /// Only checks the permission.
        dry_run: bool,
    }
}

answer! {
    /// Answer of CreateNetworkInterface.
    CreateNetworkInterfaceResult {
        /// What was made.
        network_interface: NetworkInterfaceDescription,
    }

    /// Answer of DescribeNetworkInterfaces.
    DescribeNetworkInterfacesResult {
        /// The interfaces, by id.
        network_interfaces: Vec<NetworkInterfaceDescription>,
    }

    /// An interface.
    NetworkInterfaceDescription {
        /// How long idle flows live, where it differs from the service's defaults.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection_tracking_configuration: Option<ConnectionTrackingConfiguration>,
        /// Its description.
        description: String,
        /// Its groups.
        groups: Vec<GroupIdentifier>,
        /// Always `interface`.
        interface_type: String,
        /// Its IPv6 addresses.
        ipv6_addresses: Vec<InstanceIpv6Address>,
        /// Its hardware address: the one known, else one made for it.
        mac_address: String,
        /// Its id.
        network_interface_id: String,
        /// Its owner.
        owner_id: String,
        /// Its first IPv4 address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private_ip_address: Option<String>,
        /// Its IPv4 addresses.
        private_ip_addresses: Vec<NetworkInterfacePrivateIpAddress>,
        /// Whether packets are held against the addresses of the interface.
        source_dest_check: bool,
        /// `in-use` while a device is attached, else `available`.
        status: String,
        /// Its tags.
        tag_set: Vec<Tag>,
        /// Its VPC.
        vpc_id: String,
        /// The device, while one is attached. The service has no such member.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device_attachment: Option<DeviceAttachment>,
        /// The device that was attached last, while none is. The service has no such member.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_device: Option<String>,
    }

    /// How long idle flows live, in seconds.
    ConnectionTrackingConfiguration {
        /// Established TCP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tcp_established_timeout: Option<u32>,
        /// UDP with more than one request and reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        udp_stream_timeout: Option<u32>,
        /// Other UDP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        udp_timeout: Option<u32>,
    }

    /// A group of an interface.
    GroupIdentifier {
        /// Its id.
        group_id: String,
        /// Its name.
        group_name: String,
    }

    /// An IPv4 address of an interface.
    NetworkInterfacePrivateIpAddress {
        /// Whether it is the first one.
        primary: bool,
        /// The address.
        private_ip_address: String,
    }

    /// The device of an interface: what was asked for, and what the kernel has where the controller has looked.
    DeviceAttachment {
        /// Its name.
        device: String,
        /// The number of the attachment on this host.
        number: u32,
        /// `host` or `workload`.
        side: String,
        /// The hook.
        hook: Hook,
        /// Where the addresses come from: `kernel`, `peer-namespace` or `given`.
        addresses: String,
        /// Where the hardware address comes from: `auto`, `given` or `any`.
        mac_source: String,
        /// Whether a workload has to send with the hardware address.
        mac_check: bool,
        /// Whether frames other than IP and ARP are dropped.
        strict_l2: bool,
        /// Whether the rules are enforced, or only watched: nothing is dropped then.
        enforce: bool,
        /// Whether connections alive at the time of attaching were taken over.
        adopt: bool,
        /// `attached`, or what is amiss, such as `missing` for a device that is not there. Filled in by the controller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    }

    /// The hook of an attachment.
    Hook {
        /// What was asked for: `auto`, `xdp`, `xdp-generic` or `tc`.
        wanted: String,
        /// What ingress and egress run on, such as `xdp` or `tcx`. Filled in by the controller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        got: Option<String>,
    }
}
