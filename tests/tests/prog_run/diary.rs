//! Diaries, and how they are run.

use firewall_common::verdict::{Direction, Pass, Reason, Verdict};
use firewall_ctl::model::{Model, Side};
use firewall_tests::judge::{Hook, Host, Kernel, Outcome, entry, small_limits};
use firewall_tests::packet::Packet;

/// Frames one after the other, on an interface without flows.
#[derive(Debug, Clone)]
pub struct Diary {
    name: String,
    side: Side,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    direction: Direction,
    frame: Vec<u8>,
    expected: Verdict,
}

/// Begins a diary of a host's own interface.
pub fn host(name: impl Into<String>) -> Diary {
    Diary { name: name.into(), side: Side::Host, entries: Vec::new() }
}

/// Begins a diary of a workload's interface.
pub fn workload(name: impl Into<String>) -> Diary {
    Diary { name: name.into(), side: Side::Workload, entries: Vec::new() }
}

/// The same diary of either side.
pub fn both(name: &str, write: impl Fn(Diary) -> Diary) -> [Diary; 2] {
    [write(host(format!("{name}, host"))), write(workload(format!("{name}, workload")))]
}

impl Diary {
    /// A frame to the protected side.
    pub fn inbound(self, packet: Packet, expected: Verdict) -> Self {
        self.enter(Direction::Inbound, packet.into(), expected)
    }

    /// A frame from the protected side.
    pub fn outbound(self, packet: Packet, expected: Verdict) -> Self {
        self.enter(Direction::Outbound, packet.into(), expected)
    }

    fn enter(mut self, direction: Direction, frame: Vec<u8>, expected: Verdict) -> Self {
        self.entries.push(Entry { direction, frame, expected });
        self
    }

    /// What is expected of its frames.
    pub fn expected(&self) -> impl Iterator<Item = Verdict> + '_ {
        self.entries.iter().map(|entry| entry.expected)
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
        let interface = entry(ATTACHMENT, diary.side);
        kernel.place(interface);
        tables.place(interface);
        for receive in [Hook::Xdp, Hook::TcReceive] {
            kernel.forget();
            let judge = |hook, frame: &[u8]| kernel.judge(hook, frame).ok();
            differences.extend(play(diary, &format!("{receive:?}"), receive, judge));
        }
        tables.forget();
        let judge = |hook, frame: &[u8]| Some(tables.judge(hook, frame));
        differences.extend(play(diary, "the host's tables", Hook::TcReceive, judge));
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
    for (number, Entry { direction, frame, expected }) in diary.entries.iter().enumerate() {
        let received = receive.direction(diary.side) == *direction;
        let hook = if received { receive } else { Hook::TcSend };
        let Some(outcome) = judge(hook, frame) else { continue };
        let seen = outcome.verdict(ATTACHMENT, *direction, frame.len());
        if seen != Ok(*expected) {
            let name = &diary.name;
            return Some(format!("{name}: frame {number} by {judge_name}: expected {expected:?}, seen {seen:?}"));
        }
    }
    None
}
