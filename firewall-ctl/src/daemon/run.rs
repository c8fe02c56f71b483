//! Starting and stopping.

use super::config::{Config, DaemonArgs};
use super::controller::Controller;
use super::core::{Core, Identity, Settings};
use super::enforcer::Enforcer;
use super::error::{DaemonError, chain};
use super::kernel::Kernel;
use super::logging::{self, LogControl};
use super::net::{Netlink, watch};
use super::wire::Wire;
use crate::api;
use crate::api::server::serve;
use crate::dataplane::{ProgramLog, check_privileges};
use crate::lock::DirectoryLock;
use crate::model::Quotas;
use crate::store::RedbStore;
use jiff::Timestamp;
use sd_notify::NotifyState;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, oneshot};

/// Runs the daemon until it is told to stop by SIGTERM or SIGINT. Enforcement goes on when it ends.
///
/// # Errors
/// When it cannot start; the message says what to do.
pub async fn run(args: DaemonArgs) -> Result<(), DaemonError> {
    let config = Config::load(&args)?;
    check_privileges()?;
    let log = logging::start(config.log_level)
        .map_err(|error| DaemonError::System { what: "cannot start the log", source: std::io::Error::other(error) })?;
    let signals = Signals::new()?;
    // The locks come first: nothing is looked at that another daemon may be changing. They are let go of last.
    let _run_dir = DirectoryLock::take(&config.run_dir, 0o755)?;
    let settings = settings(&config);
    let wire = Wire::open(&config);
    let Opened { core, log: program_log, _bpffs } = {
        let (config, settings) = (config.clone(), settings.clone());
        blocking(move || open(&config, settings)).await?
    };
    let listener = api::bind(&config.socket())?;
    let reading = program_log.map(|program_log| tokio::spawn(program_messages(program_log)));
    let result = serve_until_told(core, settings, listener, wire, signals, &args, &log).await;
    if let Some(reading) = reading {
        reading.abort();
    }
    // Clients are told "no such file" from now on, not "refused".
    let _ = std::fs::remove_file(config.socket());
    result
}

/// What the daemon works with.
struct Opened {
    core: Core<Kernel, RedbStore>,
    log: Option<ProgramLog>,
    /// Let go of last.
    _bpffs: DirectoryLock,
}

/// Opens what blocks: record and dataplane.
fn open(config: &Config, settings: Settings) -> Result<Opened, DaemonError> {
    let store = RedbStore::open(&config.state_dir)?;
    let (kernel, lock) = Kernel::open(config)?;
    let log = kernel.log();
    Ok(Opened { core: Core::open(settings, store, kernel)?, log, _bpffs: lock })
}

/// Answers calls and keeps watch. Without `wire` it ends as soon as the devices are attached: what is wrong with the API for
/// AWS clients must not leave a host open that has just started.
async fn serve_until_told<E: Enforcer>(
    core: Core<E, RedbStore>,
    settings: Settings,
    listener: UnixListener,
    wire: Result<Wire, DaemonError>,
    mut signals: Signals,
    args: &DaemonArgs,
    log: &LogControl,
) -> Result<(), DaemonError> {
    let changed = Arc::new(Notify::new());
    let watching = watch(Arc::clone(&changed))?;
    let keys = wire.as_ref().map_or_else(|_| Arc::default(), |wire| Arc::clone(&wire.keys));
    let controller = Arc::new(Controller::new(core, settings.clone(), Netlink::connect()?, changed, keys));
    // Devices that were attached before are, when readiness is told.
    tokio::select! {
        looked = controller.reconcile(true) => looked?,
        () = controller.broken() => return Err(DaemonError::Broken),
    }
    let mut wire = wire?;
    let mut keeping = tokio::spawn({
        let controller = Arc::clone(&controller);
        async move { controller.watch().await }
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let mut serving = tokio::spawn(serve(listener, Arc::clone(&controller), async { drop(stopped.await) }));
    let offered = wire.offer(&controller, &settings);
    notify(&[NotifyState::Ready, NotifyState::Status("enforcing")]);
    tracing::info!("ready");
    let result = loop {
        tokio::select! {
            ended = &mut serving => break served(ended),
            _ = &mut keeping => break Err(DaemonError::Broken),
            () = controller.broken() => break Err(DaemonError::Broken),
            told = signals.next() => match told {
                Told::Reload => {
                    reload(args, log);
                    wire.reload();
                }
                Told::Stop => {
                    notify(&[NotifyState::Stopping, NotifyState::Status("enforcement goes on")]);
                    tracing::info!("stopping; enforcement goes on");
                    // Whoever is gone already needs no stopping.
                    let _ = stop.send(());
                    offered.end().await;
                    break served(serving.await);
                }
            },
        }
    };
    keeping.abort();
    watching.abort();
    // A change that is under way is finished.
    drop(controller.write().await);
    result
}

/// What the end of the server means.
fn served(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> Result<(), DaemonError> {
    let source = match ended {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error,
        Err(error) => error.into(),
    };
    Err(DaemonError::System { what: "the API has failed", source })
}

/// What does not change while the daemon runs.
fn settings(config: &Config) -> Settings {
    Settings {
        quotas: Quotas::from(config.quotas),
        account: config.account,
        region: config.region.clone(),
        host_name: config.host_name.clone(),
        bindable: config.bindable_devices.clone(),
        always_allow: config.always_allow.clone(),
        last_rule_number: config.limits.rule_numbers,
        last_attachment_number: config.limits.attachments,
        identity: Identity {
            started_at: Timestamp::now(),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            state_dir: config.state_dir.clone(),
            bpffs: config.bpffs.clone(),
        },
    }
}

/// Reads the configuration again, of which the level of the log is taken over.
fn reload(args: &DaemonArgs, log: &LogControl) {
    match Config::load(args) {
        Ok(config) => {
            log.set(config.log_level);
            tracing::info!(level = %config.log_level, "the level of the log was read again");
        }
        Err(error) => tracing::error!(error = chain(&error), "the configuration was not taken"),
    }
}

/// Tells systemd, where it listens.
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

/// Works where blocking is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DaemonError> + Send + 'static,
) -> Result<T, DaemonError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Hands the messages of the programs to the log.
async fn program_messages(log: ProgramLog) {
    // SAFETY: a `ProgramLog` owns one descriptor from its beginning to its end, and that is the one it gives out.
    let registered = unsafe { AsyncFd::register_with_interest(log, Interest::READABLE) };
    let mut log = match registered {
        Ok(log) => log,
        Err(error) => {
            tracing::warn!(%error, "the messages of the programs cannot be waited for");
            return;
        }
    };
    while let Ok(mut ready) = log.readable_mut().await {
        ready.get_inner_mut().flush();
        ready.clear_ready();
    }
}

/// What a signal says.
enum Told {
    Reload,
    Stop,
}

/// The signals that are listened to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Self, DaemonError> {
        let listen =
            |kind| signal(kind).map_err(|source| DaemonError::System { what: "cannot listen to signals", source });
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hang_up.recv() => Told::Reload,
        }
    }
}
