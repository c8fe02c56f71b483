//! Whether a change would lock out the one who makes it.
//!
//! A change is held against a *new* connection from the caller to the port that it came in by: the present one goes on
//! in any case, since it is a flow. Only changes that take away what was there are meant: a caller whose next connection
//! would be denied anyway has lost nothing by the change.

mod ssh;

pub use ssh::{SshConnection, SshConnectionError};

use super::net::Snapshot;
use crate::model::{GroupId, L4, Model, NetworkInterface, Peer, Service};
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
        let Self { connection: SshConnection { client, server: _, server_port }, device: _, group } = self;
        let prefix = IpNet::from(*client);
        format!(
            "Allow it first: firewall-ctl authorize-security-group-ingress --group-id {group} --protocol tcp \
             --port {server_port} --cidr {prefix}\n\
             Or try it, to be undone unless you confirm in time: --confirm-within 60s\n\
             Or do it nevertheless: --force"
        )
    }
}

/// Looks at a change from one model to another. `snapshot` says which addresses the devices have now.
#[must_use]
pub fn find(before: &Model, after: &Model, connection: &SshConnection, snapshot: &Snapshot) -> Option<LockOut> {
    let (device, interface) = holder(after, connection.server, snapshot)?;
    if admits(after, interface, connection) {
        return None;
    }
    let admitted_before = match holder(before, connection.server, snapshot) {
        Some((_, interface)) => admits(before, interface, connection),
        None => true,
    };
    let group = *interface.groups.first()?;
    admitted_before.then(|| LockOut { connection: *connection, device: device.to_owned(), group })
}

/// The attached interface that an address of this host belongs to, with its device.
fn holder<'a>(model: &'a Model, address: IpAddr, snapshot: &Snapshot) -> Option<(&'a str, &'a NetworkInterface)> {
    model.interfaces.values().find_map(|interface| {
        let attachment = interface.attachment.as_ref()?;
        let on_device = |device: &str| {
            snapshot
                .by_name(device)
                .is_some_and(|link| snapshot.all_addresses(link.ifindex).any(|held| held.address == address))
        };
        let holds = interface.addresses.contains(&address) || on_device(&attachment.device);
        holds.then_some((attachment.device.as_str(), &**interface))
    })
}

/// Whether some rule lets a new connection in.
fn admits(model: &Model, interface: &NetworkInterface, connection: &SshConnection) -> bool {
    let mut rules = interface
        .groups
        .iter()
        .filter_map(|group| model.groups.get(group))
        .flat_map(|group| group.rules(Direction::Inbound));
    rules.any(|rule| {
        serves(rule.key.service, connection.server_port) && is_peer(model, interface, rule.key.peer, connection.client)
    })
}

/// Whether a rule's service holds a port of TCP.
fn serves(service: Service, port: u16) -> bool {
    match service {
        Service::All => true,
        Service::Ports { protocol: L4::Tcp, from, to } => (from..=to).contains(&port),
        Service::Ports { protocol: L4::Udp, from: _, to: _ } | Service::Icmp { .. } | Service::Other(_) => false,
    }
}

/// Whether a rule's peer holds an address.
fn is_peer(model: &Model, interface: &NetworkInterface, peer: Peer, address: IpAddr) -> bool {
    match (peer, address) {
        (Peer::Ipv4(net), IpAddr::V4(address)) => net.contains(&address),
        (Peer::Ipv6(net), IpAddr::V6(address)) => net.contains(&address),
        (Peer::Ipv4(_), IpAddr::V6(_)) | (Peer::Ipv6(_), IpAddr::V4(_)) => false,
        (Peer::Group { id, owner: _ }, address) => model.interfaces.values().any(|member| {
            member.vpc == interface.vpc && member.groups.contains(&id) && member.addresses.contains(&address)
        }),
        // Lists have no entries here yet; a rule that cannot match admits nobody.
        (Peer::PrefixList(_), _) => false,
    }
}

#[cfg(test)]
mod tests;
