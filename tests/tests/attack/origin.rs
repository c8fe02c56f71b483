//! Whose addresses packets have: the source and destination check (cases 16 and 29).

use super::diary::{ATTACHMENT, NO_SERVICE, RULE, drop};
use super::stage::{self, CLOSED, EPHEMERAL, Family, HTTP, HTTPS, families};
use firewall_common::abi::{INTERFACE_ALWAYS, INTERFACE_NEIGHBOURS, INTERFACE_SOURCE_CHECK, Interface};
use firewall_common::verdict::{Direction, Pass, Reason, Verdict};
use firewall_ctl::model::Side;
use firewall_tests::judge::{Hook, Host, Kernel, SharedKernel, entry, small_limits};
use firewall_tests::ledger::Line;
use firewall_tests::packet::{DESTINATION_MAC, Packet, SOURCE_MAC, eth, eth_between};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Writes down a case that has been seen to hold.
fn shown(case: u8, name: &str, side: &str, result: &str) {
    let hook = "xdp, tc-in, tc-out";
    Line { case, name, hook, family: "both", side, result, is_expected: true }.write();
}

/// The programs and the host's tables, with an interface that is checked.
struct Stage {
    kernel: SharedKernel,
    host: Host,
    side: Side,
}

impl Stage {
    fn new(side: Side, change: impl Fn(&mut Interface)) -> Self {
        let mut interface = entry(ATTACHMENT, side);
        interface.flags |= INTERFACE_SOURCE_CHECK | INTERFACE_NEIGHBOURS;
        change(&mut interface);
        let (mut kernel, mut host) = (Kernel::shared(), Host::new(small_limits()));
        kernel.publish(&stage::model());
        host.publish(&stage::model());
        kernel.place(interface);
        host.place(interface);
        Self { kernel, host, side }
    }

    /// Has a frame judged wherever one of its direction is met.
    #[track_caller]
    fn expect(&mut self, direction: Direction, packet: &Packet, expected: Verdict) {
        let frame = packet.build();
        for hook in Hook::ALL.into_iter().filter(|hook| hook.direction(self.side) == direction) {
            self.kernel.forget();
            self.host.forget();
            let in_kernel = self.kernel.judge(hook, &frame).expect("the kernel takes the frame");
            for outcome in [in_kernel, self.host.judge(hook, &frame)] {
                assert_eq!(outcome.verdict(ATTACHMENT, direction, frame.len()), Ok(expected), "{hook:?}: {packet:?}");
            }
        }
    }

    #[track_caller]
    fn inbound(&mut self, packet: &Packet, expected: Verdict) {
        self.expect(Direction::Inbound, packet, expected);
    }

    #[track_caller]
    fn outbound(&mut self, packet: &Packet, expected: Verdict) {
        self.expect(Direction::Outbound, packet, expected);
    }
}

const SPOOFED: Verdict = drop(Reason::SourceNotOwn);
const FOREIGN: Verdict = drop(Reason::DestinationNotOwn);
const NEIGHBOUR: Verdict = drop(Reason::NeighbourNotOwn);

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// An address of IPv6 as messages have it.
fn octets(text: &str) -> [u8; 16] {
    let IpAddr::V6(address) = address(text) else { panic!("{text} is not of IPv6") };
    address.octets()
}

fn syn(packet: Packet, port: u16) -> Packet {
    packet.tcp(EPHEMERAL, port).syn()
}

/// A later fragment, which has no ports.
fn later(family: &Family, packet: Packet) -> Packet {
    let packet = if family.is_v4() { packet.fragment(100, false) } else { packet.fragment_header(100, false, 1) };
    packet.protocol(17).payload(&[0; 16])
}

/// The address is known from the table, or from the entry of the interface.
fn variants() -> [fn(&mut Interface); 2] {
    [
        |_| {},
        |interface| {
            interface.own_v4 = [10, 0, 0, 1];
            interface.own_v6 = "2001:db8::1".parse::<std::net::Ipv6Addr>().expect("an address").octets();
        },
    ]
}

#[test]
fn a_workload_sends_from_its_own_addresses() {
    for variant in variants() {
        let mut stage = Stage::new(Side::Workload, variant);
        for family in families() {
            let from = |source| syn(eth().ip(source, family.friend), HTTP);
            stage.outbound(&from(family.local), RULE);
            stage.outbound(&from(family.member), SPOOFED);
            stage.outbound(&from(family.stranger), SPOOFED);
            stage.outbound(&later(&family, eth().ip(family.member, family.friend)), SPOOFED);
            stage.outbound(&later(&family, eth().ip(family.local, family.friend)), drop(Reason::FragmentWithoutFirst));
            let nobody = if family.is_v4() { "0.0.0.0" } else { "::" };
            stage.outbound(&from(address(nobody)), SPOOFED);
        }
        stage.outbound(&syn(eth().ip(address("fe80::1"), address("fe80::2")), HTTP), RULE);
        stage.outbound(&syn(eth().ip(address("169.254.0.1"), address("198.51.100.7")), HTTP), SPOOFED);
    }
    shown(16, "a workload sends from its own addresses", "workload", "source-not-own");
}

#[test]
fn a_workload_asks_for_an_address_before_it_has_one() {
    let mut stage = Stage::new(Side::Workload, |_| {});
    let all = address("255.255.255.255");
    let dhcp = eth().ip(address("0.0.0.0"), all).udp(68, 67).payload(&[0; 240]);
    stage.outbound(&dhcp, Verdict::Allow(Pass::Dhcp));
    stage.outbound(&eth().ip(address("10.0.0.2"), all).udp(68, 67).payload(&[0; 240]), SPOOFED);
    let about = |kind, hops, target: &str| {
        let packet = eth().ip(address("::"), address("ff02::1")).hop_limit(hops);
        packet.icmpv6(kind, 0).payload(&octets(target))
    };
    let message = |kind, hops| about(kind, hops, "::");
    stage.outbound(&message(133, 255), Verdict::Allow(Pass::NeighbourDiscovery));
    // Who wants an address that another is about to take would keep that one from it.
    let wants = |target| about(135, 255, target);
    stage.outbound(&wants("2001:db8::1"), Verdict::Allow(Pass::NeighbourDiscovery));
    stage.outbound(&wants("fe80::1"), Verdict::Allow(Pass::NeighbourDiscovery));
    stage.outbound(&wants("2001:db8::2"), NEIGHBOUR);
    stage.outbound(&wants("::"), NEIGHBOUR);
    for kind in [131, 143] {
        stage.outbound(&message(kind, 1), Verdict::Allow(Pass::MulticastListener));
    }
    stage.outbound(&message(128, 64), SPOOFED);
    shown(16, "a workload asks for an address before it has one", "workload", "pass");
}

#[test]
fn a_workload_receives_at_its_own_addresses() {
    for variant in variants() {
        let mut stage = Stage::new(Side::Workload, variant);
        for family in families() {
            let to = |destination| syn(eth().ip(family.friend, destination), HTTPS);
            stage.inbound(&to(family.local), RULE);
            stage.inbound(&to(family.member), FOREIGN);
            stage.inbound(&later(&family, eth().ip(family.friend, family.member)), FOREIGN);
            // To all of the link, as some servers send to who has no address yet.
            stage.inbound(&syn(Family::broadcast(family.friend, family.member), HTTPS), RULE);
            let group = if family.is_v4() { "224.0.0.251" } else { "ff02::fb" };
            stage.inbound(&eth().ip(family.friend, address(group)).udp(5353, 5353), NO_SERVICE);
        }
        stage.inbound(&syn(eth().ip(address("198.51.100.7"), address("255.255.255.255")), HTTPS), RULE);
        stage.inbound(&syn(eth().ip(address("fe80::2"), address("fe80::1")), HTTPS), RULE);
    }
    shown(16, "a workload receives at its own addresses", "workload", "destination-not-own");
}

#[test]
fn a_workload_sends_with_its_own_hardware_address() {
    let mut stage = Stage::new(Side::Workload, |interface| interface.hardware = SOURCE_MAC);
    let other = || eth_between([2, 0, 0, 0, 0, 9], DESTINATION_MAC);
    for family in families() {
        stage.outbound(&syn(eth().ip(family.local, family.friend), HTTP), RULE);
        stage.outbound(&syn(other().ip(family.local, family.friend), HTTP), SPOOFED);
        stage.inbound(&syn(other().ip(family.friend, family.local), HTTPS), RULE);
    }
    stage.outbound(&eth().arp([10, 0, 0, 1].into(), [10, 0, 0, 9].into()), Verdict::Allow(Pass::Arp));
    stage.outbound(&other().arp([10, 0, 0, 1].into(), [10, 0, 0, 9].into()), NEIGHBOUR);
    shown(16, "a workload sends with its own hardware address", "workload", "source-not-own");
}

#[test]
fn a_workload_answers_for_itself_only() {
    let mut stage = Stage::new(Side::Workload, |_| {});
    let arp = |sender: [u8; 4]| eth().arp(sender.into(), [10, 0, 0, 9].into());
    stage.outbound(&arp([10, 0, 0, 1]), Verdict::Allow(Pass::Arp));
    // Whether somebody has the address is asked for one's own.
    stage.outbound(&eth().arp([0; 4].into(), [10, 0, 0, 1].into()), Verdict::Allow(Pass::Arp));
    stage.outbound(&arp([0; 4]), NEIGHBOUR);
    stage.outbound(&arp([10, 0, 0, 2]), NEIGHBOUR);
    stage.outbound(&arp([10, 0, 0, 254]), NEIGHBOUR);
    stage.inbound(&arp([10, 0, 0, 2]), Verdict::Allow(Pass::Arp));
    // What the frame says of its sender, and what ARP says.
    let other = eth_between([2, 0, 0, 0, 0, 9], [0xff; 6]).arp([10, 0, 0, 1].into(), [10, 0, 0, 9].into());
    stage.outbound(&other, NEIGHBOUR);
    let advertise = |target: &str| {
        let packet = eth().ip(address("2001:db8::1"), address("ff02::1")).hop_limit(255);
        packet.icmpv6(136, 0).payload(&octets(target))
    };
    stage.outbound(&advertise("2001:db8::1"), Verdict::Allow(Pass::NeighbourDiscovery));
    stage.outbound(&advertise("fe80::1"), Verdict::Allow(Pass::NeighbourDiscovery));
    stage.outbound(&advertise("2001:db8::2"), NEIGHBOUR);
    stage.outbound(&advertise("2001:db8::fe"), NEIGHBOUR);
    stage.inbound(&advertise("2001:db8::1").hop_limit(255), Verdict::Allow(Pass::NeighbourDiscovery));
    shown(16, "a workload answers for itself only", "workload", "neighbour-not-own");
}

/// What enters at the machine's own interface in the name of an interface of this machine (case 29).
#[test]
fn nobody_outside_has_an_address_of_this_host() {
    let mut stage = Stage::new(Side::Host, |_| {});
    for family in families() {
        stage.inbound(&syn(family.from(family.friend), HTTPS), RULE);
        stage.inbound(&syn(eth().ip(family.local, family.member), HTTPS), drop(Reason::SourceHeldHere));
        // Members that live elsewhere come from there.
        stage.inbound(&syn(family.from(family.member), HTTPS), RULE);
        stage.outbound(&syn(family.to(family.friend), HTTP), RULE);
        stage.outbound(&syn(eth().ip(family.member, family.friend), HTTP), RULE);
    }
    let asks = eth().ip(address("::"), address("ff02::1")).hop_limit(255).icmpv6(135, 0).payload(&[0; 16]);
    stage.inbound(&asks, Verdict::Allow(Pass::NeighbourDiscovery));
    shown(29, "nobody outside has an address of this host", "host", "source-held-here");
}

/// What an operator lets through needs no rule either way, and has to be well formed and honest about its source all the same.
#[test]
fn addresses_that_are_let_through_always_need_no_rule() {
    for side in [Side::Host, Side::Workload] {
        let mut stage = Stage::new(side, |interface| interface.flags |= INTERFACE_ALWAYS);
        let always = families().map(|family| family.stranger).into();
        stage.kernel.allow_always(&always);
        stage.host.allow_always(&always);
        for family in families() {
            let passes = Verdict::Allow(Pass::AlwaysAllowed);
            stage.inbound(&syn(family.from(family.stranger), CLOSED), passes);
            stage.inbound(&family.from(family.stranger).udp(53, EPHEMERAL), passes);
            stage.outbound(&syn(family.to(family.stranger), CLOSED), passes);
            stage.inbound(&syn(family.from(family.friend), CLOSED), NO_SERVICE);
            stage.outbound(&syn(family.to(family.friend), CLOSED), NO_SERVICE);
            let (length, reason) =
                if family.is_v4() { (14 + 39, Reason::Ipv4Length) } else { (14 + 59, Reason::Ipv6Length) };
            stage.inbound(&syn(family.from(family.stranger), CLOSED).cut(length), drop(reason));
            if side == Side::Workload {
                stage.outbound(&syn(eth().ip(family.member, family.stranger), CLOSED), SPOOFED);
            }
        }
        // None of them any more, while the interface still says that there are some.
        stage.kernel.allow_always(&BTreeSet::new());
        stage.host.allow_always(&BTreeSet::new());
        for family in families() {
            stage.inbound(&syn(family.from(family.stranger), CLOSED), NO_SERVICE);
        }
    }
    shown(0, "addresses that are let through always need no rule", "both", "always-allowed");
}

/// Where it is turned off, a workload may route for others.
#[test]
fn without_the_check_nobody_looks() {
    let mut stage = Stage::new(Side::Workload, |interface| interface.flags &= !INTERFACE_SOURCE_CHECK);
    for family in families() {
        stage.outbound(&syn(eth().ip(family.member, family.friend), HTTP), RULE);
        stage.inbound(&syn(eth().ip(family.friend, family.member), HTTPS), RULE);
    }
    stage.outbound(&eth().arp([10, 0, 0, 254].into(), [10, 0, 0, 9].into()), Verdict::Allow(Pass::Arp));
    shown(16, "without the check nobody looks", "workload", "pass");
}
