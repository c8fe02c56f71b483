//! Connections that the host's own sockets have, read by `sock_diag`.

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP, IPPROTO_UDP, TCP_LISTEN};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr};
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

/// A connection of a socket of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LiveConnection {
    /// 6 or 17.
    pub protocol: u8,
    /// Address of this end.
    pub local: IpAddr,
    /// Port of this end.
    pub local_port: u16,
    /// Address of the other end.
    pub remote: IpAddr,
    /// Port of the other end.
    pub remote_port: u16,
    /// Whether it came in, as far as can be told: a socket listens on the port.
    pub inbound: bool,
    /// TCP: one side has said that it sends no more.
    pub closing: bool,
}

/// Why the sockets could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The system refused.
    #[error("cannot read the sockets of this host (sock_diag)")]
    Io(#[from] io::Error),
    /// The kernel answered something else.
    #[error("cannot understand the kernel's answer about sockets: {0}")]
    Decode(String),
}

/// A socket as the kernel describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Described {
    protocol: u8,
    listens: bool,
    closing: bool,
    local: IpAddr,
    local_port: u16,
    remote: IpAddr,
    remote_port: u16,
    /// Device that it is bound to; 0 for none.
    device: u32,
}

/// The connections whose local address is one of these and that are not bound to another device. Blocks.
///
/// # Errors
/// When the kernel does not answer.
pub fn live_connections(ifindex: u32, addresses: &BTreeSet<IpAddr>) -> Result<BTreeSet<LiveConnection>, SocketError> {
    let mut all = Vec::new();
    for protocol in [IPPROTO_TCP, IPPROTO_UDP] {
        for family in [AF_INET, AF_INET6] {
            dump(protocol, family, &mut all)?;
        }
    }
    Ok(select(&all, ifindex, addresses))
}

/// Chooses among the sockets. Pure.
fn select(all: &[Described], ifindex: u32, addresses: &BTreeSet<IpAddr>) -> BTreeSet<LiveConnection> {
    let listening: BTreeSet<(u8, u16)> =
        all.iter().filter(|socket| socket.listens).map(|socket| (socket.protocol, socket.local_port)).collect();
    all.iter()
        .filter(|socket| !socket.listens && socket.remote_port != 0 && !socket.remote.is_unspecified())
        .filter(|socket| addresses.contains(&socket.local) && (socket.device == 0 || socket.device == ifindex))
        .map(|socket| LiveConnection {
            protocol: socket.protocol,
            local: socket.local,
            local_port: socket.local_port,
            remote: socket.remote,
            remote_port: socket.remote_port,
            inbound: listening.contains(&(socket.protocol, socket.local_port)),
            closing: socket.closing,
        })
        .collect()
}

/// States in which segments of a connection may still come and go. Not those in which a SYN is on its way, since a SYN
/// is judged by the rules whenever it is repeated, and not TIME_WAIT, in which nothing is owed to anybody.
fn states() -> StateFlags {
    StateFlags::ESTABLISHED
        | StateFlags::FIN_WAIT1
        | StateFlags::FIN_WAIT2
        | StateFlags::CLOSE_WAIT
        | StateFlags::LAST_ACK
        | StateFlags::CLOSING
        | StateFlags::LISTEN
}

/// Reads the sockets of a protocol and family.
fn dump(protocol: u8, family: u8, all: &mut Vec<Described>) -> Result<(), SocketError> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let request = InetRequest {
        family,
        protocol,
        extensions: ExtensionFlags::empty(),
        // An unconnected socket of UDP is in the state CLOSE; it may serve, as a listening one does.
        states: if protocol == IPPROTO_UDP { StateFlags::ESTABLISHED | StateFlags::CLOSE } else { states() },
        socket_id: if family == AF_INET { SocketId::new_v4() } else { SocketId::new_v6() },
    };
    let mut packet = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    packet.finalize();
    let mut octets = vec![0; packet.buffer_len()];
    packet.serialize(&mut octets);
    socket.send(&octets, 0)?;
    loop {
        let (datagram, _) = socket.recv_from_full()?;
        if !read(&datagram, protocol, all)? {
            return Ok(());
        }
    }
}

/// Reads a datagram; false after the last one.
fn read(datagram: &[u8], protocol: u8, all: &mut Vec<Described>) -> Result<bool, SocketError> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(rest)
            .map_err(|error| SocketError::Decode(error.to_string()))?;
        let length = (message.header.length as usize).next_multiple_of(4).min(rest.len());
        match message.payload {
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                all.push(describe(protocol, &response.header));
            }
            NetlinkPayload::Done(_) => return Ok(false),
            NetlinkPayload::Error(error) => return Err(SocketError::Io(error.to_io())),
            _ => {}
        }
        rest = &rest[length.max(1)..];
    }
    Ok(true)
}

fn describe(protocol: u8, header: &InetResponseHeader) -> Described {
    // From include/net/tcp_states.h.
    const ESTABLISHED: u8 = 1;
    let id = &header.socket_id;
    let (tcp, established) = (protocol == IPPROTO_TCP, header.state == ESTABLISHED);
    Described {
        protocol,
        listens: if tcp { header.state == TCP_LISTEN } else { !established },
        closing: tcp && !established && header.state != TCP_LISTEN,
        // A socket of IPv6 that talks IPv4 has mapped addresses; on the wire they are plain ones.
        local: id.source_address.to_canonical(),
        local_port: id.source_port,
        remote: id.destination_address.to_canonical(),
        remote_port: id.destination_port,
        device: id.interface_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};

    #[test]
    fn sockets_of_this_process_are_found() {
        let listener = TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (_server, _) = listener.accept().unwrap();
        let client_port = client.local_addr().unwrap().port();
        let udp = UdpSocket::bind("[::1]:0").unwrap();
        udp.connect("[::1]:9").unwrap();

        let addresses = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()].into();
        let found = live_connections(1, &addresses).unwrap();
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let expect = |local_port, remote_port, inbound| LiveConnection {
            protocol: 6,
            local: loopback,
            local_port,
            remote: loopback,
            remote_port,
            inbound,
            closing: false,
        };
        assert!(found.contains(&expect(client_port, port, false)), "{found:?}");
        assert!(found.contains(&expect(port, client_port, true)), "mapped addresses are plain ones: {found:?}");
        let udp_port = udp.local_addr().unwrap().port();
        assert!(found.iter().any(|c| c.protocol == 17 && c.local_port == udp_port && c.remote_port == 9), "{found:?}");
        assert!(live_connections(1, &BTreeSet::new()).unwrap().is_empty());
    }

    #[test]
    fn selection() {
        let socket = Described {
            protocol: 6,
            listens: false,
            closing: false,
            local: "192.0.2.1".parse().unwrap(),
            local_port: 22,
            remote: "192.0.2.9".parse().unwrap(),
            remote_port: 5,
            device: 0,
        };
        let addresses = [socket.local].into();
        let count = |socket: Described| select(&[socket], 3, &addresses).len();
        assert_eq!(count(socket), 1);
        assert_eq!(count(Described { device: 3, ..socket }), 1);
        assert_eq!(count(Described { device: 4, ..socket }), 0);
        assert_eq!(count(Described { remote_port: 0, ..socket }), 0);
        assert_eq!(count(Described { local: "192.0.2.2".parse().unwrap(), ..socket }), 0);
    }
}
