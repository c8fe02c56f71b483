//! The daemon: wires model, store, compiler and dataplane together behind the local API.

pub mod config;
pub mod controller;
pub mod core;
pub mod enforcer;
mod error;
pub mod kernel;
pub mod keys;
pub mod lockout;
pub mod logging;
pub mod net;
pub mod observe;
mod run;
#[cfg(test)]
pub(crate) mod testing;
mod wire;

pub use config::{Config, ConfigError, DaemonArgs, LogLevel};
pub use error::DaemonError;
pub use run::run;
