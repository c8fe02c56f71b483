//! The loaded programs, run on frames by the kernel's test facility. Nothing is attached and nothing is pinned: all of
//! it goes with the last file descriptor.

use super::plain::Plain;
use super::{Hook, LOOPBACK, Moved, Outcome};
use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, MapData, PerCpuArray};
use aya::programs::{Program, SchedClassifier, TestRun, Xdp};
use aya::{Ebpf, EbpfLoader, TestRunOptions};
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, Counter, Flow, FlowKeyV4, FlowKeyV6, GroupRules, GroupRulesKey, Interface, MemberKeyV4,
    MemberKeyV6, Page, RuleCounter, RuleNumbers, RuleSet, Slot, map, program,
};
use firewall_common::verdict::{Direction, OUTCOMES};
use firewall_ctl::compile::{Change, Layout, Limits, Plan, Removal, Write, compile};
use firewall_ctl::dataplane::object::object;
use firewall_ctl::model::Model;
use std::collections::BTreeMap;

/// The programs and their tables in the kernel.
#[derive(Debug)]
pub struct Kernel {
    ebpf: Ebpf,
    layout: Layout,
    limits: Limits,
}

/// The kernel does not run programs on such a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestRunError;

/// Codes of the programs' answers.
mod action {
    pub const XDP_DROP: u32 = 1;
    pub const XDP_PASS: u32 = 2;
    pub const TC_SHOT: u32 = 2;
    /// `TC_ACT_UNSPEC` and `TCX_NEXT`, -1.
    pub const TC_NEXT: u32 = u32::MAX;
}

impl Kernel {
    /// Loads the programs, with empty tables.
    ///
    /// # Panics
    /// If there are no programs in this build, or the kernel refuses them.
    #[must_use]
    pub fn load(limits: Limits) -> Self {
        crate::netns::require_root();
        let object = object().unwrap_or_else(|error| panic!("{error}"));
        let mut loader = EbpfLoader::new();
        for name in map::ALL {
            loader.map_max_entries(name, limits.max_entries(name).expect("every table has a limit"));
        }
        let mut ebpf = loader.load(object).unwrap_or_else(|error| panic!("load the programs: {error:?}"));
        for name in [program::XDP_RX, program::TC_RX, program::TC_TX, program::COLLECT_V4, program::COLLECT_V6] {
            let loaded = match ebpf.program_mut(name).unwrap_or_else(|| panic!("no program {name}")) {
                Program::Xdp(program) => program.load(),
                Program::SchedClassifier(program) => program.load(),
                other => panic!("{name} is a {:?}", other.prog_type()),
            };
            loaded.unwrap_or_else(|error| panic!("load {name}: {error}"));
        }
        Self { ebpf, layout: Layout::new(limits), limits }
    }

    /// Brings the tables to a model, from whatever they hold.
    ///
    /// # Panics
    /// If they do not hold it.
    pub fn publish(&mut self, model: &Model) {
        let desired = compile(model).unwrap_or_else(|error| panic!("compile: {error}"));
        let (next, plan) = self.layout.plan(&desired).unwrap_or_else(|error| panic!("plan: {error}"));
        let Plan { writes, members, cells, late_members } = &plan;
        writes.iter().for_each(|write| self.write(write));
        members.iter().for_each(|change| self.change(change));
        for (number, cell) in cells {
            self.array::<u64>(map::CELLS).set(*number, Plain(cell.to_word()), 0).expect("write a cell");
        }
        late_members.iter().for_each(|change| self.change(change));
        self.layout = next;
        for removal in self.layout.reclaim() {
            self.remove(removal);
        }
    }

    /// Says what the device that frames come from is.
    ///
    /// # Panics
    /// If the table refuses it.
    pub fn place(&mut self, interface: Interface) {
        self.array(map::INTERFACES).set(LOOPBACK, Plain(interface), 0).expect("write an interface");
    }

    /// Forgets all flows.
    ///
    /// # Panics
    /// If a table refuses it.
    pub fn forget(&mut self) {
        self.clear::<FlowKeyV4>(map::FLOWS_V4);
        self.clear::<FlowKeyV6>(map::FLOWS_V6);
    }

    /// Number of flows of both families.
    ///
    /// # Panics
    /// If a table cannot be read.
    #[must_use]
    pub fn flow_counts(&mut self) -> [usize; 2] {
        [
            self.hash::<FlowKeyV4, Flow>(map::FLOWS_V4).keys().count(),
            self.hash::<FlowKeyV6, Flow>(map::FLOWS_V6).keys().count(),
        ]
    }

    /// Judges a frame.
    ///
    /// # Errors
    /// The kernel does not run programs on it: it is shorter than an Ethernet header.
    ///
    /// # Panics
    /// If a program answers with a code that is none of ours.
    pub fn judge(&mut self, hook: Hook, frame: &[u8]) -> Result<Outcome, TestRunError> {
        let (counters, rules) = (self.counters(), self.rule_counters());
        let options = TestRunOptions { data_in: Some(frame), ..TestRunOptions::default() };
        let result = match hook {
            Hook::Xdp => self.xdp().test_run(options),
            Hook::TcReceive => self.tc(program::TC_RX).test_run(options),
            Hook::TcSend => self.tc(program::TC_TX).test_run(options),
        };
        let code = match result {
            Ok(result) => result.return_value,
            Err(_) if frame.len() < 14 => return Err(TestRunError),
            Err(error) => panic!("run {hook:?} on {} octets: {error:?}", frame.len()),
        };
        let passed = match (hook, code) {
            (Hook::Xdp, action::XDP_PASS) | (Hook::TcReceive | Hook::TcSend, action::TC_NEXT) => true,
            (Hook::Xdp, action::XDP_DROP) | (Hook::TcReceive | Hook::TcSend, action::TC_SHOT) => false,
            (Hook::Xdp | Hook::TcReceive | Hook::TcSend, code) => panic!("{hook:?} answers {code}"),
        };
        let moved = self.counters().into_iter().filter_map(|(key, (packets, bytes))| {
            let (attachment, direction, outcome) = key;
            let (had_packets, had_bytes) = counters.get(&key).copied().unwrap_or_default();
            let (packets, bytes) = (packets - had_packets, bytes - had_bytes);
            (packets != 0 || bytes != 0).then_some(Moved { attachment, direction, outcome, packets, bytes })
        });
        let moved = moved.collect();
        let now = self.rule_counters();
        let rules = now.iter().filter(|(rule, count)| rules.get(rule) != Some(count)).map(|(rule, _)| *rule).collect();
        Ok(Outcome { passed, moved, rules })
    }

    fn counters(&mut self) -> BTreeMap<(u32, Direction, u8), (u64, u64)> {
        let attachments = self.limits.attachments;
        let array = PerCpuArray::<_, Plain<Counter>>::try_from(self.map(map::COUNTERS)).expect("an array");
        let mut counters = BTreeMap::new();
        for attachment in 0..=attachments {
            for direction in [Direction::Inbound, Direction::Outbound] {
                for outcome in 0..OUTCOMES as u8 {
                    let values = array.get(&Counter::index(attachment, direction, outcome), 0).expect("read a counter");
                    let (packets, bytes) = values
                        .iter()
                        .fold((0, 0), |(packets, bytes), Plain(one)| (packets + one.packets, bytes + one.bytes));
                    if packets != 0 || bytes != 0 {
                        counters.insert((attachment, direction, outcome), (packets, bytes));
                    }
                }
            }
        }
        counters
    }

    /// Of the rules that a test can have made: their numbers begin at 1.
    fn rule_counters(&mut self) -> BTreeMap<u32, (u64, u64)> {
        const RULES: u32 = 200;
        let array = PerCpuArray::<_, Plain<RuleCounter>>::try_from(self.map(map::RULE_COUNTERS)).expect("an array");
        let mut counters = BTreeMap::new();
        for rule in 0..=RULES {
            let values = array.get(&rule, 0).expect("read a counter");
            let sum =
                values.iter().fold((0, 0), |(packets, flows), Plain(one)| (packets + one.packets, flows + one.flows));
            if sum != (0, 0) {
                counters.insert(rule, sum);
            }
        }
        counters
    }

    fn map(&mut self, name: &str) -> &mut aya::maps::Map {
        self.ebpf.map_mut(name).unwrap_or_else(|| panic!("no map {name}"))
    }

    fn xdp(&mut self) -> &mut Xdp {
        let program = self.ebpf.program_mut(program::XDP_RX).expect("it has been loaded");
        program.try_into().expect("it is XDP")
    }

    fn tc(&mut self, name: &str) -> &mut SchedClassifier {
        let program = self.ebpf.program_mut(name).expect("it has been loaded");
        program.try_into().expect("it is for TC")
    }
}

/// Writing the tables.
impl Kernel {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Write(write) => self.write(write),
            Change::Remove(removal) => self.remove(*removal),
        }
    }

    fn write(&mut self, write: &Write) {
        let written = match write {
            Write::Page { index, page } => self.array::<Page>(map::PAGES).set(*index, Plain(**page), 0),
            Write::RuleSet { index, rules } => self.array::<RuleSet>(map::RULE_SETS).set(*index, Plain(**rules), 0),
            Write::Slot { index, slot } => self.array::<Slot>(map::SLOTS).set(*index, Plain(**slot), 0),
            Write::RuleNumbers { index, numbers } => {
                self.array::<RuleNumbers>(map::RULE_NUMBERS).set(*index, Plain(**numbers), 0)
            }
            Write::CidrV4 { prefix_len, key, rules } => {
                self.trie::<CidrKeyV4>(map::CIDRS_V4).insert(&Key::new(*prefix_len, Plain(*key)), rules, 0)
            }
            Write::CidrV6 { prefix_len, key, rules } => {
                self.trie::<CidrKeyV6>(map::CIDRS_V6).insert(&Key::new(*prefix_len, Plain(*key)), rules, 0)
            }
            Write::GroupRules { key, rules } => {
                self.hash::<GroupRulesKey, GroupRules>(map::GROUP_RULES).insert(Plain(*key), Plain(*rules), 0)
            }
            Write::MemberV4 { key, set } => {
                self.hash::<MemberKeyV4, u32>(map::MEMBERS_V4).insert(Plain(*key), Plain(*set), 0)
            }
            Write::MemberV6 { key, set } => {
                self.hash::<MemberKeyV6, u32>(map::MEMBERS_V6).insert(Plain(*key), Plain(*set), 0)
            }
        };
        written.unwrap_or_else(|error| panic!("{write:?}: {error}"));
    }

    fn remove(&mut self, removal: Removal) {
        let removed = match removal {
            Removal::CidrV4 { prefix_len, key } => {
                self.trie::<CidrKeyV4>(map::CIDRS_V4).remove(&Key::new(prefix_len, Plain(key)))
            }
            Removal::CidrV6 { prefix_len, key } => {
                self.trie::<CidrKeyV6>(map::CIDRS_V6).remove(&Key::new(prefix_len, Plain(key)))
            }
            Removal::GroupRules(key) => self.hash::<GroupRulesKey, GroupRules>(map::GROUP_RULES).remove(&Plain(key)),
            Removal::MemberV4(key) => self.hash::<MemberKeyV4, u32>(map::MEMBERS_V4).remove(&Plain(key)),
            Removal::MemberV6(key) => self.hash::<MemberKeyV6, u32>(map::MEMBERS_V6).remove(&Plain(key)),
        };
        removed.unwrap_or_else(|error| panic!("{removal:?}: {error}"));
    }

    fn clear<K: Value>(&mut self, name: &str) {
        let mut hash = self.hash::<K, Flow>(name);
        let keys: Vec<Plain<K>> = hash.keys().collect::<Result<_, _>>().expect("read the keys");
        for key in keys {
            hash.remove(&key).expect("remove a flow");
        }
    }

    fn array<V: Value>(&mut self, name: &str) -> Array<&mut MapData, Plain<V>> {
        self.map(name).try_into().unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn hash<K: Value, V: Value>(&mut self, name: &str) -> HashMap<&mut MapData, Plain<K>, Plain<V>> {
        self.map(name).try_into().unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn trie<K: Value>(&mut self, name: &str) -> LpmTrie<&mut MapData, Plain<K>, u32> {
        self.map(name).try_into().unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// What can be a key or a value.
trait Value: zerocopy::FromBytes + zerocopy::IntoBytes + zerocopy::Immutable + Copy + 'static {}
impl<T: zerocopy::FromBytes + zerocopy::IntoBytes + zerocopy::Immutable + Copy + 'static> Value for T {}
