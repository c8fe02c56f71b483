//! `cargo xtask shapes`: derives the table of EC2's wire names from the model that the pinned botocore carries.

use crate::{clients, workspace};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::process::Command;

/// The table.
const TABLE: &str = "firewall-ctl/src/ec2/shapes.json";

/// Whether to write it.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only say whether the committed table is the one of this version
    #[arg(long)]
    check: bool,
}

impl Arguments {
    /// To compare it.
    pub const fn check() -> Self {
        Self { check: true }
    }
}

/// Writes the table, or compares it.
pub fn run(Arguments { check }: &Arguments) -> Result<()> {
    let environment = clients::environment()?;
    let requirements = fs::read_to_string(workspace::root().join("tests/clients/requirements.txt"))
        .context("cannot read tests/clients/requirements.txt")?;
    let version =
        requirements.lines().find_map(|line| line.strip_prefix("botocore==")).context("no botocore pinned")?;
    let mut command = Command::new(environment.join("bin/python"));
    command.arg(workspace::root().join("tests/clients/shapes.py")).arg(version);
    let output = command.output().context("cannot run Python")?;
    if !output.status.success() {
        bail!("tests/clients/shapes.py failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let path = workspace::root().join(TABLE);
    let known = fs::read(&path).with_context(|| format!("cannot read {TABLE}"))?;
    if known == output.stdout {
        println!("{TABLE} is that of botocore {version}");
        return Ok(());
    }
    if *check {
        bail!("{TABLE} is not that of botocore {version}: run `cargo xtask shapes`");
    }
    fs::write(&path, &output.stdout).with_context(|| format!("cannot write {TABLE}"))?;
    println!("wrote {TABLE} from botocore {version}");
    Ok(())
}
