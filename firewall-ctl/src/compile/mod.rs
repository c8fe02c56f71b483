//! From the model to the tables of this host. Pure.
//!
//! [`compile`] says what should hold ([`Desired`]); [`layout`] finds places for it and the order in which to write it
//! ([`Plan`]); [`MemoryTables`] holds the result in ordinary collections, for tests and for explaining verdicts.

mod adopt;
mod intern;
pub mod layout;
mod limits;
mod linger;
mod members;
pub mod memory;
pub mod owners;
mod plan;
mod policy;
mod services;

pub use adopt::Observed;
pub use layout::{Layout, Usage};
pub use limits::Limits;
pub use linger::LingerPrefix;
pub use memory::MemoryTables;
pub use plan::{Change, Plan, Removal, TableFull, Write};
pub use policy::{FamilyPolicy, Policy};
pub use services::Traffic;

use crate::model::{ConnectionTracking, GroupId, InterfaceId, Model, NetworkInterface, Side};
use firewall_common::abi::{self, INTERFACE_MONITOR, INTERFACE_STRICT_L2, INTERFACE_WORKLOAD, Timeouts};
use firewall_common::verdict::Direction;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// What the tables of this host should hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// Attached interfaces by attachment number.
    pub interfaces: BTreeMap<u32, DesiredInterface>,
    /// Groups by VPC number and address of a member, only those groups that some policy names as peer.
    pub members: BTreeMap<(u32, IpAddr), BTreeSet<GroupId>>,
    /// Addresses of attached interfaces.
    pub owners: owners::Owners,
}

/// An attached interface with its policies. Interfaces with the same set of groups share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredInterface {
    /// The interface.
    pub id: InterfaceId,
    /// Its entry in the tables; the dataplane adds what is decided when the programs go in.
    pub entry: abi::Interface,
    /// Judges what is inbound.
    pub inbound: Arc<Policy>,
    /// Judges what is outbound.
    pub outbound: Arc<Policy>,
}

/// A model that has no tables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The groups of an interface have more rules together than a policy holds.
    #[error(
        "the groups of an interface have {rules} {} rules for {}, and a policy holds at most {limit}: \
         take rules or groups away",
        direction.name(), if *family == abi::V4 { "IPv4" } else { "IPv6" }
    )]
    TooManyRules {
        /// Direction of the rules.
        direction: Direction,
        /// [`abi::V4`] or [`abi::V6`].
        family: usize,
        /// How many there are.
        rules: usize,
        /// How many there can be.
        limit: usize,
    },
    /// The model names something that it does not hold.
    #[error("interface {interface} names {missing}, which does not exist: the state is inconsistent")]
    Dangling {
        /// The interface.
        interface: InterfaceId,
        /// What it names.
        missing: String,
    },
}

/// Compiles what concerns this host: the policies of its attached interfaces, and the members of the groups that those
/// name.
///
/// # Errors
/// An interface has more rules than a policy holds, or names a group or VPC that does not exist.
pub fn compile(model: &Model) -> Result<Desired, CompileError> {
    let mut policies: BTreeMap<BTreeSet<GroupId>, [Arc<Policy>; 2]> = BTreeMap::new();
    let mut desired = Desired::default();
    for interface in model.interfaces.values() {
        let Some(attachment) = &interface.attachment else { continue };
        let groups: BTreeSet<GroupId> = interface.groups.iter().copied().collect();
        if !policies.contains_key(&groups) {
            let pair = [Direction::Inbound, Direction::Outbound].map(|side| policy(model, interface, &groups, side));
            let [inbound, outbound] = pair;
            policies.insert(groups.clone(), [Arc::new(inbound?), Arc::new(outbound?)]);
        }
        let [inbound, outbound] = policies[&groups].clone();
        let workload = if attachment.side == Side::Workload { INTERFACE_WORKLOAD } else { 0 };
        let strict_l2 = if attachment.strict_l2 { INTERFACE_STRICT_L2 } else { 0 };
        let monitor = if attachment.enforce { 0 } else { INTERFACE_MONITOR };
        let entry = abi::Interface {
            attachment: attachment.number,
            vpc: vpc_number(model, interface)?,
            flags: workload | strict_l2 | monitor,
            reserved: 0,
            adopt_until: 0,
            timeouts: timeouts(interface.timeouts),
            allowance: [0; 2],
            ring_base: 0,
            ring_share: 0,
            own_v6: [0; 16],
            own_v4: [0; 4],
            hardware: [0; 6],
            padding: [0; 6],
        };
        let wanted = DesiredInterface { id: interface.id, entry, inbound, outbound };
        desired.interfaces.insert(attachment.number, wanted);
    }
    desired.members = members(model, &desired.named_groups())?;
    desired.add_owners(model)?;
    Ok(desired)
}

impl Desired {
    /// The groups that some policy of this host names as peer.
    #[must_use]
    pub fn named_groups(&self) -> BTreeSet<GroupId> {
        let policies = self.interfaces.values().flat_map(|interface| [&interface.inbound, &interface.outbound]);
        let mut distinct: Vec<&Arc<Policy>> = policies.collect();
        distinct.sort_by_key(|policy| Arc::as_ptr(policy));
        distinct.dedup_by_key(|policy| Arc::as_ptr(policy));
        distinct.into_iter().flat_map(|policy| policy.named_groups()).collect()
    }

    /// The host-wide number of the rule that would allow a new connection between an attached interface and a peer.
    #[must_use]
    pub fn evaluate(&self, attachment: u32, direction: Direction, peer: IpAddr, traffic: Traffic) -> Option<u32> {
        let interface = self.interfaces.get(&attachment)?;
        let policy = match direction {
            Direction::Inbound => &interface.inbound,
            Direction::Outbound => &interface.outbound,
        };
        let none = BTreeSet::new();
        let peer = peer.to_canonical();
        policy.evaluate(peer, self.members.get(&(interface.entry.vpc, peer)).unwrap_or(&none), traffic)
    }
}

fn policy(
    model: &Model,
    interface: &NetworkInterface,
    groups: &BTreeSet<GroupId>,
    direction: Direction,
) -> Result<Policy, CompileError> {
    let groups: Result<Vec<_>, _> = groups
        .iter()
        .map(|id| {
            let missing = || CompileError::Dangling { interface: interface.id, missing: format!("group {id}") };
            model.groups.get(id).ok_or_else(missing)
        })
        .collect();
    Policy::new(direction, groups?.into_iter().flat_map(|group| group.rules(direction)))
}

fn vpc_number(model: &Model, interface: &NetworkInterface) -> Result<u32, CompileError> {
    let missing = || CompileError::Dangling { interface: interface.id, missing: format!("VPC {}", interface.vpc) };
    model.vpcs.get(&interface.vpc).map(|vpc| vpc.number).ok_or_else(missing)
}

/// Members of the groups given, by VPC and address.
fn members(
    model: &Model,
    named: &BTreeSet<GroupId>,
) -> Result<BTreeMap<(u32, IpAddr), BTreeSet<GroupId>>, CompileError> {
    let mut members: BTreeMap<(u32, IpAddr), BTreeSet<GroupId>> = BTreeMap::new();
    for interface in model.interfaces.values() {
        let groups: Vec<GroupId> = interface.groups.iter().copied().filter(|group| named.contains(group)).collect();
        if groups.is_empty() {
            continue;
        }
        let vpc = vpc_number(model, interface)?;
        for address in &interface.addresses {
            members.entry((vpc, *address)).or_default().extend(&groups);
        }
    }
    Ok(members)
}

/// Time-outs in ticks, with the service's defaults where the interface sets none.
#[must_use]
pub fn timeouts(wanted: ConnectionTracking) -> Timeouts {
    let ConnectionTracking { tcp_established, udp_stream, udp } = wanted;
    let default = Timeouts::default();
    let ticks = |seconds: Option<u32>, default: u32| seconds.map_or(default, abi::ticks);
    Timeouts {
        tcp_established: ticks(tcp_established, default.tcp_established),
        udp_stream: ticks(udp_stream, default.udp_stream),
        udp: ticks(udp, default.udp),
        reserved: 0,
    }
}

#[cfg(test)]
mod tests;
