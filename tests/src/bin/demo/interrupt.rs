//! Signals that ask to stop: noticed between two steps, so that everything is cleaned up on the way out.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a signal has come.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes the signals over from the system's default, which would end the program without cleaning up.
    pub fn install() -> Self {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&flag)).expect("these signals can be handled");
        }
        Self(flag)
    }

    /// Whether to stop.
    pub fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
