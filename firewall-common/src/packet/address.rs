//! Addresses of the two families, and which of them no packet on a wire may carry.

use super::quoted;
use super::{Bytes, Packet, protocol};
use crate::abi::{
    FirstFragment, Flow, FlowKeyV4, FlowKeyV6, FragmentKeyV4, FragmentKeyV6, Interface, RuleSet, SlotFamily, V4, V6,
};
use crate::decide::{InsertError, Judged, Moment, PlaceEntry, Steps, Tables};
use crate::verdict::{Direction, Outcome};

/// An IPv4 address.
pub type Ipv4 = [u8; 4];
/// An IPv6 address.
pub type Ipv6 = [u8; 16];

/// What the decision needs of a family, so that it is written once.
pub trait Address: Copy + Eq {
    /// Key of a flow.
    type FlowKey;
    /// Key of a datagram that passes in fragments.
    type FragmentKey;
    /// Place of the family in the tables.
    const FAMILY: usize;
    /// The address that says that there is none.
    const UNSPECIFIED: Self;
    /// The protocol number of the family's ICMP.
    const ICMP: u8;

    /// Whether an ICMP type of the family says that a packet could not be delivered as it was.
    fn is_error(kind: u8) -> bool;
    /// Reads what an ICMP error quotes from an offset on, and says whether it is a packet.
    fn quoted<B: Bytes>(bytes: &B, offset: usize, quoted: &mut Packet<Self>) -> bool;
    /// Whether it may be the source of a packet: not multicast, broadcast, loopback or an IPv4 address in disguise.
    fn may_be_source(&self) -> bool;
    /// Whether it may be the destination of a packet: not loopback, unspecified or an IPv4 address in disguise.
    fn may_be_destination(&self) -> bool;
    /// The canonical key of a flow.
    fn flow_key(attachment: u32, vlans: u32, protocol: u8, local: (Self, u16), remote: (Self, u16)) -> Self::FlowKey;
    /// The octet by which a policy's CIDRs are told apart before its trie is asked: of IPv4 the first; of IPv6 the fourth,
    /// since the first 24 bits are alike for much of what is routed, and most rules name no more than a site's /32.
    fn filter_octet(&self) -> u8;
    /// The bits by which entries of prefix lists are told apart: of IPv4 the first 16, of IPv6 those from 16 to 32.
    fn list_filter_bits(&self) -> u16;
    /// The set of prefix lists that cover the address.
    fn lists<T: Tables>(tables: &T, address: Self) -> Option<u32>;
    /// The lowest of some rules that names the address as a peer ([`Tables::rule_for_v4`]).
    fn rule_for<T: Tables>(
        tables: &T,
        services: &RuleSet,
        own: &SlotFamily,
        slot_and_vpc: [u32; 2],
        peer: &Self,
    ) -> u32;
    /// The longest prefix of a policy that covers the address.
    fn cidr<T: Tables>(tables: &T, slot: u32, address: Self) -> Option<u32>;
    /// The set of groups that the address is a member of.
    fn member<T: Tables>(tables: &T, vpc: u32, address: Self) -> Option<u32>;
    /// The address in an interface's own entry.
    fn own(interface: &Interface) -> Self;
    /// The attachment that an address of a VPC belongs to.
    fn owner<T: Tables>(tables: &T, vpc: u32, address: Self) -> Option<u32>;
    /// The address at an offset of a frame.
    fn read<B: Bytes>(bytes: &B, offset: usize) -> Option<Self>;
    /// Whether each link has addresses of its own in this block, which hosts give to themselves and no router passes on. In
    /// IPv4 such addresses are given like others.
    fn is_link_local(&self) -> bool;
    /// Whether it is a group of hosts, or all of a link.
    fn is_for_many(&self) -> bool;
    /// A flow.
    fn flow<T: Tables>(tables: &T, key: &Self::FlowKey) -> Option<T::Flow>;
    /// Adds a flow.
    fn insert_flow<T: Tables>(tables: &T, key: &Self::FlowKey, flow: &Flow) -> Result<(), InsertError>;
    /// Removes a flow.
    fn remove_flow<T: Tables>(tables: &T, key: &Self::FlowKey);
    /// The key of the datagram that a fragment belongs to.
    fn fragment_key(attachment: u32, packet: &Packet<Self>, direction: Direction) -> Self::FragmentKey;
    /// The first fragment of a datagram.
    fn fragment<T: Tables>(tables: &T, key: &Self::FragmentKey) -> Option<FirstFragment>;
    /// Remembers a first fragment.
    fn remember_fragment<T: Tables>(tables: &T, key: &Self::FragmentKey, first: &FirstFragment);
    /// The step of the decision that looks whose addresses a packet has.
    fn check<T: Steps>(
        tables: &T,
        packet: &Packet<Self>,
        interface: &Interface,
        moment: &Moment,
        is_for_link: bool,
    ) -> Outcome;
    /// The step of the decision that says whether an address is one of an interface's.
    fn owns<T: Steps>(tables: &T, address: &Self, interface: &Interface) -> bool;
    /// The step of the decision that judges a packet.
    fn judge<T: Steps>(tables: &T, packet: &Packet<Self>, interface: &Interface, moment: &Moment) -> Judged;
    /// The step of the decision that judges a fragment other than the first.
    fn follow<T: Steps>(tables: &T, packet: &Packet<Self>, interface: &Interface, moment: &Moment) -> Outcome;
    /// The step of the decision that remembers a first fragment.
    fn remember<T: Steps>(tables: &T, packet: &Packet<Self>, interface: &Interface, moment: &Moment, rule: u32);
    /// The step of the decision that says whether a packet is known.
    fn knows<T: Steps>(tables: &T, quoted: &Packet<Self>, interface: &Interface, moment: &Moment) -> bool;
    /// Gives a place in a ring to a flow.
    fn give<P: PlaceEntry>(place: &P, key: &Self::FlowKey, nonce: u16);
    /// The address in the room for one of either family: IPv4 comes first, and zeros behind it.
    fn padded(&self) -> [u8; 16];
}

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

/// The two 64-bit halves of an address, for comparisons that are cheap in the kernel.
#[inline(always)]
pub(super) fn halves(address: &Ipv6) -> (u64, u64) {
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
