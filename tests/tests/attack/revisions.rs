//! Rules that change under traffic: each packet is judged by one revision, the one before or the one after.

use super::diary::ATTACHMENT;
use firewall_common::verdict::Direction;
use firewall_ctl::compile::Desired;
use firewall_ctl::dataplane::{AttachRequest, Dataplane, DataplaneConfig, Device, Pins, ProgramLogLevel};
use firewall_ctl::model::{HookWish, Model, Side};
use firewall_tests::build::ModelBuilder;
use firewall_tests::controller::PinDirectory;
use firewall_tests::effort;
use firewall_tests::judge::{Pinned, small_limits};
use firewall_tests::ledger::Line;
use firewall_tests::netns::unique;
use firewall_tests::packet::eth;
use firewall_tests::wait::deadline;
use firewall_tests::world::{OPEN, OTHER, World, friend, host, only, stranger};
use nix::sys::socket::{MsgFlags, recv};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Edits on each hook, unless another number is asked for.
const EDITS: u64 = 300;
const EPHEMERAL: u16 = 40_000;

/// The revision of a number: it admits one source on one port.
fn revision(number: usize) -> Model {
    let (sources, ports) = ([friend(), stranger()], [OPEN, OTHER]);
    let mut build = ModelBuilder::new();
    let group = build.group("edited");
    for source in sources[number % 2] {
        for protocol in ["tcp", "udp"] {
            build.rule(group, Direction::Inbound, &format!("{protocol}/{}", ports[number % 2]), &only(source));
        }
    }
    let addresses = host().map(|address| address.to_string());
    build.interface(ATTACHMENT, Side::Host, &[group], &[&addresses[0], &addresses[1]]);
    build.model()
}

/// Asks for connections from one of the sources to one of the ports, which are judged anew each time.
fn asks(source: usize, port: usize) -> [Vec<u8>; 2] {
    let (sources, ports) = ([friend(), stranger()], [OPEN, OTHER]);
    let ask = |family: usize| {
        let packet = eth().ip(sources[source][family], host()[family]);
        packet.tcp(EPHEMERAL, ports[port]).syn().build()
    };
    [ask(0), ask(1)]
}

/// What was seen while the rules changed.
#[derive(Debug, Default)]
struct Seen {
    ended: AtomicBool,
    /// Frames that were judged, by pair and verdict; the first of either is the crossed one, or a drop.
    judged: [[AtomicU64; 2]; 2],
    /// Datagrams from crossed pairs that were sent, and answers to them.
    sent: AtomicU64,
    answered: AtomicU64,
}

impl Seen {
    fn count(&self, pair: usize, passed: usize) -> u64 {
        self.judged[pair][passed].load(Ordering::Relaxed)
    }

    /// Whether there was anything to see: each pair, either verdict where there are two, and datagrams.
    fn is_enough(&self) -> bool {
        let judged = [(0, 0), (1, 0), (1, 1)].iter().all(|(pair, passed)| self.count(*pair, *passed) > 0);
        judged && self.sent.load(Ordering::Relaxed) > 0
    }
}

/// Judges frames of all pairs by the programs themselves, again and again.
fn judge(seen: &Seen, program: &Pinned) {
    let frames: Vec<(usize, Vec<u8>)> = [(0, 1), (0, 0), (1, 0), (1, 1)]
        .into_iter()
        .flat_map(|(source, port)| asks(source, port).map(|frame| (usize::from(source == port), frame)))
        .collect();
    while !seen.ended.load(Ordering::Relaxed) {
        for (pair, frame) in &frames {
            let passed = usize::from(program.run(frame));
            seen.judged[*pair][passed].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Sends datagrams of crossed pairs over the wire, to servers that answer what arrives.
fn send(seen: &Seen, world: &World) {
    let pairs = [(friend(), OTHER), (stranger(), OPEN)];
    let sockets: Vec<UdpSocket> = pairs
        .into_iter()
        .flat_map(|(sources, port)| sources.into_iter().zip(host()).map(move |(source, host)| (source, host, port)))
        .map(|(source, host, port)| {
            let socket = world.beyond.run(|| UdpSocket::bind((source, 0))).expect("bind a peer's address");
            socket.connect(SocketAddr::new(host, port)).expect("a datagram socket connects to anything");
            socket
        })
        .collect();
    let mut buffer = [0; 64];
    let mut answered = |socket: &UdpSocket| {
        if recv(socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT).is_ok() {
            seen.answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    while !seen.ended.load(Ordering::Relaxed) {
        for socket in &sockets {
            if socket.send(b"crossed").is_ok() {
                seen.sent.fetch_add(1, Ordering::Relaxed);
            }
            answered(socket);
        }
        thread::sleep(Duration::from_micros(200));
    }
    sockets.iter().for_each(&mut answered);
}

fn edited_under_traffic(wish: HookWish, over_xdp: bool, hook: &str) {
    let edits = effort::cases(EDITS);
    let world = World::new();
    let directory = PinDirectory::new(&unique());
    let ifindex = world.host.index("eth0");
    let seen = Seen::default();
    let (seen, world) = (&seen, &world);
    let (edits, took) = world.host.run(|| {
        let config = DataplaneConfig {
            bpffs: directory.path().to_owned(),
            limits: small_limits(),
            log_level: ProgramLogLevel::Off,
            classic_tc: false,
        };
        let mut dataplane = Dataplane::open(config).unwrap_or_else(|error| panic!("open: {error}"));
        let models = [revision(0), revision(1)];
        let mut desired = Desired::default();
        let mut edit = |dataplane: &mut Dataplane, number: u64| {
            desired = desired.follow(&models[usize::from(number % 2 == 1)]).expect("a model that compiles");
            let prepared = dataplane.prepare(&desired).unwrap_or_else(|error| panic!("edit {number}: {error}"));
            dataplane.publish(prepared).unwrap_or_else(|error| panic!("edit {number}: {error}"));
            dataplane.reclaim().unwrap_or_else(|error| panic!("edit {number}: {error}"));
        };
        edit(&mut dataplane, 0);
        let device = Device { ifindex, name: "eth0".to_owned() };
        let request = AttachRequest { device, number: ATTACHMENT, side: Side::Host, wish, adopt_for: None };
        dataplane.attach(&request).unwrap_or_else(|error| panic!("attach: {error}"));
        let program = Pinned::open(&Pins::new(directory.path()), over_xdp, ifindex);
        for (pair, passes) in [((0, 0), true), ((0, 1), false), ((1, 0), false), ((1, 1), false)] {
            for frame in asks(pair.0, pair.1) {
                let passed = program.run(&frame);
                let counters = [0, ATTACHMENT].map(|number| dataplane.counters(number).expect("counters"));
                assert_eq!(passed, passes, "{pair:?} before the first edit: {counters:?}");
            }
        }
        thread::scope(|scope| {
            // Threads begin in the namespace of the one that starts them.
            scope.spawn(|| judge(seen, &program));
            scope.spawn(|| send(seen, world));
            let ending = Ending(&seen.ended);
            let (begin, mut number) = (Instant::now(), 0);
            // On a busy machine all of them may have been made before anybody has looked.
            while number < edits || !seen.is_enough() && begin.elapsed() < deadline() {
                number += 1;
                edit(&mut dataplane, number);
            }
            drop(ending);
            (number, begin.elapsed())
        })
    });
    let count = |pair, passed| seen.count(pair, passed);
    let (sent, answered) = (seen.sent.load(Ordering::Relaxed), seen.answered.load(Ordering::Relaxed));
    println!(
        "{hook}: {edits} edits in {took:.1?}; {} frames of crossed pairs judged, {} passed; {} of pairs of a revision, {} \
         passed; {sent} datagrams of crossed pairs sent, {answered} answered",
        count(0, 0) + count(0, 1),
        count(0, 1),
        count(1, 0) + count(1, 1),
        count(1, 1),
    );
    assert_eq!((count(0, 1), answered), (0, 0), "a packet that no revision admits has passed: {seen:?}");
    assert!(seen.is_enough(), "{seen:?}");
    let line = Line {
        case: 24,
        name: "rules that change under traffic",
        hook,
        family: "both",
        side: "host",
        result: "no packet passes that neither the revision before nor the one after admits",
        is_expected: true,
    };
    line.write();
}

/// Ends the threads, also when the one that edits panics.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_packet_sees_half_a_change_with_xdp() {
    edited_under_traffic(HookWish::Xdp, true, "xdp");
}

#[test]
fn no_packet_sees_half_a_change_with_tc() {
    edited_under_traffic(HookWish::Tc, false, "tc-in");
}
