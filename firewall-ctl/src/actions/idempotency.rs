//! Requests with a token of the client: whoever asks twice gets one resource.
//!
//! A resource remembers the token of the request that made it, and a digest of the rest of that request, for as long as it
//! is there.

use super::error::{ApiError, ErrorCode};
use super::types::{CreateManagedPrefixList, CreateNetworkInterface};
use super::{digest, lookup};
use crate::model::{ClientToken, MAX_CLIENT_TOKEN_LENGTH};
use serde::Serialize;

/// A request that can have a token.
pub(super) trait Idempotent: Serialize {
    /// The action.
    const OPERATION: &'static str;

    /// Takes the token out of the request.
    fn take_client_token(&mut self) -> Option<String>;
}

/// Requests that can have a token.
macro_rules! idempotent {
    ($($request:ident;)*) => {$(
        impl Idempotent for $request {
            const OPERATION: &'static str = stringify!($request);

            fn take_client_token(&mut self) -> Option<String> {
                self.client_token.take()
            }
        }
    )*};
}

idempotent! {
    CreateManagedPrefixList;
    CreateNetworkInterface;
}

/// What the resource that a request makes has to remember of it. The token is no longer in the request then.
pub(super) fn token<R: Idempotent>(request: &mut R) -> Result<Option<ClientToken>, ApiError> {
    let Some(token) = lookup::present(request.take_client_token()) else { return Ok(None) };
    if token.chars().count() > MAX_CLIENT_TOKEN_LENGTH {
        let message = "The specified client token is not valid.";
        return Err(ApiError::new(ErrorCode::InvalidClientToken, message)
            .with_detail(format!("It has more than {MAX_CLIENT_TOKEN_LENGTH} characters.")));
    }
    Ok(Some(ClientToken { token, digest: digest::of(R::OPERATION, request) }))
}

/// The resource that the same request has made before, among those of the caller.
pub(super) fn made_before<'a, T: 'a>(
    token: Option<&ClientToken>,
    mut resources: impl Iterator<Item = &'a T>,
    remembered: impl Fn(&T) -> Option<&ClientToken>,
) -> Result<Option<&'a T>, ApiError> {
    let Some(ClientToken { token, digest }) = token else { return Ok(None) };
    let known = resources.find(|resource| remembered(resource).is_some_and(|known| known.token == *token));
    match known.map(|resource| (resource, remembered(resource))) {
        Some((resource, Some(known))) if known.digest == *digest => Ok(Some(resource)),
        Some((_, _)) => {
            let message = "The request uses the same client token as a previous, but non-identical request.";
            Err(ApiError::new(ErrorCode::IdempotentParameterMismatch, message)
                .with_detail(format!("The token is '{token}'. A new request takes a new one.")))
        }
        None => Ok(None),
    }
}
