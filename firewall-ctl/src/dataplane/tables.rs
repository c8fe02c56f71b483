//! The tables of policies, members and interfaces in the kernel.

use super::error::DataplaneError;
use super::maps::{Maps, TrieKey, for_each, ignore_missing, is, open_raw};
use super::pins::Pins;
use super::sys::cells::Words;
use super::sys::grace_period;
use super::sys::plain::Plain;
use crate::compile::{Change, Limits, Observed, Removal, TableFull, Write};
use aya::maps::lpm_trie::Key;
use firewall_common::abi::{CidrKeyV4, CidrKeyV6, Interface, PolicyCell, map};
use std::collections::BTreeMap;
use std::os::fd::AsFd as _;

/// The tables that the controller writes.
pub(super) struct Tables {
    pub(super) maps: Maps,
    /// Which policies are in force.
    pub(super) cells: Words,
    limit_high: u32,
    pins: Pins,
}

impl Tables {
    pub(super) fn open(pins: &Pins, limits: &Limits) -> Result<Self, DataplaneError> {
        let cells = open_raw(pins, map::CELLS)?;
        let cells =
            Words::map(cells.as_fd(), limits.attachments + 1).map_err(DataplaneError::map("map", map::CELLS))?;
        Ok(Self { maps: Maps::open(pins)?, cells, limit_high: limits.interfaces_high, pins: pins.clone() })
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
        let maps = &mut self.maps;
        let (result, table) = match write {
            Write::Page { index, page } => (maps.pages.set(*index, Plain(**page), 0), map::PAGES),
            Write::RuleSet { index, rules } => (maps.rule_sets.set(*index, Plain(**rules), 0), map::RULE_SETS),
            Write::Slot { index, slot } => (maps.slots.set(*index, Plain(**slot), 0), map::SLOTS),
            Write::RuleNumbers { index, numbers } => {
                (maps.rule_numbers.set(*index, Plain(**numbers), 0), map::RULE_NUMBERS)
            }
            Write::CidrV4 { prefix_len, key, rules } => {
                (maps.cidrs_v4.insert(&Key::new(*prefix_len, Plain(*key)), rules, 0), map::CIDRS_V4)
            }
            Write::CidrV6 { prefix_len, key, rules } => {
                (maps.cidrs_v6.insert(&Key::new(*prefix_len, Plain(*key)), rules, 0), map::CIDRS_V6)
            }
            Write::GroupRules { key, rules } => {
                (maps.group_rules.insert(Plain(*key), Plain(*rules), 0), map::GROUP_RULES)
            }
            Write::ListRules { key, rules } => (maps.list_rules.insert(Plain(*key), Plain(*rules), 0), map::LIST_RULES),
            Write::ListFilter { index, bits } => (maps.list_filter.set(*index, *bits, 0), map::LIST_FILTER),
            Write::ListV4 { prefix_len, address, set } => {
                (maps.lists_v4.insert(&Key::new(*prefix_len, *address), set, 0), map::LISTS_V4)
            }
            Write::ListV6 { prefix_len, address, set } => {
                (maps.lists_v6.insert(&Key::new(*prefix_len, *address), set, 0), map::LISTS_V6)
            }
            Write::MemberV4 { key, set } => (maps.members_v4.insert(Plain(*key), set, 0), map::MEMBERS_V4),
            Write::MemberV6 { key, set } => (maps.members_v6.insert(Plain(*key), set, 0), map::MEMBERS_V6),
        };
        result.map_err(DataplaneError::map("write to", table))
    }

    /// Removes an entry; it may be gone already.
    pub(super) fn remove(&mut self, removal: Removal) -> Result<(), DataplaneError> {
        let maps = &mut self.maps;
        let (result, table) = match removal {
            Removal::CidrV4 { prefix_len, key } => {
                (maps.cidrs_v4.remove(&Key::new(prefix_len, Plain(key))), map::CIDRS_V4)
            }
            Removal::CidrV6 { prefix_len, key } => {
                (maps.cidrs_v6.remove(&Key::new(prefix_len, Plain(key))), map::CIDRS_V6)
            }
            Removal::GroupRules(key) => (maps.group_rules.remove(&Plain(key)), map::GROUP_RULES),
            Removal::ListRules(key) => (maps.list_rules.remove(&Plain(key)), map::LIST_RULES),
            Removal::ListFilter { index, bits } => (maps.list_filter.set(index, bits, 0), map::LIST_FILTER),
            Removal::ListV4 { prefix_len, address } => {
                (maps.lists_v4.remove(&Key::new(prefix_len, address)), map::LISTS_V4)
            }
            Removal::ListV6 { prefix_len, address } => {
                (maps.lists_v6.remove(&Key::new(prefix_len, address)), map::LISTS_V6)
            }
            Removal::MemberV4(key) => (maps.members_v4.remove(&Plain(key)), map::MEMBERS_V4),
            Removal::MemberV6(key) => (maps.members_v6.remove(&Plain(key)), map::MEMBERS_V6),
        };
        ignore_missing(result).map_err(DataplaneError::map("remove from", table))
    }

    /// The entries of interfaces, by interface index. What an exchange of one has left behind is finished.
    pub(super) fn interfaces(&mut self) -> Result<BTreeMap<u32, Interface>, DataplaneError> {
        let (mut low, mut high) = (BTreeMap::new(), BTreeMap::new());
        for (name, found) in [(map::INTERFACES, &mut low), (map::INTERFACES_HIGH, &mut high)] {
            for_each(&self.pins, name, |ifindex: u32, entry: Interface| {
                if entry.attachment != 0 {
                    found.insert(ifindex, entry);
                }
            })?;
        }
        let in_array = ..self.maps.interfaces.len();
        for (ifindex, entry) in high.range(in_array) {
            self.bring_low(*ifindex, *low.get(ifindex).unwrap_or(entry))?;
        }
        high.extend(low);
        Ok(high)
    }

    /// Sets the entry of an interface; one without an attachment takes it away.
    pub(super) fn set_interface(&mut self, ifindex: u32, entry: Interface) -> Result<(), DataplaneError> {
        if ifindex < self.maps.interfaces.len() {
            self.set_low(ifindex, entry)
        } else if entry.attachment == 0 {
            self.remove_high(ifindex)
        } else {
            self.set_high(ifindex, entry)
        }
    }

    /// Puts another attachment's entry into the place of the one of an interface. An entry is more than a word, so it is not
    /// changed under the eyes of the programs. The hash gives one whole or the other, so a packet sees the old entry or the
    /// new one, and so it is if the controller ends in between.
    pub(super) fn exchange_interface(
        &mut self,
        ifindex: u32,
        before: Interface,
        after: Interface,
    ) -> Result<(), DataplaneError> {
        if ifindex >= self.maps.interfaces.len() {
            return self.set_high(ifindex, after);
        }
        self.set_high(ifindex, before)?;
        // Nobody looks into the hash before this, and everybody after it.
        self.set_low(ifindex, without_attachment(before))?;
        wait()?;
        self.set_high(ifindex, after)?;
        self.bring_low(ifindex, after)
    }

    /// Brings an entry from the hash back into the array.
    fn bring_low(&mut self, ifindex: u32, entry: Interface) -> Result<(), DataplaneError> {
        let low = self.maps.interfaces.get(&ifindex, 0).map_err(DataplaneError::map("read", map::INTERFACES))?;
        if low.0 != entry {
            self.set_low(ifindex, without_attachment(entry))?;
            wait()?;
            // One field changes.
            self.set_low(ifindex, entry)?;
            wait()?;
        }
        self.remove_high(ifindex)
    }

    fn set_low(&mut self, ifindex: u32, entry: Interface) -> Result<(), DataplaneError> {
        let written = self.maps.interfaces.set(ifindex, Plain(entry), 0);
        written.map_err(DataplaneError::map("write to", map::INTERFACES))
    }

    fn set_high(&mut self, ifindex: u32, entry: Interface) -> Result<(), DataplaneError> {
        let written = self.maps.interfaces_high.insert(ifindex, Plain(entry), 0);
        if is(&written, libc::E2BIG) {
            return Err(TableFull { table: map::INTERFACES_HIGH, limit: self.limit_high }.into());
        }
        written.map_err(DataplaneError::map("write to", map::INTERFACES_HIGH))
    }

    fn remove_high(&mut self, ifindex: u32) -> Result<(), DataplaneError> {
        let removed = ignore_missing(self.maps.interfaces_high.remove(&ifindex));
        removed.map_err(DataplaneError::map("remove from", map::INTERFACES_HIGH))
    }

    /// What is in the tables, for a layout to take over.
    pub(super) fn observe(&self) -> Result<Observed, DataplaneError> {
        let maps = &self.maps;
        let mut observed = Observed::default();
        for number in 0..self.cells.len() {
            let cell = PolicyCell::from_word(self.cells.load(number));
            if cell == PolicyCell::default() {
                continue;
            }
            observed.cells.insert(number, cell);
            for slot in [cell.inbound, cell.outbound].into_iter().filter(|slot| *slot != 0) {
                let slot = maps.slots.get(&slot, 0).map_err(DataplaneError::map("read", map::SLOTS))?;
                let mut failed = None;
                observed.add_slot(&slot.0, &mut |page| match maps.pages.get(&page, 0) {
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
        for_each(pins, map::CIDRS_V4, |key: TrieKey<CidrKeyV4>, set: u32| {
            observed.add_cidr_v4(key.prefix_len, key.data, set);
        })?;
        for_each(pins, map::CIDRS_V6, |key: TrieKey<CidrKeyV6>, set: u32| {
            observed.add_cidr_v6(key.prefix_len, key.data, set);
        })?;
        for_each(pins, map::GROUP_RULES, |key, rules| observed.add_group_rules(key, rules))?;
        for_each(pins, map::LISTS_V4, |key: TrieKey<[u8; 4]>, set: u32| {
            observed.add_list(key.data.into(), key.prefix_len, set);
        })?;
        for_each(pins, map::LISTS_V6, |key: TrieKey<[u8; 16]>, set: u32| {
            observed.add_list(key.data.into(), key.prefix_len, set);
        })?;
        for_each(pins, map::LIST_FILTER, |index, bits| observed.add_list_filter(index, bits))?;
        for_each(pins, map::LIST_RULES, |key, rules| observed.add_list_rules(key, rules))?;
        for_each(pins, map::MEMBERS_V4, |key, set| observed.add_member_v4(key, set))?;
        for_each(pins, map::MEMBERS_V6, |key, set| observed.add_member_v6(key, set))?;
        Ok(observed)
    }
}

/// What the programs take for no entry, with all else as it is to be.
const fn without_attachment(entry: Interface) -> Interface {
    Interface { attachment: 0, ..entry }
}

/// Waits until no program runs that has seen what was there before.
pub(super) fn wait() -> Result<(), DataplaneError> {
    grace_period().map_err(|source| DataplaneError::Query { what: "the end of running programs".to_owned(), source })
}
