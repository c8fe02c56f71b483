//! Printing of answers: as JSON, as the AWS CLI's text, or as tables for people.

mod json;
mod table;
mod text;

use serde_json::Value;
use std::io::{self, IsTerminal, Write};

pub(super) use table::{Colour, Screen};

/// How an answer is printed.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Tables for people
    Table,
    /// The answer as the API gives it
    Json,
    /// Values separated by tabs, for scripts without a JSON parser
    Text,
}

impl Format {
    /// Tables on a terminal, JSON elsewhere.
    pub(super) fn preferred() -> Self {
        if io::stdout().is_terminal() { Self::Table } else { Self::Json }
    }
}

/// The answer to an operation as it is printed. An empty answer prints nothing, as in the AWS CLI.
pub(super) fn render(format: Format, screen: &Screen, operation: &str, answer: &Value) -> String {
    if matches!(answer, Value::Null) || answer.as_object().is_some_and(serde_json::Map::is_empty) {
        return String::new();
    }
    match format {
        Format::Table => table::render(screen, operation, answer),
        Format::Json => json::render(answer),
        Format::Text => text::render(answer),
    }
}

/// A part of an answer as it is printed: nothing chosen is `null` or `None`, as in the AWS CLI.
pub(super) fn render_part(format: Format, screen: &Screen, part: &Value) -> String {
    match format {
        Format::Table => table::render_part(screen, part),
        Format::Json => json::render(part),
        Format::Text => text::render(part),
    }
}

/// Writes to stdout. A reader that has seen enough (`| head`) is no failure.
pub(super) fn print(text: &str) -> io::Result<()> {
    print_on(text).map(|_is_read| ())
}

/// As [`print`], and says whether somebody reads it.
pub(super) fn print_on(text: &str) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        result => result.map(|()| true),
    }
}

/// Writes to stderr; where that is gone, nobody is there to be told.
pub(super) fn complain(text: &str) {
    let _gone = io::stderr().lock().write_all(text.as_bytes());
}
