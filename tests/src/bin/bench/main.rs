//! What a packet costs, and how soon a change holds.
//!
//! Every figure stands beside one from the same run: programs beside an empty program, a change beside the round trip
//! without one. Medians of several rounds. Nothing here is a test.

mod large;
mod latency;
mod packets;

use comfy_table::{CellAlignment, Table, presets};
use firewall_ctl::compile::Limits;
use firewall_tests::judge::Kernel;
use serde_json::json;
use std::process::ExitCode;

/// A table with a title, and its rows as JSON.
struct Report {
    title: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let as_json = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["--json"] => true,
        _ => {
            eprintln!("usage: bench [--json]");
            return ExitCode::from(2);
        }
    };
    let mut reports = vec![programs(), packets::report(), latency::report()];
    let default = Kernel::load(Limits::default());
    reports.push(large::memory("Mebibytes of the tables, empty, at the default limits", &default));
    drop(default);
    reports.extend(large::reports());
    if as_json {
        let reports = reports.iter().map(|report| {
            let rows = report.rows.iter().map(|row| {
                let named = report.head.iter().zip(row).map(|(name, value)| ((*name).to_owned(), json!(value)));
                serde_json::Value::Object(named.collect())
            });
            json!({ "title": report.title, "rows": rows.collect::<Vec<_>>() })
        });
        println!("{}", serde_json::Value::Array(reports.collect()));
    } else {
        reports.iter().for_each(print);
    }
    ExitCode::SUCCESS
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
        title: "Programs (the verifier gives up at 1 000 000)",
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
