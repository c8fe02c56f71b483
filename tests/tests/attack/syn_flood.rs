//! A flood of SYN from spoofed sources over the wire, ten times as many as the flow table has room for.

use super::stage::spoofed;
use firewall_tests::controller::Controller;
use firewall_tests::ledger::Line;
use firewall_tests::packet::eth_between;
use firewall_tests::traffic::Wire;
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, OTHER, World, friend, host};
use std::thread;
use std::time::Duration;

/// Room for flows of a family, and how many times as many SYN are sent of each.
const ROOM: u32 = 1024;
const TIMES: u32 = 10;
/// Connections that are there before.
const CONNECTIONS: usize = 8;
/// SYN between two pauses.
const BURST: u32 = 64;

fn flooded(hook: &str) {
    let world = World::new();
    let room = [format!("flows-v4={ROOM}"), format!("flows-v6={ROOM}")];
    let ctl = Controller::start_with(
        &world.host,
        &["--limit", &room[0], "--limit", &room[1], "--limit", "half-open-per-interface=512"],
    );
    let group = ctl.group("served");
    // Anyone may reach the one port, and is answered by the rules that every new group has: that needs no flows. The other
    // port is open to as many, but not by one rule, and has flows.
    for anyone in ["0.0.0.0/0", "::/0"] {
        ctl.allow(&group, "tcp", &OPEN.to_string(), anyone);
    }
    for half in ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"] {
        ctl.allow(&group, "tcp", &OTHER.to_string(), half);
    }
    ctl.attach("eth0", &group, &["--hook", hook]);
    let mut connections: Vec<_> = friend()
        .into_iter()
        .flat_map(|friend| vec![friend; CONNECTIONS])
        .collect::<Vec<_>>()
        .into_iter()
        .map(|friend| world.connected_in(friend, OTHER))
        .collect();
    connections.iter_mut().for_each(|connection| connection.talk("before").answers());
    let counted = || {
        ["rule", "conntrack-allowance-exceeded"].map(|name| ctl.counter("eth0", "Ingress", name)).iter().sum::<u64>()
    };
    let before = counted();
    let (wire, hardware) = (Wire::new(&world.beyond, "eth0"), [world.beyond.mac("eth0"), world.host.mac("eth0")]);
    let mut answered = 0;
    let sent = thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let mut sent = 0;
            for number in 0..ROOM * TIMES {
                for host in host() {
                    let packet = eth_between(hardware[0], hardware[1]).ip(spoofed(number, host.is_ipv4()), host);
                    sent += u64::from(wire.send(&packet.tcp(40_000, OTHER).syn().build()).is_ok());
                }
                if number % BURST == 0 {
                    thread::sleep(Duration::from_millis(2));
                }
            }
            sent
        });
        loop {
            let is_over = flood.is_finished();
            for friend in friend() {
                world.tcp_in(friend, OPEN).answers();
            }
            connections.iter_mut().for_each(|connection| connection.talk("during").answers());
            answered += 1;
            if is_over {
                break;
            }
        }
        flood.join().expect("the flood")
    });
    assert!(sent >= u64::from(2 * ROOM * TIMES) * 9 / 10, "{sent} SYN have left");
    eventually("all that have left are counted", || counted() - before >= sent);
    let seen = counted() - before;
    connections.iter_mut().for_each(|connection| connection.talk("after").answers());
    println!(
        "{hook}: {sent} SYN against room for {ROOM} of each family, {seen} counted; {} connections alive, {answered} rounds of new ones answered",
        connections.len()
    );
    let line = Line {
        case: 14,
        name: "a flood over the wire, ten times what the table holds",
        hook: if hook == "xdp" { "xdp, tc-out" } else { "tc-in, tc-out" },
        family: "both",
        side: "host",
        result: "all counted; no established connection lost, an untracked service answers meanwhile",
        is_expected: true,
    };
    line.write();
}

#[test]
fn a_flood_over_the_wire_takes_nothing_from_anyone_with_xdp() {
    flooded("xdp");
}

#[test]
fn a_flood_over_the_wire_takes_nothing_from_anyone_with_tc() {
    flooded("tc");
}
