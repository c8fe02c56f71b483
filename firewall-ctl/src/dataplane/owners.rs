//! The table of whose addresses are whose. What comes is written before the policies of a change are in force, and what goes is
//! removed after it: at no moment is an address of an interface that stays nobody's.

use super::Dataplane;
use super::error::DataplaneError;
use super::maps::{for_each, ignore_missing};
use super::sys::plain::Plain;
use crate::compile::owners::{OwnerKey, Owners, changes};
use crate::compile::{Limits, TableFull};
use firewall_common::abi::{MemberKeyV4, MemberKeyV6, map};
use std::net::IpAddr;

/// Whether owners fit into their tables, beside those that a change takes away.
pub(super) fn check(before: &Owners, after: &Owners, limits: &Limits) -> Result<(), TableFull> {
    let stays = |is_v4: bool| {
        let goes = before.keys().filter(|key| !after.contains_key(*key));
        after.keys().chain(goes).filter(|(_, address)| address.is_ipv4() == is_v4).count()
    };
    for (is_v4, table, limit) in [(true, map::OWNERS_V4, limits.owners_v4), (false, map::OWNERS_V6, limits.owners_v6)] {
        if stays(is_v4) > limit as usize {
            return Err(TableFull { table, limit });
        }
    }
    Ok(())
}

impl Dataplane {
    /// What is in the table already.
    pub(super) fn read_owners(&mut self) -> Result<(), DataplaneError> {
        let mut owners = Owners::new();
        for_each(&self.pins, map::OWNERS_V4, |key: MemberKeyV4, owner: u32| {
            owners.insert((key.vpc, IpAddr::from(key.address)), owner);
        })?;
        for_each(&self.pins, map::OWNERS_V6, |key: MemberKeyV6, owner: u32| {
            owners.insert((key.vpc, IpAddr::from(key.address)), owner);
        })?;
        self.owners = owners;
        Ok(())
    }

    /// Writes what comes with a change.
    pub(super) fn add_owners(&mut self, after: &Owners) -> Result<(), DataplaneError> {
        let (come, _) = changes(&self.owners, after);
        let maps = &mut self.tables.maps;
        for (key, owner) in come {
            let (written, table) = match key {
                OwnerKey::V4(key) => (maps.owners_v4.insert(Plain(key), owner, 0), map::OWNERS_V4),
                OwnerKey::V6(key) => (maps.owners_v6.insert(Plain(key), owner, 0), map::OWNERS_V6),
            };
            written.map_err(DataplaneError::map("write to", table))?;
        }
        // What goes is still there.
        self.owners.extend(after);
        Ok(())
    }

    /// Removes what goes with a change.
    pub(super) fn remove_owners(&mut self, after: Owners) -> Result<(), DataplaneError> {
        let (_, go) = changes(&self.owners, &after);
        let maps = &mut self.tables.maps;
        for key in go {
            let (removed, table) = match key {
                OwnerKey::V4(key) => (maps.owners_v4.remove(&Plain(key)), map::OWNERS_V4),
                OwnerKey::V6(key) => (maps.owners_v6.remove(&Plain(key)), map::OWNERS_V6),
            };
            ignore_missing(removed).map_err(DataplaneError::map("remove from", table))?;
        }
        self.owners = after;
        Ok(())
    }
}
