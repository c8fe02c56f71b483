//! The SSH sessions of this host: what `sshd` has told the processes of each, as far as its connection lives.

use super::ssh::SshConnection;
use crate::daemon::net::{LiveConnection, live_connections};
use firewall_common::packet::protocol;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The variable by which `sshd` tells of the connection.
const VARIABLE: &str = "SSH_CONNECTION=";

/// The sessions that go on. What cannot be read counts as none. Blocks.
#[must_use]
pub fn sessions() -> BTreeSet<SshConnection> {
    let told: BTreeSet<SshConnection> = environments().iter().filter_map(|octets| of_environment(octets)).collect();
    let servers: BTreeSet<IpAddr> = told.iter().map(|session| session.server).collect();
    // Whoever has left something running has not necessarily stayed.
    let live = live_connections(0, &servers).unwrap_or_else(|error| {
        tracing::warn!(error = super::super::error::chain(&error), "who is logged in by SSH is not known");
        BTreeSet::new()
    });
    told.into_iter().filter(|session| live.iter().any(|connection| is_of(session, connection))).collect()
}

/// The environments of all processes.
fn environments() -> Vec<Vec<u8>> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| std::fs::read(process.path().join("environ")).ok()).collect()
}

/// What `sshd` has told a process.
fn of_environment(octets: &[u8]) -> Option<SshConnection> {
    let mut variables = octets.split(|octet| *octet == 0).filter_map(|variable| std::str::from_utf8(variable).ok());
    variables.find_map(|variable| variable.strip_prefix(VARIABLE))?.parse().ok()
}

/// Whether a socket of this host is the end of a session.
fn is_of(session: &SshConnection, connection: &LiveConnection) -> bool {
    let SshConnection { client, client_port, server, server_port } = *session;
    connection.protocol == protocol::TCP
        && (connection.remote, connection.remote_port) == (client, client_port)
        && (connection.local, connection.local_port) == (server, server_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::process::Command;

    #[test]
    fn a_session_is_what_a_process_was_told_and_a_connection_that_lives() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let (port, from) = (listener.local_addr().unwrap().port(), client.local_addr().unwrap().port());
        let [live, gone] = [from, from ^ 1].map(|from| format!("127.0.0.1 {from} 127.0.0.1 {port}"));
        let start = |told: &str| Command::new("sleep").arg("60").env("SSH_CONNECTION", told).spawn().unwrap();
        let mut processes = [start(&live), start(&gone)];
        let found = sessions();
        for process in &mut processes {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        assert!(found.contains(&live.parse().unwrap()), "{found:?}");
        assert!(!found.contains(&gone.parse().unwrap()), "{found:?}");
        drop((client, server));
    }

    #[test]
    fn a_process_without_a_session_has_none() {
        assert_eq!(of_environment(b"PATH=/bin\0SSH_CONNECTION=\0\xff=1\0"), None);
        let session = of_environment(b"A=1\0SSH_CONNECTION=192.0.2.1 5 192.0.2.2 22\0").unwrap();
        assert_eq!(session.to_string(), "192.0.2.1 -> 192.0.2.2 port 22");
    }
}
