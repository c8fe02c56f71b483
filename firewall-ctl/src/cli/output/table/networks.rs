//! Subnets, internet gateways and instances.

use super::{Screen, finish, more, name_tag, number};
use crate::actions::types::{
    CreateInternetGatewayResult, CreateSubnetResult, DescribeInstancesResult, DescribeInternetGatewaysResult,
    DescribeSubnetsResult, InstanceDescription, InternetGatewayDescription, RegisterInstanceResult, SubnetDescription,
};
use comfy_table::{Cell, Table};

pub(super) fn subnet_created(screen: &Screen, CreateSubnetResult { subnet }: &CreateSubnetResult) -> String {
    finish(&subnets(screen, std::slice::from_ref(subnet)), "")
}

pub(super) fn subnets_listed(screen: &Screen, answer: &DescribeSubnetsResult) -> String {
    finish(&subnets(screen, &answer.subnets), "No subnet.") + &more(&answer.next_token)
}

fn subnets(screen: &Screen, subnets: &[SubnetDescription]) -> Table {
    let mut table = screen.table(["Subnet", "Name", "VPC", "Blocks", "Addresses left", "Default"]);
    for subnet in subnets {
        let associated = subnet
            .ipv6_cidr_block_association_set
            .iter()
            .filter(|block| block.ipv6_cidr_block_state.state == "associated")
            .map(|block| block.ipv6_cidr_block.as_str());
        let blocks: Vec<&str> = std::iter::once(subnet.cidr_block.as_str()).chain(associated).collect();
        table.add_row([
            Cell::new(&subnet.subnet_id),
            Cell::new(name_tag(&subnet.tags)),
            Cell::new(&subnet.vpc_id),
            Cell::new(blocks.join("\n")),
            number(subnet.available_ip_address_count.into()),
            Cell::new(if subnet.default_for_az { "yes" } else { "no" }),
        ]);
    }
    table
}

pub(super) fn gateway_created(screen: &Screen, answer: &CreateInternetGatewayResult) -> String {
    finish(&gateways(screen, std::slice::from_ref(&answer.internet_gateway)), "")
}

pub(super) fn gateways_listed(screen: &Screen, answer: &DescribeInternetGatewaysResult) -> String {
    finish(&gateways(screen, &answer.internet_gateways), "No internet gateway.") + &more(&answer.next_token)
}

fn gateways(screen: &Screen, gateways: &[InternetGatewayDescription]) -> Table {
    let mut table = screen.table(["Internet gateway", "Name", "VPC"]);
    for gateway in gateways {
        let vpcs: Vec<&str> = gateway.attachments.iter().map(|attachment| attachment.vpc_id.as_str()).collect();
        table.add_row([gateway.internet_gateway_id.as_str(), name_tag(&gateway.tags), &vpcs.join("\n")]);
    }
    table
}

pub(super) fn instance_registered(screen: &Screen, answer: &RegisterInstanceResult) -> String {
    finish(&instances(screen, std::iter::once(&answer.instance)), "")
}

pub(super) fn instances_listed(screen: &Screen, answer: &DescribeInstancesResult) -> String {
    let listed = answer.reservations.iter().flat_map(|reservation| &reservation.instances);
    finish(&instances(screen, listed), "No instance.") + &more(&answer.next_token)
}

fn instances<'a>(screen: &Screen, instances: impl Iterator<Item = &'a InstanceDescription>) -> Table {
    let mut table = screen.table(["Instance", "Name", "Kind", "Index", "Interface", "Addresses", "Groups"]);
    for instance in instances {
        let head = [instance.instance_id.as_str(), name_tag(&instance.tags), &instance.instance_type];
        if instance.network_interfaces.is_empty() {
            table.add_row(head.iter().map(Cell::new).chain(std::iter::repeat_n(Cell::new(""), 4)));
        }
        for (at, interface) in instance.network_interfaces.iter().enumerate() {
            let ipv4 = interface.private_ip_addresses.iter().map(|address| address.private_ip_address.as_str());
            let ipv6 = interface.ipv6_addresses.iter().filter_map(|address| address.ipv6_address.as_deref());
            let groups = interface.groups.iter().map(|group| format!("{} {}", group.group_id, group.group_name));
            // The instance is named once.
            let head = head.iter().map(|text| Cell::new(if at == 0 { text } else { "" }));
            table.add_row(head.chain([
                number(interface.attachment.device_index.into()),
                Cell::new(&interface.network_interface_id),
                Cell::new(ipv4.chain(ipv6).collect::<Vec<_>>().join("\n")),
                Cell::new(groups.collect::<Vec<_>>().join("\n")),
            ]));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::tests::shown;
    use insta::assert_snapshot;
    use serde_json::json;

    #[test]
    fn subnets_gateways_and_instances() {
        let subnet = json!({"SubnetId": "subnet-01", "VpcId": "vpc-01", "OwnerId": "000000000000", "State": "available",
            "CidrBlock": "10.0.1.0/24", "AvailableIpAddressCount": 251, "AvailabilityZone": "locala",
            "AvailabilityZoneId": "local-az1", "DefaultForAz": true, "MapPublicIpOnLaunch": false,
            "MapCustomerOwnedIpOnLaunch": false, "AssignIpv6AddressOnCreation": false, "EnableDns64": false,
            "Ipv6Native": false, "SubnetArn": "arn:aws:ec2:local:000000000000:subnet/subnet-01",
            "PrivateDnsNameOptionsOnLaunch": {"HostnameType": "ip-name", "EnableResourceNameDnsARecord": false,
                "EnableResourceNameDnsAAAARecord": false},
            "Tags": [{"Key": "Name", "Value": "lab"}],
            "Ipv6CidrBlockAssociationSet": [{"AssociationId": "subnet-cidr-assoc-01", "Ipv6CidrBlock": "fd00:1::/64",
                "Ipv6CidrBlockState": {"State": "associated"}, "Ipv6AddressAttribute": "private", "IpSource": "amazon"}]});
        assert_snapshot!(shown("DescribeSubnets", &json!({"Subnets": [subnet]})), @r#"
        ┌───────────┬──────┬────────┬─────────────┬────────────────┬─────────┐
        │ Subnet    ┆ Name ┆ VPC    ┆ Blocks      ┆ Addresses left ┆ Default │
        ╞═══════════╪══════╪════════╪═════════════╪════════════════╪═════════╡
        │ subnet-01 ┆ lab  ┆ vpc-01 ┆ 10.0.1.0/24 ┆            251 ┆ yes     │
        │           ┆      ┆        ┆ fd00:1::/64 ┆                ┆         │
        └───────────┴──────┴────────┴─────────────┴────────────────┴─────────┘
        "#);
        let gateway = json!({"InternetGatewayId": "igw-01", "OwnerId": "000000000000", "Tags": [],
            "Attachments": [{"State": "available", "VpcId": "vpc-01"}]});
        assert_snapshot!(shown("DescribeInternetGateways", &json!({"InternetGateways": [gateway]})), @r#"
        ┌──────────────────┬──────┬────────┐
        │ Internet gateway ┆ Name ┆ VPC    │
        ╞══════════════════╪══════╪════════╡
        │ igw-01           ┆      ┆ vpc-01 │
        └──────────────────┴──────┴────────┘
        "#);
        let interface = json!({"NetworkInterfaceId": "eni-01", "Description": "", "OwnerId": "000000000000",
            "Groups": [{"GroupId": "sg-0a", "GroupName": "web"}], "Ipv6Addresses": [], "PrivateIpAddress": "10.0.1.7",
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.1.7"}], "SourceDestCheck": true,
            "Status": "in-use", "SubnetId": "subnet-01", "VpcId": "vpc-01", "InterfaceType": "interface",
            "Attachment": {"AttachTime": "2026-11-24T00:00:00Z", "AttachmentId": "eni-attach-01",
                "DeleteOnTermination": false, "DeviceIndex": 0, "Status": "attached", "NetworkCardIndex": 0}});
        let instance = json!({"AmiLaunchIndex": 0, "ImageId": "ami-0", "InstanceId": "i-01", "InstanceType": "host",
            "LaunchTime": "2026-11-24T00:00:00Z", "Monitoring": {"State": "disabled"}, "PrivateDnsName": "",
            "Placement": {"AvailabilityZone": "locala", "AvailabilityZoneId": "local-az1", "GroupName": "",
                "Tenancy": "default"},
            "PublicDnsName": "", "State": {"Code": 16, "Name": "running"}, "StateTransitionReason": "",
            "NetworkInterfaces": [interface], "SecurityGroups": [], "SourceDestCheck": true,
            "Tags": [{"Key": "Name", "Value": "here"}]});
        let answer = json!({"Reservations": [{"ReservationId": "r-01", "OwnerId": "000000000000", "Groups": [],
            "Instances": [instance]}]});
        assert_snapshot!(shown("DescribeInstances", &answer), @r#"
        ┌──────────┬──────┬──────┬───────┬───────────┬───────────┬───────────┐
        │ Instance ┆ Name ┆ Kind ┆ Index ┆ Interface ┆ Addresses ┆ Groups    │
        ╞══════════╪══════╪══════╪═══════╪═══════════╪═══════════╪═══════════╡
        │ i-01     ┆ here ┆ host ┆     0 ┆ eni-01    ┆ 10.0.1.7  ┆ sg-0a web │
        └──────────┴──────┴──────┴───────┴───────────┴───────────┴───────────┘
        "#);
    }
}
