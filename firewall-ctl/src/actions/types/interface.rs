//! Actions on network interfaces.

use super::{AttributeBooleanValue, AttributeValue, Filter, Tag, TagSpecification, answer, request};

request! {
    /// Makes the record of an interface: a member of groups that lives elsewhere, until it is attached to a device here.
    CreateNetworkInterface {
        /// Its subnet, from which it gets what addresses it is not given.
        subnet_id: Option<String>,
        /// Its VPC, where no subnet is named: the interface has the addresses that it is given then, of any block. That of the
        /// groups, else the default one, when absent. The service has no such member.
        vpc_id: Option<String>,
        /// Its description.
        description: Option<String>,
        /// Its groups; the VPC's default group when absent.
        groups: Vec<String>,
        /// Its first IPv4 address.
        private_ip_address: Option<String>,
        /// Several IPv4 addresses.
        private_ip_addresses: Vec<PrivateIpAddressSpecification>,
        /// How many IPv4 addresses it gets from its subnet beside the first one.
        secondary_private_ip_address_count: Option<u32>,
        /// IPv6 addresses.
        ipv6_addresses: Vec<InstanceIpv6Address>,
        /// How many IPv6 addresses it gets from its subnet.
        ipv6_address_count: Option<u32>,
        /// How long idle flows live.
        connection_tracking_specification: Option<ConnectionTrackingSpecification>,
        /// A token: the same request with the same token makes no second interface.
        client_token: Option<String>,
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
        /// Whether it is the primary one, which no interface has here.
        is_primary_ipv6: bool,
    }

    /// How long idle flows of an interface live, in seconds.
    ConnectionTrackingSpecification {
        /// Established TCP: 60 to 432000.
        tcp_established_timeout: Option<u32>,
        /// UDP with more than one request and reply: 60 to 180.
        udp_stream_timeout: Option<u32>,
        /// Other UDP: 30 to 60.
        udp_timeout: Option<u32>,
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
        /// Filters: those of the service, such as `attachment.instance-id`, `description`, `group-id`, `group-name`,
        /// `private-ip-address`, `status`, `subnet-id`, `tag:KEY`, `vpc-id`.
        filters: Vec<Filter>,
        /// Also those that others manage. There are none.
        include_managed_resources: bool,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Changes one attribute of an interface.
    ModifyNetworkInterfaceAttribute {
        /// The interface.
        network_interface_id: Option<String>,
        /// Its groups from now on, by id; at least one.
        groups: Vec<String>,
        /// Its description from now on.
        description: Option<AttributeValue>,
        /// Whether packets are held against its addresses.
        source_dest_check: Option<AttributeBooleanValue>,
        /// How long idle flows live from now on; what is not named stays as it is.
        connection_tracking_specification: Option<ConnectionTrackingSpecification>,
        /// Whether it goes with its instance.
        attachment: Option<NetworkInterfaceAttachmentChanges>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// What is to change of the place of an interface at an instance.
    NetworkInterfaceAttachmentChanges {
        /// The attachment.
        attachment_id: Option<String>,
        /// Whether the interface goes with the instance.
        delete_on_termination: Option<bool>,
    }

    /// Tells one attribute of an interface.
    DescribeNetworkInterfaceAttribute {
        /// The interface.
        network_interface_id: Option<String>,
        /// `description`, `groupSet`, `sourceDestCheck`, `attachment` or `associatePublicIpAddress`.
        attribute: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Sets an attribute of an interface to what it is at first.
    ResetNetworkInterfaceAttribute {
        /// The interface.
        network_interface_id: Option<String>,
        /// Named, whatever it says: packets are held against the addresses of the interface again.
        source_dest_check: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Gives an interface IPv4 addresses of its subnet.
    AssignPrivateIpAddresses {
        /// The interface.
        network_interface_id: Option<String>,
        /// These.
        private_ip_addresses: Vec<String>,
        /// So many, whichever are free.
        secondary_private_ip_address_count: Option<u32>,
        /// Whether addresses may be taken from other interfaces.
        allow_reassignment: Option<bool>,
    }

    /// Takes IPv4 addresses from an interface, but for the first one.
    UnassignPrivateIpAddresses {
        /// The interface.
        network_interface_id: Option<String>,
        /// These.
        private_ip_addresses: Vec<String>,
    }

    /// Gives an interface IPv6 addresses of its subnet.
    AssignIpv6Addresses {
        /// The interface.
        network_interface_id: Option<String>,
        /// These.
        ipv6_addresses: Vec<String>,
        /// So many, whichever are free.
        ipv6_address_count: Option<u32>,
    }

    /// Takes IPv6 addresses from an interface.
    UnassignIpv6Addresses {
        /// The interface.
        network_interface_id: Option<String>,
        /// These.
        ipv6_addresses: Vec<String>,
    }
}

answer! {
    /// Answer of CreateNetworkInterface.
    CreateNetworkInterfaceResult {
        /// What was made.
        network_interface: NetworkInterfaceDescription,
        /// The token of the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_token: Option<String>,
    }

    /// Answer of DescribeNetworkInterfaceAttribute: the interface and the attribute that was asked for.
    DescribeNetworkInterfaceAttributeResult {
        /// Its place at an instance, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attachment: Option<NetworkInterfaceAttachment>,
        /// Its description.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<AttributeValue>,
        /// Its groups.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        groups: Option<Vec<GroupIdentifier>>,
        /// The interface.
        network_interface_id: String,
        /// Whether packets are held against its addresses.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_dest_check: Option<AttributeBooleanValue>,
        /// Whether it has a public address: it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        associate_public_ip_address: Option<bool>,
    }

    /// Answer of AssignPrivateIpAddresses.
    AssignPrivateIpAddressesResult {
        /// The interface.
        network_interface_id: String,
        /// What it got.
        assigned_private_ip_addresses: Vec<AssignedPrivateIpAddress>,
    }

    /// An IPv4 address that an interface got.
    AssignedPrivateIpAddress {
        /// The address.
        private_ip_address: String,
    }

    /// Answer of AssignIpv6Addresses.
    AssignIpv6AddressesResult {
        /// What it got.
        assigned_ipv6_addresses: Vec<String>,
        /// The interface.
        network_interface_id: String,
    }

    /// Answer of UnassignIpv6Addresses.
    UnassignIpv6AddressesResult {
        /// The interface.
        network_interface_id: String,
        /// What was taken from it.
        unassigned_ipv6_addresses: Vec<String>,
    }

    /// The place of an interface at an instance.
    NetworkInterfaceAttachment {
        /// Since when.
        attach_time: String,
        /// Its id.
        attachment_id: String,
        /// Whether the interface goes with the instance.
        delete_on_termination: bool,
        /// The place.
        device_index: u32,
        /// Always 0.
        network_card_index: u32,
        /// The instance.
        instance_id: String,
        /// The instance's owner.
        instance_owner_id: String,
        /// Always `attached`.
        status: String,
    }

    /// Answer of DescribeNetworkInterfaces.
    DescribeNetworkInterfacesResult {
        /// The interfaces, by id.
        network_interfaces: Vec<NetworkInterfaceDescription>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// An interface.
    NetworkInterfaceDescription {
        /// The instance that has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attachment: Option<NetworkInterfaceAttachment>,
        /// The zone.
        availability_zone: String,
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
        /// Whether a service manages it: never.
        requester_managed: bool,
        /// Its first IPv4 address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private_ip_address: Option<String>,
        /// Its IPv4 addresses.
        private_ip_addresses: Vec<NetworkInterfacePrivateIpAddress>,
        /// Whether packets are held against the addresses of the interface.
        source_dest_check: bool,
        /// `in-use` while an instance has it or a device is attached, else `available`.
        status: String,
        /// Its subnet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subnet_id: Option<String>,
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
        /// The device of this host that its tag asks for, and what has come of it. Filled in by the controller. The service has
        /// no such member.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device_binding: Option<DeviceBinding>,
    }

    /// A device of this host that a tag asks for.
    DeviceBinding {
        /// Its name.
        device: String,
        /// `bound`, `pending` or `refused`.
        state: String,
        /// Why it is not bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
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
