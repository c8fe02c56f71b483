//! Devices that tags ask for: an interface with the tag `firewall:device` and the value `HOST/DEV` is attached to the device
//! DEV of this host, if the configuration lists it, and comes off it when the tag or the interface goes. Whoever set the
//! tag gets no answer from here, so what has come of it is told in `status` and with the interface.

use super::attach::{no_device, suitable};
use super::transition::Missing;
use super::{Core, Host};
use crate::actions::types::{BindingStatus, DeviceBinding};
use crate::actions::{self, ApiError, Context};
use crate::compile::Desired;
use crate::daemon::enforcer::Enforcer;
use crate::daemon::lockout::{self, State};
use crate::model::{InterfaceId, Model, NetworkInterface, Side};
use crate::store::{PendingEdit, Store};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long after a failure it is tried again.
const RETRY: SignedDuration = SignedDuration::from_secs(4);

/// What has come of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding {
    device: String,
    /// Why the device is not bound, and when it is tried again.
    refused: Option<(String, Timestamp)>,
}

impl Binding {
    fn state(&self) -> &'static str {
        if self.refused.is_some() { "refused" } else { "bound" }
    }

    fn reason(&self) -> Option<String> {
        self.refused.as_ref().map(|(reason, _)| reason.clone())
    }

    /// What its interface tells.
    pub(super) fn shown(&self) -> DeviceBinding {
        DeviceBinding { device: self.device.clone(), state: self.state().to_owned(), reason: self.reason() }
    }

    /// What `status` tells.
    pub(super) fn status(&self, id: InterfaceId) -> BindingStatus {
        let DeviceBinding { device, state, reason } = self.shown();
        BindingStatus { network_interface_id: id.to_string(), device, state, reason }
    }

    /// What is amiss.
    pub(super) fn problem(&self, id: InterfaceId) -> Option<String> {
        self.reason().map(|reason| format!("{id} is not bound to {}, as its tag asks: {reason}", self.device))
    }
}

/// The device of a host that a tag of an interface asks for.
fn wished<'a>(interface: &'a NetworkInterface, host_name: &str) -> Option<&'a str> {
    let (host, device) = interface.device_tag()?.split_once('/')?;
    Some(device).filter(|_| host == host_name)
}

/// Whether a tag asks for a device of a host in vain, so far.
pub fn is_binding_due(model: &Model, host_name: &str) -> bool {
    model.tagged().any(|interface| interface.attachment.is_none() && wished(interface, host_name).is_some())
}

impl<E: Enforcer, S: Store> Core<E, S> {
    /// Attaches what tags ask for, and takes off what they ask for no longer. While a change awaits its confirmation nothing
    /// is done: it may be undone.
    pub(super) fn bind_by_tags(&mut self, host: &Host) {
        if self.pending().is_some() {
            return;
        }
        let before = self.bindings.clone();
        let model = Arc::clone(&self.model);
        for interface in model.attached() {
            let Some(attachment) = interface.attachment.as_ref().filter(|attachment| attachment.by_tag) else {
                continue;
            };
            if wished(interface, &self.settings.host_name) != Some(attachment.device.as_str()) {
                self.unbind(interface, host);
            }
        }
        let host_name = self.settings.host_name.clone();
        let wishes: BTreeMap<InterfaceId, String> = self
            .model
            .tagged()
            .filter_map(|interface| Some((interface.id, wished(interface, &host_name)?.to_owned())))
            .collect();
        self.bindings.retain(|id, binding| wishes.get(id) == Some(&binding.device));
        for (id, device) in wishes {
            self.bind(id, device, host);
        }
        if self.bindings != before {
            self.show();
        }
    }

    /// Attaches an interface to the device that its tag asks for, unless it is, or has failed lately.
    fn bind(&mut self, id: InterfaceId, device: String, host: &Host) {
        let known = self.bindings.get(&id).cloned();
        let waits = known.as_ref().and_then(|known| known.refused.as_ref()).is_some_and(|(_, time)| *time > host.now);
        let Some(interface) = self.model.interfaces.get(&id).map(Arc::clone) else { return };
        let is_bound = interface.attachment.as_ref().is_some_and(|attachment| attachment.device == device);
        if waits && !is_bound {
            return;
        }
        let done = if is_bound { Ok(()) } else { self.try_to_bind(&interface, &device, host) };
        let refused = done.err().map(|error| (reason(&error), host.now + RETRY));
        let told = known.as_ref().and_then(Binding::reason);
        let binding = Binding { device, refused };
        match binding.reason() {
            None if !is_bound => tracing::info!(interface = %id, device = binding.device, "bound by a tag"),
            Some(reason) if Some(&reason) != told.as_ref() => {
                tracing::warn!(interface = %id, device = binding.device, reason, "a tag asks for a device in vain");
            }
            None | Some(_) => {}
        }
        self.bindings.insert(id, binding);
    }

    fn try_to_bind(&mut self, interface: &NetworkInterface, device: &str, host: &Host) -> Result<(), ApiError> {
        let side = self.bindable(device)?;
        let link = host.snapshot.by_name(device).ok_or_else(|| no_device(device, &host.snapshot))?;
        suitable(link, side, &host.snapshot)?;
        let (model, account) = (Arc::clone(&self.model), self.settings.account);
        let bind = |context: Context<'_>| actions::bind_device(context, interface.id, device, side);
        let bound = self.with_context(&model, account, host.now, bind)?;
        let desired = self.compiled(&bound)?;
        self.refuse_to_lock_out(&bound, &desired, interface.id, host)?;
        self.make(bound, desired, host)
    }

    /// Refuses a binding that would deny whoever is logged in by SSH a new connection: who has set the tag may be far away,
    /// and nobody can confirm it.
    fn refuse_to_lock_out(
        &self,
        next: &Model,
        desired: &Desired,
        id: InterfaceId,
        host: &Host,
    ) -> Result<(), ApiError> {
        let (before, after) = (State { model: &self.model, desired: &self.desired }, State { model: next, desired });
        let mut locked_out =
            host.sessions.iter().filter_map(|session| lockout::find(before, after, session, &host.snapshot));
        match locked_out.next() {
            Some(lock_out) => Err(ApiError::new(actions::ErrorCode::WouldLockOut, lock_out.message_of_session())
                .with_detail(lock_out.remedy_of_session(id))),
            None => Ok(()),
        }
    }

    /// What is behind a device that a tag may bind.
    fn bindable(&self, device: &str) -> Result<Side, ApiError> {
        let bindable = &self.settings.bindable;
        bindable.side(device).ok_or_else(|| {
            let names: Vec<&str> = bindable.names().collect();
            let listed = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            ApiError::new(
                actions::ErrorCode::UnauthorizedOperation,
                format!("The configuration does not list the device '{device}' as bindable."),
            )
            .with_detail(format!("bindable-devices lists {listed}."))
        })
    }

    fn unbind(&mut self, interface: &NetworkInterface, host: &Host) {
        let released = actions::release_device(&self.model, interface).and_then(|next| {
            let desired = self.compiled(&next)?;
            self.make(next, desired, host)
        });
        match released {
            Ok(()) => tracing::info!(interface = %interface.id, "its tag asks for the device no longer"),
            Err(error) => tracing::error!(interface = %interface.id, error = error.message, "cannot unbind"),
        }
    }

    /// Makes a model that was worked out here the present one.
    fn make(&mut self, next: Model, desired: Desired, host: &Host) -> Result<(), ApiError> {
        self.transition(next, desired, PendingEdit::Keep, host, Missing::Refuse).map(drop)
    }
}

/// An error in a line.
fn reason(error: &ApiError) -> String {
    let ApiError { code: _, message, detail } = error;
    match detail {
        Some(detail) => format!("{message} {}", detail.replace('\n', "; ")),
        None => message.clone(),
    }
}
