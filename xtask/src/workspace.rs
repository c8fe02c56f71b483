//! Where things are.

use anyhow::{Context as _, Result};
use std::env;
use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a directory of the workspace")
}

/// Where cargo puts programs of the profile that xtask itself was built with: right for any configured target directory.
pub fn programs() -> Result<PathBuf> {
    let own = env::current_exe().context("cannot find the path of xtask itself")?;
    Ok(own.parent().context("xtask lies in no directory")?.to_owned())
}
