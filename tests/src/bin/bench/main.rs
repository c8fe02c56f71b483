//! What a packet costs, and how soon a change holds.
//!
//! Every figure stands beside one from the same run: programs beside an empty program, a change beside the round trip
//! without one. Medians of several rounds. Nothing here is a test.

mod api;
mod doubts;
mod large;
mod latency;
mod packets;

use comfy_table::{CellAlignment, Table, presets};
use firewall_ctl::compile::Limits;
use firewall_tests::judge::Kernel;
use firewall_tests::large::LargeHost;
use serde_json::json;
use std::process::ExitCode;

/// A table with a title, and its rows as JSON.
struct Report {
    title: String,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = arguments.iter().find(|argument| !["--json", "--small"].contains(&argument.as_str())) {
        eprintln!(
            "usage: bench [--json] [--small]; {unknown} is neither. With --small only the smallest host is measured."
        );
        return ExitCode::from(2);
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let (as_json, sizes) = (has("--json"), if has("--small") { &packets::SIZES[..1] } else { &packets::SIZES });
    let mut reports = Vec::new();
    let mut show = |report: Report| if as_json { reports.push(json_of(&report)) } else { print(&report) };
    show(programs());
    show(latency::report(1));
    show(doubts::report());
    show(large::memory("empty, at the default limits", &Kernel::load(Limits::default())));
    if sizes.len() > 1 {
        show(latency::report(1000));
        show(api::report());
    }
    for scale in sizes.iter().copied() {
        let host = LargeHost::new(scale);
        let mut kernel = packets::load(&host);
        show(packets::report(scale, &mut kernel));
        if scale == packets::LARGEST {
            show(large::memory(&packets::named(scale), &kernel));
            drop(kernel);
            show(large::compiling(&packets::named(scale), &host.steps()));
        }
    }
    if as_json {
        println!("{}", serde_json::Value::Array(reports));
    }
    ExitCode::SUCCESS
}

fn json_of(Report { title, head, rows }: &Report) -> serde_json::Value {
    let rows = rows.iter().map(|row| {
        let named = head.iter().zip(row).map(|(name, value)| ((*name).to_owned(), json!(value)));
        serde_json::Value::Object(named.collect())
    });
    json!({ "title": title, "rows": rows.collect::<Vec<_>>() })
}

fn print(Report { title, head, rows }: &Report) {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(head.clone()).add_rows(rows.clone());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{title}\n\n{table}\n");
}

/// How large the programs are.
fn programs() -> Report {
    let kernel = Kernel::shared();
    let rows = kernel.programs().into_iter();
    Report {
        title: "Programs (the verifier gives up at 1 000 000)".to_owned(),
        head: vec!["program", "instructions", "verified"],
        rows: rows
            .map(|size| vec![size.name.to_owned(), size.instructions.to_string(), size.verified.to_string()])
            .collect(),
    }
}

/// The middle of some figures.
fn median<T: Ord + Copy>(mut figures: Vec<T>) -> T {
    figures.sort_unstable();
    figures[figures.len() / 2]
}
