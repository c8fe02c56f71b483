//! The binary as a script sees it: exit codes, stdout, stderr, and what travels to the controller.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;

/// A controller that answers one request, and hands over what it read.
struct Controller {
    directory: tempfile::TempDir,
    thread: JoinHandle<String>,
}

impl Controller {
    fn answering(status: &'static str, headers: &'static str, body: &'static str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join("s")).expect("a socket");
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a caller");
            let request = read_request(&mut stream);
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).expect("a reader");
            request
        });
        Self { directory, thread }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("s")
    }

    fn request(self) -> String {
        self.thread.join().expect("a request")
    }
}

fn read_request(stream: &mut UnixStream) -> String {
    let mut text = String::new();
    loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).expect("a request");
        text.push_str(std::str::from_utf8(&buffer[..read]).expect("text"));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        if read == 0 || body.len() >= length.parse().expect("a number") {
            return text;
        }
    }
}

fn command(socket: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firewall-ctl"));
    command.args(arguments).env("FIREWALL_SOCKET", socket).env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
    command
}

fn run(socket: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command(socket, arguments).output().expect("a process");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

#[test]
fn an_answer_is_json_where_nobody_looks() {
    let controller = Controller::answering("200 OK", "", r#"{"GroupId":"sg-1","Arn":"a"}"#);
    let arguments = ["create-security-group", "--group-name", "web", "--description", "Web"];
    let (code, stdout, stderr) = run(&controller.socket(), &arguments);
    assert_eq!(
        (code, stdout.as_str(), stderr.as_str()),
        (0, "{\n    \"GroupId\": \"sg-1\",\n    \"Arn\": \"a\"\n}\n", "")
    );
    let request = controller.request();
    assert!(request.starts_with("POST /v1/CreateSecurityGroup HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("x-firewall-ssh-connection: 192.0.2.1 50000 192.0.2.2 22\r\n"), "{request}");
    assert!(request.ends_with(r#"{"GroupName":"web","Description":"Web"}"#), "{request}");
}

#[test]
fn the_guard_travels_with_a_change() {
    let controller = Controller::answering("200 OK", "", "{}");
    let (code, stdout, _) = run(&controller.socket(), &["detach", "eth0", "--confirm-within", "2m"]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    let request = controller.request();
    assert!(request.contains("x-firewall-confirm-within: 120\r\n"), "{request}");
    assert!(!request.contains("x-firewall-force"), "{request}");
}

#[test]
fn an_empty_ssh_connection_says_that_there_is_none() {
    let controller = Controller::answering("200 OK", "", "{}");
    let mut command = command(&controller.socket(), &["detach", "eth0", "--force"]);
    assert!(command.env("SSH_CONNECTION", "").status().expect("a process").success());
    let request = controller.request();
    assert!(request.contains("x-firewall-force: true\r\n"), "{request}");
    assert!(!request.contains("x-firewall-ssh-connection"), "{request}");
}

#[test]
fn nothing_of_the_caller_travels_with_a_question() {
    let controller = Controller::answering("200 OK", "", r#"{"Vpcs":[]}"#);
    let (code, stdout, _) = run(&controller.socket(), &["describe-vpcs", "--output", "table"]);
    assert_eq!((code, stdout.as_str()), (0, "No VPC.\n"));
    assert!(!controller.request().contains("x-firewall"));
}

#[test]
fn warnings_go_to_stderr() {
    let controller =
        Controller::answering("200 OK", "x-firewall-warning: matches nothing\r\n", r#"{"Warnings":["own"]}"#);
    let arguments = ["authorize-security-group-ingress", "--group-id", "sg-1", "--protocol", "icmp", "--port", "8"];
    let (code, _, stderr) = run(&controller.socket(), &arguments);
    let note = "note: --port 8 is type 8 with code 8; every code of type 8 is --port 8--1\n";
    assert_eq!((code, stderr), (0, format!("{note}warning: matches nothing\nwarning: own\n")));
}

#[test]
fn what_becomes_of_a_packet_is_the_exit_code() {
    let explain = &["explain", "eth0", "--protocol", "47", "--peer", "192.0.2.1"][..];
    let simulate = &["simulate", "eth0", "--protocol", "47", "--peer", "192.0.2.1"][..];
    for (arguments, body, wanted) in [
        (explain, r#"{"ByModel":{"Verdict":"pass"}}"#, 0),
        (explain, r#"{"ByModel":{"Verdict":"would-drop"}}"#, 0),
        (explain, r#"{"ByModel":{"Verdict":"drop"}}"#, 1),
        (explain, r#"{"ByModel":{"Verdict":"pass"},"ByKernel":{"Verdict":"drop"}}"#, 1),
        (explain, r#"{"ByModel":{"Verdict":"drop"},"ByKernel":{"Verdict":"pass"}}"#, 0),
        (simulate, r#"{"Before":{"Verdict":"drop"},"After":{"Verdict":"pass"}}"#, 0),
        (simulate, r#"{"Before":{"Verdict":"pass"},"After":{"Verdict":"drop"}}"#, 1),
        (simulate, r#"{"Before":{"Verdict":"drop"}}"#, 0),
    ] {
        let controller = Controller::answering("200 OK", "", body);
        let (code, stdout, stderr) = run(&controller.socket(), arguments);
        assert_eq!((code, stderr.as_str()), (wanted, ""), "{body}");
        assert!(stdout.contains("Verdict"), "{stdout}");
        controller.request();
    }
}

#[test]
fn a_refusal_is_254() {
    let body = r#"{"Code":"CannotDelete","Message":"the specified group","Detail":"It goes with its VPC."}"#;
    let controller = Controller::answering("400 Bad Request", "", body);
    let (code, stdout, stderr) = run(&controller.socket(), &["delete-security-group", "--group-id", "sg-1"]);
    let wanted = "\nAn error occurred (CannotDelete) when calling the DeleteSecurityGroup operation: the specified group\n\
                  It goes with its VPC.\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (254, "", wanted));
}

#[test]
fn no_controller_is_253() {
    let (code, stdout, stderr) = run(Path::new("/nonexistent/firewall.sock"), &["status"]);
    let wanted =
        "firewall-ctl: no controller answers on /nonexistent/firewall.sock: start it with `firewall-ctl daemon`\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (253, "", wanted));
}

#[test]
fn an_answer_that_is_none_is_255() {
    let controller = Controller::answering("200 OK", "", "hello");
    let (code, stdout, stderr) = run(&controller.socket(), &["status"]);
    assert_eq!((code, stdout.as_str()), (255, ""));
    assert!(stderr.contains("answered no JSON"), "{stderr}");
}

#[test]
fn a_wrong_command_line_is_252_and_help_is_0() {
    let nowhere = Path::new("/nonexistent");
    for arguments in [&[][..], &["create-unicorn"], &["attach"], &["status", "--output", "yaml"]] {
        let (code, stdout, stderr) = run(nowhere, arguments);
        assert_eq!((code, stdout.as_str()), (252, ""), "{arguments:?}");
        assert!(stderr.contains("Usage:") || stderr.contains("--help"), "{arguments:?}: {stderr}");
    }
    for arguments in [&["--help"][..], &["--version"], &["attach", "--help"]] {
        let (code, stdout, stderr) = run(nowhere, arguments);
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(!stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = command(Path::new("/nonexistent"), &["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
