//! The maps. Their keys and values are in `firewall_common::abi`; the sizes here are defaults that the controller
//! replaces when it loads the object.
//!
//! Who writes what: the controller writes all but flows, fragments and counters; the programs write those. A policy is never
//! written while a cell names it, so that no look-up needs a lock.

use aya_ebpf::bindings::BPF_F_MMAPABLE;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, LpmTrie, LruHashMap, LruPerCpuHashMap, PerCpuArray};
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, Clock, Counter, DropBudget, DropKey, DropRecord, FirstFragment, Flow, FlowGauge, FlowKeyV4,
    FlowKeyV6, FragmentKeyV4, FragmentKeyV6, GroupRules, GroupRulesKey, Interface, LIST_FILTER_WORDS, LingerKey,
    Manifest, MemberKeyV4, MemberKeyV6, Page, RingHeads, RingPlace, RuleCounter, RuleNumbers, RuleSet, Slot,
};

#[map]
pub static INTERFACES: Array<Interface> = Array::with_max_entries(4096, 0);
#[map]
pub static INTERFACES_HIGH: HashMap<u32, Interface> = HashMap::with_max_entries(1024, 0);
#[map]
pub static CELLS: Array<u64> = Array::with_max_entries(1025, BPF_F_MMAPABLE);
#[map]
pub static SLOTS: Array<Slot> = Array::with_max_entries(1024, 0);
#[map]
pub static PAGES: Array<Page> = Array::with_max_entries(8192, 0);
#[map]
pub static RULE_SETS: Array<RuleSet> = Array::with_max_entries(65536, 0);
#[map]
pub static RULE_NUMBERS: Array<RuleNumbers> = Array::with_max_entries(2048, 0);
#[map]
pub static CIDRS_V4: LpmTrie<CidrKeyV4, u32> = LpmTrie::with_max_entries(131_072, 0);
#[map]
pub static CIDRS_V6: LpmTrie<CidrKeyV6, u32> = LpmTrie::with_max_entries(131_072, 0);
#[map]
pub static MEMBERS_V4: HashMap<MemberKeyV4, u32> = HashMap::with_max_entries(65536, 0);
#[map]
pub static MEMBERS_V6: HashMap<MemberKeyV6, u32> = HashMap::with_max_entries(65536, 0);
#[map]
pub static OWNERS_V4: HashMap<MemberKeyV4, u32> = HashMap::with_max_entries(16384, 0);
#[map]
pub static OWNERS_V6: HashMap<MemberKeyV6, u32> = HashMap::with_max_entries(16384, 0);
#[map]
pub static GROUP_RULES: HashMap<GroupRulesKey, GroupRules> = HashMap::with_max_entries(65536, 0);
#[map]
pub static LISTS_V4: LpmTrie<[u8; 4], u32> = LpmTrie::with_max_entries(131_072, 0);
#[map]
pub static LISTS_V6: LpmTrie<[u8; 16], u32> = LpmTrie::with_max_entries(131_072, 0);
#[map]
pub static LIST_FILTER: Array<u64> = Array::with_max_entries(2 * LIST_FILTER_WORDS, 0);
#[map]
pub static LIST_RULES: HashMap<GroupRulesKey, GroupRules> = HashMap::with_max_entries(65536, 0);
#[map]
pub static FLOWS_V4: HashMap<FlowKeyV4, Flow> = HashMap::with_max_entries(262_144, 0);
#[map]
pub static FLOWS_V6: HashMap<FlowKeyV6, Flow> = HashMap::with_max_entries(131_072, 0);
#[map]
pub static FRAGMENTS_V4: LruHashMap<FragmentKeyV4, FirstFragment> = LruHashMap::with_max_entries(16384, 0);
#[map]
pub static FRAGMENTS_V6: LruHashMap<FragmentKeyV6, FirstFragment> = LruHashMap::with_max_entries(8192, 0);
#[map]
pub static FLOW_GAUGES: Array<FlowGauge> = Array::with_max_entries(1025, BPF_F_MMAPABLE);
#[map]
pub static RINGS: Array<RingPlace> = Array::with_max_entries(65536, 0);
#[map]
pub static RING_HEADS: PerCpuArray<RingHeads> = PerCpuArray::with_max_entries(1025, 0);
#[map]
pub static LINGER: LpmTrie<LingerKey, u64> = LpmTrie::with_max_entries(4096, 0);
#[map]
pub static DROPS: LruPerCpuHashMap<DropKey, DropRecord> = LruPerCpuHashMap::with_max_entries(4096, 0);
#[map]
pub static DROP_BUDGET: PerCpuArray<DropBudget> = PerCpuArray::with_max_entries(1, 0);
#[map]
pub static CLOCK: PerCpuArray<Clock> = PerCpuArray::with_max_entries(1, 0);
#[map]
pub static COUNTERS: PerCpuArray<Counter> = PerCpuArray::with_max_entries(Counter::entries(1024), 0);
#[map]
pub static RULE_COUNTERS: PerCpuArray<RuleCounter> = PerCpuArray::with_max_entries(65536, 0);
#[map]
pub static MANIFEST: Array<Manifest> = Array::with_max_entries(1, 0);
