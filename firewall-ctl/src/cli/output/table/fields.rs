//! Any answer, field by field.

use super::{Screen, finish};
use serde_json::Value;

pub(super) fn render(screen: &Screen, answer: &Value) -> String {
    let mut table = screen.table(["Field", "Value"]);
    let mut rows = Vec::new();
    collect("", answer, &mut rows);
    table.add_rows(rows);
    finish(&table, "Nothing.")
}

fn collect(path: &str, value: &Value, rows: &mut Vec<[String; 2]>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(&path, field, rows);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(&format!("{path}[{index}]"), item, rows);
            }
        }
        Value::String(text) => rows.push([path.to_owned(), text.clone()]),
        Value::Null | Value::Bool(_) | Value::Number(_) => rows.push([path.to_owned(), value.to_string()]),
    }
}
