//! Builds, tests and demonstrates the firewall: `cargo xtask VERB`.
//!
//! Each verb is a module of its name. What a verb decides is in functions without side effects, beside their tests;
//! what it does to the machine, it prints first.

mod bench;
mod build;
mod ci;
mod clients;
mod compiler;
mod count;
mod debian;
mod demo;
mod fuzz;
mod ledger;
mod linker;
mod lint;
mod machine;
mod process;
mod root;
mod shapes;
mod sources;
mod stage;
mod test;
mod tidy;
mod toolchain;
mod tools;
mod vm;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds, tests and demonstrates the firewall.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Find what builds the kernel programs, or install it where that is possible
    Toolchain,
    /// Build the kernel programs and firewall-ctl
    Build(build::Arguments),
    /// Show packets allowed and denied between network namespaces (as root or by sudo)
    Demo(demo::Arguments),
    /// Measure what a packet costs and how soon a change holds (as root or by sudo)
    Bench(bench::Arguments),
    /// Run all tests, or the suites that are named (kernel tests run as root or by sudo)
    Test(test::Arguments),
    /// Feed made-up octets to the parser, the decision and the API, for some seconds or until something is found
    Fuzz(fuzz::Arguments),
    /// Derive the table of EC2's wire names from botocore's model
    Shapes(shapes::Arguments),
    /// Check formatting, lints and house rules
    Lint,
    /// What a change must pass: toolchain, lint, demo, fuzz, test, and the verifier of Linux 6.1
    Ci,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().verb {
        Verb::Toolchain => toolchain::run(),
        Verb::Build(arguments) => build::run(arguments),
        Verb::Demo(arguments) => demo::run(arguments),
        Verb::Bench(arguments) => bench::run(arguments),
        Verb::Test(arguments) => test::run(&arguments),
        Verb::Fuzz(arguments) => fuzz::run(arguments),
        Verb::Shapes(arguments) => shapes::run(&arguments),
        Verb::Lint => lint::run(),
        Verb::Ci => ci::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
