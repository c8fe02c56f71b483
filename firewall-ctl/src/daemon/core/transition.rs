//! From the present state to the next one: tables, record and programs, all of them or none.

use super::{Core, DeviceStatus, Host};
use crate::actions::{ApiError, ErrorCode};
use crate::compile::{CompileError, Desired};
use crate::daemon::enforcer::{Enforcer, Place, Placed};
use crate::daemon::error::chain;
use crate::model::{Attachment, Change, Edit, Model, Rule};
use crate::store::{PendingEdit, Store};
use imbl::ordmap::DiffItem;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long after a failure it is tried again.
const RETRY: SignedDuration = SignedDuration::from_secs(4);

/// What to do about a device that is not there, or that takes no programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The change is refused: somebody asked for this device.
    Refuse,
    /// The rest is done, and the reconciler tries again: the record was there before.
    Tolerate,
}

/// Which attachments come and go.
struct Moves<'a> {
    /// Numbers of those that go.
    gone: Vec<u32>,
    /// Those that come, and those whose programs have to go elsewhere.
    come: Vec<&'a Attachment>,
}

/// What is said of a change that could not be written.
const NOT_MADE: &str = "The change could not be written, and was not made.";

impl<E: Enforcer, S: Store> Core<E, S> {
    /// Makes `next` the present state. Programs go in after policies and before the record is written; they are taken off
    /// after the record is written and before the policies go.
    pub(super) fn transition(
        &mut self,
        next: Model,
        desired: Desired,
        pending: PendingEdit<'_>,
        host: &Host,
        missing: Missing,
    ) -> Result<BTreeMap<u32, Placed>, ApiError> {
        let moves = Moves::between(&self.model, &next);
        let places = self.places(&moves.come, host, missing)?;
        let changes = self.model.changes(&next);
        let prepared = self.enforcer.prepare(&desired)?;
        self.enforcer.forget_rules(&new_rules(&self.model, &next));
        let mut placed = BTreeMap::new();
        if places.is_empty() {
            if let Err(error) = self.commit(&changes, pending, NOT_MADE) {
                self.enforcer.discard(prepared);
                return Err(error);
            }
            self.take_off(&moves.gone);
            self.unpublished = false;
            if let Err(error) = self.enforcer.publish(prepared) {
                // The record is written: there is only the way forward.
                tracing::error!(error = error.message, "a part of the change is not in force yet; it is tried again");
                self.unpublished = true;
            }
        } else {
            let outcome = self.enforcer.publish(prepared).and_then(|()| {
                let placed = self.place(&places, missing, host)?;
                self.commit(&changes, pending, NOT_MADE)?;
                Ok(placed)
            });
            match outcome {
                Ok(done) => placed = done,
                Err(error) => {
                    self.take_back(&places, &moves.gone, host);
                    return Err(error);
                }
            }
            self.unpublished = false;
            self.take_off(&moves.gone);
        }
        self.model = Arc::new(next);
        self.desired = Arc::new(desired);
        self.note(&places, &placed, host);
        self.show();
        Ok(placed)
    }

    /// Writes the record.
    pub(super) fn commit(
        &mut self,
        changes: &[Change],
        pending: PendingEdit<'_>,
        refusal: &'static str,
    ) -> Result<(), ApiError> {
        let written = self.store.commit(changes, pending);
        self.unwritten = written.is_err();
        written.map_err(|error| {
            tracing::error!(error = chain(&error), "the state could not be written");
            let detail =
                format!("{}\nMake room, then restart the controller: until then it writes no more.", chain(&error));
            ApiError::new(ErrorCode::InternalError, refusal).with_detail(detail)
        })
    }

    /// The devices of attachments.
    fn places(&self, come: &[&Attachment], host: &Host, missing: Missing) -> Result<Vec<Place>, ApiError> {
        let mut places = Vec::new();
        for attachment in come {
            match (Place::of(attachment, host), missing) {
                (Some(place), _) => places.push(place),
                (None, Missing::Refuse) => return Err(super::attach::no_device(&attachment.device, &host.snapshot)),
                (None, Missing::Tolerate) => {}
            }
        }
        Ok(places)
    }

    /// Puts programs on devices.
    pub(super) fn place(
        &mut self,
        places: &[Place],
        missing: Missing,
        host: &Host,
    ) -> Result<BTreeMap<u32, Placed>, ApiError> {
        let mut placed = BTreeMap::new();
        for place in places {
            // Connections are taken up when somebody asks for the attachment. A device that comes back inherits nothing, and
            // what began while programs were missing has been judged by no rule.
            let adopt = place.adopt && missing == Missing::Refuse;
            match (self.enforcer.attach(&Place { adopt, ..place.clone() }), missing) {
                (Ok(done), _) => {
                    self.retry.remove(&place.number);
                    tracing::info!(device = place.device, rx = done.hook_rx, tx = done.hook_tx, "attached");
                    placed.insert(place.number, done);
                }
                (Err(error), Missing::Refuse) => return Err(error),
                (Err(error), Missing::Tolerate) => {
                    self.retry.insert(place.number, host.now + RETRY);
                    tracing::error!(device = place.device, error = error.message, "cannot attach; it is tried again");
                }
            }
        }
        Ok(placed)
    }

    /// Undoes [`Core::place`] and the tables before it. What was there before fitted, so it fits again.
    fn take_back(&mut self, places: &[Place], gone: &[u32], host: &Host) {
        let model = Arc::clone(&self.model);
        let is_new = |place: &&Place| model.interface_by_number(place.number).is_none();
        let before = |number: u32| attachment(&model, number).and_then(|attachment| Place::of(attachment, host));
        let moved = places.iter().filter_map(|place| before(place.number));
        // Programs that were taken over from attachments that were to go.
        let shared = |place: &Place| places.iter().any(|other| other.ifindex == place.ifindex);
        let given = gone.iter().filter_map(|number| before(*number)).filter(shared);
        let old: Vec<Place> = moved.chain(given).collect();
        let is_given_back = |place: &&Place| old.iter().any(|old| old.ifindex == place.ifindex);
        let (given_back, alone): (Vec<&Place>, Vec<&Place>) = places.iter().filter(is_new).partition(is_given_back);
        self.take_off(&alone.iter().map(|place| place.number).collect::<Vec<_>>());
        self.unpublished = true;
        self.publish_again();
        for place in &old {
            if let Err(error) = self.enforcer.attach(place) {
                tracing::error!(device = place.device, error = error.message, "cannot put the programs back");
            }
        }
        self.take_off(&given_back.iter().map(|place| place.number).collect::<Vec<_>>());
    }

    /// Puts in force what is not yet.
    pub(super) fn publish_again(&mut self) {
        if !self.unpublished {
            return;
        }
        let published = self.enforcer.prepare(&self.desired).and_then(|prepared| self.enforcer.publish(prepared));
        match published {
            Ok(()) => self.unpublished = false,
            Err(error) => tracing::error!(error = error.message, "tables are not in force; it is tried again"),
        }
    }

    /// Takes programs off. One that stays is found by the reconciler.
    pub(super) fn take_off(&mut self, numbers: &[u32]) {
        for number in numbers {
            match self.enforcer.detach(*number) {
                Ok(()) => tracing::info!(number, "detached"),
                Err(error) => tracing::error!(number, error = error.message, "cannot detach; it is tried again"),
            }
        }
    }

    /// Notes how the attachments are after a change.
    fn note(&mut self, places: &[Place], placed: &BTreeMap<u32, Placed>, host: &Host) {
        let model = Arc::clone(&self.model);
        self.devices.retain(|number, _| model.interface_by_number(*number).is_some());
        for attachment in model.attached().filter_map(|interface| interface.attachment.as_ref()) {
            self.devices.entry(attachment.number).or_insert_with(|| {
                self.unused.insert(attachment.number);
                DeviceStatus::unplaced(attachment, host)
            });
        }
        let devices = &self.devices;
        self.unused.retain(|number| devices.contains_key(number));
        self.retry.retain(|number, _| devices.contains_key(number));
        self.overtaken.retain(|number, _| devices.contains_key(number));
        for place in places {
            let Some(done) = placed.get(&place.number) else { continue };
            self.unused.remove(&place.number);
            let status = DeviceStatus {
                ifindex: Some(place.ifindex),
                mtu: host.snapshot.links.get(&place.ifindex).map(|link| link.mtu),
                hook_rx: Some(done.hook_rx.clone()),
                hook_tx: Some(done.hook_tx.clone()),
                amiss: Vec::new(),
                flows: 0,
            };
            self.devices.insert(place.number, status);
        }
    }

    /// Compiles what differs from the present model in one that the controller has made itself.
    pub(super) fn compiled(&self, next: &Model) -> Result<Desired, ApiError> {
        self.desired.follow(next).map_err(cannot_compile)
    }
}

/// A model that the controller has made has no tables.
#[expect(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
pub(super) fn cannot_compile(error: CompileError) -> ApiError {
    ApiError::new(ErrorCode::InternalError, error.to_string())
}

/// Numbers of the rules that are new: what was counted under them belongs to others.
pub(super) fn new_rules(before: &Model, after: &Model) -> Vec<u32> {
    let changed = before.changes(after).into_iter().filter_map(|change| match change {
        Change::Group(Edit::Put(id, group)) => Some((id, group)),
        Change::Group(Edit::Delete(_))
        | Change::Vpc(_)
        | Change::Subnet(_)
        | Change::PrefixList(_)
        | Change::Interface(_)
        | Change::Instance(_)
        | Change::InternetGateway(_)
        | Change::Numbers(_) => None,
    });
    changed
        .flat_map(|(id, group)| {
            let known = before.groups.get(&id);
            let is_known = |rule: &Rule| known.is_some_and(|group| group.rules.contains_key(&rule.id));
            group.rules.values().filter(|rule| !is_known(rule)).map(|rule| rule.number).collect::<Vec<_>>()
        })
        .collect()
}

impl<'a> Moves<'a> {
    fn between(before: &Model, after: &'a Model) -> Self {
        let mut moves = Self { gone: Vec::new(), come: Vec::new() };
        // Flags of the entry are published with the policies; only these concern the programs.
        let same = |a: &Attachment, b: &Attachment| a.device == b.device && a.side == b.side && a.hook == b.hook;
        for item in before.interfaces.diff(&after.interfaces) {
            let (old, new) = match item {
                DiffItem::Add(_, new) => (None, Some(new)),
                DiffItem::Remove(_, old) => (Some(old), None),
                DiffItem::Update { old: (_, old), new: (_, new) } => (Some(old), Some(new)),
            };
            let number = old.and_then(|old| old.attachment.as_ref()).map(|attachment| attachment.number);
            moves.gone.extend(number.filter(|number| after.interface_by_number(*number).is_none()));
            let wanted = new.and_then(|new| new.attachment.as_ref());
            let is_there = |wanted: &Attachment| attachment(before, wanted.number).is_some_and(|old| same(old, wanted));
            moves.come.extend(wanted.filter(|wanted| !is_there(wanted)));
        }
        moves.gone.sort_unstable();
        moves.come.sort_unstable_by_key(|attachment| attachment.number);
        moves
    }
}

/// The attachment of a number.
fn attachment(model: &Model, number: u32) -> Option<&Attachment> {
    model.interface_by_number(number)?.attachment.as_ref()
}
