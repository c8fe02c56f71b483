//! Colours, where somebody sees them.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, Color, Table};
use owo_colors::OwoColorize;
use std::io::IsTerminal;

/// Paints on a terminal, and leaves text as it is elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// As standard output wants it.
    pub fn for_stdout() -> Self {
        Self(std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
    }

    /// A heading.
    pub fn title(self, text: &str) -> String {
        if self.0 { text.bold().to_string() } else { text.to_owned() }
    }

    /// A command that is run.
    pub fn command(self, text: &str) -> String {
        if self.0 { text.cyan().to_string() } else { text.to_owned() }
    }

    /// Something of less weight.
    pub fn aside(self, text: &str) -> String {
        if self.0 { text.dimmed().to_string() } else { text.to_owned() }
    }

    /// Something that is as it should be.
    pub fn good(self, text: &str) -> String {
        if self.0 { text.green().to_string() } else { text.to_owned() }
    }

    /// Something that is not.
    pub fn bad(self, text: &str) -> String {
        if self.0 { text.red().to_string() } else { text.to_owned() }
    }

    /// A table with a header.
    pub fn table(self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED.with_rounded_corners());
        if self.0 {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(header.iter().map(|text| Cell::new(text).add_attribute(Attribute::Bold)));
        table
    }

    /// The cell that says whether it is as expected.
    pub fn mark(self, good: bool) -> Cell {
        if good { Cell::new("✓").fg(Color::Green) } else { Cell::new("✗ DIFFERENT").fg(Color::Red) }
    }
}
