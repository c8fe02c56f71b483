//! Small numbers, by which the tables of this host name things that have long identifiers elsewhere.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where to look for the next free number of each kind. They count up and wrap, so that a number that has just become
/// free rests as long as possible: packets, flows and counters may still name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// Of rules.
    pub next_rule: u32,
    /// Of attachments.
    pub next_attachment: u32,
    /// Of VPCs.
    pub next_vpc: u32,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { next_rule: 1, next_attachment: 1, next_vpc: 1 }
    }
}

/// The numbers that may be handed out.
#[derive(Debug, Clone, Copy)]
pub struct NumberPool<'a> {
    /// The largest one; the smallest is 1.
    pub last: u32,
    /// Those that something else than the model still holds, such as flows of a rule that has been revoked.
    pub busy: &'a BTreeSet<u32>,
}

/// All numbers are taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("all {last} numbers are in use")]
pub struct OutOfNumbers {
    /// How many there are.
    pub last: u32,
}

impl NumberPool<'_> {
    /// Takes free numbers from `next` on, and moves `next` behind the last one taken. Takes all of them or none.
    pub(super) fn take(
        &self,
        next: &mut u32,
        is_used: impl Fn(u32) -> bool,
        count: usize,
    ) -> Result<Vec<u32>, OutOfNumbers> {
        let Self { last, busy } = *self;
        let start = if (1..=last).contains(next) { *next } else { 1 };
        let free = |number: &u32| !busy.contains(number) && !is_used(*number);
        let taken: Vec<u32> = (start..=last).chain(1..start).filter(free).take(count).collect();
        if taken.len() < count {
            return Err(OutOfNumbers { last });
        }
        if let Some(number) = taken.last() {
            *next = if *number == last { 1 } else { number + 1 };
        }
        Ok(taken)
    }
}
