//! Checks of pinned maps: the loader would take any map that is pinned under the right name (aya before 0.16).

use super::error::DataplaneError;
use super::pins::Pins;
use crate::compile::Limits;
use aya::maps::MapInfo;
use aya_obj::Object;
use firewall_common::abi::map;

/// Compares every pinned map with the object that is to use it, and with the limits.
pub(super) fn check_maps(object: &Object, limits: &Limits, pins: &Pins) -> Result<(), DataplaneError> {
    for name in map::ALL {
        let path = pins.map(name);
        if !path.exists() {
            return Err(DataplaneError::Incomplete { path: pins.root().to_owned(), missing: name.to_owned() });
        }
        let wanted = object
            .maps
            .get(name)
            .ok_or_else(|| DataplaneError::Load(format!("the object has no map {name}").into()))?;
        let info = MapInfo::from_pin(&path).map_err(DataplaneError::map("look at", name))?;
        let kind = info.map_type().map_err(DataplaneError::map("look at", name))?;
        let properties = [
            ("type", kind as u32, wanted.map_type()),
            ("key size", info.key_size(), wanted.key_size()),
            ("value size", info.value_size(), wanted.value_size()),
            ("flags", info.map_flags(), wanted.map_flags()),
            ("room for", info.max_entries(), limits.max_entries(name).unwrap_or_default()),
        ];
        for (property, found, wanted) in properties {
            if found != wanted {
                return Err(DataplaneError::MapMismatch { path, property, found, wanted });
            }
        }
    }
    Ok(())
}
