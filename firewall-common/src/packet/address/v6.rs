//! Addresses of IPv6.

use super::super::quoted;
use super::super::{Bytes, Packet, protocol};
use super::{Address, Ipv6};
use crate::abi::{FirstFragment, Flow, FlowKeyV6, FragmentKeyV6, Interface, RuleSet, SlotFamily, V6};
use crate::decide::{InsertError, Judged, Moment, PlaceEntry, Steps, Tables};
use crate::verdict::{Direction, Outcome};

/// The two 64-bit halves of an address, for comparisons that are cheap in the kernel.
#[inline(always)]
pub(in crate::packet) fn halves(address: &Ipv6) -> (u64, u64) {
    let [a, b, c, d, e, f, g, h, low @ ..] = *address;
    (u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes(low))
}

/// `::ffff:0:0/96`: belongs into an API, never onto a wire (RFC 4038, 4.2).
#[inline(always)]
fn is_mapped(high: u64, low: u64) -> bool {
    high == 0 && low >> 32 == 0xffff
}

impl Address for Ipv6 {
    type FlowKey = FlowKeyV6;
    type FragmentKey = FragmentKeyV6;
    const FAMILY: usize = V6;
    const UNSPECIFIED: Self = [0; 16];
    const ICMP: u8 = protocol::ICMPV6;

    /// Destination unreachable, packet too big, time exceeded, parameter problem (RFC 4443, 2.1: errors are below 128, and
    /// the others of these are for experiments).
    #[inline(always)]
    fn is_error(kind: u8) -> bool {
        matches!(kind, 1..=4)
    }

    #[inline(always)]
    fn quoted<B: Bytes>(bytes: &B, offset: usize, quoted: &mut Packet<Self>) -> bool {
        quoted::v6(bytes, offset, quoted)
    }

    #[inline(always)]
    fn may_be_source(&self) -> bool {
        let (high, low) = halves(self);
        let loopback = high == 0 && low == 1;
        self[0] != 0xff && !loopback && !is_mapped(high, low)
    }

    #[inline(always)]
    fn may_be_destination(&self) -> bool {
        let (high, low) = halves(self);
        let unspecified_or_loopback = high == 0 && low <= 1;
        !unspecified_or_loopback && !is_mapped(high, low)
    }

    #[inline(always)]
    fn flow_key(attachment: u32, vlans: u32, protocol: u8, local: (Self, u16), remote: (Self, u16)) -> FlowKeyV6 {
        FlowKeyV6 {
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
        self[3]
    }

    #[inline(always)]
    fn list_filter_bits(&self) -> u16 {
        u16::from_be_bytes([self[2], self[3]])
    }

    #[inline(always)]
    fn lists<T: Tables>(tables: &T, address: Self) -> Option<u32> {
        tables.lists_v6(address)
    }

    #[inline(always)]
    fn rule_for<T: Tables>(
        tables: &T,
        services: &RuleSet,
        own: &SlotFamily,
        slot_and_vpc: [u32; 2],
        peer: &Self,
    ) -> u32 {
        tables.rule_for_v6(services, own, slot_and_vpc, peer)
    }

    #[inline(always)]
    fn cidr<T: Tables>(tables: &T, slot: u32, address: Self) -> Option<u32> {
        tables.cidr_v6(slot, address)
    }

    #[inline(always)]
    fn member<T: Tables>(tables: &T, vpc: u32, address: Self) -> Option<u32> {
        tables.member_v6(vpc, address)
    }

    #[inline(always)]
    fn own(interface: &Interface) -> Self {
        interface.own_v6
    }

    #[inline(always)]
    fn owner<T: Tables>(tables: &T, vpc: u32, address: Self) -> Option<u32> {
        tables.owner_v6(vpc, address)
    }

    #[inline(always)]
    fn read<B: Bytes>(bytes: &B, offset: usize) -> Option<Self> {
        bytes.read(offset)
    }

    #[inline(always)]
    fn is_link_local(&self) -> bool {
        self[0] == 0xfe && self[1] & 0xc0 == 0x80
    }

    #[inline(always)]
    fn is_for_many(&self) -> bool {
        self[0] == 0xff
    }

    #[inline(always)]
    fn flow<T: Tables>(tables: &T, key: &FlowKeyV6) -> Option<T::Flow> {
        tables.flow_v6(key)
    }

    #[inline(always)]
    fn insert_flow<T: Tables>(tables: &T, key: &FlowKeyV6, flow: &Flow) -> Result<(), InsertError> {
        tables.insert_flow_v6(key, flow)
    }

    #[inline(always)]
    fn remove_flow<T: Tables>(tables: &T, key: &FlowKeyV6) {
        tables.remove_flow_v6(key);
    }

    #[inline(always)]
    fn fragment_key(attachment: u32, packet: &Packet<Self>, direction: Direction) -> FragmentKeyV6 {
        FragmentKeyV6 {
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
    fn fragment<T: Tables>(tables: &T, key: &FragmentKeyV6) -> Option<FirstFragment> {
        tables.fragment_v6(key)
    }

    #[inline(always)]
    fn remember_fragment<T: Tables>(tables: &T, key: &FragmentKeyV6, first: &FirstFragment) {
        tables.remember_fragment_v6(key, first);
    }

    #[inline(always)]
    fn check<T: Steps>(
        tables: &T,
        packet: &Packet<Self>,
        interface: &Interface,
        moment: &Moment,
        is_for_link: bool,
    ) -> Outcome {
        tables.check_v6(packet, interface, moment, is_for_link)
    }

    #[inline(always)]
    fn owns<T: Steps>(tables: &T, address: &Self, interface: &Interface) -> bool {
        tables.owns_v6(address, interface)
    }

    #[inline(always)]
    fn judge<T: Steps>(tables: &T, packet: &Packet<Self>, interface: &Interface, moment: &Moment) -> Judged {
        tables.judge_v6(packet, interface, moment)
    }

    #[inline(always)]
    fn follow<T: Steps>(tables: &T, packet: &Packet<Self>, interface: &Interface, moment: &Moment) -> Outcome {
        tables.follow_v6(packet, interface, moment)
    }

    #[inline(always)]
    fn remember<T: Steps>(tables: &T, packet: &Packet<Self>, interface: &Interface, moment: &Moment, rule: u32) {
        tables.remember_v6(packet, interface, moment, rule);
    }

    #[inline(always)]
    fn knows<T: Steps>(tables: &T, quoted: &Packet<Self>, interface: &Interface, moment: &Moment) -> bool {
        tables.knows_v6(quoted, interface, moment)
    }

    #[inline(always)]
    fn give<P: PlaceEntry>(place: &P, key: &FlowKeyV6, nonce: u16) {
        place.give_v6(key, nonce);
    }

    #[inline(always)]
    fn padded(&self) -> [u8; 16] {
        *self
    }
}
