//! Clients of EC2 for tests: those of PyPI in a virtual environment, and the AWS CLI 2, which is no package there.

use crate::machine::{Here, Machine};
use crate::{debian, process, workspace};
use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The suite of tests that needs them.
pub const SUITE: &str = "clients";

/// What is installed from PyPI.
const REQUIREMENTS: &str = "tests/clients/requirements.txt";
/// What the virtual environment was made from, in it.
const STAMP: &str = "requirements.sha256";
/// What the AWS CLI 2 answers when it is asked for its version.
const AWS_VERSION: &str = "aws-cli/2.";

/// Where the clients are.
pub struct Clients {
    /// The virtual environment.
    pub environment: PathBuf,
    /// The AWS CLI 2.
    pub aws: PathBuf,
}

/// Finds all of them; installs those of PyPI into `target/tools`, and on Debian as root what is missing beside them.
pub fn find_or_install() -> Result<Clients> {
    Ok(Clients { environment: environment()?, aws: aws(&Here)? })
}

/// The virtual environment with what is pinned, made anew when that has changed.
pub fn environment() -> Result<PathBuf> {
    let directory = workspace::root().join("target/tools/clients");
    let requirements = workspace::root().join(REQUIREMENTS);
    let text = fs::read(&requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let stamp = Sha256::digest(&text).iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    if fs::read_to_string(directory.join(STAMP)).is_ok_and(|found| found == stamp) {
        return Ok(directory);
    }
    println!("Clients of EC2 for the tests are missing, or of other versions; installing those of {REQUIREMENTS}.");
    if directory.exists() {
        fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    virtual_environment(&directory)?;
    let mut pip = Command::new(directory.join("bin/python"));
    // Most of it is never run: what is, Python compiles then.
    let options = ["--quiet", "--disable-pip-version-check", "--no-compile"];
    pip.args(["-m", "pip", "install"]).args(options).arg("--requirement").arg(&requirements);
    process::run(&mut pip)?;
    let path = directory.join(STAMP);
    fs::write(&path, stamp).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(directory)
}

fn virtual_environment(directory: &Path) -> Result<()> {
    let make = || process::run(Command::new("python3").args(["-m", "venv"]).arg(directory));
    let Err(error) = make() else { return Ok(()) };
    // Debian's Python comes without it.
    if !debian::can_install(&Here) {
        return Err(error.context("Python 3.11 or newer with its module venv is needed (Debian: python3-venv)"));
    }
    debian::install(&["python3-venv"])?;
    make()
}

/// The AWS CLI 2: one on `PATH` may be of the other version.
fn aws(machine: &dyn Machine) -> Result<PathBuf> {
    if let Some(found) = search(machine) {
        return Ok(found);
    }
    if debian::can_install(machine) {
        println!("The AWS CLI 2 for the tests is missing; installing Debian's awscli.");
        debian::install(&["awscli"])?;
    }
    match search(machine) {
        Some(found) => Ok(found),
        None => bail!("the AWS CLI 2 is missing; on Debian 12 or newer, as root: apt-get install awscli"),
    }
}

fn search(machine: &dyn Machine) -> Option<PathBuf> {
    let elsewhere = Some(PathBuf::from("/usr/bin/aws")).filter(|path| machine.has(path));
    let mut found = machine.on_path("aws").into_iter().chain(elsewhere);
    found.find(|path| machine.output(path, &["--version"]).is_ok_and(|version| version.starts_with(AWS_VERSION)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::fake::Fake;

    #[test]
    fn the_first_of_version_2_is_taken() {
        let machine = Fake::default()
            .variable("PATH", "/opt/bin")
            .file("/opt/bin/aws")
            .file("/usr/bin/aws")
            .prints("/opt/bin/aws --version", "aws-cli/1.46.3 Python/3.11.2\n")
            .prints("/usr/bin/aws --version", "aws-cli/2.9.19 Python/3.11.2\n");
        assert_eq!(search(&machine), Some(PathBuf::from("/usr/bin/aws")));
        assert_eq!(search(&Fake::default().variable("PATH", "/opt/bin")), None);
    }

    #[test]
    fn all_is_pinned() {
        let text = fs::read_to_string(workspace::root().join(REQUIREMENTS)).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.contains("=="), "{line}");
        }
    }
}
