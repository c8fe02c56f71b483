//! The frames of a packet on paper.

use super::{Part, Probe};
use etherparse::{
    EtherType, Ethernet2Header, IpFragOffset, IpNumber, Ipv4Header, Ipv6FragmentHeader, Ipv6Header, SingleVlanHeader,
    TcpHeader, UdpHeader, VlanId, VlanPcp,
};
use firewall_common::abi::{INTERFACE_NO_ETHERNET, Interface};
use firewall_common::packet::{ACK, FIN, PSH, RST, SYN, URG, protocol};
use firewall_common::verdict::Direction;
use std::net::IpAddr;

/// A hardware address that somebody gave themselves: the bit for that is set.
const SOMEBODY: [u8; 6] = [0x02, 0, 0, 0, 0, 1];
/// Another one.
const ANYBODY: [u8; 6] = [0x02, 0, 0, 0, 0, 2];
/// That of a group. Which one does not matter.
const MANY: [u8; 6] = [0x01, 0, 0x5e, 0, 0, 1];

/// Octets of a fragment behind IP: more than any header that the decision reads, and a multiple of eight.
const FRAGMENT: usize = 24;
/// What the fragments on paper have in common.
const IDENTIFICATION: u16 = 1;
/// Sequence numbers: of what is sent first, and of its answer.
const SEQUENCES: [u32; 2] = [1_000, 2_000];

impl Probe {
    /// The frames that an interface meets one after the other, the one that is asked about last.
    pub(super) fn frames(&self, entry: &Interface) -> Vec<Vec<u8>> {
        let (first, later) = (Some((0, true)), Some((FRAGMENT, false)));
        let parts = match self.part {
            Part::Whole => vec![None],
            Part::First => vec![first],
            Part::Later => vec![first, later],
            Part::Alone => vec![later],
        };
        parts.into_iter().map(|part| self.frame(entry, part)).collect()
    }

    /// A frame: of a whole datagram, or of what begins at an offset, with more to come or not.
    fn frame(&self, entry: &Interface, part: Option<(usize, bool)>) -> Vec<u8> {
        let mut payload = match part {
            Some((1.., _)) => Vec::new(),
            Some((0, _)) | None => self.transport(),
        };
        if part.is_some() {
            payload.resize(FRAGMENT, 0);
        }
        let packet = self.network(part, &payload);
        if entry.has(INTERFACE_NO_ETHERNET) { packet } else { [self.link(entry), packet].concat() }
    }

    fn link(&self, entry: &Interface) -> Vec<u8> {
        let own = if entry.hardware == [0; 6] { SOMEBODY } else { entry.hardware };
        let (source, destination) = match self.direction {
            Direction::Inbound => (ANYBODY, own),
            Direction::Outbound => (own, ANYBODY),
        };
        let is_for_many = match self.destination {
            IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
            IpAddr::V6(address) => address.is_multicast(),
        };
        let ip = if self.source.is_ipv4() { EtherType::IPV4 } else { EtherType::IPV6 };
        let ether_type = if self.vlans.is_empty() { ip } else { EtherType::VLAN_TAGGED_FRAME };
        let destination = if is_for_many { MANY } else { destination };
        let mut octets = Ethernet2Header { source, destination, ether_type }.to_bytes().to_vec();
        for (index, id) in self.vlans.iter().enumerate() {
            let is_last = index + 1 == self.vlans.len();
            let tag = SingleVlanHeader {
                pcp: VlanPcp::ZERO,
                drop_eligible_indicator: false,
                vlan_id: VlanId::try_new(id & VlanId::MAX_U16).unwrap_or_default(),
                ether_type: if is_last { ip } else { EtherType::VLAN_TAGGED_FRAME },
            };
            octets.extend(tag.to_bytes());
        }
        octets
    }

    fn network(&self, part: Option<(usize, bool)>, payload: &[u8]) -> Vec<u8> {
        let (start, more_fragments) = part.unwrap_or((0, false));
        let fragment_offset = IpFragOffset::try_new((start / 8) as u16).unwrap_or_default();
        let number = IpNumber(self.protocol);
        let mut octets = match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let header = Ipv4Header {
                    total_len: (Ipv4Header::MIN_LEN + payload.len()) as u16,
                    identification: IDENTIFICATION,
                    dont_fragment: false,
                    more_fragments,
                    fragment_offset,
                    time_to_live: self.hop_limit(),
                    protocol: number,
                    source: source.octets(),
                    destination: destination.octets(),
                    ..Ipv4Header::default()
                };
                header.to_bytes().to_vec()
            }
            (source, destination) => {
                let [source, destination] = [source, destination].map(|address| match address {
                    IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                    IpAddr::V6(address) => address.octets(),
                });
                let fragment = part.map(|_| {
                    Ipv6FragmentHeader::new(number, fragment_offset, more_fragments, IDENTIFICATION.into()).to_bytes()
                });
                let extension = fragment.as_ref().map_or(&[] as &[u8], |header| header.as_slice());
                let header = Ipv6Header {
                    payload_length: (extension.len() + payload.len()) as u16,
                    next_header: if part.is_some() { IpNumber::IPV6_FRAGMENTATION_HEADER } else { number },
                    hop_limit: self.hop_limit(),
                    source,
                    destination,
                    ..Ipv6Header::default()
                };
                [header.to_bytes().as_slice(), extension].concat()
            }
        };
        octets.extend(payload);
        octets
    }

    /// What senders give it: neighbour discovery comes from no further than the link, listener discovery goes no further.
    fn hop_limit(&self) -> u8 {
        match (self.is_icmp() && self.source.is_ipv6(), self.service.to_be_bytes()[0]) {
            (true, 130..=132 | 143) => 1,
            (true, 133..=137) => 255,
            (_, _) => 64,
        }
    }

    fn transport(&self) -> Vec<u8> {
        match self.protocol {
            protocol::TCP => self.tcp(),
            protocol::UDP => {
                let header = UdpHeader {
                    source_port: self.source_port,
                    destination_port: self.service,
                    length: UdpHeader::LEN as u16,
                    checksum: 0,
                };
                header.to_bytes().to_vec()
            }
            _ if self.is_icmp() => {
                let mut message = self.service.to_be_bytes().to_vec();
                message.extend([0, 0]);
                message.extend(self.source_port.to_be_bytes());
                message.extend([0, 0]);
                // Neighbour advertisements are about an address: the sender's own.
                if let IpAddr::V6(own) = self.source {
                    message.extend(own.octets());
                }
                message
            }
            _ => vec![0; 8],
        }
    }

    fn tcp(&self) -> Vec<u8> {
        let has = |flag: u8| self.flags & flag != 0;
        // An answer acknowledges the SYN that it answers.
        let [own, other] = if has(SYN) && has(ACK) { [SEQUENCES[1], SEQUENCES[0]] } else { SEQUENCES };
        let header = TcpHeader {
            source_port: self.source_port,
            destination_port: self.service,
            sequence_number: own,
            acknowledgment_number: if has(ACK) { other + 1 } else { 0 },
            fin: has(FIN),
            syn: has(SYN),
            rst: has(RST),
            psh: has(PSH),
            ack: has(ACK),
            urg: has(URG),
            window_size: u16::MAX,
            ..TcpHeader::default()
        };
        header.to_bytes().to_vec()
    }
}
