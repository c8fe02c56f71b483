//! Whether a change would lock out the one who makes it.
//!
//! A change is held against a *new* connection from the caller to the port that it came in by: the present one goes on
//! in any case, since it is a flow. Only changes that take away what was there are meant: a caller whose next connection
//! would be denied anyway has lost nothing by the change.

mod sessions;
mod ssh;

pub use sessions::sessions;
pub use ssh::{SshConnection, SshConnectionError};

use super::net::Snapshot;
use crate::compile::{Desired, Traffic};
use crate::model::{Attachment, GroupId, InterfaceId, Model, NetworkInterface};
use firewall_common::verdict::Direction;
use ipnet::IpNet;
use std::net::IpAddr;

/// A change that would lock the caller out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockOut {
    /// The connection that could not be made again.
    pub connection: SshConnection,
    /// The device that would deny it.
    pub device: String,
    /// The first group of its interface, to which a rule could be added.
    pub group: GroupId,
}

impl LockOut {
    /// What happens, in a sentence.
    #[must_use]
    pub fn message(&self) -> String {
        let Self { connection, device, group: _ } = self;
        format!("After this change, {device} would deny a new connection like the one you come by ({connection}).")
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        format!(
            "{}\nOr try it, to be undone unless you confirm in time: --confirm-within 60s\nOr do it nevertheless: --force",
            self.rule()
        )
    }

    /// What happens to somebody who is logged in when nobody is there to be told.
    #[must_use]
    pub fn message_of_session(&self) -> String {
        let Self { connection, device, group: _ } = self;
        format!("{device} would deny a new connection like that of somebody who is logged in by SSH ({connection}).")
    }

    /// What to do about that.
    #[must_use]
    pub fn remedy_of_session(&self, interface: InterfaceId) -> String {
        let Self { connection: _, device, group: _ } = self;
        format!(
            "{}\nOr end the session\nOr do it by hand: firewall-ctl attach {device} --network-interface-id {interface}",
            self.rule()
        )
    }

    /// How to let it in.
    fn rule(&self) -> String {
        let Self { connection: SshConnection { client, client_port: _, server: _, server_port }, device: _, group } =
            self;
        let prefix = IpNet::from(*client);
        format!(
            "Allow it first: firewall-ctl authorize-security-group-ingress --group-id {group} --protocol tcp \
             --port {server_port} --cidr {prefix}"
        )
    }
}

/// What there is, and what of it the tables are to hold.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// What there is.
    pub model: &'a Model,
    /// What it compiles to.
    pub desired: &'a Desired,
}

/// Looks at a change from one state to another. `snapshot` says which addresses the devices have now.
#[must_use]
pub fn find(before: State<'_>, after: State<'_>, connection: &SshConnection, snapshot: &Snapshot) -> Option<LockOut> {
    let (interface, attachment) = holder(after.model, connection.server, snapshot)?;
    if admits(after, attachment, connection) {
        return None;
    }
    let admitted_before = match holder(before.model, connection.server, snapshot) {
        Some((_, attachment)) => admits(before, attachment, connection),
        None => true,
    };
    let group = *interface.groups.first()?;
    admitted_before.then(|| LockOut { connection: *connection, device: attachment.device.clone(), group })
}

/// The attached interface that an address of this host belongs to.
fn holder<'a>(
    model: &'a Model,
    address: IpAddr,
    snapshot: &Snapshot,
) -> Option<(&'a NetworkInterface, &'a Attachment)> {
    model.attached().find_map(|interface| {
        let attachment = interface.attachment.as_ref()?;
        let on_device = |device: &str| {
            snapshot
                .by_name(device)
                .is_some_and(|link| snapshot.all_addresses(link.ifindex).any(|held| held.address == address))
        };
        let holds = interface.addresses.contains(&address) || on_device(&attachment.device);
        holds.then_some((&**interface, attachment))
    })
}

/// Whether a new connection comes in: by some rule, because none has to allow it, or because nothing is enforced.
fn admits(state: State<'_>, attachment: &Attachment, connection: &SshConnection) -> bool {
    let SshConnection { client, client_port: _, server: _, server_port } = *connection;
    !attachment.enforce
        || state.desired.lets_through(client)
        || state.desired.evaluate(attachment.number, Direction::Inbound, client, Traffic::Tcp(server_port)).is_some()
}

#[cfg(test)]
mod tests;
