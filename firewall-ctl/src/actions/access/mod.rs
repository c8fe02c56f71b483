//! Who may do what. Callers on the socket may do everything; those that come by a key have a role, an account, and perhaps one
//! VPC that is all they see.

mod role;
mod scope;

pub use role::{Role, RoleError};
pub use scope::{Scope, unseen};

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
        let (needed, part) = Role::needed_for(request);
        if self.role >= needed {
            return Ok(());
        }
        let with = part.map(|part| format!(" with {part}")).unwrap_or_default();
        Err(unauthorized(format!(
            "{}{with} takes the role {needed}, and the key {} has the role {}.",
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_may_not_is_told_what_it_takes() {
        let operator = Principal {
            access_key_id: "AKIA0".to_owned(),
            user_name: "terraform".to_owned(),
            account: AccountId::default(),
            role: Role::Operator,
            vpc: None,
        };
        let check = |principal: &Principal, operation: &str, body| {
            principal.check(&Request::parse(operation, body).unwrap()).map_err(|error| {
                assert_eq!(error.code, ErrorCode::UnauthorizedOperation);
                error.detail.unwrap()
            })
        };
        let has = "takes the role admin, and the key AKIA0 has the role operator.";
        assert_eq!(check(&operator, "DeleteVpc", json!({})), Err(format!("DeleteVpc {has}")));
        let tagged = json!({"Resources": ["eni-1"], "Tags": [{"Key": "firewall:device", "Value": "here/eth0"}]});
        let told = format!("CreateTags with a tag that begins with firewall: {has}");
        assert_eq!(check(&operator, "CreateTags", tagged.clone()), Err(told));
        let checked = json!({"NetworkInterfaceId": "eni-1", "SourceDestCheck": {"Value": false}});
        let told = format!("ModifyNetworkInterfaceAttribute with SourceDestCheck {has}");
        assert_eq!(check(&operator, "ModifyNetworkInterfaceAttribute", checked), Err(told));
        assert_eq!(check(&operator, "CreateTags", json!({"Tags": [{"Key": "Name", "Value": "x"}]})), Ok(()));
        let admin = Principal { role: Role::Admin, ..operator };
        assert_eq!(check(&admin, "CreateTags", tagged), Ok(()));
    }
}
