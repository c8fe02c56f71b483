//! `--change`: a request that is made on paper, as a command or as JSON.

use super::super::Cli;
use super::super::call::Call;
use super::super::input;
use super::super::run::{Work, work};
use super::structure::{StructureError, content};
use clap::{CommandFactory as _, Parser as _};
use serde_json::Value;
use std::ffi::OsString;

/// What one word of the flag brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Changes(Vec<Value>);

/// Why a word is no change.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error(transparent)]
    Structure(#[from] StructureError),
    #[error("a quote is not closed in: {0}")]
    Quote(String),
    #[error("not a command that could be made: {0}")]
    Command(String),
    #[error("`{0}` changes nothing that is recorded")]
    NoChange(String),
    #[error("a JSON object is expected, or a list of such, found {0}")]
    NoObject(Value),
}

/// Parser of `--change`.
pub(crate) fn changes(word: &str) -> Result<Changes, ChangeError> {
    let content = content(word)?;
    let content = content.trim();
    if !content.starts_with(['[', '{']) {
        let lines = content.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        return lines.map(command).collect::<Result<_, _>>().map(Changes);
    }
    let list = match serde_json::from_str(content).map_err(StructureError::Json)? {
        Value::Array(list) => list,
        single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            vec![single]
        }
    };
    match list.iter().find(|value| !value.is_object()) {
        Some(value) => Err(ChangeError::NoObject(value.clone())),
        None => Ok(Changes(list)),
    }
}

/// All changes, in the order given.
pub(crate) fn all(words: &[Changes]) -> Vec<Value> {
    words.iter().flat_map(|word| word.0.iter().cloned()).collect()
}

/// A command as it would be typed, with the program's name or without.
fn command(line: &str) -> Result<Value, ChangeError> {
    let words = shlex::split(line).ok_or_else(|| ChangeError::Quote(line.to_owned()))?;
    let named = words.first().is_some_and(|first| first == "firewall-ctl");
    let words = words.into_iter().skip(usize::from(named));
    let words = std::iter::once("firewall-ctl".to_owned()).chain(words).map(OsString::from).collect();
    let words = input::expand(words, &Cli::command()).map_err(|error| ChangeError::Command(error.to_string()))?;
    // Only the first line of what clap says: the rest is about the command line as a whole.
    let first = |error: clap::Error| error.to_string().lines().next().unwrap_or_default().to_owned();
    let cli = Cli::try_parse_from(words).map_err(|error| ChangeError::Command(first(error)))?;
    match work(cli.command) {
        Work::Call(Call { operation, body, guard: Some(_), paging: _, notes: _ }) => {
            let action = std::iter::once(("Action".to_owned(), Value::from(operation)));
            Ok(Value::Object(action.chain(body).collect()))
        }
        Work::Call(_)
        | Work::Judge(_)
        | Work::Flush(_)
        | Work::Follow(_)
        | Work::Print(_)
        | Work::Man(_)
        | Work::Daemon(_)
        | Work::EmergencyDetach(_) => Err(ChangeError::NoChange(line.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn commands_json_and_files_say_the_same() {
        let wanted = vec![json!({"Action": "DeleteSecurityGroup", "GroupId": "sg-1"})];
        let command = "delete-security-group --group-id sg-1";
        let json = r#"{"Action": "DeleteSecurityGroup", "GroupId": "sg-1"}"#;
        let directory = tempfile::tempdir().expect("a directory");
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("a file");
            format!("file://{}", path.display())
        };
        let words = [
            command.to_owned(),
            format!("firewall-ctl {command} --force"),
            format!("delete-security-group --cli-input-json '{}'", r#"{"GroupId": "sg-1"}"#),
            json.to_owned(),
            format!("[{json}]"),
            file("a.json", json),
            file("a.sh", &format!("# what is planned\n\n{command}\n")),
        ];
        for word in words {
            assert_eq!(changes(&word).expect("a change"), Changes(wanted.clone()), "{word}");
        }
    }

    #[test]
    fn what_is_no_change_is_told() {
        let error = |word: &str| changes(word).expect_err("no change").to_string();
        assert_eq!(error("describe-vpcs"), "`describe-vpcs` changes nothing that is recorded");
        assert_eq!(error("delete-vpc 'a"), "a quote is not closed in: delete-vpc 'a");
        assert!(
            error("delete-unicorn").contains("unrecognized subcommand 'delete-unicorn'"),
            "{}",
            error("delete-unicorn")
        );
        assert!(error("{").starts_with("not JSON"), "{}", error("{"));
        assert_eq!(error("[1]"), "a JSON object is expected, or a list of such, found 1");
        assert!(error("file:///nonexistent/c").contains("can't be read"));
    }
}
