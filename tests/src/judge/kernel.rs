//! The loaded programs, run on frames by the kernel's test facility. Nothing is attached and nothing is pinned: all of
//! it goes with the last file descriptor.

use super::counters::Snapshot;
use super::plain::Plain;
use super::{Hook, LOOPBACK};
use crate::packet::ether_type;
use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, Map, MapData, PerCpuHashMap};
use aya::programs::{Program, ProgramError, TestRun};
use aya::{Ebpf, EbpfLoader, TestRunOptions, TestRunResult};
use firewall_common::abi::{
    CidrKeyV4, CidrKeyV6, DropKey, DropRecord, FirstFragment, Flow, FlowKeyV4, FlowKeyV6, FragmentKeyV4, FragmentKeyV6,
    GroupRules, GroupRulesKey, Interface, MemberKeyV4, MemberKeyV6, Page, RuleNumbers, RuleSet, Slot, map, program,
};
use firewall_ctl::compile::owners::{OwnerKey, Owners, changes};
use firewall_ctl::compile::{Change, Desired, Layout, Limits, Plan, Removal, Write};
use firewall_ctl::daemon::config::LogLevel;
use firewall_ctl::dataplane::object::object;
use firewall_ctl::model::Model;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The programs and their tables in the kernel.
#[derive(Debug)]
pub struct Kernel {
    ebpf: Ebpf,
    pub(super) desired: Desired,
    pub(super) layout: Layout,
    owners: Owners,
    pub(super) limits: Limits,
    /// What had been counted when that was last asked.
    pub(super) counted: Snapshot,
}

/// How large a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramSize {
    /// Its name.
    pub name: &'static str,
    /// Its instructions, after the kernel has put in its own.
    pub instructions: u32,
    /// Instructions that the verifier went through on all paths; the kernel gives up at a million.
    pub verified: u32,
}

/// The programs in the hands of one test; see [`Kernel::shared`].
#[derive(Debug)]
pub struct SharedKernel(MutexGuard<'static, Option<Kernel>>);

impl Deref for SharedKernel {
    type Target = Kernel;

    fn deref(&self) -> &Kernel {
        self.0.as_ref().expect("loaded before it is handed out")
    }
}

impl DerefMut for SharedKernel {
    fn deref_mut(&mut self) -> &mut Kernel {
        self.0.as_mut().expect("loaded before it is handed out")
    }
}

/// Whether the kernel may refuse to run a program on a frame: `bpf_prog_test_run_skb` wants more than an Ethernet header,
/// and for an EtherType of IP as much as the header that belongs to it.
fn is_too_short(frame: &[u8]) -> bool {
    const ETHERNET: usize = 14;
    frame.len() <= ETHERNET
        || match u16::from_be_bytes([frame[12], frame[13]]) {
            ether_type::IPV4 => frame.len() < ETHERNET + 20,
            ether_type::IPV6 => frame.len() < ETHERNET + 40,
            _other => false,
        }
}

/// The kernel does not run programs on such a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestRunError;

/// Codes of the programs' answers.
pub(super) mod action {
    pub const XDP_DROP: u32 = 1;
    pub const XDP_PASS: u32 = 2;
    pub const TC_SHOT: u32 = 2;
    /// `TC_ACT_UNSPEC` and `TCX_NEXT`, -1.
    pub const TC_NEXT: u32 = u32::MAX;
}

/// Whether an answer of ours lets a frame pass.
fn passes(hook: Hook, code: u32) -> bool {
    match (hook, code) {
        (Hook::Xdp, action::XDP_PASS) | (Hook::TcReceive | Hook::TcSend, action::TC_NEXT) => true,
        (Hook::Xdp, action::XDP_DROP) | (Hook::TcReceive | Hook::TcSend, action::TC_SHOT) => false,
        (Hook::Xdp | Hook::TcReceive | Hook::TcSend, code) => panic!("{hook:?} answers {code}"),
    }
}

/// What the kernel notes about the buffer that a frame lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer {
    /// Segments that it was put together from, or will be cut into.
    pub segments: u32,
    /// Their length on the wire, at least that of the frame: with headers for each of them, on the way out and, in later
    /// kernels, on the way in.
    pub wire_length: u32,
}

impl Buffer {
    /// As the beginning of a `struct __sk_buff`.
    fn context(self) -> [u8; 192] {
        const WIRE_LEN: usize = 160;
        const GSO_SEGS: usize = 164;
        const GSO_SIZE: usize = 176;
        let mut context = [0; 192];
        let size = if self.segments > 1 { self.wire_length / self.segments } else { 0 };
        for (at, value) in [(WIRE_LEN, self.wire_length), (GSO_SEGS, self.segments), (GSO_SIZE, size)] {
            context[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        }
        context
    }
}

impl Kernel {
    /// The programs that all tests of this process share, with small tables, no policies, no interface and no flows:
    /// having the kernel verify them takes longer than all that a test does with them.
    ///
    /// # Panics
    /// As [`Kernel::load`].
    #[must_use]
    pub fn shared() -> SharedKernel {
        static SHARED: Mutex<Option<Kernel>> = Mutex::new(None);
        // A test that has panicked with the programs in hand left nothing that is not cleared here.
        let mut guard = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let kernel = guard.get_or_insert_with(|| Self::load(super::small_limits()));
        kernel.publish(&Model::default());
        kernel.allow_always(&BTreeSet::new());
        kernel.place(Interface::default());
        kernel.forget();
        kernel.moved();
        SharedKernel(guard)
    }

    /// Loads the programs, with empty tables, and with all that they can log: that is the most that the verifier can be
    /// asked.
    ///
    /// # Panics
    /// If there are no programs in this build, or the kernel refuses them.
    #[must_use]
    pub fn load(limits: Limits) -> Self {
        Self::load_logging(limits, LogLevel::Trace)
    }

    /// The same, logging no more than a level asks for: what a daemon's programs cost depends on that.
    ///
    /// # Panics
    /// As [`Kernel::load`].
    #[must_use]
    pub fn load_logging(limits: Limits, level: LogLevel) -> Self {
        crate::netns::require_root();
        let level = level as u8;
        let object = object().unwrap_or_else(|error| panic!("{error}"));
        let mut loader = EbpfLoader::new();
        for name in map::ALL {
            loader.map_max_entries(name, limits.max_entries(name).expect("every table has a limit"));
        }
        loader.override_global(aya_log::LEVEL, &level, false);
        let mut ebpf = loader.load(object).unwrap_or_else(|error| panic!("load the programs: {error:?}"));
        for name in [program::XDP_RX, program::TC_RX, program::TC_TX, program::SWEEP_V4, program::SWEEP_V6] {
            let loaded = match ebpf.program_mut(name).unwrap_or_else(|| panic!("no program {name}")) {
                Program::Xdp(program) => program.load(),
                Program::SchedClassifier(program) => program.load(),
                other => panic!("{name} is a {:?}", other.prog_type()),
            };
            loaded.unwrap_or_else(|error| panic!("load {name}: {error}"));
        }
        let (desired, layout) = (Desired::default(), Layout::new(limits));
        Self { ebpf, desired, layout, owners: Owners::new(), limits, counted: Snapshot::default() }
    }

    /// Brings the tables to a model, from whatever they hold.
    ///
    /// # Panics
    /// If they do not hold it.
    pub fn publish(&mut self, model: &Model) {
        let desired = self.desired.follow(model).unwrap_or_else(|error| panic!("compile: {error}"));
        self.bring(desired);
    }

    /// Lets addresses through always, and no others.
    ///
    /// # Panics
    /// If the tables do not hold them.
    pub fn allow_always(&mut self, addresses: &BTreeSet<IpAddr>) {
        let desired = self.desired.allowing(addresses).unwrap_or_else(|error| panic!("compile: {error}"));
        self.bring(desired);
    }

    fn bring(&mut self, desired: Desired) {
        let (next, plan) = self.layout.plan(&desired).unwrap_or_else(|error| panic!("plan: {error}"));
        let Plan { writes, members, cells, late_members } = &plan;
        let (come, go) = changes(&self.owners, desired.owners());
        come.into_iter().for_each(|(key, owner)| self.set_owner(key, Some(owner)));
        go.into_iter().for_each(|key| self.set_owner(key, None));
        self.owners.clone_from(desired.owners());
        writes.iter().for_each(|write| self.write(write));
        members.iter().for_each(|change| self.change(change));
        for (number, cell) in cells {
            self.array::<u64>(map::CELLS).set(*number, Plain(cell.to_word()), 0).expect("write a cell");
        }
        late_members.iter().for_each(|change| self.change(change));
        self.layout = next;
        self.desired = desired;
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

    /// Forgets all flows and fragments.
    ///
    /// # Panics
    /// If a table refuses it.
    pub fn forget(&mut self) {
        self.clear::<FlowKeyV4, Flow>(map::FLOWS_V4);
        self.clear::<FlowKeyV6, Flow>(map::FLOWS_V6);
        self.clear::<FragmentKeyV4, FirstFragment>(map::FRAGMENTS_V4);
        self.clear::<FragmentKeyV6, FirstFragment>(map::FRAGMENTS_V6);
        self.forget_established();
    }

    /// Number of records of dropped packets.
    ///
    /// # Panics
    /// If the table cannot be read.
    #[must_use]
    pub fn drop_records(&self) -> usize {
        let records: PerCpuHashMap<_, Plain<DropKey>, Plain<DropRecord>> =
            self.map(map::DROPS).try_into().unwrap_or_else(|error| panic!("{}: {error}", map::DROPS));
        records.keys().count()
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

    /// Runs a frame, and says whether it has passed. What it was counted as, [`Kernel::moved`] tells.
    ///
    /// # Errors
    /// The kernel does not run programs on it: it is shorter than an Ethernet header.
    ///
    /// # Panics
    /// If a program answers with a code that is none of ours.
    pub fn run(&self, hook: Hook, frame: &[u8]) -> Result<bool, TestRunError> {
        match self.test_run(hook, TestRunOptions { data_in: Some(frame), ..TestRunOptions::default() }) {
            Ok(result) => Ok(passes(hook, result.return_value)),
            Err(_) if is_too_short(frame) => Err(TestRunError),
            Err(error) => panic!("run {hook:?} on {} octets: {error:?}", frame.len()),
        }
    }

    /// Runs a program of traffic control on a frame in a buffer that the kernel has notes about.
    ///
    /// # Panics
    /// If the kernel does not run it, or it answers with a code that is none of ours.
    #[must_use]
    pub fn run_buffer(&self, hook: Hook, frame: &[u8], buffer: Buffer) -> bool {
        let context = buffer.context();
        let options = TestRunOptions { data_in: Some(frame), ctx_in: Some(&context), ..TestRunOptions::default() };
        let result = self.test_run(hook, options);
        let result = result.unwrap_or_else(|error| panic!("run {hook:?} on {buffer:?}: {error:?}"));
        passes(hook, result.return_value)
    }

    /// Runs a frame many times, and says what one run took on the average. Counters and flows move as they do.
    ///
    /// # Panics
    /// If the kernel does not run it.
    pub fn time(&mut self, hook: Hook, frame: &[u8], repeat: u32) -> Duration {
        let options = TestRunOptions { data_in: Some(frame), repeat, ..TestRunOptions::default() };
        self.test_run(hook, options).unwrap_or_else(|error| panic!("time {hook:?}: {error:?}")).duration
    }

    /// What the verifier and the compiler in the kernel made of each program.
    ///
    /// # Panics
    /// If the kernel does not say.
    #[must_use]
    pub fn programs(&self) -> Vec<ProgramSize> {
        let size = |name: &'static str| {
            let info = match self.ebpf.program(name).unwrap_or_else(|| panic!("no program {name}")) {
                Program::Xdp(program) => program.info(),
                Program::SchedClassifier(program) => program.info(),
                other => panic!("{name} is a {:?}", other.prog_type()),
            };
            let info = info.unwrap_or_else(|error| panic!("{name}: {error}"));
            ProgramSize {
                name,
                instructions: info.size_translated().expect("the kernel tells root") / 8,
                verified: info.verified_instruction_count().expect("the kernel counts since 5.16"),
            }
        };
        [program::XDP_RX, program::TC_RX, program::TC_TX, program::SWEEP_V4, program::SWEEP_V6].map(size).to_vec()
    }

    /// Octets that each table takes now, by the kernel's own account.
    ///
    /// # Panics
    /// If the kernel does not say.
    #[must_use]
    pub fn memory(&self) -> Vec<(&'static str, u64)> {
        let octets = |name: &'static str| {
            let (Map::Array(data)
            | Map::PerCpuArray(data)
            | Map::HashMap(data)
            | Map::LruHashMap(data)
            | Map::PerCpuHashMap(data)
            | Map::PerCpuLruHashMap(data)
            | Map::LpmTrie(data)) = self.map(name)
            else {
                panic!("{name} is of a kind that no table has")
            };
            let path = format!("/proc/self/fdinfo/{}", data.fd().as_fd().as_raw_fd());
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            let memory = text.lines().find_map(|line| line.strip_prefix("memlock:"));
            (name, memory.and_then(|memory| memory.trim().parse().ok()).unwrap_or_else(|| panic!("{path}: {text}")))
        };
        map::ALL.iter().map(|name| octets(name)).collect()
    }

    pub(super) fn map(&self, name: &str) -> &Map {
        self.ebpf.map(name).unwrap_or_else(|| panic!("no map {name}"))
    }

    pub(super) fn map_mut(&mut self, name: &str) -> &mut Map {
        self.ebpf.map_mut(name).unwrap_or_else(|| panic!("no map {name}"))
    }

    pub(super) fn program(&self, name: &str) -> Option<&Program> {
        self.ebpf.program(name)
    }

    fn test_run(&self, hook: Hook, options: TestRunOptions<'_>) -> Result<TestRunResult, ProgramError> {
        let name = match hook {
            Hook::Xdp => program::XDP_RX,
            Hook::TcReceive => program::TC_RX,
            Hook::TcSend => program::TC_TX,
        };
        match self.ebpf.program(name).unwrap_or_else(|| panic!("no program {name}")) {
            Program::Xdp(program) => program.test_run(options),
            Program::SchedClassifier(program) => program.test_run(options),
            other => panic!("{name} is a {:?}", other.prog_type()),
        }
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

    fn set_owner(&mut self, key: OwnerKey, owner: Option<u32>) {
        let written = match (key, owner) {
            (OwnerKey::V4(key), Some(owner)) => {
                self.hash::<MemberKeyV4, u32>(map::OWNERS_V4).insert(Plain(key), Plain(owner), 0)
            }
            (OwnerKey::V6(key), Some(owner)) => {
                self.hash::<MemberKeyV6, u32>(map::OWNERS_V6).insert(Plain(key), Plain(owner), 0)
            }
            (OwnerKey::V4(key), None) => self.hash::<MemberKeyV4, u32>(map::OWNERS_V4).remove(&Plain(key)),
            (OwnerKey::V6(key), None) => self.hash::<MemberKeyV6, u32>(map::OWNERS_V6).remove(&Plain(key)),
        };
        written.unwrap_or_else(|error| panic!("{key:?}: {error}"));
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
            Write::ListRules { key, rules } => {
                self.hash::<GroupRulesKey, GroupRules>(map::LIST_RULES).insert(Plain(*key), Plain(*rules), 0)
            }
            Write::ListFilter { index, bits } => self.array::<u64>(map::LIST_FILTER).set(*index, Plain(*bits), 0),
            Write::ListV4 { prefix_len, address, set } => {
                self.trie::<[u8; 4]>(map::LISTS_V4).insert(&Key::new(*prefix_len, Plain(*address)), set, 0)
            }
            Write::ListV6 { prefix_len, address, set } => {
                self.trie::<[u8; 16]>(map::LISTS_V6).insert(&Key::new(*prefix_len, Plain(*address)), set, 0)
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
            Removal::ListRules(key) => self.hash::<GroupRulesKey, GroupRules>(map::LIST_RULES).remove(&Plain(key)),
            Removal::ListFilter { index, bits } => self.array::<u64>(map::LIST_FILTER).set(index, Plain(bits), 0),
            Removal::ListV4 { prefix_len, address } => {
                self.trie::<[u8; 4]>(map::LISTS_V4).remove(&Key::new(prefix_len, Plain(address)))
            }
            Removal::ListV6 { prefix_len, address } => {
                self.trie::<[u8; 16]>(map::LISTS_V6).remove(&Key::new(prefix_len, Plain(address)))
            }
            Removal::MemberV4(key) => self.hash::<MemberKeyV4, u32>(map::MEMBERS_V4).remove(&Plain(key)),
            Removal::MemberV6(key) => self.hash::<MemberKeyV6, u32>(map::MEMBERS_V6).remove(&Plain(key)),
        };
        removed.unwrap_or_else(|error| panic!("{removal:?}: {error}"));
    }

    fn clear<K: Value, V: Value>(&mut self, name: &str) {
        let mut hash = self.hash::<K, V>(name);
        let keys: Vec<Plain<K>> = hash.keys().collect::<Result<_, _>>().expect("read the keys");
        for key in keys {
            hash.remove(&key).expect("remove an entry");
        }
    }

    pub(super) fn array<V: Value>(&mut self, name: &str) -> Array<&mut MapData, Plain<V>> {
        self.map_mut(name).try_into().unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(super) fn hash<K: Value, V: Value>(&mut self, name: &str) -> HashMap<&mut MapData, Plain<K>, Plain<V>> {
        self.map_mut(name).try_into().unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn trie<K: Value>(&mut self, name: &str) -> LpmTrie<&mut MapData, Plain<K>, u32> {
        self.map_mut(name).try_into().unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// What can be a key or a value.
pub(super) trait Value:
    zerocopy::FromBytes + zerocopy::IntoBytes + zerocopy::Immutable + Copy + 'static
{
}
impl<T: zerocopy::FromBytes + zerocopy::IntoBytes + zerocopy::Immutable + Copy + 'static> Value for T {}
