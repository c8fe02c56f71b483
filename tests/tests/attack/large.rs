//! Packets of many segments, frames in several pieces, and checksums that nobody has finished.

use super::diary::{ATTACHMENT, FLOW, NO_SERVICE, RULE, drop};
use super::stage::{self, CLOSED, EPHEMERAL, Family, HTTPS, families};
use firewall_common::verdict::{Direction, Reason, Verdict};
use firewall_ctl::model::Side;
use firewall_tests::judge::{Buffer, Hook, Kernel, Moved, entry};
use firewall_tests::ledger::Line;
use firewall_tests::packet::{Packet, eth};

/// More than a page: the kernel lays the rest of it into other pages.
const JUMBO: usize = 8900;
/// As much as the kernel's test facility puts into a buffer of traffic control.
const BULK: usize = 3000;
const SEGMENTS: u32 = 40;

fn kernel() -> firewall_tests::judge::SharedKernel {
    let mut kernel = Kernel::shared();
    kernel.publish(&stage::model());
    kernel.place(entry(ATTACHMENT, Side::Host));
    kernel
}

/// What one packet has moved, however many segments are in it.
fn check(kernel: &mut Kernel, passed: bool, direction: Direction, expected: Verdict, [packets, bytes]: [u64; 2]) {
    let moved = Moved { attachment: ATTACHMENT, direction, outcome: expected.outcome(), packets, bytes };
    assert_eq!((passed, kernel.moved().0), (expected.passes(), vec![moved]), "{expected:?}");
}

fn shown(name: &str, hook: &str, family: &str, result: &str) {
    Line { case: 20, name, hook, family, side: "host", result, is_expected: true }.write();
}

fn segment(packet: Packet, ports: [u16; 2]) -> Packet {
    packet.tcp(ports[0], ports[1]).tcp_ack()
}

#[test]
fn frames_of_several_pieces_are_judged_whole() {
    let mut kernel = kernel();
    for family in families() {
        kernel.forget();
        for (port, expected) in [(HTTPS, RULE), (CLOSED, NO_SERVICE)] {
            // Data in a SYN is as good as any to make a frame long.
            let frame = family.coming().tcp(EPHEMERAL, port).syn().payload(&[b'x'; JUMBO]).build();
            let passed = kernel.run(Hook::Xdp, &frame).expect("the kernel takes the frame");
            check(&mut kernel, passed, Direction::Inbound, expected, [1, frame.len() as u64]);
        }
        let mut far = family.coming().tcp(EPHEMERAL, HTTPS).syn().payload(&[b'x'; JUMBO]).build();
        far.truncate(JUMBO / 2);
        let length = drop(if family.is_v4() { Reason::Ipv4Length } else { Reason::Ipv6Length });
        let passed = kernel.run(Hook::Xdp, &far).expect("the kernel takes the frame");
        check(&mut kernel, passed, Direction::Inbound, length, [1, far.len() as u64]);
        shown("frames of three pages", "xdp", family.name, "pass rule, drop no-service, drop for the length when cut");
    }
}

/// What one frame would be on the wire is counted, and lengths of zero, which larger packets have, are taken.
#[test]
fn packets_of_many_segments_count_as_many() {
    let mut kernel = kernel();
    for hook in [Hook::TcReceive, Hook::TcSend] {
        for family in families() {
            kernel.forget();
            open(&mut kernel, &family);
            let direction = hook.direction(Side::Host);
            let (packet, ports) = match direction {
                Direction::Inbound => (family.coming(), [EPHEMERAL, HTTPS]),
                Direction::Outbound => (family.going(), [HTTPS, EPHEMERAL]),
            };
            let whole = segment(packet, ports).payload(&[b'x'; BULK]).build();
            let mut beyond = whole.clone();
            // The total length of IPv4, the payload length of IPv6.
            let length = if family.is_v4() { 16..18 } else { 18..20 };
            beyond[length].fill(0);
            let of = |segments: u32, more: u32| Buffer { segments, wire_length: whole.len() as u32 + more };
            // Some kernels add the headers of all segments to the length that they note, some do not.
            for more in [0, (SEGMENTS - 1) * 54] {
                for frame in [&whole, &beyond] {
                    let passed = kernel.run_buffer(hook, frame, of(SEGMENTS, more));
                    let counted = [SEGMENTS.into(), whole.len() as u64];
                    check(&mut kernel, passed, direction, FLOW, counted);
                }
            }
            // One segment says how long it is. Each octet behind the header is payload in IPv6, which has none of TCP then.
            let expected = drop(if family.is_v4() { Reason::Ipv4Length } else { Reason::TcpHeader });
            let passed = kernel.run_buffer(hook, &beyond, of(1, 0));
            check(&mut kernel, passed, direction, expected, [1, whole.len() as u64]);
            let hook = if hook == Hook::TcReceive { "tc-in" } else { "tc-out" };
            let result =
                format!("pass flow, {SEGMENTS} counted, with any length noted; a length of 0 in one segment: drop");
            shown("packets of many segments", hook, family.name, &result);
        }
    }
}

/// What a received buffer is noted to be long does not take its header away: these are frames as any other, though the note
/// is that of one whose header is hidden.
#[test]
fn a_note_alone_hides_no_header() {
    let mut kernel = kernel();
    for family in families() {
        for (more, vlan) in [(0, false), (1, false), (1000, false), (0, true)] {
            kernel.forget();
            for (port, expected) in [(HTTPS, RULE), (CLOSED, NO_SERVICE)] {
                let begin = if vlan { eth().vlan(7) } else { eth() };
                let packet = begin.ip(family.friend, family.local);
                let frame = packet.tcp(EPHEMERAL, port).syn().build();
                let buffer = Buffer { segments: 1, wire_length: frame.len() as u32 + more };
                let passed = kernel.run_buffer(Hook::TcReceive, &frame, buffer);
                check(&mut kernel, passed, Direction::Inbound, expected, [1, frame.len() as u64]);
            }
        }
    }
}

/// A packet between two namespaces, or one that the card will finish, has no checksum yet.
#[test]
fn checksums_are_not_looked_at() {
    let mut kernel = kernel();
    for hook in [Hook::Xdp, Hook::TcReceive] {
        for family in families() {
            kernel.forget();
            let mut frame = family.coming().tcp(EPHEMERAL, HTTPS).syn().build();
            let checksum = if family.is_v4() { 14 + 20 + 16 } else { 14 + 40 + 16 };
            frame[checksum..checksum + 2].fill(0);
            let passed = kernel.run(hook, &frame).expect("the kernel takes the frame");
            check(&mut kernel, passed, Direction::Inbound, RULE, [1, frame.len() as u64]);
            let hook = if hook == Hook::Xdp { "xdp" } else { "tc-in" };
            shown("an unfinished checksum", hook, family.name, "pass rule");
        }
    }
}

/// Begins a connection to the open port.
fn open(kernel: &mut Kernel, family: &Family) {
    let syn = family.coming().tcp(EPHEMERAL, HTTPS).syn().build();
    let answer = family.going().tcp(HTTPS, EPHEMERAL).syn_ack().build();
    for (hook, frame) in [(Hook::TcReceive, syn), (Hook::TcSend, answer)] {
        assert_eq!(kernel.run(hook, &frame), Ok(true));
    }
    kernel.moved();
}
