//! Packets on paper: what the controller says of them.

use super::flows::{NOW, observed, rule, tcp};
use super::*;
use firewall_common::flow::State;

fn asked(core: &mut Core<Fake, Fake>, operation: &str, body: Value) -> Result<Value, ApiError> {
    let outcome = ask(core, &host(), &Caller::default(), operation, body)?;
    assert_eq!((outcome.model, outcome.warnings), (None, Vec::<String>::new()));
    Ok(serde_json::to_value(outcome.response).unwrap())
}

/// A packet of TCP that comes in to a port.
fn incoming(peer: &str, port: u16) -> Value {
    json!({"Protocol": "tcp", "PeerAddress": peer, "DestinationPort": port})
}

fn explained(core: &mut Core<Fake, Fake>, packet: Value, live: bool) -> Value {
    let mut body = json!({"Device": "eth0", "Live": live});
    body["Packet"] = packet;
    asked(core, "ExplainPacket", body).unwrap()
}

fn group(core: &Core<Fake, Fake>) -> String {
    core.model.groups.keys().next().unwrap().to_string()
}

#[test]
fn an_allowed_packet_is_told_with_its_rule_and_its_answer() {
    let (fake, mut core) = observed([]);
    let (admitted, group) = (rule(&core, 22), group(&core));
    let id = core.model.attached().next().unwrap().id.to_string();
    let answer = explained(&mut core, incoming("198.51.100.7", 22), false);
    let by_rule = json!({"Verdict": "pass", "Reason": "rule", "Explanation": "A rule allows it.",
        "SecurityGroupRuleId": admitted.id.to_string(),
        "MatchingRules": [{"SecurityGroupRuleId": admitted.id.to_string(), "GroupId": group,
            "Text": format!("{} of {group} allows tcp/22 from 198.51.100.0/24", admitted.id)}],
        "Answer": {"Direction": "egress", "Verdict": "pass", "Reason": "flow",
            "Explanation": "Belongs to a flow that a rule admitted, or that was alive when the firewall was attached.",
            "SecurityGroupRuleId": admitted.id.to_string()}});
    let mut by_model = answer["ByModel"].clone();
    let nearest = by_model.as_object_mut().unwrap().shift_remove("NearestRules").unwrap();
    assert_eq!(by_model, by_rule);
    assert!(nearest[1]["Text"].as_str().unwrap().ends_with("but not tcp/22"), "{nearest}");
    let packet = json!({"Direction": "ingress", "Protocol": "tcp", "SourceAddress": "198.51.100.7",
        "SourcePort": 50_000, "DestinationAddress": "192.0.2.1", "DestinationPort": 22, "TcpFlags": ["syn"]});
    assert_eq!(answer["Packet"], packet);
    assert_eq!(
        (&answer["NetworkInterfaceId"], &answer["Side"], &answer["Enforce"]),
        (&json!(id), &json!("host"), &json!(true))
    );
    assert_eq!(answer["Groups"], json!([{"GroupId": group, "GroupName": "default"}]));
    for absent in ["ByKernel", "Drift", "Flow", "Notes"] {
        assert_eq!(answer.get(absent), None);
    }
    assert_eq!(fake.diary(), Vec::<String>::new(), "nothing is done");
    assert!(fake.world().flows.is_empty());
    // Only one is attached, so nobody has to name it.
    let unnamed = asked(&mut core, "ExplainPacket", json!({"Packet": incoming("198.51.100.7", 22)})).unwrap();
    assert_eq!(unnamed, answer);
}

#[test]
fn a_denied_packet_is_told_with_what_would_let_it_in() {
    let (_fake, mut core) = observed([]);
    let (near, group) = (rule(&core, 22), group(&core));
    let by_model = &explained(&mut core, incoming("203.0.113.9", 22), false)["ByModel"];
    assert_eq!((&by_model["Verdict"], &by_model["Reason"]), (&json!("drop"), &json!("no-peer")));
    assert_eq!(by_model["NearestRules"][0]["SecurityGroupRuleId"], near.id.to_string());
    let hint = "firewall-ctl authorize-security-group-ingress --group-id";
    assert_eq!(by_model["Hint"], format!("To allow it: {hint} {group} --protocol tcp --port 22 --cidr 203.0.113.9/32"));
    assert_eq!((by_model.get("Answer"), by_model.get("MatchingRules")), (None, None));
    attach(&mut core, &host(), json!({"Device": "eth0", "Enforce": false, "Replace": true})).unwrap();
    let watched = &explained(&mut core, incoming("203.0.113.9", 22), false)["ByModel"];
    assert_eq!((&watched["Verdict"], &watched["Reason"]), (&json!("would-drop"), &json!("no-peer")));
    assert!(watched["Explanation"].as_str().unwrap().ends_with("It passes since nothing is enforced."), "{watched}");
}

#[test]
fn flows_count_as_they_are() {
    let (fake, mut core) = observed([]);
    let ack = json!({"Protocol": "tcp", "PeerAddress": "198.51.100.7", "DestinationPort": 443, "TcpFlags": ["ack"]});
    let reason = |answer: &Value| answer["ByModel"]["Reason"].as_str().unwrap().to_owned();
    // Only members of the default group may.
    assert_eq!(reason(&explained(&mut core, ack.clone(), false)), "no-peer");
    for (state, expected) in [(State::Established, "flow"), (State::Cut, "cut-flow")] {
        fake.world().flows.extend([tcp(443, 50_000, state, rule(&core, 80).number)]);
        let answer = explained(&mut core, ack.clone(), true);
        assert_eq!(reason(&answer), expected);
        assert_eq!(answer["Flow"]["State"], state.name());
        assert_eq!(answer["ByKernel"], answer["ByModel"], "{answer:#}");
        assert_eq!(answer["Drift"], json!([]));
    }
    // A SYN is judged anew, and what has expired is no flow.
    assert_eq!(reason(&explained(&mut core, incoming("198.51.100.7", 443), false)), "no-peer");
    fake.world().now = NOW * 2;
    let answer = explained(&mut core, ack, false);
    assert_eq!((reason(&answer).as_str(), answer.get("Flow")), ("no-peer", None));
}

#[test]
fn the_kernel_is_held_against_what_is_recorded() {
    let (fake, mut core) = observed([]);
    let agreed = explained(&mut core, incoming("198.51.100.7", 22), true);
    assert_eq!(agreed["Drift"], json!([]), "{agreed:#}");
    // The kernel goes on with the tables of before.
    let before = fake.world().published.clone();
    let group = group(&core);
    let gone = rule(&core, 22);
    let revoke = json!({"GroupId": group, "SecurityGroupRuleIds": [gone.id.to_string()]});
    ask(&mut core, &host(), &Caller::default(), "RevokeSecurityGroupIngress", revoke).unwrap();
    let open = json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]});
    ask(&mut core, &host(), &Caller::default(), "AuthorizeSecurityGroupIngress", open).unwrap();
    fake.world().published = before;
    let answer = explained(&mut core, incoming("198.51.100.7", 22), true);
    assert_eq!((&answer["ByModel"]["Verdict"], &answer["ByKernel"]["Verdict"]), (&json!("drop"), &json!("pass")));
    let number = gone.number;
    let drift: Vec<_> = answer["Drift"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(drift.len(), 2, "{drift:#?}");
    assert!(drift[0].contains(&format!("number {number}, of which nothing is recorded")), "{drift:#?}");
    assert!(drift[1].starts_with("The packet: pass (rule"), "{drift:#?}");
    assert!(drift[1].ends_with("drop (no-peer) by what is recorded."), "{drift:#?}");
    let answer = explained(&mut core, incoming("198.51.100.7", 443), true);
    assert_eq!((&answer["ByModel"]["Reason"], &answer["ByKernel"]["Reason"]), (&json!("untracked"), &json!("no-peer")));
    assert!(answer["Drift"][0].as_str().unwrap().contains("allows tcp/443 from 0.0.0.0/0"), "{answer:#}");
    // And without an entry.
    fake.world().published = Desired::default();
    let answer = explained(&mut core, incoming("198.51.100.7", 443), true);
    assert_eq!(answer["ByKernel"]["Reason"], "no-interface");
    assert_eq!(answer["Drift"], json!(["The kernel has no entry for the device: everything is dropped."]));
}

#[test]
fn packets_that_cannot_be_are_refused() {
    let (_fake, mut core) = observed([]);
    let peer = "198.51.100.7";
    for (packet, code, says) in [
        (json!({}), ErrorCode::MissingParameter, "PeerAddress"),
        (json!({"PeerAddress": peer}), ErrorCode::MissingParameter, "Protocol"),
        (json!({"PeerAddress": peer, "Protocol": "tcp"}), ErrorCode::MissingParameter, "DestinationPort"),
        (json!({"PeerAddress": "there", "Protocol": "tcp"}), ErrorCode::InvalidParameterValue, "there"),
        (json!({"PeerAddress": peer, "Protocol": "all"}), ErrorCode::InvalidParameterValue, "all"),
        (
            json!({"PeerAddress": peer, "SourceAddress": peer, "Protocol": "tcp"}),
            ErrorCode::InvalidParameterCombination,
            "SourceAddress",
        ),
        (json!({"PeerAddress": peer, "Protocol": "tcp", "Direction": "up"}), ErrorCode::InvalidParameterValue, "up"),
        (json!({"PeerAddress": peer, "Protocol": "icmpv6"}), ErrorCode::InvalidParameterCombination, "icmpv6"),
        (json!({"PeerAddress": "2001:db8::7", "Protocol": "1"}), ErrorCode::InvalidParameterCombination, "icmp"),
        (
            json!({"PeerAddress": peer, "Protocol": "icmp", "DestinationPort": 5}),
            ErrorCode::InvalidParameterCombination,
            "DestinationPort",
        ),
        (
            json!({"PeerAddress": peer, "Protocol": "udp", "DestinationPort": 5, "IcmpType": 8}),
            ErrorCode::InvalidParameterCombination,
            "IcmpType",
        ),
        (
            json!({"PeerAddress": peer, "Protocol": "udp", "DestinationPort": 5, "TcpFlags": ["syn"]}),
            ErrorCode::InvalidParameterCombination,
            "TcpFlags",
        ),
        (
            json!({"PeerAddress": peer, "Protocol": "tcp", "DestinationPort": 5, "TcpFlags": ["sin"]}),
            ErrorCode::InvalidParameterValue,
            "sin",
        ),
        (
            json!({"PeerAddress": peer, "Protocol": "47", "Fragment": "second"}),
            ErrorCode::InvalidParameterValue,
            "second",
        ),
        (json!({"PeerAddress": peer, "Protocol": "47", "Vlans": [4095]}), ErrorCode::InvalidParameterValue, "4095"),
        (json!({"PeerAddress": peer, "Protocol": "47", "Vlans": [1, 2, 3]}), ErrorCode::InvalidParameterValue, "3"),
        (
            json!({"PeerAddress": peer, "Protocol": "47", "DestinationAddress": "::1"}),
            ErrorCode::InvalidParameterCombination,
            "families",
        ),
    ] {
        let error = asked(&mut core, "ExplainPacket", json!({"Packet": packet})).unwrap_err();
        assert_eq!(error.code, code, "{packet} {error}");
        assert!(error.message.contains(says), "{packet} {error}");
    }
    let error = asked(&mut core, "ExplainPacket", json!({"Device": "eth9", "Packet": incoming(peer, 22)})).unwrap_err();
    assert_eq!(error.code, ErrorCode::DeviceNotAttached);
    core.devices.clear();
    core.show();
    let live = json!({"Packet": incoming(peer, 22), "Live": true});
    assert_eq!(asked(&mut core, "ExplainPacket", live).unwrap_err().code, ErrorCode::DeviceNotFound);
}

#[test]
fn icmp_and_fragments_are_told_with_what_is_to_be_known() {
    let (_fake, mut core) = observed([]);
    let out = |members: Value| {
        let mut packet = json!({"Direction": "egress", "PeerAddress": "2001:db8::7", "Protocol": "icmpv6"});
        packet.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        packet
    };
    let ping = explained(&mut core, out(json!({})), false);
    assert_eq!((&ping["Packet"]["IcmpType"], &ping["ByModel"]["Reason"]), (&json!(128), &json!("rule")));
    assert_eq!(ping["ByModel"]["Answer"]["Reason"], "flow");
    let error = explained(&mut core, out(json!({"Direction": "ingress", "IcmpType": 1, "IcmpCode": 4})), false);
    assert!(error["Notes"][0].as_str().unwrap().contains("quotes nothing"), "{error}");
    let later = explained(&mut core, out(json!({"Fragment": "later"})), false);
    assert_eq!(later["ByModel"]["Reason"], "fragment");
    assert!(later["ByModel"]["Explanation"].as_str().unwrap().ends_with("The first fragment: pass (rule)."), "{later}");
    let alone = explained(&mut core, out(json!({"Fragment": "alone"})), false);
    assert_eq!(alone["ByModel"]["Reason"], "fragment-without-first");
}

/// Requests on paper, and what is said of them.
fn simulated(core: &mut Core<Fake, Fake>, id: &str, packet: Value, changes: Value) -> Value {
    let mut body = json!({"NetworkInterfaceId": id});
    (body["Packet"], body["Changes"]) = (packet, changes);
    asked(core, "SimulatePacket", body).unwrap()
}

#[test]
fn changes_are_made_on_paper_one_after_the_other() {
    let (fake, mut core) = observed([]);
    let (ssh, group) = (rule(&core, 22), group(&core));
    let id = core.model.attached().next().unwrap().id.to_string();
    let model = Arc::clone(&core.model);
    let allow = |cidr: &str| {
        json!({"Action": "AuthorizeSecurityGroupIngress", "GroupId": group, "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": cidr}]}]})
    };
    let revoke = json!({"Action": "RevokeSecurityGroupIngress", "GroupId": group, "CutFlows": true,
        "SecurityGroupRuleIds": [ssh.id.to_string()]});
    let answer = simulated(&mut core, &id, incoming("198.51.100.7", 22), json!([revoke.clone()]));
    assert_eq!(answer["Before"]["SecurityGroupRuleId"], ssh.id.to_string());
    assert_eq!((&answer["After"]["Verdict"], &answer["After"]["Reason"]), (&json!("drop"), &json!("no-peer")));
    assert_eq!(answer["Changes"], json!([{"Action": "RevokeSecurityGroupIngress"}]));
    let changes = json!([revoke, allow("198.51.100.0/28"), allow("198.51.100.0/28"), {"Action": "DescribeVpcs"}, {"GroupId": "x"}]);
    let answer = simulated(&mut core, &id, incoming("198.51.100.7", 22), changes);
    assert_eq!((&answer["Before"]["Verdict"], &answer["After"]["Verdict"]), (&json!("pass"), &json!("pass")));
    let rules = &answer["After"]["MatchingRules"];
    assert_eq!(
        rules,
        &json!([{"GroupId": group, "Text": format!("a new rule of {group} allows tcp/22 from 198.51.100.0/28")}])
    );
    assert_eq!(answer["After"].get("SecurityGroupRuleId"), None, "its id is made up when it is made");
    let codes: Vec<_> =
        answer["Changes"].as_array().unwrap().iter().map(|made| made["Refusal"]["Code"].as_str()).collect();
    let expected =
        [None, None, Some("InvalidPermission.Duplicate"), Some("InvalidParameterValue"), Some("MissingParameter")];
    assert_eq!(codes, expected);
    assert_eq!((&core.model, fake.diary()), (&model, Vec::new()), "nothing is changed");
    let without = simulated(&mut core, &id, incoming("203.0.113.9", 22), json!([]));
    assert_eq!(without["Before"], without["After"]);
    assert_eq!(without.get("Changes"), None);
}

#[test]
fn a_change_names_what_an_earlier_one_makes() {
    let (_fake, mut core) = observed([]);
    let id = core.model.attached().next().unwrap().id.to_string();
    let make = json!({"Action": "CreateSecurityGroup", "GroupName": "ssh", "Description": "@home"});
    let carry =
        json!({"Action": "ModifyNetworkInterfaceAttribute", "NetworkInterfaceId": id, "Groups": ["@0.GroupId"]});
    let allow = json!({"Action": "AuthorizeSecurityGroupIngress", "GroupId": "@0.GroupId", "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}]});
    let revoke = json!({"Action": "RevokeSecurityGroupIngress", "GroupId": "@0.GroupId",
        "SecurityGroupRuleIds": ["@2.SecurityGroupRules.0.SecurityGroupRuleId"]});
    let asked = incoming("203.0.113.9", 22);
    let answer = simulated(&mut core, &id, asked.clone(), json!([make.clone(), carry.clone(), allow.clone()]));
    assert_eq!((&answer["Before"]["Verdict"], &answer["After"]["Verdict"]), (&json!("drop"), &json!("pass")));
    assert_eq!(answer["After"]["MatchingRules"][0].get("GroupId"), None, "it is on paper only");
    let answer = simulated(&mut core, &id, asked.clone(), json!([make, carry.clone(), allow, revoke]));
    assert_eq!((&answer["After"]["Verdict"], answer["After"].get("Hint")), (&json!("drop"), None), "{answer:#}");
    assert!(answer["Before"].get("Hint").is_some());
    let answer = simulated(&mut core, &id, asked, json!([{"Action": "CreateSecurityGroup"}, carry]));
    let refusal = &answer["Changes"][1]["Refusal"];
    assert_eq!(refusal["Message"], "Value (@0.GroupId) for parameter Changes is invalid.");
    assert_eq!(refusal["Detail"], "Change 0 is refused.");
}

#[test]
fn interfaces_elsewhere_are_judged_as_if_they_were_attached() {
    let (_fake, mut core) = observed([]);
    let made = asked_to_make(&mut core, "10.0.0.9");
    let side = |core: &mut Core<Fake, Fake>, side: Option<&str>, source: &str| {
        let body = json!({"NetworkInterfaceId": made, "Side": side.unwrap_or_default(), "Packet": {"Direction": "egress",
            "Protocol": "udp", "SourceAddress": source, "DestinationAddress": "203.0.113.9", "DestinationPort": 53}});
        let mut body = body;
        if side.is_none() {
            body.as_object_mut().unwrap().shift_remove("Side");
        }
        let answer = asked(core, "SimulatePacket", body).unwrap();
        (answer["Side"].clone(), answer["Before"]["Reason"].clone())
    };
    assert_eq!(side(&mut core, None, "10.0.0.8"), (json!("host"), json!("rule")));
    assert_eq!(side(&mut core, Some("workload"), "10.0.0.8"), (json!("workload"), json!("source-not-own")));
    assert_eq!(side(&mut core, Some("workload"), "10.0.0.9"), (json!("workload"), json!("rule")));
    // Another member of the default group may come in, until it is one no more.
    let delete = json!([{"Action": "DeleteNetworkInterface", "NetworkInterfaceId": made}]);
    let eth0 = core.model.attached().next().unwrap().id.to_string();
    let answer = simulated(&mut core, &eth0, incoming("10.0.0.9", 5432), delete.clone());
    assert_eq!((&answer["Before"]["Verdict"], &answer["After"]["Verdict"]), (&json!("pass"), &json!("drop")));
    let answer = simulated(&mut core, &made, incoming("192.0.2.1", 5432), delete);
    assert_eq!((&answer["Before"]["Verdict"], answer.get("After")), (&json!("pass"), None), "{answer:#}");
    for (body, code) in [
        (json!({}), ErrorCode::MissingParameter),
        (json!({"Device": "eth9"}), ErrorCode::DeviceNotAttached),
        (json!({"Device": "eth0", "NetworkInterfaceId": made}), ErrorCode::InvalidParameterCombination),
        (json!({"NetworkInterfaceId": "eni-x"}), ErrorCode::InvalidNetworkInterfaceIdMalformed),
        (json!({"NetworkInterfaceId": "eni-00000000"}), ErrorCode::InvalidNetworkInterfaceIdNotFound),
        (json!({"Device": "eth0", "Side": "left"}), ErrorCode::InvalidParameterValue),
    ] {
        let mut whole = body.clone();
        whole["Packet"] = incoming("192.0.2.9", 22);
        assert_eq!(asked(&mut core, "SimulatePacket", whole).unwrap_err().code, code, "{body}");
    }
}

/// Makes an interface that lives elsewhere, and gives its id.
fn asked_to_make(core: &mut Core<Fake, Fake>, address: &str) -> String {
    let body = json!({"PrivateIpAddress": address});
    let outcome = ask(core, &host(), &Caller::default(), "CreateNetworkInterface", body).unwrap();
    let made = serde_json::to_value(outcome.response).unwrap();
    made["NetworkInterface"]["NetworkInterfaceId"].as_str().unwrap().to_owned()
}
