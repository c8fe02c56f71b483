//! boto3, told what to call by a test in Rust.

use super::Site;
use firewall_tests::controller::text;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A client that is told what to call.
pub struct Boto3 {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Boto3 {
    pub fn new(site: &Site<'_>) -> Self {
        Self::of(site.script("call.py"))
    }

    /// A client that is told more by its environment.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start Python");
        let asked = child.stdin.take().expect("was piped");
        let answers = BufReader::new(child.stdout.take().expect("was piped"));
        Self { child, asked, answers }
    }

    /// Calls what is answered.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let answer = self.ask(method, parameters);
        assert_eq!(answer.get("Error"), None, "{method}: {answer}");
        answer
    }

    /// Calls what is refused, or does not come about: the error's code.
    #[track_caller]
    pub fn refused(&mut self, method: &str, parameters: &Value) -> String {
        text(&self.ask(method, parameters), "/Error/Code")
    }

    #[track_caller]
    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        writeln!(self.asked, "{}", json!([method, parameters])).expect("ask boto3");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer of boto3");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{method}: {error}: {line:?}"))
    }

    pub fn group(&mut self, name: &str, vpc: &str) -> String {
        let request = json!({"GroupName": name, "Description": "of a test", "VpcId": vpc});
        let answer = self.call("create_security_group", &request);
        text(&answer, "/GroupId")
    }
}

impl Drop for Boto3 {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
