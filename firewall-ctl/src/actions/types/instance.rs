//! Actions on instances: machines, by their interfaces.

use super::{
    AttributeBooleanValue, Filter, GroupIdentifier, InstanceIpv6Address, NetworkInterfaceAttachment,
    NetworkInterfacePrivateIpAddress, Tag, TagSpecification, answer, request,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

request! {
    /// Makes the record of an instance: a machine that is there already. Each host registers itself. The service has no such
    /// action.
    RegisterInstance {
        /// Interfaces that it has, the primary one first.
        network_interface_ids: Vec<String>,
        /// Tags of type `instance`.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Takes the record of an instance away. Its interfaces are detached from it, and deleted where they go with it. The
    /// service has no such action.
    DeregisterInstance {
        /// The instance.
        instance_id: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists instances with their interfaces.
    DescribeInstances {
        /// These only; an unknown one is an error.
        instance_ids: Vec<String>,
        /// Filters: those of the service, such as `instance-id`, `vpc-id`, `private-ip-address`, `instance.group-id`,
        /// `network-interface.network-interface-id`, `tag:KEY`.
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

    /// Tells one attribute of an instance.
    DescribeInstanceAttribute {
        /// The instance.
        instance_id: Option<String>,
        /// `groupSet` or `sourceDestCheck`.
        attribute: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Changes one attribute of the only interface of an instance.
    ModifyInstanceAttribute {
        /// The instance.
        instance_id: Option<String>,
        /// The groups of its interface from now on, by id; at least one.
        groups: Vec<String>,
        /// Whether packets are held against the addresses of its interface.
        source_dest_check: Option<AttributeBooleanValue>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Gives an interface to an instance. That is a record; `AttachDevice` puts a device under the interface's groups.
    AttachNetworkInterface {
        /// The interface.
        network_interface_id: Option<String>,
        /// The instance.
        instance_id: Option<String>,
        /// The place among the instance's interfaces.
        device_index: Option<u32>,
        /// 0; there is no other.
        network_card_index: Option<u32>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Takes an interface from its instance.
    DetachNetworkInterface {
        /// The attachment.
        attachment_id: Option<String>,
        /// Without asking the machine, which is never asked here.
        force: Option<bool>,
        /// Only checks the permission.
        dry_run: bool,
    }
}

/// Makes instances in the service; refused here, whatever it asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunInstances {
    /// Only checks the permission.
    #[serde(rename = "DryRun", skip_serializing_if = "super::is_absent")]
    pub dry_run: bool,
    /// What was asked for.
    #[serde(flatten)]
    pub members: BTreeMap<String, serde_json::Value>,
}

answer! {
    /// Answer of RegisterInstance.
    RegisterInstanceResult {
        /// What was made.
        instance: InstanceDescription,
    }

    /// Answer of DescribeInstances.
    DescribeInstancesResult {
        /// The instances, one to a reservation.
        reservations: Vec<Reservation>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// What an instance came with in the service.
    Reservation {
        /// Its id, by the instance's digits.
        reservation_id: String,
        /// The owner.
        owner_id: String,
        /// Always empty, as for every VPC.
        groups: Vec<GroupIdentifier>,
        /// The instance.
        instances: Vec<InstanceDescription>,
    }

    /// An instance.
    InstanceDescription {
        /// Its place in its reservation: 0.
        ami_launch_index: u32,
        /// What it was made of: nothing that the service would know.
        image_id: String,
        /// Its id.
        instance_id: String,
        /// What kind of machine it is: `host` for one that runs this program, else `registered`.
        instance_type: String,
        /// Since when it is known.
        launch_time: String,
        /// Whether it is measured: not here.
        monitoring: Monitoring,
        /// Where it is.
        placement: InstancePlacement,
        /// A name of its own that resolves: none.
        private_dns_name: String,
        /// The first IPv4 address of its primary interface.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private_ip_address: Option<String>,
        /// The first IPv6 address of its primary interface.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ipv6_address: Option<String>,
        /// A public name: none.
        public_dns_name: String,
        /// Always `running`.
        state: InstanceState,
        /// Why it was stopped: it was not.
        state_transition_reason: String,
        /// The subnet of its primary interface.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subnet_id: Option<String>,
        /// The VPC of its primary interface.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vpc_id: Option<String>,
        /// The processor, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        architecture: Option<String>,
        /// Its interfaces, the primary one first.
        network_interfaces: Vec<InstanceNetworkInterface>,
        /// The groups of its primary interface.
        security_groups: Vec<GroupIdentifier>,
        /// Whether its primary interface holds packets against its addresses.
        source_dest_check: bool,
        /// Its tags, the name of a host that has registered itself among them.
        tags: Vec<Tag>,
    }

    /// Whether an instance is measured.
    Monitoring {
        /// Always `disabled`.
        state: String,
    }

    /// Where an instance is.
    InstancePlacement {
        /// The zone.
        availability_zone: String,
        /// The zone's id.
        availability_zone_id: String,
        /// None.
        group_name: String,
        /// Always `default`.
        tenancy: String,
    }

    /// The state of an instance.
    InstanceState {
        /// Its number.
        code: u32,
        /// Its word.
        name: String,
    }

    /// An interface of an instance.
    InstanceNetworkInterface {
        /// Its place.
        attachment: InstanceNetworkInterfaceAttachment,
        /// Its description.
        description: String,
        /// Its groups.
        groups: Vec<GroupIdentifier>,
        /// Its IPv6 addresses.
        ipv6_addresses: Vec<InstanceIpv6Address>,
        /// Its id.
        network_interface_id: String,
        /// Its owner.
        owner_id: String,
        /// Its first IPv4 address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private_ip_address: Option<String>,
        /// Its IPv4 addresses.
        private_ip_addresses: Vec<NetworkInterfacePrivateIpAddress>,
        /// Whether packets are held against its addresses.
        source_dest_check: bool,
        /// Always `in-use`.
        status: String,
        /// Its subnet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subnet_id: Option<String>,
        /// Its VPC.
        vpc_id: String,
        /// Always `interface`.
        interface_type: String,
    }

    /// The place of an interface at the instance that tells it.
    InstanceNetworkInterfaceAttachment {
        /// Since when.
        attach_time: String,
        /// Its id.
        attachment_id: String,
        /// Whether the interface goes with the instance.
        delete_on_termination: bool,
        /// The place.
        device_index: u32,
        /// Always `attached`.
        status: String,
        /// Always 0.
        network_card_index: u32,
    }

    /// Answer of DescribeInstanceAttribute: the instance and the attribute that was asked for.
    DescribeInstanceAttributeResult {
        /// The instance.
        instance_id: String,
        /// Whether packets are held against the addresses of its primary interface.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_dest_check: Option<AttributeBooleanValue>,
        /// The groups of its primary interface.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        groups: Option<Vec<GroupIdentifier>>,
    }

    /// Answer of AttachNetworkInterface.
    AttachNetworkInterfaceResult {
        /// The attachment.
        attachment_id: String,
        /// Always 0.
        network_card_index: u32,
    }
}

impl From<NetworkInterfaceAttachment> for InstanceNetworkInterfaceAttachment {
    fn from(attachment: NetworkInterfaceAttachment) -> Self {
        let NetworkInterfaceAttachment {
            attach_time,
            attachment_id,
            delete_on_termination,
            device_index,
            network_card_index,
            instance_id: _,
            instance_owner_id: _,
            status,
        } = attachment;
        Self { attach_time, attachment_id, delete_on_termination, device_index, status, network_card_index }
    }
}
