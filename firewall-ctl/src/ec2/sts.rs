//! The one action of STS that clients of EC2 call: who am I?

use super::xml::{Xml, XmlError};
use super::{form, xml};
use crate::actions::access::Principal;
use crate::actions::{ApiError, ErrorCode};

/// The version of the API.
pub const VERSION: &str = "2011-06-15";
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Answers an action of STS.
///
/// # Errors
/// It is another one.
pub fn answer(action: &str, principal: &Principal, region: &str, request_id: &str) -> Result<String, ApiError> {
    if action != "GetCallerIdentity" {
        let shown = form::shown(action);
        let message = format!("Could not find operation {shown} for version {VERSION}");
        return Err(ApiError::new(ErrorCode::InvalidAction, message)
            .with_detail(format!("Of STS there is only GetCallerIdentity, in the region {region}.")));
    }
    let Principal { access_key_id, user_name, account, role: _, vpc: _ } = principal;
    let user = if user_name.is_empty() { access_key_id } else { user_name };
    written(|xml| {
        xml.root("GetCallerIdentityResponse", NAMESPACE, |xml| {
            xml.element("GetCallerIdentityResult", |xml| {
                xml.text("Arn", &format!("arn:aws:iam::{account}:user/{user}"))?;
                xml.text("UserId", access_key_id)?;
                xml.text("Account", &account.to_string())
            })?;
            xml.element("ResponseMetadata", |xml| xml.text("RequestId", request_id))
        })
    })
}

/// A refusal, in the form of STS.
#[must_use]
pub fn error(code: &str, message: &str, detail: Option<&str>, request_id: &str) -> String {
    let kind = if ErrorCode::status_of(code) < 500 { "Sender" } else { "Receiver" };
    let written = written(|xml| {
        xml.root("ErrorResponse", NAMESPACE, |xml| {
            xml.element("Error", |xml| {
                xml.text("Type", kind)?;
                xml.text("Code", code)?;
                xml.text("Message", message)?;
                detail.map_or(Ok(()), |detail| xml.text("Detail", detail))
            })?;
            xml.text("RequestId", request_id)
        })
    });
    written.unwrap_or_else(|_| xml::error(code, message, detail, request_id))
}

fn written(write: impl FnOnce(&mut Xml) -> Result<(), XmlError>) -> Result<String, ApiError> {
    let mut xml = Xml::new();
    write(&mut xml).map_err(|error| ApiError::new(ErrorCode::InternalError, error.to_string()))?;
    Ok(xml.finish())
}
