//! Two processors at once.

use super::diary::{ATTACHMENT, FLOW};
use super::stage::{self, DNS, EPHEMERAL, Family, HTTPS, families};
use firewall_common::verdict::Direction;
use firewall_ctl::compile::Limits;
use firewall_ctl::model::Side;
use firewall_tests::judge::{Hook, Kernel, entry, small_limits};
use firewall_tests::ledger::Line;
use firewall_tests::packet::Packet;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Flows of one round: fewer than what an interface may have half open.
const FLOWS: usize = 500;
/// Rounds for each family, kind of packet and hook.
const ROUNDS: usize = 2;

/// The first packet of a flow, and an answer to it.
pub type Opening = fn(&Family, u16) -> [Packet; 2];

/// Of a connection.
pub fn tcp(family: &Family, port: u16) -> [Packet; 2] {
    [family.coming().tcp(port, HTTPS).syn(), family.going().tcp(HTTPS, port).syn_ack()]
}

/// Of datagrams.
pub fn udp(family: &Family, port: u16) -> [Packet; 2] {
    [family.coming().udp(port, DNS), family.going().udp(DNS, port)]
}

/// Processors of this test that the kernel lets it run on.
fn processors() -> Vec<usize> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).expect("the processors of this process");
    (0..CpuSet::count()).filter(|number| allowed.is_set(*number).unwrap_or(false)).collect()
}

fn run_on(processor: usize) {
    let mut one = CpuSet::new();
    one.set(processor).expect("a processor that there is");
    sched_setaffinity(Pid::from_raw(0), &one).expect("run on a processor of one's own");
}

/// Has the programs run on one processor: each has rings of its own.
pub fn run_on_one() {
    run_on(processors()[0]);
}

/// Each frame is judged by two processors at the same moment. Both let it pass, one flow comes of it, and it is still
/// there afterwards. Where there is but one, two threads take turns on it.
#[test]
fn two_processors_begin_one_flow_at_once() {
    let processors = processors();
    let two = [processors[0], processors[processors.len() - 1]];
    let limits = Limits { flows_v4: 4096, flows_v6: 4096, ..small_limits() };
    let mut kernel = Kernel::load(limits);
    kernel.publish(&stage::model());
    kernel.place(entry(ATTACHMENT, Side::Host));
    for hook in [Hook::Xdp, Hook::TcReceive] {
        for family in families() {
            for opening in [tcp as Opening, udp] {
                for _ in 0..ROUNDS {
                    round(&mut kernel, hook, &family, opening, two);
                }
            }
        }
    }
    for hook in ["xdp", "tc-in"] {
        let line = Line {
            case: 22,
            name: "a flow that two processors begin",
            hook,
            family: "both",
            side: "host",
            result: &format!("{} flows of TCP and UDP: 2 pass rule and one flow each, none lost", 4 * ROUNDS * FLOWS),
            is_expected: true,
        };
        line.write();
    }
}

fn round(kernel: &mut Kernel, hook: Hook, family: &Family, opening: Opening, processors: [usize; 2]) {
    kernel.forget();
    kernel.moved();
    let pairs: Vec<[Vec<u8>; 2]> =
        (0..FLOWS as u16).map(|number| opening(family, EPHEMERAL + number).map(|packet| packet.build())).collect();
    let arrived = AtomicUsize::new(0);
    let passed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for processor in processors {
            let (kernel, pairs, arrived, passed) = (&*kernel, &pairs, &arrived, &passed);
            scope.spawn(move || {
                run_on(processor);
                for (number, [frame, _answer]) in pairs.iter().enumerate() {
                    // Both begin at once: who comes first waits for the other.
                    arrived.fetch_add(1, Ordering::AcqRel);
                    let mut patience = 2000;
                    while arrived.load(Ordering::Acquire) < 2 * (number + 1) {
                        if patience > 0 {
                            patience -= 1;
                            std::hint::spin_loop();
                        } else {
                            // The other one has been taken off its processor, perhaps for somebody who waits for ours.
                            thread::yield_now();
                        }
                    }
                    passed.fetch_add(usize::from(kernel.run(hook, frame) == Ok(true)), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(passed.into_inner(), 2 * FLOWS, "{hook:?}, {}", family.name);
    let (moved, rules) = kernel.moved();
    let flows: u64 = rules.iter().map(|rule| rule.flows).sum();
    assert_eq!(flows, FLOWS as u64, "each flow is counted once: {moved:?} {rules:?}");
    assert_eq!(kernel.flow_counts().into_iter().sum::<usize>(), FLOWS, "{hook:?}, {}", family.name);
    for [_frame, answer] in &pairs {
        let outcome = kernel.judge(Hook::TcSend, answer).expect("the kernel takes the frame");
        assert_eq!(outcome.verdict(ATTACHMENT, Direction::Outbound, answer.len()), Ok(FLOW), "{}", family.name);
    }
}
