//! What a change on paper says of an earlier one: `@0.GroupId` is the group that the first change makes, by the members of the
//! answer that it would have.

use crate::actions::ApiError;
use serde_json::Value;

/// Puts in the place of each reference what it refers to. `answers` are those of the changes before, none for what was refused.
pub(super) fn resolve(value: &mut Value, answers: &[Option<Value>]) -> Result<(), ApiError> {
    match value {
        Value::String(text) => {
            if let Some(reference) = Reference::read(text) {
                *value = reference.among(answers).map_err(|why| unknown(text, &why))?;
            }
            Ok(())
        }
        Value::Array(values) => values.iter_mut().try_for_each(|value| resolve(value, answers)),
        Value::Object(members) => members.values_mut().try_for_each(|value| resolve(value, answers)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// `@`, the place of a change, and the way to a member of its answer; lists are counted from 0, as changes are.
struct Reference<'a> {
    change: usize,
    path: &'a str,
}

impl<'a> Reference<'a> {
    /// None for a text that stands for itself.
    fn read(text: &'a str) -> Option<Self> {
        let (change, path) = text.strip_prefix('@')?.split_once('.')?;
        let is_number = change.bytes().all(|octet| octet.is_ascii_digit());
        Some(Self { change: change.parse().ok().filter(|_| is_number)?, path })
    }

    fn among(&self, answers: &[Option<Value>]) -> Result<Value, String> {
        let Self { change, path } = self;
        match answers.get(*change) {
            Some(Some(answer)) => {
                let member = answer.pointer(&format!("/{}", path.replace('.', "/"))).cloned();
                member.ok_or_else(|| format!("The answer of change {change} has no {path}; it is {answer}."))
            }
            Some(None) => Err(format!("Change {change} is refused.")),
            None => Err("It is for a change to name one before it, of which the first is 0.".to_owned()),
        }
    }
}

fn unknown(text: &str, why: &str) -> ApiError {
    ApiError::value(format!("Value ({text}) for parameter Changes is invalid.")).with_detail(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolved(mut value: Value) -> Result<Value, ApiError> {
        let rules = json!({"SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1"}]});
        resolve(&mut value, &[Some(json!({"GroupId": "sg-1"})), None, Some(rules)])?;
        Ok(value)
    }

    #[test]
    fn references_are_found_wherever_they_are() {
        let asked =
            json!({"Groups": ["@0.GroupId", "sg-2"], "Rule": {"Id": "@2.SecurityGroupRules.0.SecurityGroupRuleId"}});
        let meant = json!({"Groups": ["sg-1", "sg-2"], "Rule": {"Id": "sgr-1"}});
        assert_eq!(resolved(asked), Ok(meant));
        for plain in ["@", "@0", "@.GroupId", "@home.example", "@+0.GroupId", "a@0.GroupId", "$5.00"] {
            assert_eq!(resolved(json!([plain])), Ok(json!([plain])));
        }
    }

    #[test]
    fn references_to_nothing_are_named() {
        for (text, why) in [
            ("@0.GroupID", "The answer of change 0 has no GroupID; it is {\"GroupId\":\"sg-1\"}."),
            ("@1.GroupId", "Change 1 is refused."),
            ("@3.GroupId", "It is for a change to name one before it, of which the first is 0."),
        ] {
            let error = resolved(json!({"GroupId": text})).unwrap_err();
            assert_eq!(error.message, format!("Value ({text}) for parameter Changes is invalid."));
            assert_eq!(error.detail.as_deref(), Some(why));
        }
    }
}
