//! Prefix lists made by the API, and what becomes of packets as they change.

use firewall_tests::controller::{Controller, text};
use firewall_tests::world::{OPEN, OTHER, World, friend, only, stranger};
use serde_json::json;
use std::net::IpAddr;

/// A list of one family that holds one address, in its first version.
fn list(ctl: &Controller<'_>, address: IpAddr) -> String {
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    let entry = format!("Cidr={}", only(address));
    let create = ["create-managed-prefix-list", "--prefix-list-name", "friends", "--max-entries", "5"];
    let answer = ctl.ok(&[create.as_slice(), &["--address-family", family, "--entries", &entry]].concat());
    text(&answer, "/PrefixList/PrefixListId")
}

#[test]
fn a_list_admits_whom_it_holds_while_a_rule_names_it() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("listed");
    let lists = friend().map(|address| list(&ctl, address));
    let authorize = ["authorize-security-group-ingress", "--group-id", &group, "--protocol", "tcp"];
    for list in &lists {
        let rule = ["--port", &OPEN.to_string(), "--prefix-list-id", list];
        ctl.ok(&[authorize.as_slice(), rule.as_slice()].concat());
    }
    ctl.attach("eth0", &group, &[]);
    let both = || lists.iter().zip(friend().into_iter().zip(stranger()));
    for (_, (friend, stranger)) in both() {
        world.tcp_in(friend, OPEN).answers();
        world.tcp_in(friend, OTHER).is_silent();
        world.tcp_in(stranger, OPEN).is_silent();
    }

    // The rules stay as they are, and the list changes.
    for (list, (friend, stranger)) in both() {
        let (come, go) = (format!("Cidr={}", only(stranger)), format!("Cidr={}", only(friend)));
        let modify = ["modify-managed-prefix-list", "--prefix-list-id", list, "--current-version", "1"];
        let answer = ctl.ok(&[modify.as_slice(), &["--add-entries", &come, "--remove-entries", &go]].concat());
        assert_eq!(answer["PrefixList"]["Version"], 2, "{answer}");
        world.tcp_in(stranger, OPEN).answers();
        world.tcp_in(friend, OPEN).is_silent();
    }

    // And changes back.
    for (list, (friend, stranger)) in both() {
        let restore = ["restore-managed-prefix-list-version", "--prefix-list-id", list];
        ctl.ok(&[restore.as_slice(), &["--previous-version", "1", "--current-version", "2"]].concat());
        world.tcp_in(friend, OPEN).answers();
        world.tcp_in(stranger, OPEN).is_silent();
        let refused = ctl.ctl(&["delete-managed-prefix-list", "--prefix-list-id", list]);
        refused.refused_as("DependencyViolation", "DeleteManagedPrefixList", &[list, &group]);
    }

    // Without the rules, what is in the lists is of no account.
    let answer = ctl.ok(&["replace-security-group-rules", "--group-id", &group, "--direction", "ingress"]);
    assert_eq!(answer["RevokedSecurityGroupRules"].as_array().map(Vec::len), Some(2), "{answer}");
    for (list, (friend, _)) in both() {
        world.tcp_in(friend, OPEN).is_silent();
        ctl.ok(&["delete-managed-prefix-list", "--prefix-list-id", list]);
    }
    assert_eq!(ctl.ok(&["describe-managed-prefix-lists"])["PrefixLists"], json!([]));
}

#[test]
fn a_rule_that_changes_judges_anew() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("changing");
    let [friend, _] = friend();
    let open = OPEN.to_string();
    let rule = ["--protocol", "tcp", "--port", &open, "--cidr", &only(friend)];
    let authorize = ["authorize-security-group-ingress", "--group-id", &group];
    let answer = ctl.ok(&[authorize.as_slice(), rule.as_slice()].concat());
    let id = text(&answer, "/SecurityGroupRules/0/SecurityGroupRuleId");
    ctl.attach("eth0", &group, &[]);
    world.tcp_in(friend, OPEN).answers();
    let [stranger, _] = stranger();
    let update = json!([{"SecurityGroupRuleId": id, "SecurityGroupRule":
        {"IpProtocol": "tcp", "FromPort": OTHER, "ToPort": OTHER, "CidrIpv4": only(stranger)}}]);
    let modify = ["modify-security-group-rules", "--group-id", &group, "--security-group-rules"];
    ctl.ok(&[modify.as_slice(), &[&update.to_string()]].concat());
    world.tcp_in(friend, OPEN).is_silent();
    world.tcp_in(stranger, OTHER).answers();
    world.tcp_in(stranger, OPEN).is_silent();
}

#[test]
fn tags_pages_and_groups_that_name_each_other() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let (one, other) = (ctl.group("one"), ctl.group("other"));
    for (group, peer) in [(&one, &other), (&other, &one)] {
        let authorize = ["authorize-security-group-ingress", "--group-id", group, "--type", "ssh"];
        ctl.ok(&[authorize.as_slice(), &["--source-group", peer]].concat());
    }
    ctl.ok(&["create-tags", "--resources", &one, &other, "--tags", "Key=team,Value=shop"]);
    let tags = ctl.ok(&["describe-tags", "--filters", "Name=tag:team,Values=sh?p"]);
    assert_eq!(tags["Tags"].as_array().map(Vec::len), Some(2), "{tags}");
    ctl.ok(&["delete-tags", "--resources", &one, "--tags", "Key=team"]);
    let rules = ["describe-security-group-rules", "--max-results", "5"];
    let first = ctl.ok(&rules);
    let token = text(&first, "/NextToken");
    let rest = ctl.ok(&[rules.as_slice(), &["--next-token", &token]].concat());
    assert_ne!(first["SecurityGroupRules"], rest["SecurityGroupRules"]);
    let refused = ctl.ctl(&["describe-security-groups", "--next-token", &token]);
    refused.refused_as("InvalidNextToken", "DescribeSecurityGroups", &[&token]);
    ctl.ctl(&["delete-security-group", "--group-id", &one]).refused(254, &[&other]);
    ctl.ok(&["modify-security-group", "--group-id", &one, "--group-name", "renamed"]);
    ctl.ok(&["delete-security-group", "--group-id", &one, &other]);
    assert_eq!(ctl.ok(&["describe-security-groups"])["SecurityGroups"].as_array().map(Vec::len), Some(1));
}
