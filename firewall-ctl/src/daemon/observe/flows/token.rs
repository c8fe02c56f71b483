//! Where a listing goes on: a key as text, so that the controller remembers nothing of a caller.

use crate::actions::{ApiError, invalid_token};
use crate::compile::memory::FlowKey;
use firewall_common::abi::{FlowKeyV4, FlowKeyV6};
use zerocopy::{FromBytes as _, IntoBytes as _};

/// The token that leads behind a flow.
pub(super) fn of_flow(key: &FlowKey) -> String {
    let octets = match key {
        FlowKey::V4(key) => key.as_bytes(),
        FlowKey::V6(key) => key.as_bytes(),
    };
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The flow that a token leads behind.
pub(super) fn flow(token: &str) -> Result<FlowKey, ApiError> {
    let octets: Option<Vec<u8>> = (0..token.len())
        .step_by(2)
        .map(|at| token.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()))
        .collect();
    let octets = octets.unwrap_or_default();
    let key = match octets.len() {
        length if length == size_of::<FlowKeyV4>() => FlowKeyV4::read_from_bytes(&octets).ok().map(FlowKey::V4),
        _ => FlowKeyV6::read_from_bytes(&octets).ok().map(FlowKey::V6),
    };
    key.ok_or_else(|| invalid_token(token))
}

/// The token of a flush that leaves flows alone that began after a tick.
pub(super) fn of_tick(tick: u64) -> String {
    tick.to_string()
}

/// The tick of such a token.
pub(super) fn tick(token: &str) -> Result<u64, ApiError> {
    token.parse().map_err(|_| invalid_token(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_lead_back() {
        let v4 = FlowKey::V4(FlowKeyV4 { attachment: 7, local: [10, 0, 0, 1], protocol: 6, ..FlowKeyV4::default() });
        let v6 = FlowKey::V6(FlowKeyV6 { attachment: 7, remote: [1; 16], remote_port: 9, ..FlowKeyV6::default() });
        for key in [v4, v6] {
            assert_eq!(flow(&of_flow(&key)), Ok(key));
        }
        for wrong in ["", "0", "xy", "00ff", "ärger"] {
            assert!(flow(wrong).is_err(), "{wrong}");
        }
        assert_eq!(tick(&of_tick(9)), Ok(9));
        assert!(tick("soon").is_err());
    }
}
