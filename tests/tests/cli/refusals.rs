//! Bad input: a clear error with the value and the remedy, and nothing changed.

use firewall_tests::controller::{Answer, Controller, text};
use firewall_tests::world::{OPEN, World, friend, only, stranger};
use serde_json::Value;

/// Wrong usage, by the exit codes of the AWS CLI.
const USAGE: i32 = 252;

/// Everything that a command could have changed.
fn everything(ctl: &Controller<'_>) -> Vec<Value> {
    let commands =
        ["describe-vpcs", "describe-security-groups", "describe-security-group-rules", "describe-network-interfaces"];
    commands.iter().map(|command| ctl.ok(&[command])).collect()
}

struct Setting<'a> {
    world: &'a World,
    ctl: &'a Controller<'a>,
    group: String,
    before: Vec<Value>,
}

impl<'a> Setting<'a> {
    fn new(world: &'a World, ctl: &'a Controller<'a>) -> Self {
        let group = ctl.group("guarded");
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend()[0]));
        ctl.attach("eth0", &group, &[]);
        let before = everything(ctl);
        Self { world, ctl, group, before }
    }

    fn authorize(&self, words: &[&str]) -> Answer {
        self.ctl.ctl(&[&["authorize-security-group-ingress", "--group-id", &self.group], words].concat())
    }

    /// The state is what it was, and so is the dataplane.
    fn unchanged(&self) {
        let Self { world, ctl, group: _, before } = self;
        assert_eq!(&everything(ctl), before);
        assert_eq!(ctl.attached(), ["eth0"]);
        world.tcp_in(friend()[0], OPEN).answers();
        world.tcp_in(stranger()[0], OPEN).is_silent();
    }
}

#[test]
fn devices() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let setting = Setting::new(&world, &ctl);
    let group = &setting.group;
    ctl.ctl(&["attach", "eth7"]).refused_as("DeviceNotFound", "AttachDevice", &["eth7", "eth0"]);
    ctl.ctl(&["attach", "../eth0"]).refused(254, &["../eth0"]);
    ctl.ctl(&["attach", "a-name-that-is-too-long-for-a-device"]).refused(254, &["a-name-that-is-too-long"]);
    let other = ["attach", "eth0", "--side", "workload", "--private-ip-addresses", "10.0.0.1"];
    ctl.ctl(&other).refused_as("DeviceAlreadyAttached", "AttachDevice", &["eth0", "workload", "--replace"]);
    ctl.ctl(&["detach", "eth7"]).refused_as("DeviceNotAttached", "DetachDevice", &["eth7"]);
    ctl.ctl(&["detach", "lo"]).refused_as("DeviceNotAttached", "DetachDevice", &["lo"]);
    ctl.ctl(&["counters", "eth7"]).refused_as("DeviceNotAttached", "DescribeCounters", &["eth7"]);
    ctl.ctl(&["attach", "lo", "--groups", group, "--hook", "xdp"]).refused(254, &["lo"]);
    ctl.ctl(&["attach", "lo", "--private-ip-addresses", "10.0.0.300"]).refused(254, &["10.0.0.300"]);
    ctl.ctl(&["attach", "lo", "--side", "guest"]).refused(USAGE, &["guest", "host", "workload"]);
    ctl.ctl(&["attach", "lo", "--hook", "iptables"]).refused(USAGE, &["iptables", "xdp-generic"]);
    ctl.ctl(&["attach"]).refused(USAGE, &["<DEV>"]);
    setting.unchanged();
}

#[test]
fn groups_and_vpcs() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let vpc = text(&ctl.ok(&["create-vpc", "--cidr-block", "10.7.0.0/16"]), "/Vpc/VpcId");
    let create = ["create-security-group", "--group-name", "abroad", "--description", "x", "--vpc-id", &vpc];
    let abroad = text(&ctl.ok(&create), "/GroupId");
    let setting = Setting::new(&world, &ctl);
    let group = &setting.group;

    let different = "You have specified two resources that belong to different networks.";
    ctl.ctl(&["attach", "lo", "--groups", group, &abroad]).refused(254, &[different, &abroad]);
    ctl.ctl(&["attach", "lo", "--groups", &abroad, "--vpc-id", &vpc[..10]]).refused(254, &[&vpc[..10]]);
    let peer = ["--protocol", "tcp", "--port", "1", "--source-group", &abroad];
    setting.authorize(&peer).refused_as("InvalidGroup.NotFound", "AuthorizeSecurityGroupIngress", &[different]);
    let interface = ctl.ok(&["describe-network-interfaces"]);
    let interface = text(&interface, "/NetworkInterfaces/0/NetworkInterfaceId");
    let modify = ["modify-network-interface-attribute", "--network-interface-id", &interface, "--groups", &abroad];
    ctl.ctl(&modify).refused(254, &[different]);

    let named = |name: &str| ctl.ctl(&["create-security-group", "--group-name", name, "--description", "x"]);
    named("guarded").refused_as(
        "InvalidGroup.Duplicate",
        "CreateSecurityGroup",
        &["'guarded' already exists for VPC", group],
    );
    named("GUARDED").refused_as("InvalidGroup.Duplicate", "CreateSecurityGroup", &["already exists"]);
    named("default").refused(254, &["default"]);
    named("sg-web").refused_as(
        "InvalidParameterValue",
        "CreateSecurityGroup",
        &["sg-web", "may not be in the format sg-*"],
    );
    named("caf\u{e9}").refused_as(
        "InvalidParameterValue",
        "CreateSecurityGroup",
        &["Character sets beyond ASCII are not supported"],
    );
    named("a<b").refused_as("InvalidParameterValue", "CreateSecurityGroup", &["a<b"]);
    named(&"x".repeat(256)).refused_as("InvalidParameterValue", "CreateSecurityGroup", &["less than 256 characters"]);
    named("").refused(254, &[]);
    let quoted = ["create-security-group", "--group-name", "ok", "--description", "it's"];
    ctl.ctl(&quoted).refused_as("InvalidParameterValue", "CreateSecurityGroup", &["a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"]);

    let delete = |id: &str| ctl.ctl(&["delete-security-group", "--group-id", id]);
    delete(group).refused_as("DependencyViolation", "DeleteSecurityGroup", &[group, &interface]);
    delete(&ctl.default_group()).refused_as("CannotDelete", "DeleteSecurityGroup", &["cannot be deleted by a user"]);
    delete("sg-00000000").refused_as("InvalidGroup.NotFound", "DeleteSecurityGroup", &["'sg-00000000' does not exist"]);
    delete("foobar").refused_as("InvalidGroupId.Malformed", "DeleteSecurityGroup", &["foobar"]);
    ctl.ctl(&["delete-vpc", "--vpc-id", &vpc]).refused_as("DependencyViolation", "DeleteVpc", &[&vpc, &abroad]);
    ctl.ctl(&["create-vpc", "--cidr-block", "10.0.0.0/33"]).refused(254, &["10.0.0.0/33"]);
    ctl.ctl(&["delete-network-interface", "--network-interface-id", &interface]).refused_as(
        "InvalidNetworkInterface.InUse",
        "DeleteNetworkInterface",
        &[&interface, "eth0"],
    );
    let taken = ["create-network-interface", "--groups", group, "--private-ip-address", "10.0.0.1"];
    ctl.ctl(&taken).refused(254, &["10.0.0.1", &interface]);
    setting.unchanged();
}

#[test]
fn rules() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let setting = Setting::new(&world, &ctl);
    let group = setting.group.clone();
    let peer = only(friend()[0]);
    let tcp = |port: &str, cidr: &str| setting.authorize(&["--protocol", "tcp", "--port", port, "--cidr", cidr]);
    let structure = |text: &str| setting.authorize(&["--ip-permissions", text]);

    let refused = tcp("70000", &peer);
    assert!(matches!(refused.code, Some(252 | 254)) && refused.stderr.contains("70000"), "{refused:#?}");
    let refused = tcp("443-80", &peer);
    assert!(matches!(refused.code, Some(252 | 254)) && refused.stderr.contains("443"), "{refused:#?}");
    structure("IpProtocol=tcp,FromPort=70000,ToPort=70000,IpRanges=[{CidrIp=10.0.0.0/8}]").refused_as(
        "InvalidParameterValue",
        "AuthorizeSecurityGroupIngress",
        &["TCP/UDP port (70000) out of range"],
    );
    structure("IpProtocol=tcp,FromPort=443,ToPort=80,IpRanges=[{CidrIp=10.0.0.0/8}]").refused_as(
        "InvalidParameterValue",
        "AuthorizeSecurityGroupIngress",
        &["443", "80"],
    );
    structure("IpProtocol=tcp,IpRanges=[{CidrIp=10.0.0.0/8}]").refused_as(
        "InvalidParameterValue",
        "AuthorizeSecurityGroupIngress",
        &["Must specify both from and to ports with TCP/UDP."],
    );
    structure("IpProtocol=icmp,FromPort=8,ToPort=65535,IpRanges=[{CidrIp=10.0.0.0/8}]").refused_as(
        "InvalidParameterValue",
        "AuthorizeSecurityGroupIngress",
        &["ICMP code (65535) out of range"],
    );
    structure("IpProtocol=tcp,FromPort=1,ToPort=1").refused(254, &["source"]);
    structure("IpProtocol=tcp,FromPort=1,ToPort=1,IpRanges=[{CidrIp=::/0}]")
        .refused(254, &["CIDR block ::/0 is malformed"]);
    structure("IpProtocol=tcp,FromPort=1,ToPort=1,IpRanges=[{CidrIp=10.0.0.0/8,Description=<x>}]")
        .refused(254, &["Invalid rule description"]);
    structure("[{").refused(USAGE, &["--ip-permissions"]);
    structure("{\"IpProtocol\":\"tcp\",\"Ports\":1}").refused(USAGE, &["Ports", "FromPort"]);

    for cidr in ["10.0.0.0/33", "10.0.0.1", "300.0.0.0/8", "fd00::/129", "everyone"] {
        let refused = tcp("1", cidr);
        assert!(matches!(refused.code, Some(252 | 254)) && refused.stderr.contains(cidr), "{refused:#?}");
    }
    setting.authorize(&["--protocol", "tcpp", "--port", "1", "--cidr", &peer]).refused(USAGE, &["tcpp"]);
    setting.authorize(&["--protocol", "256", "--cidr", &peer]).refused(USAGE, &["256"]);
    setting.authorize(&[]).refused(USAGE, &["--protocol"]);
    setting.authorize(&["--protocol", "tcp", "--port", "1"]).refused(254, &["source"]);

    let existing = tcp(&OPEN.to_string(), &peer);
    let message =
        format!("the specified rule \"peer: {peer}, TCP, from port: {OPEN}, to port: {OPEN}, ALLOW\" already exists");
    existing.refused_as("InvalidPermission.Duplicate", "AuthorizeSecurityGroupIngress", &[&message, "sgr-"]);
    structure("IpProtocol=tcp,FromPort=1,ToPort=1,IpRanges=[{CidrIp=10.0.0.0/8},{CidrIp=10.9.9.9/8}]").refused_as(
        "InvalidParameterValue",
        "AuthorizeSecurityGroupIngress",
        &["The same permission must not appear multiple times"],
    );
    // All or nothing: the first of these would be good.
    structure("IpProtocol=tcp,FromPort=1,ToPort=1,IpRanges=[{CidrIp=10.0.0.0/8},{CidrIp=10.0.0.0/33}]")
        .refused(254, &["10.0.0.0/33"]);
    let unknown = ["revoke-security-group-ingress", "--group-id", &group, "--security-group-rule-ids", "sgr-00000000"];
    ctl.ctl(&unknown).refused_as(
        "InvalidSecurityGroupRuleId.NotFound",
        "RevokeSecurityGroupIngress",
        &["sgr-00000000"],
    );
    setting.unchanged();
}

#[test]
fn commands() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    ctl.ctl(&["atach", "eth0"]).refused(USAGE, &["atach", "attach"]);
    ctl.ctl(&[]).refused(USAGE, &["Usage"]);
    ctl.ctl(&["describe-vpcs", "--output", "yaml"]).refused(USAGE, &["yaml", "json"]);
    ctl.ctl(&["describe-vpcs", "--vpc"]).refused(USAGE, &["--vpc"]);
    ctl.ctl(&["attach", "eth0", "--confirm-within", "soon"]).refused(USAGE, &["soon"]);
    ctl.ctl(&["undo"]).refused_as("NoChangePending", "UndoChange", &[]);
    let dry = ctl.ctl(&["create-security-group", "--group-name", "x", "--description", "x", "--dry-run"]);
    dry.refused_as(
        "DryRunOperation",
        "CreateSecurityGroup",
        &["Request would have succeeded, but DryRun flag is set."],
    );
    assert_eq!(ctl.ok(&["describe-security-groups"])["SecurityGroups"].as_array().map(Vec::len), Some(1));
    assert_eq!(ctl.ctl(&["--help"]).code, Some(0));
    assert_eq!(ctl.ctl(&["attach", "--help"]).code, Some(0));
    assert!(ctl.ctl(&["--version"]).stdout.starts_with("firewall-ctl "));
}

#[test]
fn a_change_that_does_not_fit_is_refused_whole() {
    let world = World::new();
    let ctl = Controller::start_with(&world.host, &["--limit", "members-v4=16"]);
    let group = ctl.group("many");
    ctl.allow(&group, "tcp", &OPEN.to_string(), &group);
    ctl.attach("eth0", &group, &[]);
    let member = |number: u8| {
        let address = format!("10.0.0.{number}");
        ctl.ctl(&["create-network-interface", "--groups", &group, "--private-ip-address", &address])
    };
    let refused = (2..40).map(member).find(|answer| answer.code != Some(0)).expect("the table has 16 entries");
    refused.refused_as("TableFull", "CreateNetworkInterface", &["MEMBERS_V4", "16", "members-v4"]);
    world.tcp_in(friend()[0], OPEN).answers();
    let interfaces = ctl.ok(&["describe-network-interfaces"]);
    let addresses = interfaces.to_string();
    assert!(!addresses.contains("10.0.0.30"), "{interfaces}");
}
