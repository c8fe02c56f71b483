//! The tables of policies, members and interfaces in the kernel.

use super::error::DataplaneError;
use super::pins::Pins;
use super::sys::bpf;
use super::sys::cells::Words;
use super::sys::plain::Plain;
use crate::compile::{Change, Limits, Observed, Removal, Write};
use aya::maps::lpm_trie::Key;
use aya::maps::{Array, HashMap, LpmTrie, Map, MapData, MapError};
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, GroupRules, GroupRulesKey, Interface, MemberKeyV4, MemberKeyV6, Page, PolicyCell,
    RuleNumbers, RuleSet, Slot, map,
};
use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, OwnedFd};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The tables that the controller writes.
pub(super) struct Tables {
    interfaces: Array<MapData, Plain<Interface>>,
    interfaces_high: HashMap<MapData, u32, Plain<Interface>>,
    /// Which policies are in force.
    pub(super) cells: Words,
    slots: Array<MapData, Plain<Slot>>,
    pages: Array<MapData, Plain<Page>>,
    rule_sets: Array<MapData, Plain<RuleSet>>,
    rule_numbers: Array<MapData, Plain<RuleNumbers>>,
    cidrs_v4: LpmTrie<MapData, Plain<CidrKeyV4>, u32>,
    cidrs_v6: LpmTrie<MapData, Plain<CidrKeyV6>, u32>,
    members_v4: HashMap<MapData, Plain<MemberKeyV4>, u32>,
    members_v6: HashMap<MapData, Plain<MemberKeyV6>, u32>,
    group_rules: HashMap<MapData, Plain<GroupRulesKey>, Plain<GroupRules>>,
    lists_v4: LpmTrie<MapData, [u8; 4], u32>,
    lists_v6: LpmTrie<MapData, [u8; 16], u32>,
    list_filter: Array<MapData, u64>,
    list_rules: HashMap<MapData, Plain<GroupRulesKey>, Plain<GroupRules>>,
    pins: Pins,
}

/// Key of a trie as the kernel holds it.
#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct TrieKeyV4 {
    prefix_len: u32,
    data: CidrKeyV4,
}

/// As [`TrieKeyV4`].
#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct TrieKeyV6 {
    prefix_len: u32,
    data: CidrKeyV6,
}

/// As [`TrieKeyV4`], for prefix lists.
#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct ListKeyV4 {
    prefix_len: u32,
    address: [u8; 4],
}

/// As [`TrieKeyV4`], for prefix lists.
#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct ListKeyV6 {
    prefix_len: u32,
    address: [u8; 16],
}

/// Opens a pinned map as the type that it should be.
pub(super) fn open<T>(pins: &Pins, name: &'static str) -> Result<T, DataplaneError>
where
    T: TryFrom<Map, Error = MapError>,
{
    let data = MapData::from_pin(pins.map(name)).map_err(DataplaneError::map("open", name))?;
    let map = Map::from_map_data(data).map_err(DataplaneError::map("open", name))?;
    T::try_from(map).map_err(DataplaneError::map("open", name))
}

/// Opens a pinned map without saying what it is.
pub(super) fn open_raw(pins: &Pins, name: &'static str) -> Result<OwnedFd, DataplaneError> {
    bpf::get(&pins.map(name)).map_err(DataplaneError::map("open", name))
}

/// Reads all entries of a pinned map.
pub(super) fn for_each<K: FromBytes, V: FromBytes>(
    pins: &Pins,
    name: &'static str,
    visit: impl FnMut(K, V),
) -> Result<(), DataplaneError> {
    let map = open_raw(pins, name)?;
    bpf::for_each_entry(map.as_fd(), visit).map_err(DataplaneError::map("read", name))
}

impl Tables {
    pub(super) fn open(pins: &Pins, limits: &Limits) -> Result<Self, DataplaneError> {
        let cells = open_raw(pins, map::CELLS)?;
        let cells =
            Words::map(cells.as_fd(), limits.attachments + 1).map_err(DataplaneError::map("map", map::CELLS))?;
        Ok(Self {
            interfaces: open(pins, map::INTERFACES)?,
            interfaces_high: open(pins, map::INTERFACES_HIGH)?,
            cells,
            slots: open(pins, map::SLOTS)?,
            pages: open(pins, map::PAGES)?,
            rule_sets: open(pins, map::RULE_SETS)?,
            rule_numbers: open(pins, map::RULE_NUMBERS)?,
            cidrs_v4: open(pins, map::CIDRS_V4)?,
            cidrs_v6: open(pins, map::CIDRS_V6)?,
            members_v4: open(pins, map::MEMBERS_V4)?,
            members_v6: open(pins, map::MEMBERS_V6)?,
            group_rules: open(pins, map::GROUP_RULES)?,
            lists_v4: open(pins, map::LISTS_V4)?,
            lists_v6: open(pins, map::LISTS_V6)?,
            list_filter: open(pins, map::LIST_FILTER)?,
            list_rules: open(pins, map::LIST_RULES)?,
            pins: pins.clone(),
        })
    }

    /// Takes a step of a plan.
    pub(super) fn change(&mut self, change: &Change) -> Result<(), DataplaneError> {
        match change {
            Change::Write(write) => self.write(write),
            Change::Remove(removal) => self.remove(*removal),
        }
    }

    /// Writes an entry.
    pub(super) fn write(&mut self, write: &Write) -> Result<(), DataplaneError> {
        let (result, table) = match write {
            Write::Page { index, page } => (self.pages.set(*index, Plain(**page), 0), map::PAGES),
            Write::RuleSet { index, rules } => (self.rule_sets.set(*index, Plain(**rules), 0), map::RULE_SETS),
            Write::Slot { index, slot } => (self.slots.set(*index, Plain(**slot), 0), map::SLOTS),
            Write::RuleNumbers { index, numbers } => {
                (self.rule_numbers.set(*index, Plain(**numbers), 0), map::RULE_NUMBERS)
            }
            Write::CidrV4 { prefix_len, key, rules } => {
                (self.cidrs_v4.insert(&Key::new(*prefix_len, Plain(*key)), rules, 0), map::CIDRS_V4)
            }
            Write::CidrV6 { prefix_len, key, rules } => {
                (self.cidrs_v6.insert(&Key::new(*prefix_len, Plain(*key)), rules, 0), map::CIDRS_V6)
            }
            Write::GroupRules { key, rules } => {
                (self.group_rules.insert(Plain(*key), Plain(*rules), 0), map::GROUP_RULES)
            }
            Write::ListRules { key, rules } => (self.list_rules.insert(Plain(*key), Plain(*rules), 0), map::LIST_RULES),
            Write::ListFilter { index, bits } => (self.list_filter.set(*index, *bits, 0), map::LIST_FILTER),
            Write::ListV4 { prefix_len, address, set } => {
                (self.lists_v4.insert(&Key::new(*prefix_len, *address), set, 0), map::LISTS_V4)
            }
            Write::ListV6 { prefix_len, address, set } => {
                (self.lists_v6.insert(&Key::new(*prefix_len, *address), set, 0), map::LISTS_V6)
            }
            Write::MemberV4 { key, set } => (self.members_v4.insert(Plain(*key), set, 0), map::MEMBERS_V4),
            Write::MemberV6 { key, set } => (self.members_v6.insert(Plain(*key), set, 0), map::MEMBERS_V6),
        };
        result.map_err(DataplaneError::map("write to", table))
    }

    /// Removes an entry; it may be gone already.
    pub(super) fn remove(&mut self, removal: Removal) -> Result<(), DataplaneError> {
        let (result, table) = match removal {
            Removal::CidrV4 { prefix_len, key } => {
                (self.cidrs_v4.remove(&Key::new(prefix_len, Plain(key))), map::CIDRS_V4)
            }
            Removal::CidrV6 { prefix_len, key } => {
                (self.cidrs_v6.remove(&Key::new(prefix_len, Plain(key))), map::CIDRS_V6)
            }
            Removal::GroupRules(key) => (self.group_rules.remove(&Plain(key)), map::GROUP_RULES),
            Removal::ListRules(key) => (self.list_rules.remove(&Plain(key)), map::LIST_RULES),
            Removal::ListFilter { index, bits } => (self.list_filter.set(index, bits, 0), map::LIST_FILTER),
            Removal::ListV4 { prefix_len, address } => {
                (self.lists_v4.remove(&Key::new(prefix_len, address)), map::LISTS_V4)
            }
            Removal::ListV6 { prefix_len, address } => {
                (self.lists_v6.remove(&Key::new(prefix_len, address)), map::LISTS_V6)
            }
            Removal::MemberV4(key) => (self.members_v4.remove(&Plain(key)), map::MEMBERS_V4),
            Removal::MemberV6(key) => (self.members_v6.remove(&Plain(key)), map::MEMBERS_V6),
        };
        ignore_missing(result).map_err(DataplaneError::map("remove from", table))
    }

    /// The entries of interfaces, by interface index.
    pub(super) fn interfaces(&self) -> Result<BTreeMap<u32, Interface>, DataplaneError> {
        let mut entries = BTreeMap::new();
        for name in [map::INTERFACES, map::INTERFACES_HIGH] {
            for_each(&self.pins, name, |ifindex: u32, entry: Interface| {
                if entry.attachment != 0 {
                    entries.insert(ifindex, entry);
                }
            })?;
        }
        Ok(entries)
    }

    /// Sets the entry of an interface; one without an attachment takes it away.
    pub(super) fn set_interface(&mut self, ifindex: u32, entry: Interface) -> Result<(), DataplaneError> {
        if ifindex < self.interfaces.len() {
            let written = self.interfaces.set(ifindex, Plain(entry), 0);
            return written.map_err(DataplaneError::map("write to", map::INTERFACES));
        }
        let result = if entry.attachment == 0 {
            ignore_missing(self.interfaces_high.remove(&ifindex))
        } else {
            self.interfaces_high.insert(ifindex, Plain(entry), 0)
        };
        result.map_err(DataplaneError::map("write to", map::INTERFACES_HIGH))
    }

    /// What is in the tables, for a layout to take over.
    pub(super) fn observe(&self) -> Result<Observed, DataplaneError> {
        let mut observed = Observed::default();
        for number in 0..self.cells.len() {
            let cell = PolicyCell::from_word(self.cells.load(number));
            if cell == PolicyCell::default() {
                continue;
            }
            observed.cells.insert(number, cell);
            for slot in [cell.inbound, cell.outbound].into_iter().filter(|slot| *slot != 0) {
                let slot = self.slots.get(&slot, 0).map_err(DataplaneError::map("read", map::SLOTS))?;
                let mut failed = None;
                observed.add_slot(&slot.0, &mut |page| match self.pages.get(&page, 0) {
                    Ok(page) => Some(page.0),
                    Err(error) => {
                        failed = Some(error);
                        None
                    }
                });
                if let Some(error) = failed {
                    return Err(DataplaneError::map("read", map::PAGES)(error));
                }
            }
        }
        let pins = &self.pins;
        for_each(pins, map::CIDRS_V4, |key: TrieKeyV4, set: u32| observed.add_cidr_v4(key.prefix_len, key.data, set))?;
        for_each(pins, map::CIDRS_V6, |key: TrieKeyV6, set: u32| observed.add_cidr_v6(key.prefix_len, key.data, set))?;
        for_each(pins, map::GROUP_RULES, |key, rules| observed.add_group_rules(key, rules))?;
        for_each(pins, map::LISTS_V4, |key: ListKeyV4, set: u32| {
            observed.add_list(key.address.into(), key.prefix_len, set);
        })?;
        for_each(pins, map::LISTS_V6, |key: ListKeyV6, set: u32| {
            observed.add_list(key.address.into(), key.prefix_len, set);
        })?;
        for_each(pins, map::LIST_FILTER, |index, bits| observed.add_list_filter(index, bits))?;
        for_each(pins, map::LIST_RULES, |key, rules| observed.add_list_rules(key, rules))?;
        for_each(pins, map::MEMBERS_V4, |key, set| observed.add_member_v4(key, set))?;
        for_each(pins, map::MEMBERS_V6, |key, set| observed.add_member_v6(key, set))?;
        Ok(observed)
    }
}

/// Takes a missing entry for a removed one.
pub(super) fn ignore_missing(result: Result<(), MapError>) -> Result<(), MapError> {
    match result {
        Err(MapError::KeyNotFound | MapError::ElementNotFound) => Ok(()),
        Err(MapError::SyscallError(error)) if error.io_error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
        result => result,
    }
}
