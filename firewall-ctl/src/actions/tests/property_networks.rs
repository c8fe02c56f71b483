//! Steps of the property test on VPCs, subnets, gateways, instances and the addresses of interfaces.

use super::property::pick;
use super::*;
use crate::actions::{bind_device, release_device};
use crate::model::{InterfaceId, Side, SubnetId, Vpc, VpcId};
use proptest::prelude::*;
use std::sync::Arc;

/// A step on what is beside the groups: an action by its place in a table, with numbers that choose.
#[derive(Debug, Clone)]
pub(super) struct NetworkStep {
    action: usize,
    picks: [usize; 3],
    flag: bool,
}

/// The actions of [`NetworkStep`].
const NETWORK_ACTIONS: [&str; 31] = [
    "AssignIpv6Addresses",
    "AssignPrivateIpAddresses",
    "AssociateSubnetCidrBlock",
    "AssociateVpcCidrBlock",
    "AttachInternetGateway",
    "AttachNetworkInterface",
    "CreateDefaultSubnet",
    "CreateDefaultVpc",
    "CreateInternetGateway",
    "CreateNetworkInterface",
    // More often than the others: much depends on subnets.
    "CreateSubnet",
    "CreateSubnet",
    "CreateSubnet",
    "CreateSubnet",
    "CreateSubnet",
    "DeleteInternetGateway",
    "DeleteNetworkInterface",
    "DeleteSubnet",
    "DeleteVpc",
    "DeregisterInstance",
    "DetachInternetGateway",
    "DetachNetworkInterface",
    "DisassociateSubnetCidrBlock",
    "DisassociateVpcCidrBlock",
    "ModifyInstanceAttribute",
    "ModifyNetworkInterfaceAttribute",
    "ModifySubnetAttribute",
    "ModifyVpcAttribute",
    "RegisterInstance",
    "ResetNetworkInterfaceAttribute",
    "UnassignPrivateIpAddresses",
];

pub(super) fn step() -> impl Strategy<Value = NetworkStep> {
    let index = || 0usize..8;
    (0..NETWORK_ACTIONS.len() + 1, [index(), index(), index()], any::<bool>())
        .prop_map(|(action, picks, flag)| NetworkStep { action, picks, flag })
}

impl World {
    pub(super) fn network_action(
        &self,
        NetworkStep { action, picks: [a, b, c], flag }: &NetworkStep,
    ) -> (&'static str, Value) {
        // The one beyond the table.
        let action = NETWORK_ACTIONS.get(*action).copied().unwrap_or("UnassignIpv6Addresses");
        let interface = pick(self.model.interfaces.keys(), *a, NO_INTERFACE);
        let vpc = pick(self.model.vpcs.keys(), *a, NO_VPC);
        let subnet = pick(self.model.subnets.keys(), *a, NO_SUBNET);
        let instance = pick(self.model.instances.keys(), *b, NO_INSTANCE);
        let gateway = pick(self.model.internet_gateways.keys(), *b, NO_GATEWAY);
        let places =
            self.model.interfaces.values().filter_map(|interface| interface.instance.as_ref().map(|place| place.id));
        let place = pick(places.collect::<Vec<_>>().into_iter(), *b, NO_PLACE);
        // The block of the VPC that its own subnets and the requests below are taken from.
        let ula = |vpc: Option<&Vpc>, length: u8| match vpc.and_then(|vpc| vpc.ipv6_cidr_blocks.first()) {
            Some(association) => {
                let bits = association.block.network().to_bits() | ((*c as u128 % 3) << 64);
                format!("{}/{length}", std::net::Ipv6Addr::from_bits(bits))
            }
            None => format!("fd00:{c}::/{length}"),
        };
        let vpc_of_subnet = self.model.subnets.get(&subnet.parse::<SubnetId>().unwrap()).map(|subnet| subnet.vpc);
        let vpc_of_subnet = vpc_of_subnet.and_then(|id| self.model.vpcs.get(&id)).map(Arc::as_ref);
        let body = match action {
            "AssignIpv6Addresses" if *flag => json!({"NetworkInterfaceId": interface, "Ipv6AddressCount": b}),
            "AssignIpv6Addresses" | "UnassignIpv6Addresses" => {
                let addresses = self.model.interfaces.values().flat_map(|interface| interface.ipv6());
                let known = pick(addresses.collect::<Vec<_>>().into_iter(), *b, "fd00::9");
                json!({"NetworkInterfaceId": interface, "Ipv6Addresses": [known]})
            }
            "UnassignPrivateIpAddresses" if *flag => {
                // The last one: where there are several, not the first.
                let last = self.model.interfaces.values().filter(|interface| interface.ipv4().count() > 1);
                let (interface, address) = last
                    .filter_map(|interface| Some((interface.id.to_string(), interface.ipv4().last()?.to_string())))
                    .next()
                    .unwrap_or((interface, "10.0.9.9".to_owned()));
                json!({"NetworkInterfaceId": interface, "PrivateIpAddresses": [address]})
            }
            "AssignPrivateIpAddresses" if *flag => {
                json!({"NetworkInterfaceId": interface, "SecondaryPrivateIpAddressCount": b})
            }
            "AssignPrivateIpAddresses" | "UnassignPrivateIpAddresses" => {
                let addresses = self.model.interfaces.values().flat_map(|interface| interface.ipv4());
                let known = pick(addresses.collect::<Vec<_>>().into_iter(), *b, "10.0.9.9");
                let mut body = json!({"NetworkInterfaceId": interface, "PrivateIpAddresses": [known]});
                if action == "AssignPrivateIpAddresses" {
                    body["AllowReassignment"] = json!(c % 2 == 0);
                }
                body
            }
            "AssociateSubnetCidrBlock" => json!({"SubnetId": subnet, "Ipv6CidrBlock": ula(vpc_of_subnet, 64)}),
            "AssociateVpcCidrBlock" if *flag => json!({"VpcId": vpc, "AmazonProvidedIpv6CidrBlock": true}),
            "AssociateVpcCidrBlock" => json!({"VpcId": vpc, "CidrBlock": format!("10.{b}.0.0/16")}),
            "DetachInternetGateway" if *flag => {
                let attached = self.model.internet_gateways.values().find_map(|each| Some((each.id, each.vpc?)));
                let (gateway, vpc) = attached.map_or((gateway, vpc), |(id, vpc)| (id.to_string(), vpc.to_string()));
                json!({"InternetGatewayId": gateway, "VpcId": vpc})
            }
            "AttachInternetGateway" | "DetachInternetGateway" => json!({"InternetGatewayId": gateway, "VpcId": vpc}),
            "AttachNetworkInterface" => {
                json!({"NetworkInterfaceId": interface, "InstanceId": instance, "DeviceIndex": c % 3})
            }
            "CreateDefaultSubnet" => json!({"AvailabilityZone": "locala"}),
            "CreateDefaultVpc" | "CreateInternetGateway" => json!({}),
            "CreateNetworkInterface" => {
                let mut body = json!({"SubnetId": subnet});
                if *flag {
                    body["SecondaryPrivateIpAddressCount"] = json!(b);
                    body["ClientToken"] = json!(format!("token{}", c % 2));
                }
                body
            }
            "CreateSubnet" => {
                let vpc_value = self.model.vpcs.get(&vpc.parse::<VpcId>().unwrap()).map(Arc::as_ref);
                let block = vpc_value.and_then(|vpc| vpc.cidr_blocks.first()).map(|each| each.block.network());
                let network = block.unwrap_or([10, 0, 0, 0].into()).octets();
                let mut body = json!({"VpcId": vpc, "CidrBlock": format!("{}.{}.{b}.0/28", network[0], network[1])});
                if *flag {
                    body["Ipv6CidrBlock"] = json!(ula(vpc_value, 64));
                }
                body
            }
            "DeleteInternetGateway" => json!({"InternetGatewayId": gateway}),
            "DeleteNetworkInterface" => json!({"NetworkInterfaceId": interface}),
            "DeleteSubnet" => json!({"SubnetId": subnet}),
            "DeleteVpc" => json!({"VpcId": vpc}),
            "DeregisterInstance" => json!({"InstanceId": instance}),
            "DetachNetworkInterface" => json!({"AttachmentId": place}),
            "DisassociateSubnetCidrBlock" => {
                let known = self.model.subnets.values().filter_map(|subnet| subnet.ipv6_cidr_block.map(|each| each.id));
                json!({"AssociationId": pick(known.collect::<Vec<_>>().into_iter(), *b, "subnet-cidr-assoc-00000000")})
            }
            "DisassociateVpcCidrBlock" => {
                let known = self.model.vpcs.values().flat_map(|vpc| {
                    vpc.cidr_blocks.iter().map(|each| each.id).chain(vpc.ipv6_cidr_blocks.iter().map(|each| each.id))
                });
                json!({"AssociationId": pick(known.collect::<Vec<_>>().into_iter(), *b, "vpc-cidr-assoc-00000000")})
            }
            "ModifyInstanceAttribute" if *flag => {
                json!({"InstanceId": instance, "SourceDestCheck": {"Value": c % 2 == 0}})
            }
            "ModifyInstanceAttribute" => json!({"InstanceId": instance, "Groups": [self.pick_group(*c)]}),
            "ModifyNetworkInterfaceAttribute" if *flag => json!({
                "NetworkInterfaceId": interface,
                "Attachment": {"AttachmentId": place, "DeleteOnTermination": true},
            }),
            "ModifyNetworkInterfaceAttribute" => json!({
                "NetworkInterfaceId": interface,
                "ConnectionTrackingSpecification": {"UdpTimeout": 28 + b},
            }),
            "ModifySubnetAttribute" => json!({"SubnetId": subnet, "AssignIpv6AddressOnCreation": {"Value": flag}}),
            "ModifyVpcAttribute" => json!({"VpcId": vpc, "EnableDnsHostnames": {"Value": flag}}),
            "RegisterInstance" if *flag => json!({"NetworkInterfaceIds": [interface]}),
            "RegisterInstance" => json!({}),
            "ResetNetworkInterfaceAttribute" => json!({"NetworkInterfaceId": interface, "SourceDestCheck": "true"}),
            other => panic!("{other} has no members here"),
        };
        (action, body)
    }

    /// Binds an interface to a device, or takes it off where it is bound so.
    pub(super) fn bind_by_tag(&mut self, interface: usize, device: u8, workload: bool) -> String {
        let id: InterfaceId = pick(self.model.interfaces.keys(), interface, NO_INTERFACE).parse().unwrap();
        let known = self.model.interfaces.get(&id).cloned();
        if let Some(known) = known.filter(|known| known.attachment.as_ref().is_some_and(|wish| wish.by_tag)) {
            self.model = release_device(&self.model, &known).unwrap();
            self.model.check().unwrap();
            return "unbound".to_owned();
        }
        let side = if workload { Side::Workload } else { Side::Host };
        match self.with_context(|context| bind_device(context, id, &format!("eth{device}"), side)) {
            Ok(model) => {
                model.check().unwrap();
                self.model = model;
                "bound".to_owned()
            }
            Err(error) => error.code.to_string(),
        }
    }
}
