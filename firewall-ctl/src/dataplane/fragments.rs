//! What the programs remember of fragments: it goes with its attachment, and keeps the numbers of rules from being given to
//! others as long as something may still be counted by them.

use super::Dataplane;
use super::clock::now;
use super::error::DataplaneError;
use super::maps::{for_each, ignore_missing, open};
use super::sys::plain::Plain;
use aya::maps::{HashMap, MapData};
use firewall_common::abi::{FirstFragment, FragmentKeyV4, FragmentKeyV6, map};
use std::collections::BTreeSet;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// What both kinds of keys have in common.
trait Key: FromBytes + IntoBytes + Immutable + Copy + 'static {
    const TABLE: &'static str;
    fn attachment(&self) -> u32;
}

impl Key for FragmentKeyV4 {
    const TABLE: &'static str = map::FRAGMENTS_V4;

    fn attachment(&self) -> u32 {
        self.attachment
    }
}

impl Key for FragmentKeyV6 {
    const TABLE: &'static str = map::FRAGMENTS_V6;

    fn attachment(&self) -> u32 {
        self.attachment
    }
}

impl Dataplane {
    /// Forgets the fragments of attachments.
    pub(super) fn purge_fragments(&mut self, is_gone: impl Fn(u32) -> bool) -> Result<(), DataplaneError> {
        self.purge_fragments_of::<FragmentKeyV4>(&is_gone)?;
        self.purge_fragments_of::<FragmentKeyV6>(&is_gone)
    }

    fn purge_fragments_of<K: Key>(&mut self, is_gone: impl Fn(u32) -> bool) -> Result<(), DataplaneError> {
        let mut keys = Vec::new();
        for_each(&self.pins, K::TABLE, |key: K, _: FirstFragment| {
            if is_gone(key.attachment()) {
                keys.push(key);
            }
        })?;
        if keys.is_empty() {
            return Ok(());
        }
        let mut table: HashMap<MapData, Plain<K>, Plain<FirstFragment>> = open(&self.pins, K::TABLE)?;
        for key in keys {
            // The programs may have pushed it out meanwhile.
            ignore_missing(table.remove(&Plain(key))).map_err(DataplaneError::map("remove from", K::TABLE))?;
        }
        Ok(())
    }

    /// Adds the host-wide numbers of the rules by which fragments may still pass.
    pub(super) fn rules_of_fragments(&self, rules: &mut BTreeSet<u32>) -> Result<(), DataplaneError> {
        let now = now();
        let mut add = |first: FirstFragment| {
            if now < first.expires && first.rule != 0 {
                rules.insert(first.rule);
            }
        };
        for_each(&self.pins, map::FRAGMENTS_V4, |_: FragmentKeyV4, first| add(first))?;
        for_each(&self.pins, map::FRAGMENTS_V6, |_: FragmentKeyV6, first| add(first))
    }
}
