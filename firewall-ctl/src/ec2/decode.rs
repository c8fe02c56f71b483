//! From a form to the JSON of a request, by the shape of its input.

use super::form::{Tree, shown, unknown};
use super::shapes::{Form, Shapes, StructureIndex};
use crate::actions::{ApiError, ErrorCode};
use serde_json::{Map, Value};

/// Highest index in a list. The service's own bounds are lower.
const MAX_INDEX: u32 = 100_000;

/// The members of a request from the parameters that are its own: `Action`, `Version` and those of the signature are not
/// among them.
///
/// # Errors
/// A parameter that the operation does not have, or one that is of another type.
pub fn members(shapes: &Shapes, input: Option<StructureIndex>, tree: &Tree<'_>) -> Result<Value, ApiError> {
    match input {
        Some(index) => Decoder { shapes, path: Vec::new() }.structure(index, tree),
        None => match tree.branches.keys().next() {
            Some(name) => Err(unknown(name)),
            None => Ok(Value::Object(Map::new())),
        },
    }
}

/// Where in the request a value is.
struct Decoder<'a> {
    shapes: &'a Shapes,
    path: Vec<&'a str>,
}

impl<'a> Decoder<'a> {
    fn structure(&mut self, index: StructureIndex, tree: &Tree<'a>) -> Result<Value, ApiError> {
        self.only_branches(tree)?;
        let structure = self.shapes.structure(index);
        let mut members = Map::new();
        for (name, branch) in &tree.branches {
            self.path.push(name);
            let member = structure.members.iter().find(|member| member.sent == *name);
            let member = member.ok_or_else(|| unknown(&self.path()))?;
            let value = self.value(member.form, branch)?;
            members.insert(member.name.clone(), value);
            self.path.pop();
        }
        Ok(Value::Object(members))
    }

    fn list(&mut self, of: Form, tree: &Tree<'a>) -> Result<Value, ApiError> {
        if tree.value == Some("") && tree.branches.is_empty() {
            // How the protocol says that a list is empty.
            return Ok(Value::Array(Vec::new()));
        }
        self.only_branches(tree)?;
        let mut items = Vec::with_capacity(tree.branches.len());
        for (name, branch) in &tree.branches {
            self.path.push(name);
            let number = name.parse().ok().filter(|number| (1..=MAX_INDEX).contains(number));
            // One way to write a number, so that no place is named twice.
            let number = number.filter(|number| number.to_string() == *name).ok_or_else(|| unknown(&self.path()))?;
            items.push((number, self.value(of, branch)?));
            self.path.pop();
        }
        // Places may be left out; what is there keeps its order.
        items.sort_by_key(|(number, _)| *number);
        Ok(Value::Array(items.into_iter().map(|(_, value)| value).collect()))
    }

    fn value(&mut self, form: Form, tree: &Tree<'a>) -> Result<Value, ApiError> {
        let text = match form {
            Form::Structure(index) => return self.structure(index, tree),
            Form::List(index) => return self.list(self.shapes.list(index).of, tree),
            Form::Text | Form::Integer | Form::Double | Form::Boolean | Form::Timestamp | Form::Blob => {
                if let Some(name) = tree.branches.keys().next() {
                    return Err(unknown(&format!("{}.{name}", self.path())));
                }
                tree.value.unwrap_or_default()
            }
        };
        match form {
            Form::Integer => text.parse::<i64>().map(Value::from).map_err(|_| self.invalid(text, "a whole number")),
            Form::Double => {
                let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
                number.map(Value::Number).ok_or_else(|| self.invalid(text, "a number"))
            }
            Form::Boolean => match text {
                "true" | "True" | "TRUE" | "1" => Ok(Value::Bool(true)),
                "false" | "False" | "FALSE" | "0" => Ok(Value::Bool(false)),
                _ => Err(self.invalid(text, "true or false")),
            },
            Form::Text | Form::Timestamp | Form::Blob | Form::Structure(_) | Form::List(_) => Ok(Value::from(text)),
        }
    }

    /// Structures and lists have no value of their own.
    fn only_branches(&self, tree: &Tree<'a>) -> Result<(), ApiError> {
        match tree.value {
            Some(value) => Err(self.invalid(value, "not a single value: its members are named behind a dot")),
            None => Ok(()),
        }
    }

    fn invalid(&self, value: &str, expected: &str) -> ApiError {
        let message = format!("Value ({}) for parameter {} is invalid.", shown(value), shown(&self.path()));
        ApiError::new(ErrorCode::InvalidParameterValue, message).with_detail(format!("It is {expected}."))
    }

    fn path(&self) -> String {
        self.path.join(".")
    }
}
