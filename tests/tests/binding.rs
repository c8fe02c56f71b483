//! Interfaces that a tag puts on a device of the host, with real sockets.

use firewall_tests::controller::{Controller, text};
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, World, friend, host, only, stranger};
use serde_json::Value;

/// Makes an interface of a group with the host's addresses, and a tag that asks for a device.
fn tagged(ctl: &Controller<'_>, group: &str, device: &str, addresses: [&str; 2]) -> String {
    let tags = format!("ResourceType=network-interface,Tags=[{{Key=firewall:device,Value={device}}}]");
    let [ipv4, ipv6] = addresses;
    let answer = ctl.ok(&[
        "create-network-interface",
        "--groups",
        group,
        "--private-ip-addresses",
        ipv4,
        "--ipv6-addresses",
        ipv6,
        "--tag-specifications",
        &tags,
    ]);
    text(&answer, "/NetworkInterface/NetworkInterfaceId")
}

fn binding(ctl: &Controller<'_>, interface: &str) -> Value {
    let answer = ctl.ok(&["describe-network-interfaces", "--network-interface-ids", interface]);
    answer["NetworkInterfaces"][0]["DeviceBinding"].clone()
}

#[test]
fn packets_obey_a_tag() {
    let world = World::new();
    let options = ["--host-name", "here", "--bindable-device", "eth0=host"];
    let ctl = Controller::start_with(&world.host, &options);
    let group = ctl.group("bound");
    for address in friend() {
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(address));
    }
    for address in stranger() {
        world.tcp_in(address, OPEN).answers();
    }
    let addresses = host().map(|address| address.to_string());
    let interface = tagged(&ctl, &group, "here/eth0", [&addresses[0], &addresses[1]]);
    eventually("the device is bound", || binding(&ctl, &interface)["State"] == "bound");
    for (friend, stranger) in friend().into_iter().zip(stranger()) {
        world.tcp_in(friend, OPEN).answers();
        world.tcp_in(stranger, OPEN).is_silent();
    }
    // Another one that asks for it is told why not; so is one that asks for a device that is not listed.
    let rival = tagged(&ctl, &group, "here/eth0", ["10.9.0.1", "fd00:9::1"]);
    let unlisted = tagged(&ctl, &group, "here/lo", ["10.9.0.2", "fd00:9::2"]);
    for (id, reason) in [(&rival, "is in use"), (&unlisted, "does not list the device 'lo'")] {
        eventually("the reason is told", || binding(&ctl, id)["State"] == "refused");
        let told = binding(&ctl, id);
        assert!(text(&told, "/Reason").contains(reason), "{told}");
    }
    let status = ctl.ok(&["status"]);
    assert_eq!(status["Bindings"].as_array().map(Vec::len), Some(3), "{status}");
    let problems = status["Problems"].to_string();
    assert!(problems.contains(&rival) && problems.contains(&unlisted), "{problems}");
    // The device goes free with the interface, and the next one gets it.
    ctl.ok(&["delete-network-interface", "--network-interface-id", &interface]);
    eventually("the next one is bound", || binding(&ctl, &rival)["State"] == "bound");
    // The same by the tag alone.
    ctl.ok(&["delete-tags", "--resources", &rival, "--tags", "Key=firewall:device"]);
    eventually("the device is free", || binding(&ctl, &rival) == Value::Null);
    ctl.ok(&["create-tags", "--resources", &rival, "--tags", "Key=firewall:device,Value=here/eth0"]);
    eventually("it is bound again", || binding(&ctl, &rival)["State"] == "bound");
    ctl.ok(&["delete-network-interface", "--network-interface-id", &rival]);
    eventually("nothing is attached", || ctl.ok(&["status"])["Interfaces"] == serde_json::json!([]));
    for address in stranger() {
        world.tcp_in(address, OPEN).answers();
    }
}

#[test]
fn a_tag_locks_nobody_out_who_is_logged_in() {
    let world = World::new();
    let options = ["--host-name", "here", "--bindable-device", "eth0=host"];
    let ctl = Controller::start_with(&world.host, &options);
    let group = ctl.group("bound");
    let session = world.connected_in(friend()[0], OPEN);
    let client = session.local();
    let told = format!("{} {} {} {OPEN}", client.ip(), client.port(), host()[0]);
    let mut shell =
        world.host.command("sleep").arg("600").env("SSH_CONNECTION", told).spawn().expect("start a process");
    let addresses = host().map(|address| address.to_string());
    let interface = tagged(&ctl, &group, "here/eth0", [&addresses[0], &addresses[1]]);
    eventually("it is refused", || binding(&ctl, &interface)["State"] == "refused");
    let reason = text(&binding(&ctl, &interface), "/Reason");
    assert!(reason.contains("logged in by SSH") && reason.contains(&only(friend()[0])), "{reason}");
    assert!(ctl.ok(&["status"])["Problems"].to_string().contains("logged in by SSH"));
    world.tcp_in(stranger()[0], OPEN).answers();
    // Whoever is let in by a rule is not locked out; neither is who has gone.
    ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend()[0]));
    eventually("it is bound", || binding(&ctl, &interface)["State"] == "bound");
    world.tcp_in(stranger()[0], OPEN).is_silent();
    shell.kill().expect("end the process");
    shell.wait().expect("the end of the process");
}
