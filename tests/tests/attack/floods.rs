//! Floods of what is dropped: who watches them must not be flooded, and nobody else may notice.

use super::court::Hearing;
use super::diary::{ATTACHMENT, FLOW, NO_SERVICE, RULE};
use super::stage::{self, CLOSED, EPHEMERAL, HTTPS, families, spoofed};
use firewall_common::abi::{DROPS_A_TICK, DropKey};
use firewall_common::verdict::Direction;
use firewall_ctl::model::Side;
use firewall_tests::judge::{Hook, Kernel, Moved, entry, small_limits};
use firewall_tests::ledger::Line;
use firewall_tests::packet::eth;
use std::net::IpAddr;
use std::time::Instant;

/// Sources of the flood: many times as many as there is room to remember.
const SOURCES: u32 = 10_000;

/// The port of the flood that comes from one source only.
const ONE_SOURCE: u16 = EPHEMERAL + 1;

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
                let frame = family.from(spoofed(number, family.is_v4())).tcp(EPHEMERAL, CLOSED).syn().build();
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

/// A record has whose packets they were, why they were dropped, and how many.
#[test]
fn what_is_dropped_is_recorded_by_whose_it_is() {
    let result = "both ends, service, direction, reason, number and octets of packets";
    Hearing { case: 25, name: "records of what is dropped", result }.hold(&stage::model(), |court| {
        let family = court.family;
        let known = court.drops();
        let (closed, back) = (family.coming().udp(EPHEMERAL, CLOSED), family.going().tcp(CLOSED, EPHEMERAL).tcp_ack());
        let ping = family.request(eth().vlan(5).ip(family.local, family.friend), 7);
        for _ in 0..3 {
            court.inbound(closed.clone(), NO_SERVICE);
        }
        court.outbound(back.clone(), NO_SERVICE).outbound(ping.clone(), NO_SERVICE);
        // What passes leaves no record.
        court.inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn(), RULE);
        let padded = |address: IpAddr| match address {
            IpAddr::V4(v4) => [v4.octets().as_slice(), &[0; 12]].concat().try_into().expect("16 octets"),
            IpAddr::V6(v6) => v6.octets(),
        };
        let (local, friend) = (padded(family.local), padded(family.friend));
        let kinds = if family.is_v4() { (1, 8) } else { (58, 128) };
        let key = |vlans, [source, destination]: [[u8; 16]; 2], ports, protocol, direction| DropKey {
            attachment: ATTACHMENT,
            vlans,
            source,
            destination,
            source_port: ports,
            service: CLOSED,
            protocol,
            direction: direction as u8,
            outcome: NO_SERVICE.outcome(),
            family: u8::from(!family.is_v4()),
        };
        let (inbound, outbound) = (Direction::Inbound, Direction::Outbound);
        let expected = [
            (key(0, [friend, local], EPHEMERAL, 17, inbound), 3, closed),
            (DropKey { service: EPHEMERAL, ..key(0, [local, friend], CLOSED, 6, outbound) }, 1, back),
            (DropKey { service: kinds.1 << 8, ..key(5, [local, friend], 7, kinds.0, outbound) }, 1, ping),
        ];
        let drops = court.drops();
        for (key, packets, packet) in expected {
            let before = known.get(&key).copied().unwrap_or_default();
            let now = drops.get(&key).copied().unwrap_or_else(|| panic!("{key:?} is not in {drops:#?}"));
            let octets = packets * packet.build().len() as u64;
            assert_eq!((now.packets - before.packets, now.bytes - before.bytes), (packets, octets), "{key:?}");
            assert!(now.first <= now.last, "{now:?}");
        }
    });
}

/// Each dropped packet is either in a record or counted as one that is in none, and a tick has room for so many records.
#[test]
fn a_flood_is_recorded_within_the_budget() {
    super::race::run_on_one();
    let mut kernel = Kernel::shared();
    kernel.publish(&stage::model());
    kernel.place(entry(ATTACHMENT, Side::Host));
    for (hook, name) in [(Hook::Xdp, "xdp"), (Hook::TcReceive, "tc-in")] {
        for family in families() {
            // From a port of its own: what is recorded of other floods may have to make room for it.
            let frame = family.from(spoofed(77, family.is_v4())).tcp(ONE_SOURCE, CLOSED).syn().build();
            let recorded = |kernel: &Kernel| {
                let of_source = kernel.drops().into_iter().filter(|(key, _)| key.source_port == ONE_SOURCE);
                of_source.map(|(_, record)| record.packets).sum::<u64>()
            };
            let before = (recorded(&kernel), kernel.skipped_drops());
            let begin = Instant::now();
            kernel.time(hook, &frame, SOURCES);
            // A tick is a little more than a millisecond; the first and the last may be only touched.
            let ticks = u64::try_from(begin.elapsed().as_millis()).expect("a moment") + 2;
            let (recorded, skipped) = (recorded(&kernel) - before.0, kernel.skipped_drops() - before.1);
            assert_eq!(recorded + skipped, u64::from(SOURCES), "{hook:?}, {}", family.name);
            assert!(recorded <= ticks * DROPS_A_TICK, "{recorded} in {ticks} ticks");
            assert!(skipped > 0, "so many packets in {ticks} ticks are more than are recorded");
            let flood = kernel.moved().0;
            assert_eq!(flood.iter().map(|moved| moved.packets).collect::<Vec<_>>(), [u64::from(SOURCES)]);
            let line = Line {
                case: 25,
                name: "a flood, and how much of it is recorded",
                hook: name,
                family: family.name,
                side: "host",
                result: &format!("{SOURCES} counted; recorded or said to be not, at most {DROPS_A_TICK} a tick"),
                is_expected: true,
            };
            line.write();
        }
    }
}
