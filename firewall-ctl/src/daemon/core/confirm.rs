//! Changes that are undone unless somebody confirms them in time: also across a restart, since the record of the change and
//! what undoes it are written together.

use super::transition::Missing;
use super::{Core, Host};
use crate::actions::types::{ChangeResult, PendingChange};
use crate::actions::{self, ApiError, ErrorCode, Response};
use crate::daemon::enforcer::Enforcer;
use crate::model::{Change, MacSource, Model, NetworkInterface, NumberPool};
use crate::store::{Pending, PendingEdit, Store};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How to keep or undo a change.
const REMEDY: &str = "Keep it: firewall-ctl confirm\nTake it back now: firewall-ctl undo";

/// What is said when a change waits.
pub(super) fn notice(pending: &Pending) -> String {
    format!("This change is undone at {} unless you confirm it: firewall-ctl confirm", actions::time(pending.deadline))
}

impl<E: Enforcer, S: Store> Core<E, S> {
    /// The change that waits, if one does.
    #[must_use]
    pub fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// The change that waits, as `Status` tells it.
    pub(super) fn pending_change(&self) -> Option<PendingChange> {
        let Pending { operation, deadline, undo: _ } = self.pending.as_ref()?;
        Some(PendingChange { operation: operation.clone(), deadline: actions::time(*deadline) })
    }

    /// No second change while one waits: what undoes the first would undo part of the second.
    pub(super) fn refuse_while_pending(&self) -> Result<(), ApiError> {
        let Some(Pending { operation, deadline, undo: _ }) = &self.pending else { return Ok(()) };
        let deadline = actions::time(*deadline);
        let message = format!("A change by {operation} waits for its confirmation until {deadline}.");
        Err(ApiError::new(ErrorCode::ChangePending, message).with_detail(REMEDY))
    }

    /// What will undo the change to `next`.
    pub(super) fn pending_for(
        &self,
        operation: &str,
        next: &Model,
        now: Timestamp,
        time: Duration,
    ) -> Result<Pending, ApiError> {
        let deadline = now.checked_add(time).map_err(|_| ApiError::value("The time to confirm is too long."))?;
        let undo = undo_of(&self.model, next);
        Ok(Pending { operation: operation.to_owned(), deadline, undo })
    }

    /// Keeps the change that waits.
    pub(super) fn confirm(&mut self) -> Result<Response, ApiError> {
        let pending = self.pending.as_ref().ok_or_else(none_waits)?;
        let operation = pending.operation.clone();
        self.commit(&[], PendingEdit::Clear, "The confirmation could not be written.")?;
        self.pending = None;
        tracing::info!(operation, "confirmed");
        Ok(Response::Change(ChangeResult { operation, state: "confirmed".to_owned() }))
    }

    /// Takes back the change that waits.
    pub(super) fn undo(&mut self, host: &Host) -> Result<Response, ApiError> {
        let pending = self.pending.clone().ok_or_else(none_waits)?;
        let mut next = Model::clone(&self.model);
        next.apply_changes(&pending.undo);
        self.renumber(&mut next)?;
        let desired = self.compiled(&next)?;
        self.transition(next, desired, PendingEdit::Clear, host, Missing::Tolerate)?;
        self.pending = None;
        let operation = pending.operation;
        tracing::warn!(operation, "undone");
        Ok(Response::Change(ChangeResult { operation, state: "undone".to_owned() }))
    }

    /// Takes back the change that waits if its time is over.
    ///
    /// # Errors
    /// It could not be taken back; it is tried again.
    pub fn undo_if_late(&mut self, host: &Host) -> Result<(), ApiError> {
        let late = self.pending.as_ref().is_some_and(|pending| pending.deadline <= host.now);
        if late {
            tracing::warn!("nobody has confirmed the last change in time");
            self.undo(host)?;
        }
        Ok(())
    }

    /// Gives new numbers to attachments that come back: flows of their earlier life must not serve them.
    fn renumber(&mut self, next: &mut Model) -> Result<(), ApiError> {
        let back: Vec<_> = next
            .attached()
            .filter(|interface| {
                let before =
                    self.model.interfaces.get(&interface.id).and_then(|interface| interface.attachment.as_ref());
                before.map(|attachment| attachment.number)
                    != interface.attachment.as_ref().map(|attachment| attachment.number)
            })
            .map(Arc::clone)
            .collect();
        for interface in back {
            self.take_number(next, &interface)?;
        }
        Ok(())
    }

    /// Gives an attachment a new number. It may stand for another device of the same name, whose hardware address is seen
    /// in the same round if it can be seen.
    pub(super) fn take_number(&self, next: &mut Model, interface: &NetworkInterface) -> Result<(), ApiError> {
        let busy = self.busy_attachments();
        let pool = NumberPool { last: self.settings.last_attachment_number, busy: &busy };
        let number = next
            .take_attachment_number(pool)
            .map_err(|error| ApiError::new(ErrorCode::AttachmentLimitExceeded, error.to_string()))?;
        let mut interface = interface.clone();
        if let Some(attachment) = &mut interface.attachment {
            attachment.number = number;
            if attachment.mac_source == MacSource::Auto {
                interface.mac_address = None;
            }
        }
        next.interfaces.insert(interface.id, Arc::new(interface));
        Ok(())
    }
}

/// What leads from `next` back to `before`. Not the numbers: one that was handed out may be in use somewhere.
fn undo_of(before: &Model, next: &Model) -> Vec<Change> {
    let mut undo = next.changes(before);
    undo.retain(|change| !matches!(change, Change::Numbers(_)));
    undo
}

fn none_waits() -> ApiError {
    ApiError::new(ErrorCode::NoChangePending, "No change waits for its confirmation.")
        .with_detail("It has been confirmed or undone already, or none was made with --confirm-within.")
}
