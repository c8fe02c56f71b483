//! The programs that go into the virtual machine.

use crate::machine::Here;
use crate::{process, tools};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;

/// Builds test programs by the names of their suites; where they are, in the same order.
pub fn build(suites: &[&str]) -> Result<Vec<PathBuf>> {
    let mut command = process::cargo();
    // Not for the package only: with no more features than it asks for, dependencies would be compiled anew.
    command.args(["test", "--no-run", "--message-format", "json-render-diagnostics"]);
    command.args(suites.iter().flat_map(|suite| ["--test", suite]));
    let text = process::shown(&command);
    println!("$ {text}");
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run `{text}`"))?;
    if !output.status.success() {
        bail!("`{text}` ended with {}", output.status);
    }
    let messages = String::from_utf8(output.stdout).with_context(|| format!("what `{text}` prints"))?;
    suites.iter().map(|suite| executable(&messages, suite)).collect()
}

/// Where a program that suites start by name is here.
pub fn tool(name: &str) -> Result<PathBuf> {
    tools::find(&Here, name).with_context(|| format!("there is no `{name}` on PATH"))
}

/// The executable of a suite among cargo's messages, one a line.
fn executable(messages: &str, suite: &str) -> Result<PathBuf> {
    let mut found = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_suite = message["target"]["name"] == suite && message["target"]["kind"][0] == "test";
        is_suite.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    found.next().with_context(|| format!("cargo does not say where the test program {suite} is"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_is_told_from_a_program_of_its_name() {
        let messages = "{\"reason\":\"compiler-artifact\",\"target\":{\"kind\":[\"bin\"],\"name\":\"demo\"},\"executable\":\"/a\"}\n\
                        {\"reason\":\"compiler-artifact\",\"target\":{\"kind\":[\"test\"],\"name\":\"demo\"},\"executable\":\"/b\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages, "demo").unwrap(), PathBuf::from("/b"));
        assert!(executable(messages, "netns").is_err());
    }
}
