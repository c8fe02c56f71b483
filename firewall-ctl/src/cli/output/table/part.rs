//! What a query has chosen.

use super::{Screen, fields, finish};
use comfy_table::{Attribute, Cell};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn render(screen: &Screen, part: &Value) -> String {
    match part {
        Value::Array(items)
            if items.iter().all(|item| item.as_object().is_some_and(|item| item.values().all(is_plain))) =>
        {
            records(screen, items)
        }
        Value::Array(items) => match items.iter().map(row).collect::<Option<Vec<_>>>() {
            Some(rows) => {
                let mut table = screen.headless();
                table.add_rows(rows);
                finish(&table, "Nothing.")
            }
            None => fields::render(screen, part),
        },
        Value::Object(_) => fields::render(screen, part),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => format!("{}\n", plain(part)),
    }
}

/// A column for each member, by their names, as in the AWS CLI.
fn records(screen: &Screen, items: &[Value]) -> String {
    let columns: BTreeSet<&String> =
        items.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys).collect();
    let mut table = screen.headless();
    table.set_header(columns.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    table.add_rows(items.iter().map(|item| columns.iter().map(|name| item.get(name).map_or_else(String::new, plain))));
    finish(&table, "Nothing.")
}

fn row(item: &Value) -> Option<Vec<String>> {
    match item {
        Value::Array(values) => values.iter().all(is_plain).then(|| values.iter().map(plain).collect()),
        Value::Object(_) => None,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(vec![plain(item)]),
    }
}

fn is_plain(value: &Value) -> bool {
    !(value.is_array() || value.is_object())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
