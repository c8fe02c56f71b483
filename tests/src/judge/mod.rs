//! Three ways to have a frame judged: by the loaded programs, by the same decision on the host, and (in
//! [`crate::oracle`]) by common sense. What the first two did is told by the counters that moved.

mod batch;
mod counters;
mod empty;
mod flows;
mod host;
mod kernel;
mod pinned;
mod plain;

pub use empty::{EmptyProgram, time_program};
pub use host::Host;
pub use kernel::{Buffer, Kernel, ProgramSize, SharedKernel, TestRunError};
pub use pinned::Pinned;

use firewall_common::abi::{INTERFACE_WORKLOAD, Interface};
use firewall_common::verdict::{Direction, Verdict};
use firewall_ctl::compile::Limits;
use firewall_ctl::model::Side;

/// Index of the loopback device, which frames of a test run come from.
pub const LOOPBACK: u32 = 1;

/// Where a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// XDP, a frame that the device receives.
    Xdp,
    /// TC, a frame that the device receives.
    TcReceive,
    /// TC, a frame that the device sends.
    TcSend,
}

impl Hook {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Xdp, Self::TcReceive, Self::TcSend];

    /// Whether the device has received the frame.
    #[must_use]
    pub const fn received(self) -> bool {
        match self {
            Self::Xdp | Self::TcReceive => true,
            Self::TcSend => false,
        }
    }

    /// The way that a frame goes at this hook of a device of some side.
    #[must_use]
    pub const fn direction(self, side: Side) -> Direction {
        match (self.received(), side) {
            (true, Side::Host) | (false, Side::Workload) => Direction::Inbound,
            (true, Side::Workload) | (false, Side::Host) => Direction::Outbound,
        }
    }
}

/// What became of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it passed.
    pub passed: bool,
    /// The counters of interfaces that moved.
    pub moved: Vec<Moved>,
    /// The counters of rules that moved.
    pub rules: Vec<RuleMoved>,
}

/// A counter that moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// Of this attachment; 0 for a device that has none.
    pub attachment: u32,
    /// In this direction.
    pub direction: Direction,
    /// For this outcome.
    pub outcome: u8,
    /// By so many packets.
    pub packets: u64,
    /// And octets.
    pub bytes: u64,
}

/// The counter of a rule that moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleMoved {
    /// Its number.
    pub rule: u32,
    /// By so many flows.
    pub flows: u64,
    /// And packets.
    pub packets: u64,
    /// And octets.
    pub bytes: u64,
}

impl Outcome {
    /// The verdict, if exactly one counter tells it: that of the attachment and direction, by one packet of its length.
    ///
    /// # Errors
    /// What moved instead, or that the verdict and what became of the frame contradict each other.
    pub fn verdict(&self, attachment: u32, direction: Direction, length: usize) -> Result<Verdict, String> {
        let [Moved { outcome, .. }] = *self.moved.as_slice() else {
            return Err(format!("one counter moves: {self:?}"));
        };
        let expected = Moved { attachment, direction, outcome, packets: 1, bytes: length as u64 };
        let verdict = Verdict::from_outcome(outcome).ok_or_else(|| format!("an outcome has a name: {self:?}"))?;
        if self.moved != [expected] || verdict.passes() != self.passed {
            return Err(format!("{expected:?} is expected, and {verdict:?}, but it is {self:?}"));
        }
        Ok(verdict)
    }
}

/// Small tables: enough for tests, quick to make.
#[must_use]
pub fn small_limits() -> Limits {
    Limits {
        attachments: 3,
        interfaces: 16,
        interfaces_high: 16,
        slots: 32,
        pages: 4096,
        rule_sets: 8192,
        cidrs_v4: 4096,
        cidrs_v6: 4096,
        members_v4: 512,
        members_v6: 512,
        owners_v4: 64,
        owners_v6: 64,
        group_rules: 512,
        lists_v4: 512,
        lists_v6: 512,
        list_rules: 512,
        flows_v4: 512,
        flows_v6: 512,
        fragments_v4: 512,
        fragments_v6: 512,
        tcp_flows_per_interface: 512,
        other_flows_per_interface: 512,
        half_open: 4096,
        half_open_per_interface: 4096,
        linger: 64,
        drops: 512,
        rule_numbers: 1500,
    }
}

/// The entry of an interface that does not adopt anything any more.
#[must_use]
pub fn entry(attachment: u32, side: Side) -> Interface {
    let flags = if side == Side::Workload { INTERFACE_WORKLOAD } else { 0 };
    // A new model has one VPC, whose number is 1.
    Interface { attachment, vpc: 1, flags, allowance: [u32::MAX; 2], ..Interface::default() }
}
