//! The zone of this region: there is one, and everything is in it.

use super::error::ApiError;
use super::lookup;

/// The name of the zone of a region.
pub(super) fn name(region: &str) -> String {
    format!("{region}a")
}

/// The identifier of the zone of a region.
pub(super) fn id(region: &str) -> String {
    format!("{region}-az1")
}

/// Holds a zone that a request names against the one that there is.
pub(super) fn check(region: &str, zone: Option<String>, zone_id: Option<String>) -> Result<(), ApiError> {
    let only = |parameter: &str, value: &str, there: &str| {
        Err(ApiError::value(format!(
            "Value ({value}) for parameter {parameter} is invalid. Subnets can currently only be created in the following \
             availability zones: {there}."
        )))
    };
    if let Some(given) = lookup::present(zone).filter(|given| *given != name(region)) {
        return only("availabilityZone", &given, &name(region));
    }
    if let Some(given) = lookup::present(zone_id).filter(|given| *given != id(region)) {
        return only("availabilityZoneId", &given, &id(region));
    }
    Ok(())
}
