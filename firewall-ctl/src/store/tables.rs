//! The tables of the state file: one for each kind, the text of the key to the JSON of the value.

use super::migrate;
use super::{Pending, PendingEdit, Stored};
use crate::model::{Change, Edit, Model, Numbers};
use ::redb::{ReadTransaction, ReadableTable, Table, TableDefinition, TableError, WriteTransaction};
use imbl::OrdMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

/// The version of what is in the tables. A file with a later one is refused; one with an earlier one is read, and raised to
/// this version when it is opened.
pub const SCHEMA: u32 = 3;
/// The first version with prefix lists.
const SCHEMA_OF_PREFIX_LISTS: u32 = 2;
/// The first version with subnets, instances, gateways and identifiers of a VPC's blocks.
const SCHEMA_OF_SUBNETS: u32 = 3;

type Definition = TableDefinition<'static, &'static str, &'static [u8]>;
type Rows<'t> = Table<'t, &'static str, &'static [u8]>;

const META: Definition = TableDefinition::new("meta");
const VPCS: Definition = TableDefinition::new("vpcs");
const GROUPS: Definition = TableDefinition::new("security-groups");
const PREFIX_LISTS: Definition = TableDefinition::new("prefix-lists");
const INTERFACES: Definition = TableDefinition::new("network-interfaces");
const SUBNETS: Definition = TableDefinition::new("subnets");
const INSTANCES: Definition = TableDefinition::new("instances");
const INTERNET_GATEWAYS: Definition = TableDefinition::new("internet-gateways");

/// All tables of things.
const ALL: [Definition; 7] = [VPCS, SUBNETS, GROUPS, PREFIX_LISTS, INTERFACES, INSTANCES, INTERNET_GATEWAYS];

/// In `META`: the version of the schema, there from the beginning.
const SCHEMA_KEY: &str = "schema";
/// In `META`: the model's numbers, there from the first commit.
const NUMBERS_KEY: &str = "numbers";
/// In `META`: the change that awaits confirmation.
const PENDING_KEY: &str = "pending";

/// Why tables are no state.
#[derive(Debug)]
pub enum Unusable {
    /// What is in them makes no sense.
    Corrupt(String),
    /// They have a later version.
    Newer(u32),
    /// They could not be read.
    Database(::redb::Error),
}

impl<E: Into<::redb::Error>> From<E> for Unusable {
    fn from(error: E) -> Self {
        match error.into() {
            ::redb::Error::Corrupted(what) => Self::Corrupt(what),
            other => Self::Database(other),
        }
    }
}

/// Writes the tables of an empty state.
pub fn initialise(transaction: &WriteTransaction) -> Result<(), ::redb::Error> {
    for definition in ALL {
        transaction.open_table(definition)?;
    }
    put(&mut transaction.open_table(META)?, SCHEMA_KEY, &SCHEMA)
}

/// The version of a file's tables.
pub fn schema(transaction: &ReadTransaction) -> Result<u32, Unusable> {
    let schema = match table(transaction, META)?.get(SCHEMA_KEY)? {
        Some(json) => decode("the version of the schema", json.value())?,
        None => return Err(Unusable::Corrupt("it does not say the version of its schema".to_owned())),
    };
    if schema > SCHEMA { Err(Unusable::Newer(schema)) } else { Ok(schema) }
}

/// Reads everything; nothing before the first commit. What an earlier version has written is brought into the form of this
/// one, with new identifiers where it has none: [`raise`] keeps them.
pub fn read(transaction: &ReadTransaction) -> Result<Option<Stored>, Unusable> {
    let schema = schema(transaction)?;
    let meta = table(transaction, META)?;
    let value = |key| meta.get(key).map(|value| value.map(|guard| guard.value().to_vec()));
    let Some(numbers) = value(NUMBERS_KEY)? else {
        return Ok(None);
    };
    let numbers: Numbers = decode("the numbers to hand out", &numbers)?;
    let old = schema < SCHEMA_OF_SUBNETS;
    let pending: Option<Pending> = match value(PENDING_KEY)? {
        Some(json) => {
            let mut pending = decode("the change that awaits confirmation", &json)?;
            if old {
                migrate::pending(&mut pending, &mut rand::rng());
            }
            Some(typed("the change that awaits confirmation", pending)?)
        }
        None => None,
    };
    let mut model = Model {
        vpcs: rows_of(transaction, VPCS, |vpc| {
            if old {
                migrate::vpc(vpc, &mut rand::rng());
            }
        })?,
        subnets: if old { OrdMap::new() } else { rows(transaction, SUBNETS)? },
        groups: rows(transaction, GROUPS)?.into(),
        prefix_lists: if schema < SCHEMA_OF_PREFIX_LISTS { OrdMap::new() } else { rows(transaction, PREFIX_LISTS)? },
        interfaces: rows(transaction, INTERFACES)?.into(),
        instances: if old { OrdMap::new() } else { rows(transaction, INSTANCES)? },
        internet_gateways: if old { OrdMap::new() } else { rows(transaction, INTERNET_GATEWAYS)? },
        numbers,
    };
    if old {
        migrate::model(&mut model, &mut rand::rng());
    }
    model.check().map_err(Unusable::Corrupt)?;
    Ok(Some(Stored { model, pending }))
}

/// Writes what was read from tables of an earlier version in the form of this one, and the version.
pub fn raise(transaction: &WriteTransaction, stored: Option<&Stored>) -> Result<(), ::redb::Error> {
    for definition in ALL {
        transaction.delete_table(definition)?;
    }
    initialise(transaction)?;
    let Some(Stored { model, pending }) = stored else { return Ok(()) };
    let pending = pending.as_ref().map_or(PendingEdit::Clear, PendingEdit::Put);
    write(transaction, &Model::default().changes(model), pending)
}

/// Writes changes.
pub fn write(
    transaction: &WriteTransaction,
    changes: &[Change],
    pending: PendingEdit<'_>,
) -> Result<(), ::redb::Error> {
    let mut meta = transaction.open_table(META)?;
    if meta.get(NUMBERS_KEY)?.is_none() {
        put(&mut meta, NUMBERS_KEY, &Numbers::default())?;
    }
    for change in changes {
        match change {
            Change::Vpc(edit) => edit_row(transaction, VPCS, edit)?,
            Change::Subnet(edit) => edit_row(transaction, SUBNETS, edit)?,
            Change::Group(edit) => edit_row(transaction, GROUPS, edit)?,
            Change::PrefixList(edit) => edit_row(transaction, PREFIX_LISTS, edit)?,
            Change::Interface(edit) => edit_row(transaction, INTERFACES, edit)?,
            Change::Instance(edit) => edit_row(transaction, INSTANCES, edit)?,
            Change::InternetGateway(edit) => edit_row(transaction, INTERNET_GATEWAYS, edit)?,
            Change::Numbers(numbers) => put(&mut meta, NUMBERS_KEY, numbers)?,
        }
    }
    match pending {
        PendingEdit::Keep => Ok(()),
        PendingEdit::Put(pending) => put(&mut meta, PENDING_KEY, pending),
        PendingEdit::Clear => {
            meta.remove(PENDING_KEY)?;
            Ok(())
        }
    }
}

fn edit_row<K: Display, V: Serialize>(
    transaction: &WriteTransaction,
    definition: Definition,
    edit: &Edit<K, V>,
) -> Result<(), ::redb::Error> {
    let mut table = transaction.open_table(definition)?;
    match edit {
        Edit::Put(key, value) => put(&mut table, &key.to_string(), value.as_ref()),
        Edit::Delete(key) => {
            table.remove(key.to_string().as_str())?;
            Ok(())
        }
    }
}

fn put<V: Serialize>(table: &mut Rows<'_>, key: &str, value: &V) -> Result<(), ::redb::Error> {
    let json = serde_json::to_vec(value).map_err(|error| ::redb::Error::Io(error.into()))?;
    table.insert(key, json.as_slice())?;
    Ok(())
}

type ReadRows = ::redb::ReadOnlyTable<&'static str, &'static [u8]>;

fn table(transaction: &ReadTransaction, definition: Definition) -> Result<ReadRows, Unusable> {
    transaction.open_table(definition).map_err(|error| match error {
        TableError::Storage(storage) => storage.into(),
        // Missing, or of other types: no state of ours.
        other => Unusable::Corrupt(other.to_string()),
    })
}

fn rows<K, V>(transaction: &ReadTransaction, definition: Definition) -> Result<OrdMap<K, Arc<V>>, Unusable>
where
    K: FromStr<Err: Display> + Ord + Clone,
    V: DeserializeOwned,
{
    rows_of(transaction, definition, |_| ())
}

/// Rows whose values are first brought into the form of this version.
fn rows_of<K, V>(
    transaction: &ReadTransaction,
    definition: Definition,
    migrate: impl Fn(&mut Value),
) -> Result<OrdMap<K, Arc<V>>, Unusable>
where
    K: FromStr<Err: Display> + Ord + Clone,
    V: DeserializeOwned,
{
    let mut map = OrdMap::new();
    for row in table(transaction, definition)?.iter()? {
        let (key, value) = row?;
        let text = key.value();
        let key = text.parse().map_err(|error: K::Err| Unusable::Corrupt(error.to_string()))?;
        let mut value = decode(text, value.value())?;
        migrate(&mut value);
        map.insert(key, Arc::new(typed(text, value)?));
    }
    Ok(map)
}

fn typed<V: DeserializeOwned>(what: &str, json: Value) -> Result<V, Unusable> {
    serde_json::from_value(json).map_err(|error| Unusable::Corrupt(format!("{what} cannot be read: {error}")))
}

fn decode<V: DeserializeOwned>(what: &str, json: &[u8]) -> Result<V, Unusable> {
    serde_json::from_slice(json).map_err(|error| Unusable::Corrupt(format!("{what} cannot be read: {error}")))
}
