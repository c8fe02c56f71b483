//! The log: to stderr, with a level that can be changed while the daemon runs.

use super::config::LogLevel;
use std::io::IsTerminal;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, reload};

/// Target of the messages of the programs in the kernel: the crate that they are written in.
pub const PROGRAMS: &str = "firewall_ebpf";

/// Changes the level of the log.
#[derive(Debug, Clone)]
pub struct LogControl {
    handle: reload::Handle<Targets, Registry>,
}

impl LogControl {
    /// Sets the level from now on.
    pub fn set(&self, level: LogLevel) {
        if let Err(error) = self.handle.reload(targets(level)) {
            tracing::error!(%error, "the level of the log could not be changed");
        }
    }
}

/// Starts the log of this process.
///
/// # Errors
/// When the process has one already.
pub fn start(level: LogLevel) -> Result<LogControl, TryInitError> {
    let (filter, handle) = reload::Layer::new(targets(level));
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // The journal stamps each line itself.
    let lines = if std::env::var_os("JOURNAL_STREAM").is_some() { lines.without_time().boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(filter).with(lines).try_init()?;
    Ok(LogControl { handle })
}

/// What passes at a level. The messages of the programs are chosen in the kernel: those that come are wanted.
fn targets(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // Of libraries only what went wrong: they tell of every step they take, and a log of that is no use to anybody.
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_target(PROGRAMS, LevelFilter::TRACE)
}
