//! What flows are worth: when they count as established, who has to make room, and how they end.

use super::court::{Court, Hearing};
use super::diary::{FLOW, NO_SERVICE, RULE, drop};
use super::stage::{self, CLOSED, DNS, EPHEMERAL, Family, HTTP, HTTPS};
use firewall_common::abi::{Interface, OTHERS, TCP};
use firewall_common::flow::{State, Word};
use firewall_common::verdict::Reason;
use firewall_tests::packet::Packet;

const CUT: firewall_common::verdict::Verdict = drop(Reason::CutFlow);
const EXCEEDED: firewall_common::verdict::Verdict = drop(Reason::AllowanceExceeded);
/// Longer than a half-open connection is remembered.
const HALF_OPEN: u32 = 31;
/// Longer than a cut flow is remembered.
const CUT_IDLE: u32 = 301;

/// A segment of a connection from outside to the open port.
fn coming(family: Family, port: u16) -> Packet {
    family.coming().tcp(port, HTTPS)
}

/// A segment back.
fn going(family: Family, port: u16) -> Packet {
    family.going().tcp(HTTPS, port)
}

/// A connection from outside, with its handshake.
#[track_caller]
fn connect(court: &mut Court<'_>, port: u16) {
    let family = court.family;
    let (syn, answer) = (coming(family, port).syn().numbers(100, 0), going(family, port).syn_ack().numbers(500, 101));
    let ack = coming(family, port).tcp_ack().numbers(101, 501);
    court.inbound(syn, RULE).outbound(answer, FLOW).inbound(ack, FLOW);
}

#[track_caller]
fn is_only_flow(court: &mut Court<'_>, state: State) {
    let states: Vec<State> = court.flows().values().map(|flow| Word::from_bits(flow.word).state()).collect();
    assert_eq!(states, [state]);
}

#[test]
fn what_is_taken_up_is_worth_nothing_until_it_is_answered() {
    let result = "gone after 31 s without an answer; established once an answer was acknowledged";
    Hearing { case: 13, name: "an ACK without a flow", result }.hold(&stage::model(), |court| {
        let family = court.family;
        for _ in 0..5 {
            let segment = coming(family, EPHEMERAL).tcp_ack().numbers(101, 501).payload(b"x");
            let expected = if court.flows().is_empty() { RULE } else { FLOW };
            court.inbound(segment, expected);
        }
        is_only_flow(court, State::PickedUp);
        let answer = going(family, EPHEMERAL).tcp_ack().numbers(501, 102).payload(b"y");
        court.wait(HALF_OPEN).outbound(answer.clone(), NO_SERVICE);
        court.inbound(coming(family, EPHEMERAL).tcp_ack().numbers(101, 501), RULE).outbound(answer, FLOW);
        is_only_flow(court, State::Answered);
        assert_eq!(court.established(), [0, 0]);
        court.inbound(coming(family, EPHEMERAL).tcp_ack().numbers(101, 502), FLOW);
        is_only_flow(court, State::Established);
        assert_eq!(court.established(), [1, 0]);
        court.wait(86_400).outbound(going(family, EPHEMERAL).tcp_ack().numbers(502, 101), FLOW);
    });
}

#[test]
fn a_handshake_of_somebody_who_sees_no_answers_establishes_nothing() {
    let result = "half-open after acknowledgements that guess, gone after 31 s; the true one establishes";
    Hearing { case: 27, name: "a spoofed SYN, and spoofed ACKs", result }.hold(&stage::model(), |court| {
        let family = court.family;
        let ack = |number| coming(family, EPHEMERAL).tcp_ack().numbers(101, number).payload(b"x");
        court.inbound(coming(family, EPHEMERAL).syn().numbers(100, 0), RULE).inbound(ack(501), FLOW);
        is_only_flow(court, State::SynSent);
        court.outbound(going(family, EPHEMERAL).syn_ack().numbers(500, 101), FLOW);
        // Beside what was sent, and what would be right if it were relative.
        for number in [0, 1, 499, 500, 502, 503, 1 << 31, u32::MAX] {
            court.inbound(ack(number), FLOW);
        }
        is_only_flow(court, State::Answered);
        assert_eq!(court.established(), [0, 0]);
        court.wait(HALF_OPEN).outbound(going(family, EPHEMERAL).tcp_ack().numbers(501, 102), NO_SERVICE);
        connect(court, EPHEMERAL + 1);
        assert_eq!(court.established(), [1, 0]);
    });
}

/// Places of each ring.
const SHARE: u32 = 8;

#[test]
fn half_open_flows_push_out_only_their_like() {
    let result = "1 000 SYN pass by a rule; 8 half-open are left, and all established and all of another kind";
    Hearing { case: 14, name: "a flood against a ring of 8", result }.hold(&stage::model(), |court| {
        let family = court.family;
        super::race::run_on_one();
        court.place(Interface { ring_share: SHARE, ..court.interface });
        let established: Vec<u16> = (1..=4).collect();
        established.iter().for_each(|port| connect(court, *port));
        court.outbound(family.going().tcp(EPHEMERAL, HTTP).syn(), RULE);
        court.inbound(family.coming().udp(EPHEMERAL, DNS), RULE);
        let flood: Vec<u16> = (1000..2000).collect();
        for port in &flood {
            court.inbound(coming(family, *port).syn(), RULE);
        }
        // Those of the flood that are left, the established ones, and two more.
        assert_eq!(court.flows().len(), SHARE as usize + established.len() + 2);
        assert_eq!(court.established(), [4, 0]);
        for port in &established {
            court.outbound(going(family, *port).tcp_ack().numbers(501, 101), FLOW);
            court.inbound(coming(family, *port).tcp_ack().numbers(101, 501), FLOW);
        }
        court.inbound(family.coming().tcp(HTTP, EPHEMERAL).syn_ack(), FLOW);
        court.outbound(family.going().udp(DNS, EPHEMERAL), FLOW);
        for (number, port) in flood.iter().enumerate() {
            let is_left = number + SHARE as usize >= flood.len();
            court.outbound(going(family, *port).syn_ack(), if is_left { FLOW } else { NO_SERVICE });
        }
        // Whoever leaves the ring by being established is not pushed out any more.
        connect(court, 3000);
        for port in &flood {
            let expected = if has_flow(court, *port) { FLOW } else { RULE };
            court.inbound(coming(family, *port).tcp_ack(), expected);
        }
        court.outbound(going(family, 3000).tcp_ack().numbers(501, 101), FLOW);
    });
}

/// Whether there is a flow of a port of the peer's.
fn has_flow(court: &mut Court<'_>, port: u16) -> bool {
    use firewall_ctl::compile::memory::FlowKey;
    court.flows().into_keys().any(|key| match key {
        FlowKey::V4(key) => key.remote_port == port,
        FlowKey::V6(key) => key.remote_port == port,
    })
}

#[test]
fn half_open_flows_of_one_interface_leave_those_of_another() {
    let mut build = firewall_tests::build::ModelBuilder::new();
    let group = build.group("open");
    for anyone in ["0.0.0.0/0", "::/0"] {
        build.rule(group, firewall_common::verdict::Direction::Inbound, "tcp/443", anyone);
    }
    build.interface(1, firewall_ctl::model::Side::Host, &[group], &["10.0.0.1"]);
    build.interface(2, firewall_ctl::model::Side::Host, &[group], &["10.0.0.3"]);
    let result = "its half-open flows are all there after 100 SYN at another interface";
    Hearing { case: 14, name: "a flood at another interface", result }.hold(&build.model(), |court| {
        let family = court.family;
        super::race::run_on_one();
        let one = Interface { ring_share: SHARE, ..court.interface };
        // Behind the places that the first one has on all processors.
        let other = Interface { attachment: 2, ring_base: 2048, ..one };
        court.place(one);
        for port in 1..=8 {
            court.inbound(coming(family, port).syn(), RULE);
        }
        court.place(other);
        for port in 1..=100 {
            court.inbound(coming(family, port).syn(), RULE);
        }
        court.place(one);
        for port in 1..=8 {
            court.outbound(going(family, port).syn_ack(), FLOW);
        }
    });
}

#[test]
fn what_exceeds_the_allowance_is_refused_and_counted() {
    let result =
        "drop conntrack-allowance-exceeded for the third connection; UDP has its own; room after one has ended";
    Hearing { case: 14, name: "an allowance of 2 established connections", result }.hold(&stage::model(), |court| {
        let family = court.family;
        let mut allowance = court.interface.allowance;
        (allowance[TCP], allowance[OTHERS]) = (2, 1);
        court.place(Interface { allowance, ..court.interface });
        // Three begin while there is room; two find some.
        for port in 1..=3 {
            court.inbound(coming(family, port).syn().numbers(100, 0), RULE);
            court.outbound(going(family, port).syn_ack().numbers(500, 101), FLOW);
        }
        for port in 1..=3 {
            court.inbound(coming(family, port).tcp_ack().numbers(101, 501), FLOW);
        }
        assert_eq!(court.established(), [2, 0]);
        court.inbound(coming(family, 4).syn(), EXCEEDED);
        court.outbound(family.going().tcp(EPHEMERAL, HTTP).syn(), EXCEEDED);
        // No rule is asked for more than it allows.
        court.inbound(family.coming().tcp(4, CLOSED).syn(), NO_SERVICE);
        court.inbound(family.coming().udp(EPHEMERAL, DNS), RULE).outbound(family.going().udp(DNS, EPHEMERAL), FLOW);
        court.inbound(family.coming().udp(EPHEMERAL, DNS), FLOW);
        assert_eq!(court.established(), [2, 1]);
        court.inbound(family.coming().udp(EPHEMERAL + 1, DNS), EXCEEDED);
        for port in 1..=2 {
            court.inbound(coming(family, port).tcp_ack().numbers(101, 501).payload(b"x"), FLOW);
        }
        // The third one has stayed half-open.
        court.wait(HALF_OPEN).inbound(coming(family, 3).tcp_ack().numbers(101, 501), EXCEEDED);
        // One closes: its place is free when it is forgotten.
        court.inbound(coming(family, 1).fin().numbers(102, 501), FLOW);
        court.outbound(going(family, 1).fin().numbers(501, 103), FLOW);
        court.inbound(coming(family, 4).syn(), EXCEEDED);
        court.wait(11).outbound(going(family, 1).tcp_ack().numbers(502, 103), NO_SERVICE);
        assert_eq!(court.established(), [1, 1]);
        connect(court, 4);
        assert_eq!(court.established(), [2, 1]);
    });
}

#[test]
fn a_cut_flow_stays_cut_until_it_is_idle() {
    let result = "drop cut-flow either way, for as long as packets come; an allowed SYN begins anew";
    Hearing { case: 0, name: "flows that are cut", result }.hold(&stage::model(), |court| {
        let family = court.family;
        let back = || going(family, EPHEMERAL).tcp_ack().numbers(501, 101);
        let forth = || coming(family, EPHEMERAL).tcp_ack().numbers(101, 501);
        connect(court, EPHEMERAL);
        assert_eq!((court.cut_all(), court.established()), (1, [0, 0]));
        assert_eq!(court.cut_all(), 0);
        court.inbound(forth(), CUT).outbound(back(), CUT);
        court.outbound(going(family, EPHEMERAL).rst().numbers(501, 0), CUT);
        // Each packet that comes keeps the tombstone, for longer together than one of them does.
        for _ in 0..3 {
            court.wait(CUT_IDLE / 2).outbound(back(), CUT);
        }
        // An error about it is about nothing.
        let kind = if court.family.is_v4() { 3 } else { 1 };
        let message = family.message(family.coming(), kind, 0).quote(&back(), 60);
        court.inbound(message, NO_SERVICE);
        // A SYN that is allowed begins anew, either way.
        court.inbound(coming(family, EPHEMERAL).syn().numbers(9000, 0), RULE);
        court.outbound(going(family, EPHEMERAL).syn_ack().numbers(4000, 9001), FLOW);
        court.inbound(coming(family, EPHEMERAL).tcp_ack().numbers(9001, 4001), FLOW);
        assert_eq!(court.established(), [1, 0]);
        assert_eq!(court.cut_all(), 1);
        // One that is not allowed does not.
        court.outbound(going(family, EPHEMERAL).syn(), NO_SERVICE).inbound(forth(), CUT);
        court.wait(CUT_IDLE).outbound(back(), NO_SERVICE);
        // Nothing is left: the rules judge what comes.
        court.inbound(forth(), RULE);
    });
}

#[test]
fn a_cut_flow_of_datagrams_stays_cut_until_it_is_idle() {
    let result = "drop cut-flow either way; judged anew when idle";
    Hearing { case: 0, name: "datagrams whose flow is cut", result }.hold(&stage::model(), |court| {
        let family = court.family;
        let (request, reply) = (family.coming().udp(EPHEMERAL, DNS), family.going().udp(DNS, EPHEMERAL));
        court.inbound(request.clone(), RULE).outbound(reply.clone(), FLOW).inbound(request.clone(), FLOW);
        court.inbound(family.request(family.coming(), 7), RULE);
        assert_eq!(court.established(), [0, 1]);
        assert_eq!((court.cut_all(), court.established()), (2, [0, 0]));
        court.inbound(request.clone(), CUT).outbound(reply.clone(), CUT);
        court.inbound(family.request(family.coming(), 7), CUT).outbound(family.reply(family.going(), 7), CUT);
        court.inbound(family.request(family.coming(), 8), RULE);
        court.wait(CUT_IDLE).outbound(reply.clone(), NO_SERVICE).inbound(request, RULE).outbound(reply, FLOW);
    });
}

#[test]
fn what_has_expired_is_swept_away() {
    let result = "swept when it has expired, and what was claimed and never removed after 10 s";
    Hearing { case: 0, name: "flows that are swept", result }.hold(&stage::model(), |court| {
        let family = court.family;
        connect(court, EPHEMERAL);
        court.inbound(coming(family, EPHEMERAL + 1).syn(), RULE);
        assert_eq!((court.collect(), court.established()), (0, [1, 0]));
        court.wait(HALF_OPEN);
        assert_eq!((court.collect(), court.established()), (1, [1, 0]));
        court.wait(432_001);
        assert_eq!((court.collect(), court.established()), (1, [0, 0]));
        assert_eq!(court.flows().len(), 0);
        // It admits nothing, and is in nobody's way for longer than that.
        let back = going(family, EPHEMERAL).syn_ack().numbers(500, 101);
        court.inbound(coming(family, EPHEMERAL).syn().numbers(100, 0), RULE);
        court.claim_all();
        court.inbound(coming(family, EPHEMERAL).syn().numbers(100, 0), RULE).outbound(back.clone(), NO_SERVICE);
        assert_eq!((court.cut_all(), court.collect()), (0, 0));
        court.wait(11);
        assert_eq!(court.collect(), 1);
        court.inbound(coming(family, EPHEMERAL).syn().numbers(100, 0), RULE).outbound(back, FLOW);
    });
}
