//! Devices that a tag of an interface may bind.

use crate::model::Side;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Names of devices, an asterisk at the end standing for any characters, and what is behind them. Empty: no tag binds anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Bindable(BTreeMap<String, Side>);

impl Bindable {
    /// What is behind a device, if a tag may bind it. A whole name comes before a beginning, a longer one before a shorter one.
    #[must_use]
    pub fn side(&self, device: &str) -> Option<Side> {
        let beginning =
            |pattern: &str| pattern.strip_suffix('*').filter(|start| device.starts_with(start)).map(str::len);
        let by_beginning = || {
            let fitting = self.0.iter().filter_map(|(pattern, side)| Some((beginning(pattern)?, *side)));
            fitting.max_by_key(|(length, _)| *length).map(|(_, side)| side)
        };
        self.0.get(device).copied().or_else(by_beginning)
    }

    /// The names, as they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Side)> for Bindable {
    fn from_iter<I: IntoIterator<Item = (String, Side)>>(devices: I) -> Self {
        Self(devices.into_iter().collect())
    }
}

/// `DEV=SIDE` of the command line; a side that is left out is `workload`.
pub(super) fn assignment(text: &str) -> Result<(String, Side), String> {
    let (device, side) = text.split_once('=').unwrap_or((text, Side::Workload.word()));
    if device.is_empty() {
        return Err("a device has a name".to_owned());
    }
    Side::from_str(side).map(|side| (device.to_owned(), side)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_says_most_counts() {
        let bindable: Bindable =
            toml::from_str("'*' = 'workload'\neth1 = 'host'\n'eth*' = 'host'\n'eth1*' = 'workload'").unwrap();
        for (device, side) in
            [("tap0", Side::Workload), ("eth0", Side::Host), ("eth1", Side::Host), ("eth10", Side::Workload)]
        {
            assert_eq!(bindable.side(device), Some(side), "{device}");
        }
        assert_eq!(Bindable::default().side("tap0"), None);
        let one: Bindable = [("tap0".to_owned(), Side::Host)].into_iter().collect();
        assert_eq!((one.side("tap0"), one.side("tap01")), (Some(Side::Host), None));
    }

    #[test]
    fn flags_name_a_device_and_its_side() {
        assert_eq!(assignment("tap*=host"), Ok(("tap*".to_owned(), Side::Host)));
        assert_eq!(assignment("tap0"), Ok(("tap0".to_owned(), Side::Workload)));
        assert!(assignment("tap0=inside").unwrap_err().contains("one of host, workload"));
        assert!(assignment("=host").is_err());
    }
}
