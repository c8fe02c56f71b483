//! The controller's own logic, apart from waiting: what is asked, what is stored and what is enforced are brought into
//! step here. Everything takes the host as it was seen as an argument; nothing is asynchronous.

mod attach;
mod bind;
mod confirm;
mod cut;
mod device;
mod reconcile;
mod report;
mod settings;
#[cfg(test)]
pub(super) mod tests;
mod transition;

pub use attach::PeerSeen;
pub use bind::is_binding_due;
pub use device::DeviceStatus;
pub use reconcile::PeersSeen;
pub use settings::{Identity, Settings};

use super::enforcer::{Enforcer, Held, Observer};
use super::lockout::{self, SshConnection, State};
use super::net::Snapshot;
use super::observe;
use crate::actions::access::{Scope, unseen};
use crate::actions::types::{DeviceAttachment, DeviceBinding, ExplainPacket, SimulatePacket};
use crate::actions::{self, ApiError, Context, ErrorCode, Outcome, Request, Response};
use crate::compile::{Desired, compile};
use crate::dataplane::FlowCounts;
use crate::model::{AccountId, InterfaceId, Model, NumberPool};
use crate::store::{Pending, PendingEdit, Store, StoreError, Stored};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Told while the kernel has not taken all of what is recorded.
const UNPUBLISHED: &str =
    "a part of what is recorded is not in force yet: the kernel refused it, and it is tried again";

/// Told from a failure to write the record until it can be written again. A file that has failed is given up by its database
/// until it is opened anew.
const UNWRITTEN: &str = "the state could not be written: no change is taken, and none that waits for its confirmation is undone, \
                         until there is room on the disk and the controller is restarted";

/// What concerns a call and not its operation.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The caller's own connection.
    pub ssh: Option<SshConnection>,
    /// Apply the change even where it locks the caller out.
    pub force: bool,
    /// Undo the change after this time unless it is confirmed.
    pub confirm_within: Option<Duration>,
    /// What the caller sees; everything on the socket.
    pub scope: Option<Scope>,
}

/// The host, as it was seen right before.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Devices and their addresses.
    pub snapshot: Snapshot,
    /// Who is logged in by SSH, as far as a tag may lock somebody out.
    pub sessions: BTreeSet<SshConnection>,
    /// The time.
    pub now: Timestamp,
}

/// What readers see: always one whole state.
#[derive(Debug, Clone)]
pub struct View {
    /// What there is.
    pub model: Arc<Model>,
    /// How the attachments are, by number.
    pub devices: BTreeMap<u32, DeviceStatus>,
    /// What has come of the tags that ask for devices of this host.
    pub bindings: BTreeMap<InterfaceId, DeviceBinding>,
}

/// Why the controller does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The record cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tables do not hold it.
    #[error("the tables in the kernel cannot hold what is recorded")]
    Tables(#[source] ApiError),
}

/// The one who writes.
pub struct Core<E: Enforcer, S: Store> {
    settings: Settings,
    store: S,
    enforcer: E,
    observer: Arc<dyn Observer>,
    rng: StdRng,
    model: Arc<Model>,
    desired: Arc<Desired>,
    pending: Option<Pending>,
    devices: BTreeMap<u32, DeviceStatus>,
    /// Numbers of attachments under which nothing has run yet.
    unused: BTreeSet<u32>,
    /// Attachments that failed, and when to try again: the attempt itself may look like a change of the device.
    retry: BTreeMap<u32, Timestamp>,
    /// What has come of the tags that ask for devices of this host, and when those that failed are tried again.
    bindings: BTreeMap<InterfaceId, bind::Binding>,
    /// Attachments that others have got ahead of, and when ours may be put in front again.
    overtaken: BTreeMap<u32, Timestamp>,
    /// Whether the tables in force are only part of what they should be.
    unpublished: bool,
    /// Whether the record could not be written when that was tried last.
    unwritten: bool,
    held: Held,
    /// Numbers of the attachments of which there was anything in the kernel when it was last looked at.
    in_kernel: BTreeSet<u32>,
    view: Arc<ArcSwap<View>>,
}

impl<E: Enforcer, S: Store> Core<E, S> {
    /// Takes up where the last controller has stopped: its record, or a new one, and what is in the kernel. Programs are
    /// put in by the first [`Core::reconcile`].
    ///
    /// # Errors
    /// The record cannot be read or written, or the tables do not hold it.
    pub fn open(settings: Settings, store: S, mut enforcer: E) -> Result<Self, OpenError> {
        let mut rng: StdRng = rand::make_rng();
        let stored = store.load()?;
        let is_new = stored.is_none();
        let Stored { mut model, pending } = stored.unwrap_or_else(|| Stored {
            model: Model::new_with_default_vpc_of(settings.account, &mut rng),
            pending: None,
        });
        let before = if is_new { Model::default() } else { model.clone() };
        let (host, account) = (settings.host_name.as_str(), settings.account);
        let registered = actions::register_host(&model, host, account, Timestamp::now(), &mut rng);
        if let Some(registered) = registered.map_err(OpenError::Tables)? {
            model = registered;
        }
        if model != before {
            store.commit(&before.changes(&model), PendingEdit::Keep)?;
        }
        let desired = compile(&model).and_then(|desired| desired.allowing(&settings.always_allow));
        let desired = desired.map_err(transition::cannot_compile).map_err(OpenError::Tables)?;
        let prepared = enforcer.prepare(&desired).map_err(OpenError::Tables)?;
        enforcer.publish(prepared).map_err(OpenError::Tables)?;
        let held = enforcer.collect().map_err(OpenError::Tables)?;
        let observer = enforcer.observer();
        let model = Arc::new(model);
        let view = View { model: Arc::clone(&model), devices: BTreeMap::new(), bindings: BTreeMap::new() };
        Ok(Self {
            settings,
            store,
            enforcer,
            observer,
            rng,
            model,
            desired: Arc::new(desired),
            pending,
            devices: BTreeMap::new(),
            unused: BTreeSet::new(),
            retry: BTreeMap::new(),
            bindings: BTreeMap::new(),
            overtaken: BTreeMap::new(),
            unpublished: false,
            unwritten: false,
            held,
            in_kernel: BTreeSet::new(),
            view: Arc::new(ArcSwap::from_pointee(view)),
        })
    }

    /// What readers see, now and later.
    #[must_use]
    pub fn view(&self) -> Arc<ArcSwap<View>> {
        Arc::clone(&self.view)
    }

    /// What reads flows and drops beside this.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.observer)
    }

    /// Answers a request. `peer` is what was read behind the device of an attach request.
    ///
    /// # Errors
    /// The request is refused; nothing has changed.
    pub fn answer(
        &mut self,
        request: Request,
        caller: &Caller,
        host: &Host,
        peer: Option<PeerSeen>,
    ) -> Result<Outcome, ApiError> {
        match request {
            Request::ConfirmChange(_) => self.confirm().map(Outcome::unchanged),
            Request::UndoChange(_) => self.undo(host).map(Outcome::unchanged),
            Request::DescribeCounters(request) => self.describe_counters(&request).map(Outcome::unchanged),
            Request::DescribeFlows(request) => {
                observe::flows::describe(&self.model, &*self.observer, request).map(Outcome::unchanged)
            }
            Request::DescribeDrops(request) => {
                observe::drops::describe(&self.model, &*self.observer, request, host.now).map(Outcome::unchanged)
            }
            Request::ExplainPacket(request) => {
                let view = self.view.load();
                explain(&view, &*self.observer, request, &self.settings).map(Outcome::unchanged)
            }
            Request::SimulatePacket(request) => {
                let view = self.view.load();
                simulate(&view, request, &self.settings, host.now).map(Outcome::unchanged)
            }
            Request::FlushFlows(request) => {
                let selected = observe::flows::select(&self.model, &*self.observer, request, caller.ssh.as_ref())?;
                self.flush(selected, caller).map(Outcome::unchanged)
            }
            Request::Status(_) => {
                // What somebody has just taken off is not told as enforced until the next round.
                self.look(host);
                Ok(Outcome::unchanged(self.status()))
            }
            request if request.is_read_only() => {
                let view = self.view.load();
                read(&view, request, caller.scope, &self.settings, host.now)
            }
            request => {
                self.refuse_while_pending()?;
                self.change(request, caller, host, peer)
            }
        }
    }

    /// A request that changes something.
    fn change(
        &mut self,
        mut request: Request,
        caller: &Caller,
        host: &Host,
        peer: Option<PeerSeen>,
    ) -> Result<Outcome, ApiError> {
        let operation = request.operation();
        let wish = attach::Wish::take(&mut request);
        let cuts = cut::take_wish(&mut request);
        let mut outcome = self.apply(request, caller.scope, host.now)?;
        let Some(mut next) = outcome.model.take() else {
            let placed = match wish {
                Some(wish) if !wish.dry_run => self.put_released_back(&wish, host)?,
                Some(_) | None => BTreeMap::new(),
            };
            self.fill(&mut outcome.response, &outcome.warnings, &placed);
            return Ok(outcome);
        };
        if let Some(wish) = &wish {
            outcome.warnings.extend(wish.settle(&mut next, host, peer)?);
        }
        let desired = self.compiled(&next)?;
        let dry_run = wish.is_some_and(|wish| wish.dry_run);
        if let Some(lock_out) = self.lock_out(&next, &desired, caller, host) {
            if caller.confirm_within.is_none() && !dry_run {
                return Err(ApiError::new(ErrorCode::WouldLockOut, lock_out.message()).with_detail(lock_out.remedy()));
            }
            outcome.warnings.push(lock_out.message());
        }
        if dry_run {
            self.rehearse(&mut outcome.response, &next, &outcome.warnings, host)?;
            return Ok(outcome);
        }
        let revoked = if cuts { self.revoked(&next) } else { BTreeSet::new() };
        self.may_cut(&revoked, caller)?;
        let pending =
            caller.confirm_within.map(|time| self.pending_for(operation, &next, host.now, time)).transpose()?;
        if let Some(pending) = &pending {
            outcome.warnings.push(confirm::notice(pending));
        }
        let edit = pending.as_ref().map_or(PendingEdit::Keep, PendingEdit::Put);
        let placed = self.transition(next, desired, edit, host, transition::Missing::Refuse)?;
        tracing::info!(operation, "changed");
        if pending.is_some() {
            self.pending = pending;
        }
        if self.unpublished {
            outcome.warnings.push(UNPUBLISHED.to_owned());
        }
        if cuts && let Some(count) = cut::count_in(&mut outcome.response) {
            match self.cut_revoked(&revoked) {
                Ok(cut) => *count = Some(cut),
                Err(error) => outcome
                    .warnings
                    .push(format!("The rules are revoked, and flows of theirs are left: {}", error.message)),
            }
        }
        self.fill(&mut outcome.response, &outcome.warnings, &placed);
        Ok(outcome)
    }

    /// Whether a change locks the caller out, unless it wants that.
    fn lock_out(&self, next: &Model, desired: &Desired, caller: &Caller, host: &Host) -> Option<lockout::LockOut> {
        let ssh = caller.ssh.as_ref().filter(|_| !caller.force)?;
        let before = State { model: &self.model, desired: &self.desired };
        lockout::find(before, State { model: next, desired }, ssh, &host.snapshot)
    }

    /// What an action makes of the present model, if it is the caller's to change.
    fn apply(&mut self, request: Request, scope: Option<Scope>, now: Timestamp) -> Result<Outcome, ApiError> {
        let account = scope.map_or(self.settings.account, |scope| scope.account);
        let model = Arc::clone(&self.model);
        let outcome = if let Some(part) = scope.and_then(|scope| scope.part(&model)) {
            // What the caller does not see is not there, in the words of its refusal.
            let outcome = self.apply_to(&part, request.clone(), account, now)?;
            if outcome.model.is_none() {
                return Ok(outcome);
            }
            self.apply_to(&model, request, account, now).map_err(unseen)?
        } else {
            self.apply_to(&model, request, account, now)?
        };
        if let (Some(scope), Some(next)) = (scope, &outcome.model) {
            scope.check(&model, next)?;
        }
        Ok(outcome)
    }

    fn apply_to(
        &mut self,
        model: &Model,
        request: Request,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Outcome, ApiError> {
        self.with_context(model, account, now, |context| actions::apply(request, context))
    }

    /// Works something out from a model.
    fn with_context<T>(
        &mut self,
        model: &Model,
        account: AccountId,
        now: Timestamp,
        work: impl FnOnce(Context<'_>) -> T,
    ) -> T {
        let busy_attachments = self.busy_attachments();
        work(Context {
            model,
            quotas: &self.settings.quotas,
            account,
            region: &self.settings.region,
            rng: &mut self.rng,
            now,
            host: &self.settings.host_name,
            rule_numbers: NumberPool { last: self.settings.last_rule_number, busy: &self.held.rules },
            attachment_numbers: NumberPool { last: self.settings.last_attachment_number, busy: &busy_attachments },
        })
    }

    /// Numbers that no attachment may get, whether the model has them or not: flows hold them, or a controller that was
    /// killed before it had recorded them.
    fn busy_attachments(&self) -> BTreeSet<u32> {
        self.held.flows.keys().chain(&self.in_kernel).copied().collect()
    }

    /// Frees what a change has left behind. After the reply.
    pub fn reclaim(&mut self) {
        self.enforcer.reclaim();
    }

    /// Removes expired flows.
    pub fn collect(&mut self) {
        match self.enforcer.collect() {
            Ok(held) => self.held = held,
            Err(error) => tracing::error!(error = error.message, "expired flows could not be removed"),
        }
        for (number, device) in &mut self.devices {
            device.flows = self.held.flows.get(number).map_or(0, FlowCounts::alive);
        }
        self.show();
    }

    /// Lets readers see what there is now.
    fn show(&self) {
        let bindings = self.bindings.iter().map(|(id, binding)| (*id, binding.shown())).collect();
        let view = View { model: Arc::clone(&self.model), devices: self.devices.clone(), bindings };
        self.view.store(Arc::new(view));
    }
}

/// Does an action on paper, of any model: nobody stores or enforces what comes of it.
fn on_paper(
    model: &Model,
    request: Request,
    account: AccountId,
    settings: &Settings,
    now: Timestamp,
) -> Result<Outcome, ApiError> {
    let none = BTreeSet::new();
    actions::apply(
        request,
        Context {
            model,
            quotas: &settings.quotas,
            account,
            region: &settings.region,
            rng: &mut rand::rng(),
            now,
            host: &settings.host_name,
            rule_numbers: NumberPool { last: settings.last_rule_number, busy: &none },
            attachment_numbers: NumberPool { last: settings.last_attachment_number, busy: &none },
        },
    )
}

/// Says what becomes of a packet, without the one who writes.
///
/// # Errors
/// The request is refused.
pub fn explain(
    view: &View,
    observer: &dyn Observer,
    request: ExplainPacket,
    settings: &Settings,
) -> Result<Response, ApiError> {
    observe::explain::explain(known(view, settings), observer, request)
}

/// Says what becomes of a packet before and after changes on paper, without the one who writes.
///
/// # Errors
/// The request is refused.
pub fn simulate(
    view: &View,
    request: SimulatePacket,
    settings: &Settings,
    now: Timestamp,
) -> Result<Response, ApiError> {
    observe::explain::simulate(known(view, settings), request, &mut |mut request, model| {
        // Flows are left out.
        cut::take_wish(&mut request);
        on_paper(model, request, settings.account, settings, now)
    })
}

fn known<'a>(view: &'a View, settings: &'a Settings) -> observe::explain::Known<'a> {
    observe::explain::Known { model: &view.model, devices: &view.devices, always: &settings.always_allow }
}

/// Answers a request that changes nothing, without the one who writes.
///
/// # Errors
/// The request is refused.
pub fn read(
    view: &View,
    request: Request,
    scope: Option<Scope>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Outcome, ApiError> {
    let part = scope.and_then(|scope| scope.part(&view.model));
    let account = scope.map_or(settings.account, |scope| scope.account);
    let mut outcome = on_paper(part.as_ref().unwrap_or(&view.model), request, account, settings, now)?;
    if let Response::DescribeNetworkInterfaces(result) = &mut outcome.response {
        for attachment in result.network_interfaces.iter_mut().filter_map(|each| each.device_attachment.as_mut()) {
            fill_attachment(attachment, view);
        }
        for interface in &mut result.network_interfaces {
            let id = interface.network_interface_id.parse().ok();
            interface.device_binding = id.and_then(|id: InterfaceId| view.bindings.get(&id)).cloned();
        }
    }
    Ok(outcome)
}

/// Adds what the kernel has to what was asked for.
fn fill_attachment(attachment: &mut DeviceAttachment, view: &View) {
    let Some(status) = view.devices.get(&attachment.number) else { return };
    attachment.hook.got = status.hooks();
    attachment.status = Some(status.state("attached"));
}
