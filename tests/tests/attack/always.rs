//! What is let through whatever the rules say, and what a workload may never do.

use super::diary::{Diary, NO_SERVICE, both, case, drop, host, workload};
use super::stage::Family;
use firewall_common::verdict::{Pass, Reason, Verdict};
use firewall_tests::packet::{Packet, eth, flag};
use std::net::IpAddr;

const DISCOVERY: Verdict = Verdict::Allow(Pass::NeighbourDiscovery);
const LISTENER: Verdict = Verdict::Allow(Pass::MulticastListener);
const DHCP: Verdict = Verdict::Allow(Pass::Dhcp);

pub fn cases() -> Vec<Diary> {
    case(16, [discovery(), listeners(), dhcp()].concat())
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn link_local() -> Packet {
    eth().ip(address("fe80::1"), address("ff02::1")).hop_limit(255)
}

fn discovery() -> Vec<Diary> {
    let limit = drop(Reason::NeighbourDiscoveryHopLimit);
    let message = |kind, code| link_local().icmpv6(kind, code).payload(&[0; 16]);
    let mut diaries = Vec::from(both("neighbour discovery", |diary| {
        diary
            .inbound(message(135, 0), DISCOVERY)
            .outbound(message(135, 0), DISCOVERY)
            .inbound(message(136, 0), DISCOVERY)
            .outbound(message(136, 0), DISCOVERY)
            .inbound(message(134, 0), DISCOVERY)
            .outbound(message(133, 0), DISCOVERY)
            .inbound(message(137, 0), DISCOVERY)
            .inbound(message(135, 0).hop_limit(254), limit)
            .outbound(message(136, 0).hop_limit(64), limit)
            .inbound(message(134, 0).hop_limit(1), limit)
            .inbound(message(135, 1), limit)
            // The types around them are messages like others.
            .inbound(message(138, 0), NO_SERVICE)
            // From the unspecified address: somebody looks whether its own is free.
            .inbound(
                eth().ip(address("::"), address("ff02::1")).hop_limit(255).icmpv6(135, 0).payload(&[0; 16]),
                DISCOVERY,
            )
    }));
    let router = drop(Reason::WorkloadRouter);
    diaries.push(
        workload("a workload is no router")
            .outbound(message(134, 0), router)
            .outbound(message(137, 0), router)
            .outbound(message(134, 0).hop_limit(1), router)
            .inbound(message(134, 0), DISCOVERY),
    );
    diaries.push(host("a host may be a router").outbound(message(134, 0), DISCOVERY));
    // Types of ICMPv6 mean nothing under IPv4.
    let v4 = eth().ip(address("198.51.100.7"), address("10.0.0.1")).hop_limit(255);
    diaries.push(host("no discovery in IPv4").inbound(v4.icmp(135, 0), NO_SERVICE));
    diaries
}

fn listeners() -> Vec<Diary> {
    let limit = drop(Reason::NeighbourDiscoveryHopLimit);
    // With the router alert option in front, as the standard demands.
    let message = |kind| {
        eth().ip(address("fe80::1"), address("ff02::16")).hop_limit(1).hop_by_hop().icmpv6(kind, 0).payload(&[0; 16])
    };
    both("listener discovery", |diary| {
        [130, 131, 132, 143].into_iter().fold(diary, |diary, kind| {
            diary
                .inbound(message(kind), LISTENER)
                .outbound(message(kind), LISTENER)
                .inbound(message(kind).hop_limit(64), limit)
        })
    })
    .into()
}

fn dhcp() -> Vec<Diary> {
    let server = drop(Reason::WorkloadDhcpServer);
    let v4 = |from, to, source: &str| {
        Family::broadcast(address(source), address("255.255.255.255")).udp(from, to).payload(&[0; 240])
    };
    let v6 = |from, to| eth().ip(address("fe80::1"), address("ff02::1:2")).udp(from, to).payload(&[1, 0, 0, 1]);
    let mut diaries = Vec::from(both("DHCP of a client", |diary| {
        diary
            .outbound(v4(68, 67, "0.0.0.0"), DHCP)
            .inbound(v4(67, 68, "10.0.0.254"), DHCP)
            .outbound(v6(546, 547), DHCP)
            .inbound(v6(547, 546), DHCP)
            // Towards a server that the rules would have to allow.
            .inbound(v4(68, 67, "0.0.0.0"), NO_SERVICE)
            .inbound(v6(546, 547), NO_SERVICE)
            // The ports of one family mean nothing in the other, and each only with its counterpart.
            .outbound(v4(546, 547, "10.0.0.1"), NO_SERVICE)
            .outbound(v6(68, 67), NO_SERVICE)
            .inbound(v4(67, 67, "10.0.0.254"), NO_SERVICE)
            .inbound(v4(53, 68, "10.0.0.254"), NO_SERVICE)
            .inbound(eth().ip(address("10.0.0.254"), address("10.0.0.1")).tcp(67, 68).tcp_flags(flag::SYN), NO_SERVICE)
    }));
    diaries.push(
        workload("a workload is no DHCP server")
            .outbound(v4(67, 68, "10.0.0.1"), server)
            .outbound(v6(547, 546), server),
    );
    diaries.push(
        host("a host may be a DHCP server, by rules")
            .outbound(v4(67, 68, "10.0.0.1"), NO_SERVICE)
            .outbound(v6(547, 546), NO_SERVICE),
    );
    diaries
}
