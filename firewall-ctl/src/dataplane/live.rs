//! The tables in the kernel as the decision reads them, an entry at a time and by its key. What the decision writes goes
//! onto paper: nothing in the kernel changes.

use super::clock;
use super::error::DataplaneError;
use super::maps::{Maps, open};
use super::pins::Pins;
use super::reader::Reader;
use super::sys::plain::Plain;
use crate::compile::MemoryTables;
use crate::compile::memory::{FlowHandle, FlowKey, PlaceHandle};
use crate::probe::{Findings, Probe, hear};
use aya::maps::lpm_trie::Key;
use aya::maps::{Array, HashMap, MapData, MapError};
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, DropKey, FirstFragment, Flow, FlowGauge, FlowKeyV4, FlowKeyV6, FragmentKeyV4, FragmentKeyV6,
    GroupRulesKey, Interface, LingerKey, MemberKeyV4, MemberKeyV6, Page, PolicyCell, RuleSet, Slot, map,
};
use firewall_common::decide::{InsertError, Steps, Tables};
use firewall_common::verdict::Direction;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;

/// How often tables are read that change meanwhile.
const ATTEMPTS: u32 = 5;

impl Reader {
    /// The flow of a key, one that has expired and is not removed yet too.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn flow(&self, key: &FlowKey) -> Result<Option<Flow>, DataplaneError> {
        read_flow(self.pins(), key)
    }

    /// What the tables in the kernel say of a packet at the device of an index. Only what it is judged by is read.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn hear(&self, ifindex: u32, probe: &Probe) -> Result<Findings, DataplaneError> {
        let mut attempt = 1;
        loop {
            let live = Live::open(self.pins())?;
            let before = live.cell_of(ifindex);
            let findings = hear(&live, &live.paper, ifindex, probe);
            let after = live.cell_of(ifindex);
            if let Some(error) = live.failed.take() {
                return Err(error);
            }
            // Places of a policy that was let go of meanwhile may have been used again.
            if before == after || attempt == ATTEMPTS {
                return Ok(findings);
            }
            attempt += 1;
        }
    }
}

/// The kernel's tables, and a paper for what is written.
struct Live {
    paper: MemoryTables,
    /// Flows that are on the paper, as far as they are in the kernel.
    asked: RefCell<BTreeSet<FlowKey>>,
    /// The first failure.
    failed: RefCell<Option<DataplaneError>>,
    pins: Pins,
    found: Found,
    maps: Maps,
    cells: Array<MapData, u64>,
    gauges: Array<MapData, Plain<FlowGauge>>,
}

/// What was read and is referred to.
#[derive(Default)]
struct Found {
    interfaces: Shelf<Interface>,
    slots: Shelf<Slot>,
    pages: Shelf<Page>,
    rule_sets: Shelf<RuleSet>,
}

/// Values that stay where they were put for as long as the shelf is there.
struct Shelf<T>(OnceCell<Box<(T, Self)>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T> Shelf<T> {
    fn put(&self, value: T) -> &T {
        let mut end = self;
        while let Some(taken) = end.0.get() {
            end = &taken.1;
        }
        &end.0.get_or_init(|| Box::new((value, Self::default()))).0
    }
}

impl Live {
    fn open(pins: &Pins) -> Result<Self, DataplaneError> {
        let paper = MemoryTables::new();
        paper.set_now(clock::now());
        Ok(Self {
            paper,
            asked: RefCell::new(BTreeSet::new()),
            failed: RefCell::new(None),
            pins: pins.clone(),
            found: Found::default(),
            maps: Maps::open(pins)?,
            cells: open(pins, map::CELLS)?,
            gauges: open(pins, map::FLOW_GAUGES)?,
        })
    }

    /// What was looked up; a failure is kept for later, and counts as nothing until then.
    fn read<T>(&self, found: Result<T, MapError>, table: &'static str) -> Option<T> {
        match found {
            Ok(value) => Some(value),
            Err(MapError::KeyNotFound | MapError::ElementNotFound | MapError::OutOfBounds { .. }) => None,
            Err(error) => self.keep(Err(DataplaneError::map("read", table)(error))),
        }
    }

    fn keep<T>(&self, result: Result<T, DataplaneError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.failed.borrow_mut().get_or_insert(error);
                None
            }
        }
    }

    fn cell_of(&self, ifindex: u32) -> Option<PolicyCell> {
        let number = (&self).interface(ifindex)?.attachment;
        (&self).cell(number)
    }

    /// Takes a flow onto the paper, when it is asked for first.
    fn take(&self, key: FlowKey) {
        if !self.asked.borrow_mut().insert(key) {
            return;
        }
        let Some(Some(flow)) = self.keep(read_flow(&self.pins, &key)) else { return };
        let paper = &self.paper;
        // It is not there: this is the first time.
        let _new = match key {
            FlowKey::V4(key) => paper.insert_flow_v4(&key, &flow),
            FlowKey::V6(key) => paper.insert_flow_v6(&key, &flow),
        };
    }
}

fn read_flow(pins: &Pins, key: &FlowKey) -> Result<Option<Flow>, DataplaneError> {
    let (found, table) = match key {
        FlowKey::V4(key) => {
            let table: HashMap<MapData, Plain<FlowKeyV4>, Plain<Flow>> = open(pins, map::FLOWS_V4)?;
            (table.get(&Plain(*key), 0), map::FLOWS_V4)
        }
        FlowKey::V6(key) => {
            let table: HashMap<MapData, Plain<FlowKeyV6>, Plain<Flow>> = open(pins, map::FLOWS_V6)?;
            (table.get(&Plain(*key), 0), map::FLOWS_V6)
        }
    };
    match found {
        Ok(Plain(flow)) => Ok(Some(flow)),
        Err(MapError::KeyNotFound) => Ok(None),
        Err(error) => Err(DataplaneError::map("read", table)(error)),
    }
}

impl<'a> Tables for &'a Live {
    type Flow = FlowHandle<'a>;
    type Place = PlaceHandle<'a>;

    fn interface(&self, ifindex: u32) -> Option<&Interface> {
        let low = self.read(self.maps.interfaces.get(&ifindex, 0), map::INTERFACES);
        let high = || self.read(self.maps.interfaces_high.get(&ifindex, 0), map::INTERFACES_HIGH);
        let Plain(mut entry) = low.filter(|Plain(entry)| entry.attachment != 0).or_else(high)?;
        // On paper nobody has to make room.
        (entry.ring_base, entry.ring_share) = (0, 0);
        (entry.attachment != 0).then(|| self.found.interfaces.put(entry))
    }

    fn cell(&self, attachment: u32) -> Option<PolicyCell> {
        self.read(self.cells.get(&attachment, 0), map::CELLS).map(PolicyCell::from_word)
    }

    fn slot(&self, slot: u32) -> Option<&Slot> {
        self.read(self.maps.slots.get(&slot, 0), map::SLOTS).map(|Plain(slot)| self.found.slots.put(slot))
    }

    fn page(&self, page: u32) -> Option<&Page> {
        self.read(self.maps.pages.get(&page, 0), map::PAGES).map(|Plain(page)| self.found.pages.put(page))
    }

    fn rule_set(&self, index: u32) -> Option<&RuleSet> {
        self.read(self.maps.rule_sets.get(&index, 0), map::RULE_SETS)
            .map(|Plain(rules)| self.found.rule_sets.put(rules))
    }

    fn rule_number(&self, slot: u32, family: usize, bit: u32) -> Option<u32> {
        let index = slot.checked_mul(2)? + u32::from(family == 1);
        let Plain(numbers) = self.read(self.maps.rule_numbers.get(&index, 0), map::RULE_NUMBERS)?;
        numbers.numbers.get(bit as usize).copied()
    }

    fn cidr_v4(&self, slot: u32, address: [u8; 4]) -> Option<u32> {
        let key = CidrKeyV4 { slot: slot.to_be_bytes(), address };
        self.read(self.maps.cidrs_v4.get(&Key::new(32 + 32, Plain(key)), 0), map::CIDRS_V4)
    }

    fn cidr_v6(&self, slot: u32, address: [u8; 16]) -> Option<u32> {
        let key = CidrKeyV6 { slot: slot.to_be_bytes(), address };
        self.read(self.maps.cidrs_v6.get(&Key::new(32 + 128, Plain(key)), 0), map::CIDRS_V6)
    }

    fn list_filter(&self, word: u32) -> Option<u64> {
        self.read(self.maps.list_filter.get(&word, 0), map::LIST_FILTER)
    }

    fn lists_v4(&self, address: [u8; 4]) -> Option<u32> {
        self.read(self.maps.lists_v4.get(&Key::new(32, address), 0), map::LISTS_V4)
    }

    fn lists_v6(&self, address: [u8; 16]) -> Option<u32> {
        self.read(self.maps.lists_v6.get(&Key::new(128, address), 0), map::LISTS_V6)
    }

    fn list_rules(&self, slot: u32, set: u32, family: usize) -> Option<u32> {
        let Plain(rules) =
            self.read(self.maps.list_rules.get(&Plain(GroupRulesKey { slot, set }), 0), map::LIST_RULES)?;
        rules.rule_sets.get(family).copied()
    }

    fn member_v4(&self, vpc: u32, address: [u8; 4]) -> Option<u32> {
        self.read(self.maps.members_v4.get(&Plain(MemberKeyV4 { vpc, address }), 0), map::MEMBERS_V4)
    }

    fn member_v6(&self, vpc: u32, address: [u8; 16]) -> Option<u32> {
        self.read(self.maps.members_v6.get(&Plain(MemberKeyV6 { vpc, address }), 0), map::MEMBERS_V6)
    }

    fn owner_v4(&self, vpc: u32, address: [u8; 4]) -> Option<u32> {
        self.read(self.maps.owners_v4.get(&Plain(MemberKeyV4 { vpc, address }), 0), map::OWNERS_V4)
    }

    fn owner_v6(&self, vpc: u32, address: [u8; 16]) -> Option<u32> {
        self.read(self.maps.owners_v6.get(&Plain(MemberKeyV6 { vpc, address }), 0), map::OWNERS_V6)
    }

    fn group_rules(&self, slot: u32, set: u32, family: usize) -> Option<u32> {
        let Plain(rules) =
            self.read(self.maps.group_rules.get(&Plain(GroupRulesKey { slot, set }), 0), map::GROUP_RULES)?;
        rules.rule_sets.get(family).copied()
    }

    fn flow_v4(&self, key: &FlowKeyV4) -> Option<Self::Flow> {
        self.take(FlowKey::V4(*key));
        (&self.paper).flow_v4(key)
    }

    fn flow_v6(&self, key: &FlowKeyV6) -> Option<Self::Flow> {
        self.take(FlowKey::V6(*key));
        (&self.paper).flow_v6(key)
    }

    fn insert_flow_v4(&self, key: &FlowKeyV4, flow: &Flow) -> Result<(), InsertError> {
        (&self.paper).insert_flow_v4(key, flow)
    }

    fn insert_flow_v6(&self, key: &FlowKeyV6, flow: &Flow) -> Result<(), InsertError> {
        (&self.paper).insert_flow_v6(key, flow)
    }

    fn remove_flow_v4(&self, key: &FlowKeyV4) {
        (&self.paper).remove_flow_v4(key);
    }

    fn remove_flow_v6(&self, key: &FlowKeyV6) {
        (&self.paper).remove_flow_v6(key);
    }

    // Datagrams on paper have no identification that one in the kernel could share.
    fn fragment_v4(&self, key: &FragmentKeyV4) -> Option<FirstFragment> {
        (&self.paper).fragment_v4(key)
    }

    fn fragment_v6(&self, key: &FragmentKeyV6) -> Option<FirstFragment> {
        (&self.paper).fragment_v6(key)
    }

    fn remember_fragment_v4(&self, key: &FragmentKeyV4, first: &FirstFragment) {
        (&self.paper).remember_fragment_v4(key, first);
    }

    fn remember_fragment_v6(&self, key: &FragmentKeyV6, first: &FirstFragment) {
        (&self.paper).remember_fragment_v6(key, first);
    }

    fn established(&self, attachment: u32, class: usize) -> u64 {
        let gauge = self.read(self.gauges.get(&attachment, 0), map::FLOW_GAUGES);
        gauge.and_then(|Plain(gauge)| gauge.established.get(class).copied()).unwrap_or_default()
    }

    fn add_established(&self, attachment: u32, class: usize, change: i64) {
        (&self.paper).add_established(attachment, class, change);
    }

    fn next_place(&self, _interface: &Interface, _ring: usize) -> Option<Self::Place> {
        None
    }

    fn linger(&self, key: &LingerKey) -> Option<u64> {
        self.read(self.maps.linger.get(&Key::new(64, Plain(*key)), 0), map::LINGER)
    }

    fn may_record(&self, _now: u64) -> bool {
        false
    }

    fn record(&self, key: &DropKey, now: u64, packets: u64, bytes: u64) {
        (&self.paper).record(key, now, packets, bytes);
    }

    fn now(&self) -> u64 {
        (&self.paper).now()
    }

    fn nonce(&self) -> u16 {
        (&self.paper).nonce()
    }

    fn count(&self, attachment: u32, direction: Direction, outcome: u8, packets: u64, bytes: u64) {
        (&self.paper).count(attachment, direction, outcome, packets, bytes);
    }

    fn count_rule(&self, rule: u32, flows: u64, packets: u64, bytes: u64) {
        (&self.paper).count_rule(rule, flows, packets, bytes);
    }
}

impl Steps for &Live {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_on_a_shelf_stays() {
        let shelf = Shelf::default();
        let found: Vec<&u32> = (0..5).map(|number| shelf.put(number)).collect();
        assert_eq!(found, [&0, &1, &2, &3, &4]);
    }
}
