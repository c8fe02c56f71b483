//! Ethernet, VLAN tags, and what is not IP.

use super::diary::{Diary, FLOW, NO_SERVICE, RULE, both, case, drop, host, workload};
use super::stage::{CLOSED, EPHEMERAL, HTTPS, families};
use firewall_common::verdict::{Pass, Reason, Verdict};
use firewall_tests::packet::{Packet, eth, ether_type};
use std::net::{IpAddr, Ipv4Addr};

pub fn cases() -> Vec<Diary> {
    [case(7, tags()), case(8, arp()), case(8, others()), case(5, cuts())].concat()
}

fn tags() -> Vec<Diary> {
    let mut diaries = Vec::new();
    for family in families() {
        let syn = |tagged: Packet| tagged.ip(family.friend, family.local).tcp(EPHEMERAL, HTTPS).syn();
        let answer = |tagged: Packet| tagged.ip(family.local, family.friend).tcp(HTTPS, EPHEMERAL).syn_ack();
        let name = family.name;
        diaries.extend(both(&format!("{name}: tags are looked through"), |diary| {
            diary
                .inbound(syn(eth().vlan(5)), RULE)
                .inbound(syn(eth().vlan(0)), RULE)
                .inbound(syn(eth().qinq(5).vlan(6)), RULE)
                .inbound(syn(eth().vlan(5).vlan(6)), RULE)
                .inbound(eth().qinq(5).vlan(6).ip(family.friend, family.local).tcp(EPHEMERAL, CLOSED).syn(), NO_SERVICE)
                .inbound(syn(eth().qinq(5).vlan(6).vlan(7)), drop(Reason::TooManyVlans))
                .inbound(syn(eth().qinq(5).qinq(6).qinq(7)), drop(Reason::TooManyVlans))
        }));
        diaries.extend(both(&format!("{name}: flows of one network are none of another"), |diary| {
            diary
                .inbound(syn(eth().vlan(5)), RULE)
                .outbound(answer(eth()), NO_SERVICE)
                .outbound(answer(eth().vlan(6)), NO_SERVICE)
                .outbound(answer(eth().qinq(1).vlan(5)), NO_SERVICE)
                .outbound(answer(eth().vlan(5)), FLOW)
                .inbound(syn(eth().qinq(1).vlan(6)), RULE)
                .outbound(answer(eth().qinq(2).vlan(6)), NO_SERVICE)
                .outbound(answer(eth().qinq(1).vlan(6)), FLOW)
        }));
        diaries.extend(both(&format!("{name}: a priority tag is no network of its own"), |diary| {
            diary.inbound(syn(eth()), RULE).outbound(answer(eth().vlan(0)), FLOW)
        }));
    }
    diaries
}

fn arp() -> Vec<Diary> {
    let (one, other) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let passes = Verdict::Allow(Pass::Arp);
    let bad = drop(Reason::ArpMalformed);
    both("ARP", |diary| {
        diary
            .inbound(eth().arp(one, other), passes)
            .outbound(eth().arp(other, one), passes)
            .inbound(eth().vlan(5).arp(one, other), passes)
            .inbound(eth().arp(one, other).pad(60), passes)
            .inbound(eth().arp(one, other).arp_hardware(6), bad)
            .inbound(eth().arp(one, other).cut(41), bad)
            .inbound(eth().arp(one, other).cut(14), bad)
    })
    .into()
}

fn others() -> Vec<Diary> {
    let v4: IpAddr = Ipv4Addr::new(198, 51, 100, 7).into();
    let inside = |number| eth().ethertype(number).payload(&[0x45; 46]);
    let kinds = [ether_type::MPLS, ether_type::PPPOE, 0x88cc, 0x22f0, 0x0000, 46, 1500];
    let fold = |diary: Diary, expected| {
        kinds
            .into_iter()
            .fold(diary, |diary, kind| diary.inbound(inside(kind), expected).outbound(inside(kind), expected))
    };
    vec![
        fold(host("other EtherTypes, host"), Verdict::Allow(Pass::NonIp)),
        fold(workload("other EtherTypes, workload"), drop(Reason::EtherType)),
        host("IP under the EtherType of the other family").inbound(
            eth().ethertype(ether_type::IPV6).payload(&eth().ip(v4, v4).tcp(1, HTTPS).syn().build()[14..]),
            drop(Reason::Ipv6Header),
        ),
    ]
}

fn cuts() -> Vec<Diary> {
    let tagged = || eth().vlan(5).ip(families()[0].friend, families()[0].local).tcp(EPHEMERAL, HTTPS).syn();
    let diary = (14..18)
        .fold(host("cut within a tag"), |diary, cut| diary.inbound(tagged().cut(cut), drop(Reason::FrameTooShort)));
    vec![diary]
}
