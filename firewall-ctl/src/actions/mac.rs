//! Hardware addresses of interfaces.

use super::error::{ApiError, ErrorCode};
use super::{lookup, refusal};
use crate::model::{Attachment, InterfaceId, MacAddress, MacAddressError, MacSource, Model, NetworkInterface, Side};
use std::fmt;
use std::sync::Arc;

/// Which hardware address an interface should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MacWish {
    /// The one that the device says.
    Auto,
    /// Whichever it sends with.
    Any,
    /// This one.
    Given(MacAddress),
}

impl MacWish {
    /// Reads what a request says.
    pub(super) fn read(text: Option<&str>) -> Result<Option<Self>, ApiError> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        if text == MacSource::Auto.word() {
            return Ok(Some(Self::Auto));
        }
        if text == MacSource::Any.word() {
            return Ok(Some(Self::Any));
        }
        let address = text.parse().map(Self::Given).map(Some);
        address.map_err(|error: MacAddressError| {
            ApiError::value(format!("Value ({text}) for parameter MacAddress is invalid."))
                .with_detail(format!("{error}; or it is auto, for what the device says, or any, for whichever."))
        })
    }

    /// What was wished of an interface that is attached.
    pub(super) fn of(interface: &NetworkInterface, attachment: &Attachment) -> Self {
        match (attachment.mac_source, interface.mac_address) {
            (MacSource::Given, Some(address)) => Self::Given(address),
            (MacSource::Any, _) => Self::Any,
            (MacSource::Auto, _) | (MacSource::Given, None) => Self::Auto,
        }
    }

    /// Where the address of an interface comes from, and what is known of it, from the wish where there is one, else from
    /// the record.
    pub(super) fn placed(
        wish: Option<Self>,
        side: Side,
        record: Option<&NetworkInterface>,
    ) -> Result<(MacSource, Option<MacAddress>), ApiError> {
        let known = record.and_then(|record| record.mac_address);
        let before = record.and_then(|record| record.attachment.as_ref()).filter(|before| before.side == side);
        // A record without a device has the address that it was given, if any.
        let before = match (before, known) {
            (Some(before), _) => before.mac_source,
            (None, Some(_)) if record.is_some_and(|record| record.attachment.is_none()) => MacSource::Given,
            (None, _) => MacSource::Auto,
        };
        match (side, wish) {
            (Side::Host, Some(Self::Given(_) | Self::Any)) => Err(given_to_a_host()),
            (Side::Host, Some(Self::Auto) | None) => Ok((MacSource::Auto, known.filter(|_| before == MacSource::Auto))),
            (Side::Workload, Some(Self::Given(address))) => Ok((MacSource::Given, Some(address))),
            (Side::Workload, Some(Self::Any)) => Ok((MacSource::Any, None)),
            (Side::Workload, Some(Self::Auto)) => Ok((MacSource::Auto, known.filter(|_| before == MacSource::Auto))),
            (Side::Workload, None) => Ok((before, known)),
        }
    }
}

impl fmt::Display for MacWish {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str(MacSource::Auto.word()),
            Self::Any => formatter.write_str(MacSource::Any.word()),
            Self::Given(address) => address.fmt(formatter),
        }
    }
}

fn given_to_a_host() -> ApiError {
    let message = "The parameter MacAddress is for the side workload: a host's own device says its hardware address.";
    ApiError::new(ErrorCode::InvalidParameterCombination, message)
        .with_detail("Leave it out, or say --side workload if a container or a virtual machine is behind the device.")
}

/// Refuses a hardware address that was given for a workload and that another one of the VPC has.
pub(super) fn check_given(model: &Model, interface: &NetworkInterface) -> Result<(), ApiError> {
    let Some(attachment) = &interface.attachment else { return Ok(()) };
    let given = interface.mac_address.filter(|_| attachment.mac_source == MacSource::Given);
    match given.and_then(|address| Some((address, rival(model, interface, address)?))) {
        Some((address, holder)) => {
            let message = format!("Value ({address}) for parameter MacAddress is invalid.");
            Err(ApiError::value(message)
                .with_detail(format!("It is the hardware address of {}.", refusal::named(model, holder.id))))
        }
        None => Ok(()),
    }
}

/// The workload of the same VPC, on this host, that has a hardware address.
fn rival<'m>(model: &'m Model, interface: &NetworkInterface, address: MacAddress) -> Option<&'m Arc<NetworkInterface>> {
    let is_workload = |it: &NetworkInterface| it.attachment.as_ref().is_some_and(|wish| wish.side == Side::Workload);
    let mut others = model.attached().filter(|other| other.id != interface.id && other.vpc == interface.vpc);
    others.find(|other| is_workload(interface) && is_workload(other) && other.mac_address == Some(address))
}

/// What the controller saw of a hardware address, held against the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedMac {
    /// What there is from now on; none when nothing changed.
    pub model: Option<Model>,
    /// The workload that has this address: the interface keeps what it had, so that nobody takes over what is sent to others
    /// by calling himself as they do.
    pub refused: Option<InterfaceId>,
}

/// Takes over the hardware address that the controller saw at the device of an interface, for a workload at the other end of
/// it. An interface for which one was given, or any will do, keeps it so.
///
/// # Errors
/// There is no such interface.
pub fn set_observed_mac(model: &Model, interface: InterfaceId, seen: MacAddress) -> Result<ObservedMac, ApiError> {
    let interface = lookup::interface(model, &interface.to_string())?;
    let follows = match interface.attachment.as_ref().map(|attachment| attachment.mac_source) {
        Some(MacSource::Auto) => true,
        Some(MacSource::Given | MacSource::Any) | None => false,
    };
    if !follows || interface.mac_address == Some(seen) {
        return Ok(ObservedMac { model: None, refused: None });
    }
    if let Some(holder) = rival(model, interface, seen) {
        return Ok(ObservedMac { model: None, refused: Some(holder.id) });
    }
    let mut next = model.clone();
    let changed = NetworkInterface { mac_address: Some(seen), ..NetworkInterface::clone(interface) };
    next.put_interface(changed).map_err(|error| refusal::refused(model, error))?;
    Ok(ObservedMac { model: Some(next), refused: None })
}
