"""The calls of Terraform's AWS provider, in their order and with their parameters, for groups, rules and prefix lists.

Terraform is in no package registry that the tests reach, so its calls are played by boto3. They follow the sources of
hashicorp/terraform-provider-aws: internal/service/ec2/vpc_security_group.go, vpc_security_group_ingress_rule.go,
vpc_managed_prefix_list.go.
"""

from common import EC2, Test


class SecurityGroup(Test):
    """`aws_security_group` with its rules in it."""

    def read(self, id):
        group = EC2.describe_security_groups(GroupIds=[id])["SecurityGroups"][0]
        return group

    def test_create_update_delete(self):
        # Create: the group, then the egress rules that come with it are taken away, IPv6 only where there is one.
        vpc = self.vpc("10.80.0.0/16")
        id = EC2.create_security_group(
            GroupName="terraform-20261124",
            Description="Managed by Terraform",
            VpcId=vpc,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": "web"}]}],
        )["GroupId"]
        self.read(id)
        everything = {"FromPort": 0, "ToPort": 0, "IpProtocol": "-1"}
        EC2.revoke_security_group_egress(
            GroupId=id, IpPermissions=[{**everything, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        )
        # Without an IPv6 block there is no such rule, and the provider goes on when it is told so.
        self.refused(
            "InvalidPermission.NotFound",
            EC2.revoke_security_group_egress,
            GroupId=id,
            IpPermissions=[{**everything, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}],
        )
        # Update: rules that are wanted and not there are authorized, by sets with all sources of a range.
        wanted = {
            "FromPort": 443,
            "ToPort": 443,
            "IpProtocol": "tcp",
            "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}],
            "UserIdGroupPairs": [{"GroupId": id, "Description": "itself"}],
        }
        EC2.authorize_security_group_ingress(GroupId=id, IpPermissions=[wanted])
        EC2.authorize_security_group_egress(
            GroupId=id, IpPermissions=[{**everything, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        )
        read = self.read(id)
        found = read["IpPermissions"][0]
        self.assertEqual(found["IpRanges"], wanted["IpRanges"])
        self.assertEqual(found["UserIdGroupPairs"][0]["GroupId"], id)
        self.assertEqual(read["IpPermissionsEgress"][0]["IpProtocol"], "-1")
        # Delete: rules first (revoke_rules_on_delete), then the group; the read after it ends in NotFound.
        EC2.revoke_security_group_ingress(GroupId=id, IpPermissions=read["IpPermissions"])
        EC2.revoke_security_group_egress(GroupId=id, IpPermissions=read["IpPermissionsEgress"])
        EC2.delete_security_group(GroupId=id)
        self.refused("InvalidGroup.NotFound", EC2.describe_security_groups, GroupIds=[id])


class Rule(Test):
    """`aws_vpc_security_group_ingress_rule` and `..._egress_rule`."""

    def test_create_update_delete(self):
        group = self.group("terraform-rules")
        for direction in ("ingress", "egress"):
            authorize = getattr(EC2, f"authorize_security_group_{direction}")
            revoke = getattr(EC2, f"revoke_security_group_{direction}")
            made = authorize(
                GroupId=group,
                IpPermissions=[
                    {
                        "IpProtocol": "tcp",
                        "FromPort": 80,
                        "ToPort": 8080,
                        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "first"}],
                    }
                ],
                TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [{"Key": "Name", "Value": "r"}]}],
            )["SecurityGroupRules"]
            id = made[0]["SecurityGroupRuleId"]
            read = EC2.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"]
            self.assertEqual([each["IsEgress"] for each in read], [direction == "egress"])
            self.assertEqual(read[0]["Tags"], [{"Key": "Name", "Value": "r"}])
            change = {"IpProtocol": "tcp", "FromPort": 53, "ToPort": 53, "CidrIpv4": "10.0.0.0/8", "Description": "second"}
            EC2.modify_security_group_rules(
                GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": change}]
            )
            read = EC2.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"][0]
            self.assertEqual((read["FromPort"], read["Description"]), (53, "second"))
            revoke(GroupId=group, SecurityGroupRuleIds=[id])
            self.refused(
                "InvalidSecurityGroupRuleId.NotFound", EC2.describe_security_group_rules, SecurityGroupRuleIds=[id]
            )


class PrefixList(Test):
    """`aws_ec2_managed_prefix_list`."""

    def state(self, id):
        return EC2.describe_managed_prefix_lists(PrefixListIds=[id])["PrefixLists"][0]

    def test_create_update_delete(self):
        id = EC2.create_managed_prefix_list(
            AddressFamily="IPv4",
            ClientToken="terraform-20261124000000000000000001",
            Entries=[{"Cidr": "10.0.0.0/16", "Description": "one"}],
            MaxEntries=2,
            PrefixListName="offices",
            TagSpecifications=[{"ResourceType": "prefix-list", "Tags": [{"Key": "Name", "Value": "offices"}]}],
        )["PrefixList"]["PrefixListId"]
        # It is waited for until the state says that it is done.
        self.assertEqual(self.state(id)["State"], "create-complete")
        entries = EC2.get_managed_prefix_list_entries(PrefixListId=id)["Entries"]
        self.assertEqual(entries, [{"Cidr": "10.0.0.0/16", "Description": "one"}])
        # A description that changes is removed and added, in two calls; a larger size is a call of its own, before entries.
        EC2.modify_managed_prefix_list(PrefixListId=id, MaxEntries=3)
        self.assertIn(self.state(id)["State"], ("modify-complete", "create-complete"))
        version = self.state(id)["Version"]
        removed = EC2.modify_managed_prefix_list(
            PrefixListId=id, CurrentVersion=version, RemoveEntries=[{"Cidr": "10.0.0.0/16"}]
        )["PrefixList"]
        EC2.modify_managed_prefix_list(
            PrefixListId=id,
            CurrentVersion=removed["Version"],
            AddEntries=[{"Cidr": "10.0.0.0/16", "Description": "two"}, {"Cidr": "10.1.0.0/16", "Description": ""}],
        )
        entries = EC2.get_managed_prefix_list_entries(PrefixListId=id)["Entries"]
        self.assertEqual(len(entries), 2)
        EC2.create_tags(Resources=[id], Tags=[{"Key": "Name", "Value": "branches"}])
        EC2.delete_tags(Resources=[id], Tags=[{"Key": "Name"}])
        EC2.delete_managed_prefix_list(PrefixListId=id)
        self.refused("InvalidPrefixListID.NotFound", EC2.describe_managed_prefix_lists, PrefixListIds=[id])


if __name__ == "__main__":
    import common

    common.main()
