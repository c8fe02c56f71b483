//! Addresses of the two families, and which of them no packet on a wire may carry.

mod v4;
mod v6;

pub(super) use v6::halves;

use super::{Bytes, Packet};
use crate::abi::{AnyFlowKey, FirstFragment, Flow, Interface, RuleSet, SlotFamily};
use crate::decide::{InsertError, Judged, Moment, PlaceEntry, Steps, Tables};
use crate::verdict::{Direction, Outcome};

/// An IPv4 address.
pub type Ipv4 = [u8; 4];
/// An IPv6 address.
pub type Ipv6 = [u8; 16];

/// What the decision needs of a family, so that it is written once.
pub trait Address: Copy + Eq {
    /// Key of a flow.
    type FlowKey: AnyFlowKey;
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
