//! `--cli-input-json`: members of a request as JSON, in the place of flags.
//!
//! Members become the flags that they would be: `{"GroupName": "web"}` is `--group-name web`. So they are checked as flags are,
//! and a flag on the command line goes before a member, as in the AWS CLI.

use super::values::structure::content;
use clap::Command;
use serde_json::{Map, Value};
use std::ffi::OsString;

/// The flag.
const FLAG: &str = "--cli-input-json";

/// Members whose flags are named otherwise, as in the AWS CLI.
const RENAMED: &[(&str, &str)] = &[
    ("CidrIp", "cidr"),
    ("IpProtocol", "protocol"),
    ("SourceSecurityGroupName", "source-group"),
    ("SourceSecurityGroupOwnerId", "group-owner"),
    ("Resources", "resources"),
];

/// Why members are no flags.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    #[error("{FLAG} wants JSON, or file://PATH")]
    NoValue,
    #[error("{FLAG}: {0}")]
    Content(String),
    #[error("{FLAG}: not JSON: {0}")]
    Json(serde_json::Error),
    #[error("{FLAG}: an object of members is expected")]
    NoObject,
    #[error("{FLAG}: `{command}` has no flag for the member {member}; it has those for {known}")]
    Unknown { command: String, member: String, known: String },
}

/// The arguments with members of `--cli-input-json` as flags; others as they are.
pub(super) fn expand(arguments: Vec<OsString>, cli: &Command) -> Result<Vec<OsString>, InputError> {
    let mut rest = Vec::new();
    let mut input = None;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some(FLAG) => {
                let value = arguments.next().ok_or(InputError::NoValue)?;
                input = Some(value.into_string().map_err(|_| InputError::NoValue)?);
            }
            Some(text) if text.starts_with(FLAG) && text.as_bytes().get(FLAG.len()) == Some(&b'=') => {
                input = Some(text[FLAG.len() + 1..].to_owned());
            }
            Some(_) | None => rest.push(argument),
        }
    }
    let Some(input) = input else { return Ok(rest) };
    let content = content(&input).map_err(|error| InputError::Content(error.to_string()))?;
    let members = match serde_json::from_str(&content).map_err(InputError::Json)? {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(InputError::NoObject);
        }
    };
    let matches = cli.clone().ignore_errors(true).try_get_matches_from(&rest).ok();
    let command = matches.as_ref().and_then(|matches| cli.find_subcommand(matches.subcommand_name()?));
    // Without a command there is a mistake to be told that is greater.
    if let Some(command) = command {
        let flags = flags(command, &members, &rest)?;
        rest.extend(flags.into_iter().map(OsString::from));
    }
    Ok(rest)
}

/// The members as flags of a command, but for those that are on the command line.
fn flags(command: &Command, members: &Map<String, Value>, given: &[OsString]) -> Result<Vec<String>, InputError> {
    let mut flags = Vec::new();
    for (member, value) in members {
        let name = flag_of(member);
        let Some(flag) = command.get_arguments().find(|flag| flag.get_long() == Some(name.as_str())) else {
            let known = command.get_arguments().filter_map(clap::Arg::get_long).map(|long| format!("--{long}"));
            return Err(InputError::Unknown {
                command: command.get_name().to_owned(),
                member: member.clone(),
                known: known.collect::<Vec<_>>().join(", "),
            });
        };
        let long = format!("--{name}");
        let contrary = format!("--no-{name}");
        let is_given = |argument: &OsString| {
            let flag = argument.to_str().map_or("", |text| text.split_once('=').map_or(text, |(flag, _)| flag));
            flag == long || flag == contrary
        };
        if given.iter().any(is_given) {
            continue;
        }
        let takes_value = flag.get_action().takes_values();
        match value {
            Value::Null | Value::Bool(false) if !takes_value => {}
            Value::Null => {}
            Value::Bool(true) if !takes_value => flags.push(long),
            Value::Array(items) => flags.extend(items.iter().map(|item| format!("{long}={}", word(item)))),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                flags.push(format!("{long}={}", word(value)));
            }
        }
    }
    Ok(flags)
}

/// A value as it stands behind a flag: flags take JSON where they take structures.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// The flag of a member: `TagSpecifications` is `--tag-specifications`, `Ipv6CidrBlock` is `--ipv6-cidr-block`.
fn flag_of(member: &str) -> String {
    if let Some((_, flag)) = RENAMED.iter().find(|(name, _)| *name == member) {
        return (*flag).to_owned();
    }
    let mut flag = String::new();
    let mut is_inside = false;
    for char in member.chars() {
        if char.is_ascii_uppercase() && is_inside {
            flag.push('-');
        }
        is_inside = !char.is_ascii_uppercase();
        flag.push(char.to_ascii_lowercase());
    }
    flag
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;
    use clap::CommandFactory as _;

    fn expanded(arguments: &[&str]) -> Result<Vec<String>, String> {
        let arguments = arguments.iter().map(OsString::from).collect();
        let expanded = expand(arguments, &Cli::command()).map_err(|error| error.to_string())?;
        Ok(expanded.into_iter().map(|argument| argument.into_string().expect("text")).collect())
    }

    #[test]
    fn members_become_flags() {
        let json = r#"{"GroupName": "web", "Description": "of a -test", "DryRun": true, "VpcId": null,
            "TagSpecifications": [{"ResourceType": "security-group"}]}"#;
        let wanted = [
            "ctl",
            "create-security-group",
            "--group-name=web",
            "--description=of a -test",
            "--dry-run",
            r#"--tag-specifications={"ResourceType":"security-group"}"#,
        ];
        assert_eq!(expanded(&["ctl", "create-security-group", FLAG, json]).expect("flags"), wanted);
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("input.json");
        std::fs::write(&path, json).expect("a file");
        let file = format!("{FLAG}=file://{}", path.display());
        assert_eq!(expanded(&["ctl", &file, "create-security-group"]).expect("flags"), wanted);
    }

    #[test]
    fn flags_go_before_members() {
        let json = r#"{"GroupIds": ["sg-1", "sg-2"], "MaxResults": 5, "DryRun": false}"#;
        let given = ["ctl", "describe-security-groups", "--max-results", "7", FLAG, json];
        let wanted = ["ctl", "describe-security-groups", "--max-results", "7", "--group-ids=sg-1", "--group-ids=sg-2"];
        assert_eq!(expanded(&given).expect("flags"), wanted);
        let json = r#"{"SourceDestCheck": {"Value": true}, "DryRun": true}"#;
        let given = ["ctl", "modify-instance-attribute", "--no-source-dest-check", "--no-dry-run"];
        assert_eq!(expanded(&[given.as_slice(), &[FLAG, json]].concat()).expect("flags"), given);
    }

    #[test]
    fn values_of_flags_are_no_commands() {
        let given = ["ctl", "--socket", "status", "describe-vpcs", FLAG, r#"{"VpcIds": ["vpc-1"]}"#];
        let wanted = ["ctl", "--socket", "status", "describe-vpcs", "--vpc-ids=vpc-1"];
        assert_eq!(expanded(&given).expect("flags"), wanted);
    }

    #[test]
    fn mistakes_name_what_is_wrong() {
        let error = |json| expanded(&["ctl", "create-security-group", FLAG, json]).expect_err("a mistake");
        assert!(error("{").starts_with("--cli-input-json: not JSON: EOF"));
        assert_eq!(error("[]"), "--cli-input-json: an object of members is expected");
        assert!(error(r#"{"Name": "x"}"#).starts_with(
            "--cli-input-json: `create-security-group` has no flag for the member Name; it has those for --group-name"
        ));
        assert!(error("file:///nonexistent").contains("/nonexistent can't be read"));
        assert!(expanded(&["ctl", "create-security-group", FLAG]).is_err());
    }

    #[test]
    fn names_of_flags_are_those_of_the_aws_cli() {
        for (member, flag) in [
            ("GroupId", "group-id"),
            ("Ipv6CidrBlock", "ipv6-cidr-block"),
            ("AmazonProvidedIpv6CidrBlock", "amazon-provided-ipv6-cidr-block"),
            ("CidrIp", "cidr"),
        ] {
            assert_eq!(flag_of(member), flag);
        }
    }
}
