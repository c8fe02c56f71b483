//! The local API: `POST /v1/{Operation}` with the request's fields as JSON, over a unix socket. Both halves are here.
//!
//! An answer is 200 with the response as JSON, or an HTTP error with an [`ApiErrorBody`]. What concerns the call and not
//! the operation travels in headers.

pub mod client;
mod peer;
pub mod server;
mod socket;

pub use peer::{PeerCredentials, firewall_group};
pub use socket::{BindError, bind};

use crate::actions::ApiError;
use serde::{Deserialize, Serialize};

/// The caller's `SSH_CONNECTION`: a change that would lock it out is refused.
pub const SSH_CONNECTION_HEADER: &str = "x-firewall-ssh-connection";
/// `true`: apply the change even where it locks the caller out.
pub const FORCE_HEADER: &str = "x-firewall-force";
/// Seconds after which the change is undone unless it is confirmed.
pub const CONFIRM_WITHIN_HEADER: &str = "x-firewall-confirm-within";
/// The longest time that a change may wait for its confirmation, in seconds: a day.
pub const LONGEST_CONFIRMATION: u64 = 86_400;
/// In an answer, repeatable: something that the caller should know.
pub const WARNING_HEADER: &str = "x-firewall-warning";

/// Longest request. The largest legitimate ones, some thousand rules, stay far below.
pub const BODY_LIMIT: usize = 4 << 20;

/// Why an operation was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ApiErrorBody {
    /// The service's code, such as `InvalidGroup.NotFound`.
    pub code: String,
    /// The service's sentence.
    pub message: String,
    /// What it depends on, and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl ApiErrorBody {
    /// Code and message, without a detail.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), detail: None }
    }

    /// The same with a detail.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

impl From<ApiError> for ApiErrorBody {
    fn from(error: ApiError) -> Self {
        let ApiError { code, message, detail } = error;
        Self { code: code.as_str().to_owned(), message, detail }
    }
}
