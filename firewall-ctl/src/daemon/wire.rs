//! The EC2 API: its listeners, and what of it is read again on SIGHUP.

use super::config::Config;
use super::controller::Controller;
use super::core::Settings;
use super::enforcer::Enforcer;
use super::error::{DaemonError, chain};
use crate::ec2::credentials::KeyRing;
use crate::ec2::gate::Gate;
use crate::ec2::server::{Shared, serve};
use crate::ec2::tls::Tls;
use crate::store::Store;
use nix::sys::socket::{setsockopt, sockopt};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Access keys, certificate and listeners: what can fail at the start has not when this is there.
pub struct Wire {
    pub keys: Arc<KeyRing>,
    tls: Option<Arc<Tls>>,
    listeners: Vec<TcpListener>,
}

/// Listeners at work.
pub struct Offered {
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
    idle: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Wire {
    pub fn open(config: &Config) -> Result<Self, DaemonError> {
        let keys = Arc::new(KeyRing::open(config.credentials())?);
        let tls = config.listen.tls.as_ref().map(|(certificate, key)| Tls::open(certificate, key)).transpose()?;
        let mut listeners = Vec::new();
        for address in &config.listen.addresses {
            let listener = listen(*address);
            listeners.push(listener.map_err(|source| DaemonError::Listen { address: *address, source })?);
        }
        Ok(Self { keys, tls: tls.map(Arc::new), listeners })
    }

    /// Begins to answer. The listeners are with their tasks from then on.
    pub fn offer<E: Enforcer, S: Store + 'static>(
        &mut self,
        controller: &Arc<Controller<E, S>>,
        settings: &Settings,
    ) -> Offered {
        let (stop, stopped) = watch::channel(false);
        let gate = Gate::new(
            Arc::clone(controller),
            Arc::clone(&self.keys),
            settings.region.clone(),
            settings.identity.started_at,
        );
        let shared = Arc::new(Shared::new(gate, self.tls.clone()));
        let mut serving = JoinSet::new();
        for listener in self.listeners.drain(..) {
            if let Ok(address) = listener.local_addr() {
                tracing::info!(%address, tls = self.tls.is_some(), "the EC2 API is offered");
            }
            serving.spawn(serve(listener, Arc::clone(&shared), stopped.clone()));
        }
        Offered { stop, serving, idle: Box::pin(async move { shared.until_idle().await }) }
    }

    /// Reads keys and certificate again; what is wrong is told, and what was there stays.
    pub fn reload(&self) {
        match self.keys.reload() {
            Ok(count) => tracing::info!(count, "the access keys were read again"),
            Err(error) => tracing::error!(error = chain(&error), "the access keys were not taken"),
        }
        match self.tls.as_ref().map(|tls| tls.reload()) {
            Some(Ok(())) => tracing::info!("the certificate was read again"),
            Some(Err(error)) => tracing::error!(error = chain(&error), "the certificate was not taken"),
            None => {}
        }
    }
}

/// Listens on an address, whether it is there already or not: the daemon starts before the network does.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    setsockopt(&socket, sockopt::IpFreebind, &true)?;
    if address.is_ipv6() {
        // So that 0.0.0.0 and :: can both be listened on.
        setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Offered {
    /// Takes no more connections, and waits until nobody does.
    pub async fn end(mut self) {
        self.stop.send_replace(true);
        while self.serving.join_next().await.is_some() {}
        self.idle.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_need_not_be_there_yet() {
        for address in ["127.0.0.1:0", "[::1]:0", "192.0.2.77:0", "[2001:db8::77]:0"] {
            let listener = listen(address.parse().unwrap());
            assert!(listener.is_ok(), "{address}: {listener:?}");
        }
    }
}
