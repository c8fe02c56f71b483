//! Gives the programs of a device to another attachment: the device changes its side or its record, and its programs run
//! on.

use super::error::DataplaneError;
use super::pins::{Leg, ignore_missing};
use super::{Dataplane, sys};
use firewall_common::abi::Interface;

impl Dataplane {
    /// The other attachment that a device has, and its entry.
    pub(super) fn holder_of(&self, ifindex: u32, number: u32) -> Option<(u32, Interface)> {
        let mut others = self.entries.iter().filter(|(other, (at, _))| **other != number && *at == ifindex);
        others.next().map(|(other, (_, entry))| (*other, *entry))
    }

    /// Makes the programs of a device work for another attachment.
    ///
    /// An entry is more than a word, so it is not changed under the eyes of the programs: they drop everything from before
    /// the change until after it, which is some milliseconds.
    ///
    /// # Errors
    /// The kernel refuses; packets of the device are dropped until it is attached again.
    pub(super) fn hand_over(
        &mut self,
        from: u32,
        to: u32,
        ifindex: u32,
        entry: Interface,
    ) -> Result<(), DataplaneError> {
        let before = self.entries.get(&from).map_or(Interface::default(), |(_, before)| *before);
        for closed in [before, entry] {
            self.tables.set_interface(ifindex, Interface { attachment: 0, ..closed })?;
            let failed = |source| DataplaneError::Query { what: "the end of running programs".to_owned(), source };
            sys::grace_period().map_err(failed)?;
        }
        for leg in Leg::ALL {
            let path = self.pins.link(from, leg);
            let renamed = std::fs::rename(&path, self.pins.link(to, leg));
            ignore_missing(renamed).map_err(DataplaneError::pin("rename", path))?;
        }
        self.entries.remove(&from);
        self.entries.insert(to, (ifindex, entry));
        self.tables.set_interface(ifindex, entry)
    }
}
