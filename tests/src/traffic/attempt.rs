//! Something that is tried over the network, and what is expected of it.

use super::Failure;
use crate::wait::{SILENCE, deadline};
use std::fmt;
use std::time::Duration;

/// An attempt that has not been made yet: how long it waits depends on what is expected. An answer that has to come may
/// take its time on a busy machine; silence has to be sat out.
#[must_use]
pub struct Attempt<'a> {
    what: String,
    run: Box<dyn FnOnce(Duration) -> Result<(), Failure> + Send + 'a>,
}

impl<'a> Attempt<'a> {
    /// Describes an attempt, which is told how long to be patient.
    pub fn new(what: impl Into<String>, run: impl FnOnce(Duration) -> Result<(), Failure> + Send + 'a) -> Self {
        Self { what: what.into(), run: Box::new(run) }
    }

    /// Makes it, and expects an answer.
    ///
    /// # Panics
    /// If none comes.
    #[track_caller]
    pub fn answers(self) {
        let Self { what, run } = self;
        assert_eq!(run(deadline()), Ok(()), "{what}");
    }

    /// Makes it, and expects that it is dropped.
    ///
    /// # Panics
    /// If anything comes back.
    #[track_caller]
    pub fn is_silent(self) {
        let Self { what, run } = self;
        assert_eq!(run(SILENCE), Err(Failure::Silence), "{what}");
    }

    /// Makes it without an expectation, and says whether an answer came: for what has to be waited for.
    #[must_use]
    pub fn is_answered(self) -> bool {
        let Self { what: _, run } = self;
        run(SILENCE).is_ok()
    }

    /// Makes it.
    ///
    /// # Errors
    /// What became of it instead.
    pub fn make(self, patience: Duration) -> Result<(), Failure> {
        let Self { what: _, run } = self;
        run(patience)
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Attempt").field(&self.what).finish()
    }
}
