//! Beside others: their programs, their rules, their bridges. What docs/interplay.md says is tested here.

mod bulk;
mod changes;
mod clsact;
mod containers;
mod devices;
mod guests;
mod impostors;
mod nftables;
mod programs;
mod stacked;
mod tunnels;

use firewall_tests::netns::Namespace;

/// Hooks for received frames, with the options of a daemon that uses them.
const HOOKS: [(&str, &[&str]); 4] = [("xdp", &[]), ("xdp-generic", &[]), ("tc", &[]), ("tc", CLSACT)];

/// Options of a daemon that uses filters where the kernel has TCX.
const CLSACT: &[&str] = &["--traffic-control", "clsact"];

/// Whether a program of XDP is on a device.
fn has_xdp(namespace: &Namespace, device: &str) -> bool {
    namespace.ip(&format!("-d link show dev {device}")).contains("prog/xdp")
}
