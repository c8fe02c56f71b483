//! Hardware addresses.

use super::InterfaceId;
use super::text::serde_by_text;
use std::fmt;
use std::str::FromStr;

/// The address of a station on an Ethernet: not zero, and no group of stations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MacAddress([u8; 6]);

/// A text that is no hardware address of a station.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MacAddressError {
    /// It has another form.
    #[error("{text:?} is no hardware address: it has six pairs of hexadecimal digits, as in 02:00:5e:10:00:01")]
    Malformed {
        /// The text given.
        text: String,
    },
    /// It stands for many stations or for none.
    #[error("{text:?} is no hardware address that a single station sends from: it is a group's, or zero")]
    NotOneStation {
        /// The text given.
        text: String,
    },
}

/// The bit of the first octet that says that an address is a group's.
const GROUP: u8 = 1 << 0;
/// The bit of the first octet that says that nobody has registered an address.
const LOCAL: u8 = 1 << 1;

impl MacAddress {
    /// Takes what a device says. `None` for what is no Ethernet address of a single station.
    #[must_use]
    pub fn of_station(octets: &[u8]) -> Option<Self> {
        let octets: [u8; 6] = octets.try_into().ok()?;
        (octets[0] & GROUP == 0 && octets != [0; 6]).then_some(Self(octets))
    }

    /// The one that an interface has as long as no other is known: locally administered, and made of the last bits of its
    /// identifier, so that it stays the same.
    #[must_use]
    pub fn of_interface(id: InterfaceId) -> Self {
        let text = id.to_string();
        let digits = text.strip_prefix(InterfaceId::PREFIX).unwrap_or_default();
        let [.., a, b, c, d, e, f] = u128::from_str_radix(digits, 16).unwrap_or_default().to_be_bytes();
        Self([a & !GROUP | LOCAL, b, c, d, e, f])
    }

    /// Its octets, in the order in which they are sent.
    #[must_use]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        formatter.pad(&format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}"))
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for MacAddress {
    type Err = MacAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || MacAddressError::Malformed { text: text.to_owned() };
        let mut octets = [0; 6];
        let mut pairs = text.split(':');
        for octet in &mut octets {
            let pair =
                pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
            *octet = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or_else(malformed)?;
        }
        if pairs.next().is_some() {
            return Err(malformed());
        }
        Self::of_station(&octets).ok_or_else(|| MacAddressError::NotOneStation { text: text.to_owned() })
    }
}

serde_by_text!(MacAddress);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn addresses_of_stations_survive_their_text(octets in any::<[u8; 6]>()) {
            let is_one_station = octets[0] & 1 == 0 && octets != [0; 6];
            let address = MacAddress::of_station(&octets);
            prop_assert_eq!(address.map(MacAddress::octets), is_one_station.then_some(octets));
            if let Some(address) = address {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
                prop_assert_eq!(address.to_string().to_uppercase().parse(), Ok(address));
            }
        }

        #[test]
        fn an_interface_has_a_locally_administered_one(text in "eni-([0-9a-f]{8}|[0-9a-f]{17})") {
            let address = MacAddress::of_interface(text.parse().expect("an id"));
            prop_assert_eq!(address.octets()[0] & (GROUP | LOCAL), LOCAL);
            prop_assert_eq!(MacAddress::of_station(&address.octets()), Some(address));
            let digits: String = address.to_string().split(':').collect();
            prop_assert!(text.ends_with(&digits[2..]) || text.len() < 17);
        }
    }

    #[test]
    fn what_is_no_address_of_a_station_is_named() {
        for text in [
            "",
            "auto",
            "02:00:5e:10:00",
            "02:00:5e:10:00:01:02",
            "2:0:5e:10:0:1",
            "02-00-5e-10-00-01",
            "+2:00:5e:10:00:01",
        ] {
            let error = text.parse::<MacAddress>().expect_err("malformed");
            assert_eq!(error, MacAddressError::Malformed { text: text.to_owned() });
        }
        for text in ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"] {
            let error = text.parse::<MacAddress>().expect_err("of many, or of none");
            assert_eq!(error, MacAddressError::NotOneStation { text: text.to_owned() });
        }
        assert_eq!(MacAddress::of_station(&[2; 4]), None);
    }
}
