//! A signal whenever a device, an address or a filter comes, goes or changes.

use futures_util::StreamExt;
use rtnetlink::MulticastGroup;
use std::io;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Why changes are not noticed.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for changes of devices and addresses")]
pub struct WatchError(#[source] io::Error);

/// Listens in the network namespace of the calling thread. What has happened is not said, only that something has:
/// whoever waits reads everything anew, so that a lost message costs nothing.
///
/// # Errors
/// When there is no socket to be had.
pub fn watch(changed: Arc<Notify>) -> Result<JoinHandle<()>, WatchError> {
    // Those of traffic control tell of filters, and of the queueing discipline that they go with.
    let groups = [MulticastGroup::Link, MulticastGroup::Ipv4Ifaddr, MulticastGroup::Ipv6Ifaddr, MulticastGroup::Tc];
    let (connection, handle, mut messages) = rtnetlink::new_multicast_connection(&groups).map_err(WatchError)?;
    let connection = tokio::spawn(connection);
    Ok(tokio::spawn(async move {
        // The connection ends when its last handle is dropped.
        let _handle = handle;
        while messages.next().await.is_some() {
            changed.notify_one();
        }
        connection.abort();
        tracing::warn!("changes of devices and addresses are noticed by the timer only: the netlink socket was closed");
    }))
}
