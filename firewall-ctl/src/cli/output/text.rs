//! The AWS CLI's `--output text`: a line for each record, its values sorted by their names and separated by tabs, behind
//! the name of the list that it stands in. Records of one list have the same columns, empty where a record has no value.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

pub(super) fn render(answer: &Value) -> String {
    let mut lines = String::new();
    value(&mut lines, None, None, answer);
    lines
}

fn value(lines: &mut String, name: Option<&str>, columns: Option<&BTreeSet<&str>>, item: &Value) {
    match item {
        Value::Object(fields) => record(lines, name, columns, fields),
        Value::Array(items) => list(lines, name, items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => line(lines, None, &[scalar(item)]),
    }
}

fn list(lines: &mut String, name: Option<&str>, items: &[Value]) {
    if items.iter().any(Value::is_object) {
        let records = items.iter().filter_map(Value::as_object);
        let columns = records.flat_map(scalars_of).map(|(key, _)| key.as_str()).collect();
        for item in items {
            value(lines, name, Some(&columns), item);
        }
        return;
    }
    let (nested, scalars): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.is_array());
    match name {
        Some(_) => scalars.iter().for_each(|item| line(lines, name, &[scalar(item)])),
        None if scalars.is_empty() => {}
        None => line(lines, None, &scalars.iter().map(|item| scalar(item)).collect::<Vec<_>>()),
    }
    for item in nested {
        value(lines, name, None, item);
    }
}

fn record(lines: &mut String, name: Option<&str>, columns: Option<&BTreeSet<&str>>, fields: &Map<String, Value>) {
    let own = scalars_of(fields).map(|(key, _)| key.as_str()).collect();
    let columns = columns.unwrap_or(&own);
    let values: Vec<_> = columns.iter().map(|column| fields.get(*column).map_or_else(String::new, scalar)).collect();
    if !values.is_empty() {
        line(lines, name, &values);
    }
    let mut nested: Vec<_> = fields.iter().filter(|(_, field)| is_nested(field)).collect();
    nested.sort_by_key(|(key, _)| key.as_str());
    for (key, field) in nested {
        value(lines, Some(key), None, field);
    }
}

fn scalars_of(fields: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    fields.iter().filter(|(_, field)| !is_nested(field))
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// Truth values are spelt as Python spells them: scripts compare with that.
fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn line(lines: &mut String, name: Option<&str>, values: &[String]) {
    if let Some(name) = name {
        lines.push_str(&name.to_uppercase());
        lines.push('\t');
    }
    lines.push_str(&values.join("\t"));
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_are_printed_as_the_aws_cli_prints_them() {
        let answer = json!({"SecurityGroups": [
            {"GroupId": "sg-1", "GroupName": "web", "IpPermissions": [
                {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                 "UserIdGroupPairs": []},
                {"IpProtocol": "-1", "IpRanges": [], "UserIdGroupPairs": [{"UserId": "000000000000", "GroupId": "sg-1"}]}
            ]},
            {"GroupId": "sg-2", "GroupName": "db", "Description": "x", "IpPermissions": []},
        ]});
        // Made with the AWS CLI's own formatter.
        let wanted = "SECURITYGROUPS\t\tsg-1\tweb\n\
                      IPPERMISSIONS\t80\ttcp\t80\n\
                      IPRANGES\t0.0.0.0/0\n\
                      IPPERMISSIONS\t\t-1\t\n\
                      USERIDGROUPPAIRS\tsg-1\t000000000000\n\
                      SECURITYGROUPS\tx\tsg-2\tdb\n";
        assert_eq!(render(&answer), wanted);
    }

    #[test]
    fn scalars_lists_and_truth() {
        assert_eq!(render(&json!({"Return": true, "GroupId": "sg-1"})), "sg-1\tTrue\n");
        assert_eq!(render(&json!({"Groups": ["a", "b"], "N": null})), "None\nGROUPS\ta\nGROUPS\tb\n");
        assert_eq!(render(&json!({"Hook": {"Wanted": "auto"}})), "HOOK\tauto\n");
    }
}
