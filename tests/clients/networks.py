"""Subnets, interfaces, instances, gateways, and what clients ask around VPCs."""

import json
import os
import re
import subprocess

from common import EC2, Test


class Networks(Test):
    def subnet(self, vpc, block, **more):
        """A subnet that goes when the test ends."""
        made = EC2.create_subnet(VpcId=vpc, CidrBlock=block, **more)["Subnet"]["SubnetId"]
        self.addCleanup(EC2.delete_subnet, SubnetId=made)
        return made

    def interface(self, subnet, **more):
        """An interface that goes when the test ends."""
        made = EC2.create_network_interface(SubnetId=subnet, **more)["NetworkInterface"]["NetworkInterfaceId"]
        self.addCleanup(EC2.delete_network_interface, NetworkInterfaceId=made)
        return made

    def described(self, interface):
        return EC2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]

    def test_attributes_of_a_vpc(self):
        vpc = self.vpc("10.70.0.0/16")
        for attribute, name in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
            for value in (True, False):
                EC2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": value}})
                found = EC2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
                self.assertEqual(found[name]["Value"], value)

    def test_blocks_of_a_vpc(self):
        vpc = self.vpc("10.71.0.0/16")
        made = EC2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.72.0.0/16")["CidrBlockAssociation"]
        blocks = EC2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
        self.assertEqual({each["CidrBlock"] for each in blocks}, {"10.71.0.0/16", "10.72.0.0/16"})
        EC2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])

    def test_a_subnet_comes_and_goes(self):
        vpc = self.vpc("10.73.0.0/16")
        subnet = self.subnet(vpc, "10.73.1.0/24")
        EC2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
        found = EC2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        self.assertEqual([(each["SubnetId"], each["CidrBlock"]) for each in found], [(subnet, "10.73.1.0/24")])
        EC2.get_waiter("subnet_available").wait(SubnetIds=[subnet])
        self.refused("InvalidSubnetID.NotFound", EC2.describe_subnets, SubnetIds=["subnet-00000000"])
        self.refused("InvalidSubnet.Conflict", EC2.create_subnet, VpcId=vpc, CidrBlock="10.73.1.128/25")
        self.refused("InvalidSubnet.Range", EC2.create_subnet, VpcId=vpc, CidrBlock="10.99.0.0/24")
        self.refused("DependencyViolation", EC2.delete_vpc, VpcId=vpc, words=[subnet])

    def test_ipv6_of_a_subnet(self):
        made = EC2.create_vpc(CidrBlock="10.74.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
        vpc = made["VpcId"]
        self.addCleanup(EC2.delete_vpc, VpcId=vpc)
        block = EC2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
        subnet = self.subnet(vpc, "10.74.1.0/24")
        block = block.replace("/56", "/64")
        made = EC2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=block)["Ipv6CidrBlockAssociation"]
        interface = EC2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        given = EC2.assign_ipv6_addresses(NetworkInterfaceId=interface, Ipv6AddressCount=2)["AssignedIpv6Addresses"]
        self.assertEqual(len(given), 2)
        EC2.unassign_ipv6_addresses(NetworkInterfaceId=interface, Ipv6Addresses=given)
        EC2.delete_network_interface(NetworkInterfaceId=interface)
        EC2.disassociate_subnet_cidr_block(AssociationId=made["AssociationId"])

    def test_an_interface_comes_changes_and_goes(self):
        vpc = self.vpc("10.75.0.0/16")
        subnet = self.subnet(vpc, "10.75.1.0/24")
        one, other = self.group("one", vpc), self.group("other", vpc)
        interface = self.interface(subnet, Groups=[one], PrivateIpAddress="10.75.1.10", Description="first")
        EC2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[interface])
        found = self.described(interface)
        self.assertEqual((found["PrivateIpAddress"], found["SubnetId"], found["VpcId"]), ("10.75.1.10", subnet, vpc))
        EC2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[one, other])
        self.assertEqual({group["GroupId"] for group in self.described(interface)["Groups"]}, {one, other})
        self.refused("DependencyViolation", EC2.delete_security_group, GroupId=other, words=[interface])
        filters = [{"Name": "group-id", "Values": [other]}]
        self.assertEqual(len(EC2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]), 1)
        modify = lambda **change: EC2.modify_network_interface_attribute(NetworkInterfaceId=interface, **change)
        modify(Description={"Value": "second"})
        modify(SourceDestCheck={"Value": False})
        described = lambda attribute: EC2.describe_network_interface_attribute(
            NetworkInterfaceId=interface, Attribute=attribute
        )
        self.assertEqual(described("description")["Description"]["Value"], "second")
        self.assertEqual(described("sourceDestCheck")["SourceDestCheck"]["Value"], False)
        self.assertEqual({group["GroupId"] for group in described("groupSet")["Groups"]}, {one, other})
        EC2.reset_network_interface_attribute(NetworkInterfaceId=interface, SourceDestCheck="true")
        self.assertEqual(described("sourceDestCheck")["SourceDestCheck"]["Value"], True)
        assign, unassign = EC2.assign_private_ip_addresses, EC2.unassign_private_ip_addresses
        assign(NetworkInterfaceId=interface, PrivateIpAddresses=["10.75.1.11"])
        assign(NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=1)
        self.assertEqual(len(self.described(interface)["PrivateIpAddresses"]), 3)
        unassign(NetworkInterfaceId=interface, PrivateIpAddresses=["10.75.1.11"])
        modify(Groups=[one])
        self.refused(
            "InvalidIPAddress.InUse", EC2.create_network_interface, SubnetId=subnet, PrivateIpAddress="10.75.1.10"
        )
        self.refused("InvalidNetworkInterfaceID.NotFound", EC2.delete_network_interface, NetworkInterfaceId="eni-00000000")
        six = [self.group(f"g{number}", vpc) for number in range(6)]
        self.refused("SecurityGroupsPerInterfaceLimitExceeded", modify, Groups=six)

    def test_a_token_makes_one_interface(self):
        vpc = self.vpc("10.76.0.0/16")
        subnet = self.subnet(vpc, "10.76.1.0/24")
        first = self.interface(subnet, ClientToken="token")
        again = EC2.create_network_interface(SubnetId=subnet, ClientToken="token")["NetworkInterface"]
        self.assertEqual(again["NetworkInterfaceId"], first)

    def test_a_gateway_comes_and_goes(self):
        vpc = self.vpc("10.77.0.0/16")
        gateway = EC2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        EC2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        found = EC2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]
        self.assertEqual(found["Attachments"][0]["VpcId"], vpc)
        EC2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        EC2.delete_internet_gateway(InternetGatewayId=gateway)

    def test_an_instance(self):
        vpc = self.vpc("10.79.0.0/16")
        subnet = self.subnet(vpc, "10.79.1.0/24")
        group = self.group("of-instances", vpc)
        first, second = self.interface(subnet), self.interface(subnet)
        command = [os.environ["FIREWALL_CTL"], "register-instance", "--network-interface-ids", first, "--output", "json"]
        made = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        instance = re.search(r"\bi-[0-9a-f]+", json.dumps(made))[0]
        self.addCleanup(
            subprocess.run,
            [os.environ["FIREWALL_CTL"], "deregister-instance", "--instance-id", instance],
            capture_output=True,
            check=True,
        )
        EC2.modify_instance_attribute(InstanceId=instance, Groups=[group])
        found = EC2.describe_instance_attribute(InstanceId=instance, Attribute="groupSet")
        self.assertEqual([each["GroupId"] for each in found["Groups"]], [group])
        attach = dict(InstanceId=instance, NetworkInterfaceId=second, DeviceIndex=1)
        attachment = EC2.attach_network_interface(**attach)["AttachmentId"]
        listed = EC2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        self.assertEqual({each["NetworkInterfaceId"] for each in listed["NetworkInterfaces"]}, {first, second})
        EC2.detach_network_interface(AttachmentId=attachment)
        words = ["register-instance"]
        run = dict(MinCount=1, MaxCount=1, ImageId="ami-00000000")
        self.refused("UnsupportedOperation", EC2.run_instances, **run, words=words)

    def test_what_is_the_default_is_there(self):
        self.refused("DefaultVpcAlreadyExists", EC2.create_default_vpc)
        zone = EC2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
        code = "DefaultSubnetAlreadyExistsInAvailabilityZone"
        self.refused(code, EC2.create_default_subnet, AvailabilityZone=zone)

    def test_what_is_around(self):
        vpc = self.vpc("10.78.0.0/16")
        here = [{"Name": "vpc-id", "Values": [vpc]}]
        acls = EC2.describe_network_acls(Filters=here)["NetworkAcls"]
        self.assertEqual([acl["IsDefault"] for acl in acls], [True])
        tables = EC2.describe_route_tables(Filters=here)["RouteTables"]
        self.assertEqual([table["Associations"][0]["Main"] for table in tables], [True])
        self.assertTrue(EC2.describe_availability_zones()["AvailabilityZones"])
        self.assertEqual([each["RegionName"] for each in EC2.describe_regions()["Regions"]], ["local"])
        EC2.describe_account_attributes()
        EC2.describe_instances()
