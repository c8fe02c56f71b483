//! `emergency-detach`: the way out when nothing else works.

use super::failure::Failure;
use super::output::{self, Format, Screen};
use crate::daemon::config::DEFAULT_BPFFS;
use crate::dataplane::{self, Removed};
use clap::ArgGroup;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Take the programs off a device, or off all, without the controller
///
/// Needs root, and neither the controller nor its state: what is pinned is found by its pin, and the rest by the names of
/// the programs. Everything passes from then on. The records are kept, and a controller leaves the devices alone until
/// `firewall-ctl attach DEV` puts the programs back, or the machine starts anew. After `--all` where no controller runs,
/// nothing is left that says so: the next one that starts attaches the devices that are recorded.
#[derive(clap::Args, Debug)]
#[command(group = ArgGroup::new("what").args(["device", "all"]).required(true), after_help = "Examples:
  firewall-ctl emergency-detach eth0
  firewall-ctl emergency-detach --all")]
pub(super) struct EmergencyDetach {
    /// The device
    #[arg(value_name = "DEV")]
    device: Option<String>,
    /// All devices of this network namespace; pinned programs and tables are removed too where no controller runs
    #[arg(long)]
    all: bool,
    /// Where the controller pins its programs and tables
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BPFFS)]
    bpffs: PathBuf,
}

impl EmergencyDetach {
    /// Detaches, and lists what was taken away.
    pub(super) fn detach(&self) -> Result<Vec<Removed>, Failure> {
        // `all` says no more than that no device was named: the group sees to it that one of them is there.
        let Self { device, all: _, bpffs } = self;
        Ok(dataplane::emergency_detach(bpffs, device.as_deref())?)
    }
}

/// What was taken away: lines for people, else in the manner of the API.
pub(super) fn render(format: Format, removed: &[Removed]) -> String {
    match format {
        Format::Table if removed.is_empty() => "Nothing to take away.\n".to_owned(),
        Format::Table => removed.iter().map(|removed| format!("Taken away: {removed}\n")).collect(),
        Format::Json | Format::Text => {
            let list: Vec<_> = removed.iter().map(structure).collect();
            output::render(format, &Screen::PLAIN, "EmergencyDetach", &json!({ "Removed": list }))
        }
    }
}

fn structure(removed: &Removed) -> Value {
    match removed {
        Removed::Program { device, hook, leg } => {
            json!({ "Device": device, "Hook": hook.to_string(), "Direction": leg.to_string() })
        }
        Removed::Pins { path } => json!({ "Pins": path.display().to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataplane::{Hook, Leg};

    #[test]
    fn what_was_taken_away_is_told() {
        let removed = [
            Removed::Program { device: "eth0".to_owned(), hook: Hook::Clsact, leg: Leg::In },
            Removed::Pins { path: "/sys/fs/bpf/firewall".into() },
        ];
        let hook = Hook::Clsact.to_string();
        let wanted = format!(
            "Taken away: eth0: {hook} (in)\nTaken away: pinned tables and programs under /sys/fs/bpf/firewall\n"
        );
        assert_eq!(render(Format::Table, &removed), wanted);
        let answer: Value = serde_json::from_str(&render(Format::Json, &removed)).expect("JSON");
        let wanted = json!({"Removed": [{"Device": "eth0", "Hook": hook, "Direction": "in"},
            {"Pins": "/sys/fs/bpf/firewall"}]});
        assert_eq!(answer, wanted);
        assert_eq!(render(Format::Table, &[]), "Nothing to take away.\n");
    }
}
