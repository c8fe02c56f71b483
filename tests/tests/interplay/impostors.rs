//! Workloads that call themselves others.

use firewall_tests::controller::Controller;
use firewall_tests::netns::{Namespace, veth};
use firewall_tests::packet::{Packet, eth_between};
use firewall_tests::traffic::{Tap, Wire, udp, udp_echo};
use firewall_tests::wait::eventually;
use firewall_tests::world::OPEN;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

/// A hardware address that nobody has.
const NOBODY: [u8; 6] = [2, 0, 0, 0, 0, 0x66];

/// A host with `work0`, and a workload at the other end of it.
struct Pair {
    host: Namespace,
    work: Namespace,
}

fn addresses(number: u8) -> [IpAddr; 2] {
    [format!("10.1.0.{number}"), format!("fd01::{number}")].map(|text| text.parse().unwrap())
}

fn text([a, b, c, d, e, f]: [u8; 6]) -> String {
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

impl Pair {
    fn new() -> Self {
        let (host, work) = (Namespace::new("host"), Namespace::inhabited("work"));
        veth((&host, "work0"), (&work, "eth0"));
        host.up("work0");
        work.up("eth0");
        for (namespace, device, number) in [(&host, "work0", 1), (&work, "eth0", 2)] {
            for (address, length) in addresses(number).into_iter().zip([24, 64]) {
                namespace.address(device, ipnet::IpNet::new_assert(address, length));
            }
        }
        Self { host, work }
    }

    /// A datagram from the workload to the host, by hand.
    fn datagram(&self, hardware: [u8; 6], family: usize, word: &str) -> Packet {
        let frame = eth_between(hardware, self.host.mac("work0")).ip(addresses(2)[family], addresses(1)[family]);
        frame.udp(5000, OPEN).payload(word.as_bytes())
    }
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
            heard.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let before = ctl.counter("work0", "Egress", "source-not-own");
            wire.send(&pair.datagram(NOBODY, family, "by another name").build()).unwrap();
            eventually("it is counted", || ctl.counter("work0", "Egress", "source-not-own") == before + 1);
            wire.send(&pair.datagram(own, family, "by its own").build()).unwrap();
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
    let dropped = ["neighbour-not-own", "source-not-own"].map(|reason| ctl.counter("work0", "Egress", reason));
    assert!(dropped.iter().sum::<u64>() > 0, "{dropped:?}");
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
    assert!(ctl.counter("tap0", "Egress", "source-not-own") > 0);
    ctl.ok(&["attach", "tap0", "--mac-address", &tap.hardware(), "--replace"]);
    asks().answers();
}
