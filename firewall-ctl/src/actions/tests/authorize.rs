use super::*;

const INGRESS: &str = "AuthorizeSecurityGroupIngress";
const EGRESS: &str = "AuthorizeSecurityGroupEgress";

/// A permission for TCP port 443 with the members given.
fn https(more: &Value) -> Value {
    let mut item = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443});
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    item
}

fn anyone() -> Value {
    https(&json!({"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}))
}

#[test]
fn each_peer_makes_a_rule() {
    let mut world = World::new();
    let (web, lb) = (world.group("web"), world.group("lb"));
    let item = https(&json!({
        "IpRanges": [{"CidrIp": "10.1.2.3/8", "Description": "office"}, {"CidrIp": "192.0.2.1/32"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:DB8::1/32"}],
        "UserIdGroupPairs": [{"GroupId": lb, "Description": "balancer"}],
    }));
    let body = json!({
        "GroupId": web,
        "IpPermissions": [item],
        "TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": [{"Key": "k", "Value": "v"}]}],
    });
    let answer = world.done(INGRESS, body);
    let id = |index: usize| text(&answer["SecurityGroupRules"][index]["SecurityGroupRuleId"]);
    let rule = |index: usize, more: Value| {
        let mut rule = json!({
            "SecurityGroupRuleId": id(index),
            "GroupId": web,
            "GroupOwnerId": "000000000000",
            "IsEgress": false,
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "Tags": [{"Key": "k", "Value": "v"}],
            "SecurityGroupRuleArn": format!("arn:aws:ec2:local:000000000000:security-group-rule/{}", id(index)),
        });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    let expected = json!({"Return": true, "SecurityGroupRules": [
        rule(0, json!({"CidrIpv4": "10.0.0.0/8", "Description": "office"})),
        rule(1, json!({"CidrIpv4": "192.0.2.1/32"})),
        rule(2, json!({"CidrIpv6": "2001:db8::/32"})),
        rule(3, json!({
            "ReferencedGroupInfo": {"GroupId": lb, "UserId": "000000000000"}, "Description": "balancer",
        })),
    ]});
    assert_eq!(answer, expected);
}

#[test]
fn protocols_without_ports_lose_them() {
    let mut world = World::new();
    let web = world.group("web");
    let ranges = json!([{"CidrIp": "10.0.0.0/8"}]);
    let body = json!({"GroupId": web, "IpPermissions": [
        {"IpProtocol": "-1", "FromPort": 0, "ToPort": 70000, "IpRanges": ranges},
        {"IpProtocol": "50", "FromPort": 7, "IpRanges": ranges},
    ]});
    let answer = world.done(EGRESS, body);
    for (index, protocol) in ["-1", "50"].iter().enumerate() {
        let rule = &answer["SecurityGroupRules"][index];
        assert_eq!(
            (&rule["IpProtocol"], &rule["FromPort"], &rule["ToPort"]),
            (&json!(protocol), &json!(-1), &json!(-1))
        );
        assert_eq!(rule["IsEgress"], true);
    }
    let again = json!({"GroupId": web, "IpPermissions": [{"IpProtocol": "all", "IpRanges": ranges}]});
    assert_eq!(world.refused(EGRESS, again).code, ErrorCode::InvalidPermissionDuplicate);
}

#[test]
fn numbers_and_names_of_protocols_are_the_same() {
    let mut world = World::new();
    let web = world.group("web");
    let body = |protocol: &str| {
        let ranges = json!([{"CidrIp": "10.0.0.0/8"}]);
        let item = json!({"IpProtocol": protocol, "FromPort": 8, "ToPort": 8, "IpRanges": ranges});
        json!({"GroupId": web, "IpPermissions": [item]})
    };
    for (protocol, same) in [("TCP", "6"), ("17", "udp"), ("Icmp", "1"), ("58", "ICMPv6")] {
        world.done(INGRESS, body(protocol));
        assert_eq!(world.refused(INGRESS, body(same)).code, ErrorCode::InvalidPermissionDuplicate, "{same}");
    }
}

#[test]
fn what_breaks_a_rule_is_named() {
    let mut world = World::new();
    let web = world.group("web");
    let ranges = json!([{"CidrIp": "0.0.0.0/0"}]);
    let mut refuses = |mut item: Value, message: &str| {
        item["IpRanges"] = ranges.clone();
        let error = world.refused(INGRESS, json!({"GroupId": web, "IpPermissions": [item]}));
        assert_eq!((error.code, error.message.as_str()), (ErrorCode::InvalidParameterValue, message));
    };
    let null = "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.";
    refuses(json!({"FromPort": 1, "ToPort": 1}), null);
    refuses(json!({"IpProtocol": ""}), null);
    refuses(json!({"IpProtocol": "tcq"}), "Invalid value 'tcq' for IP protocol. Unknown protocol.");
    refuses(json!({"IpProtocol": "256"}), "Invalid value '256' for IP protocol. Unknown protocol.");
    refuses(json!({"IpProtocol": "-2"}), "Invalid value '-2' for IP protocol. Unknown protocol.");
    let both = "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.";
    refuses(json!({"IpProtocol": "tcp"}), both);
    refuses(json!({"IpProtocol": "udp", "FromPort": 53}), both);
    let port = |protocol: &str, from: i64, to: i64| json!({"IpProtocol": protocol, "FromPort": from, "ToPort": to});
    refuses(port("tcp", 70000, 70000), "TCP/UDP port (70000) out of range");
    refuses(port("tcp", 0, 65536), "TCP/UDP port (65536) out of range");
    refuses(port("udp", -1, -1), "TCP/UDP port (-1) out of range");
    refuses(port("tcp", 443, 80), "Invalid TCP/UDP port range (443:80)");
    let both = "Invalid value for portRange. Must specify both from and to ports with ICMP";
    refuses(json!({"IpProtocol": "icmp"}), both);
    refuses(json!({"IpProtocol": "icmp", "FromPort": 8}), both);
    refuses(json!({"IpProtocol": "icmpv6", "FromPort": 128}), both);
    refuses(port("icmp", 8, 65535), "ICMP code (65535) out of range");
    refuses(port("icmp", 256, 0), "ICMP type (256) out of range");
    refuses(port("icmp", -1, 0), "ICMP code (0) must be -1 when the type is -1");
}

#[test]
fn what_is_no_peer_is_named() {
    let mut world = World::new();
    let other = world.vpc();
    let (web, db) = (world.group("web"), world.group_in(&other, "db"));
    let home = world.default_vpc();
    let mut refuses = |peers: Value, code, message: &str, detail: Option<&str>| {
        let body = json!({"GroupId": web, "IpPermissions": [https(&peers)]});
        world.refuses(INGRESS, body, code, message, detail);
    };
    use ErrorCode::*;
    let ipv4 = |cidr: &str| json!({"IpRanges": [{"CidrIp": cidr}]});
    let ipv6 = |cidr: &str| json!({"Ipv6Ranges": [{"CidrIpv6": cidr}]});
    let pair = |pair: Value| json!({"UserIdGroupPairs": [pair]});
    let list = |id: &str| json!({"PrefixListIds": [{"PrefixListId": id}]});
    let length = Some("A block is an address, a slash and a length from 0 to 32.");
    refuses(ipv4("10.0.0.0/33"), InvalidParameterValue, "CIDR block 10.0.0.0/33 is malformed", length);
    refuses(ipv4("10.0.0/8"), InvalidParameterValue, "CIDR block 10.0.0/8 is malformed", length);
    refuses(ipv4("10.0.0.0/+8"), InvalidParameterValue, "CIDR block 10.0.0.0/+8 is malformed", length);
    let single = Some("A single address is written 10.0.0.1/32.");
    refuses(ipv4("10.0.0.1"), InvalidParameterValue, "CIDR block 10.0.0.1 is malformed", single);
    let swapped = Some("An IPv6 block is a CidrIpv6, of Ipv6Ranges where there are several.");
    refuses(ipv4("::/0"), InvalidParameterValue, "CIDR block ::/0 is malformed", swapped);
    let swapped = Some("An IPv4 block is a CidrIp or CidrIpv4, of IpRanges where there are several.");
    refuses(ipv6("0.0.0.0/0"), InvalidParameterValue, "CIDR block 0.0.0.0/0 is malformed", swapped);
    let single = Some("A single address is written fd00::1/128.");
    refuses(ipv6("fd00::1"), InvalidParameterValue, "CIDR block fd00::1 is malformed", single);
    let none = "Missing source specification: include source security group or CIDR information";
    refuses(json!({}), MissingParameter, none, None);
    refuses(ipv4(""), MissingParameter, "The request must contain the parameter CidrIp", None);
    let message = format!("The security group '{NO_GROUP}' does not exist");
    refuses(pair(json!({"GroupId": NO_GROUP})), InvalidGroupNotFound, &message, None);
    let malformed = "The security group ID 'foobar' is malformed";
    refuses(pair(json!({"GroupId": "foobar"})), InvalidGroupIdMalformed, malformed, Some(MALFORMED_GROUP));
    let networks = "You have specified two resources that belong to different networks.";
    let detail = format!("The group {web} is in {home}, the group {db} in {other}.");
    refuses(pair(json!({"GroupId": db})), InvalidGroupNotFound, networks, Some(&detail));
    let message = format!("The security group '{web}' does not exist");
    let detail = "It is owned by account 000000000000, not by 123456789012.";
    refuses(pair(json!({"GroupId": web, "UserId": "123456789012"})), InvalidGroupNotFound, &message, Some(detail));
    let missing = "The request must contain the parameter groupName or groupId";
    refuses(pair(json!({})), MissingParameter, missing, None);
    let peering = "The vpcPeeringConnection ID 'pcx-12345678' does not exist";
    refuses(
        pair(json!({"GroupId": web, "VpcPeeringConnectionId": "pcx-12345678"})),
        InvalidVpcPeeringConnectionIdNotFound,
        peering,
        None,
    );
    let message = "The prefix list ID 'pl-12345678' does not exist";
    refuses(list("pl-12345678"), InvalidPrefixListIdNotFound, message, None);
    let malformed = "The prefix list ID 'foobar' is malformed";
    let detail = Some("It is pl- and 17 digits 0-9 and a-f, or 8 for an old one.");
    refuses(list("foobar"), InvalidPrefixListIdMalformed, malformed, detail);
    refuses(
        json!({"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "it's"}]}),
        InvalidParameterValue,
        "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: \
         a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        Some("The text given is \"it's\": '\\'' is not in the set."),
    );
}

#[test]
fn the_first_mistake_in_the_order_of_checks_is_told() {
    let mut world = World::new();
    let web = world.group("web");
    world.done(INGRESS, json!({"GroupId": web, "IpPermissions": [anyone()]}));
    let mut refusal =
        |group: &str, items: Value| world.refused(INGRESS, json!({"GroupId": group, "IpPermissions": items})).message;
    let bad_ports = json!({"IpProtocol": "tcp", "FromPort": 70000, "ToPort": 1, "IpRanges": [{"CidrIp": "x"}]});
    let bad_cidr = https(&json!({"IpRanges": [{"CidrIp": "x", "Description": "it's"}]}));
    // The group before its rules.
    assert!(refusal(NO_GROUP, json!([bad_ports])).contains("does not exist"));
    // Ports before peers, peers before descriptions, rules in the order of the list.
    assert_eq!(refusal(&web, json!([bad_ports, bad_cidr])), "TCP/UDP port (70000) out of range");
    assert_eq!(refusal(&web, json!([bad_cidr, bad_ports])), "CIDR block x is malformed");
    // Rules before what is there twice in the request, that before what is there already.
    assert_eq!(refusal(&web, json!([anyone(), anyone(), bad_cidr])), "CIDR block x is malformed");
    let twice = "The same permission must not appear multiple times";
    assert_eq!(refusal(&web, json!([anyone(), anyone()])), twice);
    // What is there already before quotas.
    world.quotas.rules_per_group = 1;
    let error = world.refused(INGRESS, json!({"GroupId": web, "IpPermissions": [anyone()]}));
    assert_eq!(error.code, ErrorCode::InvalidPermissionDuplicate);
}

#[test]
fn a_rule_that_is_there_is_named() {
    let mut world = World::new();
    let web = world.group("web");
    for (item, quoted) in [
        (anyone(), "\"peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW\"".to_owned()),
        (
            json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}),
            "\"peer: 0.0.0.0/0, ALL, ALLOW\"".to_owned(),
        ),
        (
            json!({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}),
            "\"peer: 0.0.0.0/0, ICMP, type: ALL, code: ALL, ALLOW\"".to_owned(),
        ),
        (
            https(&json!({"UserIdGroupPairs": [{"GroupId": web}]})),
            format!("\"peer: {web}, TCP, from port: 443, to port: 443, ALLOW\""),
        ),
    ] {
        let body = json!({"GroupId": web, "IpPermissions": [item]});
        let answer = world.done(INGRESS, body.clone());
        let rule = text(&answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]);
        let message = format!("the specified rule {quoted} already exists");
        let detail = format!("It is rule {rule} of group {web}.");
        world.refuses(INGRESS, body, ErrorCode::InvalidPermissionDuplicate, &message, Some(&detail));
    }
    // Another spelling and another description make no other rule.
    let other = https(&json!({"IpRanges": [{"CidrIp": "10.20.30.40/0", "Description": "anyone"}]}));
    let body = json!({"GroupId": web, "IpPermissions": [other]});
    assert_eq!(world.refused(INGRESS, body).code, ErrorCode::InvalidPermissionDuplicate);
    // A part of a rule does.
    let part = https(&json!({"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}));
    world.done(INGRESS, json!({"GroupId": web, "IpPermissions": [part]}));
}

#[test]
fn a_permission_twice_in_a_request_is_refused() {
    let mut world = World::new();
    let web = world.group("web");
    let item = https(&json!({"IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.9.9.9/8"}]}));
    world.refuses(
        INGRESS,
        json!({"GroupId": web, "IpPermissions": [item]}),
        ErrorCode::InvalidParameterValue,
        "The same permission must not appear multiple times",
        Some("This one does: ingress tcp/443 from 10.0.0.0/8."),
    );
}

#[test]
fn rules_are_counted_by_direction_and_family() {
    let mut world = World::new();
    world.quotas.rules_per_group = 3;
    let web = world.group("web");
    let ipv4 = |from: usize, to: usize| {
        let ranges: Vec<Value> = (from..to).map(|number| json!({"CidrIp": format!("10.{number}.0.0/16")})).collect();
        json!({"GroupId": web, "IpPermissions": [https(&json!({"IpRanges": ranges}))]})
    };
    let reached = "The maximum number of rules per security group has been reached.";
    let detail = |has: usize, direction: &str, family: &str, new: usize| {
        format!(
            "Group {web} has {has} {direction} rules of {family} and would get {new}; the limit is 3. A group as a \
             peer counts in both families, a prefix list as many times as it is made for entries."
        )
    };
    let full = ErrorCode::RulesPerSecurityGroupLimitExceeded;
    world.refuses(INGRESS, ipv4(0, 4), full, reached, Some(&detail(0, "ingress", "IPv4", 4)));
    world.done(INGRESS, ipv4(0, 2));
    let ipv6: Vec<Value> = (0..2).map(|number| json!({"CidrIpv6": format!("fd00:{number}::/32")})).collect();
    let ipv6 = json!({"GroupId": web, "IpPermissions": [https(&json!({"Ipv6Ranges": ipv6}))]});
    world.done(INGRESS, ipv6);
    let pair = https(&json!({"UserIdGroupPairs": [{"GroupId": web}]}));
    world.done(INGRESS, json!({"GroupId": web, "IpPermissions": [pair]}));
    world.refuses(INGRESS, ipv4(2, 3), full, reached, Some(&detail(3, "ingress", "IPv4", 1)));
    let one = json!({"GroupId": web, "IpPermissions": [https(&json!({"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}))]});
    world.refuses(INGRESS, one, full, reached, Some(&detail(3, "ingress", "IPv6", 1)));
    // Egress has its own room, of which the first rules of a group take one in each family.
    world.refuses(EGRESS, ipv4(0, 3), full, reached, Some(&detail(1, "egress", "IPv4", 3)));
    world.done(EGRESS, ipv4(0, 2));
}

#[test]
fn numbers_of_rules_run_out_and_rest() {
    let mut world = World::new();
    let web = world.group("web");
    world.last_number = 6;
    let body = json!({"GroupId": web, "IpPermissions": [anyone()]});
    world.done(INGRESS, body.clone());
    let revoke = |world: &mut World| world.done("RevokeSecurityGroupIngress", body.clone());
    revoke(&mut world);
    // Flows of the revoked rule are still alive.
    world.busy_rules = BTreeSet::from([6]);
    let message = "The maximum number of rules on this host (6) has been reached.";
    let detail = Some("Rules that flows still belong to count until the flows end.");
    world.refuses(INGRESS, body.clone(), ErrorCode::RuleNumbersExhausted, message, detail);
    world.busy_rules.clear();
    world.done(INGRESS, body.clone());
}

#[test]
fn the_older_form_makes_one_rule() {
    let mut world = World::new();
    let web = world.group("web");
    let body =
        json!({"GroupName": "web", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "203.0.113.0/24"});
    let answer = world.done(INGRESS, body.clone());
    let rule = &answer["SecurityGroupRules"][0];
    assert_eq!((&rule["CidrIpv4"], &rule["GroupId"]), (&json!("203.0.113.0/24"), &json!(web)));
    let mut both = body.clone();
    both["IpPermissions"] = json!([anyone()]);
    let message = "The parameter IpPermissions cannot be used with the parameter IpProtocol";
    world.refuses(INGRESS, both, ErrorCode::InvalidParameterCombination, message, None);
    let missing = "Missing source specification: include source security group or CIDR information";
    let bare = json!({"GroupName": "web", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22});
    world.refuses(INGRESS, bare, ErrorCode::MissingParameter, missing, None);
    let error = world.refused(EGRESS, json!({"GroupId": web, "CidrIp": "0.0.0.0/0"}));
    assert_eq!(
        (error.code, error.message.as_str()),
        (ErrorCode::UnsupportedOperation, "The parameter CidrIp of AuthorizeSecurityGroupEgress is not supported.")
    );
}

#[test]
fn the_older_form_with_a_group_opens_tcp_udp_and_icmp() {
    let mut world = World::new();
    let (web, lb) = (world.group("web"), world.group("lb"));
    let body = json!({"GroupId": web, "SourceSecurityGroupName": "LB"});
    let answer = world.done(INGRESS, body);
    let rules = answer["SecurityGroupRules"].as_array().unwrap();
    let told = |rule: &Value| {
        assert_eq!(rule["ReferencedGroupInfo"]["GroupId"], json!(lb));
        (text(&rule["IpProtocol"]), rule["FromPort"].as_i64().unwrap(), rule["ToPort"].as_i64().unwrap())
    };
    let expected = [("tcp".to_owned(), 0, 65535), ("udp".to_owned(), 0, 65535), ("icmp".to_owned(), -1, -1)];
    assert_eq!(rules.iter().map(told).collect::<Vec<_>>(), expected);
    let message = "The parameter SourceSecurityGroupName cannot be used with the parameter CidrIp";
    let body = json!({"GroupId": web, "SourceSecurityGroupName": "lb", "CidrIp": "10.0.0.0/8"});
    world.refuses(INGRESS, body, ErrorCode::InvalidParameterCombination, message, None);
}

#[test]
fn names_of_groups_mean_something_in_the_default_vpc_only() {
    let mut world = World::new();
    let other = world.vpc();
    let (web, db) = (world.group("web"), world.group_in(&other, "db"));
    let pair = |group: &str| {
        let pairs = json!([{"GroupName": "web"}]);
        json!({"GroupId": group, "IpPermissions": [https(&json!({"UserIdGroupPairs": pairs}))]})
    };
    world.done(INGRESS, pair(&web));
    let message = "Invalid value 'web' for groupName. You may not reference Amazon VPC security groups by name. Please \
                   use the corresponding id for this operation.";
    world.refuses(INGRESS, pair(&db), ErrorCode::InvalidParameterValue, message, None);
}

#[test]
fn rules_that_match_nothing_come_with_a_warning() {
    let mut world = World::new();
    let web = world.group("web");
    let body = json!({"GroupId": web, "IpPermissions": [
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": 0, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "icmpv6", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    ]});
    let outcome = world.outcome(INGRESS, body);
    let expected = [
        "ingress icmp/8/0 from ::/0 matches nothing: for ::/0 it takes icmpv6, not icmp",
        "ingress icmpv6 from 0.0.0.0/0 matches nothing: for 0.0.0.0/0 it takes icmp, not icmpv6",
    ];
    assert_eq!(outcome.warnings, expected);
    let body = json!({"GroupId": web, "IpPermissions": [anyone()]});
    assert!(world.outcome(INGRESS, body).warnings.is_empty());
}

#[test]
fn rules_are_needed() {
    let mut world = World::new();
    let web = world.group("web");
    let message = "The request must contain the parameter IpPermissions";
    for operation in [INGRESS, EGRESS] {
        world.refuses(operation, json!({"GroupId": web}), ErrorCode::MissingParameter, message, None);
    }
    let message = "The request must contain the parameter groupName or groupId";
    let body = json!({"IpPermissions": [anyone()]});
    world.refuses(INGRESS, body.clone(), ErrorCode::MissingParameter, message, None);
    let message = "The request must contain the parameter GroupId";
    world.refuses(EGRESS, body, ErrorCode::MissingParameter, message, None);
}
