//! Keys and values of the BPF maps.
//!
//! Every type is plain data without padding (the derives of `zerocopy` refuse to compile otherwise), and its size and
//! alignment are asserted beside it, since the kernel side and user space are built by different compilers. Addresses
//! are octets in network order; every other number is in the machine's order unless its name says otherwise.
//!
//! Any change here needs a new [`ABI_VERSION`]: it is pinned beside the maps, and a controller of another version
//! refuses to adopt them.

mod flow;
mod fragment;
mod interface;
mod peer;
mod policy;

pub use flow::{
    AnyFlowKey, DROPS_A_TICK, DropBudget, DropKey, DropRecord, Flow, FlowKeyV4, FlowKeyV6, OTHERS, RINGS, RingHeads,
    RingPlace, SWEEP_CUT, SWEEP_EXPIRED, Sweep, TCP,
};
pub use fragment::{FirstFragment, FragmentKeyV4, FragmentKeyV6};
pub use interface::{
    Clock, Counter, FlowGauge, INTERFACE_ALWAYS, INTERFACE_LINGER, INTERFACE_MONITOR, INTERFACE_NEIGHBOURS,
    INTERFACE_NO_ETHERNET, INTERFACE_SOURCE_CHECK, INTERFACE_STRICT_L2, INTERFACE_WORKLOAD, Interface, LingerKey,
    Manifest, NO_VPC, RuleCounter, Timeouts,
};
pub use peer::{
    CidrKeyV4, CidrKeyV6, GroupRules, GroupRulesKey, LIST_FILTER_BITS, LIST_FILTER_WORDS, MemberKeyV4, MemberKeyV6,
    list_filter_place,
};
pub use policy::{
    HAS_ANYONE, HAS_CIDRS, HAS_GROUPS, HAS_LISTS, LEAF, MAX_RULES, NO_RULE, OPEN_TCP, OPEN_UDP, OctetFilter, Page,
    PolicyCell, RULE_WORDS, RuleNumbers, RuleSet, Slot, SlotFamily,
};

/// Version of the layouts in this module and of the meaning of their fields.
pub const ABI_VERSION: u32 = 5;

/// Time as the programs count it: units of 2^20 nanoseconds (1.048576 ms) of `CLOCK_MONOTONIC`, so that the clock is
/// one shift away. 40 bits of it last 36 years.
pub const TICK_SHIFT: u32 = 20;

/// The ticks in a number of seconds, rounded up.
#[must_use]
pub const fn ticks(seconds: u32) -> u32 {
    // 432 000 s, the longest time-out there is, gives 411 987 305: far from the end of u32.
    ((seconds as u64 * 1_000_000_000).div_ceil(1 << TICK_SHIFT)) as u32
}

/// Asserts size and alignment of a type that both compilers must agree on.
macro_rules! assert_layout {
    ($type:ty, $size:expr, $align:expr) => {
        const _: () = {
            assert!(core::mem::size_of::<$type>() == $size);
            assert!(core::mem::align_of::<$type>() == $align);
        };
    };
}
pub(crate) use assert_layout;

/// Sides of a family-indexed pair in the tables: `[v4, v6]`.
pub const V4: usize = 0;
/// See [`V4`].
pub const V6: usize = 1;

/// Names of the maps, as the programs declare them and as they are pinned.
pub mod map {
    /// `Array<Interface>` by ifindex. An entry without an attachment counts as none.
    pub const INTERFACES: &str = "INTERFACES";
    /// `HashMap<u32, Interface>`: what is not in the array. Ifindexes beyond it, and others while their entry is exchanged for
    /// that of another attachment: a hash gives the old one or the new one, whole.
    pub const INTERFACES_HIGH: &str = "INTERFACES_HIGH";
    /// `Array<u64>` (`PolicyCell`) by attachment number, memory-mapped by the controller.
    pub const CELLS: &str = "CELLS";
    /// `Array<Slot>`: policies of one direction.
    pub const SLOTS: &str = "SLOTS";
    /// `Array<Page>`: nodes of the services radix.
    pub const PAGES: &str = "PAGES";
    /// `Array<RuleSet>`: interned sets of rule bits; index 0 is the empty set.
    pub const RULE_SETS: &str = "RULE_SETS";
    /// `Array<RuleNumbers>` by `slot * 2 + family`: the host-wide number of each rule bit.
    pub const RULE_NUMBERS: &str = "RULE_NUMBERS";
    /// `LpmTrie<CidrKeyV4, u32>`: index into `RULE_SETS`.
    pub const CIDRS_V4: &str = "CIDRS_V4";
    /// `LpmTrie<CidrKeyV6, u32>`.
    pub const CIDRS_V6: &str = "CIDRS_V6";
    /// `HashMap<MemberKeyV4, u32>`: the set of groups that an address is a member of.
    pub const MEMBERS_V4: &str = "MEMBERS_V4";
    /// `HashMap<MemberKeyV6, u32>`.
    pub const MEMBERS_V6: &str = "MEMBERS_V6";
    /// `HashMap<MemberKeyV4, u32>`: the attachment that an address belongs to; under VPC 0 those let through always.
    pub const OWNERS_V4: &str = "OWNERS_V4";
    /// `HashMap<MemberKeyV6, u32>`.
    pub const OWNERS_V6: &str = "OWNERS_V6";
    /// `HashMap<GroupRulesKey, GroupRules>`.
    pub const GROUP_RULES: &str = "GROUP_RULES";
    /// `LpmTrie<[u8; 4], u32>`: the set of prefix lists that cover an address, of those that some policy names. Each entry
    /// carries the lists of all shorter ones that cover it.
    pub const LISTS_V4: &str = "LISTS_V4";
    /// `LpmTrie<[u8; 16], u32>`.
    pub const LISTS_V6: &str = "LISTS_V6";
    /// `Array<u64>`: a bit for each value of 16 bits of an address, set where a prefix list may have an entry
    /// ([`super::list_filter_place`]).
    pub const LIST_FILTER: &str = "LIST_FILTER";
    /// `HashMap<GroupRulesKey, GroupRules>`, by sets of prefix lists.
    pub const LIST_RULES: &str = "LIST_RULES";
    /// `HashMap<FlowKeyV4, Flow>`.
    pub const FLOWS_V4: &str = "FLOWS_V4";
    /// `HashMap<FlowKeyV6, Flow>`.
    pub const FLOWS_V6: &str = "FLOWS_V6";
    /// `LruHashMap<FragmentKeyV4, FirstFragment>`.
    pub const FRAGMENTS_V4: &str = "FRAGMENTS_V4";
    /// `LruHashMap<FragmentKeyV6, FirstFragment>`.
    pub const FRAGMENTS_V6: &str = "FRAGMENTS_V6";
    /// `Array<FlowGauge>` by attachment number, memory-mapped by the controller.
    pub const FLOW_GAUGES: &str = "FLOW_GAUGES";
    /// `Array<RingPlace>`: places of half-open flows, in the regions that interfaces name.
    pub const RINGS: &str = "RINGS";
    /// `PerCpuArray<RingHeads>` by attachment number.
    pub const RING_HEADS: &str = "RING_HEADS";
    /// `LpmTrie<LingerKey, u64>`: the tick until which what leaves from the port begins no flow.
    pub const LINGER: &str = "LINGER";
    /// `LruPerCpuHashMap<DropKey, DropRecord>`.
    pub const DROPS: &str = "DROPS";
    /// `PerCpuArray<DropBudget>`, one entry.
    pub const DROP_BUDGET: &str = "DROP_BUDGET";
    /// `PerCpuArray<Clock>`, one entry.
    pub const CLOCK: &str = "CLOCK";
    /// `PerCpuArray<Counter>` by `Counter::index`.
    pub const COUNTERS: &str = "COUNTERS";
    /// `PerCpuArray<RuleCounter>` by host-wide rule number.
    pub const RULE_COUNTERS: &str = "RULE_COUNTERS";
    /// `Array<Manifest>`, one entry: what the maps beside it belong to.
    pub const MANIFEST: &str = "MANIFEST";

    /// All maps that outlive the controller, in the order in which they are pinned.
    pub const ALL: [&str; 32] = [
        MANIFEST,
        INTERFACES,
        INTERFACES_HIGH,
        CELLS,
        SLOTS,
        PAGES,
        RULE_SETS,
        RULE_NUMBERS,
        CIDRS_V4,
        CIDRS_V6,
        MEMBERS_V4,
        MEMBERS_V6,
        OWNERS_V4,
        OWNERS_V6,
        GROUP_RULES,
        LISTS_V4,
        LISTS_V6,
        LIST_FILTER,
        LIST_RULES,
        FLOWS_V4,
        FLOWS_V6,
        FRAGMENTS_V4,
        FRAGMENTS_V6,
        FLOW_GAUGES,
        RINGS,
        RING_HEADS,
        LINGER,
        DROPS,
        DROP_BUDGET,
        CLOCK,
        COUNTERS,
        RULE_COUNTERS,
    ];
}

/// Names of the programs in the object.
pub mod program {
    /// XDP, frames that a device receives.
    pub const XDP_RX: &str = "firewall_xdp_rx";
    /// TC, frames that a device receives.
    pub const TC_RX: &str = "firewall_tc_rx";
    /// TC, frames that a device sends.
    pub const TC_TX: &str = "firewall_tc_tx";
    /// Not attached: run by the controller over keys of IPv4, it removes the flows that have expired, or cuts them.
    pub const SWEEP_V4: &str = "firewall_sweep_v4";
    /// The same for IPv6.
    pub const SWEEP_V6: &str = "firewall_sweep_v6";
}
