//! How the controller and the dataplane are.

use super::{Screen, alarming, finish, number};
use crate::actions::types::{BindingStatus, InterfaceStatus, PendingChange, ProgramsStatus, StatusResult, TableUsage};
use comfy_table::{Cell, Table};

pub(super) fn shown(screen: &Screen, status: &StatusResult) -> String {
    let StatusResult {
        version,
        pid,
        started_at,
        kernel,
        region,
        account_id,
        state_dir,
        bpffs,
        programs: ProgramsStatus { abi_version, object_sha256, adopted },
        pending_change,
        interfaces,
        bindings,
        tables,
        problems,
    } = status;
    let origin = if *adopted { "found in the kernel and taken over" } else { "loaded by this controller" };
    let object = object_sha256.get(..12).unwrap_or(object_sha256);
    let mut lines = vec![
        ("Controller", format!("{version}, process {pid}, since {started_at}")),
        ("Kernel", kernel.clone()),
        ("Region", format!("{region}, account {account_id}")),
        ("State", state_dir.clone()),
        ("Programs", format!("{bpffs}, layout {abi_version}, object {object}, {origin}")),
    ];
    if let Some(PendingChange { operation, deadline }) = pending_change {
        lines.push((
            "Pending",
            format!("{operation} is undone at {deadline} unless `firewall-ctl confirm` comes before"),
        ));
    }
    let mut text = String::new();
    for (name, value) in lines {
        text.push_str(&format!("{name:<11} {value}\n"));
    }
    text.push_str(&told(screen, problems));
    text.push('\n');
    text.push_str(&finish(&attached(screen, interfaces), "No device is attached: `firewall-ctl attach DEV`."));
    if !bindings.is_empty() {
        text.push('\n');
        text.push_str(&finish(&bound(screen, bindings), ""));
    }
    if !tables.is_empty() {
        text.push('\n');
        text.push_str(&finish(&filled(screen, tables), ""));
    }
    text
}

fn told(screen: &Screen, problems: &[String]) -> String {
    if problems.is_empty() {
        return format!("{:<11} none\n", "Problems");
    }
    let mut text = screen.headline("Problems");
    for problem in problems {
        text.push_str(&format!("  - {problem}\n"));
    }
    text
}

fn attached(screen: &Screen, interfaces: &[InterfaceStatus]) -> Table {
    let mut table = screen.table(["Device", "Interface", "Side", "In", "Out", "Groups", "Addresses", "Flows", "State"]);
    for interface in interfaces {
        let InterfaceStatus {
            network_interface_id,
            device,
            index: _,
            attachment_number: _,
            side,
            hook_wanted: _,
            hook_ingress,
            hook_egress,
            groups,
            addresses,
            enforce: _,
            state,
            flows,
        } = interface;
        table.add_row([
            Cell::new(device),
            Cell::new(network_interface_id),
            Cell::new(side),
            Cell::new(hook_ingress.as_deref().unwrap_or("nothing")),
            Cell::new(hook_egress.as_deref().unwrap_or("nothing")),
            Cell::new(groups.join("\n")),
            Cell::new(addresses.join("\n")),
            flows.map_or_else(|| Cell::new(""), number),
            if state == "enforced" { Cell::new(state) } else { alarming(state) },
        ]);
    }
    table
}

fn bound(screen: &Screen, bindings: &[BindingStatus]) -> Table {
    let mut table = screen.table(["Interface", "Device by its tag", "State", "Why"]);
    for BindingStatus { network_interface_id, device, state, reason } in bindings {
        table.add_row([
            Cell::new(network_interface_id),
            Cell::new(device),
            if reason.is_none() { Cell::new(state) } else { alarming(state) },
            Cell::new(reason.as_deref().unwrap_or_default()),
        ]);
    }
    table
}

fn filled(screen: &Screen, tables: &[TableUsage]) -> Table {
    let mut shown = screen.table(["Table", "Used", "Of", "Full"]);
    for TableUsage { table, used, size } in tables {
        let percent = u128::from(*used) * 100 / u128::from((*size).max(1));
        let full = format!("{percent} %");
        shown.add_row([
            Cell::new(table),
            number(*used),
            number(*size),
            if percent >= 90 { alarming(full) } else { Cell::new(full) },
        ]);
    }
    shown
}
