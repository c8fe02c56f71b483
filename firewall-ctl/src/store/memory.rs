//! A store that forgets, for tests and for trying things out.

use super::{PendingEdit, Store, StoreError, Stored};
use crate::model::Change;
use std::sync::{Mutex, PoisonError};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    stored: Mutex<Option<Stored>>,
}

impl Store for MemoryStore {
    fn load(&self) -> Result<Option<Stored>, StoreError> {
        Ok(self.stored.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn commit(&self, changes: &[Change], pending: PendingEdit<'_>) -> Result<(), StoreError> {
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = stored.get_or_insert_default();
        stored.model.apply_changes(changes);
        match pending {
            PendingEdit::Keep => {}
            PendingEdit::Put(pending) => stored.pending = Some(pending.clone()),
            PendingEdit::Clear => stored.pending = None,
        }
        Ok(())
    }
}
