//! Entries of the tables that change while packets are judged: flows, and places in the rings of half-open ones.

use super::{FlowKey, MemoryTables};
use firewall_common::abi::{Flow, FlowKeyV4, FlowKeyV6};
use firewall_common::decide::{FlowEntry, PlaceEntry};
use firewall_common::verdict::Direction;
use std::cell::Cell;

/// An entry of the flow table. Once it is removed, it reads as zeros and keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct FlowHandle<'a> {
    pub(super) tables: &'a MemoryTables,
    pub(super) key: FlowKey,
}

impl FlowHandle<'_> {
    fn read(&self) -> Flow {
        self.tables.flows.borrow().get(&self.key).map(Cell::get).unwrap_or_default()
    }

    fn update(&self, change: impl FnOnce(&mut Flow)) {
        if let Some(cell) = self.tables.flows.borrow().get(&self.key) {
            let mut flow = cell.get();
            change(&mut flow);
            cell.set(flow);
        }
    }
}

impl FlowEntry for FlowHandle<'_> {
    fn word(&self) -> u64 {
        self.read().word
    }

    fn swap(&self, old: u64, new: u64) -> bool {
        let is_unchanged = self.read().word == old;
        if is_unchanged {
            self.update(|flow| flow.word = new);
        }
        is_unchanged
    }

    fn rule(&self) -> u32 {
        self.read().rule
    }

    fn set_rule(&self, rule: u32) {
        self.update(|flow| flow.rule = rule);
    }

    fn opened(&self) -> Direction {
        if self.read().opened == Direction::Inbound as u32 { Direction::Inbound } else { Direction::Outbound }
    }

    fn expected(&self, direction: Direction) -> u32 {
        self.read().expected[direction as usize]
    }

    fn set_expected(&self, direction: Direction, sequence: u32) {
        self.update(|flow| flow.expected[direction as usize] = sequence);
    }

    fn answer(&self) -> u32 {
        self.read().answer
    }

    fn set_answer(&self, sequence: u32) {
        self.update(|flow| flow.answer = sequence);
    }

    fn account(&self, direction: Direction, packets: u64, bytes: u64) {
        self.update(|flow| {
            flow.packets[direction as usize] += packets;
            flow.bytes[direction as usize] += bytes;
        });
    }
}

/// A place in a ring of half-open flows.
#[derive(Debug, Clone, Copy)]
pub struct PlaceHandle<'a> {
    pub(super) tables: &'a MemoryTables,
    pub(super) place: u32,
    /// Who held it when it was looked up, and with which nonce.
    pub(super) holder: Option<(FlowKey, u16)>,
}

impl PlaceHandle<'_> {
    fn give(&self, key: FlowKey, nonce: u16) {
        self.tables.places.borrow_mut().insert(self.place, (key, nonce));
    }
}

impl PlaceEntry for PlaceHandle<'_> {
    fn nonce(&self) -> u16 {
        self.holder.map(|(_, nonce)| nonce).unwrap_or_default()
    }

    fn holder_v4(&self) -> Option<&FlowKeyV4> {
        match &self.holder {
            Some((FlowKey::V4(key), _)) => Some(key),
            Some((FlowKey::V6(_), _)) | None => None,
        }
    }

    fn holder_v6(&self) -> Option<&FlowKeyV6> {
        match &self.holder {
            Some((FlowKey::V6(key), _)) => Some(key),
            Some((FlowKey::V4(_), _)) | None => None,
        }
    }

    fn give_v4(&self, key: &FlowKeyV4, nonce: u16) {
        self.give(FlowKey::V4(*key), nonce);
    }

    fn give_v6(&self, key: &FlowKeyV6, nonce: u16) {
        self.give(FlowKey::V6(*key), nonce);
    }
}
