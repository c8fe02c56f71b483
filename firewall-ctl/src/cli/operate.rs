//! Commands about the running controller: `status`, `counters`, `confirm`, `undo`.

use super::call::Call;

/// Show how the controller and the dataplane are
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl status")]
pub(super) struct Status {}

impl Status {
    pub(super) fn call(self) -> Call {
        let Self {} = self;
        Call::new("Status")
    }
}

/// Show what was let through and what was dropped, and why
///
/// By interface, direction and outcome, and by rule.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  firewall-ctl counters
  firewall-ctl counters eth0 --output json")]
pub(super) struct Counters {
    /// This device only
    #[arg(value_name = "DEV", conflicts_with = "network_interface_id")]
    device: Option<String>,
    /// This interface only
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: Option<String>,
}

impl Counters {
    pub(super) fn call(self) -> Call {
        let Self { device, network_interface_id } = self;
        Call::new("DescribeCounters").with_some("Device", device).with_some("NetworkInterfaceId", network_interface_id)
    }
}

/// Keep the change that was made with --confirm-within
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl confirm")]
pub(super) struct Confirm {}

impl Confirm {
    pub(super) fn call(self) -> Call {
        let Self {} = self;
        Call::new("ConfirmChange")
    }
}

/// Take back at once the change that was made with --confirm-within
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl undo")]
pub(super) struct Undo {}

impl Undo {
    pub(super) fn call(self) -> Call {
        let Self {} = self;
        Call::new("UndoChange")
    }
}
