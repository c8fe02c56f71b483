//! The pinned maps, opened as what they are.

use super::error::DataplaneError;
use super::pins::Pins;
use super::sys::bpf;
use super::sys::plain::Plain;
use aya::maps::{Array, HashMap, LpmTrie, Map, MapData, MapError};
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, Flow, FlowKeyV4, FlowKeyV6, GroupRules, GroupRulesKey, Interface, LingerKey, MemberKeyV4,
    MemberKeyV6, Page, RuleNumbers, RuleSet, Slot, map,
};
use std::os::fd::{AsFd as _, OwnedFd};
use zerocopy::FromBytes;

type Hash<K, V> = HashMap<MapData, Plain<K>, V>;

/// All maps of which the controller reads or writes single entries.
pub(super) struct Maps {
    pub(super) interfaces: Array<MapData, Plain<Interface>>,
    pub(super) interfaces_high: HashMap<MapData, u32, Plain<Interface>>,
    pub(super) slots: Array<MapData, Plain<Slot>>,
    pub(super) pages: Array<MapData, Plain<Page>>,
    pub(super) rule_sets: Array<MapData, Plain<RuleSet>>,
    pub(super) rule_numbers: Array<MapData, Plain<RuleNumbers>>,
    pub(super) cidrs_v4: LpmTrie<MapData, Plain<CidrKeyV4>, u32>,
    pub(super) cidrs_v6: LpmTrie<MapData, Plain<CidrKeyV6>, u32>,
    pub(super) members_v4: Hash<MemberKeyV4, u32>,
    pub(super) members_v6: Hash<MemberKeyV6, u32>,
    pub(super) owners_v4: Hash<MemberKeyV4, u32>,
    pub(super) owners_v6: Hash<MemberKeyV6, u32>,
    pub(super) group_rules: Hash<GroupRulesKey, Plain<GroupRules>>,
    pub(super) lists_v4: LpmTrie<MapData, [u8; 4], u32>,
    pub(super) lists_v6: LpmTrie<MapData, [u8; 16], u32>,
    pub(super) list_filter: Array<MapData, u64>,
    pub(super) list_rules: Hash<GroupRulesKey, Plain<GroupRules>>,
    pub(super) flows_v4: Hash<FlowKeyV4, Plain<Flow>>,
    pub(super) flows_v6: Hash<FlowKeyV6, Plain<Flow>>,
    pub(super) linger: LpmTrie<MapData, Plain<LingerKey>, u64>,
}

impl Maps {
    pub(super) fn open(pins: &Pins) -> Result<Self, DataplaneError> {
        Ok(Self {
            interfaces: open(pins, map::INTERFACES)?,
            interfaces_high: open(pins, map::INTERFACES_HIGH)?,
            slots: open(pins, map::SLOTS)?,
            pages: open(pins, map::PAGES)?,
            rule_sets: open(pins, map::RULE_SETS)?,
            rule_numbers: open(pins, map::RULE_NUMBERS)?,
            cidrs_v4: open(pins, map::CIDRS_V4)?,
            cidrs_v6: open(pins, map::CIDRS_V6)?,
            members_v4: open(pins, map::MEMBERS_V4)?,
            members_v6: open(pins, map::MEMBERS_V6)?,
            owners_v4: open(pins, map::OWNERS_V4)?,
            owners_v6: open(pins, map::OWNERS_V6)?,
            group_rules: open(pins, map::GROUP_RULES)?,
            lists_v4: open(pins, map::LISTS_V4)?,
            lists_v6: open(pins, map::LISTS_V6)?,
            list_filter: open(pins, map::LIST_FILTER)?,
            list_rules: open(pins, map::LIST_RULES)?,
            flows_v4: open(pins, map::FLOWS_V4)?,
            flows_v6: open(pins, map::FLOWS_V6)?,
            linger: open(pins, map::LINGER)?,
        })
    }
}

/// Key of a trie as the kernel holds it.
#[repr(C)]
#[derive(FromBytes)]
pub(super) struct TrieKey<K> {
    pub(super) prefix_len: u32,
    pub(super) data: K,
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

/// Takes a missing entry for a removed one.
pub(super) fn ignore_missing(result: Result<(), MapError>) -> Result<(), MapError> {
    match result {
        Err(MapError::KeyNotFound | MapError::ElementNotFound) => Ok(()),
        result if is(&result, libc::ENOENT) => Ok(()),
        result => result,
    }
}

/// Whether the kernel has refused with an error.
pub(super) fn is(result: &Result<(), MapError>, errno: i32) -> bool {
    matches!(result, Err(MapError::SyscallError(error)) if error.io_error.raw_os_error() == Some(errno))
}
