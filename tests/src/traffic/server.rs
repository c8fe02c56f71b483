//! Servers in threads of their own.

use crate::netns::Namespace;
use nix::sys::socket::{MsgFlags, SockaddrStorage, recvfrom, sendto};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// The socket that it waits on. Shutting it down wakes the thread.
    socket: OwnedFd,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SAFETY: the socket is open as long as `self`. A listening or unconnected socket is woken too, though the call
        // itself may answer ENOTCONN.
        unsafe { libc::shutdown(self.socket.as_raw_fd(), libc::SHUT_RDWR) };
        for stream in self.streams.lock().expect("no server thread panics with the lock").drain(..) {
            // The client may have closed it already.
            drop(stream.shutdown(Shutdown::Both));
        }
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Sends everything back.
///
/// # Panics
/// If the address cannot be listened on.
#[must_use]
pub fn tcp_echo(namespace: &Namespace, address: SocketAddr) -> Server {
    tcp_server(namespace, address, |mut stream| {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            if stream.write_all(&buffer[..length]).is_err() {
                return;
            }
        }
    })
}

/// Answers every HTTP request with 200 and a body.
///
/// # Panics
/// If the address cannot be listened on.
#[must_use]
pub fn http_server(namespace: &Namespace, address: SocketAddr, body: &str) -> Server {
    let answer =
        format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes();
    tcp_server(namespace, address, move |mut stream| {
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.windows(4).any(|window| window == b"\r\n\r\n") {
            let Ok(length @ 1..) = stream.read(&mut buffer) else { return };
            request.extend_from_slice(&buffer[..length]);
        }
        // A client that is gone before its answer is no fault of the server.
        drop(stream.write_all(&answer));
        drop(stream.shutdown(Shutdown::Write));
    })
}

fn tcp_server(
    namespace: &Namespace,
    address: SocketAddr,
    serve: impl Fn(TcpStream) + Clone + Send + 'static,
) -> Server {
    let listener = namespace.run(|| TcpListener::bind(address));
    let listener = listener.unwrap_or_else(|error| panic!("listen on {address} in {}: {error}", namespace.name()));
    let address = listener.local_addr().expect("a listening socket has an address");
    let socket = OwnedFd::from(listener.try_clone().expect("dup of a socket"));
    let streams = Arc::new(Mutex::new(Vec::new()));
    let accepted = Arc::clone(&streams);
    let thread = thread::spawn(move || {
        while let Ok((stream, _client)) = listener.accept() {
            if let Ok(second) = stream.try_clone() {
                accepted.lock().expect("no server thread panics with the lock").push(second);
            }
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    Server { address, socket, streams, thread: Some(thread) }
}

/// Sends every datagram back.
///
/// # Panics
/// If the address cannot be bound.
#[must_use]
pub fn udp_echo(namespace: &Namespace, address: SocketAddr) -> Server {
    let server = namespace.run(|| UdpSocket::bind(address));
    let server = server.unwrap_or_else(|error| panic!("bind {address} in {}: {error}", namespace.name()));
    let address = server.local_addr().expect("a bound socket has an address");
    let socket = OwnedFd::from(server.try_clone().expect("dup of a socket"));
    let thread = thread::spawn(move || {
        let mut buffer = vec![0; super::LARGEST];
        // A socket that is shut down answers with nothing from nobody, which the standard library does not expect.
        while let Ok((length @ 1.., Some(client))) = recvfrom::<SockaddrStorage>(server.as_raw_fd(), &mut buffer) {
            // Whoever waits for the answer notices.
            let _ = sendto(server.as_raw_fd(), &buffer[..length], &client, MsgFlags::empty());
        }
    });
    Server { address, socket, streams: Arc::default(), thread: Some(thread) }
}
