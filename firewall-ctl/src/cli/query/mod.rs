//! `--query`: a part of an answer, chosen by a JMESPath expression (<https://jmespath.org>), as the AWS CLI chooses it.

mod evaluate;
mod record;

use super::failure::Failure;
use evaluate::Evaluator;
use jmespath::ast::Ast;
use serde_json::Value;

/// A JMESPath expression that is well formed.
#[derive(Clone, Debug)]
pub(super) struct Query {
    text: String,
    expression: Ast,
}

impl Query {
    /// Parser of `--query`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = with_json_literals(text);
        let expression = jmespath::parse(&text).map_err(|error| format!("not a JMESPath expression: {error}"))?;
        Ok(Self { text, expression })
    }

    /// What it chooses from an answer.
    pub(super) fn of(&self, answer: &Value) -> Result<Value, Failure> {
        let Self { text, expression } = self;
        let chosen = Evaluator::new(text).choose(expression, answer);
        chosen.map_err(|error| Failure::new("the query does not fit the answer", error))
    }
}

/// The expression with literals that are no JSON as the texts that they stand for: the AWS CLI takes `` `web` `` for
/// `` `"web"` ``.
fn with_json_literals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['\'', '"', '`']) {
        let (before, quoted) = rest.split_at(start);
        out.push_str(before);
        let Some(inside) = inside(quoted) else {
            rest = quoted;
            break;
        };
        let quote = &quoted[..1];
        match as_text(inside).filter(|_| quote == "`") {
            Some(literal) => out.push_str(&format!("`{literal}`")),
            None => out.push_str(&format!("{quote}{inside}{quote}")),
        }
        rest = &quoted[inside.len() + 2..];
    }
    out + rest
}

/// What stands between the quote that a text begins with and the next one that no backslash is before.
fn inside(text: &str) -> Option<&str> {
    let quote = text.chars().next()?;
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            letter if letter == quote => return Some(&text[1..at]),
            _ => {}
        }
    }
    None
}

/// A literal that is no JSON, and is when it is put between quotes.
fn as_text(literal: &str) -> Option<String> {
    let is_json = |text: &str| serde_json::from_str::<Value>(&text.replace("\\`", "`")).is_ok();
    let text = format!("\"{}\"", literal.trim_start());
    (!is_json(literal) && is_json(&text)).then_some(text)
}

#[cfg(test)]
mod tests;
