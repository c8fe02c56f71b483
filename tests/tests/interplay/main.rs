//! Beside others: their programs, their rules, their bridges. What docs/interplay.md says is tested here.

mod bulk;
mod changes;
mod clsact;
mod containers;
mod devices;
mod guests;
mod impostors;
mod nftables;
mod pair;
mod programs;
mod stacked;
mod tunnels;

use firewall_tests::controller::Controller;
use firewall_tests::netns::Namespace;

/// Hooks for received frames, with the options of a daemon that uses them.
const HOOKS: [(&str, &[&str]); 4] = [("xdp", &[]), ("xdp-generic", &[]), ("tc", &[]), ("tc", CLSACT)];

/// Options of a daemon that uses filters where the kernel has TCX.
const CLSACT: &[&str] = &["--traffic-control", "clsact"];

/// A rule for what goes out, to a block of either family or to a group.
fn allow_out(ctl: &Controller<'_>, group: &str, protocol: &str, port: &str, peer: &str) {
    let flag = if peer.starts_with("sg-") { "--source-group" } else { "--cidr" };
    let rule = ["--group-id", group, "--protocol", protocol, "--port", port, flag, peer];
    ctl.ok(&[&["authorize-security-group-egress"], rule.as_slice()].concat());
}

/// Whether a program of XDP is on a device.
fn has_xdp(namespace: &Namespace, device: &str) -> bool {
    namespace.ip(&format!("-d link show dev {device}")).contains("prog/xdp")
}
