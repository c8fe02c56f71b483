//! Tables for people. What a table shows is a choice; everything is in the JSON.

mod counters;
mod device;
mod drops;
mod explain;
mod fields;
mod flows;
mod groups;
mod interfaces;
mod keys;
mod networks;
mod part;
mod prefix_lists;
mod rules;
mod status;
mod tags;
mod vpcs;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{self, IsTerminal};

/// Whether tables have colours.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Always
    On,
    /// Never
    Off,
    /// On a terminal, unless NO_COLOR is set
    Auto,
}

/// What tables are drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    width: Option<u16>,
    styled: bool,
}

impl Screen {
    /// No bounds, no colours: files and pipes.
    pub(crate) const PLAIN: Self = Self { width: None, styled: false };

    /// What stdout is.
    pub(crate) fn of_stdout(colour: Colour) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let styled = match colour {
            Colour::On => true,
            Colour::Off => false,
            Colour::Auto => is_terminal && !no_colour,
        };
        Self { width: if is_terminal { Table::new().width() } else { None }, styled }
    }

    fn table<const N: usize>(&self, header: [&str; N]) -> Table {
        let mut table = self.headless();
        table.set_header(header.map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
        table
    }

    fn headless(&self) -> Table {
        let mut table = Table::new();
        table.force_no_tty().load_style(UTF8_FULL_CONDENSED);
        if let Some(width) = self.width {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        }
        if self.styled {
            table.enforce_styling();
        }
        table
    }

    /// A headline over a table.
    fn headline(&self, text: &str) -> String {
        if self.styled { format!("\u{1b}[1m{text}\u{1b}[0m\n") } else { format!("{text}\n") }
    }
}

/// The answer to an operation as tables. An answer of another shape than this version knows is listed field by field.
pub(super) fn render(screen: &Screen, operation: &str, answer: &Value) -> String {
    let known = match operation {
        "CreateVpc" => typed(answer, |answer| vpcs::created(screen, &answer)),
        "CreateDefaultVpc" => typed(answer, |answer| vpcs::created(screen, &answer)),
        "DescribeVpcs" => typed(answer, |answer| vpcs::listed(screen, &answer)),
        "CreateSubnet" | "CreateDefaultSubnet" => typed(answer, |answer| networks::subnet_created(screen, &answer)),
        "DescribeSubnets" => typed(answer, |answer| networks::subnets_listed(screen, &answer)),
        "CreateInternetGateway" => typed(answer, |answer| networks::gateway_created(screen, &answer)),
        "DescribeInternetGateways" => typed(answer, |answer| networks::gateways_listed(screen, &answer)),
        "RegisterInstance" => typed(answer, |answer| networks::instance_registered(screen, &answer)),
        "DescribeInstances" => typed(answer, |answer| networks::instances_listed(screen, &answer)),
        "DescribeSecurityGroups" => typed(answer, |answer| groups::listed(screen, &answer)),
        "AuthorizeSecurityGroupIngress" | "AuthorizeSecurityGroupEgress" => {
            typed(answer, |answer| rules::authorized(screen, &answer))
        }
        "RevokeSecurityGroupIngress" | "RevokeSecurityGroupEgress" => {
            typed(answer, |answer| rules::revoked(screen, &answer))
        }
        "DescribeSecurityGroupRules" => typed(answer, |answer| rules::listed(screen, &answer)),
        "ReplaceSecurityGroupRules" => typed(answer, |answer| rules::replaced(screen, &answer)),
        "CreateManagedPrefixList"
        | "ModifyManagedPrefixList"
        | "RestoreManagedPrefixListVersion"
        | "DeleteManagedPrefixList" => typed(answer, |answer| prefix_lists::one(screen, &answer)),
        "DescribeManagedPrefixLists" => typed(answer, |answer| prefix_lists::listed(screen, &answer)),
        "GetManagedPrefixListEntries" => typed(answer, |answer| prefix_lists::entries(screen, &answer)),
        "GetManagedPrefixListAssociations" => typed(answer, |answer| prefix_lists::associations(screen, &answer)),
        "DescribePrefixLists" => typed(answer, |answer| prefix_lists::blocks(screen, &answer)),
        "DescribeTags" => typed(answer, |answer| tags::listed(screen, &answer)),
        "CreateNetworkInterface" => typed(answer, |answer| interfaces::created(screen, &answer)),
        "DescribeNetworkInterfaces" => typed(answer, |answer| interfaces::listed(screen, &answer)),
        "ListAccessKeys" => typed(answer, |answer| keys::listed(screen, &answer)),
        "AttachDevice" => typed(answer, |answer| device::attached(screen, &answer)),
        "DetachDevice" => typed(answer, |answer| device::detached(&answer)),
        "ConfirmChange" | "UndoChange" => typed(answer, |answer| device::decided(&answer)),
        "DescribeFlows" => typed(answer, |answer| flows::listed(screen, &answer)),
        "DescribeDrops" => typed(answer, |answer| drops::listed(screen, &answer)),
        "ExplainPacket" => typed(answer, |answer| explain::explained(screen, &answer)),
        "SimulatePacket" => typed(answer, |answer| explain::simulated(screen, &answer)),
        "FlushFlows" => typed(answer, |answer| flows::flushed(&answer)),
        "Status" => typed(answer, |answer| status::shown(screen, &answer)),
        "DescribeCounters" => typed(answer, |answer| counters::shown(screen, &answer)),
        _ => None,
    };
    known.unwrap_or_else(|| fields::render(screen, answer))
}

/// A part of an answer: a row for each record of a list, or for each of its lists; what has another form field by field.
pub(super) fn render_part(screen: &Screen, part: &Value) -> String {
    part::render(screen, part)
}

fn typed<T: DeserializeOwned>(answer: &Value, show: impl FnOnce(T) -> String) -> Option<String> {
    T::deserialize(answer).ok().map(show)
}

/// A table and a line break; nothing but the words when it has no rows.
fn finish(table: &Table, when_empty: &str) -> String {
    if table.is_empty() { format!("{when_empty}\n") } else { format!("{table}\n") }
}

/// What a list that is not the whole ends with.
fn more(next_token: &Option<String>) -> String {
    let line = |token| format!("There are more: narrow the list with --filters, or go on with --next-token {token}\n");
    next_token.as_ref().map(line).unwrap_or_default()
}

fn number(value: u64) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

/// Something that wants attention.
fn alarming(text: impl Into<String>) -> Cell {
    Cell::new(text.into()).fg(Color::Red)
}

/// `Name` is the tag that people give things.
fn name_tag(tags: &[crate::actions::types::Tag]) -> &str {
    tags.iter().find(|tag| tag.key == "Name").map_or("", |tag| tag.value.as_str())
}

#[cfg(test)]
mod list_tests;
#[cfg(test)]
mod tests;
