//! Addresses of IPv4.

use super::super::quoted;
use super::super::{Bytes, Packet, protocol};
use super::{Address, Ipv4};
use crate::abi::{FirstFragment, Flow, FlowKeyV4, FragmentKeyV4, Interface, RuleSet, SlotFamily, V4};
use crate::decide::{InsertError, Judged, Moment, PlaceEntry, Steps, Tables};
use crate::verdict::{Direction, Outcome};

impl Address for Ipv4 {
    type FlowKey = FlowKeyV4;
    type FragmentKey = FragmentKeyV4;
    const FAMILY: usize = V4;
    const UNSPECIFIED: Self = [0; 4];
    const ICMP: u8 = protocol::ICMP;

    /// Destination unreachable, time exceeded, parameter problem. Source quench is to be ignored (RFC 6633), and a
    /// redirect is no error.
    #[inline(always)]
    fn is_error(kind: u8) -> bool {
        matches!(kind, 3 | 11 | 12)
    }

    #[inline(always)]
    fn quoted<B: Bytes>(bytes: &B, offset: usize, quoted: &mut Packet<Self>) -> bool {
        quoted::v4(bytes, offset, quoted)
    }

    #[inline(always)]
    fn may_be_source(&self) -> bool {
        let loopback = self[0] == 127;
        let multicast = self[0] & 0xf0 == 0xe0;
        !loopback && !multicast && u32::from_be_bytes(*self) != u32::MAX
    }

    #[inline(always)]
    fn may_be_destination(&self) -> bool {
        self[0] != 127 && u32::from_be_bytes(*self) != 0
    }

    #[inline(always)]
    fn flow_key(attachment: u32, vlans: u32, protocol: u8, local: (Self, u16), remote: (Self, u16)) -> FlowKeyV4 {
        FlowKeyV4 {
            attachment,
            vlans,
            local: local.0,
            remote: remote.0,
            local_port: local.1,
            remote_port: remote.1,
            protocol,
            reserved: [0; 3],
        }
    }

    #[inline(always)]
    fn filter_octet(&self) -> u8 {
        self[0]
    }

    #[inline(always)]
    fn list_filter_bits(&self) -> u16 {
        u16::from_be_bytes([self[0], self[1]])
    }

    #[inline(always)]
    fn lists<T: Tables>(tables: &T, address: Self) -> Option<u32> {
        tables.lists_v4(address)
    }

    #[inline(always)]
    fn rule_for<T: Tables>(
        tables: &T,
        services: &RuleSet,
        own: &SlotFamily,
        slot_and_vpc: [u32; 2],
        peer: &Self,
    ) -> u32 {
        tables.rule_for_v4(services, own, slot_and_vpc, peer)
    }

    #[inline(always)]
    fn cidr<T: Tables>(tables: &T, slot: u32, address: Self) -> Option<u32> {
        tables.cidr_v4(slot, address)
    }

    #[inline(always)]
    fn member<T: Tables>(tables: &T, vpc: u32, address: Self) -> Option<u32> {
        tables.member_v4(vpc, address)
    }

    #[inline(always)]
    fn own(interface: &Interface) -> Self {
        interface.own_v4
    }

    #[inline(always)]
    fn owner<T: Tables>(tables: &T, vpc: u32, address: Self) -> Option<u32> {
        tables.owner_v4(vpc, address)
    }

    #[inline(always)]
    fn read<B: Bytes>(bytes: &B, offset: usize) -> Option<Self> {
        bytes.read(offset)
    }

    #[inline(always)]
    fn is_link_local(&self) -> bool {
        false
    }

    #[inline(always)]
    fn is_for_many(&self) -> bool {
        self[0] & 0xf0 == 0xe0 || u32::from_be_bytes(*self) == u32::MAX
    }

    #[inline(always)]
    fn flow<T: Tables>(tables: &T, key: &FlowKeyV4) -> Option<T::Flow> {
        tables.flow_v4(key)
    }

    #[inline(always)]
    fn insert_flow<T: Tables>(tables: &T, key: &FlowKeyV4, flow: &Flow) -> Result<(), InsertError> {
        tables.insert_flow_v4(key, flow)
    }

    #[inline(always)]
    fn remove_flow<T: Tables>(tables: &T, key: &FlowKeyV4) {
        tables.remove_flow_v4(key);
    }

    #[inline(always)]
    fn fragment_key(attachment: u32, packet: &Packet<Self>, direction: Direction) -> FragmentKeyV4 {
        FragmentKeyV4 {
            attachment,
            vlans: packet.vlans,
            source: packet.source,
            destination: packet.destination,
            id: packet.fragment.id,
            protocol: packet.fragment.next,
            direction: direction as u8,
            reserved: [0; 2],
        }
    }

    #[inline(always)]
    fn fragment<T: Tables>(tables: &T, key: &FragmentKeyV4) -> Option<FirstFragment> {
        tables.fragment_v4(key)
    }

    #[inline(always)]
    fn remember_fragment<T: Tables>(tables: &T, key: &FragmentKeyV4, first: &FirstFragment) {
        tables.remember_fragment_v4(key, first);
    }

    #[inline(always)]
    fn check<T: Steps>(
        tables: &T,
        packet: &Packet<Self>,
        interface: &Interface,
        moment: &Moment,
        is_for_link: bool,
    ) -> Outcome {
        tables.check_v4(packet, interface, moment, is_for_link)
    }

    #[inline(always)]
    fn owns<T: Steps>(tables: &T, address: &Self, interface: &Interface) -> bool {
        tables.owns_v4(address, interface)
    }

    #[inline(always)]
    fn judge<T: Steps>(tables: &T, packet: &Packet<Self>, interface: &Interface, moment: &Moment) -> Judged {
        tables.judge_v4(packet, interface, moment)
    }

    #[inline(always)]
    fn follow<T: Steps>(tables: &T, packet: &Packet<Self>, interface: &Interface, moment: &Moment) -> Outcome {
        tables.follow_v4(packet, interface, moment)
    }

    #[inline(always)]
    fn remember<T: Steps>(tables: &T, packet: &Packet<Self>, interface: &Interface, moment: &Moment, rule: u32) {
        tables.remember_v4(packet, interface, moment, rule);
    }

    #[inline(always)]
    fn knows<T: Steps>(tables: &T, quoted: &Packet<Self>, interface: &Interface, moment: &Moment) -> bool {
        tables.knows_v4(quoted, interface, moment)
    }

    #[inline(always)]
    fn give<P: PlaceEntry>(place: &P, key: &FlowKeyV4, nonce: u16) {
        place.give_v4(key, nonce);
    }

    #[inline(always)]
    fn padded(&self) -> [u8; 16] {
        let [a, b, c, d] = *self;
        [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    }
}
