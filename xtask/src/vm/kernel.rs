//! Debian 12's kernel, unpacked beside what cargo builds.

use crate::machine::{Here, Machine as _};
use crate::{debian, process, workspace};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Names an unpacked package in place of the one that would be downloaded.
const VARIABLE: &str = "FIREWALL_VM_KERNEL";
/// What the package's name begins and ends with. The flavour for clouds is the small one; its configuration is the same for
/// everything that the firewall needs.
const PACKAGE: [&str; 2] = ["linux-image-6.1.0-", "-cloud-amd64"];

/// An unpacked kernel package.
pub struct Kernel {
    directory: PathBuf,
    release: String,
}

impl Kernel {
    /// Finds the kernel that the environment names or an earlier run has left, or downloads it.
    pub fn find_or_get() -> Result<Self> {
        if env::consts::ARCH != "x86_64" {
            bail!(
                "the virtual machine is an x86-64 one, and runs programs that were built here, for {}",
                env::consts::ARCH
            );
        }
        if let Some(directory) = env::var_os(VARIABLE) {
            return Self::open(directory.into()).with_context(|| format!("the kernel that {VARIABLE} names"));
        }
        let cache = workspace::root().join("target/vm");
        fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
        let entries = fs::read_dir(&cache).with_context(|| format!("cannot read {}", cache.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().into_string());
        }
        let name = match newest(names.iter().map(String::as_str)) {
            Some(name) => name.to_owned(),
            None => download(&cache)?,
        };
        Self::open(cache.join(name))
    }

    fn open(directory: PathBuf) -> Result<Self> {
        let boot = directory.join("boot");
        let entries = fs::read_dir(&boot).with_context(|| format!("cannot read {}", boot.display()))?;
        for entry in entries {
            let name = entry?.file_name();
            if let Some(release) = name.to_str().and_then(|name| name.strip_prefix("vmlinuz-")) {
                return Ok(Self { release: release.to_owned(), directory });
            }
        }
        bail!("no vmlinuz-* in {}", boot.display())
    }

    /// The file to boot.
    pub fn image(&self) -> PathBuf {
        self.directory.join("boot").join(format!("vmlinuz-{}", self.release))
    }

    /// Where its modules are.
    pub fn modules(&self) -> PathBuf {
        self.directory.join("lib/modules").join(&self.release)
    }
}

/// The newest among names of packages, if it is among them; other names are passed over.
fn newest<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let [start, end] = PACKAGE;
    let number = |name: &str| name.strip_prefix(start)?.strip_suffix(end)?.parse::<u32>().ok();
    names.filter_map(|name| Some((number(name)?, name))).max().map(|(_, name)| name)
}

/// Downloads the package and unpacks it: nothing of it is installed. Gives its name, which the directory has.
fn download(cache: &Path) -> Result<String> {
    let [start, end] = PACKAGE;
    if Here.on_path("apt-get").is_empty() || Here.on_path("dpkg-deb").is_empty() {
        bail!(
            "download a package {start}*{end} of Debian 12 (from packages.debian.org), unpack it (`dpkg-deb --extract \
             PACKAGE DIRECTORY`, or `bsdtar` twice), and set {VARIABLE}=DIRECTORY"
        );
    }
    let mut name = available()?;
    if name.is_none() && debian::can_install(&Here) {
        debian::update()?;
        name = available()?;
    }
    let name = name.with_context(|| {
        format!("no package {start}*{end} is known here; try `apt-get update`, or set {VARIABLE} to an unpacked one")
    })?;
    let download = cache.join("download");
    clear(&download)?;
    fs::create_dir(&download).with_context(|| format!("cannot make {}", download.display()))?;
    process::run(Command::new("apt-get").args(["download", "--quiet", &name]).current_dir(&download))?;
    let mut packages = fs::read_dir(&download)?;
    let package = packages.next().with_context(|| format!("apt-get has left nothing in {}", download.display()))??;
    let unpacked = download.join("unpacked");
    process::run(Command::new("dpkg-deb").arg("--extract").arg(package.path()).arg(&unpacked))?;
    // Under its own name only when it is complete.
    fs::rename(&unpacked, cache.join(&name)).with_context(|| format!("cannot rename {}", unpacked.display()))?;
    clear(&download)?;
    Ok(name)
}

fn clear(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    Ok(())
}

/// The newest package that apt knows.
fn available() -> Result<Option<String>> {
    let output = Here.output(Path::new("apt-cache"), &["pkgnames", PACKAGE[0]]);
    let names = output.map_err(|error| anyhow::anyhow!("apt-cache pkgnames: {error}"))?;
    Ok(newest(names.lines()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_package_is_so_by_number() {
        let names = [
            "console.log",
            "linux-image-6.1.0-9-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64-dbg",
            "linux-image-6.1.0-60-amd64",
            "linux-image-6.12.0-70-cloud-amd64",
        ];
        assert_eq!(newest(names.into_iter()), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(newest(names[..1].iter().copied()), None);
    }
}
