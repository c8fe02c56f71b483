//! From sending `authorize` to the first packet that is let through: the real daemon, a real socket, another namespace.

use super::{Report, median};
use firewall_ctl::api::client::{CallOptions, Client};
use firewall_tests::controller::Controller;
use firewall_tests::netns::veth;
use firewall_tests::world::{OPEN, World, friend, host};
use serde_json::{Value, json};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Changes whose median is taken.
const ROUNDS: usize = 51;
/// How long a probe waits for its answer before the next one is sent. It waits by looking: the kernel's own time-outs for
/// sockets are of milliseconds.
const PROBE: Duration = Duration::from_micros(100);
/// How long a change may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// With so many interfaces that have the group.
pub fn report(interfaces: u16) -> Report {
    let world = World::new();
    let mut ctl = Controller::stopped(&world.host, &[]).of_full_size();
    ctl.restart();
    let group = ctl.group("bench");
    ctl.attach("eth0", &group, &[]);
    let client = Client::new(ctl.socket());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let call = |operation: &str, body: Value| {
        let options = CallOptions::default();
        let answer = runtime.block_on(client.call(operation, &body, &options));
        answer.unwrap_or_else(|error| panic!("{operation}: {error:?}"));
    };
    for number in 1..interfaces {
        // Devices in pairs, without addresses: nothing is asked of them but to have the rule.
        if number % 2 == 1 {
            veth((&world.host, &format!("more{number}")), (&world.host, &format!("more{}", number + 1)));
        }
        call("AttachDevice", json!({ "Device": format!("more{number}"), "Groups": [group] }));
    }
    let permissions = json!([{ "IpProtocol": "udp", "FromPort": OPEN, "ToPort": OPEN,
        "IpRanges": [{ "CidrIp": format!("{}/32", friend()[0]) }] }]);
    let body = json!({ "GroupId": group, "IpPermissions": permissions });
    let (mut first, mut answered, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // A port of its own for each round, so that no flow of the one before serves it.
        let from = SocketAddr::new(friend()[0], 0);
        let socket = world.beyond.run(move || UdpSocket::bind(from)).expect("a socket");
        socket.connect(SocketAddr::new(host()[0], OPEN)).expect("an address");
        socket.set_nonblocking(true).expect("a socket that does not wait");
        let prober = std::thread::spawn(move || {
            let arrived = until_answer(&socket);
            let again = Instant::now();
            until_answer(&socket);
            (arrived, again.elapsed())
        });
        std::thread::sleep(Duration::from_millis(2));
        let sent = Instant::now();
        call("AuthorizeSecurityGroupIngress", body.clone());
        answered.push(sent.elapsed());
        let (arrived, round_trip) = prober.join().expect("the prober");
        first.push(arrived.duration_since(sent));
        open.push(round_trip);
        call("RevokeSecurityGroupIngress", body.clone());
    }
    let row = |name: &str, mut times: Vec<Duration>| {
        times.sort_unstable();
        let (p50, p99) = (median(times.clone()), times[times.len() * 99 / 100]);
        vec![name.to_owned(), format!("{:.2}", p50.as_secs_f64() * 1e3), format!("{:.2}", p99.as_secs_f64() * 1e3)]
    };
    Report {
        title: format!("Milliseconds from sending authorize: one rule of a group that {interfaces} interfaces have"),
        head: vec!["until", "p50", "p99"],
        rows: vec![
            row("the first packet is let through, and answered", first),
            row("the daemon answers", answered),
            row("for comparison: a packet over an open flow is answered", open),
        ],
    }
}

/// Sends until something comes back, and says when it did.
fn until_answer(socket: &UdpSocket) -> Instant {
    let begin = Instant::now();
    let mut buffer = [0; 64];
    loop {
        let _ = socket.send(b"probe");
        let sent = Instant::now();
        while sent.elapsed() < PROBE {
            if socket.recv(&mut buffer).is_ok() {
                return Instant::now();
            }
            std::thread::yield_now();
        }
        assert!(begin.elapsed() < PATIENCE, "the rule never let a packet through");
    }
}
