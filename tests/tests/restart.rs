//! The daemon ends, by its own will or not, and enforcement goes on.

use firewall_tests::controller::Controller;
use firewall_tests::traffic::Connection;
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, OTHER, World, enforced, friend, host, only, served, stranger};
use nix::sys::signal::Signal;

fn flows(world: &World) -> [Connection; 2] {
    friend().map(|friend| world.connected_in(friend, OPEN))
}

fn talk(flows: &mut [Connection; 2], text: &str) {
    for flow in flows {
        flow.talk(text).answers();
    }
}

fn lives_through(signal: Signal, hook: &str) {
    let world = World::new();
    let mut ctl = Controller::start(&world.host);
    let group = served(&ctl);
    let interface = ctl.attach("eth0", &group, &["--hook", hook]);
    let mut flows = flows(&world);
    talk(&mut flows, "before");
    // With every rule gone, only the flow table lets these two go on: it has to survive as well.
    for address in friend() {
        ctl.revoke(&group, "tcp", &OPEN.to_string(), &only(address));
    }

    ctl.stop(signal);
    talk(&mut flows, "without a daemon");
    world.tcp_in(friend()[0], OPEN).is_silent();
    ctl.restart();
    talk(&mut flows, "with the next one");
    world.tcp_in(friend()[0], OPEN).is_silent();
    for address in friend() {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
    }
    enforced(&world);
    talk(&mut flows, "after a change");

    let again = ctl.ok(&["attach", "eth0", "--groups", &group, "--hook", hook]);
    assert_eq!((&again["State"], &again["NetworkInterfaceId"]), (&"unchanged".into(), &interface.into()), "{again}");
    let status = ctl.ok(&["status"]);
    assert_eq!(status["Programs"]["Adopted"], true, "{status}");
    assert_eq!(status["Interfaces"][0]["State"], "enforced", "{status}");
    assert_eq!(status["Problems"].as_array().map(Vec::len), Some(0), "{status}");
}

#[test]
fn a_terminated_daemon_leaves_xdp_in_place() {
    lives_through(Signal::SIGTERM, "xdp");
}

#[test]
fn a_terminated_daemon_leaves_tc_in_place() {
    lives_through(Signal::SIGTERM, "tc");
}

#[test]
fn a_killed_daemon_leaves_xdp_in_place() {
    lives_through(Signal::SIGKILL, "xdp");
}

#[test]
fn a_killed_daemon_leaves_tc_in_place() {
    lives_through(Signal::SIGKILL, "tc");
}

#[test]
fn what_was_asked_for_is_remembered() {
    let world = World::new();
    let mut ctl = Controller::start(&world.host);
    let group = served(&ctl);
    let member = ctl.member(&group, stranger()[0]);
    let commands = [["describe-security-groups"], ["describe-security-group-rules"], ["describe-network-interfaces"]];
    let before = commands.map(|command| ctl.ok(&command));
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        ctl.stop(signal);
        ctl.restart();
        assert_eq!(commands.map(|command| ctl.ok(&command)), before, "{signal}");
    }
    ctl.delete_member(&member);
}

#[test]
fn a_device_that_was_changed_while_the_daemon_was_away_is_seen_to() {
    let world = World::new();
    let mut ctl = Controller::start(&world.host);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &[]);
    ctl.stop(Signal::SIGKILL);
    world.host.remove("eth0");
    ctl.restart();
    let status = ctl.ok(&["status"]);
    assert_eq!(status["Interfaces"][0]["State"], "missing", "{status}");
}

#[test]
fn emergency_detach_needs_nothing_but_the_pins() {
    for what in ["eth0", "--all"] {
        let world = World::new();
        let mut ctl = Controller::start(&world.host);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &[]);
        enforced(&world);
        ctl.stop(Signal::SIGKILL);
        std::fs::remove_dir_all(ctl.state_dir()).unwrap();
        let pins = ctl.bpffs().to_str().unwrap().to_owned();
        let answer = ctl.ctl(&["emergency-detach", what, "--bpffs", &pins]);
        assert_eq!(answer.code, Some(0), "{answer:#?}");
        for stranger in stranger() {
            world.tcp_in(stranger, OPEN).answers();
            world.tcp_in(stranger, OTHER).answers();
        }
    }
}

#[test]
fn a_running_daemon_leaves_alone_what_was_detached_in_an_emergency() {
    for what in ["eth0", "--all"] {
        let world = World::new();
        let mut ctl = Controller::start(&world.host);
        let group = served(&ctl);
        ctl.attach("eth0", &group, &[]);
        enforced(&world);
        let pins = ctl.bpffs().to_str().unwrap().to_owned();
        assert_eq!(ctl.ctl(&["emergency-detach", what, "--bpffs", &pins]).code, Some(0));
        let state = |ctl: &Controller<'_>| ctl.ok(&["status"])["Interfaces"][0].to_string();
        assert!(state(&ctl).contains("emergency-detach"), "the status says why, at once");
        ctl.stop(Signal::SIGTERM);
        ctl.restart();
        eventually("the status says why", || state(&ctl).contains("emergency-detach"));
        for stranger in stranger() {
            world.tcp_in(stranger, OTHER).answers();
        }
        let answer = ctl.ok(&["attach", "eth0", "--groups", &group]);
        assert_eq!(answer["State"], "attached", "{answer}");
        enforced(&world);
    }
}

#[test]
fn emergency_detach_says_what_it_did_not_find() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let pins = ctl.bpffs().to_str().unwrap().to_owned();
    let answer = ctl.ctl(&["emergency-detach", "eth7", "--bpffs", &pins]);
    assert_ne!(answer.code, Some(0), "{answer:#?}");
    assert!(answer.stderr.contains("there is no device eth7 in this network namespace"), "{answer:#?}");
}

/// As after a start of the machine: the record is there, and nothing of it in the kernel.
#[test]
fn a_start_that_fails_for_the_ec2_api_leaves_no_host_open() {
    let world = World::new();
    let mut ctl = Controller::start(&world.host);
    let group = served(&ctl);
    ctl.attach("eth0", &group, &[]);
    ctl.stop(Signal::SIGTERM);
    for pins in std::fs::read_dir(ctl.bpffs()).unwrap() {
        std::fs::remove_dir_all(pins.unwrap().path()).unwrap();
    }
    eventually("nothing is enforced", || world.tcp_in(stranger()[0], OPEN).is_answered());
    let certificate = ctl.state_dir().join("missing.pem");
    let output = ctl
        .daemon_command()
        .args(["--listen", "127.0.0.1:8773", "--tls-certificate"])
        .arg(&certificate)
        .arg("--tls-key")
        .arg(&certificate)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("missing.pem"), "{said}");
    enforced(&world);
    ctl.restart();
    enforced(&world);
}

/// The ways that a device can be attached, both of which let a friend in at one port and nobody at another one.
const HOST: [&str; 2] = ["--side", "host"];
const WORKLOAD: [&str; 5] = ["--side", "workload", "--private-ip-addresses", "10.0.0.9", "--no-source-dest-check"];

fn attach_again(ctl: &Controller<'_>, options: &[&str]) -> std::process::Output {
    ctl.command(&[&["attach", "eth0", "--replace"], options].concat()).output().expect("run a command")
}

/// Steps of a change that the daemon is killed before: those that put the programs elsewhere, and the first of those that write
/// the record.
const STEPS: usize = 16;

/// Kills the daemon before each step in turn of a change from one way to another.
fn killed_at_every_step(from: &[&str], to: &[&str]) {
    let world = World::new();
    let mut ctl = Controller::start(&world.host);
    let group = ctl.group("either way");
    ctl.close_egress(&group);
    for (friend, own) in friend().into_iter().zip(host()) {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend));
        // To the host, what comes from beyond is what a workload sends.
        let out = ["--protocol", "tcp", "--port", &OPEN.to_string(), "--cidr", &only(own)];
        ctl.ok(&[["authorize-security-group-egress", "--group-id", &group].as_slice(), &out].concat());
    }
    ctl.attach("eth0", &group, from);
    let judges = |when: &str, step: usize| {
        println!("{when} step {step}");
        world.tcp_in(friend()[step % 2], OPEN).answers();
        world.tcp_in(friend()[step % 2], OTHER).is_silent();
    };
    for step in 0..STEPS {
        let back = attach_again(&ctl, from);
        assert!(back.status.success(), "before step {step}: {back:?}");
        judges("before", step);
        let killer = ctl.kill_after(step);
        let changed = attach_again(&ctl, to);
        assert!(ctl.killed(killer) || changed.status.success(), "{changed:?}");
        judges("killed at", step);
        ctl.restart();
        assert_eq!(ctl.state(), "enforced", "after step {step}");
        judges("after", step);
    }
}

#[test]
fn a_change_of_side_judges_at_every_step() {
    killed_at_every_step(&[HOST.as_slice(), &["--hook", "xdp"]].concat(), &WORKLOAD);
    killed_at_every_step(&[WORKLOAD.as_slice(), &["--hook", "tc"]].concat(), &HOST);
}

#[test]
fn a_change_of_hook_judges_at_every_step() {
    for (from, to) in [("tc", "xdp"), ("xdp", "xdp-generic")] {
        killed_at_every_step(&["--hook", from], &["--hook", to]);
    }
}
