use super::*;
use crate::compile::memory::FlowKey;
use crate::model::{Peer, Rule};
use firewall_common::abi::{DropKey, DropRecord, Flow, FlowKeyV4, FlowKeyV6, V4, ticks};
use firewall_common::flow::{State, Word};
use firewall_common::packet::protocol;
use firewall_common::verdict::{Direction, Reason, Verdict};

/// A tick by which there is a past.
pub(super) const NOW: u64 = 1_000_000_000;

/// A flow of TCP from `198.51.100.7` to a port of `192.0.2.1`, which began a minute ago.
pub(super) fn tcp(port: u16, remote_port: u16, state: State, rule: u32) -> (FlowKey, Flow) {
    let key = FlowKeyV4 {
        attachment: 1,
        local: [192, 0, 2, 1],
        remote: [198, 51, 100, 7],
        local_port: port,
        remote_port,
        protocol: protocol::TCP,
        ..FlowKeyV4::default()
    };
    let flow = Flow {
        word: Word::new(state, 1, NOW - u64::from(ticks(5))).bits(),
        created: NOW - u64::from(ticks(60)),
        rule,
        opened: Direction::Inbound as u32,
        packets: [10, 9],
        bytes: [1000, 900],
        ..Flow::default()
    };
    (FlowKey::V4(key), flow)
}

/// A ping that a host at `2001:db8::1` has sent.
fn ping() -> (FlowKey, Flow) {
    let address = |last: u16| std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last).octets();
    let key = FlowKeyV6 {
        attachment: 1,
        vlans: 5 << 16 | 7,
        local: address(1),
        remote: address(2),
        local_port: 77,
        remote_port: 128 << 8 | Direction::Outbound as u16,
        protocol: protocol::ICMPV6,
        ..FlowKeyV6::default()
    };
    let word = Word::new(State::Single, 2, NOW).denied(true);
    (FlowKey::V6(key), Flow { word: word.bits(), created: NOW, opened: Direction::Outbound as u32, ..Flow::default() })
}

/// A controller with `eth0`, a rule for the caller's SSH, and flows.
pub(super) fn observed(flows: impl IntoIterator<Item = (FlowKey, Flow)>) -> (Fake, Core<Fake, Fake>) {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    let group = core.model.groups.keys().next().unwrap().to_string();
    for port in [22, 80] {
        let body = json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port,
            "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}]});
        ask(&mut core, &host(), &Caller::default(), "AuthorizeSecurityGroupIngress", body).unwrap();
    }
    fake.diary();
    fake.world().now = NOW;
    fake.world().flows.extend(flows);
    (fake, core)
}

/// A record of packets from an address to a port of TCP, by the number of the outcome.
fn dropped(source: [u8; 4], port: u16, outcome: u8, last: u64) -> (DropKey, DropRecord) {
    let padded = |[a, b, c, d]: [u8; 4]| [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let key = DropKey {
        attachment: 1,
        vlans: 0,
        source: padded(source),
        destination: padded([192, 0, 2, 1]),
        source_port: 50_000,
        service: port,
        protocol: protocol::TCP,
        direction: Direction::Inbound as u8,
        outcome,
        family: V4 as u8,
    };
    (key, DropRecord { packets: 3, bytes: 180, first: last - u64::from(ticks(10)), last })
}

#[test]
fn drops_are_told_with_what_would_let_them_in() {
    let (fake, mut core) = observed([]);
    let admitted = rule(&core, 22);
    let group = core.model.groups.keys().next().unwrap().to_string();
    let outcome = |verdict: Verdict| verdict.outcome();
    fake.world().drops.extend([
        dropped([203, 0, 113, 9], 22, outcome(Verdict::Drop(Reason::NoPeer)), NOW - u64::from(ticks(60))),
        dropped([203, 0, 113, 9], 23, outcome(Verdict::WouldDrop(Reason::NoService)), NOW - u64::from(ticks(30))),
        dropped([198, 51, 100, 9], 80, outcome(Verdict::Drop(Reason::NoPeer)), NOW - u64::from(ticks(5))),
        dropped([0; 4], 0, outcome(Verdict::Drop(Reason::TcpFlags)), NOW),
    ]);
    let answer = done(&mut core, "DescribeDrops", json!({}));
    let drops = answer["Drops"].as_array().unwrap();
    let reasons: Vec<_> = drops.iter().map(|drop| drop["Reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["tcp-flags", "no-peer", "no-service", "no-peer"], "the latest first");
    assert_eq!(drops[0]["Hint"], Reason::TcpFlags.sentence());
    assert!(drops[1]["Hint"].as_str().unwrap().starts_with("It is allowed by now: sgr-"), "{answer}");
    assert_eq!(drops[2]["Verdict"], "would-drop");
    let expected = json!({
        "NetworkInterfaceId": core.model.attached().next().unwrap().id.to_string(), "Device": "eth0",
        "Verdict": "drop", "Reason": "no-peer", "Direction": "ingress", "Protocol": "tcp",
        "SourceAddress": "203.0.113.9", "SourcePort": 50_000, "DestinationAddress": "192.0.2.1", "DestinationPort": 22,
        "Packets": 3, "Bytes": 180, "FirstSeen": "2027-01-15T07:58:50Z", "LastSeen": "2027-01-15T07:59:00Z",
        "NearestRules": [format!("{} of {group} allows tcp/22, but only from 198.51.100.0/24", admitted.id)],
        "Hint": format!(
            "To allow it: firewall-ctl authorize-security-group-ingress --group-id {group} --protocol tcp --port 22 \
             --cidr 203.0.113.9/32"
        ),
    });
    let mut told = drops[3].clone();
    // The default group lets its members in.
    told["NearestRules"].as_array_mut().unwrap().truncate(1);
    assert_eq!(told, expected);
    assert_eq!(answer["UnrecordedDrops"], 7);
    let some = done(&mut core, "DescribeDrops", json!({"Reasons": ["no-peer"], "MaxResults": 1}));
    assert_eq!(some["Drops"].as_array().unwrap().len(), 1);
    let wrong =
        ask(&mut core, &host(), &Caller::default(), "DescribeDrops", json!({"Reasons": ["bad-luck"]})).unwrap_err();
    assert!(wrong.detail.unwrap().contains("no-peer"));
}

/// The rule for a port.
pub(super) fn rule(core: &Core<Fake, Fake>, port: u16) -> Rule {
    let service = format!("tcp/{port}");
    let mut rules = core.model.groups.values().flat_map(|group| group.rules.values());
    let found = rules.find(|rule| rule.key.service.to_string() == service && matches!(rule.key.peer, Peer::Ipv4(_)));
    found.unwrap().clone()
}

fn done(core: &mut Core<Fake, Fake>, operation: &str, body: Value) -> Value {
    let outcome = ask(core, &host(), &Caller::default(), operation, body).unwrap();
    serde_json::to_value(outcome.response).unwrap()
}

fn states(fake: &Fake) -> Vec<State> {
    fake.world().flows.values().map(|flow| Word::from_bits(flow.word).state()).collect()
}

#[test]
fn flows_are_told_with_all_that_is_known() {
    let (fake, mut core) = observed([]);
    let admitted = rule(&core, 22);
    let flows = [tcp(22, 50_000, State::Established, admitted.number), tcp(23, 50_000, State::Cut, 60_000), ping()];
    fake.world().flows.extend(flows);
    // Long gone, and of an attachment that is not.
    let mut old = tcp(24, 1, State::SynSent, 0);
    old.1.word = Word::new(State::SynSent, 1, NOW - u64::from(ticks(31))).bits();
    let mut other = tcp(25, 1, State::Established, 0);
    if let FlowKey::V4(key) = &mut other.0 {
        key.attachment = 9;
    }
    fake.world().flows.extend([old, other]);
    let id = core.model.attached().next().unwrap().id.to_string();
    let answer = done(&mut core, "DescribeFlows", json!({"Device": "eth0"}));
    let expected = json!({
        "NetworkInterfaceId": id, "Device": "eth0", "Protocol": "tcp", "LocalAddress": "192.0.2.1", "LocalPort": 22,
        "RemoteAddress": "198.51.100.7", "RemotePort": 50_000, "Direction": "ingress", "State": "established",
        "SecurityGroupRuleId": admitted.id.to_string(), "AgeSeconds": 60, "IdleSeconds": 5, "TimeoutSeconds": 431_994,
        "IngressPackets": 10, "IngressBytes": 1000, "EgressPackets": 9, "EgressBytes": 900,
    });
    assert_eq!(answer["Flows"][0], expected);
    assert_eq!((&answer["Flows"][1]["State"], &answer["Flows"][1]["RuleRevoked"]), (&json!("cut"), &json!(true)));
    let expected = json!({
        "NetworkInterfaceId": id, "Device": "eth0", "Protocol": "icmpv6", "LocalAddress": "2001:db8::1",
        "RemoteAddress": "2001:db8::2", "IcmpType": 128, "IcmpIdentifier": 77, "Direction": "egress",
        "State": "single", "Denied": true, "Vlans": [5, 7], "AgeSeconds": 0, "IdleSeconds": 0, "TimeoutSeconds": 30,
        "IngressPackets": 0, "IngressBytes": 0, "EgressPackets": 0, "EgressBytes": 0,
    });
    assert_eq!(answer["Flows"][2], expected);
    assert_eq!(answer["Flows"].as_array().unwrap().len(), 3, "{answer}");
}

#[test]
fn filters_narrow_the_list() {
    let (fake, mut core) = observed([]);
    let admitted = rule(&core, 22);
    fake.world().flows.extend([
        tcp(22, 50_000, State::Established, admitted.number),
        tcp(80, 50_001, State::SynSent, 60_000),
        ping(),
    ]);
    let id = admitted.id.to_string();
    for (name, values, expected) in [
        ("peer", vec!["198.51.100.0/24"], 2),
        ("peer", vec!["2001:db8::2", "198.51.100.8"], 1),
        ("port", vec!["22"], 1),
        ("port", vec!["20-80"], 2),
        // The port of the one who asks is not what was asked for.
        ("port", vec!["50000"], 0),
        ("protocol", vec!["icmpv6", "17"], 1),
        ("state", vec!["syn-sent"], 1),
        ("state", vec!["denied"], 1),
        ("rule-id", vec![id.as_str()], 1),
        ("rule-id", vec!["revoked"], 1),
        ("direction", vec!["egress"], 1),
    ] {
        let filter = json!({"Filters": [{"Name": name, "Values": values}]});
        let answer = done(&mut core, "DescribeFlows", filter);
        assert_eq!(answer["Flows"].as_array().unwrap().len(), expected, "{name} {values:?}");
    }
    for (name, value, code) in [
        ("colour", "red", ErrorCode::InvalidFilter),
        ("peer", "there", ErrorCode::InvalidParameterValue),
        ("port", "9-8", ErrorCode::InvalidParameterValue),
        ("protocol", "all", ErrorCode::InvalidParameterValue),
        ("state", "claimed", ErrorCode::InvalidParameterValue),
        ("rule-id", "sgr-x", ErrorCode::InvalidSecurityGroupRuleIdMalformed),
        ("rule-id", "sgr-0123456789abcdef0", ErrorCode::InvalidSecurityGroupRuleIdNotFound),
        ("direction", "up", ErrorCode::InvalidParameterValue),
    ] {
        let filter = json!({"Filters": [{"Name": name, "Values": [value]}]});
        let error = ask(&mut core, &host(), &Caller::default(), "DescribeFlows", filter).unwrap_err();
        assert_eq!(error.code, code, "{name} {value}");
        assert!(error.message.contains(if name == "colour" { name } else { value }), "{error}");
    }
    let error = ask(&mut core, &host(), &Caller::default(), "DescribeFlows", json!({"Device": "eth9"})).unwrap_err();
    assert_eq!(error.code, ErrorCode::DeviceNotAttached);
}

#[test]
fn pages_hold_every_flow_once() {
    let flows = (1..=25).map(|port| tcp(port, 50_000, State::Established, 0)).chain([ping()]);
    let (_fake, mut core) = observed(flows);
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut body = json!({"MaxResults": 10});
        if !token.is_null() {
            body["NextToken"] = token;
        }
        let answer = done(&mut core, "DescribeFlows", body);
        let page = answer["Flows"].as_array().unwrap();
        assert!(page.len() <= 10);
        seen.extend(page.iter().map(|flow| flow["LocalPort"].as_u64()));
        token = answer["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    let expected: Vec<_> = (1..=25).map(Some).chain([None]).collect();
    assert_eq!(seen, expected);
}

#[test]
fn flows_are_cut_by_what_they_are() {
    let (fake, mut core) = observed([tcp(22, 1, State::Established, 1), tcp(80, 2, State::Established, 2), ping()]);
    let trial = done(&mut core, "FlushFlows", json!({"Peer": "198.51.100.7", "DryRun": true}));
    assert_eq!(trial, json!({"Matched": 2, "Cut": 0, "DryRun": true}));
    assert_eq!(fake.diary(), Vec::<String>::new());
    let answer = done(&mut core, "FlushFlows", json!({"Device": "eth0", "Port": "80-90", "Protocol": "tcp"}));
    assert_eq!(answer, json!({"Matched": 1, "Cut": 1}));
    assert_eq!(states(&fake), [State::Established, State::Cut, State::Single]);
    // Once is enough.
    assert_eq!(done(&mut core, "FlushFlows", json!({"Port": "80"})), json!({"Matched": 0, "Cut": 0}));
    assert_eq!(done(&mut core, "FlushFlows", json!({"All": true})), json!({"Matched": 2, "Cut": 2}));
    for (body, code) in [
        (json!({}), ErrorCode::MissingParameter),
        (json!({"DryRun": true}), ErrorCode::MissingParameter),
        (json!({"All": true, "Port": "80"}), ErrorCode::InvalidParameterCombination),
        (json!({"Port": "http"}), ErrorCode::InvalidParameterValue),
        (json!({"Device": "eth9"}), ErrorCode::DeviceNotAttached),
        (json!({"Port": "80", "MaxResults": 0}), ErrorCode::InvalidParameterValue),
        (json!({"Port": "80", "NextToken": "x"}), ErrorCode::InvalidNextToken),
    ] {
        assert_eq!(
            ask(&mut core, &host(), &Caller::default(), "FlushFlows", body.clone()).unwrap_err().code,
            code,
            "{body}"
        );
    }
}

#[test]
fn what_begins_meanwhile_is_left_alone() {
    let (fake, mut core) = observed((1..=5).map(|port| tcp(port, 1, State::Established, 0)));
    let first = done(&mut core, "FlushFlows", json!({"Protocol": "tcp", "MaxResults": 3}));
    assert_eq!((&first["Matched"], &first["Cut"]), (&json!(5), &json!(3)));
    let mut late = tcp(9, 1, State::SynSent, 0);
    late.1.created = NOW + 1;
    late.1.word = Word::new(State::SynSent, 1, NOW + 1).bits();
    fake.world().flows.extend([late]);
    fake.world().now = NOW + 2;
    let body = json!({"Protocol": "tcp", "MaxResults": 3, "NextToken": first["NextToken"]});
    assert_eq!(done(&mut core, "FlushFlows", body), json!({"Matched": 2, "Cut": 2}));
    assert_eq!(states(&fake).iter().filter(|state| **state == State::SynSent).count(), 1);
}

#[test]
fn nobody_cuts_the_connection_that_they_come_by_without_saying_so() {
    let (fake, mut core) = observed([tcp(22, 50_000, State::Established, 0), tcp(22, 50_001, State::Established, 0)]);
    let mut caller = Caller { ssh: Some(SSH.parse().unwrap()), ..Caller::default() };
    let body = || json!({"Port": "22"});
    let error = ask(&mut core, &host(), &caller, "FlushFlows", body()).unwrap_err();
    assert_eq!(error.code, ErrorCode::WouldLockOut);
    assert!(error.message.contains("198.51.100.7"), "{error}");
    assert_eq!(states(&fake), [State::Established; 2]);
    caller.force = true;
    ask(&mut core, &host(), &caller, "FlushFlows", body()).unwrap();
    assert_eq!(states(&fake), [State::Cut; 2]);
}

#[test]
fn flows_go_with_their_rule_where_that_is_asked_for() {
    let (fake, mut core) = observed([]);
    let (ssh, http) = (rule(&core, 22), rule(&core, 80));
    let group = core.model.groups.keys().next().unwrap().to_string();
    fake.world()
        .flows
        .extend([tcp(22, 50_000, State::Established, ssh.number), tcp(80, 50_001, State::Established, http.number)]);
    let revoke = |rule: &Rule, cut: bool| json!({"GroupId": group, "SecurityGroupRuleIds": [rule.id.to_string()], "CutFlows": cut});
    let answer = done(&mut core, "RevokeSecurityGroupIngress", revoke(&http, true));
    assert_eq!(answer["CutFlows"], 1);
    assert_eq!(fake.diary(), ["prepare", "commit", "publish [1]", "cut 1"], "the rule goes first");
    assert_eq!(states(&fake), [State::Established, State::Cut]);
    // The caller comes by the other one, and could come again: another group lets everything in.
    let caller = Caller { ssh: Some(SSH.parse().unwrap()), ..Caller::default() };
    let open =
        json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]});
    done(&mut core, "AuthorizeSecurityGroupIngress", open);
    let error = ask(&mut core, &host(), &caller, "RevokeSecurityGroupIngress", revoke(&ssh, true)).unwrap_err();
    assert_eq!(error.code, ErrorCode::WouldLockOut);
    let without = ask(&mut core, &host(), &caller, "RevokeSecurityGroupIngress", revoke(&ssh, false)).unwrap();
    assert!(serde_json::to_value(without.response).unwrap().get("CutFlows").is_none());
    assert_eq!(states(&fake), [State::Established, State::Cut], "as the service does it");
}
