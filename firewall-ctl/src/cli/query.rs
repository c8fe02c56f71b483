//! `--query`: a part of an answer, chosen by a JMESPath expression (<https://jmespath.org>).

use super::failure::Failure;
use serde_json::Value;

/// A JMESPath expression that is well formed.
#[derive(Clone, Debug)]
pub(super) struct Query(jmespath::Expression<'static>);

impl Query {
    /// Parser of `--query`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        jmespath::compile(text).map(Self).map_err(|error| format!("not a JMESPath expression: {error}"))
    }

    /// What it chooses from an answer. Members of records come in the order of their names.
    pub(super) fn of(&self, answer: &Value) -> Result<Value, Failure> {
        let chosen = self.0.search(answer).map_err(|error| Failure::new("the query does not fit the answer", error))?;
        serde_json::to_value(&*chosen).map_err(|error| Failure::new("what the query chooses has no JSON form", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_of_answers_are_chosen() {
        let answer = json!({"SecurityGroups": [
            {"GroupId": "sg-1", "GroupName": "web", "Tags": [{"Key": "Env", "Value": "prod"}]},
            {"GroupId": "sg-2", "GroupName": "db", "IpPermissions": []},
        ]});
        let cases = [
            ("SecurityGroups[].GroupId", json!(["sg-1", "sg-2"])),
            ("SecurityGroups[?GroupName=='db'].GroupId | [0]", json!("sg-2")),
            (
                "SecurityGroups[*].{Id:GroupId,Env:Tags[?Key=='Env']|[0].Value}",
                json!([
                {"Env": "prod", "Id": "sg-1"}, {"Env": null, "Id": "sg-2"}]),
            ),
            ("length(SecurityGroups)", json!(2)),
            ("Nothing", Value::Null),
        ];
        for (query, wanted) in cases {
            assert_eq!(Query::parse(query).expect("a query").of(&answer).expect("a part"), wanted, "{query}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        assert!(Query::parse("SecurityGroups[").expect_err("unfinished").starts_with("not a JMESPath expression: "));
        assert!(Query::parse("length(`1`)").expect("well formed").of(&json!({})).is_err());
    }
}
