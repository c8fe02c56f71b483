//! A wire whose ends have no Ethernet header, as those of WireGuard and of IP in IP have none: two tun devices, and a thread
//! that carries packets from one to the other.

use super::tap;
use crate::netns::Namespace;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::thread::{self, JoinHandle};

/// The wire; its devices go when it is dropped.
#[derive(Debug)]
pub struct Tunnel {
    /// Closed to end the thread.
    running: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Tunnel {
    /// Lays it between devices of two namespaces.
    ///
    /// # Panics
    /// If a name is taken.
    #[must_use]
    pub fn new(one: (&Namespace, &str), other: (&Namespace, &str)) -> Self {
        let ends = [one, other].map(|(namespace, name)| tap::open(namespace, name, libc::IFF_TUN));
        let (ended, running) = std::io::pipe().expect("make a pipe");
        let thread = thread::spawn(move || carry(&ends, &ended));
        Self { running: Some(running), thread: Some(thread) }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        drop(self.running.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn carry(ends: &[File; 2], ended: &PipeReader) {
    let mut packet = vec![0; super::LARGEST];
    loop {
        let mut fds = [ends[0].as_fd(), ends[1].as_fd(), ended.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        if poll(&mut fds, PollTimeout::NONE).is_err() || fds[2].any() == Some(true) {
            return;
        }
        for (from, to) in [(0, 1), (1, 0)] {
            if fds[from].any() != Some(true) {
                continue;
            }
            // A device that is down takes nothing and gives nothing, as a wire that is cut.
            if let Ok(length) = (&ends[from]).read(&mut packet) {
                let _ = (&ends[to]).write_all(&packet[..length]);
            }
        }
    }
}
