//! Network interfaces: the record, and what the kernel has where it differs.

use super::{Screen, alarming, finish, more};
use crate::actions::types::{
    CreateNetworkInterfaceResult, DescribeNetworkInterfacesResult, DeviceAttachment, DeviceBinding, Hook,
    NetworkInterfaceDescription,
};
use comfy_table::{Cell, Table};

/// Told of an interface whose rules are only watched.
pub(super) const MONITORED: &str = "monitored: nothing is dropped";

pub(super) fn created(
    screen: &Screen,
    CreateNetworkInterfaceResult { network_interface, client_token: _ }: &CreateNetworkInterfaceResult,
) -> String {
    finish(&table(screen, std::slice::from_ref(network_interface)), "")
}

pub(super) fn listed(
    screen: &Screen,
    DescribeNetworkInterfacesResult { network_interfaces, next_token }: &DescribeNetworkInterfacesResult,
) -> String {
    finish(&table(screen, network_interfaces), "No network interface: `firewall-ctl attach DEV` makes one.")
        + &more(next_token)
}

fn table(screen: &Screen, interfaces: &[NetworkInterfaceDescription]) -> Table {
    let mut table = screen.table(["Interface", "Device", "Side", "Hook", "Addresses", "Groups", "Status", "Drift"]);
    for interface in interfaces {
        let ipv4 = interface.private_ip_addresses.iter().map(|address| address.private_ip_address.as_str());
        let ipv6 = interface.ipv6_addresses.iter().filter_map(|address| address.ipv6_address.as_deref());
        let groups = interface.groups.iter().map(|group| format!("{} {}", group.group_id, group.group_name));
        let attachment = interface.device_attachment.as_ref();
        table.add_row([
            Cell::new(&interface.network_interface_id),
            Cell::new(device(attachment, interface.last_device.as_deref())),
            Cell::new(attachment.map_or("", |attachment| &attachment.side)),
            Cell::new(attachment.map_or_else(String::new, |attachment| hook(&attachment.hook))),
            Cell::new(ipv4.chain(ipv6).collect::<Vec<_>>().join("\n")),
            Cell::new(groups.collect::<Vec<_>>().join("\n")),
            Cell::new(status(interface)),
            drift(attachment, interface.device_binding.as_ref()),
        ]);
    }
    table
}

fn device(attachment: Option<&DeviceAttachment>, last: Option<&str>) -> String {
    match (attachment, last) {
        (Some(attachment), _) => attachment.device.clone(),
        (None, Some(last)) => format!("(was {last})"),
        (None, None) => String::new(),
    }
}

/// The service's word, and whether the rules are only watched.
fn status(interface: &NetworkInterfaceDescription) -> String {
    match &interface.device_attachment {
        Some(attachment) if !attachment.enforce => format!("{}\n{MONITORED}", interface.status),
        Some(_) | None => interface.status.clone(),
    }
}

/// `auto → xdp`, or one word where the wish says it all.
pub(super) fn hook(Hook { wanted, got }: &Hook) -> String {
    match got {
        Some(got) if got == wanted => got.clone(),
        Some(got) => format!("{wanted} → {got}"),
        None => format!("{wanted} → nothing yet"),
    }
}

/// What is amiss: with what is attached, or why what a tag asks for is not.
fn drift(attachment: Option<&DeviceAttachment>, binding: Option<&DeviceBinding>) -> Cell {
    let reason = binding.and_then(|binding| Some((&binding.device, binding.reason.as_ref()?)));
    match (attachment.and_then(|attachment| attachment.status.as_deref()), reason) {
        (_, Some((device, reason))) => alarming(format!("not bound to {device}: {reason}")),
        (None | Some("attached"), None) => Cell::new(""),
        (Some(amiss), None) => alarming(amiss),
    }
}
