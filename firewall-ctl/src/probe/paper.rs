//! The tables that a model compiles to, as far as one interface and one packet are concerned.

use super::{Findings, Probe, hear};
use crate::compile::memory::FlowKey;
use crate::compile::{CompileError, Layout, Limits, MemoryTables, TableFull, compile};
use crate::model::{Model, NetworkInterface, Peer, PrefixList, PrefixLists};
use firewall_common::abi::{Flow, Interface};
use firewall_common::decide::Tables as _;
use imbl::OrdMap;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// Index of the device on paper.
const IFINDEX: u32 = 1;

/// Sizes that whatever a model holds fits into. Nothing is set apart for them.
const ROOM: u32 = 1 << 30;

/// A model that has no tables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaperError {
    /// It cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It does not fit.
    #[error(transparent)]
    Full(#[from] TableFull),
    /// The interface is not attached.
    #[error("{0} is not attached: there is nothing that judges its packets")]
    NotAttached(crate::model::InterfaceId),
}

/// Tables on paper, of one interface.
#[derive(Debug)]
pub struct Paper {
    tables: MemoryTables,
    entry: Interface,
}

impl Paper {
    /// Compiles what concerns an attached interface and a packet: the interface's policies, and what the packet's addresses
    /// are. `always` are addresses that are let through always.
    ///
    /// # Errors
    /// The interface is not attached, or the model cannot be compiled.
    pub fn new(
        model: &Model,
        interface: &NetworkInterface,
        probe: &Probe,
        always: &BTreeSet<IpAddr>,
    ) -> Result<Self, PaperError> {
        let missing = || PaperError::NotAttached(interface.id);
        let number = interface.attachment.as_ref().map(|attachment| attachment.number).ok_or_else(missing)?;
        let desired = compile(&narrowed(model, interface, probe))?.allowing(always)?;
        let (_, plan) = Layout::new(limits()).plan(&desired)?;
        let mut tables = MemoryTables::new();
        tables.publish(&plan);
        tables.set_owners(desired.owners().clone());
        let mut entry = desired.interfaces().get(&number).ok_or_else(missing)?.entry;
        entry.allowance = [u32::MAX; 2];
        Ok(Self { tables, entry })
    }

    /// The entry of the interface.
    #[must_use]
    pub const fn entry(&self) -> &Interface {
        &self.entry
    }

    /// Sets until when a workload's segments take up connections (spec, D4): no part of a model.
    pub const fn adopt_until(&mut self, tick: u64) {
        self.entry.adopt_until = tick;
    }

    /// What becomes of a packet at a tick, given the flow that it belongs to.
    #[must_use]
    pub fn hear(mut self, probe: &Probe, now: u64, flow: Option<(FlowKey, Flow)>) -> Findings {
        self.tables.set_interface(IFINDEX, self.entry);
        self.tables.set_now(now);
        let tables = &self.tables;
        if let Some((key, flow)) = flow {
            // There is no other flow.
            let _new = match key {
                FlowKey::V4(key) => tables.insert_flow_v4(&key, &flow),
                FlowKey::V6(key) => tables.insert_flow_v6(&key, &flow),
            };
        }
        hear(tables, tables, IFINDEX, probe)
    }
}

fn limits() -> Limits {
    Limits {
        attachments: u32::MAX,
        rule_numbers: u32::MAX,
        slots: ROOM,
        pages: ROOM,
        rule_sets: ROOM,
        cidrs_v4: ROOM,
        cidrs_v6: ROOM,
        members_v4: ROOM,
        members_v6: ROOM,
        group_rules: ROOM,
        lists_v4: ROOM,
        lists_v6: ROOM,
        list_rules: ROOM,
        ..Limits::default()
    }
}

/// The part of a model that a packet at an interface is judged by: of all interfaces that one and those that have the packet's
/// addresses, and of prefix lists the entries that hold its peer. The interface may be another one than the model has.
fn narrowed(model: &Model, interface: &NetworkInterface, probe: &Probe) -> Model {
    let ends = [probe.source, probe.destination];
    let ends = ends.into_iter().filter_map(|address| model.interface_by_address(interface.vpc, address));
    let ends = ends.filter(|other| other.id != interface.id);
    let is_here = model.interfaces.get(&interface.id).is_some_and(|recorded| recorded.attachment.is_some());
    let mut interfaces: OrdMap<_, _> = ends.map(|other| (other.id, beside(other, is_here))).collect();
    interfaces.insert(interface.id, Arc::new(interface.clone()));
    let groups = interfaces.values().flat_map(|interface| &interface.groups).filter_map(|id| model.groups.get(id));
    let peers = groups.flat_map(|group| group.rules.values()).map(|rule| rule.key.peer);
    let named: BTreeSet<_> = peers.filter_map(Peer::prefix_list).collect();
    let lists = named.iter().filter_map(|id| model.prefix_lists.get(id));
    let prefix_lists: PrefixLists = lists.map(|list| (list.id, Arc::new(holding(list, probe.peer())))).collect();
    Model {
        vpcs: model.vpcs.clone(),
        subnets: model.subnets.clone(),
        groups: model.groups.clone(),
        prefix_lists,
        interfaces: interfaces.into(),
        instances: model.instances.clone(),
        internet_gateways: model.internet_gateways.clone(),
        numbers: model.numbers,
    }
}

/// Another interface as it is beside one that is attached here, or that lives elsewhere: there nothing of this host is attached.
fn beside(other: &Arc<NetworkInterface>, is_here: bool) -> Arc<NetworkInterface> {
    let mut other = Arc::clone(other);
    if !is_here {
        Arc::make_mut(&mut other).attachment = None;
    }
    other
}

/// A list with those of its entries that hold an address.
fn holding(list: &PrefixList, address: IpAddr) -> PrefixList {
    let entries = list.entries.iter().filter(|(net, _)| net.contains(&address));
    let entries = entries.map(|(net, description)| (*net, description.clone())).collect();
    PrefixList::new(list.id, list.name.clone(), list.owner, list.family, list.max_entries, entries)
}
