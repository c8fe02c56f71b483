//! What the commands do and print.

use firewall_tests::controller::{Controller, text};
use firewall_tests::world::{OPEN, World, friend, only};
use serde_json::json;

#[test]
fn a_default_vpc_and_its_group_are_there_from_the_start() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let vpcs = ctl.ok(&["describe-vpcs"]);
    assert_eq!(vpcs["Vpcs"].as_array().map(Vec::len), Some(1), "{vpcs}");
    assert_eq!(vpcs["Vpcs"][0]["IsDefault"], true, "{vpcs}");
    assert_eq!(vpcs["Vpcs"][0]["CidrBlock"], "172.31.0.0/16", "{vpcs}");
    let groups = ctl.ok(&["describe-security-groups"]);
    let group = &groups["SecurityGroups"][0];
    assert_eq!((&group["GroupName"], &group["Description"]), (&json!("default"), &json!("default VPC security group")));
    assert_eq!(group["IpPermissions"][0]["IpProtocol"], "-1", "{group}");
    assert_eq!(group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"], group["GroupId"], "{group}");
    assert_eq!(group["IpPermissionsEgress"][0]["IpRanges"][0]["CidrIp"], "0.0.0.0/0", "{group}");
    assert_eq!(group["IpPermissionsEgress"][0]["Ipv6Ranges"][0]["CidrIpv6"], "::/0", "{group}");
}

#[test]
fn vpcs_groups_and_rules() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let vpc = text(&ctl.ok(&["create-vpc", "--cidr-block", "10.7.0.0/16"]), "/Vpc/VpcId");
    let create = ["create-security-group", "--group-name", "web", "--description", "answers all", "--vpc-id", &vpc];
    let group = text(&ctl.ok(&create), "/GroupId");
    assert!(group.starts_with("sg-") && group.len() == 20, "{group}");

    let allow = ["--group-id", &group, "--protocol", "tcp", "--port", "8000-8100", "--cidr", "10.1.2.3/8"];
    let answer = ctl.ok(&[&["authorize-security-group-ingress"], allow.as_slice()].concat());
    let rule = &answer["SecurityGroupRules"][0];
    // As the service, blocks are cut to their prefix.
    assert_eq!(
        (&rule["FromPort"], &rule["ToPort"], &rule["CidrIpv4"]),
        (&json!(8000), &json!(8100), &json!("10.0.0.0/8"))
    );
    let id = text(rule, "/SecurityGroupRuleId");
    let permissions = json!([{
        "IpProtocol": "udp", "FromPort": 53, "ToPort": 53,
        "IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "resolvers"}],
        "UserIdGroupPairs": [{"GroupId": group}],
    }]);
    let json_words = permissions.to_string();
    let answer = ctl.ok(&["authorize-security-group-egress", "--group-id", &group, "--ip-permissions", &json_words]);
    assert_eq!(answer["SecurityGroupRules"].as_array().map(Vec::len), Some(2), "{answer}");

    let filter = format!("Name=group-id,Values={group}");
    let rules = ctl.ok(&["describe-security-group-rules", "--filters", &filter]);
    // These three and the new group's own for egress: a VPC without IPv6 has one.
    assert_eq!(rules["SecurityGroupRules"].as_array().map(Vec::len), Some(4), "{rules}");
    let shown = ctl.ok(&["describe-security-groups", "--group-ids", &group]);
    assert_eq!(shown["SecurityGroups"][0]["IpPermissions"].as_array().map(Vec::len), Some(1), "{shown}");

    ctl.ok(&["revoke-security-group-ingress", "--group-id", &group, "--security-group-rule-ids", &id]);
    ctl.ok(&["revoke-security-group-egress", "--group-id", &group, "--ip-permissions", &json_words]);
    let rules = ctl.ok(&["describe-security-group-rules", "--filters", &filter]);
    assert_eq!(rules["SecurityGroupRules"].as_array().map(Vec::len), Some(1), "{rules}");

    ctl.ok(&["delete-security-group", "--group-id", &group]);
    ctl.ok(&["delete-vpc", "--vpc-id", &vpc]);
    assert_eq!(ctl.ok(&["describe-vpcs"])["Vpcs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_device_through_its_life() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let (one, other) = (ctl.group("one"), ctl.group("other"));
    ctl.allow(&one, "tcp", &OPEN.to_string(), &only(friend()[0]));

    let trial = ctl.ok(&["attach", "eth0", "--groups", &one, "--dry-run"]);
    assert_eq!((&trial["DryRun"], &trial["Mtu"]), (&json!(true), &json!(1500)), "{trial}");
    assert!(ctl.attached().is_empty());

    let first = ctl.ok(&["attach", "eth0", "--groups", &one]);
    assert_eq!((&first["State"], &first["Side"]), (&json!("attached"), &json!("host")), "{first}");
    let addresses = first["PrivateIpAddresses"].as_array().unwrap();
    assert!(addresses.contains(&json!("10.0.0.1")) && addresses.contains(&json!("fd00::1")), "{first}");
    assert!(!first["Hook"]["Got"].is_null(), "{first}");
    let id = text(&first, "/NetworkInterfaceId");
    assert_eq!(ctl.ok(&["attach", "eth0", "--groups", &one])["State"], "unchanged");
    assert_eq!(ctl.ok(&["attach", "eth0"])["State"], "unchanged");
    let refused = ctl.ctl(&["attach", "eth0", "--groups", &other]);
    refused.refused_as("DeviceAlreadyAttached", "AttachDevice", &["eth0", &one, &other, "--replace"]);
    world.tcp_in(friend()[0], OPEN).answers();
    let replaced = ctl.ok(&["attach", "eth0", "--groups", &other, "--replace"]);
    assert_eq!((&replaced["State"], &replaced["NetworkInterfaceId"]), (&json!("replaced"), &json!(id)), "{replaced}");
    world.tcp_in(friend()[0], OPEN).is_silent();
    let hook = ctl.ok(&["attach", "eth0", "--hook", "tc", "--replace"]);
    assert_eq!(hook["State"], "replaced", "{hook}");
    world.tcp_in(friend()[0], OPEN).is_silent();

    ctl.ok(&["modify-network-interface-attribute", "--network-interface-id", &id, "--groups", &one, &other]);
    world.tcp_in(friend()[0], OPEN).answers();
    let shown = ctl.ok(&["describe-network-interfaces", "--network-interface-ids", &id]);
    let interface = &shown["NetworkInterfaces"][0];
    assert_eq!((&interface["Status"], &interface["DeviceAttachment"]["Device"]), (&json!("in-use"), &json!("eth0")));
    let counters = ctl.ok(&["counters", "eth0"]);
    assert_eq!(counters["Interfaces"][0]["NetworkInterfaceId"], json!(id), "{counters}");
    assert!(counters["Rules"].as_array().is_some_and(|rules| !rules.is_empty()), "{counters}");

    let detached = ctl.ok(&["detach", "eth0"]);
    assert_eq!((&detached["State"], &detached["NetworkInterfaceId"]), (&json!("detached"), &json!(id)), "{detached}");
    world.tcp_in(friend()[1], OPEN).answers();
    let again = ctl.ok(&["attach", "eth0"]);
    // The record with its groups was kept.
    assert_eq!((&again["NetworkInterfaceId"], &again["Groups"]), (&json!(id), &json!([one, other])), "{again}");
    assert_eq!(ctl.ok(&["detach", "eth0", "--delete"])["State"], "deleted");
    assert_eq!(ctl.ok(&["describe-network-interfaces"])["NetworkInterfaces"], json!([]));
}

#[test]
fn addresses_of_a_host_are_followed() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("members");
    ctl.attach("eth0", &group, &[]);
    let addresses = || {
        let shown = ctl.ok(&["describe-network-interfaces"]);
        shown["NetworkInterfaces"][0]["PrivateIpAddresses"].to_string()
    };
    assert!(addresses().contains("10.0.0.1"));
    world.host.address("eth0", "10.0.0.77/24".parse().unwrap());
    firewall_tests::wait::eventually("the new address is a member", || addresses().contains("10.0.0.77"));
    world.host.remove_address("eth0", "10.0.0.77/24".parse().unwrap());
    firewall_tests::wait::eventually("it is none any more", || !addresses().contains("10.0.0.77"));
}

#[test]
fn an_interface_without_groups_gets_the_default_group() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let attached = ctl.ok(&["attach", "eth0"]);
    assert_eq!(attached["Groups"], json!([ctl.default_group()]), "{attached}");
    // Its members may talk to each other, and nobody else is let in.
    world.tcp_in(friend()[0], OPEN).is_silent();
    let _member = ctl.member(&ctl.default_group(), friend()[0]);
    world.tcp_in(friend()[0], OPEN).answers();
}

#[test]
fn answers_in_every_format() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("shown");
    ctl.attach("eth0", &group, &[]);
    // A flow and a drop, so that there is something to show.
    world.udp_out(friend()[0], OPEN).answers();
    world.tcp_in(friend()[0], OPEN).is_silent();
    for command in [
        "describe-vpcs",
        "describe-security-groups",
        "describe-security-group-rules",
        "describe-network-interfaces",
        "status",
        "counters",
        "describe-flows",
        "drops",
    ] {
        let outputs = ["table", "json", "text"].map(|format| {
            let answer = ctl.ctl(&[command, "--output", format]);
            assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""), "{answer:#?}");
            assert!(!answer.stdout.trim().is_empty() && !answer.stdout.contains('\u{1b}'), "{answer:#?}");
            answer.stdout
        });
        let [table, json, text] = &outputs;
        assert!(serde_json::from_str::<serde_json::Value>(json).is_ok(), "{json}");
        assert!(table != json && text != json && table != text, "{command}");
    }
}
