//! Tables of the model, with indexes that follow them.
//!
//! An index is derived and never stored. It lives and changes with its table and nowhere else, so that the two can't
//! contradict each other; [`super::Model::check`] holds it against what a scan gives.

use super::{GroupId, InstanceId, InterfaceId, NetworkInterface, PrefixListId, RuleId, SecurityGroup, VpcId};
use imbl::{OrdMap, OrdSet};
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::ops::{Deref, RangeInclusive};
use std::sync::Arc;

/// The groups of a model.
pub type Groups = Table<SecurityGroup>;
/// The interfaces of a model.
pub type Interfaces = Table<NetworkInterface>;

/// Values by their identifiers, to be read as the map that it is. A clone shares all that is equal. Inserting and removing
/// keep the index, and not the invariants of the model: these are kept by the operations of [`super::Model`].
#[derive(Clone)]
pub struct Table<V: Row> {
    rows: OrdMap<V::Id, Arc<V>>,
    index: V::Index,
}

/// What a table can hold.
pub trait Row: PartialEq {
    /// Its identifier.
    type Id: Copy + Ord;
    /// What it is found by beside that.
    type Index: Clone + Default + fmt::Debug + PartialEq;

    /// Brings the index from what a row was to what it is.
    fn reindex(index: &mut Self::Index, id: Self::Id, old: Option<&Self>, new: Option<&Self>);
}

impl<V: Row> Table<V> {
    /// Puts a value in, or another one in the place of one that is there, and gives that.
    pub fn insert(&mut self, id: V::Id, value: Arc<V>) -> Option<Arc<V>> {
        V::reindex(&mut self.index, id, self.rows.get(&id).map(Arc::as_ref), Some(&value));
        self.rows.insert(id, value)
    }

    /// Takes a value away, and gives it.
    pub fn remove(&mut self, id: &V::Id) -> Option<Arc<V>> {
        let old = self.rows.remove(id)?;
        V::reindex(&mut self.index, *id, Some(&old), None);
        Some(old)
    }

    pub(super) const fn index(&self) -> &V::Index {
        &self.index
    }

    /// Whether the index is what a scan gives.
    pub(super) fn is_indexed(&self) -> bool {
        Self::from(self.rows.clone()).index == self.index
    }
}

impl<V: Row> Default for Table<V> {
    fn default() -> Self {
        Self { rows: OrdMap::new(), index: V::Index::default() }
    }
}

impl<V: Row> Deref for Table<V> {
    type Target = OrdMap<V::Id, Arc<V>>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<V: Row> From<OrdMap<V::Id, Arc<V>>> for Table<V> {
    fn from(rows: OrdMap<V::Id, Arc<V>>) -> Self {
        let mut index = V::Index::default();
        for (id, row) in &rows {
            V::reindex(&mut index, *id, None, Some(row));
        }
        Self { rows, index }
    }
}

impl<V: Row> FromIterator<(V::Id, Arc<V>)> for Table<V> {
    fn from_iter<I: IntoIterator<Item = (V::Id, Arc<V>)>>(rows: I) -> Self {
        Self::from(rows.into_iter().collect::<OrdMap<_, _>>())
    }
}

impl<'a, V: Row> IntoIterator for &'a Table<V> {
    type Item = (&'a V::Id, &'a Arc<V>);
    type IntoIter = imbl::ordmap::Iter<'a, V::Id, Arc<V>, imbl::shared_ptr::DefaultSharedPtr>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

/// Indexes follow the rows.
impl<V: Row> PartialEq for Table<V> {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl<V: Row + Eq> Eq for Table<V> {}

impl<V: Row + fmt::Debug> fmt::Debug for Table<V>
where
    V::Id: fmt::Debug,
{
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.fmt(formatter)
    }
}

/// Pairs of what is named and who names it. Pairs, and not a set for each name: one edit touches one leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs<A: Ord + Clone, B: Ord + Clone>(OrdSet<(A, B)>);

impl<A: Ord + Clone, B: Ord + Clone> Default for Pairs<A, B> {
    fn default() -> Self {
        Self(OrdSet::new())
    }
}

impl<A: Ord + Clone, B: Ord + Clone> Pairs<A, B> {
    /// Who names something, in order.
    pub(super) fn of(&self, name: A, ids: RangeInclusive<B>) -> impl Iterator<Item = &B> {
        let (first, last) = ids.into_inner();
        self.0.range((name.clone(), first)..=(name, last)).map(|(_, id)| id)
    }

    /// The pairs of one value become those of another one.
    fn update(&mut self, id: &B, old: &BTreeSet<A>, new: &BTreeSet<A>) {
        for name in old.difference(new) {
            self.0.remove(&(name.clone(), id.clone()));
        }
        for name in new.difference(old) {
            self.0.insert((name.clone(), id.clone()));
        }
    }
}

/// All identifiers, as a range.
macro_rules! every {
    ($id:ty) => {
        <$id>::FIRST..=<$id>::LAST
    };
}
pub(super) use every;

/// What groups are found by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupIndex {
    /// By VPC and name, in small letters.
    pub(super) names: Pairs<(VpcId, String), GroupId>,
    /// By the groups that their rules name.
    pub(super) referencing: Pairs<GroupId, GroupId>,
    /// By the prefix lists that their rules name.
    pub(super) naming: Pairs<PrefixListId, GroupId>,
    /// By their rules.
    pub(super) rules: Pairs<RuleId, GroupId>,
    /// Rules by their numbers.
    pub(super) numbers: Pairs<u32, RuleId>,
}

/// A name as it is looked up: names are the same whatever the case of their letters.
pub(super) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl Row for SecurityGroup {
    type Id = GroupId;
    type Index = GroupIndex;

    fn reindex(index: &mut GroupIndex, id: GroupId, old: Option<&Self>, new: Option<&Self>) {
        let GroupIndex { names, referencing, naming, rules, numbers } = index;
        names.update(&id, &names_of(old), &names_of(new));
        referencing.update(&id, &named(old, |rule| rule.key.peer.group()), &named(new, |rule| rule.key.peer.group()));
        let list = |rule: &super::Rule| rule.key.peer.prefix_list();
        naming.update(&id, &named(old, list), &named(new, list));
        rules.update(&id, &named(old, |rule| Some(rule.id)), &named(new, |rule| Some(rule.id)));
        let rules_of = |group: Option<&Self>| -> BTreeSet<(u32, RuleId)> {
            group.into_iter().flat_map(|group| group.rules.values()).map(|rule| (rule.number, rule.id)).collect()
        };
        let (before, after) = (rules_of(old), rules_of(new));
        for pair in before.difference(&after) {
            numbers.0.remove(pair);
        }
        numbers.0.extend(after.difference(&before).copied());
    }
}

fn names_of(group: Option<&SecurityGroup>) -> BTreeSet<(VpcId, String)> {
    group.into_iter().map(|group| (group.vpc, folded(group.name.as_str()))).collect()
}

/// What the rules of a group name.
fn named<T: Ord>(group: Option<&SecurityGroup>, name: impl Fn(&super::Rule) -> Option<T>) -> BTreeSet<T> {
    group.into_iter().flat_map(|group| group.rules.values()).filter_map(name).collect()
}

/// What interfaces are found by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterfaceIndex {
    /// By their addresses. VPCs may have the same, which are few: an address alone is half as large.
    pub(super) addresses: Pairs<IpAddr, InterfaceId>,
    /// By their groups.
    pub(super) carriers: Pairs<GroupId, InterfaceId>,
    /// By the instance that has them.
    pub(super) instances: Pairs<InstanceId, InterfaceId>,
    /// By the device that they are or were attached to.
    pub(super) devices: Pairs<String, InterfaceId>,
    /// Those that are attached.
    pub(super) attached: OrdSet<InterfaceId>,
    /// Those that are attached, by their numbers.
    pub(super) numbers: Pairs<u32, InterfaceId>,
    /// Those that a tag asks to attach.
    pub(super) tagged: OrdSet<InterfaceId>,
}

impl Row for NetworkInterface {
    type Id = InterfaceId;
    type Index = InterfaceIndex;

    fn reindex(index: &mut InterfaceIndex, id: InterfaceId, old: Option<&Self>, new: Option<&Self>) {
        let InterfaceIndex { addresses, carriers, instances, devices, attached, numbers, tagged } = index;
        let empty = BTreeSet::new();
        let addresses_of = |interface: Option<&Self>| interface.map(|interface| interface.addresses.clone());
        let (before, after) = (addresses_of(old), addresses_of(new));
        addresses.update(&id, before.as_ref().unwrap_or(&empty), after.as_ref().unwrap_or(&empty));
        let groups = |interface: Option<&Self>| -> BTreeSet<GroupId> {
            interface.into_iter().flat_map(|interface| &interface.groups).copied().collect()
        };
        carriers.update(&id, &groups(old), &groups(new));
        let instance = |interface: Option<&Self>| -> BTreeSet<InstanceId> {
            let place = interface.and_then(|interface| interface.instance.as_ref());
            place.map(|place| place.instance).into_iter().collect()
        };
        instances.update(&id, &instance(old), &instance(new));
        let device = |interface: Option<&Self>| -> BTreeSet<String> {
            interface.and_then(|interface| interface.device.clone()).into_iter().collect()
        };
        devices.update(&id, &device(old), &device(new));
        let number = |interface: Option<&Self>| -> BTreeSet<u32> {
            let attachment = interface.and_then(|interface| interface.attachment.as_ref());
            attachment.map(|attachment| attachment.number).into_iter().collect()
        };
        let (before, after) = (number(old), number(new));
        numbers.update(&id, &before, &after);
        keep(attached, id, !after.is_empty());
        keep(tagged, id, new.is_some_and(|interface| interface.device_tag().is_some()));
    }
}

/// Has an identifier in a set, or not.
fn keep<T: Ord + Clone>(set: &mut OrdSet<T>, id: T, is_in: bool) {
    if is_in {
        set.insert(id);
    } else {
        set.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    #[test]
    fn an_index_that_is_not_what_the_rows_are_is_found() {
        let mut model = Model::new_with_default_vpc(&mut rand::rng());
        assert_eq!(model.check(), Ok(()));
        model.groups = Table { rows: model.groups.rows.clone(), index: GroupIndex::default() };
        assert!(!model.groups.is_indexed());
        let sentence = model.check().expect_err("an index of nothing");
        assert!(sentence.contains("index of the groups"), "{sentence}");
    }
}
