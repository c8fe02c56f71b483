//! What the process has to be allowed.

use caps::{CapSet, Capability};
use std::collections::HashSet;

/// Capabilities that the process does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("missing privileges: this needs root, or the capabilities {}; not there: {}", needed(), missing.join(", "))]
pub struct MissingPrivileges {
    /// Their names.
    pub missing: Vec<String>,
}

/// What loading and attaching need since Linux 5.8; `CAP_SYS_ADMIN` holds the first two.
const NEEDED: [Capability; 3] = [Capability::CAP_BPF, Capability::CAP_PERFMON, Capability::CAP_NET_ADMIN];

fn needed() -> String {
    NEEDED.map(|capability| capability.to_string()).join(", ")
}

/// Checks the effective capabilities of the thread.
///
/// # Errors
/// Some are missing.
pub fn check() -> Result<(), MissingPrivileges> {
    check_set(&caps::read(None, CapSet::Effective).unwrap_or_default())
}

fn check_set(held: &HashSet<Capability>) -> Result<(), MissingPrivileges> {
    let is_admin = held.contains(&Capability::CAP_SYS_ADMIN);
    let missing: Vec<String> = NEEDED
        .iter()
        .filter(|needed| !(held.contains(needed) || is_admin && **needed != Capability::CAP_NET_ADMIN))
        .map(ToString::to_string)
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(MissingPrivileges { missing }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_capabilities_are_named() {
        assert_eq!(check_set(&NEEDED.into()), Ok(()));
        assert_eq!(check_set(&[Capability::CAP_SYS_ADMIN, Capability::CAP_NET_ADMIN].into()), Ok(()));
        let error = check_set(&[Capability::CAP_SYS_ADMIN].into()).unwrap_err();
        assert_eq!(error.missing, ["CAP_NET_ADMIN"]);
        let error = check_set(&HashSet::new()).unwrap_err();
        assert_eq!(error.missing.len(), 3);
        assert!(error.to_string().contains("needs root"), "{error}");
    }
}
