//! The largest host: what a packet costs among a million members, what its tables take of memory, and what single changes
//! take to compile.

use super::{Report, median};
use firewall_ctl::model::Side;
use firewall_tests::judge::{EmptyProgram, Hook, Kernel, entry};
use firewall_tests::large::{Counts, LargeHost, Step};
use firewall_tests::packet::eth;
use std::net::{IpAddr, Ipv4Addr};

/// Interfaces of the host: with 16 groups and 1 000 rules a direction each.
const INTERFACES: u32 = 1000;
/// Runs of a frame whose average is taken.
const REPEAT: u32 = 500_000;
/// Rounds whose median is taken.
const ROUNDS: usize = 5;

/// All that is measured on it.
pub fn reports() -> Vec<Report> {
    let host = LargeHost::new(INTERFACES);
    let compiling = compiling(&host.steps());
    let mut kernel = Kernel::load(host.limits());
    kernel.publish(&host.model);
    kernel.place(entry(1, Side::Host));
    let packets = packets(&mut kernel);
    vec![packets, memory("Mebibytes of the tables of the large host", &kernel), compiling]
}

/// What tables take, by the kernel's own account.
pub fn memory(title: &'static str, kernel: &Kernel) -> Report {
    let mut tables = kernel.memory();
    tables.sort_by_key(|(_, octets)| std::cmp::Reverse(*octets));
    let sum = tables.iter().map(|(_, octets)| octets).sum();
    tables.push(("all", sum));
    let mebibytes = |octets: u64| format!("{:.1}", octets as f64 / f64::from(1 << 20));
    let rows = tables.into_iter().map(|(name, octets)| vec![name.to_owned(), mebibytes(octets)]);
    Report { title, head: vec!["table", "MiB"], rows: rows.collect() }
}

fn packets(kernel: &mut Kernel) -> Report {
    let local: IpAddr = Ipv4Addr::new(172, 31, 0, 0).into();
    let tcp = |port| eth().ip(LargeHost::stranger(), local).tcp(40_000, port);
    let cases = [
        ("denied, no rule names the port", tcp(81).syn().build(), false),
        ("denied, peers of all kinds", tcp(1000).syn().build(), false),
        ("flow that lives", tcp(1004).numbers(1001, 1).tcp_ack().build(), true),
    ];
    let mut rows = Vec::new();
    for hook in [Hook::Xdp, Hook::TcReceive] {
        let empty = EmptyProgram::load(hook).unwrap_or_else(|error| panic!("load an empty program: {error}"));
        for (name, frame, passes) in &cases {
            assert_eq!(kernel.run(hook, frame), Ok(*passes), "{name}");
            let (mut ours, mut nothing) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ours.push(kernel.time(hook, frame, REPEAT));
                nothing.push(empty.time(frame, REPEAT).expect("runs"));
            }
            let (ours, nothing) = (median(ours), median(nothing));
            let figures = [ours, nothing, ours.saturating_sub(nothing)].map(|time| time.as_nanos().to_string());
            rows.push([vec![format!("{hook:?} IPv4: {name}")], figures.to_vec()].concat());
        }
    }
    Report {
        title: "Nanoseconds a packet, 1 000 interfaces of 1 000 rules, 100 000 entries of lists, 1 000 000 members",
        head: vec!["packet", "program", "empty program", "over it"],
        rows,
    }
}

fn compiling(steps: &[Step]) -> Report {
    let row = |Step { name, edit, follow, plan, counts }: &Step| {
        let Counts { policies, others, members, entries } = counts;
        let times = [edit, follow, plan].map(|time| format!("{:.2}", time.as_secs_f64() * 1e3));
        let counts = [policies + others, members + entries].map(|count| count.to_string());
        [vec![(*name).to_owned()], times.to_vec(), counts.to_vec()].concat()
    };
    Report {
        title: "Milliseconds of a change of that host, and what it writes",
        head: vec!["change", "model", "compile", "plan", "entries of policies", "members and entries"],
        rows: steps.iter().map(row).collect(),
    }
}
