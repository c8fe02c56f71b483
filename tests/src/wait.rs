//! Waiting for conditions, not for times.

use std::time::{Duration, Instant};

/// Longest wait for something that has to happen. Far beyond what it takes on a busy machine: it only bounds a test
/// that has failed.
pub const DEADLINE: Duration = Duration::from_secs(20);
/// Wait for an answer that must not come. On a veth pair an answer that comes takes well below a millisecond.
pub const SILENCE: Duration = Duration::from_millis(400);

/// Waits until a condition holds.
///
/// # Panics
/// If it does not hold within [`DEADLINE`]; `what` says what was waited for.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    eventually_some(what, || condition().then_some(()));
}

/// Waits until there is a value.
///
/// # Panics
/// If there is none within [`DEADLINE`]; `what` says what was waited for.
pub fn eventually_some<T>(what: &str, mut value: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(value) = value() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what}: not within {DEADLINE:?}");
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
