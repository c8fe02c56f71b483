//! Workloads that call themselves others.

use firewall_tests::controller::Controller;
use firewall_tests::netns::{Namespace, veth};
use firewall_tests::packet::{Packet, SOURCE_MAC, eth, eth_between};
use firewall_tests::pair::{Pair, addresses, text};
use firewall_tests::traffic::{Tap, Wire, udp, udp_echo};
use firewall_tests::wait::{deadline, eventually};
use firewall_tests::world::OPEN;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};

/// A hardware address that nobody has.
const NOBODY: [u8; 6] = [2, 0, 0, 0, 0, 0x66];

/// A datagram from the workload to the host, by hand.
fn datagram(pair: &Pair, hardware: [u8; 6], family: usize, word: &str) -> Packet {
    pair.frame(hardware).ip(addresses(2)[family], addresses(1)[family]).udp(5000, OPEN).payload(word.as_bytes())
}

#[test]
fn frames_with_another_hardware_address_are_dropped_and_counted() {
    for (hook, options) in super::HOOKS {
        let pair = Pair::new();
        let ctl = Controller::start_with(&pair.host, options);
        let group = ctl.group("work");
        let side = ["--side", "workload", "--private-ip-addresses", "auto", "--hook", hook];
        let answer = ctl.ok(&[&["attach", "work0", "--groups", &group], side.as_slice()].concat());
        let own = pair.work.mac("eth0");
        assert_eq!(answer["MacAddress"], text(own), "{answer}");
        let wire = Wire::new(&pair.work, "eth0");
        for (family, address) in addresses(1).into_iter().enumerate() {
            let heard = pair.host.run(|| UdpSocket::bind((address, OPEN))).unwrap();
            heard.set_read_timeout(Some(deadline())).unwrap();
            let before = ctl.counter("work0", "Egress", "source-not-own");
            wire.send(&datagram(&pair, NOBODY, family, "by another name").build()).unwrap();
            eventually("it is counted", || ctl.counter("work0", "Egress", "source-not-own") == before + 1);
            wire.send(&datagram(&pair, own, family, "by its own").build()).unwrap();
            // Frames of one sender do not overtake each other: the first one that is heard is the second.
            let mut octets = [0; 64];
            let length = heard.recv(&mut octets).unwrap_or_else(|error| panic!("{hook}, {address}: {error}"));
            assert_eq!(&octets[..length], b"by its own", "{hook}, {address}");
        }
    }
}

/// What the other end of the device calls itself is followed, and what was given stays.
#[test]
fn a_hardware_address_that_changes_is_followed_unless_it_was_given() {
    let pair = Pair::new();
    let _servers = addresses(1).map(|address| udp_echo(&pair.host, SocketAddr::new(address, OPEN)));
    let asks = |family: usize| udp(&pair.work, None, SocketAddr::new(addresses(1)[family], OPEN));
    let ctl = Controller::start(&pair.host);
    let group = ctl.group("work");
    ctl.attach("work0", &group, &["--side", "workload", "--private-ip-addresses", "10.1.0.2,fd01::2"]);
    let shown = || {
        let answer = ctl.ok(&["describe-network-interfaces"]);
        answer["NetworkInterfaces"][0]["MacAddress"].as_str().unwrap_or_default().to_owned()
    };
    let own = text(pair.work.mac("eth0"));
    assert_eq!(shown(), own);
    pair.work.ip(&format!("link set eth0 address {}", text(NOBODY)));
    eventually("it is followed", || shown() == text(NOBODY));
    (0..2).for_each(|family| asks(family).answers());
    let answer = ctl.ctl(&["attach", "work0", "--mac-address", &own, "--replace"]);
    answer.refused_as("DeviceUnsuitable", "AttachDevice", &[&own, &text(NOBODY), "--mac-address"]);
    ctl.ok(&["attach", "work0", "--mac-address", &text(NOBODY), "--replace"]);
    (0..2).for_each(|family| asks(family).answers());
    pair.work.ip(&format!("link set eth0 address {own}"));
    (0..2).for_each(|family| asks(family).is_silent());
    let dropped = || ["neighbour-not-own", "source-not-own"].map(|reason| ctl.counter("work0", "Egress", reason));
    eventually("it is counted", || dropped().iter().sum::<u64>() > 0);
    assert_eq!(shown(), text(NOBODY));
    ctl.ok(&["attach", "work0", "--mac-address", "any", "--replace"]);
    (0..2).for_each(|family| asks(family).answers());
}

/// Nothing tells the hardware address of a virtual machine.
#[test]
fn a_tap_sends_with_any_hardware_address_until_one_is_given() {
    let host = Namespace::new("host");
    let guest = addresses(2)[0];
    let tap = Tap::new(&host, "tap0", guest);
    host.up("tap0");
    host.address("tap0", "10.1.0.1/24".parse().unwrap());
    host.ip(&format!("neigh add {guest} lladdr {} dev tap0", tap.hardware()));
    let at = SocketAddr::new(addresses(1)[0], OPEN);
    let _server = udp_echo(&host, at);
    let asks = || tap.asks(host.mac("tap0"), at);
    let ctl = Controller::start(&host);
    let group = ctl.group("guest");
    let answer =
        ctl.ok(&["attach", "tap0", "--groups", &group, "--side", "workload", "--private-ip-addresses", "10.1.0.2"]);
    assert!(answer["Warnings"].to_string().contains("--mac-address"), "{answer}");
    asks().answers();
    ctl.ok(&["attach", "tap0", "--mac-address", &text(NOBODY), "--replace"]);
    asks().is_silent();
    ctl.counts_above(0, "tap0", "Egress", "source-not-own");
    ctl.ok(&["attach", "tap0", "--mac-address", &tap.hardware(), "--replace"]);
    asks().answers();
}

/// Addresses of somebody else on the same link, with what the host knows of him.
const ELSE: u8 = 3;
const HIS: [u8; 6] = [2, 0, 0, 0, 0, 0x33];

/// What a workload may say on its link, each in the name of somebody else, and how that is counted.
struct Lie {
    frame: Vec<u8>,
    reason: &'static str,
    /// Whether the host believes it.
    is_believed: fn(&Namespace) -> bool,
}

fn neighbours(host: &Namespace) -> String {
    host.ip("neigh show dev work0")
}

fn believes(host: &Namespace, family: usize) -> bool {
    let [liar, line] = [text(SOURCE_MAC), format!("{} ", addresses(ELSE)[family])];
    neighbours(host).lines().any(|entry| entry.starts_with(&line) && entry.contains(&liar))
}

fn routers(host: &Namespace) -> String {
    host.ip("-6 route show default dev work0")
}

fn lies() -> [Lie; 3] {
    let [IpAddr::V4(his), IpAddr::V6(target)] = addresses(ELSE) else { panic!("one of each family") };
    let to_all = |group: [u8; 6]| eth_between(SOURCE_MAC, group);
    // ARP that nobody asked for, to all: the address and the hardware address of who sends it.
    let gratuitous = to_all([0xff; 6]).arp(his, his);
    // The answer replaces what is known (the flag, the third bit), and names a hardware address (option 2).
    let option = [[2, 1].as_slice(), &SOURCE_MAC].concat();
    let all_nodes = [0x33, 0x33, 0, 0, 0, 1];
    let all = "ff02::1".parse::<Ipv6Addr>().unwrap();
    let [_, IpAddr::V6(own)] = addresses(2) else { panic!("of IPv6") };
    let advertises = to_all(all_nodes).ipv6(own, all).hop_limit(255).icmpv6(136, 0).icmp_rest([0x20, 0, 0, 0]);
    let advertises = advertises.payload(&[target.octets().as_slice(), &option].concat());
    // A router with a life of half an hour.
    let routes = to_all(all_nodes).ipv6("fe80::66".parse().unwrap(), all).hop_limit(255).icmpv6(134, 0);
    let routes = routes.icmp_rest([64, 0, 7, 8]).payload(&[[0; 8].as_slice(), &[1, 1], &SOURCE_MAC].concat());
    [
        Lie { frame: gratuitous.build(), reason: "neighbour-not-own", is_believed: |host| believes(host, 0) },
        Lie { frame: advertises.build(), reason: "neighbour-not-own", is_believed: |host| believes(host, 1) },
        Lie {
            frame: routes.build(),
            reason: "workload-router",
            is_believed: |host| routers(host).contains("fe80::66"),
        },
    ]
}

/// Undoes what the host believes.
fn disabuse(host: &Namespace) {
    for address in addresses(ELSE) {
        host.ip(&format!("neigh replace {address} lladdr {} dev work0 nud stale", text(HIS)));
    }
    if !routers(host).is_empty() {
        host.ip("-6 route flush default dev work0");
    }
}

/// A host believes whoever speaks on the link. What a workload says of others does not come that far.
#[test]
fn what_a_workload_says_of_others_reaches_nobody() {
    for (hook, options) in super::HOOKS {
        let pair = Pair::new();
        pair.host.sysctl("net/ipv6/conf/work0/accept_ra", "1");
        let wire = Wire::new(&pair.work, "eth0");
        disabuse(&pair.host);
        for Lie { frame, reason, is_believed } in lies() {
            eventually(&format!("without rules it is believed: {reason}"), || {
                wire.send(&frame).unwrap();
                is_believed(&pair.host)
            });
        }
        let ctl = Controller::start_with(&pair.host, options);
        let group = ctl.group("work");
        ctl.attach("work0", &group, &["--side", "workload", "--private-ip-addresses", "auto", "--hook", hook]);
        // Not before: of the lies without rules, one may still have been on its way when the last was believed.
        disabuse(&pair.host);
        for Lie { frame, reason, is_believed } in lies() {
            let before = ctl.counter("work0", "Egress", reason);
            (0..3).for_each(|_| wire.send(&frame).unwrap());
            eventually("all are counted", || ctl.counter("work0", "Egress", reason) == before + 3);
            assert!(!is_believed(&pair.host), "{hook}, {reason}: {}{}", neighbours(&pair.host), routers(&pair.host));
        }
        // What it says of itself does.
        let [IpAddr::V4(own), _] = addresses(2) else { panic!("of IPv4") };
        pair.host.ip(&format!("neigh replace {own} lladdr {} dev work0 nud stale", text(HIS)));
        wire.send(&eth_between(SOURCE_MAC, [0xff; 6]).arp(own, own).build()).unwrap();
        eventually("it may say where it is itself", || {
            neighbours(&pair.host)
                .lines()
                .any(|entry| entry.starts_with(&format!("{own} ")) && entry.contains(&text(SOURCE_MAC)))
        });
    }
}

/// A bridge that carries tags: a frame that has come in with one goes on with the tag beside it, in the kernel's notes, and
/// what a workload sends has it there as well where traffic control looks. XDP sees it in the frame.
#[test]
fn tags_that_the_kernel_keeps_beside_frames_tell_flows_apart() {
    for (hook, options) in super::HOOKS {
        let host = Namespace::new("host");
        host.ip("link add br0 type bridge");
        host.up("br0");
        let [work, peer] = [("work", "port0"), ("peer", "port1")].map(|(label, port)| {
            let end = Namespace::inhabited(label);
            veth((&host, port), (&end, "eth0"));
            host.ip(&format!("link set {port} master br0"));
            host.up(port);
            end.up("eth0");
            end
        });
        let ctl = Controller::start_with(&host, options);
        let group = ctl.group("work");
        let own = addresses(2).map(|address| address.to_string()).join(",");
        let side = ["--side", "workload", "--private-ip-addresses", &own, "--mac-address", "any", "--hook", hook];
        ctl.attach("port0", &group, &side);
        let (sends, answers) = (Wire::new(&work, "eth0"), Wire::new(&peer, "eth0"));
        let tagged = |frame: Packet, tag: Option<u16>| tag.into_iter().fold(frame, Packet::vlan);
        let count = |side, reason| ctl.counter("port0", side, reason);
        for (own, other) in addresses(2).into_iter().zip(addresses(ELSE)) {
            let asks = |tag| tagged(eth(), tag).ip(own, other).udp(5000, OPEN).payload(b"word").build();
            let [there, here] = [[2, 0, 0, 0, 0, 2], SOURCE_MAC];
            let answer =
                |tag| tagged(eth_between(there, here), tag).ip(other, own).udp(OPEN, 5000).payload(b"word").build();
            let before = count("Egress", "rule");
            eventually("the workload asks in a network", || {
                sends.send(&asks(Some(5))).unwrap();
                count("Egress", "rule") > before
            });
            let dropped = count("Ingress", "no-service");
            for (number, tag) in (1..).zip([None, Some(6)]) {
                answers.send(&answer(tag)).unwrap();
                let what = format!("{hook}, {own}: the answer in {tag:?} is none");
                eventually(&what, || count("Ingress", "no-service") == dropped + number);
            }
            let passed = count("Ingress", "flow");
            answers.send(&answer(Some(5))).unwrap();
            eventually(&format!("{hook}, {own}: the answer in its network"), || count("Ingress", "flow") == passed + 1);
        }
    }
}
