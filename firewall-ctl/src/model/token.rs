//! Tokens by which a request that is sent again is known.

use serde::{Deserialize, Serialize};

/// The token of a request, and what it asked for: the same token with another request is a mistake of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientToken {
    /// The token.
    pub token: String,
    /// A digest of the other members of the request.
    pub request: String,
}
