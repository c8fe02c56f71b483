//! The tables in ordinary collections: for tests of the decision, and for explaining verdicts.
//!
//! [`firewall_common::decide::Tables`] is implemented for a reference, because an entry of the flow table refers to it.

mod handles;

pub use handles::{FlowHandle, PlaceHandle};

use super::adopt::Observed;
use super::owners::Owners;
use super::plan::{Change, Plan, Removal, Write};
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, DropKey, DropRecord, FirstFragment, Flow, FlowKeyV4, FlowKeyV6, FragmentKeyV4, FragmentKeyV6,
    GroupRules, GroupRulesKey, Interface, LingerKey, MemberKeyV4, MemberKeyV6, Page, PolicyCell, RuleNumbers, RuleSet,
    Slot,
};
use firewall_common::decide::{InsertError, Steps, Tables};
use firewall_common::verdict::Direction;
use ipnet::IpNet;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Packets and octets by attachment, direction and outcome.
pub type Counts = BTreeMap<(u32, Direction, u8), (u64, u64)>;
/// Flows, packets and octets by host-wide rule number.
pub type RuleCounts = BTreeMap<u32, (u64, u64, u64)>;

/// Packets that were dropped, or would have been.
pub type Drops = BTreeMap<DropKey, DropRecord>;

/// All tables.
#[derive(Debug, Clone, Default)]
pub struct MemoryTables {
    interfaces: BTreeMap<u32, Interface>,
    cells: BTreeMap<u32, PolicyCell>,
    slots: BTreeMap<u32, Slot>,
    pages: BTreeMap<u32, Page>,
    rule_sets: BTreeMap<u32, RuleSet>,
    rule_numbers: BTreeMap<u32, RuleNumbers>,
    cidrs_v4: BTreeMap<(u32, CidrKeyV4), u32>,
    cidrs_v6: BTreeMap<(u32, CidrKeyV6), u32>,
    members_v4: BTreeMap<MemberKeyV4, u32>,
    members_v6: BTreeMap<MemberKeyV6, u32>,
    owners: Owners,
    group_rules: BTreeMap<GroupRulesKey, GroupRules>,
    lists: BTreeMap<IpNet, u32>,
    list_filter: BTreeMap<u32, u64>,
    list_rules: BTreeMap<GroupRulesKey, GroupRules>,
    flows: RefCell<BTreeMap<FlowKey, Cell<Flow>>>,
    flow_limits: [Option<usize>; 2],
    fragments_v4: RefCell<BTreeMap<FragmentKeyV4, FirstFragment>>,
    fragments_v6: RefCell<BTreeMap<FragmentKeyV6, FirstFragment>>,
    established: RefCell<BTreeMap<(u32, usize), i64>>,
    /// Places of half-open flows: who holds each, and with which nonce.
    places: RefCell<BTreeMap<u32, (FlowKey, u16)>>,
    /// Places taken so far, by attachment and ring.
    heads: RefCell<BTreeMap<(u32, usize), u32>>,
    linger: BTreeMap<(u32, LingerKey), u64>,
    drops: RefCell<Drops>,
    now: Cell<u64>,
    nonce: Cell<u16>,
    counts: RefCell<Counts>,
    rule_counts: RefCell<RuleCounts>,
}

/// Key of a flow of either family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowKey {
    /// IPv4.
    V4(FlowKeyV4),
    /// IPv6.
    V6(FlowKeyV6),
}

impl MemoryTables {
    /// Tables without an entry, in which every packet is dropped.
    #[must_use]
    pub fn new() -> Self {
        Self { rule_sets: BTreeMap::from([(0, RuleSet::EMPTY)]), ..Self::default() }
    }

    /// Takes all steps of a plan.
    pub fn publish(&mut self, plan: &Plan) {
        let Plan { writes, members, cells, late_members } = plan;
        writes.iter().for_each(|write| self.write(write));
        members.iter().for_each(|change| self.change(change));
        cells.iter().for_each(|(number, cell)| self.set_cell(*number, *cell));
        late_members.iter().for_each(|change| self.change(change));
    }

    /// Names the policies of an attachment.
    pub fn set_cell(&mut self, number: u32, cell: PolicyCell) {
        self.cells.insert(number, cell);
    }

    /// Takes one step of a plan.
    pub fn change(&mut self, change: &Change) {
        match change {
            Change::Write(write) => self.write(write),
            Change::Remove(removal) => self.remove(*removal),
        }
    }

    /// Writes an entry.
    pub fn write(&mut self, write: &Write) {
        match write {
            Write::Page { index, page } => drop(self.pages.insert(*index, **page)),
            Write::RuleSet { index, rules } => drop(self.rule_sets.insert(*index, **rules)),
            Write::Slot { index, slot } => drop(self.slots.insert(*index, **slot)),
            Write::RuleNumbers { index, numbers } => drop(self.rule_numbers.insert(*index, **numbers)),
            Write::CidrV4 { prefix_len, key, rules } => drop(self.cidrs_v4.insert((*prefix_len, *key), *rules)),
            Write::CidrV6 { prefix_len, key, rules } => drop(self.cidrs_v6.insert((*prefix_len, *key), *rules)),
            Write::GroupRules { key, rules } => drop(self.group_rules.insert(*key, *rules)),
            Write::ListRules { key, rules } => drop(self.list_rules.insert(*key, *rules)),
            Write::ListFilter { index, bits } => self.set_list_filter(*index, *bits),
            Write::ListV4 { prefix_len, address, set } => self.set_list(list_net(*prefix_len, *address), Some(*set)),
            Write::ListV6 { prefix_len, address, set } => self.set_list(list_net(*prefix_len, *address), Some(*set)),
            Write::MemberV4 { key, set } => drop(self.members_v4.insert(*key, *set)),
            Write::MemberV6 { key, set } => drop(self.members_v6.insert(*key, *set)),
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, removal: Removal) {
        match removal {
            Removal::CidrV4 { prefix_len, key } => drop(self.cidrs_v4.remove(&(prefix_len, key))),
            Removal::CidrV6 { prefix_len, key } => drop(self.cidrs_v6.remove(&(prefix_len, key))),
            Removal::GroupRules(key) => drop(self.group_rules.remove(&key)),
            Removal::ListRules(key) => drop(self.list_rules.remove(&key)),
            Removal::ListFilter { index, bits } => self.set_list_filter(index, bits),
            Removal::ListV4 { prefix_len, address } => self.set_list(list_net(prefix_len, address), None),
            Removal::ListV6 { prefix_len, address } => self.set_list(list_net(prefix_len, address), None),
            Removal::MemberV4(key) => drop(self.members_v4.remove(&key)),
            Removal::MemberV6(key) => drop(self.members_v6.remove(&key)),
        }
    }

    fn set_list(&mut self, net: IpNet, set: Option<u32>) {
        match set {
            Some(set) => self.lists.insert(net, set),
            None => self.lists.remove(&net),
        };
    }

    fn set_list_filter(&mut self, index: u32, bits: u64) {
        if bits == 0 {
            self.list_filter.remove(&index);
        } else {
            self.list_filter.insert(index, bits);
        }
    }

    /// Sets the entry of a network interface.
    pub fn set_interface(&mut self, ifindex: u32, interface: Interface) {
        self.interfaces.insert(ifindex, interface);
    }

    /// Says whose addresses are whose.
    pub fn set_owners(&mut self, owners: Owners) {
        self.owners = owners;
    }

    /// Sets the time, in ticks.
    pub fn set_now(&self, now: u64) {
        self.now.set(now);
    }

    /// Has what leaves from some ports of UDP begin no flow until a tick. `prefix_len` is the number of bits of the key that
    /// count.
    pub fn set_linger(&mut self, prefix_len: u32, key: LingerKey, until: u64) {
        self.linger.insert((prefix_len, key), until);
    }

    /// Packets that were dropped, or would have been.
    #[must_use]
    pub fn drops(&self) -> Drops {
        self.drops.borrow().clone()
    }

    /// Bounds the number of flows, of IPv4 and of IPv6.
    pub fn set_flow_limits(&mut self, limits: [Option<usize>; 2]) {
        self.flow_limits = limits;
    }

    /// What has been counted since this was asked last, by attachment, direction and outcome, and by rule.
    pub fn take_counts(&self) -> (Counts, RuleCounts) {
        (self.counts.take(), self.rule_counts.take())
    }

    /// All flows.
    #[must_use]
    pub fn flows(&self) -> BTreeMap<FlowKey, Flow> {
        self.flows.borrow().iter().map(|(key, flow)| (*key, flow.get())).collect()
    }

    /// Forgets all flows and fragments.
    pub fn forget(&self) {
        self.flows.borrow_mut().clear();
        self.fragments_v4.borrow_mut().clear();
        self.fragments_v6.borrow_mut().clear();
        self.established.borrow_mut().clear();
        self.places.borrow_mut().clear();
    }

    /// What another layout can take over.
    #[must_use]
    pub fn observe(&self) -> Observed {
        let mut observed = Observed::default();
        observed.cells.extend(self.cells.iter().filter(|(_, cell)| **cell != PolicyCell::default()));
        for slot in self.cells.values().flat_map(|cell| [cell.inbound, cell.outbound]) {
            if let Some(slot) = self.slots.get(&slot) {
                observed.add_slot(slot, &mut |page| self.pages.get(&page).copied());
            }
        }
        self.cidrs_v4.iter().for_each(|((len, key), rules)| observed.add_cidr_v4(*len, *key, *rules));
        self.cidrs_v6.iter().for_each(|((len, key), rules)| observed.add_cidr_v6(*len, *key, *rules));
        self.group_rules.iter().for_each(|(key, rules)| observed.add_group_rules(*key, *rules));
        self.members_v4.iter().for_each(|(key, set)| observed.add_member_v4(*key, *set));
        self.members_v6.iter().for_each(|(key, set)| observed.add_member_v6(*key, *set));
        self.lists.iter().for_each(|(net, set)| observed.add_list(net.addr(), net.prefix_len().into(), *set));
        self.list_filter.iter().for_each(|(index, bits)| observed.add_list_filter(*index, *bits));
        self.list_rules.iter().for_each(|(key, rules)| observed.add_list_rules(*key, *rules));
        observed
    }

    /// Entries of the tables that are looked up by key: prefixes, members and rules of sets; and words of the filter.
    #[must_use]
    pub fn keyed_entries(&self) -> usize {
        let Self { cidrs_v4, cidrs_v6, members_v4, members_v6, group_rules, lists, list_filter, list_rules, .. } = self;
        let lists = lists.len() + list_filter.len() + list_rules.len();
        cidrs_v4.len() + cidrs_v6.len() + members_v4.len() + members_v6.len() + group_rules.len() + lists
    }

    fn flow(&self, key: FlowKey) -> Option<FlowHandle<'_>> {
        self.flows.borrow().get(&key).map(|_| FlowHandle { tables: self, key })
    }

    fn insert_flow(&self, key: FlowKey, flow: &Flow) -> Result<(), InsertError> {
        let mut flows = self.flows.borrow_mut();
        if flows.contains_key(&key) {
            return Err(InsertError::Exists);
        }
        let is_v6 = |key: &FlowKey| matches!(key, FlowKey::V6(_));
        let taken = flows.keys().filter(|other| is_v6(other) == is_v6(&key)).count();
        if self.flow_limits[usize::from(is_v6(&key))].is_some_and(|limit| taken >= limit) {
            return Err(InsertError::Full);
        }
        flows.insert(key, Cell::new(*flow));
        Ok(())
    }
}

/// A prefix of a prefix list.
fn list_net(prefix_len: u32, address: impl Into<IpAddr>) -> IpNet {
    let address: IpAddr = address.into();
    let all = if address.is_ipv4() { 32 } else { 128 };
    IpNet::new_assert(address, prefix_len.min(all) as u8).trunc()
}

impl<'a> Tables for &'a MemoryTables {
    type Flow = FlowHandle<'a>;
    type Place = PlaceHandle<'a>;

    fn interface(&self, ifindex: u32) -> Option<&Interface> {
        self.interfaces.get(&ifindex)
    }

    fn cell(&self, attachment: u32) -> Option<PolicyCell> {
        self.cells.get(&attachment).copied()
    }

    fn slot(&self, slot: u32) -> Option<&Slot> {
        self.slots.get(&slot)
    }

    fn page(&self, page: u32) -> Option<&Page> {
        self.pages.get(&page)
    }

    fn rule_set(&self, index: u32) -> Option<&RuleSet> {
        self.rule_sets.get(&index)
    }

    fn rule_number(&self, slot: u32, family: usize, bit: u32) -> Option<u32> {
        let numbers = self.rule_numbers.get(&(slot * 2 + u32::from(family == 1)))?;
        numbers.numbers.get(bit as usize).copied()
    }

    fn cidr_v4(&self, slot: u32, address: [u8; 4]) -> Option<u32> {
        let slot = slot.to_be_bytes();
        let address = u32::from_be_bytes(address);
        (0..=32u32).rev().find_map(|len| {
            let masked = address & u32::MAX.checked_shl(32 - len).unwrap_or(0);
            self.cidrs_v4.get(&(32 + len, CidrKeyV4 { slot, address: masked.to_be_bytes() })).copied()
        })
    }

    fn cidr_v6(&self, slot: u32, address: [u8; 16]) -> Option<u32> {
        let slot = slot.to_be_bytes();
        let address = u128::from_be_bytes(address);
        (0..=128u32).rev().find_map(|len| {
            let masked = address & u128::MAX.checked_shl(128 - len).unwrap_or(0);
            self.cidrs_v6.get(&(32 + len, CidrKeyV6 { slot, address: masked.to_be_bytes() })).copied()
        })
    }

    fn list_filter(&self, word: u32) -> Option<u64> {
        Some(self.list_filter.get(&word).copied().unwrap_or(0))
    }

    fn lists_v4(&self, address: [u8; 4]) -> Option<u32> {
        (0..=32).rev().find_map(|len| self.lists.get(&list_net(len, address)).copied())
    }

    fn lists_v6(&self, address: [u8; 16]) -> Option<u32> {
        (0..=128).rev().find_map(|len| self.lists.get(&list_net(len, address)).copied())
    }

    fn list_rules(&self, slot: u32, set: u32, family: usize) -> Option<u32> {
        self.list_rules.get(&GroupRulesKey { slot, set })?.rule_sets.get(family).copied()
    }

    fn member_v4(&self, vpc: u32, address: [u8; 4]) -> Option<u32> {
        self.members_v4.get(&MemberKeyV4 { vpc, address }).copied()
    }

    fn member_v6(&self, vpc: u32, address: [u8; 16]) -> Option<u32> {
        self.members_v6.get(&MemberKeyV6 { vpc, address }).copied()
    }

    fn owner_v4(&self, vpc: u32, address: [u8; 4]) -> Option<u32> {
        self.owners.get(&(vpc, IpAddr::from(address))).copied()
    }

    fn owner_v6(&self, vpc: u32, address: [u8; 16]) -> Option<u32> {
        self.owners.get(&(vpc, IpAddr::from(address))).copied()
    }

    fn group_rules(&self, slot: u32, set: u32, family: usize) -> Option<u32> {
        self.group_rules.get(&GroupRulesKey { slot, set })?.rule_sets.get(family).copied()
    }

    fn flow_v4(&self, key: &FlowKeyV4) -> Option<Self::Flow> {
        MemoryTables::flow(self, FlowKey::V4(*key))
    }

    fn flow_v6(&self, key: &FlowKeyV6) -> Option<Self::Flow> {
        MemoryTables::flow(self, FlowKey::V6(*key))
    }

    fn insert_flow_v4(&self, key: &FlowKeyV4, flow: &Flow) -> Result<(), InsertError> {
        self.insert_flow(FlowKey::V4(*key), flow)
    }

    fn insert_flow_v6(&self, key: &FlowKeyV6, flow: &Flow) -> Result<(), InsertError> {
        self.insert_flow(FlowKey::V6(*key), flow)
    }

    fn remove_flow_v4(&self, key: &FlowKeyV4) {
        self.flows.borrow_mut().remove(&FlowKey::V4(*key));
    }

    fn remove_flow_v6(&self, key: &FlowKeyV6) {
        self.flows.borrow_mut().remove(&FlowKey::V6(*key));
    }

    fn fragment_v4(&self, key: &FragmentKeyV4) -> Option<FirstFragment> {
        self.fragments_v4.borrow().get(key).copied()
    }

    fn fragment_v6(&self, key: &FragmentKeyV6) -> Option<FirstFragment> {
        self.fragments_v6.borrow().get(key).copied()
    }

    fn remember_fragment_v4(&self, key: &FragmentKeyV4, first: &FirstFragment) {
        self.fragments_v4.borrow_mut().insert(*key, *first);
    }

    fn remember_fragment_v6(&self, key: &FragmentKeyV6, first: &FirstFragment) {
        self.fragments_v6.borrow_mut().insert(*key, *first);
    }

    fn established(&self, attachment: u32, class: usize) -> u64 {
        let established = self.established.borrow();
        established.get(&(attachment, class)).map_or(0, |count| u64::try_from(*count).unwrap_or_default())
    }

    fn add_established(&self, attachment: u32, class: usize, change: i64) {
        *self.established.borrow_mut().entry((attachment, class)).or_default() += change;
    }

    fn next_place(&self, interface: &Interface, ring: usize) -> Option<PlaceHandle<'a>> {
        let mut heads = self.heads.borrow_mut();
        let head = heads.entry((interface.attachment, ring)).or_default();
        let turn = head.checked_rem(interface.ring_share)?;
        *head = head.wrapping_add(1);
        // There is one CPU.
        let place = interface.ring_base + ring as u32 * interface.ring_share + turn;
        let holder = self.places.borrow().get(&place).copied();
        Some(PlaceHandle { tables: self, place, holder })
    }

    fn linger(&self, key: &LingerKey) -> Option<u64> {
        let LingerKey { attachment, family, port } = *key;
        let port = u16::from_be_bytes(port);
        (0..=16_u32).rev().find_map(|len| {
            let masked = port & u16::MAX.checked_shl(16 - len).unwrap_or(0);
            self.linger.get(&(48 + len, LingerKey { attachment, family, port: masked.to_be_bytes() })).copied()
        })
    }

    fn may_record(&self, _now: u64) -> bool {
        true
    }

    fn record(&self, key: &DropKey, now: u64, packets: u64, bytes: u64) {
        let mut drops = self.drops.borrow_mut();
        let new = DropRecord { packets: 0, bytes: 0, first: now, last: now };
        let record = drops.entry(*key).or_insert(new);
        record.packets += packets;
        record.bytes += bytes;
        record.last = now;
    }

    fn now(&self) -> u64 {
        self.now.get()
    }

    fn nonce(&self) -> u16 {
        self.nonce.set(self.nonce.get().wrapping_add(1));
        self.nonce.get()
    }

    fn count(&self, attachment: u32, direction: Direction, outcome: u8, packets: u64, bytes: u64) {
        let mut counts = self.counts.borrow_mut();
        let (all_packets, all_bytes) = counts.entry((attachment, direction, outcome)).or_default();
        *all_packets += packets;
        *all_bytes += bytes;
    }

    fn count_rule(&self, rule: u32, flows: u64, packets: u64, bytes: u64) {
        let mut counts = self.rule_counts.borrow_mut();
        let (all_flows, all_packets, all_bytes) = counts.entry(rule).or_default();
        *all_flows += flows;
        *all_packets += packets;
        *all_bytes += bytes;
    }
}

impl Steps for &MemoryTables {}
