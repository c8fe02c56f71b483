//! Why a store cannot be used.

use crate::lock::LockError;
use std::path::PathBuf;

/// Why a store cannot be used. The message says what to do; the cause is its source.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be had.
    #[error(transparent)]
    Lock(#[from] LockError),
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
