//! Nanoseconds a packet, by the kernel's test facility. Caches are hot: one packet again and again, but for new flows.

use super::{Report, median};
use firewall_common::verdict::Direction;
use firewall_ctl::model::Side;
use firewall_tests::build::ModelBuilder;
use firewall_tests::judge::{EmptyProgram, Hook, Kernel, SharedKernel, entry};
use firewall_tests::packet::eth;
use std::net::IpAddr;
use std::time::Duration;

/// Runs of a frame whose average is taken.
const REPEAT: u32 = 500_000;
/// Rounds whose median is taken.
const ROUNDS: usize = 5;
/// New flows in a round: they fit the tables for tests.
const NEW: u16 = 400;

/// A kind of packet: what it is called, and the frames that are run one after another.
struct Case {
    name: &'static str,
    frames: Vec<Vec<u8>>,
    repeat: u32,
}

pub fn report() -> Report {
    let mut rows = Vec::new();
    for hook in [Hook::Xdp, Hook::TcReceive] {
        for (family, local, peer) in [("IPv4", "10.0.0.1", "10.0.0.2"), ("IPv6", "fd00::1", "fd00::2")] {
            let [local, peer] = [local, peer].map(|text| text.parse().expect("an address"));
            for case in cases(local, peer) {
                let (ours, empty) = measure(hook, &case);
                let over = ours.saturating_sub(empty);
                let figures = [ours, empty, over].map(|time| time.as_nanos().to_string());
                rows.push([vec![format!("{hook:?} {family}: {}", case.name)], figures.to_vec()].concat());
            }
        }
    }
    Report {
        title: "Nanoseconds a packet, caches hot",
        head: vec!["packet", "program", "empty program", "over it"],
        rows,
    }
}

fn cases(local: IpAddr, peer: IpAddr) -> Vec<Case> {
    let tcp = |port| eth().ip(peer, local).tcp(40_000, port);
    let one = |name, frame: Vec<u8>| Case { name, frames: vec![frame], repeat: REPEAT };
    let new = (1..=NEW).map(|source| eth().ip(peer, local).tcp(source, 80).syn().build()).collect();
    vec![
        one("denied, no rule names the port", tcp(81).syn().build()),
        one("denied, rules for other CIDRs", tcp(22).syn().build()),
        one("denied, rules for CIDRs and groups", tcp(5432).syn().build()),
        Case { name: "new and allowed, a flow begins", frames: new, repeat: 1 },
        one("flow that lives", tcp(80).numbers(1001, 1).tcp_ack().build()),
    ]
}

/// An interface with rules of every kind.
fn kernel() -> SharedKernel {
    let mut kernel = Kernel::shared();
    let mut model = ModelBuilder::new();
    let (group, other) = (model.group("bench"), model.group("other"));
    for anyone in ["0.0.0.0/0", "::/0"] {
        model.rule(group, Direction::Inbound, "tcp/80", anyone);
    }
    for (port, cidrs) in [(22, ["192.0.2.0/24", "2001:db8::/32"]), (5432, ["198.51.100.0/24", "2001:db8:1::/48"])] {
        for cidr in cidrs {
            model.rule(group, Direction::Inbound, &format!("tcp/{port}"), cidr);
        }
    }
    model.rule(group, Direction::Inbound, "tcp/5432", &other.to_string());
    model.member(&[other], &["10.0.0.3", "fd00::3"]);
    model.interface(1, Side::Host, &[group], &["10.0.0.1", "fd00::1"]);
    kernel.publish(&model.model());
    kernel.place(entry(1, Side::Host));
    kernel
}

/// The medians of our program and of one that does nothing, on the same frames in turn.
fn measure(hook: Hook, case: &Case) -> (Duration, Duration) {
    let empty = EmptyProgram::load(hook).unwrap_or_else(|error| panic!("load an empty program: {error}"));
    let mut kernel = kernel();
    let (mut ours, mut nothing) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        kernel.forget();
        let times = case.frames.iter().map(|frame| kernel.time(hook, frame, case.repeat));
        ours.push(median(times.collect()));
        let times = case.frames.iter().map(|frame| empty.time(frame, case.repeat).expect("runs"));
        nothing.push(median(times.collect()));
    }
    (median(ours), median(nothing))
}
