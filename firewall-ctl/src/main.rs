//! The one binary: the controller and all its commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    firewall_ctl::cli::run(std::env::args_os())
}
