//! How much a test does that could go on for ever, and what it begins from: `cargo xtask test SUITE --cases N --seed N`.

use indicatif::{ProgressBar, ProgressStyle};

/// Names the number of cases.
pub const CASES: &str = "FIREWALL_TEST_CASES";
/// Names the number that all made-up cases follow from.
pub const SEED: &str = "FIREWALL_TEST_SEED";

/// So many cases were asked for, or the number that a test does by itself.
///
/// # Panics
/// If what was asked for is no number.
#[must_use]
pub fn cases(default: u64) -> u64 {
    number(CASES).unwrap_or(default)
}

/// The number that made-up cases follow from: the same in every run unless another is asked for, so that what fails once
/// fails again.
///
/// # Panics
/// If what was asked for is no number.
#[must_use]
pub fn seed() -> u64 {
    number(SEED).unwrap_or(0)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")))
}

/// Shows on a terminal how far a test has come.
///
/// # Panics
/// Never: the template is one.
#[must_use]
pub fn progress(cases: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} cases, {per_sec}, {eta} left");
    ProgressBar::new(cases).with_style(style.expect("a template"))
}
