//! Diaries, and how they are run.

use firewall_common::abi::INTERFACE_NO_ETHERNET;
use firewall_common::verdict::{Direction, Pass, Reason, Verdict};
use firewall_ctl::model::{Model, Side};
use firewall_tests::judge::{Hook, Host, Kernel, Outcome, entry, small_limits};
use firewall_tests::ledger::Line;
use firewall_tests::packet::{Packet, ether_type};
use std::collections::BTreeMap;

/// Frames one after the other, on an interface without flows.
#[derive(Debug, Clone)]
pub struct Diary {
    name: String,
    side: Side,
    cases: Vec<u8>,
    steps: Vec<Step>,
    /// The device has no Ethernet header.
    is_bare: bool,
}

/// A frame, and what is expected of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// The way that it goes.
    pub direction: Direction,
    /// Its octets.
    pub frame: Vec<u8>,
    /// The verdict.
    pub expected: Verdict,
}

/// Begins a diary of a host's own interface.
pub fn host(name: impl Into<String>) -> Diary {
    Diary { name: name.into(), side: Side::Host, cases: Vec::new(), steps: Vec::new(), is_bare: false }
}

/// Begins a diary of a workload's interface.
pub fn workload(name: impl Into<String>) -> Diary {
    Diary { name: name.into(), side: Side::Workload, cases: Vec::new(), steps: Vec::new(), is_bare: false }
}

/// The same diary of either side.
pub fn both(name: &str, write: impl Fn(Diary) -> Diary) -> [Diary; 2] {
    [write(host(name)), write(workload(name))]
}

/// Diaries that show a case of `firewall_tests::ledger::CASES`.
pub fn case(number: u8, diaries: impl IntoIterator<Item = Diary>) -> Vec<Diary> {
    diaries.into_iter().map(|diary| diary.case(number)).collect()
}

impl Diary {
    /// Says that it shows a case of `firewall_tests::ledger::CASES`; it may show several.
    pub fn case(mut self, number: u8) -> Self {
        self.cases.push(number);
        self
    }

    /// Puts what follows at a device without an Ethernet header, which is taken off. There is no XDP for such devices.
    pub fn bare(mut self) -> Self {
        self.is_bare = true;
        self
    }

    /// The cases that it shows.
    pub fn cases(&self) -> &[u8] {
        &self.cases
    }

    /// A frame to the protected side.
    pub fn inbound(self, packet: Packet, expected: Verdict) -> Self {
        self.enter(Direction::Inbound, packet.into(), expected)
    }

    /// A frame from the protected side.
    pub fn outbound(self, packet: Packet, expected: Verdict) -> Self {
        self.enter(Direction::Outbound, packet.into(), expected)
    }

    fn enter(mut self, direction: Direction, frame: Vec<u8>, expected: Verdict) -> Self {
        let frame = if self.is_bare { frame[14..].to_vec() } else { frame };
        self.steps.push(Step { direction, frame, expected });
        self
    }

    /// The side of the interface that its frames meet.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Its frames.
    pub fn steps(&self) -> Vec<Step> {
        self.steps.clone()
    }

    /// Whether its frames have no Ethernet header.
    pub fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// What is expected of its frames.
    pub fn expected(&self) -> impl Iterator<Item = Verdict> + '_ {
        self.steps.iter().map(|step| step.expected)
    }
}

/// It is about a flow.
pub const ERROR: Verdict = Verdict::Allow(Pass::IcmpError);
/// A rule allows it.
pub const RULE: Verdict = Verdict::Allow(Pass::Rule);
/// It belongs to a flow.
pub const FLOW: Verdict = Verdict::Allow(Pass::Flow);
/// No rule names its service.
pub const NO_SERVICE: Verdict = Verdict::Drop(Reason::NoService);
/// No rule with its service names its peer.
pub const NO_PEER: Verdict = Verdict::Drop(Reason::NoPeer);

/// Dropped for a reason.
pub const fn drop(reason: Reason) -> Verdict {
    Verdict::Drop(reason)
}

/// The attachment that diaries are about.
pub const ATTACHMENT: u32 = 1;

/// Runs diaries on every hook and on the host, and shows all differences at once.
pub fn run(model: &Model, diaries: &[Diary]) {
    let mut kernel = Kernel::shared();
    kernel.publish(model);
    let mut tables = Host::new(small_limits());
    tables.publish(model);
    let mut differences = Vec::new();
    for diary in diaries {
        let mut interface = entry(ATTACHMENT, diary.side);
        if diary.is_bare {
            interface.flags |= INTERFACE_NO_ETHERNET;
        }
        kernel.place(interface);
        tables.place(interface);
        for (name, receive) in [("xdp, tc-out", Hook::Xdp), ("tc-in, tc-out", Hook::TcReceive)] {
            if diary.is_bare && receive == Hook::Xdp {
                continue;
            }
            kernel.forget();
            let judge = |hook, frame: &[u8]| kernel.judge(hook, frame).ok();
            differences.extend(play(diary, name, receive, judge));
        }
        tables.forget();
        let judge = |hook, frame: &[u8]| Some(tables.judge(hook, frame));
        differences.extend(play(diary, "host's tables", Hook::TcReceive, judge));
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

/// Plays a diary to one judge, to its first difference. A judge may be unable to take a frame.
fn play(
    diary: &Diary,
    judge_name: &str,
    receive: Hook,
    mut judge: impl FnMut(Hook, &[u8]) -> Option<Outcome>,
) -> Option<String> {
    let Diary { name, side, cases: _, steps, is_bare: _ } = diary;
    let mut seen_before: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (number, Step { direction, frame, expected }) in steps.iter().enumerate() {
        let received = receive.direction(*side) == *direction;
        let hook = if received { receive } else { Hook::TcSend };
        let Some(outcome) = judge(hook, frame) else { continue };
        let seen = outcome.verdict(ATTACHMENT, *direction, frame.len());
        if seen != Ok(*expected) {
            let difference = format!(
                "{name}, {}: frame {number} by {judge_name}: expected {expected:?}, seen {seen:?}",
                side_name(*side)
            );
            diary.write_lines(judge_name, &difference, false);
            return Some(difference);
        }
        *seen_before.entry((expected.kind(), expected.name())).or_default() += 1;
    }
    let seen = seen_before.iter().map(|((kind, name), count)| format!("{count} {kind} {name}"));
    diary.write_lines(judge_name, &seen.collect::<Vec<_>>().join(", "), true);
    None
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Host => "host",
        Side::Workload => "workload",
    }
}

impl Diary {
    /// Writes into the ledger what became of it.
    fn write_lines(&self, hook: &str, result: &str, is_expected: bool) {
        let Self { name, side, cases, steps, is_bare } = self;
        let family = family_of(steps, *is_bare);
        let name = name.strip_prefix(&format!("{family}: ")).unwrap_or(name);
        // What shows no case of the list is shown beside it.
        let beside = [0];
        for case in if cases.is_empty() { &beside } else { cases.as_slice() } {
            Line { case: *case, name, hook, family, side: side_name(*side), result, is_expected }.write();
        }
    }
}

/// The families of frames, by their EtherTypes, or by the version where they have none.
fn family_of(steps: &[Step], is_bare: bool) -> &'static str {
    let is = |frame: &[u8], number: u16, version: u8| {
        if is_bare {
            frame.first().is_some_and(|first| first >> 4 == version)
        } else {
            ether_type_of(frame) == Some(number)
        }
    };
    let has = |number: u16, version: u8| steps.iter().any(|step| is(&step.frame, number, version));
    match (has(ether_type::IPV4, 4), has(ether_type::IPV6, 6)) {
        (true, true) => "both",
        (true, false) => "IPv4",
        (false, true) => "IPv6",
        (false, false) => "-",
    }
}

/// The EtherType behind all tags.
pub fn ether_type_of(frame: &[u8]) -> Option<u16> {
    let mut at = 12;
    loop {
        let number = u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?]);
        if number != ether_type::VLAN && number != ether_type::QINQ {
            return Some(number);
        }
        at += 4;
    }
}
