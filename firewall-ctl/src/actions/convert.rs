//! Errors of the model's types as errors of the API, and tags.

use super::error::{ApiError, ErrorCode};
use super::types::{Tag, TagSpecification};
use crate::model::{CidrError, NameError, PrefixListTextError, ServiceError, TagError, Tags, is_allowed_in_names};

impl From<NameError> for ApiError {
    fn from(error: NameError) -> Self {
        let message = error.to_string();
        match error {
            NameError::Empty { .. } => Self::new(ErrorCode::MissingParameter, message),
            NameError::NotAscii { .. } | NameError::LooksLikeId { .. } | NameError::Reserved { .. } => {
                Self::value(message)
            }
            NameError::GroupName { text }
            | NameError::GroupDescription { text }
            | NameError::RuleDescription { text } => Self::value(message).with_detail(unfit(&text)),
        }
    }
}

/// What the service's message does not say: which text, and what of it.
fn unfit(text: &str) -> String {
    match text.chars().find(|character| !is_allowed_in_names(*character)) {
        Some(character) => format!("The text given is {text:?}: {character:?} is not in the set."),
        None => format!("The text given is {text:?}: it has {} characters.", text.chars().count()),
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        Self::value(error.to_string())
    }
}

impl From<PrefixListTextError> for ApiError {
    fn from(error: PrefixListTextError) -> Self {
        Self::value(error.to_string())
    }
}

impl From<TagError> for ApiError {
    fn from(error: TagError) -> Self {
        let code = match error {
            TagError::KeyLength { .. } => ErrorCode::InvalidTagKeyMalformed,
            TagError::KeyReserved { .. } | TagError::ValueLength { .. } => ErrorCode::InvalidParameterValue,
            TagError::TooMany => ErrorCode::TagLimitExceeded,
        };
        Self::new(code, error.to_string())
    }
}

/// A block of one family that is no block, with what it may have been meant to be.
pub(super) fn malformed_cidr(error: &CidrError, is_ipv6: bool) -> ApiError {
    let text = &error.text;
    let (length, other) = if is_ipv6 { (128, text.contains('.')) } else { (32, text.contains(':')) };
    let is_address = text.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_ipv6() == is_ipv6);
    let refusal = ApiError::value(error.to_string());
    if is_address {
        refusal.with_detail(format!("A single address is written {text}/{length}."))
    } else if other && !is_ipv6 {
        refusal.with_detail("An IPv6 block is a CidrIpv6, of Ipv6Ranges where there are several.")
    } else if other && !text.contains(':') {
        refusal.with_detail("An IPv4 block is a CidrIp or CidrIpv4, of IpRanges where there are several.")
    } else {
        refusal.with_detail(format!("A block is an address, a slash and a length from 0 to {length}."))
    }
}

/// The tags for what an action makes.
pub(super) fn tags(specifications: Vec<TagSpecification>, resource_type: &str) -> Result<Tags, ApiError> {
    let mut tags = Tags::default();
    for TagSpecification { resource_type: given, tags: wanted } in specifications {
        let given = given.unwrap_or_default();
        if given != resource_type {
            let message = format!("'{given}' is not a valid taggable resource type for this operation.");
            return Err(ApiError::value(message).with_detail(format!("Here it is {resource_type}.")));
        }
        add(&mut tags, wanted)?;
    }
    Ok(tags)
}

/// The tags of a list, none twice.
pub(super) fn tag_set(wanted: Vec<Tag>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    add(&mut tags, wanted)?;
    Ok(tags)
}

fn add(tags: &mut Tags, wanted: Vec<Tag>) -> Result<(), ApiError> {
    for Tag { key, value } in wanted {
        if tags.get(&key).is_some() {
            return Err(ApiError::value(format!("Duplicate tag key '{key}' specified.")));
        }
        tags.set(key, value)?;
    }
    Ok(())
}

/// Tags in an answer.
pub(super) fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.to_owned(), value: value.to_owned() }).collect()
}
