//! Packets that are larger than frames, frames that are larger than usual, and buffers that are not in one piece.

use firewall_tests::controller::Controller;
use firewall_tests::foreign::{Foreign, Hook};
use firewall_tests::netns::Namespace;
use firewall_tests::packet::{Packet, eth_between};
use firewall_tests::pair::{Pair, addresses};
use firewall_tests::traffic::{Wire, udp_of};
use firewall_tests::wait::{deadline, eventually};
use firewall_tests::world::{OPEN, OTHER, World, friend, host, only};
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// What a device counted that it let through, in packets and octets.
fn passed(ctl: &Controller<'_>, side: &str) -> [u64; 2] {
    let [rule, flow] = ["rule", "flow"].map(|reason| ctl.counted("eth0", side, reason));
    [rule[0] + flow[0], rule[1] + flow[1]]
}

fn difference([packets, octets]: [u64; 2], before: [u64; 2]) -> [u64; 2] {
    [packets - before[0], octets - before[1]]
}

/// Segments that TCP has sent once more in a namespace, as it does on a busy machine.
fn resent(namespace: &Namespace) -> u64 {
    let text = namespace.run(|| std::fs::read_to_string("/proc/thread-self/net/snmp")).expect("counters of TCP");
    let mut lines = text.lines().filter(|line| line.starts_with("Tcp:")).map(str::split_whitespace);
    let (names, values) = lines.next().zip(lines.next()).expect("names and values");
    let mut named = names.zip(values).filter(|(name, _)| *name == "RetransSegs");
    named.next().and_then(|(_, value)| value.parse().ok()).unwrap_or_else(|| panic!("{text}"))
}

/// A group that lets the friend in and the host out, to the open port only.
fn narrow(ctl: &Controller<'_>) -> String {
    let group = ctl.group("narrow");
    ctl.close_egress(&group);
    for protocol in ["tcp", "udp"] {
        for friend in friend() {
            ctl.allow(&group, protocol, &OPEN.to_string(), &only(friend));
            ctl.allow_out(&group, protocol, &OPEN.to_string(), &only(friend));
        }
    }
    group
}

#[test]
fn segments_and_octets_of_bulk_are_right() {
    const PIECE: usize = 1 << 18;
    const PIECES: usize = 16;
    /// Payload of a segment with time stamps, and the headers before it.
    const SEGMENT: [(u64, u64); 2] = [(1448, 66), (1428, 86)];
    for (hook, options) in super::HOOKS {
        let world = World::new();
        // Else acknowledgments have more headers where a queue overtakes another, as when a busy machine moves a sender.
        [&world.host, &world.beyond].iter().for_each(|end| end.sysctl("net/ipv4/tcp_sack", "0"));
        let ctl = Controller::start_with(&world.host, options);
        ctl.attach("eth0", &narrow(&ctl), &["--hook", hook]);
        for (friend, (payload, headers)) in friend().into_iter().zip(SEGMENT) {
            let sides = ["Ingress", "Egress"];
            let resent = || resent(&world.host) + resent(&world.beyond);
            let (before, resent_before) = (sides.map(|side| passed(&ctl, side)), resent());
            let piece = "x".repeat(PIECE);
            let mut connection = world.connected_in(friend, OPEN);
            for _ in 0..PIECES {
                connection.talk(&piece).answers();
            }
            let octets = (PIECE * PIECES) as u64;
            for (side, before) in sides.into_iter().zip(before) {
                let [packets, counted] = difference(passed(&ctl, side), before);
                let again = resent() - resent_before;
                let what = format!("{hook} {side} from {friend}: {packets} packets, {counted} octets, {again} again");
                // A frame that generic XDP receives counts as one, however many segments are in it.
                let segments = octets / payload;
                assert!(packets >= if (hook, side) == ("xdp-generic", "Ingress") { 1 } else { segments }, "{what}");
                // And acknowledgments, at most one for each segment that went the other way.
                assert!(packets <= (segments + again) * 2 + segments / 4 + 200, "{what}");
                // Octets are those of the buffers: headers once for each, however many segments will be made of it; and a SYN
                // has more of them.
                let most = octets + again * payload + packets * headers + 100;
                assert!((octets..=most).contains(&counted), "{what}");
            }
        }
    }
}

/// Datagrams of several frames, to a workload and from it.
#[test]
fn datagrams_in_fragments_are_judged_at_a_workload() {
    /// Eleven frames, and less than a socket holds.
    const DATAGRAM: usize = 15_000;
    for (hook, options) in super::HOOKS {
        let pair = Pair::new();
        let _servers = pair.servers();
        let ctl = Controller::start_with(&pair.host, options);
        let group = ctl.group("work");
        ctl.close_egress(&group);
        for host in addresses(1) {
            ctl.allow(&group, "udp", &OPEN.to_string(), &only(host));
            ctl.allow_out(&group, "udp", &OPEN.to_string(), &only(host));
        }
        ctl.attach("work0", &group, &["--side", "workload", "--private-ip-addresses", "auto", "--hook", hook]);
        for (host, work) in addresses(1).into_iter().zip(addresses(2)) {
            let fragments = |side| ctl.counter("work0", side, "fragment");
            let before = ["Ingress", "Egress"].map(fragments);
            udp_of(&pair.host, None, SocketAddr::new(work, OPEN), DATAGRAM).answers();
            udp_of(&pair.work, None, SocketAddr::new(host, OPEN), DATAGRAM).answers();
            for (side, before) in ["Ingress", "Egress"].into_iter().zip(before) {
                let seen = fragments(side) - before;
                // The question of one, and the answer to the other: all but the first frame of each.
                assert!(seen >= 20, "{hook}, {work}, {side}: {seen}");
            }
            // The host itself gives a datagram up as soon as it learns that a part of it was dropped.
            let before = ctl.counter("work0", "Ingress", "no-service");
            udp_of(&pair.host, None, SocketAddr::new(work, OTHER), DATAGRAM).is_silent();
            ctl.counts_above(before, "work0", "Ingress", "no-service");
            let alone = || ctl.counter("work0", "Egress", "fragment-without-first");
            let before = alone();
            udp_of(&pair.work, None, SocketAddr::new(host, OTHER), DATAGRAM).is_silent();
            eventually(&format!("{hook}, to {host}: all parts are dropped"), || alone() - before >= 10);
        }
    }
}

#[test]
fn jumbo_frames_are_judged_whole() {
    const DATAGRAM: usize = 8000;
    for (options, hooks) in super::DAEMONS {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, options);
        let group = narrow(&ctl);
        // The size may come before the programs or after them.
        for (hook, late) in hooks.iter().flat_map(|hook| [(hook, false), (hook, true)]) {
            let size = |octets| {
                let command = format!("link set eth0 mtu {octets}");
                [&world.host, &world.beyond].iter().for_each(|end| drop(end.ip(&command)));
            };
            if !late {
                size(9000);
            }
            ctl.attach("eth0", &group, &["--hook", hook]);
            if late {
                size(9000);
            }
            for (friend, headers) in friend().into_iter().zip([42, 62]) {
                let at = |port| SocketAddr::new(if friend.is_ipv4() { host()[0] } else { host()[1] }, port);
                let sides = ["Ingress", "Egress"];
                let before = sides.map(|side| passed(&ctl, side));
                udp_of(&world.beyond, Some(friend), at(OPEN), DATAGRAM).answers();
                for (side, before) in sides.into_iter().zip(before) {
                    let [packets, octets] = difference(passed(&ctl, side), before);
                    // On a busy machine it may be asked again before the answer comes.
                    let whole = packets * (DATAGRAM as u64 + headers);
                    assert!(packets > 0 && octets == whole, "{hook} {side} from {friend}: {octets} in {packets}");
                }
                udp_of(&world.beyond, Some(friend), at(OTHER), DATAGRAM).is_silent();
                udp_of(&world.host, None, SocketAddr::new(friend, OPEN), DATAGRAM).answers();
                udp_of(&world.host, None, SocketAddr::new(friend, OTHER), DATAGRAM).is_silent();
                let mut connection = world.connected_in(friend, OPEN);
                connection.talk(&"x".repeat(1 << 20)).answers();
            }
            ctl.ok(&["detach", "eth0", "--delete"]);
            size(1500);
        }
    }
}

/// A datagram in a frame by hand.
fn datagram(frame: Packet, [source, destination]: [IpAddr; 2], ports: [u16; 2], length: usize) -> Vec<u8> {
    let frame = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => frame.ipv4(source, destination),
        (IpAddr::V6(source), IpAddr::V6(destination)) => frame.ipv6(source, destination),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => panic!("two families in one packet"),
    };
    frame.udp(ports[0], ports[1]).payload(&vec![b'x'; length]).build()
}

/// The linear part of a buffer may end with the Ethernet header: what comes then is read by a helper.
#[test]
fn headers_beyond_the_linear_part_are_found() {
    const LENGTH: usize = 5000;
    const PORT: u16 = 7777;
    for (hook, options) in super::HOOKS {
        let world = World::new();
        [&world.host, &world.beyond].iter().for_each(|end| drop(end.ip("link set eth0 mtu 9000")));
        let [received, sent] = [Foreign::tc_headless(), Foreign::tc_headless()];
        let _links =
            [received.attach(&world.host, "eth0", Hook::TcxIngress), sent.attach(&world.host, "eth0", Hook::TcxEgress)];
        let ctl = Controller::start_with(&world.host, options);
        ctl.attach("eth0", &narrow(&ctl), &["--hook", hook]);
        let (inward, outward) = (Wire::new(&world.beyond, "eth0"), Wire::new(&world.host, "eth0"));
        let macs = [world.beyond.mac("eth0"), world.host.mac("eth0")];
        for (index, headers) in [42, 62].into_iter().enumerate() {
            let (friend, host) = (friend()[index], host()[index]);
            let whole = [1, LENGTH as u64 + headers];
            let socket = world.beyond.run(|| UdpSocket::bind(SocketAddr::new(friend, PORT))).unwrap();
            socket.set_read_timeout(Some(deadline())).unwrap();
            let inbound = |port| datagram(eth_between(macs[0], macs[1]), [friend, host], [PORT, port], LENGTH);
            let before = passed(&ctl, "Ingress");
            inward.send_with_headers_elsewhere(&inbound(OPEN)).unwrap();
            let (length, _) = socket.recv_from(&mut [0; 2 * LENGTH]).expect("the echo of it");
            assert_eq!(length, LENGTH);
            assert_eq!(difference(passed(&ctl, "Ingress"), before), whole, "{hook} {friend}");
            let dropped = ctl.counted("eth0", "Ingress", "no-service");
            inward.send_with_headers_elsewhere(&inbound(OTHER)).unwrap();
            eventually("it is dropped for its port", || {
                difference(ctl.counted("eth0", "Ingress", "no-service"), dropped) == whole
            });

            let outbound = |port| datagram(eth_between(macs[1], macs[0]), [host, friend], [PORT, port], LENGTH);
            let before = ctl.counted("eth0", "Egress", "rule");
            outward.send_with_headers_elsewhere(&outbound(OPEN)).unwrap();
            assert_eq!(difference(ctl.counted("eth0", "Egress", "rule"), before), whole, "{hook} {friend}");
            let dropped = ctl.counted("eth0", "Egress", "no-service");
            // Who sends is told of a drop on the way out.
            let told = outward.send_with_headers_elsewhere(&outbound(OTHER)).unwrap_err();
            assert_eq!(told.raw_os_error(), Some(libc::ENOBUFS));
            assert_eq!(difference(ctl.counted("eth0", "Egress", "no-service"), dropped), whole, "{hook} {friend}");
        }
        assert!(sent.runs() >= 2, "{hook}: the buffers were not as they should be");
        // XDP puts the beginning of the frame into one piece.
        if hook == "tc" {
            assert!(received.runs() >= 2, "{hook}: the buffers were not as they should be");
        }
    }
}
