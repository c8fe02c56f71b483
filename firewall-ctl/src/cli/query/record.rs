//! Values as the crate has them, which sorts the members of records, and the orders that they are to be printed in.

use jmespath::{Rcvar, Variable};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The orders of members of the records that are known.
#[derive(Default)]
pub(super) struct Orders {
    /// By where a record lies. It is kept here, so that no other one comes to lie there.
    known: BTreeMap<*const Variable, (Rcvar, Vec<String>)>,
}

impl Orders {
    /// Takes a value in.
    pub(super) fn of_json(&mut self, value: &Value) -> Rcvar {
        Rcvar::new(match value {
            Value::Null => Variable::Null,
            Value::Bool(truth) => Variable::Bool(*truth),
            Value::Number(number) => Variable::Number(number.clone()),
            Value::String(text) => Variable::String(text.clone()),
            Value::Array(items) => Variable::Array(items.iter().map(|item| self.of_json(item)).collect()),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.clone(), self.of_json(value))).collect();
                return self.record(members);
            }
        })
    }

    /// Hands a value out.
    pub(super) fn to_json(&self, value: &Rcvar) -> Value {
        match &**value {
            // What is to be evaluated later is nothing by itself.
            Variable::Null | Variable::Expref(_) => Value::Null,
            Variable::Bool(truth) => Value::Bool(*truth),
            Variable::Number(number) => Value::Number(number.clone()),
            Variable::String(text) => Value::String(text.clone()),
            Variable::Array(items) => items.iter().map(|item| self.to_json(item)).collect(),
            Variable::Object(_) => {
                let members = self.members(value).into_iter().flatten();
                Value::Object(members.map(|(name, value)| (name, self.to_json(&value))).collect::<Map<_, _>>())
            }
        }
    }

    /// A record of members in order; of two that are named alike the later one counts, in the place of the first.
    pub(super) fn record(&mut self, members: Vec<(String, Rcvar)>) -> Rcvar {
        let mut order: Vec<String> = Vec::with_capacity(members.len());
        let mut sorted = BTreeMap::new();
        for (name, value) in members {
            if sorted.insert(name.clone(), value).is_none() {
                order.push(name);
            }
        }
        let record = Rcvar::new(Variable::Object(sorted));
        self.known.insert(Rcvar::as_ptr(&record), (Rcvar::clone(&record), order));
        record
    }

    /// The members of a record in order: that of their names for one that was written as a literal.
    pub(super) fn members(&self, value: &Rcvar) -> Option<Vec<(String, Rcvar)>> {
        let sorted = value.as_object()?;
        let member = |name: &String| sorted.get(name).map(|value| (name.clone(), Rcvar::clone(value)));
        match self.known.get(&Rcvar::as_ptr(value)) {
            Some((_, order)) => order.iter().map(member).collect(),
            None => sorted.keys().map(member).collect(),
        }
    }
}
