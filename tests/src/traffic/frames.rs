//! Whole frames on a device.

use crate::netns::Namespace;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use std::io::{Error, Result};
use std::os::fd::{AsRawFd, OwnedFd};

/// `ETH_P_ALL` in network order.
const ALL_PROTOCOLS: i32 = (libc::ETH_P_ALL as u16).to_be() as i32;
/// Option of a packet socket: a `virtio_net_hdr` comes before each frame.
const PACKET_VNET_HDR: i32 = 15;
/// Length of that header.
const VNET_HEADER: usize = 10;

/// A device, for frames written by hand.
#[derive(Debug)]
pub struct Wire {
    socket: OwnedFd,
    ifindex: u32,
}

impl Wire {
    /// A device of a namespace.
    ///
    /// # Panics
    /// If there is no such device.
    #[must_use]
    pub fn new(namespace: &Namespace, device: &str) -> Self {
        let open = || socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None);
        let socket = namespace.run(open).expect("open a packet socket");
        Self { socket, ifindex: namespace.index(device) }
    }

    /// Sends a frame as it is.
    ///
    /// # Errors
    /// The device does not take it; `ENOBUFS` says that it was dropped on its way out.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        self.write(frame)
    }

    /// Sends a frame of which the kernel keeps only the first octets in the linear part of its buffer, from the Ethernet
    /// header on. It does so with frames of more than a page.
    ///
    /// # Errors
    /// As [`Wire::send`].
    ///
    /// # Panics
    /// If the frame is shorter than a page.
    pub fn send_with_headers_elsewhere(&self, frame: &[u8]) -> Result<()> {
        assert!(frame.len() > 4096, "a frame of {} octets is kept whole", frame.len());
        let on: i32 = 1;
        // SAFETY: the value is an int that lives until the call returns, and its size is told.
        let set = unsafe {
            libc::setsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                PACKET_VNET_HDR,
                std::ptr::from_ref(&on).cast(),
                size_of::<i32>() as u32,
            )
        };
        assert_eq!(set, 0, "PACKET_VNET_HDR: {}", Error::last_os_error());
        let mut buffer = vec![0; VNET_HEADER];
        // The length of the headers, which is what becomes linear.
        buffer[2..4].copy_from_slice(&14u16.to_ne_bytes());
        buffer.extend_from_slice(frame);
        self.write(&buffer)
    }

    fn write(&self, buffer: &[u8]) -> Result<()> {
        let address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as u16,
            sll_protocol: ALL_PROTOCOLS as u16,
            sll_ifindex: self.ifindex.cast_signed(),
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        // SAFETY: buffer and address live until the call returns, and their sizes are told.
        let sent = unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                buffer.as_ptr().cast(),
                buffer.len(),
                0,
                std::ptr::from_ref(&address).cast(),
                size_of::<libc::sockaddr_ll>() as u32,
            )
        };
        if sent == buffer.len().cast_signed() { Ok(()) } else { Err(Error::last_os_error()) }
    }
}
