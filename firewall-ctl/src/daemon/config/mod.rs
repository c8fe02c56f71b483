//! What the daemon is told: a file, and flags that override it.

mod args;
mod bindable;
mod file;
mod level;
mod listen;
mod numbers;
mod reference;
mod traffic_control;

pub use args::DaemonArgs;
pub use bindable::Bindable;
pub use file::ConfigFile;
pub use level::LogLevel;
pub use listen::Listen;
pub use numbers::{Key, NumberError, QuotaSettings, TableLimits};
pub use reference::reference;
pub use traffic_control::TrafficControl;

use crate::model::{AccountId, MAX_RULES_PER_INTERFACE};
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The file that is read when none is named, if it is there.
pub const DEFAULT_FILE: &str = "/etc/firewall/firewall.toml";
/// Where the state is kept when nothing is said.
pub const DEFAULT_STATE_DIR: &str = "/var/lib/firewall";
/// Where the socket is when nothing is said.
pub const DEFAULT_RUN_DIR: &str = "/run/firewall";
/// Where things are pinned when nothing is said.
pub const DEFAULT_BPFFS: &str = "/sys/fs/bpf/firewall";
/// Name of the file of access keys in the state directory.
pub const CREDENTIALS_NAME: &str = "credentials.toml";
/// Name of the socket in the run directory.
pub const SOCKET_NAME: &str = "firewall.sock";

/// The configuration in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
    /// Where the state is kept.
    pub state_dir: PathBuf,
    /// Where the socket is.
    pub run_dir: PathBuf,
    /// Where programs and tables are pinned.
    pub bpffs: PathBuf,
    /// Level of the daemon's messages.
    pub log_level: LogLevel,
    /// Level of the programs' messages.
    pub program_log: LogLevel,
    /// How programs are put into traffic control.
    pub traffic_control: TrafficControl,
    /// Addresses that are let through whatever the rules say.
    pub always_allow: BTreeSet<IpAddr>,
    /// Name of the region.
    pub region: String,
    /// Account that owns what is made.
    pub account: AccountId,
    /// Name of this host, by which it is registered as an instance and named in tags.
    pub host_name: String,
    /// Devices that a tag of an interface may bind.
    pub bindable_devices: Bindable,
    /// Where the EC2 API is offered, and how.
    pub listen: Listen,
    /// Entries of the tables.
    pub limits: TableLimits,
    /// Quotas.
    pub quotas: QuotaSettings,
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML, or has a key or a type of value that is not known. The text quotes the line.
    #[error("{path}: {text}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, column, key, value, and what was expected.
        text: String,
    },
    /// A value cannot be used.
    #[error("{origin}: {key} = {value:?}: {expected}")]
    Value {
        /// The file, or the command line.
        origin: String,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The EC2 API would be readable by others.
    #[error(
        "{origin}: listen = {address}: others could read along, keys of callers excepted: give it a certificate \
         (tls-certificate and tls-key), or say insecure-listen if something else protects the way there"
    )]
    Insecure {
        /// The file, or the command line.
        origin: String,
        /// The address.
        address: SocketAddr,
    },
    /// A limit or a quota cannot be used.
    #[error("{origin}: {section}: {source_text}")]
    Number {
        /// The file, or the command line.
        origin: String,
        /// `limits` or `quotas`.
        section: &'static str,
        /// Key, value and range.
        source_text: NumberError,
    },
    /// The quotas would let an interface have more rules than a policy holds.
    #[error(
        "{origin}: quotas: rules-per-group ({rules}) times groups-per-interface ({groups}) is above {MAX_RULES_PER_INTERFACE}, \
         the number of rules that an interface can have in a direction and family"
    )]
    Product {
        /// The file, or the command line.
        origin: String,
        /// Rules of a group.
        rules: u32,
        /// Groups of an interface.
        groups: u32,
    },
}

impl Config {
    /// Reads the file that the arguments name, or the default one where it exists, and applies the flags.
    ///
    /// # Errors
    /// Names file (or flag), key and value.
    pub fn load(args: &DaemonArgs) -> Result<Self, ConfigError> {
        let (path, text) = match &args.config {
            Some(path) => (Some(path.clone()), read(path)?),
            None => match std::fs::read_to_string(DEFAULT_FILE) {
                Ok(text) => (Some(PathBuf::from(DEFAULT_FILE)), text),
                Err(error) if error.kind() == io::ErrorKind::NotFound => (None, String::new()),
                Err(source) => return Err(ConfigError::Read { path: DEFAULT_FILE.into(), source }),
            },
        };
        Self::merge(path, &text, args)
    }

    /// The configuration of a file's text and the flags. Pure.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn merge(path: Option<PathBuf>, text: &str, args: &DaemonArgs) -> Result<Self, ConfigError> {
        let origin = path.as_ref().map_or_else(|| "defaults".to_owned(), |path| path.display().to_string());
        let file: ConfigFile = toml::from_str(text).map_err(|error| ConfigError::Parse {
            path: path.clone().unwrap_or_default(),
            text: error.to_string().trim_end().to_owned(),
        })?;
        let ConfigFile {
            state_dir,
            run_dir,
            bpffs,
            log_level,
            program_log,
            traffic_control,
            always_allow,
            region,
            listen,
            credentials,
            tls_certificate,
            tls_key,
            insecure_listen,
            account_id,
            host_name,
            bindable_devices,
            limits,
            quotas,
        } = file;
        check_numbers(&origin, &limits, &quotas)?;
        let mut config = Self {
            file: path,
            state_dir: directory(&origin, "state-dir", state_dir.as_ref(), DEFAULT_STATE_DIR)?,
            run_dir: directory(&origin, "run-dir", run_dir.as_ref(), DEFAULT_RUN_DIR)?,
            bpffs: directory(&origin, "bpffs", bpffs.as_ref(), DEFAULT_BPFFS)?,
            log_level: log_level.unwrap_or(LogLevel::Info),
            program_log: program_log.unwrap_or(LogLevel::Off),
            traffic_control: traffic_control.unwrap_or_default(),
            always_allow: addresses(&origin, &always_allow)?,
            region: region.unwrap_or_else(|| "local".to_owned()),
            account: account_id.as_deref().map_or_else(|| Ok(AccountId::default()), |text| account(&origin, text))?,
            host_name: host_name.unwrap_or_else(machine_name),
            bindable_devices,
            listen: Listen::read(&origin, &listen, credentials, (tls_certificate, tls_key), insecure_listen)?,
            limits,
            quotas,
        };
        check_region(&origin, &config.region)?;
        check_host_name(&origin, &config.host_name)?;
        config.override_with(args)?;
        Ok(config)
    }

    /// Applies the flags.
    fn override_with(&mut self, args: &DaemonArgs) -> Result<(), ConfigError> {
        let DaemonArgs {
            config: _,
            state_dir,
            run_dir,
            bpffs,
            log_level,
            program_log,
            traffic_control,
            always_allow,
            limits,
            quotas,
            host_name,
            bindable_devices,
            region,
            listen,
            credentials,
            tls_certificate,
            tls_key,
            insecure_listen,
            account_id,
        } = args;
        let origin = "command line";
        if state_dir.is_some() {
            self.state_dir = directory(origin, "state-dir", state_dir.as_ref(), DEFAULT_STATE_DIR)?;
        }
        if run_dir.is_some() {
            self.run_dir = directory(origin, "run-dir", run_dir.as_ref(), DEFAULT_RUN_DIR)?;
        }
        if bpffs.is_some() {
            self.bpffs = directory(origin, "bpffs", bpffs.as_ref(), DEFAULT_BPFFS)?;
        }
        self.log_level = log_level.unwrap_or(self.log_level);
        self.program_log = program_log.unwrap_or(self.program_log);
        self.traffic_control = traffic_control.unwrap_or(self.traffic_control);
        if let Some(always_allow) = always_allow {
            self.always_allow = addresses(origin, always_allow)?;
        }
        if let Some(host_name) = host_name {
            self.host_name.clone_from(host_name);
        }
        if !bindable_devices.is_empty() {
            self.bindable_devices = bindable_devices.iter().cloned().collect();
        }
        if let Some(region) = region {
            self.region.clone_from(region);
        }
        if let Some(account_id) = account_id {
            self.account = account(origin, account_id)?;
        }
        if let Some(listen) = listen {
            self.listen.addresses = listen::addresses(origin, listen)?;
        }
        if let Some(path) = credentials {
            self.listen.credentials = Some(listen::file(origin, "credentials", path)?);
        }
        if let (Some(certificate), Some(key)) = (tls_certificate, tls_key) {
            self.listen.tls = Some(listen::pair(origin, certificate, key)?);
        }
        self.listen.insecure |= insecure_listen;
        for (key, value) in limits {
            self.limits.set(key, *value).map_err(|error| number(origin, "limits", error))?;
        }
        for (key, value) in quotas {
            self.quotas.set(key, *value).map_err(|error| number(origin, "quotas", error))?;
        }
        check_numbers(origin, &self.limits, &self.quotas)?;
        check_host_name(origin, &self.host_name)?;
        // What there is of it may come from either.
        self.listen.check("configuration")?;
        check_region(origin, &self.region)
    }

    /// The file of the access keys.
    #[must_use]
    pub fn credentials(&self) -> PathBuf {
        self.listen.credentials.clone().unwrap_or_else(|| self.state_dir.join(CREDENTIALS_NAME))
    }

    /// The socket of the API.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.run_dir.join(SOCKET_NAME)
    }
}

/// The text of a file.
fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}

/// A directory must be absolute: the daemon may be started anywhere.
fn directory(origin: &str, key: &'static str, value: Option<&PathBuf>, default: &str) -> Result<PathBuf, ConfigError> {
    let path = value.cloned().unwrap_or_else(|| PathBuf::from(default));
    if path.is_absolute() {
        return Ok(path);
    }
    let expected = "a directory must be given by its absolute path";
    Err(ConfigError::Value { origin: origin.to_owned(), key, value: path.display().to_string(), expected })
}

/// A region's name goes into identifiers that are split at colons and slashes.
fn check_region(origin: &str, region: &str) -> Result<(), ConfigError> {
    if !region.is_empty() && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Ok(());
    }
    let expected = "a region is named by lower-case letters, digits and hyphens";
    Err(ConfigError::Value { origin: origin.to_owned(), key: "region", value: region.to_owned(), expected })
}

/// What the machine calls itself. A kernel that nobody has told calls itself `(none)`: that is no reason not to start.
fn machine_name() -> String {
    usable_name(&rustix::system::uname().nodename().to_string_lossy())
}

fn usable_name(name: &str) -> String {
    if is_host_name(name) { name.to_owned() } else { "localhost".to_owned() }
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

/// A host's name stands before a slash in tags, and is a value of one.
fn check_host_name(origin: &str, name: &str) -> Result<(), ConfigError> {
    if is_host_name(name) {
        return Ok(());
    }
    let expected = "a host is named by up to 253 letters, digits, hyphens, dots and underscores";
    Err(ConfigError::Value { origin: origin.to_owned(), key: "host-name", value: name.to_owned(), expected })
}

/// An account.
fn account(origin: &str, text: &str) -> Result<AccountId, ConfigError> {
    let expected = "an account is 12 digits";
    text.parse().map_err(|_| ConfigError::Value {
        origin: origin.to_owned(),
        key: "account-id",
        value: text.to_owned(),
        expected,
    })
}

/// Addresses that are let through always: of one machine each.
fn addresses(origin: &str, texts: &[String]) -> Result<BTreeSet<IpAddr>, ConfigError> {
    let expected = "each is an IPv4 or IPv6 address of one machine, without a prefix length or a port";
    let parse = |text: &String| {
        let address = text.parse().map(|address: IpAddr| address.to_canonical()).ok();
        let is_of_one = |address: &IpAddr| {
            !address.is_unspecified() && !address.is_multicast() && *address != IpAddr::V4(Ipv4Addr::BROADCAST)
        };
        address.filter(is_of_one).ok_or_else(|| ConfigError::Value {
            origin: origin.to_owned(),
            key: "always-allow",
            value: text.clone(),
            expected,
        })
    };
    texts.iter().map(parse).collect()
}

/// Ranges, and the bound on the product of two quotas.
fn check_numbers(origin: &str, limits: &TableLimits, quotas: &QuotaSettings) -> Result<(), ConfigError> {
    limits.check().map_err(|error| number(origin, "limits", error))?;
    quotas.check().map_err(|error| number(origin, "quotas", error))?;
    let (rules, groups) = (quotas.rules_per_group, quotas.groups_per_interface);
    if rules * groups > MAX_RULES_PER_INTERFACE {
        return Err(ConfigError::Product { origin: origin.to_owned(), rules, groups });
    }
    Ok(())
}

/// The error of a limit or quota.
fn number(origin: &str, section: &'static str, source_text: NumberError) -> ConfigError {
    ConfigError::Number { origin: origin.to_owned(), section, source_text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(text: &str) -> Result<Config, String> {
        Config::merge(Some("/etc/f.toml".into()), text, &DaemonArgs::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_machine_without_a_name_gets_one() {
        for (name, wanted) in [("web-1.example", "web-1.example"), ("(none)", "localhost"), ("", "localhost")] {
            assert_eq!(usable_name(name), wanted);
        }
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = merge("").unwrap();
        assert_eq!(config.socket(), PathBuf::from("/run/firewall/firewall.sock"));
        assert_eq!(config.log_level, LogLevel::Info);
        assert_eq!(config.program_log, LogLevel::Off);
        assert_eq!(config.limits, TableLimits::default());
    }

    #[test]
    fn keys_of_the_file_are_taken() {
        let config =
            merge("run-dir = '/tmp/r'\nlog-level = 'trace'\ntraffic-control = 'clsact'\n[limits]\nflows-v4 = 64\n[quotas]\nvpcs = 9").unwrap();
        assert_eq!(config.run_dir, PathBuf::from("/tmp/r"));
        assert_eq!(config.log_level, LogLevel::Trace);
        assert_eq!(config.traffic_control, TrafficControl::Clsact);
        assert_eq!(config.limits.flows_v4, 64);
        assert_eq!(config.quotas.vpcs, 9);
    }

    #[test]
    fn where_the_ec2_api_is_offered() {
        let config = merge("listen = ['127.0.0.1:8080', '[::1]:8080']").unwrap();
        assert_eq!(config.listen.addresses.len(), 2);
        assert_eq!(config.credentials(), PathBuf::from("/var/lib/firewall/credentials.toml"));
        assert!(merge("listen = ['0.0.0.0:8080']\ninsecure-listen = true").is_ok());
        let error = merge("listen = ['0.0.0.0:8080']").unwrap_err();
        assert!(error.starts_with("configuration: listen = 0.0.0.0:8080"), "{error}");
        let config =
            merge("listen = ['0.0.0.0:443']\ntls-certificate = '/a'\ntls-key = '/b'\ncredentials = '/c'").unwrap();
        assert_eq!(config.listen.tls, Some(("/a".into(), "/b".into())));
        assert_eq!(config.credentials(), PathBuf::from("/c"));
        let args = DaemonArgs { listen: Some(vec!["192.0.2.1:80".to_owned()]), ..DaemonArgs::default() };
        assert!(Config::merge(None, "", &args).is_err());
        let args = DaemonArgs { insecure_listen: true, ..args };
        assert!(Config::merge(None, "listen = ['127.0.0.1:1']", &args).is_ok());
    }

    #[test]
    fn flags_override_the_file() {
        let args = DaemonArgs {
            run_dir: Some("/tmp/flag".into()),
            limits: vec![("flows-v4".to_owned(), 128)],
            always_allow: Some(vec!["192.0.2.1".to_owned()]),
            ..DaemonArgs::default()
        };
        let config = Config::merge(
            None,
            "run-dir = '/tmp/file'\nalways-allow = ['2001:db8::1']\n[limits]\nflows-v4 = 64",
            &args,
        )
        .unwrap();
        assert_eq!(config.run_dir, PathBuf::from("/tmp/flag"));
        assert_eq!(config.limits.flows_v4, 128);
        assert_eq!(config.always_allow, BTreeSet::from([IpAddr::from([192, 0, 2, 1])]));
    }

    #[test]
    fn errors_name_file_key_and_value() {
        for (text, parts) in [
            ("loglevel = 'info'", ["/etc/f.toml", "loglevel"]),
            ("log-level = 'loud'", ["/etc/f.toml", "loud"]),
            ("traffic-control = 'tcx'", ["/etc/f.toml", "tcx"]),
            ("[limits]\nflows = 1", ["/etc/f.toml", "flows"]),
            ("[limits]\nflows-v4 = 1", ["flows-v4 = 1", "from 16"]),
            ("[limits]\nflows-v4 = -1", ["flows-v4", "-1"]),
            ("account-id = '12'", ["account-id", "\"12\""]),
            ("region = 'Über'", ["region", "Über"]),
            ("host-name = 'a/b'", ["host-name", "a/b"]),
            ("[bindable-devices]\ntap0 = 'inside'", ["inside", "one of host, workload"]),
            ("always-allow = ['192.0.2.1', '192.0.2.0/24']", ["always-allow = \"192.0.2.0/24\"", "without a prefix"]),
            ("always-allow = ['ff02::1']", ["/etc/f.toml", "ff02::1"]),
            ("always-allow = ['0.0.0.0']", ["/etc/f.toml", "0.0.0.0"]),
            ("state-dir = 'var'", ["state-dir = \"var\"", "absolute"]),
            ("[quotas]\nrules-per-group = 1000\ngroups-per-interface = 2", ["rules-per-group (1000)", "1000"]),
            ("state-dir", ["/etc/f.toml", "line 1"]),
            ("listen = ['127.0.0.1']", ["listen = \"127.0.0.1\"", "port"]),
            ("listen = ['localhost:8080']", ["localhost:8080", "address"]),
            ("listen = ['0.0.0.0:8080']", ["0.0.0.0:8080", "tls-certificate"]),
            ("listen = ['[2001:db8::1]:8080']", ["[2001:db8::1]:8080", "insecure-listen"]),
            ("tls-certificate = '/a'", ["tls-key", "both"]),
            ("credentials = 'keys'", ["credentials = \"keys\"", "absolute"]),
        ] {
            let error = merge(text).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{text}: {error}");
            }
        }
    }
}
