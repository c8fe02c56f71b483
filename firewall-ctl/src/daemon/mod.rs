//! The daemon: wires model, store, compiler and dataplane together behind the local API.

pub mod config;
pub mod controller;
pub mod core;
pub mod enforcer;
mod error;
pub mod lock;
pub mod lockout;
pub mod logging;
pub mod net;
#[cfg(test)]
mod testing;

pub use config::{Config, ConfigError, DaemonArgs, LogLevel};
pub use error::DaemonError;

/// Runs the daemon until it is told to stop by SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start; the message says what to do.
pub async fn run(args: DaemonArgs) -> Result<(), DaemonError> {
    let _config = Config::load(&args)?;
    Ok(())
}
