//! The configuration file.

use super::bindable::Bindable;
use super::level::LogLevel;
use super::numbers::{QuotaSettings, TableLimits};
use super::traffic_control::TrafficControl;
use serde::Deserialize;
use std::path::PathBuf;

/// What a configuration file may say. Every key is optional, and the flag of the same name overrides it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigFile {
    /// Where the state is kept: default `/var/lib/firewall`.
    pub state_dir: Option<PathBuf>,
    /// Where the socket of the API is: default `/run/firewall`.
    pub run_dir: Option<PathBuf>,
    /// Where programs and tables are pinned, a directory of a BPF file system: default `/sys/fs/bpf/firewall`.
    pub bpffs: Option<PathBuf>,
    /// Level of the daemon's messages: `off`, `error`, `warn`, `info` (default), `debug` or `trace`. Read again on SIGHUP.
    pub log_level: Option<LogLevel>,
    /// Level of the messages of the programs in the kernel: `off` (default; it costs nothing) to `trace`.
    pub program_log: Option<LogLevel>,
    /// How programs are put into traffic control: `auto` (default) or `clsact`.
    pub traffic_control: Option<TrafficControl>,
    /// Addresses of both families to and from which everything passes whatever the rules say, besides what is malformed.
    pub always_allow: Vec<String>,
    /// Name of the region in answers: default `local`.
    pub region: Option<String>,
    /// Addresses and ports on which the EC2 API is offered.
    pub listen: Vec<String>,
    /// File of the access keys: default `credentials.toml` in the state directory.
    pub credentials: Option<PathBuf>,
    /// Certificate of the EC2 API, PEM.
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate, PEM.
    pub tls_key: Option<PathBuf>,
    /// Whether the EC2 API is offered without TLS where others could read along.
    pub insecure_listen: bool,
    /// Account that owns what is made, 12 digits: default `000000000000`.
    pub account_id: Option<String>,
    /// Name of this host, by which it is registered as an instance and named in tags: default the machine's.
    pub host_name: Option<String>,
    /// Devices that a tag of an interface may bind, and their sides: `"tap*" = "workload"`.
    pub bindable_devices: Bindable,
    /// Entries of the tables in the kernel.
    pub limits: TableLimits,
    /// How much of everything there may be.
    pub quotas: QuotaSettings,
}
