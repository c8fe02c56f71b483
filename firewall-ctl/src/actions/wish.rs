//! What an attach request wishes, and how that differs from what is.

use super::address;
use super::error::{ApiError, ErrorCode};
use super::mac::MacWish;
use super::types::{Addresses, AttachDevice};
use super::{interface, lookup};
use crate::model::{
    AddressSource, Attachment, GroupId, HookWish, InterfaceId, MacAddress, MacSource, Model, NetworkInterface, Side,
    VpcId, WordError,
};
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

/// A request to attach, checked as far as it goes without what is attached. What it leaves open stays as it is.
#[derive(Debug)]
pub(super) struct Wish {
    pub device: String,
    pub groups: Option<Vec<GroupId>>,
    /// The VPC that was named, or that of the groups.
    pub vpc: Option<VpcId>,
    pub side: Option<Side>,
    pub hook: Option<HookWish>,
    pub addresses: Option<AddressWish>,
    pub mac: Option<MacWish>,
    pub strict_l2: Option<bool>,
    pub enforce: Option<bool>,
    pub source_dest_check: Option<bool>,
    pub adopt: bool,
    pub replace: bool,
    pub interface: Option<InterfaceId>,
    pub dry_run: bool,
}

/// Which addresses an interface should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AddressWish {
    /// Those that the kernel has.
    Auto,
    /// These.
    Given(BTreeSet<IpAddr>),
}

/// Where and how an interface comes to be attached.
pub(super) struct Placed {
    pub side: Side,
    pub hook: HookWish,
    pub source: AddressSource,
    pub addresses: BTreeSet<IpAddr>,
    pub mac_source: MacSource,
    pub mac_address: Option<MacAddress>,
    pub strict_l2: bool,
    pub enforce: bool,
    pub source_dest_check: bool,
}

/// One thing that is otherwise than wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    member: &'static str,
    have: String,
    want: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: have {}, want {}", self.member, self.have, self.want)
    }
}

impl Wish {
    /// Reads a request.
    pub(super) fn read(request: AttachDevice, model: &Model) -> Result<Self, ApiError> {
        let AttachDevice {
            device,
            groups,
            vpc_id,
            side,
            hook,
            private_ip_addresses,
            mac_address,
            strict_l2,
            enforce,
            source_dest_check,
            no_adopt,
            replace,
            network_interface_id,
            dry_run,
        } = request;
        let device = device_name(lookup::required("Device", device)?)?;
        let side = lookup::present(side).map(|text| text.parse()).transpose().map_err(|error| word(&error))?;
        let hook = lookup::present(hook).map(|text| text.parse()).transpose().map_err(|error| word(&error))?;
        let addresses = private_ip_addresses.map(addresses).transpose()?.flatten();
        let mac = MacWish::read(mac_address.as_deref())?;
        let vpc = lookup::present(vpc_id).map(|id| lookup::vpc(model, &id)).transpose()?.map(|vpc| vpc.id);
        let (vpc, groups) = interface::place(model, vpc, &groups)?;
        let interface = lookup::present(network_interface_id);
        let interface = interface.map(|id| lookup::interface(model, &id)).transpose()?.map(|interface| interface.id);
        let adopt = !no_adopt;
        Ok(Self {
            device,
            groups,
            vpc,
            side,
            hook,
            addresses,
            mac,
            strict_l2,
            enforce,
            source_dest_check,
            adopt,
            replace,
            interface,
            dry_run,
        })
    }

    /// Side, hook and addresses, from the wish where it has them, else from the record, else as they are by default.
    pub(super) fn placed(&self, record: Option<&NetworkInterface>) -> Result<Placed, ApiError> {
        let before = record.and_then(|record| record.attachment.as_ref());
        let side = self.side.or(before.map(|before| before.side)).unwrap_or(Side::Host);
        let seen_here = match side {
            Side::Host => AddressSource::Kernel,
            Side::Workload => AddressSource::PeerNamespace,
        };
        let known = record.map(|record| record.addresses.clone()).unwrap_or_default();
        let source_before = match before {
            Some(before) if before.addresses == AddressSource::Given || before.side == side => Some(before.addresses),
            // A record without a device has the addresses that it was given, if any.
            None if !known.is_empty() => Some(AddressSource::Given),
            Some(_) | None => None,
        };
        let (source, addresses) = match (&self.addresses, source_before) {
            (Some(AddressWish::Given(addresses)), _) => (AddressSource::Given, addresses.clone()),
            (Some(AddressWish::Auto), Some(before)) if before == seen_here => (before, known),
            (Some(AddressWish::Auto), _) => (seen_here, BTreeSet::new()),
            (None, Some(before)) => (before, known),
            (None, None) => match side {
                Side::Host => (AddressSource::Kernel, BTreeSet::new()),
                Side::Workload => return Err(addresses_missing(&self.device)),
            },
        };
        let (mac_source, mac_address) = MacWish::placed(self.mac, side, record)?;
        Ok(Placed {
            side,
            hook: self.hook.or(before.map(|before| before.hook)).unwrap_or(HookWish::Auto),
            source,
            addresses,
            mac_source,
            mac_address,
            strict_l2: self.strict_l2.or(before.map(|before| before.strict_l2)).unwrap_or(false),
            enforce: self.enforce.or(before.map(|before| before.enforce)).unwrap_or(true),
            source_dest_check: self.source_dest_check.or(record.map(|record| record.source_dest_check)).unwrap_or(true),
        })
    }

    /// What is otherwise than wished at an interface that is attached to the device.
    pub(super) fn differences(&self, current: &NetworkInterface) -> Vec<Difference> {
        let Some(attachment) = &current.attachment else { return Vec::new() };
        let Attachment {
            device: _,
            side,
            hook,
            addresses,
            mac_source: _,
            strict_l2,
            enforce,
            number: _,
            adopt: _,
            by_tag: _,
        } = attachment;
        let mut differences = Differences::default();
        differences.add("NetworkInterfaceId", &current.id, self.interface.as_ref());
        differences.add("VpcId", &current.vpc, self.vpc.as_ref());
        differences.add("Side", side, self.side.as_ref());
        differences.add("Hook", hook, self.hook.as_ref());
        differences.add("MacAddress", &MacWish::of(current, attachment), self.mac.as_ref());
        differences.add("StrictL2", strict_l2, self.strict_l2.as_ref());
        differences.add("Enforce", enforce, self.enforce.as_ref());
        differences.add("SourceDestCheck", &current.source_dest_check, self.source_dest_check.as_ref());
        let Differences(mut differences) = differences;
        if let Some(groups) = &self.groups {
            let set = |groups: &[GroupId]| groups.iter().copied().collect::<BTreeSet<_>>();
            if set(groups) != set(&current.groups) {
                differences.push(Difference { member: "Groups", have: join(&current.groups), want: join(groups) });
            }
        }
        let have = match addresses {
            AddressSource::Kernel | AddressSource::PeerNamespace => AddressWish::Auto,
            AddressSource::Given => AddressWish::Given(current.addresses.clone()),
        };
        if let Some(want) = self.addresses.as_ref().filter(|want| **want != have) {
            let (have, want) = (have.to_string(), want.to_string());
            differences.push(Difference { member: "PrivateIpAddresses", have, want });
        }
        differences
    }

    /// The record that is to be attached is of another VPC than the one wished.
    pub(super) fn other_network(&self, record: &NetworkInterface) -> ApiError {
        let wished = self.vpc.map(|vpc| vpc.to_string()).unwrap_or_default();
        lookup::different_networks(format!("The interface {} is in {}, not in {wished}.", record.id, record.vpc))
    }
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn add<T: PartialEq + ToString>(&mut self, member: &'static str, have: &T, want: Option<&T>) {
        if let Some(want) = want.filter(|want| *want != have) {
            self.0.push(Difference { member, have: have.to_string(), want: want.to_string() });
        }
    }
}

impl fmt::Display for AddressWish {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Given(addresses) => formatter.write_str(&join(addresses)),
        }
    }
}

fn join<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(" ")
}

/// Longest name of a device, by IFNAMSIZ and its closing zero.
const MAX_DEVICE_NAME: usize = 15;

/// A name that the kernel would take for a device.
fn device_name(name: String) -> Result<String, ApiError> {
    let possible = name.len() <= MAX_DEVICE_NAME
        && !matches!(name.as_str(), "." | "..")
        && !name.contains(|character: char| {
            character.is_whitespace() || character.is_control() || "/:".contains(character)
        });
    if possible {
        return Ok(name);
    }
    let detail =
        format!("The name of a device has up to {MAX_DEVICE_NAME} octets, without spaces, slashes and colons.");
    Err(ApiError::value(format!("Value ({name}) for parameter Device is invalid.")).with_detail(detail))
}

fn word(error: &WordError) -> ApiError {
    ApiError::value(format!("Value ({}) for parameter {} is invalid.", error.text, capitalised(error.what)))
        .with_detail(format!("It is one of {}.", error.words.join(", ")))
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

fn addresses(wish: Addresses) -> Result<Option<AddressWish>, ApiError> {
    match wish {
        Addresses::Word(word) if word.is_empty() => Ok(None),
        Addresses::Word(word) if word == "auto" => Ok(Some(AddressWish::Auto)),
        Addresses::Word(word) => {
            Err(ApiError::value(format!("Value ({word}) for parameter PrivateIpAddresses is invalid."))
                .with_detail("It is a list of addresses, or auto."))
        }
        Addresses::Given(texts) => match texts.as_slice() {
            [] => Ok(None),
            // On the command line, a list of one word and the word look the same.
            [word] if word == "auto" => Ok(Some(AddressWish::Auto)),
            texts => {
                let mut addresses = BTreeSet::new();
                for text in texts {
                    let address = address::parse("PrivateIpAddresses", text, None)?;
                    address::insert(&mut addresses, "PrivateIpAddresses", address)?;
                }
                Ok(Some(AddressWish::Given(addresses)))
            }
        },
    }
}

fn addresses_missing(device: &str) -> ApiError {
    ApiError::new(ErrorCode::MissingParameter, "The request must contain the parameter PrivateIpAddresses").with_detail(
        format!(
            "Behind {device} is a workload, and its addresses are not this machine's: name them, or say auto to read \
             them in the network namespace of the device's peer."
        ),
    )
}
