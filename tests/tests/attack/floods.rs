//! Floods of what is dropped: who watches them must not be flooded, and nobody else may notice.

use super::diary::{ATTACHMENT, FLOW, NO_SERVICE, RULE};
use super::stage::{self, CLOSED, EPHEMERAL, HTTPS, families};
use firewall_common::verdict::Direction;
use firewall_ctl::model::Side;
use firewall_tests::judge::{Hook, Kernel, Moved, entry, small_limits};
use firewall_tests::ledger::Line;
use std::net::IpAddr;

/// Sources of the flood: many times as many as there is room to remember.
const SOURCES: u32 = 10_000;

/// The same family, another address for each number.
fn source(number: u32, v4: bool) -> IpAddr {
    let [a, b, c, d] = number.to_be_bytes();
    if v4 { [203, 0x80 | b, c, d].into() } else { [0x20, 1, 0x0d, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, a, b, c, d].into() }
}

#[test]
fn a_flood_of_dropped_packets_is_counted_and_fills_nothing() {
    let mut kernel = Kernel::shared();
    kernel.publish(&stage::model());
    kernel.place(entry(ATTACHMENT, Side::Host));
    for (hook, name) in [(Hook::Xdp, "xdp"), (Hook::TcReceive, "tc-in")] {
        for family in families() {
            kernel.forget();
            let syn = family.coming().tcp(EPHEMERAL, HTTPS).syn().build();
            let opened = kernel.judge(hook, &syn).expect("the kernel takes the frame");
            assert_eq!(opened.verdict(ATTACHMENT, Direction::Inbound, syn.len()), Ok(RULE));
            let mut octets = 0;
            for number in 0..SOURCES {
                let frame = family.from(source(number, family.is_v4())).tcp(EPHEMERAL, CLOSED).syn().build();
                assert_eq!(kernel.run(hook, &frame), Ok(false), "{number}");
                octets += frame.len() as u64;
            }
            let (moved, rules) = kernel.moved();
            let flood = Moved {
                attachment: ATTACHMENT,
                direction: Direction::Inbound,
                outcome: NO_SERVICE.outcome(),
                packets: SOURCES.into(),
                bytes: octets,
            };
            assert_eq!((moved, rules), (vec![flood], Vec::new()), "{hook:?}, {}", family.name);
            let (records, room) = (kernel.drop_records(), small_limits().drops as usize);
            assert!((1..=room).contains(&records), "{records} of {room}");
            let answer = family.going().tcp(HTTPS, EPHEMERAL).syn_ack().build();
            let answered = kernel.judge(Hook::TcSend, &answer).expect("the kernel takes the frame");
            assert_eq!(answered.verdict(ATTACHMENT, Direction::Outbound, answer.len()), Ok(FLOW));
            let line = Line {
                case: 25,
                name: "a flood of spoofed sources to a closed port",
                hook: name,
                family: family.name,
                side: "host",
                result: &format!("{SOURCES} drop no-service, at most {room} remembered; pass flow"),
                is_expected: true,
            };
            line.write();
        }
    }
}
