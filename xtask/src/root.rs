//! Steps that only root may take.

use crate::machine::{Here, Machine as _};
use anyhow::{Result, bail};
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;

const WHY: &str = "to load programs into the kernel and to make network namespaces";

/// The words to put before a command so that it runs as root, with `variables` and the environment that there is:
/// none when we are root, else sudo's. An error says what needs root.
pub fn prefix(what: &str, variables: &[(&str, &Path)]) -> Result<Vec<OsString>> {
    if nix::unistd::geteuid().is_root() {
        return Ok(Vec::new());
    }
    if Here.on_path("sudo").is_empty() {
        bail!("root is needed {WHY}, for {what}; there is no sudo here");
    }
    println!("root is needed {WHY}, for {what}: using sudo");
    Ok(sudo(variables, env::var_os("PATH").as_deref()))
}

/// sudo replaces PATH whatever it is told to preserve, hence `env`.
fn sudo(variables: &[(&str, &Path)], path: Option<&OsStr>) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["sudo".into(), "--preserve-env".into(), "env".into()];
    let path = path.map(|path| ("PATH", Path::new(path)));
    for (name, value) in variables.iter().copied().chain(path) {
        let mut word = OsString::from(name);
        word.push("=");
        word.push(value);
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_keeps_the_environment_and_the_path() {
        let words = sudo(&[("FIREWALL_CTL", Path::new("/a b/ctl"))], Some(OsStr::new("/x:/y")));
        assert_eq!(words, ["sudo", "--preserve-env", "env", "FIREWALL_CTL=/a b/ctl", "PATH=/x:/y"]);
    }
}
