//! Command lines, and the requests that they become.

use serde_json::{Value, json};

/// Command line, operation, body.
pub(super) fn requests() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (
            "create-vpc --cidr-block 10.0.0.0/16 --amazon-provided-ipv6-cidr-block \
             --tag-specifications 'ResourceType=vpc,Tags=[{Key=Name,Value=lab}]'",
            "CreateVpc",
            json!({"CidrBlock": "10.0.0.0/16", "AmazonProvidedIpv6CidrBlock": true,
                "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "lab"}]}]}),
        ),
        ("describe-vpcs", "DescribeVpcs", json!({})),
        (
            "describe-vpcs --vpc-ids vpc-1 vpc-2 --filters Name=is-default,Values=true Name=state,Values=a,b",
            "DescribeVpcs",
            json!({"VpcIds": ["vpc-1", "vpc-2"], "Filters": [
                {"Name": "is-default", "Values": ["true"]}, {"Name": "state", "Values": ["a", "b"]}]}),
        ),
        ("delete-vpc --vpc-id vpc-1 --dry-run", "DeleteVpc", json!({"VpcId": "vpc-1", "DryRun": true})),
        (
            "create-security-group --group-name web --description 'Web servers' --vpc-id vpc-1",
            "CreateSecurityGroup",
            json!({"GroupName": "web", "Description": "Web servers", "VpcId": "vpc-1"}),
        ),
        (
            "describe-security-groups --group-ids sg-1 --group-names web",
            "DescribeSecurityGroups",
            json!({"GroupIds": ["sg-1"], "GroupNames": ["web"]}),
        ),
        ("delete-security-group --group-name web", "DeleteSecurityGroup", json!({"GroupName": "web"})),
        (
            "authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 22 --cidr 10.0.0.0/8",
            "AuthorizeSecurityGroupIngress",
            json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]}),
        ),
        (
            "authorize-security-group-ingress --group-name web --protocol -1 --port -1 --source-group sg-2",
            "AuthorizeSecurityGroupIngress",
            json!({"GroupName": "web", "IpPermissions": [{"IpProtocol": "-1", "FromPort": -1, "ToPort": -1,
                "UserIdGroupPairs": [{"GroupId": "sg-2"}]}]}),
        ),
        (
            "authorize-security-group-egress --group-id sg-1 --ip-permissions \
             IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.0.0/8}] \
             '{\"IpProtocol\": \"-1\", \"Ipv6Ranges\": [{\"CidrIpv6\": \"::/0\"}]}'",
            "AuthorizeSecurityGroupEgress",
            json!({"GroupId": "sg-1", "IpPermissions": [
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
                {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]}),
        ),
        (
            "revoke-security-group-ingress --group-id sg-1 --security-group-rule-ids sgr-1 sgr-2",
            "RevokeSecurityGroupIngress",
            json!({"GroupId": "sg-1", "SecurityGroupRuleIds": ["sgr-1", "sgr-2"]}),
        ),
        (
            "revoke-security-group-egress --group-id sg-1 --protocol udp --port 53 --cidr ::/0",
            "RevokeSecurityGroupEgress",
            json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53,
                "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]}),
        ),
        (
            "describe-security-group-rules --filters Name=group-id,Values=sg-1 --security-group-rule-ids sgr-1",
            "DescribeSecurityGroupRules",
            json!({"SecurityGroupRuleIds": ["sgr-1"], "Filters": [{"Name": "group-id", "Values": ["sg-1"]}]}),
        ),
        (
            "describe-security-groups --max-results 5 --next-token 00ff",
            "DescribeSecurityGroups",
            json!({"MaxResults": 5, "NextToken": "00ff"}),
        ),
        (
            "modify-security-group --group-id sg-1 --group-name web --description x",
            "ModifySecurityGroup",
            json!({"GroupId": "sg-1", "GroupName": "web", "Description": "x"}),
        ),
        ("delete-security-group --group-id sg-1", "DeleteSecurityGroup", json!({"GroupId": "sg-1"})),
        ("delete-security-group --group-id sg-1 sg-2", "DeleteSecurityGroup", json!({"GroupIds": ["sg-1", "sg-2"]})),
        (
            "authorize-security-group-ingress --group-id sg-1 --type SSH --prefix-list-id pl-1",
            "AuthorizeSecurityGroupIngress",
            json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                "PrefixListIds": [{"PrefixListId": "pl-1"}]}]}),
        ),
        (
            "authorize-security-group-egress --group-id sg-1 --type all-traffic --cidr ::/0",
            "AuthorizeSecurityGroupEgress",
            json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]}),
        ),
        (
            "revoke-security-group-ingress --group-id sg-1 --type all-icmp --cidr 10.0.0.0/8",
            "RevokeSecurityGroupIngress",
            json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]}),
        ),
        (
            "modify-security-group-rules --group-id sg-1 --security-group-rules SecurityGroupRuleId=sgr-1,\
             SecurityGroupRule={IpProtocol=tcp,FromPort=22,ToPort=22,CidrIpv4=10.0.0.0/8,Description=x}",
            "ModifySecurityGroupRules",
            json!({"GroupId": "sg-1", "SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule":
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "10.0.0.0/8", "Description": "x"}}]}),
        ),
        (
            "update-security-group-rule-descriptions-ingress --group-name web --security-group-rule-descriptions \
             SecurityGroupRuleId=sgr-1,Description=x SecurityGroupRuleId=sgr-2",
            "UpdateSecurityGroupRuleDescriptionsIngress",
            json!({"GroupName": "web", "SecurityGroupRuleDescriptions": [
                {"SecurityGroupRuleId": "sgr-1", "Description": "x"}, {"SecurityGroupRuleId": "sgr-2"}]}),
        ),
        (
            "update-security-group-rule-descriptions-egress --group-id sg-1 --ip-permissions \
             IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0,Description=x}]",
            "UpdateSecurityGroupRuleDescriptionsEgress",
            json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "-1",
                "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "x"}]}]}),
        ),
        (
            "replace-security-group-rules --group-id sg-1 --direction both --ip-permissions \
             IpProtocol=-1,IpRanges=[{CidrIp=10.0.0.0/8}] --ip-permissions-egress \
             IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0}] --cut-flows",
            "ReplaceSecurityGroupRules",
            json!({"GroupId": "sg-1", "Direction": "both",
                "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
                "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
                "CutFlows": true}),
        ),
        (
            "create-managed-prefix-list --prefix-list-name offices --address-family IPv4 --max-entries 5 --entries \
             Cidr=10.0.0.0/8,Description=a Cidr=11.0.0.0/8 --client-token t \
             --tag-specifications ResourceType=prefix-list,Tags=[{Key=k,Value=v}]",
            "CreateManagedPrefixList",
            json!({"PrefixListName": "offices", "AddressFamily": "IPv4", "MaxEntries": 5, "Entries": [
                {"Cidr": "10.0.0.0/8", "Description": "a"}, {"Cidr": "11.0.0.0/8"}], "ClientToken": "t",
                "TagSpecifications": [{"ResourceType": "prefix-list", "Tags": [{"Key": "k", "Value": "v"}]}]}),
        ),
        (
            "modify-managed-prefix-list --prefix-list-id pl-1 --current-version 2 --add-entries Cidr=10.0.0.0/8 \
             --remove-entries Cidr=11.0.0.0/8 --prefix-list-name sites",
            "ModifyManagedPrefixList",
            json!({"PrefixListId": "pl-1", "CurrentVersion": 2, "AddEntries": [{"Cidr": "10.0.0.0/8"}],
                "RemoveEntries": [{"Cidr": "11.0.0.0/8"}], "PrefixListName": "sites"}),
        ),
        (
            "restore-managed-prefix-list-version --prefix-list-id pl-1 --previous-version 1 --current-version 2",
            "RestoreManagedPrefixListVersion",
            json!({"PrefixListId": "pl-1", "PreviousVersion": 1, "CurrentVersion": 2}),
        ),
        (
            "delete-managed-prefix-list --prefix-list-id pl-1",
            "DeleteManagedPrefixList",
            json!({"PrefixListId": "pl-1"}),
        ),
        (
            "describe-managed-prefix-lists --prefix-list-ids pl-1 pl-2 --filters Name=owner-id,Values=1",
            "DescribeManagedPrefixLists",
            json!({"PrefixListIds": ["pl-1", "pl-2"], "Filters": [{"Name": "owner-id", "Values": ["1"]}]}),
        ),
        (
            "get-managed-prefix-list-entries --prefix-list-id pl-1 --target-version 1 --max-results 9",
            "GetManagedPrefixListEntries",
            json!({"PrefixListId": "pl-1", "TargetVersion": 1, "MaxResults": 9}),
        ),
        (
            "get-managed-prefix-list-associations --prefix-list-id pl-1",
            "GetManagedPrefixListAssociations",
            json!({"PrefixListId": "pl-1"}),
        ),
        ("describe-prefix-lists --prefix-list-ids pl-1", "DescribePrefixLists", json!({"PrefixListIds": ["pl-1"]})),
        (
            "create-tags --resources sg-1 sgr-1 --tags Key=a,Value=b Key=c,Value=",
            "CreateTags",
            json!({"Resources": ["sg-1", "sgr-1"], "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": ""}]}),
        ),
        (
            "delete-tags --resources sg-1 --tags Key=a Key=b,Value=",
            "DeleteTags",
            json!({"Resources": ["sg-1"], "Tags": [{"Key": "a"}, {"Key": "b", "Value": ""}]}),
        ),
        (
            "describe-tags --filters Name=resource-type,Values=vpc",
            "DescribeTags",
            json!({"Filters": [{"Name": "resource-type", "Values": ["vpc"]}]}),
        ),
        ("attach eth0", "AttachDevice", json!({"Device": "eth0"})),
        (
            "attach veth1 --groups sg-1 sg-2 --groups sg-3 --vpc-id vpc-1 --side workload --hook xdp-generic \
             --private-ip-addresses 10.0.0.1,fd00::1 10.0.0.2 --strict-l2 --no-adopt --replace \
             --network-interface-id eni-1 --dry-run",
            "AttachDevice",
            json!({"Device": "veth1", "Groups": ["sg-1", "sg-2", "sg-3"], "VpcId": "vpc-1", "Side": "workload",
                "Hook": "xdp-generic", "PrivateIpAddresses": ["10.0.0.1", "fd00::1", "10.0.0.2"], "StrictL2": true,
                "NoAdopt": true, "Replace": true, "NetworkInterfaceId": "eni-1", "DryRun": true}),
        ),
        (
            "attach veth1 --private-ip-addresses auto --strict-l2=false",
            "AttachDevice",
            json!({"Device": "veth1", "PrivateIpAddresses": "auto", "StrictL2": false}),
        ),
        ("attach eth0 --enforce off", "AttachDevice", json!({"Device": "eth0", "Enforce": false})),
        (
            "attach eth0 --enforce on --replace",
            "AttachDevice",
            json!({"Device": "eth0", "Enforce": true, "Replace": true}),
        ),
        ("detach eth0 --delete", "DetachDevice", json!({"Device": "eth0", "Delete": true})),
        (
            "describe-network-interfaces --network-interface-ids eni-1",
            "DescribeNetworkInterfaces",
            json!({"NetworkInterfaceIds": ["eni-1"]}),
        ),
        (
            "modify-network-interface-attribute --network-interface-id eni-1 --groups sg-1 sg-2",
            "ModifyNetworkInterfaceAttribute",
            json!({"NetworkInterfaceId": "eni-1", "Groups": ["sg-1", "sg-2"]}),
        ),
        (
            "create-network-interface --vpc-id vpc-1 --groups sg-1 --description x --ipv6-addresses fd00::1 \
             --private-ip-addresses 10.0.0.1 PrivateIpAddress=10.0.0.2,Primary=true",
            "CreateNetworkInterface",
            json!({"VpcId": "vpc-1", "Groups": ["sg-1"], "Description": "x",
                "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.1"},
                    {"PrivateIpAddress": "10.0.0.2", "Primary": true}],
                "Ipv6Addresses": [{"Ipv6Address": "fd00::1"}]}),
        ),
        (
            "create-network-interface --private-ip-address 10.0.0.1",
            "CreateNetworkInterface",
            json!({"PrivateIpAddress": "10.0.0.1"}),
        ),
        (
            "delete-network-interface --network-interface-id eni-1",
            "DeleteNetworkInterface",
            json!({"NetworkInterfaceId": "eni-1"}),
        ),
        ("status", "Status", json!({})),
        ("counters", "DescribeCounters", json!({})),
        ("counters eth0", "DescribeCounters", json!({"Device": "eth0"})),
        ("counters --network-interface-id eni-1", "DescribeCounters", json!({"NetworkInterfaceId": "eni-1"})),
        (
            "describe-flows eth0 --filters Name=peer,Values=10.0.0.0/8 Name=port,Values=22,80-90 --max-items 5 \
             --starting-token 00ff",
            "DescribeFlows",
            json!({"Device": "eth0", "Filters": [{"Name": "peer", "Values": ["10.0.0.0/8"]},
                {"Name": "port", "Values": ["22", "80-90"]}], "MaxResults": 5, "NextToken": "00ff"}),
        ),
        (
            "describe-flows --network-interface-ids eni-1 eni-2",
            "DescribeFlows",
            json!({"NetworkInterfaceIds": ["eni-1", "eni-2"]}),
        ),
        (
            "flush-flows eth0 --peer 10.0.0.0/8 --port 80-90 --protocol tcp --rule-id sgr-1 --dry-run",
            "FlushFlows",
            json!({"Device": "eth0", "Peer": "10.0.0.0/8", "Port": "80-90", "Protocol": "tcp",
                "SecurityGroupRuleId": "sgr-1", "DryRun": true}),
        ),
        (
            "drops eth0 --reason no-peer no-service --max-items 20",
            "DescribeDrops",
            json!({"Device": "eth0", "Reasons": ["no-peer", "no-service"], "MaxResults": 20}),
        ),
        ("drops --follow", "DescribeDrops", json!({"MaxResults": 10_000})),
        (
            "explain eth0 --direction egress --protocol tcp --peer 10.0.0.7 --source-port 9 --port 22 \
             --tcp-flags 'syn|ack' --vlan 5 6 --fragment first --live",
            "ExplainPacket",
            json!({"Device": "eth0", "Live": true, "Packet": {"Direction": "egress", "Protocol": "tcp",
                "PeerAddress": "10.0.0.7", "SourcePort": 9, "DestinationPort": 22, "TcpFlags": ["syn", "ack"],
                "Vlans": [5, 6], "Fragment": "first"}}),
        ),
        (
            "explain eni-1 --protocol icmp --source 10.0.0.7 --destination 10.0.0.1 --icmp-type 3 --icmp-code 1 \
             --icmp-identifier 7",
            "ExplainPacket",
            json!({"NetworkInterfaceId": "eni-1", "Packet": {"Protocol": "icmp", "SourceAddress": "10.0.0.7",
                "DestinationAddress": "10.0.0.1", "IcmpType": 3, "IcmpCode": 1, "IcmpIdentifier": 7}}),
        ),
        (
            "explain --protocol 47 --peer ::1",
            "ExplainPacket",
            json!({"Packet": {"Protocol": "47", "PeerAddress": "::1"}}),
        ),
        (
            "simulate eni-1 --side workload --protocol udp --peer 10.0.0.7 --port 53 \
             --change 'delete-security-group --group-id sg-1' --change '[{\"Action\":\"DeleteVpc\"}]'",
            "SimulatePacket",
            json!({"NetworkInterfaceId": "eni-1", "Side": "workload",
                "Packet": {"Protocol": "udp", "PeerAddress": "10.0.0.7", "DestinationPort": 53},
                "Changes": [{"Action": "DeleteSecurityGroup", "GroupId": "sg-1"}, {"Action": "DeleteVpc"}]}),
        ),
        ("flush-flows --all --force", "FlushFlows", json!({"All": true})),
        (
            "revoke-security-group-egress --group-id sg-1 --security-group-rule-ids sgr-1 --cut-flows",
            "RevokeSecurityGroupEgress",
            json!({"GroupId": "sg-1", "SecurityGroupRuleIds": ["sgr-1"], "CutFlows": true}),
        ),
        ("confirm", "ConfirmChange", json!({})),
        ("undo", "UndoChange", json!({})),
    ]
}
