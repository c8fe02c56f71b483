//! `attach` and `detach`: which devices of this host are under the rules.

use super::call::{Call, Guard};
use clap::ValueEnum;
use serde_json::Value;

/// Which side of the device is protected.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// This machine, behind its own interface
    Host,
    /// A container or VM, behind a veth or tap of this machine
    Workload,
}

/// Where in the kernel received packets are judged.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Hook {
    /// What suits the device best
    Auto,
    /// XDP in the driver
    Xdp,
    /// XDP outside the driver: works with any, and is slower than tc
    XdpGeneric,
    /// Traffic control
    Tc,
}

/// Whether the rules are enforced.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Enforce {
    /// What no rule allows is dropped
    On,
    /// Everything is judged and counted, and nothing dropped
    Off,
}

fn name_of(value: &impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}

/// Put a device of this host under the rules of its groups
///
/// This is not EC2's attach-network-interface, which plugs a card into an instance: here the device exists already, and
/// attaching makes its network interface record (or finds the one it had before) and starts to enforce the record's groups
/// on it. Connections that are alive are taken over and go on.
///
/// The same again changes nothing and says `unchanged`. Another wish for a device that is attached is refused with
/// the difference, unless --replace is given.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl attach eth0 --dry-run
  firewall-ctl attach eth0 --groups sg-0123456789abcdef0 --confirm-within 2m
  firewall-ctl attach eth0 --enforce off
  firewall-ctl attach eth0 --enforce on --replace --confirm-within 2m
  firewall-ctl attach veth7 --side workload --private-ip-addresses auto \
      --groups sg-0123456789abcdef0 sg-0fedcba9876543210
  firewall-ctl attach tap0 --side workload --private-ip-addresses 10.0.0.7 \
      --mac-address 52:54:00:12:34:56")]
pub(super) struct Attach {
    /// The device, as `ip link` names it
    #[arg(value_name = "DEV")]
    device: String,
    /// Its groups, by id; those it had before, else the VPC's default group, if left out
    #[arg(long, value_name = "GROUP", num_args = 1..)]
    groups: Vec<String>,
    /// Its VPC; that of the groups, else the default VPC, if left out
    #[arg(long, value_name = "VPC")]
    vpc_id: Option<String>,
    /// What is protected: this machine, or a workload behind the device [default: host]
    #[arg(long)]
    side: Option<Side>,
    /// Where received packets are judged [default: auto]
    #[arg(long)]
    hook: Option<Hook>,
    /// Its addresses, or `auto`: for a host those that the kernel has (also if left out), for a workload those in the
    /// peer's namespace
    #[arg(long, value_name = "ADDRESS", num_args = 1.., value_delimiter = ',')]
    private_ip_addresses: Vec<String>,
    /// The hardware address that a workload sends with, `auto` for what the other end of the device says, if it has one,
    /// or `any`: what it sends with another one is dropped [default: auto]
    #[arg(long, value_name = "MAC")]
    mac_address: Option<String>,
    /// Drop frames other than IP and ARP; --strict-l2=false takes it back
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    strict_l2: Option<bool>,
    /// Enforce the rules, or only watch: with `off` everything is judged and counted, and nothing dropped, so that groups
    /// can be tried before they bite; with --replace it is switched at once, and connections go on [default: on]
    #[arg(long)]
    enforce: Option<Enforce>,
    /// Let a workload send from and receive at its own addresses only, and refuse what comes from outside in the name of
    /// this host's interfaces: so it is unless said otherwise
    #[arg(long, overrides_with = "no_source_dest_check")]
    source_dest_check: bool,
    /// Do not look whose addresses packets have: for a workload that routes or translates addresses for others
    #[arg(long)]
    no_source_dest_check: bool,
    /// Do not take over the connections that are alive: they must be allowed by rules like new ones
    #[arg(long)]
    no_adopt: bool,
    /// Change what is attached already
    #[arg(long)]
    replace: bool,
    /// Use this record, made by create-network-interface or left by detach
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: Option<String>,
    /// Say what would happen (hook, MTU, groups, addresses), and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    guard: Guard,
}

impl Attach {
    pub(super) fn call(self) -> Call {
        let Self {
            device,
            groups,
            vpc_id,
            side,
            hook,
            private_ip_addresses,
            mac_address,
            strict_l2,
            enforce,
            source_dest_check,
            no_source_dest_check,
            no_adopt,
            replace,
            network_interface_id,
            dry_run,
            guard,
        } = self;
        Call::new("AttachDevice")
            .with("Device", device)
            .with_list("Groups", &groups)
            .with_some("VpcId", vpc_id)
            .with_some("Side", side.as_ref().and_then(name_of))
            .with_some("Hook", hook.as_ref().and_then(name_of))
            .with_some("PrivateIpAddresses", addresses(private_ip_addresses))
            .with_some("MacAddress", mac_address)
            .with_some("StrictL2", strict_l2)
            .with_some("Enforce", enforce.map(|enforce| enforce == Enforce::On))
            .with_some("SourceDestCheck", (source_dest_check || no_source_dest_check).then_some(!no_source_dest_check))
            .with_flag("NoAdopt", no_adopt)
            .with_flag("Replace", replace)
            .with_some("NetworkInterfaceId", network_interface_id)
            .with_flag("DryRun", dry_run)
            .guarded(guard)
    }
}

/// The word `auto` by itself, or a list.
fn addresses(words: Vec<String>) -> Option<Value> {
    match words.as_slice() {
        [] => None,
        [word] if word == "auto" => Some(Value::from("auto")),
        [_, ..] => Some(Value::from(words)),
    }
}

/// Take the rules off a device
///
/// Everything passes from then on, and the flows that were tracked are forgotten. The record with its groups is kept, so
/// that `attach` finds it again; --delete removes it too.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl detach eth0")]
pub(super) struct Detach {
    /// The device
    #[arg(value_name = "DEV")]
    device: String,
    /// Delete its record too
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    guard: Guard,
}

impl Detach {
    pub(super) fn call(self) -> Call {
        let Self { device, delete, guard } = self;
        Call::new("DetachDevice").with("Device", device).with_flag("Delete", delete).guarded(guard)
    }
}
