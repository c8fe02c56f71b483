//! What the decision reads and writes.

use crate::abi::{
    DropKey, FirstFragment, Flow, FlowKeyV4, FlowKeyV6, FragmentKeyV4, FragmentKeyV6, Interface, LingerKey, Page,
    PolicyCell, RuleSet, Slot, SlotFamily,
};
use crate::verdict::Direction;

/// The tables that the decision reads and the counters that it moves. In the kernel these are BPF maps, elsewhere
/// ordinary collections: a look-up of something that is not there is `None`, and the decision drops the packet.
///
/// A value of the type is a reference to the tables, or nothing where they are known without.
pub trait Tables: Copy {
    /// A flow in its table.
    type Flow: FlowEntry;
    /// A place in a ring of half-open flows.
    type Place: PlaceEntry;

    /// The interface with this index.
    fn interface(&self, ifindex: u32) -> Option<&Interface>;
    /// The policies of an attachment. Read once a packet.
    fn cell(&self, attachment: u32) -> Option<PolicyCell>;
    /// A policy.
    fn slot(&self, slot: u32) -> Option<&Slot>;
    /// A node of the services radix.
    fn page(&self, page: u32) -> Option<&Page>;
    /// A set of rules.
    fn rule_set(&self, index: u32) -> Option<&RuleSet>;
    /// The lowest of the rules given, which are of a policy in a slot, that names a peer in a VPC ([`super::by_peer`]), or
    /// [`crate::abi::NO_RULE`]. In the kernel this, too, is a function that the verifier looks at by itself, and the keys of its
    /// look-ups are on the stack only there.
    fn rule_for_v4(&self, services: &RuleSet, own: &SlotFamily, slot_and_vpc: [u32; 2], peer: &[u8; 4]) -> u32 {
        super::by_peer(self, services, own, slot_and_vpc, peer)
    }
    /// As [`Tables::rule_for_v4`].
    fn rule_for_v6(&self, services: &RuleSet, own: &SlotFamily, slot_and_vpc: [u32; 2], peer: &[u8; 16]) -> u32 {
        super::by_peer(self, services, own, slot_and_vpc, peer)
    }
    /// The lowest rule that is in both sets, of which the first words count, or [`crate::abi::NO_RULE`]. In the kernel it is a function that the verifier
    /// looks at once, by itself: otherwise it would go through all that follows for each word of a set.
    fn first_common(&self, one: &RuleSet, other: &RuleSet, words: u32) -> u32 {
        one.first_common(other, words)
    }
    /// Host-wide number of a rule: `family` is [`crate::abi::V4`] or [`crate::abi::V6`].
    fn rule_number(&self, slot: u32, family: usize, bit: u32) -> Option<u32>;
    /// Index of the rules of a policy that have the longest prefix covering the address, shorter ones included.
    fn cidr_v4(&self, slot: u32, address: [u8; 4]) -> Option<u32>;
    /// As [`Tables::cidr_v4`].
    fn cidr_v6(&self, slot: u32, address: [u8; 16]) -> Option<u32>;
    /// A word of the filter in front of the prefix lists.
    fn list_filter(&self, word: u32) -> Option<u64>;
    /// Number of the set of prefix lists that cover an address.
    fn lists_v4(&self, address: [u8; 4]) -> Option<u32>;
    /// As [`Tables::lists_v4`].
    fn lists_v6(&self, address: [u8; 16]) -> Option<u32>;
    /// Index of the rules of a policy whose peer is one of a set of prefix lists.
    fn list_rules(&self, slot: u32, set: u32, family: usize) -> Option<u32>;
    /// Number of the set of groups that an address of a VPC is a member of.
    fn member_v4(&self, vpc: u32, address: [u8; 4]) -> Option<u32>;
    /// As [`Tables::member_v4`].
    fn member_v6(&self, vpc: u32, address: [u8; 16]) -> Option<u32>;
    /// The attachment that an address of a VPC belongs to.
    fn owner_v4(&self, vpc: u32, address: [u8; 4]) -> Option<u32>;
    /// As [`Tables::owner_v4`].
    fn owner_v6(&self, vpc: u32, address: [u8; 16]) -> Option<u32>;
    /// Index of the rules of a policy whose peer is one of a set of groups.
    fn group_rules(&self, slot: u32, set: u32, family: usize) -> Option<u32>;
    /// A flow.
    fn flow_v4(&self, key: &FlowKeyV4) -> Option<Self::Flow>;
    /// A flow.
    fn flow_v6(&self, key: &FlowKeyV6) -> Option<Self::Flow>;
    /// Adds a flow that is not there yet.
    fn insert_flow_v4(&self, key: &FlowKeyV4, flow: &Flow) -> Result<(), InsertError>;
    /// As [`Tables::insert_flow_v4`].
    fn insert_flow_v6(&self, key: &FlowKeyV6, flow: &Flow) -> Result<(), InsertError>;
    /// Removes a flow that the caller has claimed.
    fn remove_flow_v4(&self, key: &FlowKeyV4);
    /// As [`Tables::remove_flow_v4`].
    fn remove_flow_v6(&self, key: &FlowKeyV6);
    /// What is remembered of the first fragment of a datagram.
    fn fragment_v4(&self, key: &FragmentKeyV4) -> Option<FirstFragment>;
    /// As [`Tables::fragment_v4`].
    fn fragment_v6(&self, key: &FragmentKeyV6) -> Option<FirstFragment>;
    /// Remembers a first fragment, in the place of one with the same key, and perhaps of the one that was not asked for
    /// longest.
    fn remember_fragment_v4(&self, key: &FragmentKeyV4, first: &FirstFragment);
    /// As [`Tables::remember_fragment_v4`].
    fn remember_fragment_v6(&self, key: &FragmentKeyV6, first: &FirstFragment);
    /// Established flows of an attachment, of one class.
    fn established(&self, attachment: u32, class: usize) -> u64;
    /// Adds to [`Tables::established`].
    fn add_established(&self, attachment: u32, class: usize, change: i64);
    /// The next place in a ring of half-open flows of this CPU; `None` where the interface has none.
    fn next_place(&self, interface: &Interface, ring: usize) -> Option<Self::Place>;
    /// The tick until which what leaves from a port begins no flow.
    fn linger(&self, key: &LingerKey) -> Option<u64>;
    /// Whether a drop may still be recorded in this tick.
    fn may_record(&self, now: u64) -> bool;
    /// Records packets that were dropped, or would have been.
    fn record(&self, key: &DropKey, now: u64, packets: u64, bytes: u64);
    /// The time, in ticks.
    fn now(&self) -> u64;
    /// A number that differs from one call to the next.
    fn nonce(&self) -> u16;
    /// Counts packets of an attachment by what became of them; attachment 0 for a device without an entry.
    fn count(&self, attachment: u32, direction: Direction, outcome: u8, packets: u64, bytes: u64);
    /// Counts what a rule let through. `flows` is 1 for the packet that began a flow.
    fn count_rule(&self, rule: u32, flows: u64, packets: u64, bytes: u64);
}

/// Why a flow could not be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertError {
    /// Another CPU added it first.
    Exists,
    /// The table holds as many flows as it can.
    Full,
}

/// A flow in its table. Another CPU may work on it at the same time: the word changes by compare-and-swap only.
pub trait FlowEntry: Copy {
    /// State, nonce and time last seen.
    fn word(&self) -> u64;
    /// Changes the word if it still is `old`, and says whether it did.
    fn swap(&self, old: u64, new: u64) -> bool;
    /// Host-wide number of the rule that admitted it.
    fn rule(&self) -> u32;
    /// Sets what [`FlowEntry::rule`] reads.
    fn set_rule(&self, rule: u32);
    /// Who opened it.
    fn opened(&self) -> Direction;
    /// TCP: sequence number expected next from the side that sends in a direction.
    fn expected(&self, direction: Direction) -> u32;
    /// Sets what [`FlowEntry::expected`] reads.
    fn set_expected(&self, direction: Direction, sequence: u32);
    /// TCP: first sequence number that proves that the opener saw the answer.
    fn answer(&self) -> u32;
    /// Sets what [`FlowEntry::answer`] reads.
    fn set_answer(&self, sequence: u32);
    /// Counts packets and octets of a direction.
    fn account(&self, direction: Direction, packets: u64, bytes: u64);
}

/// A place in a ring of half-open flows. Only the CPU that it belongs to works on it.
pub trait PlaceEntry: Copy {
    /// Nonce of the flow that holds it.
    fn nonce(&self) -> u16;
    /// Key of the flow that holds it, if that is one of IPv4.
    fn holder_v4(&self) -> Option<&FlowKeyV4>;
    /// Key of the flow that holds it, if that is one of IPv6.
    fn holder_v6(&self) -> Option<&FlowKeyV6>;
    /// Gives it to a flow of IPv4.
    fn give_v4(&self, key: &FlowKeyV4, nonce: u16);
    /// Gives it to a flow of IPv6.
    fn give_v6(&self, key: &FlowKeyV6, nonce: u16);
}
