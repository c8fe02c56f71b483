//! Tokens that make a request that is sent again known as the same.

use super::error::{ApiError, ErrorCode};
use super::lookup;
use crate::model::ClientToken;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Most characters of a token, as in the service.
const MAX_LENGTH: usize = 64;
/// Octets of a digest of a request: enough that two requests of one caller do not meet.
const DIGEST: usize = 16;

/// The token of a request, with a digest of the request. The token is no longer in the request when that is made.
pub(super) fn of<R: Serialize>(token: Option<String>, request: &R) -> Result<Option<ClientToken>, ApiError> {
    let Some(token) = lookup::present(token) else { return Ok(None) };
    if token.len() > MAX_LENGTH || !token.bytes().all(|octet| octet.is_ascii_graphic()) {
        let message = format!("Value ({token}) for parameter ClientToken is invalid.");
        return Err(
            ApiError::value(message).with_detail(format!("It has up to {MAX_LENGTH} visible ASCII characters."))
        );
    }
    let members = serde_json::to_vec(request).expect("structures of text, numbers and lists have a JSON form");
    let digest = Sha256::digest(members);
    let request = digest[..DIGEST].iter().map(|octet| format!("{octet:02x}")).collect();
    Ok(Some(ClientToken { token, request }))
}

/// Whether a request is one that has been done, by the token of what that made.
///
/// # Errors
/// It has the same token and asks for something else.
pub(super) fn is_repeated(wanted: Option<&ClientToken>, made: Option<&ClientToken>) -> Result<bool, ApiError> {
    let (Some(wanted), Some(made)) = (wanted, made) else { return Ok(false) };
    if wanted.token != made.token {
        return Ok(false);
    }
    if wanted.request == made.request {
        return Ok(true);
    }
    let message = "The request uses the same client token as a previous, but non-identical request.";
    Err(ApiError::new(ErrorCode::IdempotentParameterMismatch, message)
        .with_detail("Use another token for another request; the token lives as long as what it made."))
}
