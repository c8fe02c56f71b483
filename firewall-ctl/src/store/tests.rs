//! What is stored comes back, and what is damaged is refused and left alone.

use super::redb::{STATE_FILE, inspect};
use super::tables::Unusable;
use super::*;
use crate::lock::LockError;
use crate::model::arbitrary::model;
use crate::model::{Change, Model, RuleId};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn first_model() -> Model {
    Model::new_with_default_vpc(&mut StdRng::seed_from_u64(7))
}

/// The model without one of its rules: the state before last must not come back.
fn revoked(model: &Model) -> Model {
    let mut next = model.clone();
    let group = model.groups.values().next().expect("a group");
    let rule: BTreeSet<RuleId> = group.rules.keys().copied().take(1).collect();
    next.remove_rules(group.id, &rule).expect("the rule is there");
    next
}

fn save(store: &impl Store, before: &Model, after: &Model) {
    store.commit(&before.changes(after), PendingEdit::Keep).expect("a commit");
}

fn loaded(directory: &Path) -> Option<Stored> {
    RedbStore::open(directory).expect("a good state").load().expect("a good state")
}

/// The octets of a state file that was closed, and of one whose controller was killed, with the model in both.
fn images() -> ([Vec<u8>; 2], Model) {
    let directory = directory();
    let path = directory.path().join(STATE_FILE);
    let store = RedbStore::open(directory.path()).expect("an empty directory");
    let (first, second) = (first_model(), revoked(&first_model()));
    save(&store, &Model::default(), &first);
    save(&store, &first, &second);
    let killed = fs::read(&path).expect("the state file");
    drop(store);
    let closed = fs::read(&path).expect("the state file");
    ([closed, killed], second)
}

/// Opens a directory with these octets as state file. If that is refused, the octets must still be the same.
fn open_octets(octets: &[u8]) -> Result<Option<Stored>, StoreError> {
    let directory = directory();
    let path = directory.path().join(STATE_FILE);
    fs::write(&path, octets).expect("room for the file");
    let result = RedbStore::open(directory.path()).and_then(|store| store.load());
    if result.is_err() {
        assert!(fs::read(&path).expect("the state file") == octets, "a refused file has changed");
    }
    result
}

fn assert_corrupt(octets: &[u8], how: &str) {
    let error = open_octets(octets).expect_err(how);
    assert!(matches!(error, StoreError::Corrupt { .. }), "{how}: {error:?}");
    let text = error.to_string();
    for part in [STATE_FILE, "is corrupt", "has not been touched", "Restore it from a backup, or move it away"] {
        assert!(text.contains(part), "{how}: {text}");
    }
}

#[test]
fn an_empty_directory_holds_nothing() {
    let parent = directory();
    let directory = parent.path().join("new/state");
    let store = RedbStore::open(&directory).expect("a new directory");
    assert_eq!(store.load().expect("an empty state"), None);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(store.path()), 0o600);
    drop(store);
    assert_eq!(loaded(&directory), None);
    assert_eq!(fs::read_dir(&directory).expect("the directory").count(), 2, "the state file and the lock");
}

#[test]
fn a_second_controller_is_refused() {
    let directory = directory();
    let store = RedbStore::open(directory.path()).expect("an empty directory");
    let error = RedbStore::open(directory.path()).expect_err("it is in use");
    assert!(matches!(error, StoreError::Lock(LockError::Held { .. })), "{error:?}");
    drop(store);
    RedbStore::open(directory.path()).expect("it is free again");
}

#[test]
fn a_pending_change_lives_until_it_is_cleared() {
    let directory = directory();
    let (before, after) = (first_model(), revoked(&first_model()));
    let pending = Pending {
        operation: "Test".to_owned(),
        deadline: Timestamp::from_second(1_800_000_000).expect("a time"),
        undo: after.changes(&before),
    };
    let store = RedbStore::open(directory.path()).expect("an empty directory");
    save(&store, &Model::default(), &before);
    store.commit(&before.changes(&after), PendingEdit::Put(&pending)).expect("a commit");
    drop(store);

    let store = RedbStore::open(directory.path()).expect("a good state");
    let stored = store.load().expect("a good state").expect("a model");
    assert_eq!(stored, Stored { model: after, pending: Some(pending.clone()) });
    store.commit(&[], PendingEdit::Keep).expect("a commit");
    assert!(store.load().expect("a good state").expect("a model").pending.is_some());
    store.commit(&pending.undo, PendingEdit::Clear).expect("a commit");
    drop(store);
    assert_eq!(loaded(directory.path()), Some(Stored { model: before, pending: None }));
}

#[test]
fn a_killed_controller_leaves_a_good_state() {
    let ([closed, killed], model) = images();
    for octets in [closed, killed] {
        let stored = open_octets(&octets).expect("a good state").expect("a model");
        assert_eq!(stored.model, model);
    }
}

#[test]
fn truncated_files_are_refused() {
    for octets in images().0 {
        let length = octets.len();
        for left in [0, 1, 8, 64, 320, 4096, length / 2, length - 4096, length - 1] {
            assert_corrupt(&octets[..left], &format!("{left} of {length} octets"));
        }
    }
}

#[test]
fn garbage_is_refused() {
    assert_corrupt(b"{\"vpcs\": []}", "text");
    assert_corrupt(&[0; 100_000], "zeros");
    let noise: Vec<u8> = (0..100_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    assert_corrupt(&noise, "noise");
    let [octets, _] = images().0;
    let mut overwritten = octets.clone();
    overwritten[64..].fill(0xa5);
    assert_corrupt(&overwritten, "a good start only");
}

/// A flipped bit is either in a place that does not count, or the file is refused: no other state ever comes of it.
#[test]
fn flipped_bits_never_make_another_state() {
    let (images, model) = images();
    let (mut refused, mut harmless) = (0, 0);
    for octets in images {
        // Every octet of the header, and a sample of what is filled behind it.
        let filled = (320..octets.len()).filter(|position| octets[*position] != 0).step_by(101);
        let sample = (0..320).chain(filled);
        for position in sample {
            let mut damaged = octets.clone();
            damaged[position] ^= 1 << (position % 8);
            match inspect(&damaged) {
                Ok(Some(stored)) => {
                    assert!(stored.model == model && stored.pending.is_none(), "octet {position} made another state");
                    harmless += 1;
                }
                Ok(None) => panic!("octet {position} emptied the state"),
                Err(Unusable::Corrupt(_)) => refused += 1,
                Err(other) => panic!("octet {position}: {other:?}"),
            }
            // What is found in the copy is what comes of the file; writing it each time would take minutes.
            if position % 61 == 0 {
                match open_octets(&damaged) {
                    Ok(stored) => assert_eq!(stored.map(|stored| stored.model), Some(model.clone())),
                    Err(error) => assert!(matches!(error, StoreError::Corrupt { .. }), "octet {position}: {error:?}"),
                }
            }
        }
    }
    assert!(refused > 0 && harmless > 0, "{refused} refused, {harmless} harmless");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let ([octets, _], _) = images();
    let replaced = |table: &str, key: &str, value: &str| {
        let directory = directory();
        let path = directory.path().join(STATE_FILE);
        fs::write(&path, &octets).expect("room for the file");
        let database = ::redb::Database::open(&path).expect("a good file");
        let transaction = database.begin_write().expect("a transaction");
        let definition = ::redb::TableDefinition::<&str, &[u8]>::new(table);
        transaction.open_table(definition).expect("a table").insert(key, value.as_bytes()).expect("room");
        transaction.commit().expect("a commit");
        drop(database);
        open_octets(&fs::read(&path).expect("the state file")).expect_err("nonsense")
    };
    let newer = replaced("meta", "schema", "4");
    assert!(matches!(newer, StoreError::Newer { found: 4, known: 3, .. }), "{newer:?}");
    assert!(newer.to_string().contains("install the release that wrote it"), "{newer}");
    for (table, key, value, part) in [
        ("meta", "schema", "one", "the version of the schema cannot be read"),
        ("meta", "numbers", "{}", "missing field"),
        ("vpcs", "vpc-12345678", "{}", "vpc-12345678 cannot be read"),
        ("vpcs", "foo", "{}", "'foo' is malformed"),
        ("security-groups", "sg-12345678", "null", "sg-12345678 cannot be read"),
        ("network-interfaces", "eni-12345678", "{\"colour\": 1}", "eni-12345678 cannot be read"),
        ("prefix-lists", "pl-12345678", "{}", "pl-12345678 cannot be read"),
        ("subnets", "subnet-12345678", "{}", "subnet-12345678 cannot be read"),
        ("instances", "i-12345678", "{}", "i-12345678 cannot be read"),
        ("internet-gateways", "igw-12345678", "[]", "igw-12345678 cannot be read"),
    ] {
        let error = replaced(table, key, value);
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
    // Well formed, and against the invariants.
    let twin = first_model().vpcs.values().next().map(|vpc| serde_json::to_string(vpc).expect("JSON")).expect("a VPC");
    let error = replaced("vpcs", "vpc-12345678", &twin);
    assert!(error.to_string().contains("is stored as"), "{error}");
}

/// A state file as version 2 has written it, or version 1, which had no prefix lists.
fn earlier(directory: &Path, schema: u32) {
    const ULA: &str = "fd12:3456:789a::/56";
    let vpc = |block: &str, number: u32, is_default: bool| {
        json!({"id": format!("vpc-0000000{number}"), "number": number, "owner": "000000000000", "cidr_blocks": [block],
            "ipv6_cidr_blocks": [ULA], "is_default": is_default})
    };
    let group = |number: u32| {
        json!({"id": format!("sg-0000000{number}"), "name": "default", "description": "default VPC security group",
            "vpc": format!("vpc-0000000{number}"), "owner": "000000000000"})
    };
    let interface = json!({"id": "eni-00000001", "vpc": "vpc-00000001", "owner": "000000000000",
        "groups": ["sg-00000001"], "addresses": ["192.0.2.1", "2001:db8::1"], "device": "eth0",
        "attachment": {"device": "eth0", "side": "host", "hook": "auto", "addresses": "kernel", "strict_l2": false,
            "enforce": true, "number": 1, "adopt": true}});
    let pending = json!({"operation": "DeleteVpc", "deadline": "2027-01-15T08:00:00Z",
        "undo": [{"Vpc": {"Put": ["vpc-00000003", vpc("10.3.0.0/16", 3, false)]}}, {"Group": {"Put": ["sg-00000003", group(3)]}}]});
    let mut tables = vec![
        ("meta", "schema", json!(schema)),
        ("meta", "numbers", json!({"next_rule": 5, "next_attachment": 2, "next_vpc": 4})),
        ("meta", "pending", pending),
        ("vpcs", "vpc-00000001", vpc("172.31.0.0/16", 1, true)),
        ("vpcs", "vpc-00000002", vpc("10.0.0.0/16", 2, false)),
        ("security-groups", "sg-00000001", group(1)),
        ("security-groups", "sg-00000002", group(2)),
        ("network-interfaces", "eni-00000001", interface),
    ];
    if schema > 1 {
        let list = json!({"id": "pl-00000001", "name": "offices", "owner": "000000000000", "family": "IPv4",
            "max_entries": 3, "version": 1, "entries": {"192.0.2.0/24": null}});
        tables.push(("prefix-lists", "pl-00000001", list));
    }
    let database = ::redb::Database::create(directory.join(STATE_FILE)).expect("room for a file");
    let transaction = database.begin_write().expect("a transaction");
    for (table, key, value) in tables {
        let definition = ::redb::TableDefinition::<&str, &[u8]>::new(table);
        let mut table = transaction.open_table(definition).expect("a table");
        table.insert(key, value.to_string().as_bytes()).expect("room");
    }
    transaction.commit().expect("a commit");
}

#[test]
fn earlier_schemas_are_read_and_raised() {
    for schema in [1, 2] {
        let directory = directory();
        earlier(directory.path(), schema);
        let store = RedbStore::open(directory.path()).expect("an earlier schema");
        let stored = store.load().expect("a state").expect("a model");
        let Stored { model, pending } = &stored;
        assert_eq!((model.vpcs.len(), model.groups.len(), model.prefix_lists.len()), (2, 2, schema as usize - 1));
        for vpc in model.vpcs.values() {
            let ([ipv4], [ipv6]) = (vpc.cidr_blocks.as_slice(), vpc.ipv6_cidr_blocks.as_slice()) else {
                panic!("{vpc:?}")
            };
            assert!(!ipv4.provided && ipv6.provided, "{vpc:?}");
            assert_eq!(vpc.attributes.enable_dns_hostnames, vpc.is_default);
        }
        let subnets: Vec<_> = model.subnets.values().collect();
        let [subnet] = subnets.as_slice() else { panic!("{subnets:?}") };
        assert_eq!(
            (subnet.vpc.to_string(), subnet.cidr_block.to_string()),
            ("vpc-00000001".into(), "172.31.0.0/20".into())
        );
        let interface = model.interfaces.values().next().expect("the interface");
        assert_eq!((interface.subnet, interface.addresses.len()), (Some(subnet.id), 2));
        assert!(model.instances.is_empty() && model.internet_gateways.is_empty());
        let undo = &pending.as_ref().expect("the change that awaits confirmation").undo;
        assert!(matches!(undo.as_slice(), [Change::Vpc(_), Change::Group(_)]), "{undo:?}");
        let mut undone = model.clone();
        undone.apply_changes(undo);
        assert_eq!(undone.check(), Ok(()));
        // Made up once, and kept.
        assert_eq!(store.load().expect("a state").as_ref(), Some(&stored));
        drop(store);
        assert_eq!(loaded(directory.path()).as_ref(), Some(&stored));
        let next = revoked(&first_model());
        let store = RedbStore::open(directory.path()).expect("a good state");
        save(&store, model, &next);
        drop(store);
        assert_eq!(loaded(directory.path()).map(|stored| stored.model), Some(next));
    }
}

#[test]
fn an_interrupted_creation_is_made_good() {
    let directory = directory();
    fs::write(directory.path().join("state.redb.new"), "half of it").expect("room for a file");
    assert_eq!(loaded(directory.path()), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn models_come_back_as_they_were(first in model(), second in model()) {
        let directory = directory();
        let memory = MemoryStore::default();
        let store = RedbStore::open(directory.path()).expect("an empty directory");
        for (before, after) in [(&Model::default(), &first), (&first, &second)] {
            save(&store, before, after);
            save(&memory, before, after);
            prop_assert_eq!(store.load().expect("a state").map(|stored| stored.model), Some(after.clone()));
            prop_assert_eq!(memory.load().expect("a state").map(|stored| stored.model), Some(after.clone()));
        }
        drop(store);
        prop_assert_eq!(loaded(directory.path()), Some(Stored { model: second, pending: None }));
    }
}
