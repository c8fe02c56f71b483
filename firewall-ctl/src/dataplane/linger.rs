//! Ports of UDP whose rule was taken away: written before the new policies are in force, and kept until no flow of
//! theirs could live any more.

use super::Dataplane;
use super::clock::now;
use super::error::DataplaneError;
use super::maps::{TrieKey, for_each, ignore_missing, is};
use super::sys::plain::Plain;
use crate::compile::{LingerPrefix, TableFull};
use aya::maps::lpm_trie::Key;
use firewall_common::abi::{LingerKey, map};
use std::collections::BTreeMap;

/// Ports by attachment number, with the tick until which each counts.
pub(super) type Lingering = BTreeMap<u32, BTreeMap<LingerPrefix, u64>>;

fn number(key: &LingerKey) -> u32 {
    u32::from_be_bytes(key.attachment)
}

impl Dataplane {
    /// What is in the table already.
    pub(super) fn read_linger(&mut self) -> Result<(), DataplaneError> {
        let mut lingering = Lingering::new();
        for_each(&self.pins, map::LINGER, |TrieKey { prefix_len, data }: TrieKey<LingerKey>, until: u64| {
            lingering.entry(number(&data)).or_default().insert((prefix_len, data), until);
        })?;
        self.lingering = lingering;
        Ok(())
    }

    /// Writes ports that are about to be closed. Without the flag of the interface nobody looks.
    pub(super) fn write_linger(&mut self, closed: &[LingerPrefix]) -> Result<(), DataplaneError> {
        if closed.is_empty() {
            return Ok(());
        }
        self.drop_linger(|_, until| until <= now())?;
        for (prefix_len, key) in closed {
            let timeouts = self.entries.get(&number(key)).map(|(_, entry)| entry.timeouts).unwrap_or_default();
            let until = now() + u64::from(timeouts.udp_stream);
            let written = self.tables.maps.linger.insert(&Key::new(*prefix_len, Plain(*key)), until, 0);
            if is(&written, libc::ENOSPC) {
                return Err(TableFull { table: map::LINGER, limit: self.config.limits.linger }.into());
            }
            written.map_err(DataplaneError::map("write to", map::LINGER))?;
            self.lingering.entry(number(key)).or_default().insert((*prefix_len, *key), until);
        }
        Ok(())
    }

    /// Removes ports, by attachment number and the tick until which they count.
    pub(super) fn drop_linger(&mut self, is_over: impl Fn(u32, u64) -> bool) -> Result<(), DataplaneError> {
        let table = &mut self.tables.maps.linger;
        let mut result = Ok(());
        for (number, ports) in &mut self.lingering {
            ports.retain(|(prefix_len, key), until| {
                if !is_over(*number, *until) {
                    return true;
                }
                let removed = ignore_missing(table.remove(&Key::new(*prefix_len, Plain(*key))));
                let removed = removed.map_err(DataplaneError::map("remove from", map::LINGER));
                let stays = removed.is_err();
                result = std::mem::replace(&mut result, Ok(())).and(removed);
                stays
            });
        }
        self.lingering.retain(|_, ports| !ports.is_empty());
        result
    }
}
