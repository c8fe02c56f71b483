//! Running other programs.

use crate::workspace;
use anyhow::{Context as _, Result, bail};
use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// The cargo that runs us, in the workspace, as if a person had called it.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    // Build scripts run anew when what they look at has changed, and that of ring looks at these: it and all that leans on
    // it would be compiled again whenever a person's own call of cargo and one of ours take turns.
    forget(&mut command, describes_xtask);
    command
}

/// Removes variables from the environment of a command.
fn forget(command: &mut Command, is_meant: fn(&str) -> bool) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_meant) {
            command.env_remove(name);
        }
    }
}

/// Whether `cargo run` has put a variable there to say what it runs.
fn describes_xtask(name: &str) -> bool {
    const PREFIXES: [&str; 4] = ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Runs to the end, after printing the command; an error names it with its exit status.
pub fn run(command: &mut Command) -> Result<()> {
    let text = shown(command);
    println!("$ {text}");
    let status = command.status().with_context(|| format!("cannot run `{text}`"))?;
    if !status.success() {
        bail!("`{text}` ended with {status}");
    }
    Ok(())
}

/// The command as one would type it, with paths of the workspace made relative; environment left out.
pub fn shown(command: &Command) -> String {
    let root = workspace::root();
    let program = Path::new(command.get_program());
    // Of the cargo that runs us, only its name says something.
    let program = if env::var_os("CARGO").is_some_and(|cargo| cargo == program) {
        OsStr::new("cargo")
    } else {
        program.as_os_str()
    };
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| shown_word(root, word)).collect::<Vec<_>>().join(" ")
}

fn shown_word(root: &Path, word: &OsStr) -> String {
    let path = Path::new(word);
    let word = path.strip_prefix(root).map_or(word, Path::as_os_str).to_string_lossy();
    if word.is_empty() || word.contains(|letter: char| letter.is_whitespace() || "\"'$&|;<>()".contains(letter)) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        word.into_owned()
    }
}

/// Removes from the environment of `command` what `cargo run` and rustup put there for one toolchain, so that a cargo of
/// another toolchain decides by itself. What a person sets to reach registries (`CARGO_HOME`, `CARGO_NET_*`, …) stays.
pub fn forget_toolchain(command: &mut Command) {
    forget(command, belongs_to_a_toolchain);
}

fn belongs_to_a_toolchain(name: &str) -> bool {
    const NAMES: [&str; 10] = [
        "CARGO",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_INCREMENTAL",
        // Set by `cargo run` to the libraries of its own compiler.
        "LD_LIBRARY_PATH",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTDOC",
        "RUSTFLAGS",
        "RUSTUP_TOOLCHAIN",
    ];
    const PREFIXES: [&str; 4] = ["CARGO_BUILD_", "CARGO_CFG_", "CARGO_PROFILE_", "CARGO_TARGET_"];
    NAMES.contains(&name) || describes_xtask(name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// `PATH` with `directories` before what is there.
pub fn path_with(directories: &[&Path]) -> Result<std::ffi::OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let all = directories.iter().map(|directory| directory.to_path_buf()).chain(env::split_paths(&path));
    env::join_paths(all).context("a directory of the toolchain has a `:` in its name, which PATH cannot hold")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_of_another_toolchain_is_forgotten_and_settings_stay() {
        for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "CARGO_PKG_NAME", "CARGO_TARGET_DIR", "LD_LIBRARY_PATH"] {
            assert!(belongs_to_a_toolchain(name), "{name}");
        }
        assert!(describes_xtask("CARGO_MANIFEST_DIR") && !describes_xtask("CARGO_TARGET_DIR"));
        for name in ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_PROXY", "CARGO_TERM_COLOR", "RUSTUP_HOME", "PATH"] {
            assert!(!belongs_to_a_toolchain(name), "{name}");
        }
    }

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("tool");
        command.arg(workspace::root().join("target/x")).args(["plain", "two words", "it's", ""]);
        assert_eq!(shown(&command), r"tool target/x plain 'two words' 'it'\''s' ''");
    }
}
