//! Attributes of one value, which the API wraps into a structure: the bare value, `Value=VALUE` or JSON, as in the AWS CLI.

use serde_json::{Value, json};

/// Parser of an attribute that is true or false.
pub(crate) fn boolean(word: &str) -> Result<bool, String> {
    let value = text(word)?;
    value.to_ascii_lowercase().parse().map_err(|_| format!("true or false expected, found {value:?}"))
}

/// Parser of an attribute of text.
pub(crate) fn text(word: &str) -> Result<String, String> {
    if let Some(value) = word.strip_prefix("Value=") {
        return Ok(value.to_owned());
    }
    match serde_json::from_str::<Value>(word) {
        Ok(Value::Object(members)) => match members.get("Value") {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Bool(value)) => Ok(value.to_string()),
            Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
                Err("the structure has no member `Value` of text or truth".to_owned())
            }
        },
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
            Ok(word.to_owned())
        }
    }
}

/// An attribute of text, in its structure.
pub(crate) fn named(value: &str) -> Value {
    json!({ "Value": value })
}

/// An attribute that is true or false by one of two flags, in its structure.
pub(crate) fn wish(yes: Option<bool>, no: bool) -> Option<Value> {
    let value = if no { Some(false) } else { yes };
    value.map(|value| json!({ "Value": value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_shorthand_and_json_say_the_same() {
        for word in ["false", "False", "Value=false", r#"{"Value": false}"#, r#"{"Value": "false"}"#] {
            assert_eq!(boolean(word), Ok(false), "{word}");
        }
        for word in ["a card", "Value=a card", r#"{"Value": "a card"}"#] {
            assert_eq!(text(word), Ok("a card".to_owned()), "{word}");
        }
        assert_eq!(boolean("perhaps").unwrap_err(), "true or false expected, found \"perhaps\"");
        assert!(text(r#"{"value": "x"}"#).is_err());
    }

    #[test]
    fn of_two_flags_the_one_that_is_there_counts() {
        assert_eq!(wish(None, false), None);
        assert_eq!(wish(Some(true), false), Some(json!({"Value": true})));
        assert_eq!(wish(None, true), Some(json!({"Value": false})));
    }
}
