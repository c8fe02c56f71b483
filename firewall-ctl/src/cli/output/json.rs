//! JSON: the answer itself, indented as the AWS CLI does.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

pub(super) fn render(answer: &Value) -> String {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    "));
    match answer.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned() + "\n",
        // A value that came from JSON can be written as JSON; its compact form can't fail at all.
        Err(_) => format!("{answer}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_spaces_and_the_order_of_the_answer() {
        let answer = serde_json::from_str(r#"{"GroupId":"sg-1","Ärger":[],"Aa":[{"X":true}]}"#).expect("JSON");
        let wanted = "{\n    \"GroupId\": \"sg-1\",\n    \"Ärger\": [],\n    \"Aa\": [\n        {\n            \
                      \"X\": true\n        }\n    ]\n}\n";
        assert_eq!(render(&answer), wanted);
    }
}
