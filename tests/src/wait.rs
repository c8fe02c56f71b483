//! Waiting for conditions, not for times.

use std::time::{Duration, Instant};

/// How many times as long as on a machine to wait for what has to happen: for machines that are emulated.
pub const PATIENCE: &str = "FIREWALL_TEST_PATIENCE";

/// Longest wait for something that has to happen. Far beyond what it takes on a busy machine: it only bounds a test
/// that has failed.
///
/// # Panics
/// If [`PATIENCE`] names something that is no number.
#[must_use]
pub fn deadline() -> Duration {
    let patience = std::env::var(PATIENCE).map_or(1, |text| text.parse().expect("a number of times"));
    Duration::from_secs(60) * patience
}

/// Wait for an answer that must not come. On a veth pair an answer that comes takes well below a millisecond.
pub const SILENCE: Duration = Duration::from_millis(400);

/// Waits until a condition holds.
///
/// # Panics
/// If it does not hold within [`deadline`]; `what` says what was waited for.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    eventually_some(what, || condition().then_some(()));
}

/// Waits until there is a value.
///
/// # Panics
/// If there is none within [`deadline`]; `what` says what was waited for.
#[track_caller]
pub fn eventually_some<T>(what: &str, mut value: impl FnMut() -> Option<T>) -> T {
    let patience = deadline();
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(value) = value() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what}: not within {patience:?}");
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
