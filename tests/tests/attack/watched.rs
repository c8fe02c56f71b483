//! Interfaces that are only watched: everything passes, and is counted as it would have ended.

use super::court::{Court, Hearing};
use super::diary::{FLOW, NO_PEER, NO_SERVICE, RULE, drop};
use super::stage::{self, CLOSED, DNS, EPHEMERAL, Family, HTTPS, SSH};
use firewall_common::abi::{INTERFACE_MONITOR, Interface};
use firewall_common::verdict::{Reason, Verdict};
use firewall_tests::packet::Packet;

const WOULD_NO_SERVICE: Verdict = Verdict::WouldDrop(Reason::NoService);
const WOULD_NO_PEER: Verdict = Verdict::WouldDrop(Reason::NoPeer);
const WOULD_DENIED: Verdict = Verdict::WouldDrop(Reason::DeniedFlow);
const DENIED: Verdict = drop(Reason::DeniedFlow);

/// Has the interface only watched from now on, or not any more.
fn watch(court: &mut Court<'_>, only: bool) {
    let flags = court.interface.flags & !INTERFACE_MONITOR;
    court.place(Interface { flags: flags | if only { INTERFACE_MONITOR } else { 0 }, ..court.interface });
}

/// A segment of the friend's, and one back.
fn segments(family: Family, port: u16) -> [Packet; 2] {
    let coming = family.coming().tcp(EPHEMERAL, port).tcp_ack().numbers(101, 501);
    [coming, family.going().tcp(port, EPHEMERAL).tcp_ack().numbers(501, 101)]
}

#[test]
fn what_would_be_dropped_passes_and_so_do_its_answers() {
    let result = "would-drop no-service, no-peer, denied-flow; enforced: drop the same, and nothing is let in";
    Hearing { case: 28, name: "what no rule allows", result }.hold(&stage::model(), |court| {
        let family = court.family;
        watch(court, true);
        let stranger = || family.from(family.stranger).tcp(EPHEMERAL, SSH);
        court.inbound(stranger().syn().numbers(100, 0), WOULD_NO_PEER);
        court.outbound(family.to(family.stranger).tcp(SSH, EPHEMERAL).syn_ack().numbers(500, 101), WOULD_DENIED);
        court.inbound(stranger().tcp_ack().numbers(101, 501), WOULD_NO_PEER);
        court.inbound(family.coming().udp(EPHEMERAL, CLOSED), WOULD_NO_SERVICE);
        court.outbound(family.going().udp(CLOSED, EPHEMERAL), WOULD_DENIED);
        court.inbound(family.coming().udp(EPHEMERAL, CLOSED), WOULD_NO_SERVICE);
        court.outbound(family.request(family.going(), 7), WOULD_NO_SERVICE);
        court.inbound(family.reply(family.coming(), 7), WOULD_DENIED);
        court.inbound(family.reply(family.coming(), 8), WOULD_NO_SERVICE);
        // What is wrong with the packet itself is said, too, and begins nothing.
        let flows = court.flows().len();
        court.inbound(stranger().tcp_flags(0), Verdict::WouldDrop(Reason::TcpFlags));
        assert_eq!(court.flows().len(), flows);
        // What a rule allows is as ever.
        court.inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn(), RULE);
        court.outbound(family.going().tcp(HTTPS, EPHEMERAL).syn_ack(), FLOW);
        watch(court, false);
        court.outbound(family.to(family.stranger).tcp(SSH, EPHEMERAL).tcp_ack(), DENIED);
        court.inbound(stranger().tcp_ack().numbers(101, 501), NO_PEER);
        court.outbound(family.going().udp(CLOSED, EPHEMERAL), DENIED);
        court.inbound(family.coming().udp(EPHEMERAL, CLOSED), NO_SERVICE);
        court.inbound(family.reply(family.coming(), 7), DENIED);
        let [coming, going] = segments(family, HTTPS);
        court.inbound(coming, FLOW).outbound(going, FLOW);
    });
}

#[test]
fn a_rule_redeems_what_was_denied() {
    let result = "the opener's next packet passes by the rule, and then both sides by the flow";
    Hearing { case: 28, name: "what no rule allowed, until one did", result }.hold(&stage::model(), |court| {
        let family = court.family;
        let mut without = stage::model();
        let all: Vec<_> = without.groups.keys().copied().collect();
        for group in all {
            let rules: Vec<_> = without.groups[&group].rules.keys().copied().collect();
            without.remove_rules(group, &rules.into_iter().collect()).expect("rules that there are");
        }
        court.publish(&without);
        watch(court, true);
        court.inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn().numbers(100, 0), WOULD_NO_SERVICE);
        court.outbound(family.going().tcp(HTTPS, EPHEMERAL).syn_ack().numbers(500, 101), WOULD_DENIED);
        court.inbound(family.coming().udp(EPHEMERAL, DNS), WOULD_NO_SERVICE);
        court.publish(&stage::model());
        let [coming, going] = segments(family, HTTPS);
        court.outbound(going.clone(), WOULD_DENIED);
        court.inbound(coming.clone(), RULE).outbound(going.clone(), FLOW).inbound(coming.clone(), FLOW);
        court.inbound(family.coming().udp(EPHEMERAL, DNS), RULE).outbound(family.going().udp(DNS, EPHEMERAL), FLOW);
        watch(court, false);
        court.inbound(coming, FLOW).outbound(going, FLOW);
    });
}

#[test]
fn what_would_be_dropped_takes_the_place_of_nothing_that_was_admitted_or_cut() {
    let result = "would-drop no-service; the connection that is closing goes on, and what is cut stays cut";
    let name = "a SYN without a rule on a connection that is closing, and on one that is cut";
    Hearing { case: 28, name, result }.hold(&stage::model(), |court| {
        let family = court.family;
        watch(court, true);
        court.inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn().numbers(100, 0), RULE);
        court.outbound(family.going().tcp(HTTPS, EPHEMERAL).syn_ack().numbers(500, 101), FLOW);
        let [coming, going] = segments(family, HTTPS);
        court.inbound(coming.clone(), FLOW).inbound(coming.clone().fin().numbers(101, 501), FLOW);
        // Half closed, it still carries what the server has to say.
        court.outbound(family.going().tcp(HTTPS, EPHEMERAL).syn(), WOULD_NO_SERVICE);
        court.outbound(going.clone().payload(b"the rest"), FLOW);
        assert_eq!(court.established(), [1, 0]);
        watch(court, false);
        court.outbound(going.clone().payload(b"the end"), FLOW);
        watch(court, true);
        assert_eq!(court.cut_all(), 1);
        court.outbound(family.going().tcp(HTTPS, EPHEMERAL).syn(), WOULD_NO_SERVICE);
        court.inbound(coming, Verdict::WouldDrop(Reason::CutFlow));
        watch(court, false);
        court.outbound(going, drop(Reason::CutFlow));
    });
}

#[test]
fn what_would_be_dropped_keeps_nothing_alive() {
    let result = "would-drop no-service; what is half open is gone after 31 s all the same";
    Hearing { case: 28, name: "a SYN without a rule on a connection that is half open", result }.hold(
        &stage::model(),
        |court| {
            let family = court.family;
            watch(court, true);
            court.inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn().numbers(100, 0), RULE).wait(20);
            court.outbound(family.going().tcp(HTTPS, EPHEMERAL).syn(), WOULD_NO_SERVICE).wait(20);
            court.outbound(family.going().tcp(HTTPS, EPHEMERAL).syn_ack().numbers(500, 101), WOULD_NO_SERVICE);
        },
    );
}
