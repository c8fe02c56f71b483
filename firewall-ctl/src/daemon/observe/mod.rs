//! What the programs keep, told in words: flows, packets that were dropped, and what becomes of one. Everything here reads a model and an
//! [`Observer`](super::enforcer::Observer), and so goes on beside the one who writes.

pub mod drops;
pub mod explain;
pub mod flows;
pub mod nearest;

use crate::actions::{ApiError, ErrorCode};
use crate::model::{Model, NetworkInterface};
use firewall_common::abi::TICK_SHIFT;
use std::sync::Arc;

/// The attached interfaces that a request names, or all.
///
/// # Errors
/// One that is named is not attached.
pub fn chosen(model: &Model, device: Option<&str>, ids: &[String]) -> Result<Vec<Arc<NetworkInterface>>, ApiError> {
    let device_of = |interface: &NetworkInterface| interface.attachment.as_ref().map(|each| each.device.clone());
    let is_device = |interface: &NetworkInterface, name: &str| device_of(interface).as_deref() == Some(name);
    let is_id = |interface: &NetworkInterface, id: &str| interface.id.to_string() == id;
    let attached: Vec<_> = model.attached().map(Arc::clone).collect();
    let unknown_device = device.filter(|name| !attached.iter().any(|interface| is_device(interface, name)));
    let unknown_id = ids.iter().find(|id| !attached.iter().any(|interface| is_id(interface, id)));
    if let Some(named) = unknown_device.or(unknown_id.map(String::as_str)) {
        let devices: Vec<String> = attached.iter().filter_map(|interface| device_of(interface)).collect();
        let detail = if devices.is_empty() {
            "No device is attached.".to_owned()
        } else {
            format!("Attached are: {}.", devices.join(", "))
        };
        let message = format!("'{named}' is not attached.");
        return Err(ApiError::new(ErrorCode::DeviceNotAttached, message).with_detail(detail));
    }
    let is_chosen = |interface: &Arc<NetworkInterface>| {
        device.is_none_or(|name| is_device(interface, name))
            && (ids.is_empty() || ids.iter().any(|id| is_id(interface, id)))
    };
    Ok(attached.into_iter().filter(is_chosen).collect())
}

/// Whole seconds in a number of ticks.
#[must_use]
pub fn seconds(ticks: u64) -> u64 {
    u64::try_from((u128::from(ticks) << TICK_SHIFT) / 1_000_000_000).unwrap_or(u64::MAX)
}

/// The identifiers in a pair of VLAN tags, the outer one first.
fn vlans(pair: u32) -> Vec<u16> {
    let halves = [pair >> 16, pair & 0xffff];
    halves.into_iter().filter_map(|id| u16::try_from(id).ok()).filter(|id| *id != 0).collect()
}

/// The most that is answered at once: what was asked for, if it is in its range.
fn at_most(asked: Option<u32>, default: u32, limit: u32) -> Result<usize, ApiError> {
    let wanted = asked.unwrap_or(default);
    if !(1..=limit).contains(&wanted) {
        return Err(ApiError::value(format!("Value ({wanted}) for parameter MaxResults is invalid."))
            .with_detail(format!("It is 1 to {limit}.")));
    }
    Ok(wanted as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use firewall_common::abi::ticks;

    #[test]
    fn ticks_and_seconds_are_the_same_time() {
        for count in [0, 1, 30, 432_000] {
            assert_eq!(seconds(u64::from(ticks(count))), u64::from(count));
        }
    }

    #[test]
    fn limits_have_a_range() {
        assert_eq!(at_most(None, 5, 10), Ok(5));
        assert_eq!(at_most(Some(10), 5, 10), Ok(10));
        for wrong in [0, 11] {
            let error = at_most(Some(wrong), 5, 10).unwrap_err();
            assert_eq!(error.message, format!("Value ({wrong}) for parameter MaxResults is invalid."));
        }
    }
}
