//! What the controller needs of the dataplane. The controller's own logic is tested against one that only notes what it
//! was told.

use crate::actions::ApiError;
use crate::actions::types::{ProgramsStatus, TableUsage};
use crate::compile::Desired;
use crate::compile::memory::{Drops, FlowKey};
use crate::dataplane::{FlowCounts, Hook};
use crate::model::{HookWish, Side};
use crate::probe::{Findings, Probe};
use firewall_common::abi::{Counter, Flow, RuleCounter};
use firewall_common::verdict::Direction;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// A device that programs are put on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Number of the attachment.
    pub number: u32,
    /// Name of the device.
    pub device: String,
    /// Its index.
    pub ifindex: u32,
    /// What is behind it.
    pub side: Side,
    /// Where the programs should run.
    pub wish: HookWish,
    /// Whether connections that are alive are taken up.
    pub adopt: bool,
    /// All addresses of the device, those by which it is no member too.
    pub addresses: BTreeSet<IpAddr>,
}

/// What became of putting programs on a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placed {
    /// What runs where frames are received.
    pub hook_rx: String,
    /// What runs where frames are sent.
    pub hook_tx: String,
    /// What the caller should know.
    pub warnings: Vec<String>,
    /// Connections that were taken up.
    pub adopted: u64,
}

/// What is in the kernel of an attachment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InKernel {
    /// Index of the device that the programs are on.
    pub ifindex: u32,
    /// What runs where frames are received; none when nothing does.
    pub hook_rx: Option<String>,
    /// What runs where frames are sent; none when nothing does.
    pub hook_tx: Option<String>,
    /// What is not as it should be and is repaired by putting the programs there anew.
    pub broken: Vec<String>,
    /// Why it is left without programs, where somebody wants that.
    pub released: Option<String>,
    /// Programs that others have put before ours. Putting ours in front again takes a moment without them.
    pub overtaken: Vec<String>,
}

impl InKernel {
    /// What keeps the programs from being as they should: what is broken, or a hook that is not the one wished for.
    #[must_use]
    pub fn amiss(&self, wish: HookWish) -> Vec<String> {
        let is_met = |found: &str| match wish {
            HookWish::Auto => true,
            HookWish::Xdp => found == Hook::Xdp.name(),
            HookWish::XdpGeneric => found == Hook::XdpGeneric.name(),
            HookWish::Tc => found == Hook::Tcx.name() || found == Hook::Clsact.name(),
        };
        let misplaced = self.hook_rx.as_deref().filter(|found| !is_met(found));
        let misplaced =
            misplaced.map(|found| format!("the program for received frames is at {found} instead of {wish}"));
        self.broken.iter().cloned().chain(misplaced).collect()
    }

    /// Whether nothing of it is left on the device, though nobody wants that.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.hook_rx.is_none() && self.hook_tx.is_none() && self.released.is_none()
    }
}

/// What the flows hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Numbers of rules that flows name.
    pub rules: BTreeSet<u32>,
    /// Flows by number of the attachment.
    pub flows: BTreeMap<u32, FlowCounts>,
}

/// Established flows of an attachment and how many it may have, by class ([`firewall_common::abi::TCP`] and
/// [`firewall_common::abi::OTHERS`]).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowRoom {
    /// Established flows.
    pub established: [u64; 2],
    /// The most that there can be.
    pub allowance: [u64; 2],
}

/// What the programs keep, read beside the one who writes. Every call may block.
pub trait Observer: Send + Sync {
    /// Visits all flows, those that have expired and are not removed yet too.
    ///
    /// # Errors
    /// The kernel refuses.
    fn each_flow(&self, visit: &mut dyn FnMut(FlowKey, Flow)) -> Result<(), ApiError>;
    /// The flow of a key, one that has expired and is not removed yet too.
    ///
    /// # Errors
    /// The kernel refuses.
    fn flow(&self, key: &FlowKey) -> Result<Option<Flow>, ApiError>;
    /// What the tables in the kernel say of a packet at the device of an index. They stay as they are.
    ///
    /// # Errors
    /// The kernel refuses.
    fn hear(&self, ifindex: u32, probe: &Probe) -> Result<Findings, ApiError>;
    /// Records of packets that were dropped, or would have been.
    ///
    /// # Errors
    /// The kernel refuses.
    fn drops(&self) -> Result<Drops, ApiError>;
    /// Packets that were dropped without a record.
    ///
    /// # Errors
    /// The kernel refuses.
    fn unrecorded_drops(&self) -> Result<u64, ApiError>;
    /// The present tick.
    fn now(&self) -> u64;
}

/// The dataplane, as the controller sees it. Every call may block.
pub trait Enforcer: Send + 'static {
    /// Tables that are written and not in force yet.
    type Prepared: Send;

    /// Writes tables beside those in force. Everything that can fail fails here.
    ///
    /// # Errors
    /// They do not fit, or the kernel refuses. Nothing has changed.
    fn prepare(&mut self, desired: &Desired) -> Result<Self::Prepared, ApiError>;
    /// Puts prepared tables in force.
    ///
    /// # Errors
    /// The kernel refuses a part; the rest is in force. Preparing and publishing again puts the missing part in force.
    fn publish(&mut self, prepared: Self::Prepared) -> Result<(), ApiError>;
    /// Takes prepared tables back.
    fn discard(&mut self, prepared: Self::Prepared);
    /// Frees what no packet can see any more. After every change, when nobody waits.
    fn reclaim(&mut self);
    /// Puts programs on a device, the tables' entry first, or anew where they are already. Those of another attachment of
    /// the device are taken over, and run on. Live connections are taken up before the programs go in, and once more right
    /// after.
    ///
    /// # Errors
    /// The kernel refuses. The device is as it was.
    fn attach(&mut self, place: &Place) -> Result<Placed, ApiError>;
    /// Says what [`Enforcer::attach`] would do.
    ///
    /// # Errors
    /// What would fail.
    fn rehearse(&mut self, place: &Place) -> Result<Placed, ApiError>;
    /// Takes programs off, and then everything else of the attachment, as far as there is any of it.
    ///
    /// # Errors
    /// The kernel refuses.
    fn detach(&mut self, number: u32) -> Result<(), ApiError>;
    /// What there is in the kernel, by number of the attachment.
    ///
    /// # Errors
    /// The kernel refuses.
    fn in_kernel(&mut self) -> Result<BTreeMap<u32, InKernel>, ApiError>;
    /// Removes flows that have expired, and says what the others hold.
    ///
    /// # Errors
    /// The kernel refuses.
    fn collect(&mut self) -> Result<Held, ApiError>;
    /// The counters of an attachment that are not zero, by direction and number of the outcome.
    ///
    /// # Errors
    /// The kernel refuses.
    fn counters(&mut self, number: u32) -> Result<BTreeMap<(Direction, u8), Counter>, ApiError>;
    /// Established flows of an attachment, and how many it may have.
    fn flow_room(&mut self, number: u32) -> FlowRoom;
    /// Cuts flows, and says how many were alive.
    ///
    /// # Errors
    /// The kernel refuses; those before are cut.
    fn cut(&mut self, flows: &[FlowKey]) -> Result<u64, ApiError>;
    /// What reads flows and drops without this.
    fn observer(&self) -> Arc<dyn Observer>;
    /// Sets the counters of rules to zero: their numbers belong to other rules now.
    fn forget_rules(&mut self, numbers: &[u32]);
    /// The counters of these rules that are not zero, by number.
    ///
    /// # Errors
    /// The kernel refuses.
    fn rule_counters(&mut self, numbers: &[u32]) -> Result<BTreeMap<u32, RuleCounter>, ApiError>;
    /// What the programs were made from.
    fn programs(&self) -> ProgramsStatus;
    /// How full the tables are.
    fn tables(&mut self) -> Vec<TableUsage>;
}
