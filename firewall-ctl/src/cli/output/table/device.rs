//! What attach, detach, confirm and undo did.

use super::interfaces::{MONITORED, hook};
use super::{Screen, finish};
use crate::actions::types::{AttachDeviceResult, AttachState, ChangeResult, DetachDeviceResult, DetachState};

pub(super) fn attached(screen: &Screen, answer: &AttachDeviceResult) -> String {
    let AttachDeviceResult {
        network_interface_id,
        device,
        state,
        hook: wish,
        enforce,
        side,
        vpc_id,
        groups,
        private_ip_addresses,
        mac_address,
        attachment_number: _,
        changes,
        mtu,
        adopted_connections,
        dry_run,
        warnings: _,
    } = answer;
    let headline = match (state, dry_run) {
        (AttachState::Attached, false) => format!("{device} is attached"),
        (AttachState::Unchanged, false) => format!("{device} is attached just so: unchanged"),
        (AttachState::Replaced, false) => format!("{device} is attached otherwise now: replaced"),
        (AttachState::Attached, true) => format!("{device} would be attached; nothing is changed"),
        (AttachState::Unchanged, true) => format!("{device} is attached just so, and would be unchanged"),
        (AttachState::Replaced, true) => format!("{device} would be attached otherwise; nothing is changed"),
    };
    let mut table = screen.headless();
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            table.add_row([name.to_owned(), value]);
        }
    };
    row("Interface", network_interface_id.clone());
    row("Side", side.clone());
    row("Hook", hook(wish));
    row("Enforcement", if *enforce { String::new() } else { MONITORED.to_owned() });
    row("VPC", vpc_id.clone());
    row("Groups", groups.join("\n"));
    row("Addresses", private_ip_addresses.join("\n"));
    row("MAC address", mac_address.clone());
    row("MTU", mtu.map_or_else(String::new, |mtu| mtu.to_string()));
    row("Connections taken over", adopted_connections.map_or_else(String::new, |count| count.to_string()));
    row("Changes", changes.join("\n"));
    format!("{}{}", screen.headline(&headline), finish(&table, ""))
}

pub(super) fn detached(answer: &DetachDeviceResult) -> String {
    let DetachDeviceResult { network_interface_id, device, state, warnings: _ } = answer;
    match state {
        DetachState::Detached => format!(
            "{device} is detached: everything passes. The record {network_interface_id} is kept, and attaching {device} \
             again finds it.\n"
        ),
        DetachState::Deleted => {
            format!("{device} is detached: everything passes. The record {network_interface_id} is deleted.\n")
        }
    }
}

pub(super) fn decided(ChangeResult { operation, state }: &ChangeResult) -> String {
    format!("{operation}: {state}\n")
}
