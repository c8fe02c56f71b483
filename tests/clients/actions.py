"""Every action by boto3: what it does, its errors, pages, filters and waiters."""

import os
import threading
import time
import urllib.error
import urllib.request

import botocore.config
import botocore.exceptions
import botocore.handlers

import common
from common import EC2, Test, client, permission
from lists import *  # their tests are run here, so that one run calls every action
from networks import *


KEY = os.environ["AWS_ACCESS_KEY_ID"]


class Vpcs(Test):
    def test_a_vpc_comes_and_goes(self):
        made = EC2.create_vpc(CidrBlock="10.51.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
        self.assertEqual(made["CidrBlock"], "10.51.0.0/16")
        listed = EC2.describe_vpcs(VpcIds=[made["VpcId"]])["Vpcs"]
        self.assertEqual([vpc["VpcId"] for vpc in listed], [made["VpcId"]])
        self.assertFalse(listed[0]["IsDefault"])
        EC2.delete_vpc(VpcId=made["VpcId"])
        self.refused("InvalidVpcID.NotFound", EC2.describe_vpcs, VpcIds=[made["VpcId"]], words=[made["VpcId"]])

    def test_refusals(self):
        self.refused("InvalidVpcID.Malformed", EC2.describe_vpcs, VpcIds=["foobar"])
        self.refused("InvalidVpcID.NotFound", EC2.delete_vpc, VpcId="vpc-00000000")
        self.refused("InvalidVpc.Range", EC2.create_vpc, CidrBlock="10.0.0.0/8")
        self.refused("InvalidFilter", EC2.describe_vpcs, Filters=[{"Name": "colour", "Values": ["red"]}])
        vpc = self.vpc("10.52.0.0/16")
        self.group("inside", vpc)
        self.refused("DependencyViolation", EC2.delete_vpc, VpcId=vpc, words=["sg-"])

    def test_the_quota(self):
        made = []
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            for number in range(10):
                made.append(EC2.create_vpc(CidrBlock=f"10.{100 + number}.0.0/16")["Vpc"]["VpcId"])
        self.assertEqual(caught.exception.response["Error"]["Code"], "VpcLimitExceeded")
        for vpc in made:
            EC2.delete_vpc(VpcId=vpc)


class Groups(Test):
    def test_a_group_comes_and_goes(self):
        tags = [{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": "a <b> & \"c\""}]}]
        made = EC2.create_security_group(GroupName="web", Description="the web", TagSpecifications=tags)
        group = made["GroupId"]
        self.assertIn(group, made["SecurityGroupArn"])
        found = EC2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        self.assertEqual(found["Tags"], tags[0]["Tags"])
        self.assertEqual((found["GroupName"], found["Description"]), ("web", "the web"))
        self.assertEqual(found["IpPermissions"], [])
        self.assertEqual(found["IpPermissionsEgress"][0]["IpProtocol"], "-1")
        self.assertNotIn("FromPort", found["IpPermissionsEgress"][0])
        self.assertEqual(EC2.delete_security_group(GroupId=group)["GroupId"], group)
        self.refused(
            "InvalidGroup.NotFound",
            EC2.describe_security_groups,
            GroupIds=[group],
            words=[f"The security group '{group}' does not exist"],
        )

    def test_refusals(self):
        group = self.group("taken")
        twice = dict(GroupName="TAKEN", Description="again")
        self.refused("InvalidGroup.Duplicate", EC2.create_security_group, **twice, words=[group])
        new = EC2.create_security_group
        self.refused("InvalidParameterValue", new, GroupName="sg-1", Description="a", words=["sg-*"])
        self.refused("InvalidParameterValue", new, GroupName="default", Description="a", words=["reserved"])
        self.refused("InvalidParameterValue", new, GroupName="a", Description="it's", words=["Valid descriptions"])
        self.refused("InvalidVpcID.NotFound", new, GroupName="a", Description="a", VpcId="vpc-00000000")
        self.refused("InvalidGroupId.Malformed", EC2.describe_security_groups, GroupIds=["foobar"])
        self.refused("InvalidGroup.NotFound", EC2.describe_security_groups, GroupNames=["nobody"])
        self.refused("InvalidGroup.NotFound", EC2.delete_security_group, GroupId="sg-00000000")
        self.refused("MissingParameter", EC2.delete_security_group)
        self.refused("InvalidParameterCombination", EC2.delete_security_group, GroupId=group, GroupName="taken")
        default = EC2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
        self.refused("CannotDelete", EC2.delete_security_group, GroupId=default, words=["cannot be deleted by a user"])
        other = self.group("other")
        EC2.authorize_security_group_ingress(GroupId=other, IpPermissions=[permission(UserIdGroupPairs=[group])])
        refusal = self.refused("DependencyViolation", EC2.delete_security_group, GroupId=group)
        self.assertEqual(refusal["Error"]["Message"], f"resource {group} has a dependent object")
        self.assertIn(other, refusal["Error"]["Detail"])
        EC2.revoke_security_group_ingress(GroupId=other, IpPermissions=[permission(UserIdGroupPairs=[group])])

    def test_filters_and_pages(self):
        groups = {self.group(f"page-{number}") for number in range(12)}
        asked = [{"Name": "group-name", "Values": ["page-*"]}]
        paginator = EC2.get_paginator("describe_security_groups")
        for size in (5, 7, 1000):
            pages = [page["SecurityGroups"] for page in paginator.paginate(Filters=asked, MaxResults=size)]
            self.assertTrue(all(len(page) <= size for page in pages))
            self.assertEqual({group["GroupId"] for page in pages for group in page}, groups)
            self.assertEqual(sum(map(len, pages)), 12)
        found = EC2.describe_security_groups(Filters=asked + [{"Name": "group-id", "Values": sorted(groups)[:2]}])
        self.assertEqual(len(found["SecurityGroups"]), 2)
        filters = [{"Name": "group-name", "Values": ["page-?"]}]
        self.assertEqual(len(EC2.describe_security_groups(Filters=filters)["SecurityGroups"]), 10)
        self.refused("InvalidFilter", EC2.describe_security_groups, Filters=[{"Name": "colour", "Values": ["red"]}])
        bare = client(config=botocore.config.Config(parameter_validation=False))
        with self.assertRaises(botocore.exceptions.ClientError):
            bare.describe_security_groups(MaxResults=4)
        with self.assertRaises(botocore.exceptions.ClientError):
            bare.describe_security_groups(MaxResults=5, NextToken="nonsense")

    def test_pages_are_as_large_as_the_model_says(self):
        bare = client(config=botocore.config.Config(parameter_validation=False, retries={"max_attempts": 4}))
        names = {operation: method for method, operation in EC2.meta.method_to_api_mapping.items()}
        held = set()
        for operation in sorted(common.offered()):
            shape = EC2.meta.service_model.operation_model(operation).input_shape
            size = shape.members.get("MaxResults")
            bounds = size.metadata if size else {}
            # What else is needed is looked up later than the size is looked at.
            needed = {name: "pl-00000000" for name in shape.required_members}
            for wrong in [bounds[end] + step for end, step in (("min", -1), ("max", 1)) if end in bounds]:
                call = getattr(bare, names[operation])
                self.refused("InvalidMaxResults", call, MaxResults=wrong, **needed)
                held.add(operation)
        self.assertIn("DescribeRouteTables", held)

    def test_waiters(self):
        waiter = EC2.get_waiter("security_group_exists")
        made = []

        def later():
            time.sleep(0.3)
            made.append(EC2.create_security_group(GroupName="awaited", Description="a")["GroupId"])

        thread = threading.Thread(target=later)
        thread.start()
        waiter.wait(GroupNames=["awaited"], WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        thread.join()
        EC2.delete_security_group(GroupId=made[0])


class Rules(Test):
    def test_rules_come_and_go(self):
        group = self.group("ruled")
        peers = dict(IpRanges=["100.68.0.18/18"], Ipv6Ranges=["2001:db8::/32"], UserIdGroupPairs=[group])
        made = EC2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(**peers)])
        self.assertTrue(made["Return"])
        rules = {rule["SecurityGroupRuleId"]: rule for rule in made["SecurityGroupRules"]}
        self.assertEqual(len(rules), 3)
        self.assertEqual({rule.get("CidrIpv4") for rule in rules.values()}, {None, "100.68.0.0/18"})
        listed = EC2.describe_security_group_rules(SecurityGroupRuleIds=sorted(rules))["SecurityGroupRules"]
        self.assertEqual({rule["SecurityGroupRuleId"] for rule in listed}, set(rules))
        for rule in listed:
            self.assertEqual((rule["FromPort"], rule["ToPort"], rule["IsEgress"]), (443, 443, False))
        revoked = EC2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=sorted(rules))
        self.assertEqual(len(revoked["RevokedSecurityGroupRules"]), 3)

    def test_egress(self):
        group = self.group("out")
        everything = [{"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        EC2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        made = EC2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission(IpRanges=["10.0.0.0/8"])])
        self.assertTrue(made["SecurityGroupRules"][0]["IsEgress"])
        filters = [{"Name": "group-id", "Values": [group]}]
        listed = EC2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        self.assertTrue(all(rule["IsEgress"] for rule in listed))

    def test_the_older_form(self):
        group = self.group("old")
        flat = dict(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="192.0.2.0/24")
        EC2.authorize_security_group_ingress(**flat)
        EC2.revoke_security_group_ingress(**flat)

    def test_refusals(self):
        group = self.group("strict")
        other_vpc = self.vpc("10.53.0.0/16")
        foreign = self.group("foreign", other_vpc)
        add = EC2.authorize_security_group_ingress

        def refused(code, item, *words):
            self.refused(code, add, GroupId=group, IpPermissions=[item], words=words)

        rule = permission(IpRanges=["0.0.0.0/0"])
        known = add(GroupId=group, IpPermissions=[rule])["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        refused(
            "InvalidPermission.Duplicate",
            rule,
            'the specified rule "peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW" already exists',
            known,
        )
        refused("InvalidParameterValue", permission(IpRanges=["::/0"]), "CIDR block ::/0 is malformed")
        refused("InvalidParameterValue", permission(port=65536, IpRanges=["10.0.0.0/8"]), "out of range")
        refused("InvalidParameterValue", permission(port=-1, IpRanges=["10.0.0.0/8"]), "TCP/UDP port (-1) out of range")
        refused("InvalidParameterValue", permission(IpRanges=["10.0.0.0/8", "10.0.0.0/8"]), "must not appear multiple")
        refused("InvalidGroup.NotFound", permission(UserIdGroupPairs=["sg-00000000"]), "does not exist")
        refused("InvalidGroup.NotFound", permission(UserIdGroupPairs=[foreign]), "belong to different networks")
        refused("InvalidPrefixListID.NotFound", permission(PrefixListIds=["pl-00000000"]))
        refused("MissingParameter", permission())
        described = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "it's"}]}
        refused("InvalidParameterValue", described, "Invalid rule description")
        self.refused("InvalidGroup.NotFound", add, GroupId="sg-00000000", IpPermissions=[rule])
        self.refused("InvalidGroupId.Malformed", add, GroupId="foobar", IpPermissions=[rule])
        gone = permission(port=1, IpRanges=["10.0.0.0/8"])
        unknown = EC2.revoke_security_group_ingress(GroupId=group, IpPermissions=[gone])["UnknownIpPermissions"]
        self.assertEqual(unknown[0]["IpRanges"], [{"CidrIp": "10.0.0.0/8"}])
        revoke = EC2.revoke_security_group_ingress
        self.refused("InvalidPermission.NotFound", revoke, GroupId=foreign, IpPermissions=[gone])
        rules = EC2.describe_security_group_rules
        self.refused("InvalidSecurityGroupRuleId.NotFound", rules, SecurityGroupRuleIds=["sgr-00000000"])
        self.refused("InvalidSecurityGroupRuleId.Malformed", rules, SecurityGroupRuleIds=["foobar"])
        self.assertEqual(rules(Filters=[{"Name": "group-id", "Values": ["sg-00000000"]}])["SecurityGroupRules"], [])

    def test_the_quota_is_all_or_nothing(self):
        group = self.group("full")
        many = [f"10.{number}.0.0/16" for number in range(61)]
        self.refused(
            "RulesPerSecurityGroupLimitExceeded",
            EC2.authorize_security_group_ingress,
            GroupId=group,
            IpPermissions=[permission(IpRanges=many)],
            words=["The maximum number of rules per security group has been reached."],
        )
        self.assertEqual(EC2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"], [])
        EC2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(IpRanges=many[:60])])


class Interfaces(Test):
    """Interfaces with addresses of their own, in no subnet: what a host has that is no cloud."""

    # The SDK insists on a subnet, and adds a token.
    bare = client(config=botocore.config.Config(parameter_validation=False))
    bare.meta.events.unregister("before-parameter-build", botocore.handlers.generate_idempotent_uuid)

    def test_an_interface_comes_changes_and_goes(self):
        one, other = self.group("one"), self.group("other")
        tags = [{"ResourceType": "network-interface", "Tags": [{"Key": "Name", "Value": "n"}]}]
        made = self.bare.create_network_interface(Groups=[one], PrivateIpAddress="10.1.2.3", TagSpecifications=tags)
        interface = made["NetworkInterface"]["NetworkInterfaceId"]
        self.addCleanup(EC2.delete_network_interface, NetworkInterfaceId=interface)
        EC2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[interface])
        EC2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[one, other])
        found = EC2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [other]}])["NetworkInterfaces"]
        self.assertEqual([each["PrivateIpAddress"] for each in found], ["10.1.2.3"])
        self.assertEqual(found[0]["TagSet"], tags[0]["Tags"])
        self.refused("DependencyViolation", EC2.delete_security_group, GroupId=other, words=[interface])
        again = dict(Groups=[one], PrivateIpAddress="10.1.2.3")
        self.refused("InvalidIPAddress.InUse", self.bare.create_network_interface, **again, words=[interface])
        modify = EC2.modify_network_interface_attribute
        six = [self.group(f"g{number}") for number in range(6)]
        self.refused("SecurityGroupsPerInterfaceLimitExceeded", modify, NetworkInterfaceId=interface, Groups=six)
        self.refused("InvalidNetworkInterfaceID.NotFound", modify, NetworkInterfaceId="eni-00000000", Groups=[one])
        self.refused("InvalidNetworkInterfaceId.Malformed", modify, NetworkInterfaceId="foobar", Groups=[one])


class Caller(Test):
    def test_who_one_is(self):
        identity = client("sts").get_caller_identity()
        self.assertEqual(identity["Account"], "000000000000")
        self.assertIn(":user/tester", identity["Arn"])

    def test_a_dry_run_changes_nothing(self):
        refusal = self.refused(
            "DryRunOperation",
            EC2.create_security_group,
            GroupName="dry",
            Description="dry",
            DryRun=True,
            words=["Request would have succeeded, but DryRun flag is set."],
        )
        self.assertEqual(refusal["ResponseMetadata"]["HTTPStatusCode"], 412)
        self.refused("InvalidGroup.NotFound", EC2.describe_security_groups, GroupNames=["dry"])

    def test_only_holders_of_keys_come_in(self):
        self.refused("AuthFailure", client(aws_access_key_id="AKIANOBODY", aws_secret_access_key="guess").describe_vpcs)
        self.refused("SignatureDoesNotMatch", client(aws_access_key_id=KEY, aws_secret_access_key="guess").describe_vpcs)
        self.refused("SignatureDoesNotMatch", client(region_name="mars").describe_vpcs, words=["'mars'"])
        self.refused("InvalidClientTokenId", client(aws_access_key_id=KEY, aws_secret_access_key="any", aws_session_token="token").describe_vpcs)

    def test_what_we_do_not_have_is_never_ignored(self):
        self.refused("InvalidAction", EC2.describe_images)
        self.refused("UnsupportedOperation", EC2.create_vpc, CidrBlock="10.0.0.0/16", Ipv4IpamPoolId="pool")

    def test_the_same_change_twice_in_a_second(self):
        group = self.group("quick")
        rule = dict(GroupId=group, IpPermissions=[permission(IpRanges=["10.9.0.0/16"])])
        for _ in range(3):
            EC2.authorize_security_group_ingress(**rule)
            EC2.revoke_security_group_ingress(**rule)

    def test_a_request_that_was_signed_beforehand(self):
        url = EC2.generate_presigned_url("describe_vpcs", ExpiresIn=60, HttpMethod="GET")
        with urllib.request.urlopen(url) as answer:
            self.assertIn(b"<vpcSet>", answer.read())
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url.replace("DescribeVpcs", "DescribeSecurityGroups"))
        self.assertEqual(caught.exception.code, 403)


class Whole(Test):
    def test_zz_every_action_was_called(self):
        """The last one of the file, by its name: each action that is offered has been answered at least once."""
        missing = common.offered() - common.ANSWERED
        self.assertEqual(missing, set(), "add tests of these")

if __name__ == "__main__":
    common.main()
