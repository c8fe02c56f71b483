//! What the tables of this host should hold, and how it follows the model.
//!
//! A [`Desired`] is made of persistent collections and knows the model that it was compiled from. To follow another model
//! it looks at what differs, so that the work is proportional to the change: a rule edit compiles the policies that hold
//! its group, a member that comes or goes is one entry an address, an edit of a prefix list concerns its own entries and
//! those that they cover. The compilation of a whole model is the same, from the empty one.

use super::lists::{ListEntries, ListSet};
use super::owners::Owners;
use super::policy::Policy;
use super::services::Traffic;
use super::{CompileError, MemberKey};
use crate::model::{ConnectionTracking, GroupId, InterfaceId, MacAddress, Model, NetworkInterface, PrefixListId, Side};
use firewall_common::abi::{self, INTERFACE_MONITOR, INTERFACE_STRICT_L2, INTERFACE_WORKLOAD, Timeouts};
use firewall_common::verdict::Direction;
use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// Groups that something has together.
pub(super) type GroupSet = BTreeSet<GroupId>;

/// What the tables of this host should hold. A clone shares all that is equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// What it was compiled from.
    pub(super) model: Model,
    /// Attached interfaces by attachment number.
    pub(super) interfaces: OrdMap<u32, Arc<DesiredInterface>>,
    /// Groups of each member, only those groups that some policy names as peer, and no member of none.
    members: OrdMap<MemberKey, Arc<GroupSet>>,
    /// Addresses of attached interfaces.
    pub(super) owners: Arc<Owners>,
    /// Addresses that are let through always.
    pub(super) always: Arc<BTreeSet<IpAddr>>,
    /// Entries of the prefix lists that some policy names as peer.
    lists: ListEntries,
    /// The policies of each set of groups that an attached interface has.
    policies: OrdMap<Arc<GroupSet>, Shared>,
    /// How many policies name a group.
    named_groups: OrdMap<GroupId, u32>,
    /// How many policies name a prefix list.
    named_lists: OrdMap<PrefixListId, u32>,
    /// Interfaces by the groups that they carry, attached or not.
    carriers: OrdSet<(GroupId, InterfaceId)>,
    /// The distinct values of `members`, and how many members have each.
    sets: OrdMap<Arc<GroupSet>, u32>,
}

/// Policies that interfaces with the same groups share.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shared {
    /// Inbound and outbound.
    pair: [Arc<Policy>; 2],
    /// Numbers of the attachments.
    users: OrdSet<u32>,
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

/// An interface that differs between two models.
struct Moved<'a> {
    id: InterfaceId,
    before: Option<&'a Arc<NetworkInterface>>,
    after: Option<&'a Arc<NetworkInterface>>,
}

impl Desired {
    /// Attached interfaces by attachment number.
    #[must_use]
    pub const fn interfaces(&self) -> &OrdMap<u32, Arc<DesiredInterface>> {
        &self.interfaces
    }

    /// Groups by VPC number and address of a member, only those groups that some policy names as peer.
    #[must_use]
    pub const fn members(&self) -> &OrdMap<(u32, IpAddr), Arc<BTreeSet<GroupId>>> {
        &self.members
    }

    /// Addresses of attached interfaces.
    #[must_use]
    pub fn owners(&self) -> &Owners {
        &self.owners
    }

    /// Entries of the prefix lists that some policy names as peer.
    #[must_use]
    pub const fn lists(&self) -> &ListEntries {
        &self.lists
    }

    /// Whether some policy names a group.
    pub(super) fn names_group(&self, group: GroupId) -> bool {
        self.named_groups.contains_key(&group)
    }

    /// The entries that both the policies of `before` and these ones can be met with: what is wanted, and what only those
    /// name, as it was.
    pub(super) fn lists_beside(&self, before: &Self) -> ListEntries {
        let mut lists = self.lists.clone();
        for (list, _) in before.named_lists.iter().filter(|(list, _)| !self.named_lists.contains_key(*list)) {
            for net in before.entries_of(*list) {
                lists.add(*list, net);
            }
        }
        lists
    }

    /// The host-wide number of the rule that would allow a new connection between an attached interface and a peer.
    #[must_use]
    pub fn evaluate(&self, attachment: u32, direction: Direction, peer: IpAddr, traffic: Traffic) -> Option<u32> {
        let interface = self.interfaces.get(&attachment)?;
        let policy = match direction {
            Direction::Inbound => &interface.inbound,
            Direction::Outbound => &interface.outbound,
        };
        let peer = peer.to_canonical();
        let (no_list, no_group) = (ListSet::new(), GroupSet::new());
        let lists = self.lists.of(peer).unwrap_or(&no_list);
        let groups = self.members.get(&(interface.entry.vpc, peer)).map_or(&no_group, Arc::as_ref);
        policy.evaluate(peer, lists, groups, traffic)
    }

    /// The same, with these addresses let through always, and no others (spec, D9).
    ///
    /// # Errors
    /// Something names what does not exist.
    pub fn allowing(&self, always: &BTreeSet<IpAddr>) -> Result<Self, CompileError> {
        let always = Arc::new(always.iter().map(IpAddr::to_canonical).collect());
        let mut next = Self { always, ..self.clone() };
        next.follow_owners()?;
        Ok(next)
    }

    /// Whether packets to and from an address are let through whatever the rules say.
    #[must_use]
    pub fn lets_through(&self, address: IpAddr) -> bool {
        self.always.contains(&address.to_canonical())
    }

    /// What should hold for another model, found from what differs.
    ///
    /// # Errors
    /// An interface has more rules than a policy holds, or something names what does not exist.
    pub fn follow(&self, model: &Model) -> Result<Self, CompileError> {
        let mut next = self.clone();
        next.model = model.clone();
        let moved: Vec<Moved<'_>> = self.model.interfaces.diff(&model.interfaces).map(Moved::from).collect();
        next.follow_carriers(&moved);
        next.follow_attachments(&moved)?;
        next.follow_rules(&self.model)?;
        let is_attached = |interface: Option<&Arc<NetworkInterface>>| {
            interface.is_some_and(|interface| interface.attachment.is_some())
        };
        if moved.iter().any(|moved| is_attached(moved.before) || is_attached(moved.after)) {
            next.follow_owners()?;
        }
        next.follow_members(self, &moved)?;
        next.follow_lists(self);
        Ok(next)
    }

    fn follow_carriers(&mut self, moved: &[Moved<'_>]) {
        for Moved { id, before, after } in moved {
            let groups = |interface: &Option<&Arc<NetworkInterface>>| -> GroupSet {
                interface.iter().flat_map(|interface| interface.groups.iter().copied()).collect()
            };
            let (before, after) = (groups(before), groups(after));
            for group in before.difference(&after) {
                self.carriers.remove(&(*group, *id));
            }
            self.carriers.extend(after.difference(&before).map(|group| (*group, *id)));
        }
    }

    /// Interfaces that are attached, detached or changed. Policies of groups that nobody had so far are compiled.
    fn follow_attachments(&mut self, moved: &[Moved<'_>]) -> Result<(), CompileError> {
        let number = |interface: &NetworkInterface| interface.attachment.as_ref().map(|attachment| attachment.number);
        let mut left = BTreeSet::new();
        for before in moved.iter().filter_map(|moved| moved.before) {
            let Some(number) = number(before) else { continue };
            let groups = Arc::new(group_set(before));
            self.interfaces.remove(&number);
            if let Some(shared) = self.policies.get_mut(&groups) {
                shared.users.remove(&number);
            }
            left.insert(groups);
        }
        for after in moved.iter().filter_map(|moved| moved.after) {
            let Some(number) = number(after) else { continue };
            let groups = Arc::new(group_set(after));
            if !self.policies.contains_key(&groups) {
                let pair = self.compile_pair(after.id, &groups)?;
                self.name(&pair, true);
                self.policies.insert(Arc::clone(&groups), Shared { pair, users: OrdSet::new() });
            }
            let Some(shared) = self.policies.get_mut(&groups) else { continue };
            shared.users.insert(number);
            let [inbound, outbound] = shared.pair.clone();
            let interface = DesiredInterface { id: after.id, entry: entry(&self.model, after)?, inbound, outbound };
            self.interfaces.insert(number, Arc::new(interface));
        }
        for groups in left {
            let unused = self.policies.get(&groups).filter(|shared| shared.users.is_empty());
            if let Some(Shared { pair, users: _ }) = unused.cloned() {
                self.name(&pair, false);
                self.policies.remove(&groups);
            }
        }
        Ok(())
    }

    /// Compiles the policies that hold a group whose rules have changed.
    fn follow_rules(&mut self, before: &Model) -> Result<(), CompileError> {
        let model = self.model.clone();
        let changed: GroupSet = before
            .groups
            .diff(&model.groups)
            .filter_map(|item| match item {
                DiffItem::Add(id, _) | DiffItem::Remove(id, _) => Some(*id),
                DiffItem::Update { old: (id, old), new: (_, new) } => (old.rules != new.rules).then_some(*id),
            })
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        let holding = self.policies.iter().filter(|(groups, _)| groups.iter().any(|group| changed.contains(group)));
        let holding: Vec<(Arc<GroupSet>, Shared)> =
            holding.map(|(groups, shared)| (Arc::clone(groups), shared.clone())).collect();
        for (groups, Shared { pair: old, users }) in holding {
            let Some(user) = users.get_min().and_then(|number| self.interfaces.get(number)) else { continue };
            let pair = self.compile_pair(user.id, &groups)?;
            if pair == old {
                continue;
            }
            self.name(&pair, true);
            self.name(&old, false);
            for number in &users {
                if let Some(interface) = self.interfaces.get_mut(number) {
                    let [inbound, outbound] = pair.clone();
                    let DesiredInterface { id, entry, inbound: _, outbound: _ } = **interface;
                    *interface = Arc::new(DesiredInterface { id, entry, inbound, outbound });
                }
            }
            self.policies.insert(groups, Shared { pair, users });
        }
        Ok(())
    }

    /// Members of groups that are named: those of interfaces that have changed, and those of groups that have become named or
    /// are named no longer.
    fn follow_members(&mut self, before: &Self, moved: &[Moved<'_>]) -> Result<(), CompileError> {
        let mut touched: BTreeSet<InterfaceId> = moved
            .iter()
            .filter(|Moved { id: _, before, after }| match (before, after) {
                (Some(before), Some(after)) => {
                    before.vpc != after.vpc || before.addresses != after.addresses || before.groups != after.groups
                }
                (None, _) | (_, None) => true,
            })
            .map(|moved| moved.id)
            .collect();
        for group in turned(&before.named_groups, &self.named_groups) {
            let all = (group, InterfaceId::FIRST)..=(group, InterfaceId::LAST);
            touched.extend(before.carriers.range(all.clone()).map(|(_, id)| *id));
            touched.extend(self.carriers.range(all).map(|(_, id)| *id));
        }
        // Addresses may go from one interface to another: all leave before any comes.
        for interface in touched.iter().filter_map(|id| before.model.interfaces.get(id)) {
            let vpc = vpc_number(&before.model, interface)?;
            for address in &interface.addresses {
                self.remove_member(&(vpc, *address));
            }
        }
        let model = self.model.clone();
        for interface in touched.iter().filter_map(|id| model.interfaces.get(id)) {
            let named: GroupSet = interface.groups.iter().copied().filter(|group| self.names_group(*group)).collect();
            if named.is_empty() {
                continue;
            }
            let vpc = vpc_number(&model, interface)?;
            let named = Arc::new(named);
            for address in &interface.addresses {
                self.insert_member((vpc, *address), &named);
            }
        }
        Ok(())
    }

    fn insert_member(&mut self, key: MemberKey, groups: &Arc<GroupSet>) {
        // Members share what is equal: there are many of them, and few sets.
        let groups = self.sets.get_key_value(groups).map_or(groups, |(known, _)| known).clone();
        *self.sets.entry(Arc::clone(&groups)).or_insert(0) += 1;
        self.members.insert(key, groups);
    }

    fn remove_member(&mut self, key: &MemberKey) {
        if let Some(groups) = self.members.remove(key) {
            count(&mut self.sets, groups, false);
        }
    }

    /// Entries of lists that are named: those that have changed, and those of lists that have become named or are named no
    /// longer.
    fn follow_lists(&mut self, before: &Self) {
        let changed = before.model.prefix_lists.diff(&self.model.prefix_lists).map(|item| match item {
            DiffItem::Add(id, _) | DiffItem::Remove(id, _) | DiffItem::Update { old: (id, _), new: _ } => *id,
        });
        let mut lists: BTreeSet<PrefixListId> = changed.collect();
        lists.extend(turned(&before.named_lists, &self.named_lists));
        for list in lists {
            let (old, new): (BTreeSet<IpNet>, BTreeSet<IpNet>) =
                (before.entries_of(list).collect(), self.entries_of(list).collect());
            old.difference(&new).for_each(|net| self.lists.remove(list, *net));
            new.difference(&old).for_each(|net| self.lists.add(list, *net));
        }
    }

    /// The entries of a list, if some policy names it.
    fn entries_of(&self, list: PrefixListId) -> impl Iterator<Item = IpNet> + use<> {
        let named = self.model.prefix_lists.get(&list).filter(|_| self.named_lists.contains_key(&list)).cloned();
        named.into_iter().flat_map(|list| list.entries.keys().copied().collect::<Vec<_>>())
    }

    /// Both policies of a set of groups.
    fn compile_pair(&self, interface: InterfaceId, groups: &GroupSet) -> Result<[Arc<Policy>; 2], CompileError> {
        let found: Result<Vec<_>, _> = groups
            .iter()
            .map(|id| {
                let missing = || CompileError::Dangling { interface, missing: format!("group {id}") };
                self.model.groups.get(id).ok_or_else(missing)
            })
            .collect();
        let found = found?;
        let policy = |direction| {
            let rules = found.iter().flat_map(|group| group.rules(direction));
            Policy::new(direction, rules, &self.model.prefix_lists).map(Arc::new)
        };
        Ok([policy(Direction::Inbound)?, policy(Direction::Outbound)?])
    }

    /// Counts what policies name that come or go.
    fn name(&mut self, pair: &[Arc<Policy>; 2], comes: bool) {
        for policy in pair {
            policy.named_groups().for_each(|group| count(&mut self.named_groups, group, comes));
            policy.named_lists().for_each(|list| count(&mut self.named_lists, list, comes));
        }
    }
}

impl<'a> From<DiffItem<'a, 'a, InterfaceId, Arc<NetworkInterface>>> for Moved<'a> {
    fn from(item: DiffItem<'a, 'a, InterfaceId, Arc<NetworkInterface>>) -> Self {
        match item {
            DiffItem::Add(id, after) => Self { id: *id, before: None, after: Some(after) },
            DiffItem::Remove(id, before) => Self { id: *id, before: Some(before), after: None },
            DiffItem::Update { old: (id, before), new: (_, after) } => {
                Self { id: *id, before: Some(before), after: Some(after) }
            }
        }
    }
}

/// Counts one more or one less; what is counted 0 times is left out.
fn count<K: Ord + Clone>(counts: &mut OrdMap<K, u32>, key: K, comes: bool) {
    let before = counts.get(&key).copied().unwrap_or(0);
    match if comes { before + 1 } else { before.saturating_sub(1) } {
        0 => drop(counts.remove(&key)),
        after => drop(counts.insert(key, after)),
    }
}

/// What is counted in one of both only.
fn turned<K: Ord + Copy>(before: &OrdMap<K, u32>, after: &OrdMap<K, u32>) -> Vec<K> {
    let turned = before.diff(after).filter_map(|item| match item {
        DiffItem::Add(key, _) | DiffItem::Remove(key, _) => Some(*key),
        DiffItem::Update { old: _, new: _ } => None,
    });
    turned.collect()
}

fn group_set(interface: &NetworkInterface) -> GroupSet {
    interface.groups.iter().copied().collect()
}

/// The entry of an attached interface.
pub(super) fn entry(model: &Model, interface: &NetworkInterface) -> Result<abi::Interface, CompileError> {
    let attachment = interface.attachment.as_ref();
    let workload = if attachment.is_some_and(|wish| wish.side == Side::Workload) { INTERFACE_WORKLOAD } else { 0 };
    let strict_l2 = if attachment.is_some_and(|wish| wish.strict_l2) { INTERFACE_STRICT_L2 } else { 0 };
    let monitor = if attachment.is_some_and(|wish| !wish.enforce) { INTERFACE_MONITOR } else { 0 };
    Ok(abi::Interface {
        attachment: attachment.map_or(0, |wish| wish.number),
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
        hardware: interface.enforced_mac().map_or([0; 6], MacAddress::octets),
        padding: [0; 6],
    })
}

pub(super) fn vpc_number(model: &Model, interface: &NetworkInterface) -> Result<u32, CompileError> {
    let missing = || CompileError::Dangling { interface: interface.id, missing: format!("VPC {}", interface.vpc) };
    model.vpcs.get(&interface.vpc).map(|vpc| vpc.number).ok_or_else(missing)
}

/// Time-outs in ticks, with the service's defaults where the interface sets none.
pub(crate) fn timeouts(wanted: ConnectionTracking) -> Timeouts {
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
