//! Access keys: a file that only its owner may read, and what of it is in force.

use crate::actions::access::{Principal, Role};
use crate::model::{AccountId, VpcId};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Letters of the ids of keys, as the service has them: 32 of them.
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of secrets: 64 of them, so 40 letters are 240 random bits.
const SECRET_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What requests are signed by. Never in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Whether a key is good for anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    /// It is.
    #[default]
    Active,
    /// It is kept, and nobody comes in by it.
    Inactive,
}

impl KeyStatus {
    /// The name in files and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

/// An access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Credential {
    /// Its id.
    pub access_key_id: String,
    /// What requests are signed by.
    pub secret_access_key: Secret,
    /// A name for whoever has it.
    #[serde(default)]
    pub user_name: String,
    /// Owner of what is made by it.
    pub account_id: AccountId,
    /// What it may do.
    pub role: Role,
    /// The only VPC that it sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<VpcId>,
    /// Whether it is good for anything.
    #[serde(default)]
    pub status: KeyStatus,
    /// When it was made.
    pub created: Timestamp,
}

/// What a new key is to be good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    /// A name for whoever gets it.
    pub user_name: String,
    /// Owner of what is made by it.
    pub account: AccountId,
    /// What it may do.
    pub role: Role,
    /// The only VPC that it sees.
    pub vpc: Option<VpcId>,
}

impl Credential {
    /// A key with an id and a secret that nobody has.
    fn new<R: Rng + ?Sized>(new: NewCredential, now: Timestamp, rng: &mut R) -> Self {
        let NewCredential { user_name, account, role, vpc } = new;
        Self {
            access_key_id: format!("AKIA{}", letters(rng, 16, ID_LETTERS)),
            secret_access_key: Secret(letters(rng, 40, SECRET_LETTERS)),
            user_name,
            account_id: account,
            role,
            vpc_id: vpc,
            status: KeyStatus::Active,
            created: now,
        }
    }

    /// Who calls by it.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal {
            access_key_id: self.access_key_id.clone(),
            user_name: self.user_name.clone(),
            account: self.account_id,
            role: self.role,
            vpc: self.vpc_id,
        }
    }
}

/// Letters that are all as likely; their number is a power of two.
fn letters<R: Rng + ?Sized, const N: usize>(rng: &mut R, count: usize, of: &[u8; N]) -> String {
    const { assert!(N.is_power_of_two()) };
    let mut octets = vec![0; count];
    rng.fill_bytes(&mut octets);
    octets.into_iter().map(|octet: u8| char::from(of[usize::from(octet) % N])).collect()
}

/// Why the file of keys is not taken.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The system refused.
    #[error("cannot {action} the credentials {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others could read or change it.
    #[error(
        "the credentials {path} have the mode {mode:04o} and are owned by user {owner}: others could read them; chown and chmod 600 it"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Its owner.
        owner: u32,
    },
    /// It is not what it should be.
    #[error("{path}: {text}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line and reason, without any secret.
        text: String,
    },
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct KeyFile {
    #[serde(default)]
    key: Vec<Credential>,
}

/// The keys in force, and the file that they come from.
#[derive(Debug, Default)]
pub struct KeyRing {
    path: PathBuf,
    keys: ArcSwap<BTreeMap<String, Credential>>,
    /// Held by whoever changes the file.
    editing: Mutex<()>,
}

impl KeyRing {
    /// The keys of a file; none when there is no such file.
    ///
    /// # Errors
    /// It cannot be read, others could read it too, or it is not well formed.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, CredentialsError> {
        let path = path.into();
        let keys = read(&path)?;
        Ok(Self { path, keys: ArcSwap::from_pointee(keys), editing: Mutex::new(()) })
    }

    /// Reads the file again; how many keys there are now.
    ///
    /// # Errors
    /// As [`KeyRing::open`]; the keys stay as they are then.
    pub fn reload(&self) -> Result<usize, CredentialsError> {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = read(&self.path)?;
        let count = keys.len();
        self.keys.store(Arc::new(keys));
        Ok(count)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key of an id, if it is active.
    #[must_use]
    pub fn active(&self, access_key_id: &str) -> Option<Credential> {
        self.keys.load().get(access_key_id).filter(|key| key.status == KeyStatus::Active).cloned()
    }

    /// All of them, by id.
    #[must_use]
    pub fn all(&self) -> Arc<BTreeMap<String, Credential>> {
        self.keys.load_full()
    }

    /// Makes a key and writes the file.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn create(&self, new: NewCredential, now: Timestamp) -> Result<Credential, CredentialsError> {
        let credential = Credential::new(new, now, &mut rand::rng());
        self.edit(|keys| drop(keys.insert(credential.access_key_id.clone(), credential.clone())))?;
        Ok(credential)
    }

    /// Deletes a key and writes the file; false when there is no such key.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn delete(&self, access_key_id: &str) -> Result<bool, CredentialsError> {
        let mut found = false;
        self.edit(|keys| found = keys.remove(access_key_id).is_some())?;
        Ok(found)
    }

    /// Changes what the file has now: somebody may have written it meanwhile.
    fn edit(&self, change: impl FnOnce(&mut BTreeMap<String, Credential>)) -> Result<(), CredentialsError> {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = read(&self.path)?;
        let before = keys.clone();
        change(&mut keys);
        if keys != before {
            write(&self.path, &keys)?;
        }
        self.keys.store(Arc::new(keys));
        Ok(())
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Credential>, CredentialsError> {
    let fail = |source| CredentialsError::Io { action: "read", path: path.to_owned(), source };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(fail(error)),
    };
    // Of what was opened, not of what has the name by now.
    let metadata = file.metadata().map_err(fail)?;
    let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
    let is_private = mode & 0o077 == 0 && (owner == 0 || owner == nix::unistd::geteuid().as_raw());
    if !is_private || !metadata.is_file() {
        return Err(CredentialsError::Open { path: path.to_owned(), mode, owner });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(fail)?;
    let parse = |text: String| CredentialsError::Parse { path: path.to_owned(), text };
    // The parser's own text quotes the line, in which the secret may stand.
    let file: KeyFile = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        parse(format!("line {line}: {}", error.message()))
    })?;
    let mut keys = BTreeMap::new();
    for key in file.key {
        if key.access_key_id.is_empty() || key.secret_access_key.reveal().is_empty() {
            return Err(parse("a key has no access-key-id or no secret-access-key".to_owned()));
        }
        if let Some(twice) = keys.insert(key.access_key_id.clone(), key) {
            return Err(parse(format!("the key {} is there twice", twice.access_key_id)));
        }
    }
    Ok(keys)
}

fn write(path: &Path, keys: &BTreeMap<String, Credential>) -> Result<(), CredentialsError> {
    let fail = |action| move |source| CredentialsError::Io { action, path: path.to_owned(), source };
    let file = KeyFile { key: keys.values().cloned().collect() };
    let text = toml::to_string(&file).map_err(|error| fail("write")(io::Error::other(error)))?;
    let text =
        format!("# Access keys of the firewall's EC2 API. `firewall-ctl create-access-key` makes them.\n\n{text}");
    let temporary = path.with_extension("new");
    // What an interrupted change has left.
    let _ = std::fs::remove_file(&temporary);
    let mut new =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(fail("write beside"))?;
    new.write_all(text.as_bytes()).and_then(|()| new.sync_all()).map_err(fail("write beside"))?;
    std::fs::rename(&temporary, path).map_err(fail("replace"))?;
    if let Some(directory) = path.parent() {
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(fail("sync the directory of"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn new() -> NewCredential {
        NewCredential {
            user_name: "somebody".to_owned(),
            account: "123456789012".parse().unwrap(),
            role: Role::Operator,
            vpc: None,
        }
    }

    fn ring() -> (tempfile::TempDir, KeyRing) {
        let directory = tempfile::tempdir().unwrap();
        let ring = KeyRing::open(directory.path().join("credentials.toml")).unwrap();
        (directory, ring)
    }

    #[test]
    fn keys_are_made_written_and_deleted() {
        let (_directory, ring) = ring();
        assert!(ring.all().is_empty());
        let vpc = Some("vpc-0123456789abcdef0".parse().unwrap());
        let first = ring.create(new(), Timestamp::UNIX_EPOCH).unwrap();
        let second = ring.create(NewCredential { vpc, role: Role::Admin, ..new() }, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(std::fs::metadata(ring.path()).unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(first.access_key_id.starts_with("AKIA") && first.access_key_id.len() == 20);
        assert_eq!(first.secret_access_key.reveal().len(), 40);
        assert_ne!(first.secret_access_key, second.secret_access_key);
        let again = KeyRing::open(ring.path()).unwrap();
        assert_eq!(again.active(&second.access_key_id), Some(second.clone()));
        assert!(ring.delete(&first.access_key_id).unwrap());
        assert!(!ring.delete(&first.access_key_id).unwrap());
        assert_eq!(ring.active(&first.access_key_id), None);
        assert_eq!(again.reload().unwrap(), 1);
        assert_eq!(again.active(&first.access_key_id), None);
    }

    #[test]
    fn what_somebody_wrote_meanwhile_stays() {
        let (_directory, ring) = ring();
        let first = ring.create(new(), Timestamp::UNIX_EPOCH).unwrap();
        let text = std::fs::read_to_string(ring.path()).unwrap();
        std::fs::write(ring.path(), format!("{text}status = \"Inactive\"\n").replace("status = \"Active\"\n", ""))
            .unwrap();
        let second = ring.create(new(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(ring.active(&first.access_key_id), None);
        assert!(ring.active(&second.access_key_id).is_some());
        assert_eq!(ring.all().len(), 2);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_and_the_keys_stay() {
        let (_directory, ring) = ring();
        let key = ring.create(new(), Timestamp::UNIX_EPOCH).unwrap();
        for mode in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(ring.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let error = ring.reload().unwrap_err().to_string();
            assert!(error.contains(&format!("{mode:04o}")) && error.contains("chmod 600"), "{error}");
            assert!(ring.active(&key.access_key_id).is_some());
        }
    }

    #[test]
    fn mistakes_are_named_and_secrets_are_not() {
        let (_directory, ring) = ring();
        let key = ring.create(new(), Timestamp::UNIX_EPOCH).unwrap();
        let good = std::fs::read_to_string(ring.path()).unwrap();
        for (bad, word) in [
            (good.replace("operator", "emperor"), "emperor"),
            (good.replace("user-name", "name"), "name"),
            (good.clone() + &good[good.find("[[").unwrap()..], "twice"),
            (good.replace("secret-access-key = \"", "secret-access-key = \"x\"y"), "line"),
        ] {
            std::fs::write(ring.path(), bad).unwrap();
            let error = ring.reload().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains(key.secret_access_key.reveal()), "{error}");
        }
        assert!(!format!("{key:?}").contains(key.secret_access_key.reveal()));
    }
}
