//! What a command answered.

use serde_json::Value;
use std::process::Command;

/// Exit code and output of a command.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The command, as typed.
    pub command: String,
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Answer {
    /// Runs a command to its end.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn of(command: &mut Command, arguments: &[&str]) -> Self {
        let output = command.output().unwrap_or_else(|error| panic!("start {command:?}: {error}"));
        Self {
            command: format!("firewall-ctl {}", arguments.join(" ")),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// What it printed, which must be JSON or nothing.
    ///
    /// # Panics
    /// If it failed.
    #[must_use]
    pub fn ok(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:#?}");
        if self.stdout.trim().is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Checks that it failed with an exit code, printed nothing and said every one of some words.
    ///
    /// # Panics
    /// If not so.
    #[track_caller]
    pub fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not said: {self:#?}");
        }
    }

    /// Checks that the controller refused it with a code of the service.
    ///
    /// # Panics
    /// If not so.
    #[track_caller]
    pub fn refused_as(&self, code: &str, operation: &str, words: &[&str]) {
        let head = format!("An error occurred ({code}) when calling the {operation} operation: ");
        self.refused(254, &[&[head.as_str()], words].concat());
    }
}
