//! Devices whose frames begin with the IP header: tunnels, tun, WireGuard.

use super::diary::{Diary, FLOW, NO_PEER, NO_SERVICE, RULE, both, case, drop};
use super::stage::{CLOSED, EPHEMERAL, HTTP, HTTPS, SSH, families};
use firewall_common::verdict::Reason;
use firewall_tests::packet::eth;

pub fn cases() -> Vec<Diary> {
    let mut diaries = Vec::new();
    for family in families() {
        let name = format!("{}: a device without an Ethernet header", family.name);
        let wrong = drop(if family.is_v4() { Reason::Ipv4Header } else { Reason::Ipv6Header });
        diaries.extend(both(&name, |diary| {
            diary
                .bare()
                .inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn(), RULE)
                .outbound(family.going().tcp(HTTPS, EPHEMERAL).syn_ack(), FLOW)
                .inbound(family.coming().tcp(EPHEMERAL, CLOSED).syn(), NO_SERVICE)
                .inbound(family.from(family.stranger).tcp(EPHEMERAL, SSH).syn(), NO_PEER)
                .outbound(family.going().tcp(EPHEMERAL, HTTP).syn(), RULE)
                .inbound(family.coming().tcp(HTTP, EPHEMERAL).syn_ack(), FLOW)
                .outbound(family.going().tcp(EPHEMERAL, CLOSED).syn(), NO_SERVICE)
                .inbound(family.coming().tcp(EPHEMERAL, HTTPS).syn().cut(14 + 19), wrong)
        }));
    }
    // What would be a tag, or ARP, behind an Ethernet header is octets here, and the first of them says what they are.
    let first = |octet: u8| eth().payload(&[[octet].as_slice(), &[0; 45]].concat());
    let others = |diary: Diary| {
        [0x00, 0x08, 0x35, 0x50, 0x70, 0xff].into_iter().fold(diary.bare(), |diary, octet| {
            diary.inbound(first(octet), drop(Reason::EtherType)).outbound(first(octet), drop(Reason::EtherType))
        })
    };
    diaries.extend(both("no version of IP, on a device without an Ethernet header", others));
    case(8, diaries)
}
