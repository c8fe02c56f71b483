//! The store of one machine: a file of redb in the state directory.

use super::tables::{self, SCHEMA, Unusable};
use super::{PendingEdit, Store, StoreError, Stored};
use crate::lock::{DirectoryLock, LockError};
use crate::model::Change;
use ::redb::backends::InMemoryBackend;
use ::redb::{Builder, Database, DatabaseError, Durability, ReadableDatabase, StorageBackend};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The state file, in the state directory.
pub const STATE_FILE: &str = "state.redb";
/// A state file that is being made. It gets its name once it is complete.
const NEW_STATE_FILE: &str = "state.redb.new";

/// State in a directory of this machine.
#[derive(Debug)]
pub struct RedbStore {
    // Closed before the lock is let go of.
    database: Database,
    path: PathBuf,
    _lock: DirectoryLock,
}

impl RedbStore {
    /// Opens the state in a directory, and makes both if need be.
    ///
    /// What is there is first read whole in a copy, and only then opened: a file that turns out to be corrupt stays as
    /// it was, bit by bit.
    ///
    /// # Errors
    /// The directory cannot be used, or is in use; or its state is corrupt, or of a later version of this program.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let lock = DirectoryLock::take(directory, 0o700)?;
        let path = directory.join(STATE_FILE);
        if !path.try_exists().map_err(failed(&path, "read"))? {
            create(directory, &path)?;
        }
        let octets = fs::read(&path).map_err(failed(&path, "read"))?;
        inspect(&octets).map_err(|unusable| explain(&path, unusable))?;
        let database = Database::open(&path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => LockError::Held { path: directory.to_owned(), holder: None }.into(),
            other => failed(&path, "opened")(other),
        })?;
        raise(&database).map_err(|unusable| explain(&path, unusable))?;
        Ok(Self { database, path, _lock: lock })
    }

    /// The state file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn try_commit(&self, changes: &[Change], pending: PendingEdit<'_>) -> Result<(), ::redb::Error> {
        let transaction = begin(&self.database)?;
        tables::write(&transaction, changes, pending)?;
        Ok(transaction.commit()?)
    }
}

impl Store for RedbStore {
    fn load(&self) -> Result<Option<Stored>, StoreError> {
        let transaction = self.database.begin_read().map_err(failed(&self.path, "read"))?;
        tables::read(&transaction).map_err(|unusable| explain(&self.path, unusable))
    }

    fn commit(&self, changes: &[Change], pending: PendingEdit<'_>) -> Result<(), StoreError> {
        self.try_commit(changes, pending).map_err(failed(&self.path, "written"))
    }
}

/// A transaction that is on the disk when its commit returns. Two phases: the file says by itself which of its two
/// newest states is the complete one. With one phase, damage to the newest would look like a commit cut short by a
/// crash, and the state before it, with rules that have been revoked since, would silently be taken.
fn begin(database: &Database) -> Result<::redb::WriteTransaction, ::redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_two_phase_commit(true);
    Ok(transaction)
}

/// Brings tables of an earlier version into the form of this one, all of them or none.
fn raise(database: &Database) -> Result<(), Unusable> {
    let reading = database.begin_read()?;
    if tables::schema(&reading)? == SCHEMA {
        return Ok(());
    }
    let stored = tables::read(&reading)?;
    drop(reading);
    let transaction = begin(database)?;
    tables::raise(&transaction, stored.as_ref())?;
    Ok(transaction.commit()?)
}

/// Makes an empty state file, whole or not at all.
fn create(directory: &Path, path: &Path) -> Result<(), StoreError> {
    let new = directory.join(NEW_STATE_FILE);
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(failed(path, "made"))?;
    let fill = || -> Result<(), ::redb::Error> {
        let database = Database::create(&new)?;
        let transaction = begin(&database)?;
        tables::initialise(&transaction)?;
        Ok(transaction.commit()?)
    };
    fill().map_err(failed(path, "made"))?;
    fs::rename(&new, path).and_then(|()| File::open(directory)?.sync_all()).map_err(failed(path, "made"))
}

/// Reads a state file's content without touching the file: redb repairs what it opens, and trusts what it does not
/// check, so it gets a copy and is told to check every page. It may still give up with a panic over nonsense.
pub(super) fn inspect(octets: &[u8]) -> Result<Option<Stored>, Unusable> {
    if octets.is_empty() {
        return Err(Unusable::Corrupt("it is empty".to_owned()));
    }
    let read = || {
        let copy = InMemoryBackend::new();
        copy.set_len(octets.len() as u64).and_then(|()| copy.write(0, octets)).map_err(::redb::Error::from)?;
        // A copy in memory cannot fail but by its content.
        let nonsense = |error: DatabaseError| Unusable::Corrupt(error.to_string());
        let database = Builder::new().set_check_integrity_on_open(true).create_with_backend(copy).map_err(nonsense)?;
        tables::read(&database.begin_read()?)
    };
    let gave_up = |_| Unusable::Corrupt("its structure is damaged".to_owned());
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| Err(gave_up(panic)))
}

fn explain(path: &Path, unusable: Unusable) -> StoreError {
    let path = path.to_owned();
    match unusable {
        Unusable::Corrupt(what) => StoreError::Corrupt { path, what },
        Unusable::Newer(found) => StoreError::Newer { path, found, known: SCHEMA },
        Unusable::Database(source) => StoreError::Failed { path, doing: "read", source: Box::new(source) },
    }
}

fn failed<E: Into<::redb::Error>>(path: &Path, doing: &'static str) -> impl FnOnce(E) -> StoreError + use<E> {
    let path = path.to_owned();
    move |error| StoreError::Failed { path, doing, source: Box::new(error.into()) }
}
