//! What the tables of hosts take of memory, and what single changes of the largest take to compile.

use super::Report;
use firewall_tests::judge::Kernel;
use firewall_tests::large::{Counts, Step};

/// What tables take, by the kernel's own account.
pub fn memory(of: &str, kernel: &Kernel) -> Report {
    let mut tables = kernel.memory();
    tables.sort_by_key(|(_, octets)| std::cmp::Reverse(*octets));
    let sum = tables.iter().map(|(_, octets)| octets).sum();
    tables.push(("all", sum));
    let mebibytes = |octets: u64| format!("{:.1}", octets as f64 / f64::from(1 << 20));
    let rows = tables.into_iter().map(|(name, octets)| vec![name.to_owned(), mebibytes(octets)]);
    Report { title: format!("Mebibytes of tables, {of}"), head: vec!["table", "MiB"], rows: rows.collect() }
}

/// What single changes take.
pub fn compiling(of: &str, steps: &[Step]) -> Report {
    let row = |Step { name, edit, follow, plan, counts }: &Step| {
        let Counts { policies, others, members, entries } = counts;
        let times = [edit, follow, plan].map(|time| format!("{:.2}", time.as_secs_f64() * 1e3));
        let counts = [policies + others, members + entries].map(|count| count.to_string());
        [vec![(*name).to_owned()], times.to_vec(), counts.to_vec()].concat()
    };
    Report {
        title: format!("Milliseconds of a change, and what it writes, {of}"),
        head: vec!["change", "model", "compile", "plan", "entries of policies", "members and entries"],
        rows: steps.iter().map(row).collect(),
    }
}
