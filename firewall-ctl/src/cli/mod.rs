//! The command line: commands named and flagged as in the AWS CLI where it has them.
//!
//! A command becomes one request of the controller, and its answer is printed; only `emergency-detach` acts by itself, so
//! that it works when nothing else does. Nothing is decided here: what a value may be, and what an absent one means, is
//! the controller's to say, in one place for every client.

mod call;
mod calls;
mod device;
mod drops;
mod emergency;
mod explain;
mod failure;
mod flow;
mod flush;
mod gateway;
mod generate;
mod group;
mod input;
mod instance;
mod interface;
mod key;
mod operate;
mod output;
mod pages;
mod permission;
mod prefix_list;
mod query;
mod rule;
mod rule_edit;
mod run;
mod ssh;
mod subnet;
mod surroundings;
mod tag;
mod values;
mod vpc;

use crate::daemon::DaemonArgs;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Security groups for the network interfaces of this host
///
/// Commands are named and flagged as in the AWS CLI where it has them (`aws ec2 create-security-group` is
/// `firewall-ctl create-security-group`), and answers have the shapes of the EC2 API. The controller does the work: start it
/// with `firewall-ctl daemon`, then put a device under its rules with `firewall-ctl attach DEV`.
#[derive(Parser, Debug)]
#[command(
    name = "firewall-ctl",
    version,
    max_term_width = 100,
    after_help = "Exit codes:
    0  done; of explain and simulate: the packet passes
    1  of explain and simulate: the packet is dropped
  252  the command line is wrong
  253  no controller, a bad configuration, or no privileges
  254  refused by the controller
  255  anything else

The first minutes:
  firewall-ctl daemon &
  firewall-ctl attach eth0 --dry-run
  firewall-ctl attach eth0 --confirm-within 2m && firewall-ctl confirm"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Socket of the controller
    #[arg(
        long,
        global = true,
        env = "FIREWALL_SOCKET",
        value_name = "PATH",
        default_value = "/run/firewall/firewall.sock"
    )]
    socket: PathBuf,

    /// How answers are printed; without it tables on a terminal, JSON elsewhere
    #[arg(long, global = true, value_name = "FORMAT")]
    output: Option<output::Format>,

    /// Whether tables have colours
    #[arg(long = "color", global = true, value_name = "WHEN", default_value = "auto")]
    colour: output::Colour,

    /// Print a part of the answer: a JMESPath expression, as in the AWS CLI
    #[arg(long, global = true, value_name = "JMESPATH", value_parser = query::Query::parse)]
    query: Option<query::Query>,

    /// Members of the request as JSON, or file://PATH, in the place of flags; flags go before members
    #[arg(long, global = true, value_name = "JSON")]
    cli_input_json: Option<String>,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    #[command(flatten)]
    Call(calls::Calls),
    FlushFlows(flow::FlushFlows),
    Drops(drops::Drops),
    Explain(explain::Explain),
    Simulate(explain::Simulate),
    EmergencyDetach(emergency::EmergencyDetach),
    #[command(after_help = "Example:
  firewall-ctl daemon --config /etc/firewall/firewall.toml")]
    Daemon(DaemonArgs),
    Completions(generate::Completions),
    Man(generate::Man),
}

/// Parses and does what the arguments say, the program's name first. Everything that there is to say has been printed when
/// it returns.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match input::expand(arguments.into_iter().collect(), &Cli::command()) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&Cli::command().error(ErrorKind::ValueValidation, error)),
    };
    let result = match Cli::try_parse_from(arguments) {
        Ok(cli) => run::run(cli),
        Err(error) => return usage(&error),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            output::complain(&failure.report());
            ExitCode::from(failure.exit_code())
        }
    }
}

/// What clap has to say: help and version on stdout, mistakes on stderr.
fn usage(error: &clap::Error) -> ExitCode {
    // A reader that is gone has seen enough.
    let _gone = error.print();
    if error.use_stderr() { ExitCode::from(failure::code::USAGE) } else { ExitCode::SUCCESS }
}

#[cfg(test)]
mod tests;
