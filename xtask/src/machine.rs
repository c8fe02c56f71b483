//! What the search for a toolchain asks the machine; in tests, a made-up machine answers.

use crate::process;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Questions without side effects.
pub trait Machine {
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<OsString>;
    /// Is there a file of this path?
    fn has(&self, path: &Path) -> bool;
    /// What the program prints on its standard output, or why there is none.
    fn output(&self, program: &Path, arguments: &[&str]) -> Result<String, String>;

    /// The programs of a name on `PATH`, first come first.
    fn on_path(&self, name: &str) -> Vec<PathBuf> {
        let path = self.variable("PATH").unwrap_or_default();
        let mut found: Vec<PathBuf> = Vec::new();
        for candidate in env::split_paths(&path).map(|directory| directory.join(name)) {
            if self.has(&candidate) && !found.contains(&candidate) {
                found.push(candidate);
            }
        }
        found
    }
}

/// The machine that we run on.
pub struct Here;

impl Machine for Here {
    fn variable(&self, name: &str) -> Option<OsString> {
        env::var_os(name)
    }

    fn has(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn output(&self, program: &Path, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(program);
        process::forget_toolchain(&mut command);
        let output = command.args(arguments).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {}", output.status, complaint.lines().next().unwrap_or_default()));
        }
        String::from_utf8(output.stdout).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
pub mod fake {
    //! A machine that exists in a test only.

    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Variables, files, and what programs print by their command line.
    #[derive(Default)]
    pub struct Fake {
        variables: BTreeMap<String, OsString>,
        files: BTreeSet<PathBuf>,
        outputs: BTreeMap<String, String>,
    }

    impl Fake {
        pub fn variable(mut self, name: &str, value: &str) -> Self {
            self.variables.insert(name.into(), value.into());
            self
        }

        pub fn file(mut self, path: &str) -> Self {
            self.files.insert(path.into());
            self
        }

        pub fn prints(mut self, command: &str, output: &str) -> Self {
            self.outputs.insert(command.into(), output.into());
            self
        }
    }

    impl Machine for Fake {
        fn variable(&self, name: &str) -> Option<OsString> {
            self.variables.get(name).cloned()
        }

        fn has(&self, path: &Path) -> bool {
            self.files.contains(path)
        }

        fn output(&self, program: &Path, arguments: &[&str]) -> Result<String, String> {
            let command = format!("{} {}", program.display(), arguments.join(" "));
            self.outputs.get(&command).cloned().ok_or_else(|| format!("no such command: {command}"))
        }
    }
}
