//! The command line of the daemon.

use super::bindable;
use super::level::LogLevel;
use super::traffic_control::TrafficControl;
use crate::model::Side;
use std::path::PathBuf;

/// Run the controller: it keeps the state, answers the commands, and sees to it that the kernel enforces the rules.
/// Enforcement goes on when it ends.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DaemonArgs {
    /// Configuration file (TOML); without it /etc/firewall/firewall.toml is read where it exists
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory of the state [default: /var/lib/firewall]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Directory of the socket of the API [default: /run/firewall]
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// Directory for pinned programs and tables, below a BPF file system [default: /sys/fs/bpf/firewall]
    #[arg(long, value_name = "DIR")]
    pub bpffs: Option<PathBuf>,
    /// Level of the daemon's messages [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// Level of the messages of the programs in the kernel; off costs nothing [default: off]
    #[arg(long, value_name = "LEVEL")]
    pub program_log: Option<LogLevel>,
    /// How programs are put into traffic control: by TCX where the kernel has it, or by clsact filters [default: auto]
    #[arg(long, value_name = "WAY")]
    pub traffic_control: Option<TrafficControl>,
    /// Addresses to and from which everything passes whatever the rules say, instead of those of the configuration file
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub always_allow: Option<Vec<String>>,
    /// Entries of a table in the kernel, as KEY=N; the keys are those of [limits] in the configuration file
    #[arg(long = "limit", value_name = "KEY=N", value_parser = assignment)]
    pub limits: Vec<(String, u32)>,
    /// A quota, as KEY=N; the keys are those of [quotas] in the configuration file
    #[arg(long = "quota", value_name = "KEY=N", value_parser = assignment)]
    pub quotas: Vec<(String, u32)>,
    /// Name of this host, by which it is registered as an instance and named in tags [default: the machine's]
    #[arg(long, value_name = "NAME")]
    pub host_name: Option<String>,
    /// A device that a tag of an interface may bind, as DEV=SIDE, instead of those of the configuration file; `*` at the end
    /// stands for any characters
    #[arg(long = "bindable-device", value_name = "DEV=SIDE", value_parser = bindable::assignment)]
    pub bindable_devices: Vec<(String, Side)>,
    /// Name of the region in answers [default: local]
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Address and port on which the EC2 API is offered; may be repeated [default: none]
    #[arg(long, value_name = "ADDRESS:PORT", value_delimiter = ',')]
    pub listen: Option<Vec<String>>,
    /// File of the access keys of the EC2 API [default: credentials.toml in the state directory]
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// Certificate of the EC2 API, PEM, with those of its issuers behind it
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Offer the EC2 API without TLS on addresses that others reach: they can read along
    #[arg(long)]
    pub insecure_listen: bool,
    /// Account that owns what is made, 12 digits [default: 000000000000]
    #[arg(long, value_name = "ID")]
    pub account_id: Option<String>,
}

/// `KEY=N`.
fn assignment(text: &str) -> Result<(String, u32), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not of the form KEY=N"))?;
    let value = value.parse().map_err(|_| format!("{value:?} is not a number from 0 to {}", u32::MAX))?;
    Ok((key.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments() {
        assert_eq!(assignment("flows-v4=100"), Ok(("flows-v4".to_owned(), 100)));
        assert!(assignment("flows-v4").unwrap_err().contains("KEY=N"));
        assert!(assignment("flows-v4=many").unwrap_err().contains("\"many\""));
    }
}
