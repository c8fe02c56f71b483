//! The documentation of what becomes of packets is the table in the code.

use firewall_common::verdict::{Pass, Reason};
use std::fmt::Write as _;
use std::path::Path;

fn rendered() -> String {
    let mut text = String::from(
        "# What becomes of a packet\n\n\
         Every packet that the programs judge moves one counter of its interface and direction: one of these. The numbers \
         are those in the programs' log messages, the names those of `firewall-ctl counters`.\n\n\
         This page is generated from the code; a test keeps it true.\n\n\
         ## Why it passes\n\n| number | name | meaning |\n|---|---|---|\n",
    );
    for pass in Pass::ALL {
        let _ = writeln!(text, "| {} | `{}` | {} |", pass.number(), pass.name(), pass.sentence());
    }
    text.push_str("\n## Why it is dropped\n\nSilently, as in the service: the sender sees a time-out.\n\n");
    text.push_str("| number | name | meaning |\n|---|---|---|\n");
    for reason in Reason::ALL {
        let _ = writeln!(text, "| {} | `{}` | {} |", reason.number(), reason.name(), reason.sentence());
    }
    text
}

/// `UPDATE_DOCS=1 cargo test -p firewall-common --test documentation` writes the page.
#[test]
fn outcomes_are_documented() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/outcomes.md");
    let rendered = rendered();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert_eq!(written, rendered, "docs/outcomes.md is not what the code says: write it with UPDATE_DOCS=1");
}
