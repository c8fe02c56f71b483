//! Why a store cannot be used.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The process that holds a state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// The name of its program, if it could be read.
    pub name: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, name } = self;
        match name {
            Some(name) => write!(formatter, "process {pid} ({name})"),
            None => write!(formatter, "process {pid}"),
        }
    }
}

/// Why a store cannot be used. The message says what to do; the cause is its source.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be made or used.
    #[error(
        "{} cannot be used for the state: it has to be where the controller may write, on a disk with room; --state-dir \
         names another directory", path.display()
    )]
    Directory {
        /// The directory, or what in it could not be used.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another controller uses the directory.
    #[error(
        "the state directory {} is in use by {}: stop that controller, or give this one a directory of its own with \
         --state-dir", path.display(), .holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string)
    )]
    Held {
        /// The directory.
        path: PathBuf,
        /// Who holds it, if that is known.
        holder: Option<Holder>,
    },
    /// The file is no state, or not all of it is.
    #[error(
        "the state file {} is corrupt: {what}. It has not been touched, and what the kernel enforces goes on. Restore it \
         from a backup, or move it away to start with an empty state", path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The file was written by a later version of this program.
    #[error(
        "the state file {} has version {found} of its schema, and this program knows versions up to {known}: install the \
         release that wrote it, or a later one. It has not been touched, and what the kernel enforces goes on", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        found: u32,
        /// The last version that is known.
        known: u32,
    },
    /// Reading or writing failed.
    #[error("the state file {} cannot be {doing}: look at the disk's space and health", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system or the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
