//! A dataplane that notes what it is told, and a store that can fail.

use crate::actions::types::{ProgramsStatus, TableUsage};
use crate::actions::{ApiError, ErrorCode};
use crate::compile::memory::{Drops, FlowKey};
use crate::compile::{Desired, Layout, Limits, MemoryTables};
use crate::daemon::enforcer::{Enforcer, FlowRoom, Held, InKernel, Observer, Place, Placed};
use crate::model::{Change, HookWish};
use crate::probe::{Findings, Probe, hear};
use crate::store::{MemoryStore, PendingEdit, Store, StoreError, Stored};
use firewall_common::abi::{Counter, Flow, Interface, RuleCounter};
use firewall_common::decide::Tables as _;
use firewall_common::flow::{State, Word};
use firewall_common::verdict::Direction;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// The kernel and the disk, as far as the tests look at them.
#[derive(Default)]
pub struct World {
    /// What happened, in order.
    pub diary: Vec<String>,
    /// Programs by attachment.
    pub kernel: BTreeMap<u32, InKernel>,
    /// The tables in force.
    pub published: Desired,
    /// What fails from now on: `prepare`, `publish`, `attach`, `detach`, `commit`.
    pub fails: BTreeSet<&'static str>,
    /// Steps until the controller is killed, before the step or after it is done.
    pub killed: Option<(usize, Kill)>,
    /// Rules whose counters were cleared.
    pub forgotten: Vec<u32>,
    /// What the next look at the flows says.
    pub held: Held,
    /// The flows.
    pub flows: BTreeMap<FlowKey, Flow>,
    /// The records of drops.
    pub drops: Drops,
    /// The present tick.
    pub now: u64,
}

/// When in a step the controller is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    Before,
    After,
}

/// What a killed controller does next: nothing.
pub struct Killed;

/// Both ends of it.
#[derive(Clone, Default)]
pub struct Fake {
    world: Arc<Mutex<World>>,
    stored: Arc<MemoryStore>,
}

impl Fake {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// What has happened since the last call.
    pub fn diary(&self) -> Vec<String> {
        std::mem::take(&mut self.world().diary)
    }

    pub fn fail(&self, what: &'static str) {
        self.world().fails.insert(what);
    }

    pub fn heal(&self) {
        self.world().fails.clear();
    }

    fn act(&self, what: &'static str, line: String) -> Result<(), ApiError> {
        let mut world = self.world();
        if let Some((steps, Kill::Before)) = &mut world.killed {
            match steps.checked_sub(1) {
                Some(left) => *steps = left,
                None => {
                    drop(world);
                    std::panic::resume_unwind(Box::new(Killed));
                }
            }
        }
        if world.fails.contains(what) {
            world.diary.push(format!("{line} fails"));
            return Err(ApiError::new(ErrorCode::DataplaneError, format!("{what} fails")));
        }
        world.diary.push(line);
        Ok(())
    }
}

impl Fake {
    /// What a step has done is done; perhaps it was the last.
    fn done(&self) {
        let mut world = self.world();
        if let Some((steps, Kill::After)) = &mut world.killed {
            match steps.checked_sub(1) {
                Some(left) => *steps = left,
                None => {
                    drop(world);
                    std::panic::resume_unwind(Box::new(Killed));
                }
            }
        }
    }
}

impl Enforcer for Fake {
    type Prepared = Desired;

    fn prepare(&mut self, desired: &Desired) -> Result<Desired, ApiError> {
        self.act("prepare", "prepare".to_owned()).map(|()| desired.clone())
    }

    fn publish(&mut self, prepared: Desired) -> Result<(), ApiError> {
        self.act("publish", format!("publish {:?}", prepared.interfaces().keys().collect::<Vec<_>>()))?;
        self.world().published = prepared;
        self.done();
        Ok(())
    }

    fn discard(&mut self, _: Desired) {}

    fn reclaim(&mut self) {}

    fn attach(&mut self, place: &Place) -> Result<Placed, ApiError> {
        let adopting = if place.adopt { "" } else { " without adoption" };
        self.act("attach", format!("attach {} {} {}{adopting}", place.number, place.device, place.wish))?;
        let hook_rx = match place.wish {
            HookWish::Auto | HookWish::Xdp => "xdp",
            HookWish::XdpGeneric => "xdp-generic",
            HookWish::Tc => "tcx",
        };
        let hooks = InKernel {
            ifindex: place.ifindex,
            hook_rx: Some(hook_rx.to_owned()),
            hook_tx: Some("tcx".to_owned()),
            ..InKernel::default()
        };
        let mut world = self.world();
        // Those of another attachment of the device are taken over.
        world.kernel.retain(|number, there| *number == place.number || there.ifindex != place.ifindex);
        world.kernel.insert(place.number, hooks);
        drop(world);
        self.done();
        Ok(Placed { hook_rx: hook_rx.to_owned(), hook_tx: "tcx".to_owned(), warnings: Vec::new(), adopted: 3 })
    }

    fn rehearse(&mut self, _: &Place) -> Result<Placed, ApiError> {
        Ok(Placed { hook_rx: "xdp".to_owned(), hook_tx: "tcx".to_owned(), ..Placed::default() })
    }

    fn detach(&mut self, number: u32) -> Result<(), ApiError> {
        self.act("detach", format!("detach {number}"))?;
        self.world().kernel.remove(&number);
        self.done();
        Ok(())
    }

    fn in_kernel(&mut self) -> Result<BTreeMap<u32, InKernel>, ApiError> {
        Ok(self.world().kernel.clone())
    }

    fn collect(&mut self) -> Result<Held, ApiError> {
        Ok(self.world().held.clone())
    }

    fn counters(&mut self, _: u32) -> Result<BTreeMap<(Direction, u8), Counter>, ApiError> {
        Ok([((Direction::Inbound, 1), Counter { packets: 2, bytes: 120 })].into())
    }

    fn flow_room(&mut self, _: u32) -> FlowRoom {
        FlowRoom { established: [3, 1], allowance: [10, 5] }
    }

    fn cut(&mut self, flows: &[FlowKey]) -> Result<u64, ApiError> {
        self.act("cut", format!("cut {}", flows.len()))?;
        let mut world = self.world();
        let mut cut = 0;
        for key in flows {
            let Some(flow) = world.flows.get_mut(key) else { continue };
            let word = Word::from_bits(flow.word);
            cut += u64::from(word.state() != State::Cut);
            flow.word = word.at(State::Cut, word.seen()).bits();
        }
        Ok(cut)
    }

    fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(self.clone())
    }

    fn forget_rules(&mut self, numbers: &[u32]) {
        self.world().forgotten.extend(numbers);
    }

    fn rule_counters(&mut self, numbers: &[u32]) -> Result<BTreeMap<u32, RuleCounter>, ApiError> {
        let counter = RuleCounter { packets: 2, bytes: 120, flows: 1 };
        let asked = numbers.iter().copied().filter(|number| *number == 1);
        Ok(asked.chain([60_000]).map(|number| (number, counter)).collect())
    }

    fn programs(&self) -> ProgramsStatus {
        ProgramsStatus { abi_version: 1, object_sha256: "00".to_owned(), adopted: false }
    }

    fn tables(&mut self) -> Vec<TableUsage> {
        Vec::new()
    }
}

impl Observer for Fake {
    fn each_flow(&self, visit: &mut dyn FnMut(FlowKey, Flow)) -> Result<(), ApiError> {
        let flows = self.world().flows.clone();
        flows.into_iter().for_each(|(key, flow)| visit(key, flow));
        Ok(())
    }

    fn flow(&self, key: &FlowKey) -> Result<Option<Flow>, ApiError> {
        Ok(self.world().flows.get(key).copied())
    }

    fn hear(&self, ifindex: u32, probe: &Probe) -> Result<Findings, ApiError> {
        let world = self.world();
        let (_, plan) = Layout::new(Limits::default()).plan(&world.published).unwrap();
        let mut tables = MemoryTables::new();
        tables.publish(&plan);
        tables.set_owners(world.published.owners().clone());
        tables.set_now(world.now);
        for (number, there) in &world.kernel {
            let Some(interface) = world.published.interfaces().get(number) else { continue };
            tables.set_interface(there.ifindex, Interface { allowance: [u32::MAX; 2], ..interface.entry });
        }
        for (key, flow) in &world.flows {
            match key {
                FlowKey::V4(key) => (&tables).insert_flow_v4(key, flow).unwrap(),
                FlowKey::V6(key) => (&tables).insert_flow_v6(key, flow).unwrap(),
            }
        }
        Ok(hear(&tables, &tables, ifindex, probe))
    }

    fn drops(&self) -> Result<Drops, ApiError> {
        Ok(self.world().drops.clone())
    }

    fn unrecorded_drops(&self) -> Result<u64, ApiError> {
        Ok(7)
    }

    fn now(&self) -> u64 {
        self.world().now
    }
}

impl Store for Fake {
    fn load(&self) -> Result<Option<Stored>, StoreError> {
        self.stored.load()
    }

    fn commit(&self, changes: &[Change], pending: PendingEdit<'_>) -> Result<(), StoreError> {
        self.act("commit", "commit".to_owned()).map_err(|error| StoreError::Failed {
            path: "/state".into(),
            doing: "written",
            source: error.into(),
        })?;
        self.stored.commit(changes, pending)?;
        self.done();
        Ok(())
    }
}
