//! Where the model outlives the controller.
//!
//! A [`Store`] takes the differences between two models and makes them durable, all of them or none. A change that has
//! to be confirmed is stored together with what undoes it, so that a controller that starts anew can still undo it.

mod error;
mod memory;
mod migrate;
mod redb;
mod tables;
#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use memory::MemoryStore;
pub use redb::RedbStore;

use crate::model::{Change, Model};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A change that is undone unless somebody confirms it in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The action that made it.
    pub operation: String,
    /// When it is undone.
    pub deadline: Timestamp,
    /// What undoes it.
    pub undo: Vec<Change>,
}

/// What becomes of the pending change when others are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingEdit<'a> {
    /// It stays as it is.
    Keep,
    /// This one is pending now.
    Put(&'a Pending),
    /// None is pending any more: it has been confirmed or undone.
    Clear,
}

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// The model; its invariants hold.
    pub model: Model,
    /// The change that awaits confirmation.
    pub pending: Option<Pending>,
}

/// Durable state of a controller.
pub trait Store: Send + Sync {
    /// What is stored; nothing before the first commit.
    ///
    /// # Errors
    /// What is stored cannot be read, or is no model.
    fn load(&self) -> Result<Option<Stored>, StoreError>;

    /// Makes changes durable, all of them or none. The first commit is the difference to the empty model.
    ///
    /// # Errors
    /// They cannot be written. What was stored before is still stored.
    fn commit(&self, changes: &[Change], pending: PendingEdit<'_>) -> Result<(), StoreError>;
}
