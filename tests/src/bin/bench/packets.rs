//! Nanoseconds a packet, by the kernel's test facility, on hosts of several sizes.
//!
//! Hot: one packet again and again. Many: 65 536 packets of different flows, each run once a round; one run costs more then,
//! also that of the empty program.

use super::{Report, median};
use firewall_ctl::daemon::LogLevel;
use firewall_ctl::model::{Family, Side};
use firewall_tests::judge::{EmptyProgram, Hook, Kernel, entry};
use firewall_tests::large::probe::{BLOCKS, CLOSED, EVERYONE_ELSE, STATELESS, TRACKED, coming, going};
use firewall_tests::large::{LargeHost, Scale};
use std::time::Duration;

/// Runs of a frame whose average is taken.
const REPEAT: u32 = 500_000;
/// Rounds whose median is taken.
const ROUNDS: usize = 5;
/// Flows of which none is asked for twice before all have been.
const MANY: u16 = u16::MAX;
/// New flows in a round: they fit the ring of half-open flows.
const NEW: u16 = 2000;

/// The sizes, from a small host to one that is full.
pub const SIZES: [Scale; 4] = [
    Scale { interfaces: 1, shared_groups: 0, own_rules: 12, entries: 10, members: 10 },
    Scale { interfaces: 1, shared_groups: 15, own_rules: 100, entries: 100, members: 1000 },
    Scale { interfaces: 1000, shared_groups: 0, own_rules: 12, entries: 100, members: 1000 },
    LARGEST,
];
/// The largest host that the project is made for.
pub const LARGEST: Scale = Scale::full(1000);

/// A kind of packet: what it is called, its frames, and what is asked of the program.
struct Case {
    name: &'static str,
    frames: Vec<Vec<u8>>,
    passes: bool,
    /// Packets that have to be seen before, at the hooks where they are.
    before: Vec<(Hook, Vec<u8>)>,
    /// Whether each run begins a flow, so that rounds begin without any.
    begins: bool,
}

/// Figures of a host: a row for each kind of packet.
pub fn report(scale: Scale, kernel: &mut Kernel) -> Report {
    let mut rows = Vec::new();
    for hook in [Hook::Xdp, Hook::TcReceive] {
        let empty = EmptyProgram::load(hook).unwrap_or_else(|error| panic!("load an empty program: {error}"));
        for family in [Family::Ipv4, Family::Ipv6] {
            for case in cases(hook, family) {
                let (ours, nothing) = measure(kernel, &empty, hook, &case);
                let over = ours.saturating_sub(nothing);
                let figures = [ours, nothing, over].map(|time| time.as_nanos().to_string());
                rows.push([vec![format!("{hook:?} {family:?}: {}", case.name)], figures.to_vec()].concat());
            }
        }
    }
    Report {
        title: format!("Nanoseconds a packet, {}", named(scale)),
        head: vec!["packet", "program", "empty program", "over it"],
        rows,
    }
}

/// A host's size in words.
pub fn named(scale: Scale) -> String {
    let Scale { interfaces, shared_groups: _, own_rules: _, entries, members } = scale;
    format!(
        "interfaces {interfaces}, rules of each a direction {}, entries of lists {}, members {}",
        scale.rules(),
        interfaces * entries,
        interfaces * members
    )
}

/// The programs with the tables of a host, whose first interface is where frames come from.
pub fn load(host: &LargeHost) -> Kernel {
    let mut kernel = Kernel::load_logging(host.limits(), LogLevel::Off);
    kernel.publish(&host.model);
    kernel.place(entry(1, Side::Host));
    kernel
}

fn cases(hook: Hook, family: Family) -> Vec<Case> {
    let syn = |number, service| coming(family, number, service).syn().build();
    let denied =
        |name, service| Case { name, frames: vec![syn(0, service)], passes: false, before: Vec::new(), begins: false };
    let acknowledgement = |number| coming(family, number, TRACKED).numbers(1001, 1).tcp_ack().build();
    let handshake = |number| {
        let answer = going(family, number, TRACKED).numbers(0, 1001).syn_ack().build();
        let syn = coming(family, number, TRACKED).numbers(1000, 0).syn().build();
        [(hook, syn), (Hook::TcSend, answer), (hook, acknowledgement(number))]
    };
    let established = |name, count| Case {
        name,
        frames: (0..count).map(acknowledgement).collect(),
        passes: true,
        before: (0..count).flat_map(handshake).collect(),
        begins: false,
    };
    vec![
        Case { name: "accepted without a flow", passes: true, ..denied("", STATELESS) },
        established("of an established flow", 1),
        established("of one of many established flows", MANY),
        Case {
            name: "new and allowed, a flow begins",
            frames: (0..NEW).map(|number| syn(number, TRACKED)).collect(),
            passes: true,
            before: Vec::new(),
            begins: true,
        },
        denied("denied, no rule names the port", CLOSED),
        denied("denied by CIDRs", BLOCKS),
        denied("denied by peers of all kinds", EVERYONE_ELSE),
    ]
}

/// The medians of our program and of one that does nothing, on the same frames in turn.
fn measure(kernel: &mut Kernel, empty: &EmptyProgram, hook: Hook, case: &Case) -> (Duration, Duration) {
    let Case { name, frames, passes, before, begins } = case;
    kernel.forget();
    for (hook, frame) in before {
        assert_eq!(kernel.run(*hook, frame), Ok(true), "before {name}");
    }
    assert_eq!(kernel.run(hook, &frames[0]), Ok(*passes), "{name}");
    let repeat = if frames.len() == 1 { REPEAT } else { 1 };
    let (mut ours, mut nothing) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        if *begins {
            kernel.forget();
        }
        ours.push(median(frames.iter().map(|frame| kernel.time(hook, frame, repeat)).collect()));
        let times = frames.iter().map(|frame| empty.time(frame, repeat).expect("runs"));
        nothing.push(median(times.collect()));
    }
    (median(ours), median(nothing))
}
