//! The daemon's own troubles.

use firewall_tests::controller::{Answer, Controller, binary};
use firewall_tests::netns::Namespace;
use firewall_tests::world::{OPEN, World, friend, only, stranger};
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// No controller, a bad configuration, no privileges.
const ENVIRONMENT: i32 = 253;
/// The id of `nobody`.
const NOBODY: u32 = 65_534;

#[test]
fn without_a_daemon_the_way_to_start_one_is_named() {
    let namespace = Namespace::new("none");
    let ctl = Controller::stopped(&namespace, &[]);
    let socket = ctl.socket().display().to_string();
    let words = [format!("no controller answers on {socket}: start it with"), "firewall-ctl daemon".to_owned()];
    for command in [&["status"] as &[&str], &["describe-vpcs"], &["attach", "eth0"]] {
        ctl.ctl(command).refused(ENVIRONMENT, &words.each_ref().map(String::as_str));
    }
}

#[test]
fn a_socket_that_a_dead_daemon_left_is_no_daemon() {
    let namespace = Namespace::new("dead");
    let mut ctl = Controller::start(&namespace);
    ctl.stop(Signal::SIGKILL);
    ctl.ctl(&["status"]).refused(ENVIRONMENT, &["no controller answers on"]);
    ctl.restart();
    let _status = ctl.ok(&["status"]);
}

#[test]
fn a_second_daemon_on_the_same_directories_is_refused() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend()[0]));
    ctl.attach("eth0", &group, &[]);
    // The same directories; only one of them the same; each time the first one goes on.
    let fresh = tempfile::tempdir().unwrap();
    let path = |name: &str| fresh.path().join(name);
    let pins = ctl.bpffs().with_extension("none");
    for (state, run, bpffs) in [
        (ctl.state_dir(), ctl.run_dir(), ctl.bpffs().to_owned()),
        (ctl.state_dir(), path("run"), pins.clone()),
        (path("state"), ctl.run_dir(), pins.clone()),
        (path("state"), path("run"), ctl.bpffs().to_owned()),
    ] {
        let mut command = world.host.command(binary());
        command.arg("daemon").arg("--state-dir").arg(&state).arg("--run-dir").arg(&run).arg("--bpffs").arg(&bpffs);
        let answer = Answer::of(&mut command, &["daemon"]);
        assert!(!matches!(answer.code, None | Some(0)), "{answer:#?}");
        let names_it = [&state, &run, &bpffs].iter().any(|path| answer.stderr.contains(&path.display().to_string()));
        let says_it = ["another controller", "in use by"].iter().any(|words| answer.stderr.contains(words));
        assert!(names_it && says_it, "{answer:#?}");
    }
    assert!(!pins.exists(), "{}", pins.display());
    assert_eq!(ctl.attached(), ["eth0"]);
    world.tcp_in(friend()[0], OPEN).answers();
    world.tcp_in(stranger()[0], OPEN).is_silent();
}

/// A place where everybody may start the program: the target directory need not be one.
struct Public {
    directory: tempfile::TempDir,
}

impl Public {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // By a process of its own: a file that a thread writes is open in what other threads start meanwhile, and cannot be
        // started as long as they have it.
        let copied = Command::new("cp").arg(binary()).arg(directory.path().join("firewall-ctl")).status();
        assert!(copied.is_ok_and(|status| status.success()));
        Self { directory }
    }

    fn as_nobody(&self, arguments: &[&str]) -> Answer {
        let mut command = Command::new(self.directory.path().join("firewall-ctl"));
        command.args(arguments).uid(NOBODY).gid(NOBODY).current_dir("/");
        Answer::of(&mut command, arguments)
    }
}

#[test]
fn without_privileges_nothing_is_tried() {
    let public = Public::new();
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let (state, run, pins) = (path("state"), path("run"), "/sys/fs/bpf/fw-test-nobody");
    let start = ["daemon", "--state-dir", &state, "--run-dir", &run, "--bpffs", pins];
    public.as_nobody(&start).refused(ENVIRONMENT, &["root"]);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    public.as_nobody(&["emergency-detach", "--all"]).refused(ENVIRONMENT, &["root"]);
}

#[test]
fn the_socket_is_not_for_everybody() {
    let namespace = Namespace::new("private");
    let ctl = Controller::start(&namespace);
    let public = Public::new();
    let socket = ctl.socket().display().to_string();
    let answer = public.as_nobody(&["--socket", &socket, "create-vpc", "--cidr-block", "10.0.0.0/16"]);
    assert!(!matches!(answer.code, None | Some(0)), "{answer:#?}");
    assert_eq!(ctl.ok(&["describe-vpcs"])["Vpcs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_place_that_is_no_bpf_file_system_is_refused() {
    let namespace = Namespace::new("bpffs");
    let ctl = Controller::stopped(&namespace, &[]);
    for place in ["/proc/firewall", "/dev/null/firewall"] {
        let mut command = ctl.daemon_command();
        command.args(["--bpffs", place]);
        let answer = Answer::of(&mut command, &["daemon", "--bpffs", place]);
        assert!(!matches!(answer.code, None | Some(0)), "{answer:#?}");
        let said = format!("{}{}", answer.stderr, answer.stdout);
        assert!(said.contains(place) || said.contains("--bpffs"), "{answer:#?}");
    }
}

#[test]
fn a_damaged_state_file_is_left_as_it_is() {
    let world = World::new();
    let mut ctl = Controller::start(&world.host);
    let group = ctl.group("served");
    ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend()[0]));
    ctl.attach("eth0", &group, &[]);
    ctl.stop(Signal::SIGTERM);
    let state = fs::read_dir(ctl.state_dir()).unwrap().flatten().map(|entry| entry.path());
    let file = state.max_by_key(|path| fs::metadata(path).map_or(0, |metadata| metadata.len())).unwrap();
    let good = fs::read(&file).unwrap();
    for damaged in [good[..good.len() / 2].to_vec(), b"not a database".repeat(100), Vec::from(&good[..1])] {
        fs::write(&file, &damaged).unwrap();
        let answer = Answer::of(&mut ctl.daemon_command(), &["daemon"]);
        assert!(!matches!(answer.code, None | Some(0)), "{answer:#?}");
        let said = format!("{}{}", answer.stderr, answer.stdout);
        assert!(said.contains(&*file.to_string_lossy()), "{answer:#?}");
        assert_eq!(fs::read(&file).unwrap(), damaged, "the file is evidence, and perhaps all that is left");
        world.tcp_in(friend()[0], OPEN).answers();
        world.tcp_in(stranger()[0], OPEN).is_silent();
    }
    fs::write(&file, &good).unwrap();
    ctl.restart();
    assert_eq!(ctl.attached(), ["eth0"]);
}

#[test]
fn a_bad_configuration_is_named_with_its_key() {
    let namespace = Namespace::new("config");
    let ctl = Controller::stopped(&namespace, &[]);
    let file = ctl.state_dir().join("firewall.toml");
    for (content, words) in [
        ("colour = 'red'", ["colour", "firewall.toml"]),
        ("[limits]\nflows-v4 = -1", ["flows-v4", "firewall.toml"]),
        ("[quotas]\nvpcs = 'many'", ["many", "firewall.toml"]),
        ("log-level = 'loud'", ["loud", "firewall.toml"]),
        ("state-dir", ["firewall.toml", "1"]),
    ] {
        fs::write(&file, content).unwrap();
        let mut command = ctl.daemon_command();
        command.arg("--config").arg(&file);
        Answer::of(&mut command, &["daemon", "--config"]).refused(ENVIRONMENT, &words);
    }
    let mut command = ctl.daemon_command();
    command.args(["--config", "/nowhere/firewall.toml"]);
    Answer::of(&mut command, &["daemon"]).refused(ENVIRONMENT, &["/nowhere/firewall.toml"]);
    let mut command = ctl.daemon_command();
    command.args(["--limit", "flows=3"]);
    Answer::of(&mut command, &["daemon"]).refused(ENVIRONMENT, &["flows"]);
    assert!(!ctl.socket().exists() && !ctl.bpffs().exists());
}

#[test]
fn a_good_configuration_is_taken() {
    let namespace = Namespace::new("config");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "log-level = 'debug'\n[limits]\nflows-v4 = 64\n[quotas]\nvpcs = 2\n").unwrap();
    let path = file.path().display().to_string();
    let ctl = Controller::start_with(&namespace, &["--config", &path]);
    ctl.ok(&["create-vpc", "--cidr-block", "10.7.0.0/16"]);
    ctl.ctl(&["create-vpc", "--cidr-block", "10.8.0.0/16"]).refused_as("VpcLimitExceeded", "CreateVpc", &[]);
}
