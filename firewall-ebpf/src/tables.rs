//! The tables of the decision, on maps.

use crate::atomic;
use crate::entries::{MapFlow, MapPlace};
use crate::maps::{
    CELLS, CIDRS_V4, CIDRS_V6, CLOCK, COUNTERS, DROP_BUDGET, DROPS, FLOW_GAUGES, FLOWS_V4, FLOWS_V6, FRAGMENTS_V4,
    FRAGMENTS_V6, GROUP_RULES, INTERFACES, INTERFACES_HIGH, LINGER, LIST_FILTER, LIST_RULES, LISTS_V4, LISTS_V6,
    MEMBERS_V4, MEMBERS_V6, OWNERS_V4, OWNERS_V6, PAGES, RING_HEADS, RINGS, RULE_COUNTERS, RULE_NUMBERS, RULE_SETS,
    SLOTS,
};
use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::helpers::generated::{
    bpf_get_prandom_u32, bpf_get_smp_processor_id, bpf_jiffies64, bpf_ktime_get_coarse_ns,
};
use aya_ebpf::maps::lpm_trie::Key;
use core::hint::black_box;
use core::ptr::NonNull;
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, Clock, Counter, DROPS_A_TICK, DropKey, DropRecord, FirstFragment, Flow, FlowKeyV4, FlowKeyV6,
    FragmentKeyV4, FragmentKeyV6, GroupRulesKey, Interface, LingerKey, MemberKeyV4, MemberKeyV6, NO_RULE, Page,
    PolicyCell, RINGS as RINGS_OF_A_CPU, RuleSet, Slot, SlotFamily, TICK_SHIFT,
};
use firewall_common::decide::{InsertError, Tables, by_peer};
use firewall_common::verdict::Direction;

/// What `bpf_map_update_elem` answers when the key is there already.
const EEXIST: i32 = -17;

/// The maps of this object.
#[derive(Clone, Copy)]
pub struct Maps;

impl Tables for Maps {
    type Flow = MapFlow;
    type Place = MapPlace;

    #[inline(always)]
    fn interface(&self, ifindex: u32) -> Option<&Interface> {
        if let Some(interface) = INTERFACES.get(ifindex).filter(|interface| interface.attachment != 0) {
            return Some(interface);
        }
        // SAFETY: entries are added before a program is attached and removed after it is detached. The controller may
        // change one meanwhile, field by field: each is seen old or new, and no two of them have to agree. Where they have to,
        // the entry is in here, and exchanged whole.
        unsafe { INTERFACES_HIGH.get(ifindex) }
    }

    #[inline(always)]
    fn cell(&self, attachment: u32) -> Option<PolicyCell> {
        let word = CELLS.get_ptr(attachment)?;
        // SAFETY: a pointer into the array is good while the program runs. The controller stores whole words, and both
        // slots come from one load.
        Some(PolicyCell::from_word(unsafe { word.read_volatile() }))
    }

    #[inline(always)]
    fn slot(&self, slot: u32) -> Option<&Slot> {
        SLOTS.get(slot)
    }

    #[inline(always)]
    fn page(&self, page: u32) -> Option<&Page> {
        PAGES.get(page)
    }

    #[inline(always)]
    fn rule_set(&self, index: u32) -> Option<&RuleSet> {
        RULE_SETS.get(index)
    }

    #[inline(always)]
    fn rule_for_v4(&self, services: &RuleSet, own: &SlotFamily, [slot, vpc]: [u32; 2], peer: &[u8; 4]) -> u32 {
        firewall_rule_for_v4(services, own, slot, vpc, u32::from_ne_bytes(*peer))
    }

    #[inline(always)]
    fn rule_for_v6(&self, services: &RuleSet, own: &SlotFamily, [slot, vpc]: [u32; 2], peer: &[u8; 16]) -> u32 {
        firewall_rule_for_v6(services, own, slot, vpc, peer)
    }

    #[inline(always)]
    fn first_common(&self, one: &RuleSet, other: &RuleSet, words: u32) -> u32 {
        firewall_first_common(one, other, words)
    }

    #[inline(always)]
    fn rule_number(&self, slot: u32, family: usize, bit: u32) -> Option<u32> {
        let numbers = RULE_NUMBERS.get(slot * 2 + family as u32)?;
        // The compiler knows that a bit's number is small and would leave out the comparison that shows it to the
        // verifier.
        numbers.numbers.get(black_box(bit) as usize).copied()
    }

    #[inline(always)]
    fn cidr_v4(&self, slot: u32, address: [u8; 4]) -> Option<u32> {
        CIDRS_V4.get(Key::new(64, CidrKeyV4 { slot: slot.to_be_bytes(), address })).copied()
    }

    #[inline(always)]
    fn cidr_v6(&self, slot: u32, address: [u8; 16]) -> Option<u32> {
        CIDRS_V6.get(Key::new(160, CidrKeyV6 { slot: slot.to_be_bytes(), address })).copied()
    }

    #[inline(always)]
    fn list_filter(&self, word: u32) -> Option<u64> {
        LIST_FILTER.get(word).copied()
    }

    #[inline(always)]
    fn lists_v4(&self, address: [u8; 4]) -> Option<u32> {
        LISTS_V4.get(Key::new(32, address)).copied()
    }

    #[inline(always)]
    fn lists_v6(&self, address: [u8; 16]) -> Option<u32> {
        LISTS_V6.get(Key::new(128, address)).copied()
    }

    #[inline(always)]
    fn list_rules(&self, slot: u32, set: u32, family: usize) -> Option<u32> {
        // SAFETY: as for the rules of groups.
        let rules = unsafe { LIST_RULES.get(GroupRulesKey { slot, set }) }?;
        rules.rule_sets.get(family).copied()
    }

    #[inline(always)]
    fn member_v4(&self, vpc: u32, address: [u8; 4]) -> Option<u32> {
        // SAFETY: the value is one aligned word, seen whole whatever the controller does meanwhile.
        unsafe { MEMBERS_V4.get(MemberKeyV4 { vpc, address }) }.copied()
    }

    #[inline(always)]
    fn member_v6(&self, vpc: u32, address: [u8; 16]) -> Option<u32> {
        // SAFETY: as for IPv4.
        unsafe { MEMBERS_V6.get(MemberKeyV6 { vpc, address }) }.copied()
    }

    #[inline(always)]
    fn owner_v4(&self, vpc: u32, address: [u8; 4]) -> Option<u32> {
        // SAFETY: as in `member_v4`.
        unsafe { OWNERS_V4.get(MemberKeyV4 { vpc, address }) }.copied()
    }

    #[inline(always)]
    fn owner_v6(&self, vpc: u32, address: [u8; 16]) -> Option<u32> {
        // SAFETY: as in `member_v4`.
        unsafe { OWNERS_V6.get(MemberKeyV6 { vpc, address }) }.copied()
    }

    #[inline(always)]
    fn group_rules(&self, slot: u32, set: u32, family: usize) -> Option<u32> {
        // SAFETY: entries of a slot are written before a cell names it, and removed when no program can still read it.
        let rules = unsafe { GROUP_RULES.get(GroupRulesKey { slot, set }) }?;
        rules.rule_sets.get(family).copied()
    }

    #[inline(always)]
    fn flow_v4(&self, key: &FlowKeyV4) -> Option<MapFlow> {
        // SAFETY: straight from the map.
        FLOWS_V4.get_ptr_mut(key).and_then(|flow| unsafe { MapFlow::new(flow) })
    }

    #[inline(always)]
    fn flow_v6(&self, key: &FlowKeyV6) -> Option<MapFlow> {
        // SAFETY: straight from the map.
        FLOWS_V6.get_ptr_mut(key).and_then(|flow| unsafe { MapFlow::new(flow) })
    }

    #[inline(always)]
    fn insert_flow_v4(&self, key: &FlowKeyV4, flow: &Flow) -> Result<(), InsertError> {
        FLOWS_V4.insert(key, flow, u64::from(BPF_NOEXIST)).map_err(insert_error)
    }

    #[inline(always)]
    fn insert_flow_v6(&self, key: &FlowKeyV6, flow: &Flow) -> Result<(), InsertError> {
        FLOWS_V6.insert(key, flow, u64::from(BPF_NOEXIST)).map_err(insert_error)
    }

    #[inline(always)]
    fn remove_flow_v4(&self, key: &FlowKeyV4) {
        // Whoever claimed a flow is the only one to remove it, so it is there.
        let _ = FLOWS_V4.remove(key);
    }

    #[inline(always)]
    fn remove_flow_v6(&self, key: &FlowKeyV6) {
        let _ = FLOWS_V6.remove(key);
    }

    #[inline(always)]
    fn fragment_v4(&self, key: &FragmentKeyV4) -> Option<FirstFragment> {
        // SAFETY: the octets are valid whatever they are. The kernel may give the entry to another datagram while it is read,
        // and then a mixture of the two is seen: it lets a fragment of a datagram pass that has passed lately, or drops it,
        // and never lets ports be replaced, since no fragment that is looked up begins within them.
        unsafe { FRAGMENTS_V4.get(key) }.copied()
    }

    #[inline(always)]
    fn fragment_v6(&self, key: &FragmentKeyV6) -> Option<FirstFragment> {
        // SAFETY: as for IPv4.
        unsafe { FRAGMENTS_V6.get(key) }.copied()
    }

    #[inline(always)]
    fn remember_fragment_v4(&self, key: &FragmentKeyV4, first: &FirstFragment) {
        // It fails when no entry can be had: what follows is dropped then, as if it had been pushed out.
        let _ = FRAGMENTS_V4.insert(key, first, 0);
    }

    #[inline(always)]
    fn remember_fragment_v6(&self, key: &FragmentKeyV6, first: &FirstFragment) {
        let _ = FRAGMENTS_V6.insert(key, first, 0);
    }

    #[inline(always)]
    fn established(&self, attachment: u32, class: usize) -> u64 {
        // Without a gauge there is no allowance.
        let Some(gauge) = FLOW_GAUGES.get_ptr(attachment) else { return u64::MAX };
        // SAFETY: a pointer into the array is good while the program runs; an aligned word is seen whole.
        unsafe { (&raw const (*gauge).established[class]).read_volatile() }
    }

    #[inline(always)]
    fn add_established(&self, attachment: u32, class: usize, change: i64) {
        if let Some(gauge) = FLOW_GAUGES.get_ptr_mut(attachment) {
            // SAFETY: as in `established`. Adding a negative number in two's complement takes away.
            unsafe { atomic::add(&raw mut (*gauge).established[class], change.cast_unsigned()) };
        }
    }

    #[inline(always)]
    fn next_place(&self, interface: &Interface, ring: usize) -> Option<MapPlace> {
        let share = interface.ring_share;
        if share == 0 {
            return None;
        }
        let heads = RING_HEADS.get_ptr_mut(interface.attachment)?;
        // SAFETY: the entry belongs to this CPU, as in `count`.
        let taken = unsafe { (*heads).taken.get_mut(black_box(ring))? };
        let turn = *taken;
        *taken = turn.wrapping_add(1);
        // SAFETY: the helper has no conditions.
        let cpu = unsafe { bpf_get_smp_processor_id() };
        let ring = cpu * RINGS_OF_A_CPU as u32 + ring as u32;
        let place = interface.ring_base + ring * share + turn % share;
        RINGS.get_ptr_mut(place).and_then(NonNull::new).map(MapPlace)
    }

    #[inline(always)]
    fn linger(&self, key: &LingerKey) -> Option<u64> {
        LINGER.get(Key::new(64, *key)).copied()
    }

    #[inline(always)]
    fn may_record(&self, now: u64) -> bool {
        let Some(budget) = DROP_BUDGET.get_ptr_mut(0) else { return false };
        // SAFETY: as in `count`.
        let budget = unsafe { &mut *budget };
        if budget.tick != now {
            budget.tick = now;
            budget.recorded = 0;
        }
        if budget.recorded >= DROPS_A_TICK {
            budget.skipped += 1;
            return false;
        }
        budget.recorded += 1;
        true
    }

    #[inline(always)]
    fn record(&self, key: &DropKey, now: u64, packets: u64, bytes: u64) {
        if let Some(record) = DROPS.get_ptr_mut(key) {
            // SAFETY: as in `count`.
            let record = unsafe { &mut *record };
            if record.packets == 0 {
                // Another CPU has made the entry.
                record.first = now;
            }
            record.packets += packets;
            record.bytes += bytes;
            record.last = now;
            return;
        }
        // Bounded, and the oldest goes: that it fails is nothing that could be mended here.
        let _ = DROPS.insert(key, DropRecord { packets, bytes, first: now, last: now }, 0);
    }

    #[inline(always)]
    fn now(&self) -> u64 {
        let Some(clock) = CLOCK.get_ptr_mut(0) else { return 0 };
        // SAFETY: as in `count`.
        let clock = unsafe { &mut *clock };
        // SAFETY: the helper has no conditions, and the kernel puts a load in the place of its call.
        let jiffies = unsafe { bpf_jiffies64() };
        if clock.jiffies != jiffies {
            // SAFETY: the helper has no conditions.
            let tick = (unsafe { bpf_ktime_get_coarse_ns() }) >> TICK_SHIFT;
            *clock = Clock { jiffies, tick };
        }
        clock.tick
    }

    #[inline(always)]
    fn nonce(&self) -> u16 {
        // SAFETY: the helper has no conditions.
        (unsafe { bpf_get_prandom_u32() }) as u16
    }

    #[inline(always)]
    fn count(&self, attachment: u32, direction: Direction, outcome: u8, packets: u64, bytes: u64) {
        if let Some(counter) = COUNTERS.get_ptr_mut(Counter::index(attachment, direction, outcome)) {
            // SAFETY: the entry belongs to this CPU, and programs of one CPU do not interrupt each other on a path that
            // shares it.
            let counter = unsafe { &mut *counter };
            counter.packets += packets;
            counter.bytes += bytes;
        }
    }

    #[inline(always)]
    fn count_rule(&self, rule: u32, flows: u64, packets: u64, bytes: u64) {
        if let Some(counter) = RULE_COUNTERS.get_ptr_mut(rule) {
            // SAFETY: as in `count`.
            let counter = unsafe { &mut *counter };
            counter.packets += packets;
            counter.bytes += bytes;
            counter.flows += flows;
        }
    }
}

/// As [`firewall_first_common`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn firewall_rule_for_v4(
    services: *const RuleSet,
    own: *const SlotFamily,
    slot: u32,
    vpc: u32,
    peer: u32,
) -> u32 {
    // SAFETY: the callers have references, and the verifier knows the sizes of what these point to.
    match unsafe { (services.as_ref(), own.as_ref()) } {
        (Some(services), Some(own)) => by_peer(&Maps, services, own, [slot, vpc], &peer.to_ne_bytes()),
        (None, _) | (_, None) => NO_RULE,
    }
}

/// As [`firewall_first_common`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn firewall_rule_for_v6(
    services: *const RuleSet,
    own: *const SlotFamily,
    slot: u32,
    vpc: u32,
    peer: *const [u8; 16],
) -> u32 {
    // SAFETY: as above.
    match unsafe { (services.as_ref(), own.as_ref(), peer.as_ref()) } {
        (Some(services), Some(own), Some(peer)) => by_peer(&Maps, services, own, [slot, vpc], peer),
        (None, _, _) | (_, None, _) | (_, _, None) => NO_RULE,
    }
}

/// A global function for the kernel: verified by itself, so that it takes pointers that may be null, and its callers know
/// nothing of its answer.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn firewall_first_common(one: *const RuleSet, other: *const RuleSet, words: u32) -> u32 {
    // SAFETY: the callers have references, and the verifier knows the sizes of what these point to.
    let (one, other) = unsafe { (one.as_ref(), other.as_ref()) };
    match (one, other) {
        (Some(one), Some(other)) => one.first_common(other, words),
        (None, _) | (_, None) => NO_RULE,
    }
}

#[inline(always)]
fn insert_error(code: i32) -> InsertError {
    if code == EEXIST { InsertError::Exists } else { InsertError::Full }
}
