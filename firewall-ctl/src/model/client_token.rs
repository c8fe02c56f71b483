//! Tokens by which a caller who asks twice gets one resource.

use serde::{Deserialize, Serialize};

/// Most characters of a token.
pub const MAX_CLIENT_TOKEN_LENGTH: usize = 255;

/// What a resource remembers of the request that made it, where that had a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientToken {
    /// The token.
    pub token: String,
    /// A digest of everything else that was asked for.
    pub digest: String,
}
