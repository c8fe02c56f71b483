//! Digests of requests, by which tokens are bound to what was asked for.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Octets of a digest: enough that two requests of one caller do not meet.
const OCTETS: usize = 8;

/// A digest of an action and its members, as lower-case hexadecimal digits.
pub(super) fn of(operation: &str, request: &impl Serialize) -> String {
    let members = serde_json::to_vec(request).expect("structures of text, numbers and lists have a JSON form");
    let digest = Sha256::new().chain_update(operation).chain_update([0]).chain_update(members).finalize();
    hex(&digest[..OCTETS])
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
