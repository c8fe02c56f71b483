"""Prefix lists, tags, and changes of rules."""

from common import EC2, Test, permission


class PrefixLists(Test):
    def list(self, name, size=5, entries=(), family="IPv4"):
        """A list that goes when the test ends."""
        made = EC2.create_managed_prefix_list(
            PrefixListName=name,
            MaxEntries=size,
            AddressFamily=family,
            Entries=[{"Cidr": cidr, "Description": "of a test"} for cidr in entries],
        )["PrefixList"]
        self.addCleanup(EC2.delete_managed_prefix_list, PrefixListId=made["PrefixListId"])
        return made

    def cidrs(self, made, **version):
        pages = EC2.get_paginator("get_managed_prefix_list_entries")
        pages = pages.paginate(PrefixListId=made["PrefixListId"], MaxResults=1, **version)
        return {entry["Cidr"] for page in pages for entry in page["Entries"]}

    def test_a_list_comes_changes_and_goes(self):
        made = self.list("offices", entries=["192.0.2.0/24", "198.51.100.0/24"])
        id = made["PrefixListId"]
        self.assertEqual((made["Version"], made["MaxEntries"], made["AddressFamily"]), (1, 5, "IPv4"))
        self.assertEqual(self.cidrs(made), {"192.0.2.0/24", "198.51.100.0/24"})
        changed = EC2.modify_managed_prefix_list(
            PrefixListId=id,
            CurrentVersion=1,
            AddEntries=[{"Cidr": "203.0.113.0/24"}],
            RemoveEntries=[{"Cidr": "192.0.2.0/24"}],
        )["PrefixList"]
        self.assertEqual(changed["Version"], 2)
        self.assertEqual(self.cidrs(made), {"198.51.100.0/24", "203.0.113.0/24"})
        self.assertEqual(self.cidrs(made, TargetVersion=1), {"192.0.2.0/24", "198.51.100.0/24"})
        EC2.restore_managed_prefix_list_version(PrefixListId=id, PreviousVersion=1, CurrentVersion=2)
        self.assertEqual(self.cidrs(made), {"192.0.2.0/24", "198.51.100.0/24"})
        EC2.modify_managed_prefix_list(PrefixListId=id, MaxEntries=7, PrefixListName="branches")
        listed = EC2.describe_managed_prefix_lists(PrefixListIds=[id])["PrefixLists"][0]
        self.assertEqual((listed["PrefixListName"], listed["MaxEntries"], listed["Version"]), ("branches", 7, 3))
        filters = [{"Name": "prefix-list-name", "Values": ["branch*"]}]
        self.assertEqual(len(EC2.describe_managed_prefix_lists(Filters=filters)["PrefixLists"]), 1)
        EC2.describe_prefix_lists()

    def test_who_names_a_list(self):
        made = self.list("named")
        group = self.group("naming")
        EC2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[permission(PrefixListIds=[made["PrefixListId"]])]
        )
        found = EC2.get_managed_prefix_list_associations(PrefixListId=made["PrefixListId"])
        self.assertEqual([each["ResourceId"] for each in found["PrefixListAssociations"]], [group])

    def test_refusals(self):
        made = self.list("strict", size=1, entries=["192.0.2.0/24"])
        modify = lambda **change: EC2.modify_managed_prefix_list(PrefixListId=made["PrefixListId"], **change)
        add = [{"Cidr": "203.0.113.0/24"}]
        words = ["The prefix list has the incorrect version number."]
        self.refused("PrefixListVersionMismatch", modify, CurrentVersion=9, AddEntries=add, words=words)
        words = ["You cannot modify the entries and the maximum entries"]
        self.refused("InvalidParameterCombination", modify, CurrentVersion=1, AddEntries=add, MaxEntries=3, words=words)
        unknown = dict(PrefixListIds=["pl-00000000"])
        self.refused("InvalidPrefixListID.NotFound", EC2.describe_managed_prefix_lists, **unknown)
        self.refused("InvalidPrefixListId.Malformed", EC2.describe_managed_prefix_lists, PrefixListIds=["foobar"])


class Tags(Test):
    def test_tags_come_and_go(self):
        group = self.group("tagged")
        vpc = self.vpc("10.54.0.0/16")
        EC2.create_tags(Resources=[group, vpc], Tags=[{"Key": "Team", "Value": "red"}, {"Key": "Name", "Value": "n"}])
        listed = EC2.describe_tags(Filters=[{"Name": "resource-id", "Values": [group]}])["Tags"]
        self.assertEqual({(tag["Key"], tag["Value"]) for tag in listed}, {("Team", "red"), ("Name", "n")})
        self.assertEqual({tag["ResourceType"] for tag in listed}, {"security-group"})
        found = EC2.describe_security_groups(Filters=[{"Name": "tag:Team", "Values": ["red"]}])["SecurityGroups"]
        self.assertEqual([each["GroupId"] for each in found], [group])
        found = EC2.describe_vpcs(Filters=[{"Name": "tag-key", "Values": ["Team"]}])["Vpcs"]
        self.assertEqual([each["VpcId"] for each in found], [vpc])
        # Only where the value is this one.
        EC2.delete_tags(Resources=[group], Tags=[{"Key": "Team", "Value": "blue"}, {"Key": "Name"}])
        listed = EC2.describe_tags(Filters=[{"Name": "resource-id", "Values": [group]}])["Tags"]
        self.assertEqual([(tag["Key"], tag["Value"]) for tag in listed], [("Team", "red")])

    def test_refusals(self):
        group = self.group("untagged")
        many = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
        self.refused("TagLimitExceeded", EC2.create_tags, Resources=[group], Tags=many)
        reserved = [{"Key": "aws:a", "Value": ""}]
        with self.assertRaises(Exception):
            EC2.create_tags(Resources=[group], Tags=reserved)
        with self.assertRaises(Exception):
            EC2.create_tags(Resources=["foobar"], Tags=[{"Key": "a", "Value": ""}])


class Changes(Test):
    def test_a_rule_is_changed_in_its_place(self):
        group = self.group("changing")
        add = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "d"}]}]
        rule = EC2.authorize_security_group_ingress(GroupId=group, IpPermissions=add)["SecurityGroupRules"][0]
        id = rule["SecurityGroupRuleId"]
        change = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 54, "CidrIpv4": "10.1.0.0/16"}
        EC2.modify_security_group_rules(
            GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": change}]
        )
        listed = EC2.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"][0]
        self.assertEqual({key: listed[key] for key in change}, change)
        self.assertEqual(listed["Description"], "d")
        modify = lambda **change: EC2.modify_security_group_rules(
            GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": change}]
        )
        ports = dict(IpProtocol="tcp", FromPort=1, ToPort=1)
        words = ["Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified"]
        self.refused("InvalidParameterCombination", modify, **ports, CidrIpv4="10.0.0.0/8", CidrIpv6="::/0", words=words)
        words = ["You may not specify CidrIpv6 for an existing IPv4 CIDR rule."]
        self.refused("InvalidParameterValue", modify, **ports, CidrIpv6="::/0", words=words)
        words = ["The request must contain exactly one of"]
        self.refused("MissingParameter", modify, **ports, words=words)

    def test_descriptions_are_changed(self):
        group = self.group("described")
        item = permission(IpRanges=["10.0.0.0/8"])
        id = EC2.authorize_security_group_ingress(GroupId=group, IpPermissions=[item])["SecurityGroupRules"][0]
        id = id["SecurityGroupRuleId"]
        said = lambda: EC2.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"][0].get("Description")
        update = EC2.update_security_group_rule_descriptions_ingress
        update(GroupId=group, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": id, "Description": "one"}])
        self.assertEqual(said(), "one")
        item["IpRanges"][0]["Description"] = "two"
        update(GroupId=group, IpPermissions=[item])
        self.assertEqual(said(), "two")
        out = permission("-1", IpRanges=["0.0.0.0/0"])
        out["IpRanges"][0]["Description"] = "out"
        EC2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[out])
        gone = permission(port=9, IpRanges=["10.0.0.0/8"])
        self.refused("InvalidPermission.NotFound", update, GroupId=group, IpPermissions=[gone])
