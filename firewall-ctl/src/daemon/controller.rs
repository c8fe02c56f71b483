//! Answers calls and keeps watch: one writer at a time, readers beside it, and nothing that blocks on the runtime.

use super::core::{Caller, Core, Host, PeerSeen, PeersSeen, Settings, View, explain, is_binding_due, read, simulate};
use super::enforcer::{Enforcer, Observer};
use super::error::chain;
use super::lockout::{SshConnection, sessions};
use super::net::{Link, Netlink, NetlinkError, Snapshot, behind, behind_all};
use super::{keys, observe};
use crate::actions::types::AttachDevice;
use crate::actions::{ApiError, ErrorCode, Outcome, Request, Response};
use crate::api::ApiErrorBody;
use crate::api::server::{Call, Reply, Service};
use crate::ec2::credentials::KeyRing;
use crate::model::{AddressSource, MacSource, Side};
use crate::store::Store;
use arc_swap::ArcSwap;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How often everything is looked at without a sign of change, and expired flows are removed.
const PERIOD: Duration = Duration::from_secs(5);
/// How long after a failure to undo a change it is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long further signs are waited for: a device that comes up changes several times.
const SETTLE: Duration = Duration::from_millis(50);

/// The controller.
pub struct Controller<E: Enforcer, S: Store> {
    core: Arc<Mutex<Core<E, S>>>,
    view: Arc<ArcSwap<View>>,
    observer: Arc<dyn Observer>,
    settings: Settings,
    netlink: Netlink,
    changed: Arc<Notify>,
    broken: Notify,
    keys: Arc<KeyRing>,
}

impl<E: Enforcer, S: Store + 'static> Controller<E, S> {
    /// A controller in this network namespace. `changed` tells that devices or addresses may have changed.
    pub fn new(
        core: Core<E, S>,
        settings: Settings,
        netlink: Netlink,
        changed: Arc<Notify>,
        keys: Arc<KeyRing>,
    ) -> Self {
        let (view, observer) = (core.view(), core.observer());
        let core = Arc::new(Mutex::new(core));
        Self { core, view, observer, settings, netlink, changed, broken: Notify::new(), keys }
    }

    /// Looks at everything once.
    ///
    /// # Errors
    /// The kernel does not answer.
    pub async fn reconcile(&self, collect: bool) -> Result<(), NetlinkError> {
        let core = self.write().await;
        let mut host = self.host().await?;
        if is_binding_due(&self.view.load().model, &self.settings.host_name) {
            host.sessions = unless_it_ends(tokio::task::spawn_blocking(sessions)).await;
        }
        let peers = self.peers(&host.snapshot).await;
        self.blocking(core, move |core| {
            core.reconcile(&host, &peers);
            if collect {
                core.collect();
            }
            core.reclaim();
        })
        .await;
        Ok(())
    }

    /// Keeps watch until it is dropped.
    pub async fn watch(&self) {
        let mut next_round = Instant::now() + PERIOD;
        loop {
            tokio::select! {
                () = self.changed.notified() => tokio::time::sleep(SETTLE).await,
                () = tokio::time::sleep_until(next_round) => {}
                () = self.deadline() => {}
            }
            let is_round = Instant::now() >= next_round;
            if is_round {
                next_round = Instant::now() + PERIOD;
            }
            if let Err(error) = self.reconcile(is_round).await {
                tracing::error!(error = chain(&error), "devices and addresses cannot be looked at");
            }
        }
    }

    /// Waits until the change that waits for its confirmation is late; for ever when none does.
    async fn deadline(&self) {
        let deadline = self.core.lock().await.pending().map(|pending| pending.deadline);
        match deadline {
            Some(deadline) => {
                // What is late already could not be undone.
                let left = Timestamp::now().duration_until(deadline);
                tokio::time::sleep(Duration::try_from(left).unwrap_or(AGAIN)).await;
            }
            None => std::future::pending().await,
        }
    }

    /// Works with the core where blocking is allowed. Whoever fails in the middle of it leaves half of a change, of which the
    /// disk has all or nothing: the next controller makes it good, and this one is to end ([`Controller::broken`]).
    async fn blocking<T: Send + 'static>(
        &self,
        mut core: OwnedMutexGuard<Core<E, S>>,
        work: impl FnOnce(&mut Core<E, S>) -> T + Send + 'static,
    ) -> T {
        match tokio::task::spawn_blocking(move || work(&mut core)).await {
            Ok(result) => result,
            Err(error) => {
                if error.is_panic() {
                    self.broken.notify_one();
                }
                // Nobody waits for an answer of a controller that ends.
                std::future::pending().await
            }
        }
    }

    /// Waits until the controller cannot go on.
    pub async fn broken(&self) {
        self.broken.notified().await;
    }

    /// Waits until nobody writes, and keeps it so.
    pub async fn write(&self) -> OwnedMutexGuard<Core<E, S>> {
        Arc::clone(&self.core).lock_owned().await
    }

    /// The host as it is now.
    async fn host(&self) -> Result<Host, NetlinkError> {
        Ok(Host { snapshot: self.netlink.snapshot().await?, now: Timestamp::now(), ..Host::default() })
    }

    /// What is behind the devices of workloads, as far as it can be read and is asked for.
    async fn peers(&self, snapshot: &Snapshot) -> PeersSeen {
        let model = Arc::clone(&self.view.load().model);
        let attachments = model.attached().filter_map(|interface| interface.attachment.as_ref());
        let followed = attachments.filter(|attachment| {
            let by_mac = attachment.mac_source == MacSource::Auto && attachment.side == Side::Workload;
            by_mac || attachment.addresses == AddressSource::PeerNamespace
        });
        let links: Vec<(u32, &Link)> = followed
            .filter_map(|attachment| Some((attachment.number, snapshot.by_name(&attachment.device)?)))
            .collect();
        let ends: Vec<&Link> = links.iter().map(|(_, link)| *link).collect();
        let seen = behind_all(&self.netlink, snapshot, &ends).await;
        links.iter().filter_map(|(number, link)| Some((*number, seen.get(&link.ifindex)?.clone()))).collect()
    }

    /// What is behind the device that a request attaches, where it may need it.
    async fn peer_for(&self, request: &Request, snapshot: &Snapshot) -> Option<PeerSeen> {
        let Request::AttachDevice(AttachDevice { device: Some(device), side, .. }) = request else { return None };
        let model = Arc::clone(&self.view.load().model);
        let known = model.interface_by_device(device).and_then(|interface| interface.attachment.as_ref());
        let workload = match side {
            Some(side) => *side == Side::Workload.to_string(),
            None => known.is_some_and(|attachment| attachment.side == Side::Workload),
        };
        let link = snapshot.by_name(device).filter(|_| workload)?;
        Some(behind(&self.netlink, snapshot, link).await.map_err(|error| chain(&error)))
    }

    /// Looks at what the programs keep, without the one who writes.
    async fn observed<T: Send + 'static>(
        &self,
        look: impl FnOnce(&View, &dyn Observer) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (view, observer) = (self.view.load_full(), Arc::clone(&self.observer));
        unless_it_ends(tokio::task::spawn_blocking(move || look(&view, &*observer))).await
    }

    /// Answers a request.
    async fn answer(&self, request: Request, caller: Caller) -> Result<Outcome, ApiError> {
        if request.is_read_only() && !request.is_for_controller() {
            return read(&self.view.load_full(), request, caller.scope, &self.settings, Timestamp::now());
        }
        let request = match request {
            Request::DescribeFlows(request) => {
                let answer =
                    self.observed(move |view, observer| observe::flows::describe(&view.model, observer, request));
                return answer.await.map(Outcome::unchanged);
            }
            Request::DescribeDrops(request) => {
                let now = Timestamp::now();
                let answer =
                    self.observed(move |view, observer| observe::drops::describe(&view.model, observer, request, now));
                return answer.await.map(Outcome::unchanged);
            }
            Request::ExplainPacket(request) => {
                let settings = self.settings.clone();
                let answer = self.observed(move |view, observer| explain(view, observer, request, &settings));
                return answer.await.map(Outcome::unchanged);
            }
            Request::SimulatePacket(request) => {
                let (settings, now) = (self.settings.clone(), Timestamp::now());
                let answer = self.observed(move |view, _| simulate(view, request, &settings, now));
                return answer.await.map(Outcome::unchanged);
            }
            // Looked for without the one who writes, and cut by it, so many at a time.
            Request::FlushFlows(request) => {
                let ssh = caller.ssh;
                let selected = self
                    .observed(move |view, observer| {
                        observe::flows::select(&view.model, observer, request, ssh.as_ref())
                    })
                    .await?;
                let core = self.write().await;
                return self.blocking(core, move |core| core.flush(selected, &caller)).await.map(Outcome::unchanged);
            }
            Request::CreateAccessKey(request) => {
                let (ring, settings) = (Arc::clone(&self.keys), self.settings.clone());
                let model = Arc::clone(&self.view.load().model);
                let making = move || keys::create(&ring, request, &model, &settings, Timestamp::now());
                return unless_it_ends(tokio::task::spawn_blocking(making)).await;
            }
            Request::ListAccessKeys(request) => return Ok(keys::list(&self.keys, &request)),
            Request::DeleteAccessKey(request) => {
                let ring = Arc::clone(&self.keys);
                return unless_it_ends(tokio::task::spawn_blocking(move || keys::delete(&ring, request))).await;
            }
            request => request,
        };
        let writes = !request.is_read_only();
        let core = self.write().await;
        let host = self.host().await.map_err(|error| ApiError::new(ErrorCode::InternalError, chain(&error)))?;
        let peer = self.peer_for(&request, &host.snapshot).await;
        let outcome = self.blocking(core, move |core| core.answer(request, &caller, &host, peer)).await;
        if writes {
            // What the change has left behind is freed, and what it did looked at, when nobody waits.
            self.changed.notify_one();
        }
        outcome
    }
}

/// What work on another thread gives.
async fn unless_it_ends<T>(work: JoinHandle<T>) -> T {
    match work.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, and nobody waits for an answer.
            Err(_) => std::future::pending().await,
        },
    }
}

impl<E: Enforcer, S: Store + 'static> Service for Controller<E, S> {
    async fn call(&self, call: Call) -> Result<Reply, ApiErrorBody> {
        let Call { operation, body, ssh_connection, force, confirm_within, principal } = call;
        let request = Request::parse(&operation, body)?;
        let scope = match &principal {
            Some(principal) => {
                principal.check(&request)?;
                Some(principal.scope())
            }
            None => None,
        };
        let ssh = match ssh_connection {
            Some(text) if !force && !request.is_read_only() => Some(connection(&text)?),
            Some(_) | None => None,
        };
        let Outcome { response, model: _, warnings } =
            self.answer(request, Caller { ssh, force, confirm_within, scope }).await?;
        let body = serde_json::to_value(&response)
            .map_err(|error| ApiErrorBody::new("InternalError", format!("The answer has no JSON form: {error}")))?;
        // Our own actions tell them in their answer; those of the service have no place for them there.
        let in_body = matches!(response, Response::AttachDevice(_) | Response::DetachDevice(_));
        Ok(Reply { body, warnings: if in_body { Vec::new() } else { warnings } })
    }
}

/// The caller's own connection.
fn connection(text: &str) -> Result<SshConnection, ApiError> {
    text.parse().map_err(|error: super::lockout::SshConnectionError| {
        ApiError::new(ErrorCode::ValidationError, format!("The caller's own connection is not understood: {error}."))
            .with_detail("Without it nobody can tell whether the change locks you out. Do it nevertheless: --force")
    })
}

#[cfg(test)]
mod tests {
    use super::super::core::tests::fake::{Fake, Kill};
    use super::super::core::tests::settings;
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn who_breaks_off_a_change_does_not_go_on() {
        let fake = Fake::default();
        let core = Core::open(settings(), fake.clone(), fake.clone()).unwrap();
        let (netlink, changed) = (Netlink::connect().unwrap(), Arc::default());
        let controller = Controller::new(core, settings(), netlink, changed, Arc::default());
        fake.world().killed = Some((0, Kill::Before));
        let request = Request::parse("CreateSecurityGroup", json!({"GroupName": "a", "Description": "a"})).unwrap();
        let answer = controller.answer(request, Caller::default());
        tokio::select! {
            answer = answer => panic!("{answer:?}"),
            () = controller.broken() => {}
        }
    }
}
