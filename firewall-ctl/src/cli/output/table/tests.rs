use super::*;
use insta::assert_snapshot;
use serde_json::json;

pub(super) fn shown(operation: &str, answer: &Value) -> String {
    render(&Screen::PLAIN, operation, answer)
}

#[test]
fn groups_with_their_rules() {
    let answer = json!({"SecurityGroups": [
        {"GroupId": "sg-0a", "GroupName": "web", "Description": "Web servers", "VpcId": "vpc-01",
         "OwnerId": "000000000000", "SecurityGroupArn": "arn:aws:ec2:local:000000000000:security-group/sg-0a",
         "IpPermissions": [
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [], "PrefixListIds": [],
             "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0", "Description": "anyone"}]},
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-0a", "UserId": "000000000000"}], "PrefixListIds": [],
             "IpRanges": [], "Ipv6Ranges": []}],
         "IpPermissionsEgress": [
            {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "UserIdGroupPairs": [], "PrefixListIds": [],
             "IpRanges": [{"CidrIp": "10.0.0.0/8"}], "Ipv6Ranges": []}]},
        {"GroupId": "sg-0b", "GroupName": "shut", "Description": "Nothing passes", "VpcId": "vpc-01",
         "OwnerId": "000000000000", "SecurityGroupArn": "arn", "IpPermissions": [], "IpPermissionsEgress": []},
    ]});
    assert_snapshot!(shown("DescribeSecurityGroups", &answer), @r#"
    web  sg-0a  in vpc-01
    Web servers
    ┌───────────┬──────────┬────────┬────────────────┬─────────────┐
    │ Direction ┆ Protocol ┆ Ports  ┆ Peer           ┆ Description │
    ╞═══════════╪══════════╪════════╪════════════════╪═════════════╡
    │ in        ┆ tcp      ┆ 80     ┆ 0.0.0.0/0      ┆             │
    │ in        ┆ tcp      ┆ 80     ┆ ::/0           ┆ anyone      │
    │ in        ┆ all      ┆ all    ┆ sg-0a (itself) ┆             │
    │ out       ┆ icmp     ┆ type 8 ┆ 10.0.0.0/8     ┆             │
    └───────────┴──────────┴────────┴────────────────┴─────────────┘

    shut  sg-0b  in vpc-01
    Nothing passes
    No rules: nothing may come in, nothing may go out.
    "#);
    assert_snapshot!(shown("DescribeSecurityGroups", &json!({"SecurityGroups": []})), @r#"
    No security group.
    "#);
}

#[test]
fn rules_one_by_one() {
    let rule = json!({"SecurityGroupRuleId": "sgr-01", "GroupId": "sg-0a", "GroupOwnerId": "000000000000",
        "IsEgress": false, "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5433,
        "ReferencedGroupInfo": {"GroupId": "sg-0b", "UserId": "000000000000"}, "Description": "from web", "Tags": [],
        "SecurityGroupRuleArn": "arn"});
    assert_snapshot!(shown("DescribeSecurityGroupRules", &json!({"SecurityGroupRules": [rule]})), @r#"
    ┌────────┬───────┬───────────┬──────────┬───────────┬───────┬─────────────┐
    │ Rule   ┆ Group ┆ Direction ┆ Protocol ┆ Ports     ┆ Peer  ┆ Description │
    ╞════════╪═══════╪═══════════╪══════════╪═══════════╪═══════╪═════════════╡
    │ sgr-01 ┆ sg-0a ┆ in        ┆ tcp      ┆ 5432-5433 ┆ sg-0b ┆ from web    │
    └────────┴───────┴───────────┴──────────┴───────────┴───────┴─────────────┘
    "#);
    let answer = json!({"Return": true, "SecurityGroupRules": [rule]});
    assert_eq!(
        shown("AuthorizeSecurityGroupIngress", &answer),
        shown("DescribeSecurityGroupRules", &json!({"SecurityGroupRules": [rule]}))
    );
    let page = json!({"SecurityGroupRules": [rule], "NextToken": "00ff"});
    let text = shown("DescribeSecurityGroupRules", &page);
    let more = "There are more: narrow the list with --filters, or go on with --next-token 00ff\n";
    assert!(text.ends_with(more), "{text}");
}

#[test]
fn revoked_rules_and_those_that_were_not_there() {
    let answer = json!({"Return": true,
        "RevokedSecurityGroupRules": [{"SecurityGroupRuleId": "sgr-01", "GroupId": "sg-0a", "IsEgress": true,
            "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"}],
        "UnknownIpPermissions": [{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53,
            "IpRanges": [{"CidrIp": "192.0.2.0/24"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}]});
    assert_snapshot!(shown("RevokeSecurityGroupEgress", &answer), @r#"
    ┌────────┬───────┬───────────┬──────────┬───────┬───────────┬─────────────┐
    │ Rule   ┆ Group ┆ Direction ┆ Protocol ┆ Ports ┆ Peer      ┆ Description │
    ╞════════╪═══════╪═══════════╪══════════╪═══════╪═══════════╪═════════════╡
    │ sgr-01 ┆ sg-0a ┆ out       ┆ all      ┆ all   ┆ 0.0.0.0/0 ┆             │
    └────────┴───────┴───────────┴──────────┴───────┴───────────┴─────────────┘
    The group has no such rule:
    ┌──────────┬───────┬──────────────┐
    │ Protocol ┆ Ports ┆ Peer         │
    ╞══════════╪═══════╪══════════════╡
    │ udp      ┆ 53    ┆ 192.0.2.0/24 │
    └──────────┴───────┴──────────────┘
    "#);
}

#[test]
fn vpcs() {
    let vpc = json!({"VpcId": "vpc-01", "OwnerId": "000000000000", "InstanceTenancy": "default", "IsDefault": true,
        "State": "available", "CidrBlock": "172.31.0.0/16", "Tags": [{"Key": "Name", "Value": "lab"}],
        "DhcpOptionsId": "dopt-01",
        "CidrBlockAssociationSet": [{"AssociationId": "vpc-cidr-assoc-01", "CidrBlock": "172.31.0.0/16",
            "CidrBlockState": {"State": "associated"}}],
        "Ipv6CidrBlockAssociationSet": [{"AssociationId": "vpc-cidr-assoc-02", "Ipv6CidrBlock": "fd00:1::/56",
            "Ipv6CidrBlockState": {"State": "associated"}, "NetworkBorderGroup": "local", "Ipv6Pool": "Amazon",
            "Ipv6AddressAttribute": "private", "IpSource": "amazon"}]});
    assert_snapshot!(shown("DescribeVpcs", &json!({"Vpcs": [vpc]})), @r#"
    ┌────────┬──────┬───────────────┬─────────┬───────────┐
    │ VPC    ┆ Name ┆ Blocks        ┆ Default ┆ State     │
    ╞════════╪══════╪═══════════════╪═════════╪═══════════╡
    │ vpc-01 ┆ lab  ┆ 172.31.0.0/16 ┆ yes     ┆ available │
    │        ┆      ┆ fd00:1::/56   ┆         ┆           │
    └────────┴──────┴───────────────┴─────────┴───────────┘
    "#);
    assert_eq!(shown("CreateVpc", &json!({"Vpc": vpc})), shown("DescribeVpcs", &json!({"Vpcs": [vpc]})));
}

#[test]
fn interfaces_attached_drifted_and_elsewhere() {
    let interface = |id: &str| {
        json!({"NetworkInterfaceId": id, "AvailabilityZone": "locala", "RequesterManaged": false, "Description": "", "Groups": [{"GroupId": "sg-0a", "GroupName": "web"}],
            "InterfaceType": "interface", "Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}], "OwnerId": "000000000000",
            "PrivateIpAddress": "192.0.2.1", "MacAddress": "0a:00:00:00:00:01",
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "192.0.2.1"}],
            "SourceDestCheck": true, "Status": "available", "TagSet": [], "VpcId": "vpc-01"})
    };
    let attached = |id: &str, got: Option<&str>, status: &str| {
        let mut interface = interface(id);
        interface["Status"] = json!("in-use");
        interface["DeviceAttachment"] = json!({"Device": "eth0", "Number": 1, "Side": "host", "Hook": {"Wanted": "auto"},
            "Addresses": "kernel", "MacSource": "auto", "MacCheck": false, "StrictL2": false, "Enforce": true, "Adopt": true,
            "Status": status});
        if let Some(got) = got {
            interface["DeviceAttachment"]["Hook"]["Got"] = json!(got);
        }
        interface
    };
    let mut watched = attached("eni-05", Some("xdp"), "attached");
    watched["DeviceAttachment"]["Enforce"] = json!(false);
    let text = shown("DescribeNetworkInterfaces", &json!({"NetworkInterfaces": [watched]}));
    assert!(text.contains("monitored: nothing is dropped"), "{text}");
    let mut detached = interface("eni-03");
    detached["LastDevice"] = json!("eth1");
    let answer = json!({"NetworkInterfaces": [
        attached("eni-01", Some("xdp"), "attached"),
        attached("eni-02", None, "missing"),
        detached,
        interface("eni-04"),
    ]});
    assert_snapshot!(shown("DescribeNetworkInterfaces", &answer), @r#"
    ┌───────────┬────────────┬──────┬────────────────────┬─────────────┬───────────┬───────────┬─────────┐
    │ Interface ┆ Device     ┆ Side ┆ Hook               ┆ Addresses   ┆ Groups    ┆ Status    ┆ Drift   │
    ╞═══════════╪════════════╪══════╪════════════════════╪═════════════╪═══════════╪═══════════╪═════════╡
    │ eni-01    ┆ eth0       ┆ host ┆ auto → xdp         ┆ 192.0.2.1   ┆ sg-0a web ┆ in-use    ┆         │
    │           ┆            ┆      ┆                    ┆ 2001:db8::1 ┆           ┆           ┆         │
    │ eni-02    ┆ eth0       ┆ host ┆ auto → nothing yet ┆ 192.0.2.1   ┆ sg-0a web ┆ in-use    ┆ missing │
    │           ┆            ┆      ┆                    ┆ 2001:db8::1 ┆           ┆           ┆         │
    │ eni-03    ┆ (was eth1) ┆      ┆                    ┆ 192.0.2.1   ┆ sg-0a web ┆ available ┆         │
    │           ┆            ┆      ┆                    ┆ 2001:db8::1 ┆           ┆           ┆         │
    │ eni-04    ┆            ┆      ┆                    ┆ 192.0.2.1   ┆ sg-0a web ┆ available ┆         │
    │           ┆            ┆      ┆                    ┆ 2001:db8::1 ┆           ┆           ┆         │
    └───────────┴────────────┴──────┴────────────────────┴─────────────┴───────────┴───────────┴─────────┘
    "#);
}

#[test]
fn what_attach_did() {
    let mut answer = json!({"NetworkInterfaceId": "eni-01", "Device": "eth0", "State": "attached",
        "Hook": {"Wanted": "auto", "Got": "xdp"}, "Enforce": true, "Side": "host", "VpcId": "vpc-01", "Groups": ["sg-0a", "sg-0b"],
        "PrivateIpAddresses": ["192.0.2.1"], "MacAddress": "0a:00:00:00:00:01", "AttachmentNumber": 1,
        "Mtu": 1500, "AdoptedConnections": 3});
    assert_snapshot!(shown("AttachDevice", &answer), @r#"
    eth0 is attached
    ┌────────────────────────┬───────────────────┐
    │ Interface              ┆ eni-01            │
    │ Side                   ┆ host              │
    │ Hook                   ┆ auto → xdp        │
    │ VPC                    ┆ vpc-01            │
    │ Groups                 ┆ sg-0a             │
    │                        ┆ sg-0b             │
    │ Addresses              ┆ 192.0.2.1         │
    │ MAC address            ┆ 0a:00:00:00:00:01 │
    │ MTU                    ┆ 1500              │
    │ Connections taken over ┆ 3                 │
    └────────────────────────┴───────────────────┘
    "#);
    answer["Enforce"] = json!(false);
    assert!(shown("AttachDevice", &answer).contains("monitored: nothing is dropped"));
    answer["Enforce"] = json!(true);
    answer["DryRun"] = json!(true);
    answer["State"] = json!("replaced");
    answer["Changes"] = json!(["hook: tc becomes auto"]);
    assert_snapshot!(shown("AttachDevice", &answer), @r#"
    eth0 would be attached otherwise; nothing is changed
    ┌────────────────────────┬───────────────────────┐
    │ Interface              ┆ eni-01                │
    │ Side                   ┆ host                  │
    │ Hook                   ┆ auto → xdp            │
    │ VPC                    ┆ vpc-01                │
    │ Groups                 ┆ sg-0a                 │
    │                        ┆ sg-0b                 │
    │ Addresses              ┆ 192.0.2.1             │
    │ MAC address            ┆ 0a:00:00:00:00:01     │
    │ MTU                    ┆ 1500                  │
    │ Connections taken over ┆ 3                     │
    │ Changes                ┆ hook: tc becomes auto │
    └────────────────────────┴───────────────────────┘
    "#);
}

#[test]
fn what_detach_confirm_and_undo_did() {
    let mut answer = json!({"NetworkInterfaceId": "eni-01", "Device": "eth0", "State": "detached"});
    assert_snapshot!(shown("DetachDevice", &answer), @r#"
    eth0 is detached: everything passes. The record eni-01 is kept, and attaching eth0 again finds it.
    "#);
    answer["State"] = json!("deleted");
    assert_snapshot!(shown("DetachDevice", &answer), @r#"
    eth0 is detached: everything passes. The record eni-01 is deleted.
    "#);
    let answer = json!({"Operation": "AttachDevice", "State": "confirmed"});
    assert_snapshot!(shown("ConfirmChange", &answer), @r#"
    AttachDevice: confirmed
    "#);
}

#[test]
fn the_status() {
    let mut answer = json!({"Version": "0.1.0", "Pid": 4711, "StartedAt": "2026-01-02T03:04:05Z", "Kernel": "6.18.0",
        "Region": "local", "AccountId": "000000000000", "StateDir": "/var/lib/firewall", "Bpffs": "/sys/fs/bpf/firewall",
        "Programs": {"AbiVersion": 1, "ObjectSha256": "0123456789abcdef0123", "Adopted": true},
        "Interfaces": [], "Tables": [], "Problems": []});
    assert_snapshot!(shown("Status", &answer), @r#"
    Controller  0.1.0, process 4711, since 2026-01-02T03:04:05Z
    Kernel      6.18.0
    Region      local, account 000000000000
    State       /var/lib/firewall
    Programs    /sys/fs/bpf/firewall, layout 1, object 0123456789ab, found in the kernel and taken over
    Problems    none

    No device is attached: `firewall-ctl attach DEV`.
    "#);
    answer["PendingChange"] = json!({"Operation": "AttachDevice", "Deadline": "2026-01-02T03:06:05Z"});
    answer["Problems"] = json!(["eth0: another program is ahead of ours"]);
    answer["Tables"] =
        json!([{"Table": "flows-v4", "Used": 95, "Size": 100}, {"Table": "empty", "Used": 0, "Size": 0}]);
    answer["Interfaces"] = json!([{"NetworkInterfaceId": "eni-01", "Device": "eth0", "Index": 2, "AttachmentNumber": 1,
        "Side": "host", "HookWanted": "auto", "HookIngress": "xdp", "HookEgress": "tcx", "Groups": ["sg-0a"],
        "Addresses": ["192.0.2.1"], "Enforce": true, "State": "enforced", "Flows": 12}]);
    assert_snapshot!(shown("Status", &answer), @r#"
    Controller  0.1.0, process 4711, since 2026-01-02T03:04:05Z
    Kernel      6.18.0
    Region      local, account 000000000000
    State       /var/lib/firewall
    Programs    /sys/fs/bpf/firewall, layout 1, object 0123456789ab, found in the kernel and taken over
    Pending     AttachDevice is undone at 2026-01-02T03:06:05Z unless `firewall-ctl confirm` comes before
    Problems
      - eth0: another program is ahead of ours

    ┌────────┬───────────┬──────┬─────┬─────┬────────┬───────────┬───────┬──────────┐
    │ Device ┆ Interface ┆ Side ┆ In  ┆ Out ┆ Groups ┆ Addresses ┆ Flows ┆ State    │
    ╞════════╪═══════════╪══════╪═════╪═════╪════════╪═══════════╪═══════╪══════════╡
    │ eth0   ┆ eni-01    ┆ host ┆ xdp ┆ tcx ┆ sg-0a  ┆ 192.0.2.1 ┆    12 ┆ enforced │
    └────────┴───────────┴──────┴─────┴─────┴────────┴───────────┴───────┴──────────┘

    ┌──────────┬──────┬─────┬──────┐
    │ Table    ┆ Used ┆ Of  ┆ Full │
    ╞══════════╪══════╪═════╪══════╡
    │ flows-v4 ┆   95 ┆ 100 ┆ 95 % │
    │ empty    ┆    0 ┆   0 ┆ 0 %  │
    └──────────┴──────┴─────┴──────┘
    "#);
}

#[test]
fn counters_by_outcome_and_by_rule() {
    let answer = json!({
        "Interfaces": [{"NetworkInterfaceId": "eni-01", "Device": "eth0", "AttachmentNumber": 1,
            "ConntrackAllowanceAvailable": 11, "ConntrackAllowanceExceeded": 2,
            "Flows": {"HalfOpen": 4, "TcpEstablished": 3, "TcpAvailable": 7, "OtherEstablished": 1, "OtherAvailable": 4},
            "Ingress": [{"Verdict": "pass", "Reason": "new-flow", "Packets": 12, "Bytes": 720},
                {"Verdict": "drop", "Reason": "no-rule", "Packets": 100000, "Bytes": 6000000}],
            "Egress": [{"Verdict": "pass", "Reason": "established", "Packets": 9, "Bytes": 540}]}],
        "Rules": [{"SecurityGroupRuleId": "sgr-01", "GroupId": "sg-0a", "IsEgress": false, "Packets": 12, "Bytes": 720,
            "Flows": 4}], "UnrecordedDrops": 5});
    assert_snapshot!(shown("DescribeCounters", &answer), @r#"
    eth0  eni-01
    ┌───────────┬─────────┬─────────────┬─────────┬─────────┐
    │ Direction ┆ Verdict ┆ Reason      ┆ Packets ┆ Bytes   │
    ╞═══════════╪═════════╪═════════════╪═════════╪═════════╡
    │ in        ┆ pass    ┆ new-flow    ┆      12 ┆     720 │
    │ in        ┆ drop    ┆ no-rule     ┆  100000 ┆ 6000000 │
    │ out       ┆ pass    ┆ established ┆       9 ┆     540 │
    └───────────┴─────────┴─────────────┴─────────┴─────────┘
    Flows: 4 half-open; established 3 of TCP (room for 7 more), 1 of others (room for 4 more)
    conntrack_allowance_available 11, conntrack_allowance_exceeded 2

    By rule, on all devices
    ┌────────┬───────┬───────────┬─────────┬───────┬───────┐
    │ Rule   ┆ Group ┆ Direction ┆ Packets ┆ Bytes ┆ Flows │
    ╞════════╪═══════╪═══════════╪═════════╪═══════╪═══════╡
    │ sgr-01 ┆ sg-0a ┆ in        ┆      12 ┆   720 ┆     4 │
    └────────┴───────┴───────────┴─────────┴───────┴───────┘

    5 drops are counted and have no record: there were too many at once.
    "#);
}

#[test]
fn flows_and_what_was_cut() {
    let answer = json!({"Flows": [
        {"NetworkInterfaceId": "eni-01", "Device": "eth0", "Protocol": "tcp", "LocalAddress": "192.0.2.1",
            "LocalPort": 22, "RemoteAddress": "198.51.100.7", "RemotePort": 50000, "Direction": "ingress",
            "State": "established", "SecurityGroupRuleId": "sgr-01", "AgeSeconds": 3700, "IdleSeconds": 2,
            "TimeoutSeconds": 431998, "IngressPackets": 10, "IngressBytes": 1000, "EgressPackets": 9, "EgressBytes": 900},
        {"NetworkInterfaceId": "eni-01", "Device": "eth0", "Protocol": "icmpv6", "LocalAddress": "2001:db8::1",
            "RemoteAddress": "2001:db8::2", "IcmpType": 128, "IcmpIdentifier": 7, "Direction": "egress",
            "State": "replied", "Denied": true, "Vlans": [5, 7], "RuleRevoked": true, "AgeSeconds": 0,
            "IdleSeconds": 0, "TimeoutSeconds": 30, "IngressPackets": 1, "IngressBytes": 90, "EgressPackets": 1,
            "EgressBytes": 90}],
        "NextToken": "00ff"});
    let text = shown("DescribeFlows", &answer);
    for part in [
        "192.0.2.1:22",
        "198.51.100.7:50000",
        "sgr-01",
        "1h 1m 40s",
        "eth0.5.7",
        "replied, denied",
        "revoked",
        "icmpv6 type 128 id 7",
        "--starting-token 00ff",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(shown("DescribeFlows", &json!({"Flows": []})), "No flow.\n");
    assert_eq!(shown("FlushFlows", &json!({"Matched": 3, "Cut": 2})), "2 flows are cut.\n");
    let trial = json!({"Matched": 3, "Cut": 0, "DryRun": true});
    assert_eq!(shown("FlushFlows", &trial), "3 flows would be cut; none is.\n");
}

#[test]
fn drops_with_what_to_do() {
    let answer = json!({"UnrecordedDrops": 9, "Drops": [
        {"NetworkInterfaceId": "eni-01", "Device": "eth0", "Verdict": "would-drop", "Reason": "no-peer",
            "Direction": "ingress", "Protocol": "tcp", "SourceAddress": "2001:db8::2", "SourcePort": 50000,
            "DestinationAddress": "2001:db8::1", "DestinationPort": 22, "Packets": 3, "Bytes": 180,
            "FirstSeen": "2026-01-02T03:04:05Z", "LastSeen": "2026-01-02T03:04:06Z",
            "NearestRules": ["sgr-01 of sg-01 allows tcp/22, but only from 2001:db8:1::/48"], "Hint": "To allow it: this"},
        {"NetworkInterfaceId": "eni-01", "Device": "eth0", "Verdict": "drop", "Reason": "ipv4-header",
            "Direction": "egress", "Packets": 1, "Bytes": 30, "FirstSeen": "2026-01-02T03:04:05Z",
            "LastSeen": "2026-01-02T03:04:05Z", "Hint": "The header."}]});
    let text = shown("DescribeDrops", &answer);
    for part in [
        "would-drop",
        "tcp [2001:db8::2]:50000 -> [2001:db8::1]:22",
        "but only from 2001:db8:1::/48",
        "To allow it: this",
        "not understood ? -> ?",
        "9 more have no record",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let none = json!({"UnrecordedDrops": 0, "Drops": []});
    assert_eq!(shown("DescribeDrops", &none), "No packet was dropped, as far as the records go back.\n");
}

/// What becomes of a packet that a rule lets through, or that none does.
fn judgement(passes: bool) -> Value {
    let near = json!({"SecurityGroupRuleId": "sgr-02", "GroupId": "sg-01", "Text": "sgr-02 of sg-01 allows tcp/22, but only from 10.9.0.0/16"});
    if passes {
        json!({"Verdict": "pass", "Reason": "rule", "Explanation": "A rule allows it.", "SecurityGroupRuleId": "sgr-01",
            "MatchingRules": [{"SecurityGroupRuleId": "sgr-01", "GroupId": "sg-01", "Text": "sgr-01 of sg-01 allows tcp/22 from 10.0.0.0/8"}],
            "NearestRules": [near],
            "Answer": {"Direction": "egress", "Verdict": "pass", "Reason": "flow", "Explanation": "Belongs to a flow."}})
    } else {
        json!({"Verdict": "drop", "Reason": "no-peer", "Explanation": "None of them names this peer.", "NearestRules": [near],
            "Hint": "To allow it: this"})
    }
}

/// A packet on paper.
fn on_paper() -> Value {
    json!({"Direction": "ingress", "Protocol": "tcp", "SourceAddress": "10.1.2.3", "SourcePort": 50000,
        "DestinationAddress": "10.0.0.1", "DestinationPort": 22, "TcpFlags": ["syn", "ack"], "Fragment": "first", "Vlans": [5]})
}

#[test]
fn explanations_with_drift() {
    let answer = json!({"NetworkInterfaceId": "eni-01", "Device": "eth0", "Side": "host", "Enforce": true, "VpcId": "vpc-01",
        "Groups": [{"GroupId": "sg-01", "GroupName": "web"}], "Packet": on_paper(), "ByModel": judgement(true),
        "ByKernel": judgement(false), "Drift": ["The packet: drop (no-peer) in the kernel."], "Notes": ["A note."]});
    assert_snapshot!(shown("ExplainPacket", &answer), @r"
    ingress tcp 10.1.2.3:50000 -> 10.0.0.1:22 syn|ack vlan 5, first fragment
    eth0 (eni-01 of vpc-01), host, enforced: sg-01 (web)
    ┌──────────────────┬─────────────────────┬─────────┬─────────┬────────┬───────────────────────────────┐
    │ By               ┆ What                ┆ Verdict ┆ Reason  ┆ Rule   ┆ Why                           │
    ╞══════════════════╪═════════════════════╪═════════╪═════════╪════════╪═══════════════════════════════╡
    │ what is recorded ┆ the packet          ┆ pass    ┆ rule    ┆ sgr-01 ┆ A rule allows it.             │
    │ what is recorded ┆ the answer (egress) ┆ pass    ┆ flow    ┆        ┆ Belongs to a flow.            │
    │ the kernel       ┆ the packet          ┆ drop    ┆ no-peer ┆        ┆ None of them names this peer. │
    └──────────────────┴─────────────────────┴─────────┴─────────┴────────┴───────────────────────────────┘

    Rules that allow it
      sgr-01 of sg-01 allows tcp/22 from 10.0.0.0/8

    Rules that nearly allow it
      sgr-02 of sg-01 allows tcp/22, but only from 10.9.0.0/16

    Drift
      The packet: drop (no-peer) in the kernel.

    Notes
      A note.
    ");
    let agreed = json!({"NetworkInterfaceId": "eni-01", "Device": "eth0", "Side": "host", "Enforce": false, "VpcId": "vpc-01",
        "Groups": [], "Packet": on_paper(), "ByModel": judgement(false), "Drift": []});
    let text = shown("ExplainPacket", &agreed);
    for part in ["only watched", "The kernel and what is recorded agree.", "\nTo allow it: this\n"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn simulations_with_refusals() {
    let answer = json!({"NetworkInterfaceId": "eni-01", "Side": "workload", "VpcId": "vpc-01", "Packet": on_paper(),
        "Before": judgement(false), "After": judgement(true), "Changes": [
            {"Action": "AuthorizeSecurityGroupIngress", "Warnings": ["It matches nothing."]},
            {"Action": "DeleteVpc", "Refusal": {"Code": "DependencyViolation", "Message": "It has dependencies.", "Detail": "eni-01\neni-02"}}]});
    assert_snapshot!(shown("SimulatePacket", &answer), @r"
    ingress tcp 10.1.2.3:50000 -> 10.0.0.1:22 syn|ack vlan 5, first fragment
    eni-01 of vpc-01, workload
    ┌────────────────────┬─────────────────────┬─────────┬─────────┬────────┬───────────────────────────────┐
    │ By                 ┆ What                ┆ Verdict ┆ Reason  ┆ Rule   ┆ Why                           │
    ╞════════════════════╪═════════════════════╪═════════╪═════════╪════════╪═══════════════════════════════╡
    │ before the changes ┆ the packet          ┆ drop    ┆ no-peer ┆        ┆ None of them names this peer. │
    │ after them         ┆ the packet          ┆ pass    ┆ rule    ┆ sgr-01 ┆ A rule allows it.             │
    │ after them         ┆ the answer (egress) ┆ pass    ┆ flow    ┆        ┆ Belongs to a flow.            │
    └────────────────────┴─────────────────────┴─────────┴─────────┴────────┴───────────────────────────────┘

    Changes
      AuthorizeSecurityGroupIngress: would be made
        warning: It matches nothing.
      DeleteVpc: would be refused (DependencyViolation): It has dependencies.
        eni-01
        eni-02

    Before the changes: rules that nearly allow it
      sgr-02 of sg-01 allows tcp/22, but only from 10.9.0.0/16

    To allow it: this

    After them: rules that allow it
      sgr-01 of sg-01 allows tcp/22 from 10.0.0.0/8

    After them: rules that nearly allow it
      sgr-02 of sg-01 allows tcp/22, but only from 10.9.0.0/16
    ");
    let gone = json!({"NetworkInterfaceId": "eni-01", "Side": "host", "VpcId": "vpc-01", "Packet": on_paper(),
        "Before": judgement(true), "Changes": [{"Action": "DeleteNetworkInterface"}]});
    assert!(shown("SimulatePacket", &gone).contains("After them there is no such interface."));
    let without = json!({"NetworkInterfaceId": "eni-01", "Side": "host", "VpcId": "vpc-01", "Packet": on_paper(),
        "Before": judgement(true), "After": judgement(true)});
    assert!(shown("SimulatePacket", &without).contains("what is recorded"));
}

#[test]
fn answers_of_another_shape_are_listed_field_by_field() {
    let answer = json!({"GroupId": "sg-0a", "Tags": [{"Key": "Name", "Value": "web"}], "New": true});
    assert_snapshot!(shown("CreateSecurityGroup", &answer), @r#"
    ┌───────────────┬───────┐
    │ Field         ┆ Value │
    ╞═══════════════╪═══════╡
    │ GroupId       ┆ sg-0a │
    │ Tags[0].Key   ┆ Name  │
    │ Tags[0].Value ┆ web   │
    │ New           ┆ true  │
    └───────────────┴───────┘
    "#);
    assert_snapshot!(shown("DescribeVpcs", &json!({"Vpcs": [{"VpcId": "vpc-01"}]})), @r#"
    ┌───────────────┬────────┐
    │ Field         ┆ Value  │
    ╞═══════════════╪════════╡
    │ Vpcs[0].VpcId ┆ vpc-01 │
    └───────────────┴────────┘
    "#);
}

#[test]
fn a_narrow_screen_wraps_and_a_styled_one_marks() {
    let narrow = Screen { width: Some(30), styled: false };
    let answer = json!({"Description": "a description that is longer than the screen is wide"});
    let text = render(&narrow, "Unknown", &answer);
    assert!(text.lines().all(|line| line.chars().count() <= 30), "{text}");
    let styled = Screen { width: None, styled: true };
    assert!(render(&styled, "Unknown", &answer).contains("\u{1b}["));
    assert!(!render(&Screen::PLAIN, "Unknown", &answer).contains('\u{1b}'));
}
