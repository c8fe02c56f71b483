//! A tap device, and whoever would be behind it: a virtual machine that asks by UDP.

use super::{Attempt, Failure};
use crate::netns::Namespace;
use crate::packet::{SOURCE_MAC, eth_between};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The port from which it asks.
const PORT: u16 = 40_000;

/// A tap, which goes when it is dropped.
#[derive(Debug)]
pub struct Tap {
    file: File,
    address: IpAddr,
}

impl Tap {
    /// Makes a tap; who is behind it has an address.
    ///
    /// # Panics
    /// If the name is taken.
    #[must_use]
    pub fn new(namespace: &Namespace, name: &str, address: IpAddr) -> Self {
        Self { file: open(namespace, name, libc::IFF_TAP), address }
    }

    /// The hardware address of who is behind it, as it is written.
    #[must_use]
    pub fn hardware(&self) -> String {
        SOURCE_MAC.map(|octet| format!("{octet:02x}")).join(":")
    }

    /// Asks an echo server by UDP, through a gateway or the server itself.
    pub fn asks(&self, gateway: [u8; 6], server: SocketAddr) -> Attempt<'_> {
        Attempt::new(format!("UDP from behind a tap to {server}"), move |patience| {
            let (IpAddr::V4(source), IpAddr::V4(destination)) = (self.address, server.ip()) else {
                return Err(Failure::Other("only IPv4 is spoken behind a tap".to_owned()));
            };
            // Of its own, so that the answer to one that nobody waited for any more is not taken for it.
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let question = format!("from a tap, number {}", NUMBER.fetch_add(1, Ordering::Relaxed));
            let frame = eth_between(SOURCE_MAC, gateway)
                .ipv4(source, destination)
                .udp(PORT, server.port())
                .payload(question.as_bytes())
                .build();
            (&self.file).write_all(&frame)?;
            let deadline = Instant::now() + patience;
            let mut buffer = [0; 2048];
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() || !self.is_readable(left)? {
                    return Err(Failure::Silence);
                }
                let length = (&self.file).read(&mut buffer)?;
                if is_answer(&buffer[..length], server.port(), question.as_bytes()) {
                    return Ok(());
                }
            }
        })
    }

    fn is_readable(&self, patience: Duration) -> Result<bool, Failure> {
        let mut fds = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
        let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
        Ok(poll(&mut fds, patience)? > 0)
    }
}

/// Makes a device whose frames come out of a file, and go into it: `IFF_TAP` for one with Ethernet headers, `IFF_TUN` for one
/// without. It goes when the file is closed.
pub(super) fn open(namespace: &Namespace, name: &str, kind: libc::c_int) -> File {
    namespace.run(|| {
        let file = File::options().read(true).write(true).open("/dev/net/tun").expect("open /dev/net/tun");
        // SAFETY: any octets are a value of the type; the fields that the kernel reads are set below.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (place, octet) in request.ifr_name.iter_mut().zip(name.bytes()) {
            *place = octet.cast_signed();
        }
        request.ifr_ifru.ifru_flags = (kind | libc::IFF_NO_PI) as i16;
        // SAFETY: the request lives until the call returns, and is of the type that the command takes.
        let made = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
        assert_eq!(made, 0, "make the device {name}: {}", std::io::Error::last_os_error());
        file
    })
}

/// Whether a frame is UDP over IPv4 from a port to ours with this payload; bridges send other things as well.
fn is_answer(frame: &[u8], port: u16, payload: &[u8]) -> bool {
    let [a, b] = port.to_be_bytes();
    let [c, d] = PORT.to_be_bytes();
    frame.get(12..14) == Some(&[8, 0])
        && frame.get(23) == Some(&17)
        && frame.get(34..38) == Some(&[a, b, c, d])
        && frame.ends_with(payload)
}
