//! What is explained of packets, beside what becomes of real ones.

use aya::maps::{Array, HashMap, Map, MapData};
use firewall_common::abi::{INTERFACE_MONITOR, Interface, MemberKeyV4, map};
use firewall_ctl::dataplane::Pins;
use firewall_tests::controller::{Answer, Controller, text};
use firewall_tests::packet::eth;
use firewall_tests::traffic::{Attempt, Wire, udp_of};
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, OTHER, World, friend, host, only, stranger};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};
use zerocopy::{FromBytes as _, IntoBytes as _};

/// What is said of a packet, by what is recorded and by the kernel; `words` are the packet's flags.
fn ask(ctl: &Controller<'_>, words: &[&str]) -> Value {
    let answer = ctl.ctl(&[&["explain", "eth0", "--live"], words].concat());
    let Answer { code, stdout, .. } = &answer;
    let said: Value = serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error}: {answer:#?}"));
    let is_dropped = said["ByKernel"]["Verdict"] == "drop";
    assert_eq!(*code, Some(i32::from(is_dropped)), "{answer:#?}");
    said
}

/// Both agree on a packet, for a reason. Gives what they say.
#[track_caller]
fn agreed(ctl: &Controller<'_>, words: &[&str], reason: &str) -> Value {
    let said = ask(ctl, words);
    assert_eq!(said["ByKernel"], said["ByModel"], "{said:#}");
    assert_eq!(said["Drift"], json!([]), "{said:#}");
    assert_eq!(said["ByModel"]["Reason"], reason, "{said:#}");
    said
}

/// A packet passes, on paper and on the wire.
#[track_caller]
fn passes(ctl: &Controller<'_>, words: &[&str], reason: &str, attempt: Attempt<'_>) -> Value {
    let said = agreed(ctl, words, reason);
    assert_eq!(said["ByModel"]["Verdict"], "pass", "{said:#}");
    assert_eq!(said["ByModel"]["Answer"]["Verdict"], "pass", "{said:#}");
    attempt.answers();
    said
}

/// A packet is dropped, on paper and on the wire.
#[track_caller]
fn is_dropped(ctl: &Controller<'_>, words: &[&str], reason: &str, attempt: Attempt<'_>) -> Value {
    let said = agreed(ctl, words, reason);
    assert_eq!(said["ByModel"]["Verdict"], "drop", "{said:#}");
    attempt.is_silent();
    said
}

/// The flags of a packet that comes in.
fn incoming<'a>(protocol: &'a str, peer: &'a str, port: &'a str) -> Vec<&'a str> {
    vec!["--protocol", protocol, "--peer", peer, "--port", port]
}

#[test]
fn rules_and_members_are_explained_as_they_judge() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let (group, clients) = (ctl.group("served"), ctl.group("clients"));
    ctl.attach("eth0", &group, &[]);
    let [open, other] = [OPEN, OTHER].map(|port| port.to_string());
    for (friend, stranger) in friend().into_iter().zip(stranger()) {
        ctl.allow(&group, "tcp", &open, &only(friend));
        let [from_friend, from_stranger] = [friend, stranger].map(|address| address.to_string());
        let said = passes(&ctl, &incoming("tcp", &from_friend, &open), "rule", world.tcp_in(friend, OPEN));
        let rule = text(&said, "/ByModel/SecurityGroupRuleId");
        assert!(text(&said, "/ByKernel/MatchingRules/0/Text").starts_with(&rule), "{said:#}");
        assert_eq!(said["ByModel"]["Answer"]["Reason"], "flow", "{said:#}");
        let said = is_dropped(&ctl, &incoming("tcp", &from_stranger, &open), "no-peer", world.tcp_in(stranger, OPEN));
        assert_eq!(said["ByModel"]["NearestRules"][0]["SecurityGroupRuleId"], rule, "{said:#}");
        is_dropped(&ctl, &incoming("tcp", &from_friend, &other), "no-service", world.tcp_in(friend, OTHER));
        is_dropped(&ctl, &incoming("udp", &from_friend, &open), "no-service", world.udp_in(friend, OPEN));
        let out =
            ["--direction", "egress", "--protocol", "udp", "--peer", from_friend.as_str(), "--port", open.as_str()];
        passes(&ctl, &out, "rule", world.udp_out(friend, OPEN));
        let ping = ["--direction", "egress", "--protocol", icmp(friend), "--peer", from_friend.as_str()];
        passes(&ctl, &ping, "rule", world.ping_out(friend));
    }
    // Nobody knows the stranger as a member, until somebody says so.
    ctl.allow(&group, "tcp", &other, &clients);
    let from = stranger().map(|address| address.to_string());
    is_dropped(&ctl, &incoming("tcp", &from[0], &other), "no-peer", world.tcp_in(stranger()[0], OTHER));
    let member = ctl.member(&clients, stranger()[0]);
    passes(&ctl, &incoming("tcp", &from[0], &other), "rule", world.tcp_in(stranger()[0], OTHER));
    ctl.delete_member(&member);
    is_dropped(&ctl, &incoming("tcp", &from[0], &other), "no-peer", world.tcp_in(stranger()[0], OTHER));
    // Open to anyone, and out to anyone: no flow is kept.
    ctl.allow(&group, "tcp", &other, "0.0.0.0/0");
    let said = passes(&ctl, &incoming("tcp", &from[0], &other), "untracked", world.tcp_in(stranger()[0], OTHER));
    assert_eq!(said["ByModel"]["Answer"]["Reason"], "untracked", "{said:#}");
    is_dropped(&ctl, &incoming("tcp", &from[1], &other), "no-peer", world.tcp_in(stranger()[1], OTHER));
}

/// The ICMP of an address's family.
fn icmp(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "icmp" } else { "icmpv6" }
}

#[test]
fn flows_are_explained_as_they_are() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    ctl.attach("eth0", &group, &[]);
    let open = OPEN.to_string();
    for friend in friend() {
        ctl.allow(&group, "tcp", &open, &only(friend));
        let mut connection = world.connected_in(friend, OPEN);
        connection.talk("alive").answers();
        let (peer, port) = (friend.to_string(), connection.local().port().to_string());
        let segment = [&incoming("tcp", &peer, &open)[..], &["--source-port", &port, "--tcp-flags", "ack"]].concat();
        let said = passes(&ctl, &segment, "flow", connection.talk("explained"));
        assert_eq!((&said["Flow"]["State"], &said["Flow"]["Direction"]), (&json!("established"), &json!("ingress")));
        // Revoked, it goes on; cut, it does not.
        ctl.revoke(&group, "tcp", &open, &only(friend));
        let said = passes(&ctl, &segment, "flow", connection.talk("revoked"));
        assert_eq!(
            (said["ByKernel"].get("MatchingRules"), &said["Flow"]["RuleRevoked"]),
            (None, &json!(true)),
            "{said:#}"
        );
        let syn = incoming("tcp", &peer, &open);
        agreed(&ctl, &syn, "no-service");
        ctl.ok(&["flush-flows", "eth0", "--peer", &peer]);
        let said = is_dropped(&ctl, &segment, "cut-flow", connection.talk("cut"));
        assert_eq!(said["Flow"]["State"], "cut", "{said:#}");
    }
}

#[test]
fn fragments_are_explained_by_their_first() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    ctl.attach("eth0", &group, &[]);
    let open = OPEN.to_string();
    for (number, (friend, host)) in friend().into_iter().zip(host()).enumerate() {
        let peer = friend.to_string();
        let part = |which| [&incoming("udp", &peer, &open)[..], &["--fragment", which]].concat();
        let said = agreed(&ctl, &part("later"), "fragment-without-first");
        assert!(text(&said, "/ByKernel/Explanation").ends_with("The first fragment: drop (no-service)."), "{said:#}");
        ctl.allow(&group, "udp", &open, &only(friend));
        agreed(&ctl, &part("first"), "rule");
        agreed(&ctl, &part("later"), "fragment");
        udp_of(&world.beyond, Some(friend), SocketAddr::new(host, OPEN), 3000).answers();
        assert!(ctl.counter("eth0", "Ingress", "fragment") > 0);
        agreed(&ctl, &part("alone"), "fragment-without-first");
        let packet = eth().ip(friend, host);
        let packet =
            if friend.is_ipv4() { packet.fragment(100, false) } else { packet.fragment_header(100, false, 77) };
        let frame = packet.udp(50_000, OPEN).payload(&[0; 64]).build();
        Wire::new(&world.beyond, "eth0").send(&frame).expect("send a frame");
        eventually("the fragment is dropped", || {
            ctl.counter("eth0", "Ingress", "fragment-without-first") > number as u64
        });
    }
}

#[test]
fn where_nothing_is_enforced_it_passes() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("closed");
    ctl.attach("eth0", &group, &["--enforce", "off"]);
    let (peer, open) = (stranger()[0].to_string(), OPEN.to_string());
    let said = agreed(&ctl, &incoming("tcp", &peer, &open), "no-service");
    assert_eq!((&said["ByKernel"]["Verdict"], &said["Enforce"]), (&json!("would-drop"), &json!(false)), "{said:#}");
    assert_eq!(said["ByKernel"]["Answer"]["Reason"], "denied-flow", "{said:#}");
    world.tcp_in(stranger()[0], OPEN).answers();
    ctl.ok(&["attach", "eth0", "--enforce", "on", "--replace"]);
    is_dropped(&ctl, &incoming("tcp", &peer, &open), "no-service", world.tcp_in(stranger()[0], OPEN));
}

/// A pinned table of a controller.
fn table<T: TryFrom<Map>>(ctl: &Controller<'_>, name: &str) -> T {
    let data = MapData::from_pin(Pins::new(ctl.bpffs()).map(name)).expect("open a pinned map");
    let map = Map::from_map_data(data).expect("a map");
    T::try_from(map).unwrap_or_else(|_| panic!("{name} is of another kind"))
}

#[test]
fn drift_is_found_and_said() {
    let world = World::new();
    let mut ctl = Controller::start(&world.host);
    let (group, clients) = (ctl.group("served"), ctl.group("clients"));
    ctl.attach("eth0", &group, &[]);
    let open = OPEN.to_string();
    ctl.allow(&group, "tcp", &open, &clients);
    let _member = ctl.member(&clients, friend()[0]);
    let peer = friend()[0].to_string();
    let packet = incoming("tcp", &peer, &open);
    passes(&ctl, &packet, "rule", world.tcp_in(friend()[0], OPEN));

    // Somebody takes the member out of the kernel's table.
    let mut members: HashMap<MapData, [u8; size_of::<MemberKeyV4>()], u32> = table(&ctl, map::MEMBERS_V4);
    let IpAddr::V4(address) = friend()[0] else { panic!("the first address is of IPv4") };
    let key = MemberKeyV4 { vpc: 1, address: address.octets() };
    let key: [u8; size_of::<MemberKeyV4>()] = key.as_bytes().try_into().expect("its size");
    let set = members.get(&key, 0).expect("the member");
    members.remove(&key).expect("remove it");
    world.tcp_in(friend()[0], OPEN).is_silent();
    let said = ask(&ctl, &packet);
    assert_eq!(
        (&said["ByModel"]["Verdict"], &said["ByKernel"]["Reason"]),
        (&json!("pass"), &json!("no-peer")),
        "{said:#}"
    );
    let rule = text(&said, "/ByModel/SecurityGroupRuleId");
    assert!(text(&said, "/Drift/0").contains(&rule), "{said:#}");
    assert!(text(&said, "/Drift/1").starts_with("The packet: drop (no-peer) in the kernel, pass (rule"), "{said:#}");
    let table = ctl.ctl(&[&["explain", "eth0", "--live", "--output", "table"], &packet[..]].concat());
    assert!(table.code == Some(1) && table.stdout.contains("The packet: drop (no-peer) in the kernel"), "{table:#?}");
    // Without --live nobody looks there.
    ctl.ok(&[&["explain", "eth0"], &packet[..]].concat());
    members.insert(key, set, 0).expect("put it back");
    passes(&ctl, &packet, "rule", world.tcp_in(friend()[0], OPEN));

    // Somebody has the interface only watched.
    let mut interfaces: Array<MapData, [u8; size_of::<Interface>()]> = self::table(&ctl, map::INTERFACES);
    let ifindex = world.host.index("eth0");
    let octets = interfaces.get(&ifindex, 0).expect("the entry");
    let mut entry = Interface::read_from_bytes(&octets).expect("an entry");
    entry.flags |= INTERFACE_MONITOR;
    let changed: [u8; size_of::<Interface>()] = entry.as_bytes().try_into().expect("its size");
    interfaces.set(ifindex, changed, 0).expect("change it");
    let unknown = stranger()[0].to_string();
    let said = ask(&ctl, &incoming("tcp", &unknown, &open));
    assert_eq!(
        (&said["ByModel"]["Verdict"], &said["ByKernel"]["Verdict"]),
        (&json!("drop"), &json!("would-drop")),
        "{said:#}"
    );
    assert!(text(&said, "/Drift/0").contains("only watched in the kernel, enforced by what is recorded"), "{said:#}");
    world.tcp_in(stranger()[0], OPEN).answers();
    // A controller that starts writes what differs.
    members.remove(&key).expect("remove it again");
    ctl.stop(Signal::SIGTERM);
    ctl.restart();
    passes(&ctl, &packet, "rule", world.tcp_in(friend()[0], OPEN));
    is_dropped(&ctl, &incoming("tcp", &unknown, &open), "no-peer", world.tcp_in(stranger()[0], OPEN));
    // And somebody takes the entry away.
    interfaces.set(ifindex, [0; size_of::<Interface>()], 0).expect("change it");
    let said = ask(&ctl, &packet);
    assert_eq!(said["ByKernel"]["Reason"], "no-interface", "{said:#}");
    world.tcp_in(friend()[0], OPEN).is_silent();
}

#[test]
fn what_is_simulated_comes_true() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    let id = ctl.attach("eth0", &group, &[]);
    let (peer, open) = (friend()[0].to_string(), OPEN.to_string());
    let change = format!(
        "authorize-security-group-ingress --group-id {group} --protocol tcp --port {open} --cidr {}",
        only(friend()[0])
    );
    let simulate = |words: &[&str]| ctl.ctl(&[&["simulate", &id], &incoming("tcp", &peer, &open)[..], words].concat());
    let now = simulate(&[]);
    assert_eq!(now.code, Some(1), "{now:#?}");
    let then = simulate(&["--change", &change]);
    let said = then.ok();
    assert_eq!((&said["Before"]["Verdict"], &said["After"]["Verdict"]), (&json!("drop"), &json!("pass")), "{said:#}");
    // Nothing has come of it yet.
    world.tcp_in(friend()[0], OPEN).is_silent();
    let twice = simulate(&["--change", &change, "--change", &change]).ok();
    assert_eq!(twice["Changes"][1]["Refusal"]["Code"], "InvalidPermission.Duplicate", "{twice:#}");
    ctl.ok(&change.split(' ').collect::<Vec<_>>());
    passes(&ctl, &incoming("tcp", &peer, &open), "rule", world.tcp_in(friend()[0], OPEN));
    simulate(&["--change", "describe-vpcs"]).refused(252, &["changes nothing"]);
    for format in ["table", "text"] {
        let shown = ctl.ctl(&[&["simulate", &id, "--output", format], &incoming("tcp", &peer, &open)[..]].concat());
        assert!(shown.code == Some(0) && shown.stdout.contains("pass"), "{shown:#?}");
    }
}
