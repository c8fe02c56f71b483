//! Gives the programs of a device to another attachment: the device changes its side or its record, and its programs run
//! on.

use super::Dataplane;
use super::error::DataplaneError;
use super::pins::{Leg, ignore_missing};
use firewall_common::abi::Interface;

impl Dataplane {
    /// The other attachment that a device has, and its entry.
    pub(super) fn holder_of(&self, ifindex: u32, number: u32) -> Option<(u32, Interface)> {
        let mut others = self.entries.iter().filter(|(other, (at, _))| **other != number && *at == ifindex);
        others.next().map(|(other, (_, entry))| (*other, *entry))
    }

    /// Makes the programs of a device work for another attachment, from one packet to the next. The links are named after what
    /// the tables say, here or by the next controller.
    ///
    /// # Errors
    /// The kernel refuses; packets of the device are judged for one of both.
    pub(super) fn hand_over(
        &mut self,
        from: u32,
        to: u32,
        ifindex: u32,
        entry: Interface,
    ) -> Result<(), DataplaneError> {
        let before = self.entries.get(&from).map_or(Interface::default(), |(_, before)| *before);
        self.tables.exchange_interface(ifindex, before, entry)?;
        self.entries.remove(&from);
        self.entries.insert(to, (ifindex, entry));
        for leg in Leg::ALL {
            let path = self.pins.link(from, leg);
            let renamed = std::fs::rename(&path, self.pins.link(to, leg));
            ignore_missing(renamed).map_err(DataplaneError::pin("rename", path))?;
        }
        Ok(())
    }
}
