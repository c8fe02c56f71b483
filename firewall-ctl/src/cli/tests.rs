// Long because one table has the command lines with the requests that they become.

use super::*;
use crate::actions::Request;
use crate::daemon::Config;
use clap::{CommandFactory, Parser};
use serde_json::{Value, json};
use std::time::Duration;

/// The words of a line as a shell would split it; single and double quotes only.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None;
    let mut quote = None;
    for char in line.chars() {
        match (char, quote) {
            ('\'' | '"', None) => {
                quote = Some(char);
                word.get_or_insert_with(String::new);
            }
            (_, Some(open)) if char == open => quote = None,
            (' ', None) => words.extend(word.take()),
            (_, _) => word.get_or_insert_with(String::new).push(char),
        }
    }
    words.extend(word);
    words
}

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(words(&format!("firewall-ctl {line}")))
}

fn call(line: &str) -> call::Call {
    match run::work(parse(line).unwrap_or_else(|error| panic!("{line}: {error}")).command) {
        run::Work::Call(call) | run::Work::Judge(call) | run::Work::Flush(call) | run::Work::Follow(call) => call,
        run::Work::Print(_) | run::Work::Man(_) | run::Work::Daemon(_) | run::Work::EmergencyDetach(_) => {
            panic!("{line} is no request")
        }
    }
}

/// The command lines in a command's help, without the program's name.
fn examples(command: &clap::Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    // A line ends within a word only between double quotes.
    let joined = help.replace(" \\\n      ", " ").replace(",\\\n", ",");
    joined.lines().filter_map(|line| line.strip_prefix("  firewall-ctl ")).map(str::to_owned).collect()
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_help_with_examples_that_parse() {
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name} says what it does");
        let examples = examples(command);
        assert!(!examples.is_empty(), "{name} has an example");
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.lines().all(|line| line.len() < 80), "{name}: an example would be wrapped");
        for example in examples {
            assert!(example.starts_with(name), "{name}: {example}");
            parse(&example).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}

#[test]
fn every_flag_says_what_it_is() {
    for command in Cli::command().get_subcommands() {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
    }
}

#[test]
fn every_operation_has_a_command() {
    let command = Cli::command();
    let first = |command| examples(command).into_iter().next();
    let mut operations: Vec<_> = command
        .get_subcommands()
        .filter_map(|command| match run::work(parse(&first(command)?).ok()?.command) {
            run::Work::Call(call) | run::Work::Judge(call) | run::Work::Flush(call) | run::Work::Follow(call) => {
                Some(call.operation)
            }
            run::Work::Print(_) | run::Work::Man(_) | run::Work::Daemon(_) | run::Work::EmergencyDetach(_) => None,
        })
        .collect();
    let mut wanted = Request::OPERATIONS.to_vec();
    operations.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(operations, wanted);
}

/// Command line, operation, body.
fn requests() -> Vec<(&'static str, &'static str, Value)> {
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

#[test]
fn flags_become_requests_that_the_controller_understands() {
    for (line, operation, body) in requests() {
        let call = call(line);
        assert_eq!((call.operation, call.body()), (operation, body.clone()), "{line}");
        let request = Request::parse(operation, body).unwrap_or_else(|error| panic!("{line}: {error}"));
        let changes_by_request = !request.is_read_only() && !matches!(operation, "ConfirmChange" | "UndoChange");
        assert_eq!(call.guard.is_some(), changes_by_request, "{line}");
    }
}

#[test]
fn changes_carry_their_guard() {
    let call = call("attach eth0 --confirm-within 2m");
    let guard = call::Guard { force: false, confirm_within: Some(Duration::from_secs(120)) };
    assert_eq!(call.guard, Some(guard));
}

#[test]
fn wrong_command_lines_are_252_and_say_what_is_wrong() {
    let authorize = "authorize-security-group-ingress --group-id sg-1";
    let cases = [
        (String::new(), "Usage:"),
        ("create-unicorn".into(), "unrecognized subcommand"),
        ("delete-vpc".into(), "--vpc-id"),
        ("delete-security-group".into(), "--group-id"),
        ("delete-security-group --group-id a --group-name b".into(), "cannot be used with"),
        (authorize.into(), "--protocol"),
        (format!("{authorize} --port 80"), "--protocol"),
        (format!("{authorize} --type gopher --cidr ::/0"), "ssh, telnet, smtp, dns-udp, dns-tcp, http"),
        (format!("{authorize} --type ssh --port 23"), "cannot be used with"),
        (format!("{authorize} --type ssh --protocol tcp"), "cannot be used with"),
        (format!("{authorize} --protocol tcp --prefix-list-id pl-1 --cidr ::/0"), "cannot be used with"),
        (format!("{authorize} --cidr ::/0"), "--protocol"),
        ("modify-security-group --group-id sg-1".into(), "--group-name"),
        ("modify-managed-prefix-list --prefix-list-id pl-1".into(), "--add-entries"),
        ("replace-security-group-rules --group-id sg-1".into(), "--direction"),
        ("replace-security-group-rules --group-id sg-1 --direction in".into(), "ingress, egress, both"),
        (
            "update-security-group-rule-descriptions-ingress --group-id sg-1".into(),
            "--security-group-rule-descriptions",
        ),
        ("create-tags --resources sg-1".into(), "--tags"),
        ("create-tags --resources sg-1 --tags Name=x".into(), "unknown member `Name`"),
        (format!("{authorize} --protocol http"), "invalid value 'http'"),
        (format!("{authorize} --protocol tcp --port http"), "invalid value 'http'"),
        (format!("{authorize} --protocol tcp --cidr ::/0 --source-group sg-2"), "cannot be used with"),
        (format!("{authorize} --protocol tcp --ip-permissions IpProtocol=tcp"), "cannot be used with"),
        (format!("{authorize} --ip-permissions Protocol=tcp"), "unknown member `Protocol`"),
        (format!("{authorize} --ip-permissions file:///nonexistent.json"), "can't be read"),
        ("revoke-security-group-ingress --group-id sg-1".into(), "--security-group-rule-ids"),
        ("modify-network-interface-attribute --groups sg-1".into(), "--network-interface-id"),
        ("attach".into(), "<DEV>"),
        ("attach eth0 --hook ebpf".into(), "invalid value 'ebpf'"),
        ("attach eth0 --force --confirm-within 1m".into(), "cannot be used with"),
        ("attach eth0 --confirm-within soon".into(), "invalid value 'soon'"),
        ("flush-flows".into(), "--all"),
        ("drops --follow --max-items 3".into(), "cannot be used with"),
        ("flush-flows --all --peer 10.0.0.1".into(), "cannot be used with"),
        ("flush-flows --dry-run".into(), "--all"),
        ("describe-vpcs --filters Name".into(), "`key=` expected"),
        ("explain eth0 --peer 10.0.0.7".into(), "--protocol"),
        ("explain eth0 --protocol tcp".into(), "--peer"),
        ("explain eth0 --protocol tcp --peer 10.0.0.7 --port 70000".into(), "70000"),
        ("simulate --protocol tcp --peer 10.0.0.7".into(), "<DEV|INTERFACE>"),
        ("simulate eth0 --protocol tcp --peer 10.0.0.7 --change describe-vpcs".into(), "changes nothing"),
        ("emergency-detach".into(), "--all"),
        ("emergency-detach eth0 --all".into(), "cannot be used with"),
        ("status --output yaml".into(), "invalid value 'yaml'"),
    ];
    for (line, wanted) in cases {
        let error = parse(&line).expect_err(&line);
        assert!(error.to_string().contains(wanted), "{line}: {error}");
        assert!(error.use_stderr(), "{line}");
    }
}

#[test]
fn help_and_version_are_no_mistakes() {
    for line in ["--help", "--version", "help", "attach --help", "help attach"] {
        let error = parse(line).expect_err(line);
        assert!(!error.use_stderr(), "{line}");
    }
}

#[test]
fn the_socket_and_the_format_go_anywhere() {
    for line in ["--socket /run/x --output text status", "status --socket /run/x --output text"] {
        let Global { socket, output, query: _, cli_input_json: _ } = parse(line).expect(line).global;
        assert_eq!(socket, PathBuf::from("/run/x"), "{line}");
        assert_eq!(output, Some(output::Format::Text), "{line}");
    }
}

#[test]
fn the_socket_is_looked_for_where_the_controller_puts_it() {
    let config = Config::merge(None, "", &DaemonArgs::default()).expect("defaults");
    let mut command = Cli::command();
    command.build();
    let socket = command.get_arguments().find(|argument| argument.get_id() == "socket").expect("--socket");
    assert_eq!(socket.get_default_values(), [config.socket().as_os_str()]);
}

#[test]
fn attach_says_that_it_is_not_what_the_service_calls_so() {
    let mut command = Cli::command();
    let attach = command.find_subcommand_mut("attach").expect("attach");
    assert!(attach.render_long_help().to_string().contains("not EC2's attach-network-interface"));
}
