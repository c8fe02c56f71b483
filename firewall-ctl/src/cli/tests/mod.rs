mod requests;

use super::*;
use crate::actions::Request;
use crate::daemon::Config;
use clap::{CommandFactory, Parser};
use requests::requests;
use std::time::Duration;

/// The words of a line as a shell would split it; single and double quotes only.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None;
    let mut quote = None;
    for char in line.chars() {
        match (char, quote) {
            ('\'' | '"', None) => {
                quote = Some(char);
                word.get_or_insert_with(String::new);
            }
            (_, Some(open)) if char == open => quote = None,
            (' ', None) => words.extend(word.take()),
            (_, _) => word.get_or_insert_with(String::new).push(char),
        }
    }
    words.extend(word);
    words
}

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(words(&format!("firewall-ctl {line}")))
}

fn call(line: &str) -> call::Call {
    match run::work(parse(line).unwrap_or_else(|error| panic!("{line}: {error}")).command) {
        run::Work::Call(call) | run::Work::Judge(call) | run::Work::Flush(call) | run::Work::Follow(call) => call,
        run::Work::Print(_) | run::Work::Man(_) | run::Work::Daemon(_) | run::Work::EmergencyDetach(_) => {
            panic!("{line} is no request")
        }
    }
}

/// The command lines in a command's help, without the program's name.
fn examples(command: &clap::Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    // A line ends within a word only between double quotes.
    let joined = help.replace(" \\\n      ", " ").replace(",\\\n", ",");
    joined.lines().filter_map(|line| line.strip_prefix("  firewall-ctl ")).map(str::to_owned).collect()
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_help_with_examples_that_parse() {
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name} says what it does");
        let examples = examples(command);
        assert!(!examples.is_empty(), "{name} has an example");
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.lines().all(|line| line.len() < 80), "{name}: an example would be wrapped");
        for example in examples {
            assert!(example.starts_with(name), "{name}: {example}");
            parse(&example).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}

#[test]
fn every_flag_says_what_it_is() {
    for command in Cli::command().get_subcommands() {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
    }
}

#[test]
fn what_every_command_has_is_under_no_heading_of_its_neighbours() {
    let command = Cli::command();
    for command in command.get_subcommands() {
        let heading =
            |name: &str| command.get_arguments().find(|argument| argument.get_id() == name)?.get_help_heading();
        for name in ["dry_run", "no_dry_run", "tag_specifications", "cut_flows"] {
            assert_eq!(heading(name), None, "{} {name}", command.get_name());
        }
        assert!(heading("max_items").is_none_or(|heading| heading == "Pages"), "{}", command.get_name());
    }
}

#[test]
fn every_operation_has_a_command() {
    let command = Cli::command();
    let first = |command| examples(command).into_iter().next();
    let mut operations: Vec<_> = command
        .get_subcommands()
        .filter_map(|command| match run::work(parse(&first(command)?).ok()?.command) {
            run::Work::Call(call) | run::Work::Judge(call) | run::Work::Flush(call) | run::Work::Follow(call) => {
                Some(call.operation)
            }
            run::Work::Print(_) | run::Work::Man(_) | run::Work::Daemon(_) | run::Work::EmergencyDetach(_) => None,
        })
        .collect();
    let mut wanted = Request::OPERATIONS.to_vec();
    operations.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(operations, wanted);
}

#[test]
fn flags_become_requests_that_the_controller_understands() {
    for (line, operation, body) in requests() {
        let call = call(line);
        assert_eq!((call.operation, call.body()), (operation, body.clone()), "{line}");
        let request = Request::parse(operation, body).unwrap_or_else(|error| panic!("{line}: {error}"));
        let changes_by_request = !request.is_read_only() && !matches!(operation, "ConfirmChange" | "UndoChange");
        assert_eq!(call.guard.is_some(), changes_by_request, "{line}");
    }
}

#[test]
fn changes_carry_their_guard() {
    let call = call("attach eth0 --confirm-within 2m");
    let guard = call::Guard { force: false, confirm_within: Some(Duration::from_secs(120)) };
    assert_eq!(call.guard, Some(guard));
}

#[test]
fn wrong_command_lines_are_252_and_say_what_is_wrong() {
    let authorize = "authorize-security-group-ingress --group-id sg-1";
    let cases = [
        (String::new(), "Usage:"),
        ("create-unicorn".into(), "unrecognized subcommand"),
        ("delete-vpc".into(), "--vpc-id"),
        ("delete-security-group".into(), "--group-id"),
        ("delete-security-group --group-id a --group-name b".into(), "cannot be used with"),
        (authorize.into(), "--protocol"),
        (format!("{authorize} --port 80"), "--protocol"),
        (format!("{authorize} --type gopher --cidr ::/0"), "ssh, telnet, smtp, dns-udp, dns-tcp, http"),
        (format!("{authorize} --type ssh --port 23"), "cannot be used with"),
        (format!("{authorize} --type ssh --protocol tcp"), "cannot be used with"),
        (format!("{authorize} --protocol tcp --prefix-list-id pl-1 --cidr ::/0"), "cannot be used with"),
        (format!("{authorize} --cidr ::/0"), "--protocol"),
        ("modify-security-group --group-id sg-1".into(), "--group-name"),
        ("modify-managed-prefix-list --prefix-list-id pl-1".into(), "--add-entries"),
        ("replace-security-group-rules --group-id sg-1".into(), "--direction"),
        ("replace-security-group-rules --group-id sg-1 --direction in".into(), "ingress, egress, both"),
        (
            "update-security-group-rule-descriptions-ingress --group-id sg-1".into(),
            "--security-group-rule-descriptions",
        ),
        ("create-tags --resources sg-1".into(), "--tags"),
        ("create-tags --resources sg-1 --tags Name=x".into(), "unknown member `Name`"),
        (format!("{authorize} --protocol http"), "invalid value 'http'"),
        (format!("{authorize} --protocol tcp --port http"), "invalid value 'http'"),
        (format!("{authorize} --protocol tcp --cidr ::/0 --source-group sg-2"), "cannot be used with"),
        (format!("{authorize} --protocol tcp --ip-permissions IpProtocol=tcp"), "cannot be used with"),
        (format!("{authorize} --ip-permissions Protocol=tcp"), "unknown member `Protocol`"),
        (format!("{authorize} --ip-permissions file:///nonexistent.json"), "can't be read"),
        ("revoke-security-group-ingress --group-id sg-1".into(), "--security-group-rule-ids"),
        ("modify-network-interface-attribute --groups sg-1".into(), "--network-interface-id"),
        ("attach".into(), "<DEV>"),
        ("attach eth0 --hook ebpf".into(), "invalid value 'ebpf'"),
        ("attach eth0 --force --confirm-within 1m".into(), "cannot be used with"),
        ("attach eth0 --confirm-within soon".into(), "invalid value 'soon'"),
        ("flush-flows".into(), "--all"),
        ("drops --follow --max-items 3".into(), "cannot be used with"),
        ("flush-flows --all --peer 10.0.0.1".into(), "cannot be used with"),
        ("flush-flows --dry-run".into(), "--all"),
        ("describe-vpcs --filters Name".into(), "`key=` expected"),
        ("explain eth0 --peer 10.0.0.7".into(), "--protocol"),
        ("explain eth0 --protocol tcp".into(), "--peer"),
        ("explain eth0 --protocol tcp --peer 10.0.0.7 --port 70000".into(), "70000"),
        ("simulate --protocol tcp --peer 10.0.0.7".into(), "<DEV|INTERFACE>"),
        ("simulate eth0 --protocol tcp --peer 10.0.0.7 --change describe-vpcs".into(), "changes nothing"),
        ("emergency-detach".into(), "--all"),
        ("emergency-detach eth0 --all".into(), "cannot be used with"),
        ("status --output yaml".into(), "invalid value 'yaml'"),
    ];
    for (line, wanted) in cases {
        let error = parse(&line).expect_err(&line);
        assert!(error.to_string().contains(wanted), "{line}: {error}");
        assert!(error.use_stderr(), "{line}");
    }
}

#[test]
fn help_and_version_are_no_mistakes() {
    for line in ["--help", "--version", "help", "attach --help", "help attach"] {
        let error = parse(line).expect_err(line);
        assert!(!error.use_stderr(), "{line}");
    }
}

#[test]
fn the_socket_and_the_format_go_anywhere() {
    for line in ["--socket /run/x --output text status", "status --socket /run/x --output text"] {
        let Global { socket, output, colour: _, query: _, cli_input_json: _ } = parse(line).expect(line).global;
        assert_eq!(socket, PathBuf::from("/run/x"), "{line}");
        assert_eq!(output, Some(output::Format::Text), "{line}");
    }
}

#[test]
fn the_socket_is_looked_for_where_the_controller_puts_it() {
    let config = Config::merge(None, "", &DaemonArgs::default()).expect("defaults");
    let mut command = Cli::command();
    command.build();
    let socket = command.get_arguments().find(|argument| argument.get_id() == "socket").expect("--socket");
    assert_eq!(socket.get_default_values(), [config.socket().as_os_str()]);
}

#[test]
fn attach_says_that_it_is_not_what_the_service_calls_so() {
    let mut command = Cli::command();
    let attach = command.find_subcommand_mut("attach").expect("attach");
    assert!(attach.render_long_help().to_string().contains("not EC2's attach-network-interface"));
}
