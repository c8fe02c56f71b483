//! Who may do what. Callers on the socket may do everything; those that come by a key have a role, an account, and perhaps one
//! VPC that is all they see.

mod role;
mod scope;

pub use role::{Role, RoleError};
pub use scope::Scope;

use super::{ApiError, ErrorCode, Request};
use crate::model::{AccountId, VpcId};

/// Who calls by a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The key.
    pub access_key_id: String,
    /// The name that the key was given.
    pub user_name: String,
    /// The account that owns what it makes.
    pub account: AccountId,
    /// What it may do.
    pub role: Role,
    /// The only VPC that it sees.
    pub vpc: Option<VpcId>,
}

impl Principal {
    /// What it sees.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        Scope { account: self.account, vpc: self.vpc }
    }

    /// Checks that it may do this at all.
    ///
    /// # Errors
    /// Its role does not suffice.
    pub fn check(&self, request: &Request) -> Result<(), ApiError> {
        let needed = Role::needed_for(request);
        if self.role >= needed {
            return Ok(());
        }
        Err(unauthorized(format!(
            "{} takes the role {needed}, and the key {} has the role {}.",
            request.operation(),
            self.access_key_id,
            self.role
        )))
    }
}

/// The caller may not do this, in the service's words.
pub(crate) fn unauthorized(detail: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::UnauthorizedOperation, "You are not authorized to perform this operation.")
        .with_detail(detail)
}
