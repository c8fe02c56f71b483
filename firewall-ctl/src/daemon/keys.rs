//! Answers what is asked about access keys.

use super::core::Settings;
use super::error::chain;
use crate::actions::access::Role;
use crate::actions::types::{
    AccessKey, AccessKeyMetadata, CreateAccessKey, CreateAccessKeyResult, DeleteAccessKey, Done, ListAccessKeys,
    ListAccessKeysResult,
};
use crate::actions::{self, ApiError, ErrorCode, Outcome, Response};
use crate::ec2::credentials::{Credential, CredentialsError, KeyRing, NewCredential};
use crate::model::{Model, VpcId};
use jiff::Timestamp;

/// Longest name, as in the service.
const MAX_USER_NAME: usize = 64;

/// Makes a key.
///
/// # Errors
/// Role, account, name or VPC are not such, or the file cannot be written.
pub fn create(
    ring: &KeyRing,
    request: CreateAccessKey,
    model: &Model,
    settings: &Settings,
    now: Timestamp,
) -> Result<Outcome, ApiError> {
    let CreateAccessKey { user_name, role, account_id, vpc_id } = request;
    let new = NewCredential {
        user_name: user_name.map_or_else(|| Ok(String::new()), |name| checked_name(&name))?,
        account: account_id.map_or(Ok(settings.account), |text| {
            text.parse().map_err(|_| invalid("AccountId", &text, "An account is 12 digits."))
        })?,
        role: role.map_or(Ok(Role::Operator), |text| {
            text.parse().map_err(|error: actions::access::RoleError| invalid("Role", &text, &format!("{error}.")))
        })?,
        vpc: vpc_id.map(|text| known_vpc(model, &text)).transpose()?,
    };
    if let Some(vpc) = new.vpc.and_then(|id| model.vpcs.get(&id))
        && vpc.owner != new.account
    {
        let detail = format!("{} is owned by account {}, and the key would be of {}.", vpc.id, vpc.owner, new.account);
        return Err(ApiError::new(ErrorCode::InvalidParameterCombination, "The VPC is not of this account.")
            .with_detail(detail));
    }
    let Credential { access_key_id, secret_access_key, user_name, account_id, role, vpc_id, status, created } =
        ring.create(new, now).map_err(|error| failed(&error))?;
    let access_key = AccessKey {
        user_name,
        access_key_id,
        status: status.name().to_owned(),
        secret_access_key: secret_access_key.reveal().to_owned(),
        create_date: actions::time(created),
        role: role.to_string(),
        account_id: account_id.to_string(),
        vpc_id: vpc_id.map(|id| id.to_string()),
    };
    Ok(Outcome::unchanged(Response::CreateAccessKey(CreateAccessKeyResult { access_key })))
}

/// Lists keys without their secrets.
#[must_use]
pub fn list(ring: &KeyRing, request: &ListAccessKeys) -> Outcome {
    let ListAccessKeys { user_name } = request;
    let is_asked = |key: &&Credential| user_name.as_ref().is_none_or(|name| *name == key.user_name);
    let keys = ring.all();
    let keys = keys.values().filter(is_asked).map(|key| {
        let Credential { access_key_id, secret_access_key: _, user_name, account_id, role, vpc_id, status, created } =
            key;
        AccessKeyMetadata {
            user_name: user_name.clone(),
            access_key_id: access_key_id.clone(),
            status: status.name().to_owned(),
            create_date: actions::time(*created),
            role: role.to_string(),
            account_id: account_id.to_string(),
            vpc_id: vpc_id.map(|id| id.to_string()),
        }
    });
    Outcome::unchanged(Response::ListAccessKeys(ListAccessKeysResult { access_key_metadata: keys.collect() }))
}

/// Deletes a key.
///
/// # Errors
/// There is no such key, or the file cannot be written.
pub fn delete(ring: &KeyRing, request: DeleteAccessKey) -> Result<Outcome, ApiError> {
    let DeleteAccessKey { access_key_id } = request;
    let id = access_key_id.filter(|id| !id.is_empty()).ok_or_else(|| ApiError::missing("AccessKeyId"))?;
    if ring.delete(&id).map_err(|error| failed(&error))? {
        return Ok(Outcome::unchanged(Response::Done(Done {})));
    }
    let message = format!("The Access Key with id {id} cannot be found.");
    Err(ApiError::new(ErrorCode::NoSuchEntity, message).with_detail("list-access-keys lists them."))
}

/// A name, in the letters that the service allows for users.
fn checked_name(name: &str) -> Result<String, ApiError> {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if name.len() <= MAX_USER_NAME && name.chars().all(is_allowed) {
        return Ok(name.to_owned());
    }
    Err(invalid("UserName", name, &format!("It has {MAX_USER_NAME} letters at most, of a-z A-Z 0-9 _+=,.@-")))
}

fn known_vpc(model: &Model, text: &str) -> Result<VpcId, ApiError> {
    let id = text.parse().map_err(|_| {
        ApiError::new(ErrorCode::InvalidVpcIdMalformed, format!("Invalid id: \"{text}\" (expecting \"vpc-...\")"))
    })?;
    if model.vpcs.contains_key(&id) {
        return Ok(id);
    }
    Err(ApiError::new(ErrorCode::InvalidVpcIdNotFound, format!("The vpc ID '{id}' does not exist")))
}

fn invalid(parameter: &str, value: &str, detail: &str) -> ApiError {
    ApiError::value(format!("Value ({value}) for parameter {parameter} is invalid.")).with_detail(detail)
}

fn failed(error: &CredentialsError) -> ApiError {
    tracing::error!(error = chain(error), "the credentials could not be changed");
    ApiError::new(ErrorCode::InternalError, "The credentials could not be changed.").with_detail(chain(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::core::Identity;
    use crate::model::Quotas;
    use std::collections::BTreeSet;

    fn settings() -> Settings {
        Settings {
            quotas: Quotas::default(),
            account: "123456789012".parse().unwrap(),
            region: "local".to_owned(),
            host_name: "here".to_owned(),
            bindable: crate::daemon::config::Bindable::default(),
            always_allow: BTreeSet::new(),
            last_rule_number: 1000,
            last_attachment_number: 10,
            identity: Identity::default(),
        }
    }

    #[test]
    fn a_key_is_told_once_and_listed_without_its_secret() {
        let directory = tempfile::tempdir().unwrap();
        let ring = KeyRing::open(directory.path().join("keys")).unwrap();
        let settings = settings();
        let model = Model::new_with_default_vpc_of(settings.account, &mut rand::rng());
        let vpc = model.default_vpc(settings.account).unwrap().id.to_string();
        let ask = |request| create(&ring, request, &model, &settings, Timestamp::UNIX_EPOCH);
        let request = CreateAccessKey { vpc_id: Some(vpc.clone()), ..CreateAccessKey::default() };
        let Response::CreateAccessKey(CreateAccessKeyResult { access_key }) = ask(request).unwrap().response else {
            panic!()
        };
        assert_eq!((access_key.role.as_str(), access_key.account_id.as_str()), ("operator", "123456789012"));
        assert_eq!(access_key.vpc_id, Some(vpc.clone()));
        let Response::ListAccessKeys(listed) = list(&ring, &ListAccessKeys::default()).response else { panic!() };
        assert_eq!(listed.access_key_metadata[0].access_key_id, access_key.access_key_id);
        let nobody = ListAccessKeys { user_name: Some("nobody".to_owned()) };
        let Response::ListAccessKeys(listed) = list(&ring, &nobody).response else { panic!() };
        assert!(listed.access_key_metadata.is_empty());
        let refused = |request, code| assert_eq!(ask(request).unwrap_err().code, code);
        let text = |text: &str| Some(text.to_owned());
        let none = CreateAccessKey::default;
        refused(CreateAccessKey { role: text("root"), ..none() }, ErrorCode::InvalidParameterValue);
        refused(CreateAccessKey { account_id: text("12"), ..none() }, ErrorCode::InvalidParameterValue);
        refused(CreateAccessKey { user_name: text("a b"), ..none() }, ErrorCode::InvalidParameterValue);
        refused(CreateAccessKey { vpc_id: text("vpc"), ..none() }, ErrorCode::InvalidVpcIdMalformed);
        refused(CreateAccessKey { vpc_id: text("vpc-00000000"), ..none() }, ErrorCode::InvalidVpcIdNotFound);
        refused(
            CreateAccessKey { vpc_id: text(&vpc), account_id: text("000000000001"), ..none() },
            ErrorCode::InvalidParameterCombination,
        );
        let request = DeleteAccessKey { access_key_id: Some(access_key.access_key_id) };
        assert!(delete(&ring, request.clone()).is_ok());
        assert_eq!(delete(&ring, request).unwrap_err().code, ErrorCode::NoSuchEntity);
    }
}
