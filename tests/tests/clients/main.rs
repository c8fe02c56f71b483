//! Clients of EC2, as people have them, against the EC2 API: scripts of tests/clients, each with a controller of its own.

mod boto3;
mod packets;
mod reload;

use firewall_tests::controller::{Controller, binary, text};
use firewall_tests::netns::Namespace;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the EC2 API is, in a namespace of its own.
const LISTEN: &str = "127.0.0.1:8773";

/// The virtual environment with the clients.
fn environment() -> PathBuf {
    let path = std::env::var_os("FIREWALL_CLIENTS").map(PathBuf::from);
    path.expect("FIREWALL_CLIENTS names no environment: run `cargo xtask test clients`, which makes one")
}

/// A controller that offers the EC2 API, and a key to it.
struct Site<'a> {
    ctl: Controller<'a>,
    key: (String, String),
    home: tempfile::TempDir,
}

impl<'a> Site<'a> {
    fn new(namespace: &'a Namespace) -> Self {
        Self::with(namespace, &[])
    }

    /// As [`Site::new`], with further options of `firewall-ctl daemon`.
    fn with(namespace: &'a Namespace, options: &[&str]) -> Self {
        let ctl = Controller::start_with(namespace, &[&["--listen", LISTEN], options].concat());
        let made = ctl.ok(&["create-access-key", "--user-name", "tester", "--role", "admin"]);
        let key = (text(&made, "/AccessKey/AccessKeyId"), text(&made, "/AccessKey/SecretAccessKey"));
        Self { ctl, key, home: tempfile::tempdir().unwrap() }
    }

    /// A program of the environment, told where the controller is as AWS's tools are told.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.ctl.namespace().command(environment().join("bin").join(program).as_os_str());
        command.stdin(Stdio::null()).env_clear();
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", environment().join("bin").display()));
        command.env("HOME", self.home.path()).env("LC_ALL", "C.UTF-8").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("FIREWALL_ENDPOINT", format!("http://{LISTEN}"));
        command.env("AWS_ENDPOINT_URL", format!("http://{LISTEN}"));
        command.env("AWS_ACCESS_KEY_ID", &self.key.0).env("AWS_SECRET_ACCESS_KEY", &self.key.1);
        command.env("AWS_DEFAULT_REGION", "local").env("AWS_REGION", "local");
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_PAGER", "");
        command.env("FIREWALL_CTL", binary()).env("FIREWALL_SOCKET", self.ctl.socket());
        command
    }

    /// A script of tests/clients.
    fn script(&self, script: &str) -> Command {
        let mut command = self.command("python");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script));
        command
    }

    /// Runs a script to its end.
    #[track_caller]
    fn passes(&self, script: &str, arguments: &[&Path]) {
        let output = self.script(script).args(arguments).output().expect("start Python");
        assert!(
            output.status.success(),
            "{script}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn boto3_calls_every_action() {
    let namespace = Namespace::new("boto3");
    Site::new(&namespace).passes("actions.py", &[]);
}

#[test]
fn the_calls_of_terraform_are_answered() {
    let namespace = Namespace::new("terraform");
    Site::new(&namespace).passes("terraform.py", &[]);
}

#[test]
fn modules_of_ansible_change_nothing_the_second_time() {
    let namespace = Namespace::new("ansible");
    let site = Site::new(&namespace);
    let playbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/twice.yml");
    let mut command = site.command("ansible-playbook");
    command.arg("--inventory").arg("localhost,").arg(playbook).env("ANSIBLE_LOCALHOST_WARNING", "false");
    // The modules run by the interpreter that has boto3.
    command.arg("--extra-vars").arg(format!("ansible_python_interpreter={}/bin/python", environment().display()));
    let output = command.output().expect("start Ansible");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// Version 1 is of the environment.
#[test]
fn the_first_aws_cli_prints_what_firewall_ctl_prints() {
    let namespace = Namespace::new("cli1");
    let site = Site::new(&namespace);
    for script in ["both.py", "printed.py"] {
        site.passes(script, &[&environment().join("bin/aws")]);
    }
}

#[test]
fn the_second_aws_cli_prints_what_firewall_ctl_prints() {
    let namespace = Namespace::new("cli2");
    let path = std::env::var_os("FIREWALL_AWS").map(PathBuf::from);
    let path =
        path.expect("FIREWALL_AWS names no AWS CLI 2: run `cargo xtask test clients`, which finds or installs one");
    let site = Site::new(&namespace);
    for script in ["both.py", "printed.py"] {
        site.passes(script, &[&path]);
    }
}
