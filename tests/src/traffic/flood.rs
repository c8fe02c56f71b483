//! Datagrams in one direction without pause, each with the phase of the test in which it was sent. They come in the order
//! in which they were sent.

use crate::netns::Namespace;
use crate::wait::eventually;
use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
use nix::sys::socket::{MsgFlags, recv};
use nix::unistd::Pid;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Datagrams between two pauses, and how long these are: about a hundred a millisecond.
const BURST: usize = 16;
const PAUSE: Duration = Duration::from_micros(100);
/// No queue between the two holds more: `net.core.netdev_max_backlog`, of which some are taken off before they are judged.
pub const ON_THE_WAY: u64 = 2000;
/// Phases of a test.
const PHASES: usize = 4;

/// Datagrams sent and received by phase, until it is dropped.
#[derive(Debug)]
pub struct Flood {
    counts: Arc<Counts>,
    sink: UdpSocket,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Counts {
    phase: AtomicUsize,
    ended: AtomicUsize,
    sent: [AtomicU64; PHASES],
    received: [AtomicU64; PHASES],
}

impl Flood {
    /// Sends from one namespace to an address in another.
    ///
    /// # Panics
    /// If the address cannot be bound.
    #[must_use]
    pub fn between(from: &Namespace, to: &Namespace, address: SocketAddr) -> Self {
        let sink = to.run(|| UdpSocket::bind(address)).expect("bind the sink");
        let source = from.run(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))).expect("bind the source");
        source.connect(address).expect("a datagram socket connects to anything");
        let counts = Arc::new(Counts::default());
        let (receiving, sending) = (Arc::clone(&counts), Arc::clone(&counts));
        let socket = sink.try_clone().expect("dup of a socket");
        let receiver = thread::spawn(move || {
            let mut buffer = [0; 8];
            while let Ok(length @ 1..) = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                assert_eq!(length, 1, "only the flood goes there");
                receiving.received[usize::from(buffer[0])].fetch_add(1, Ordering::SeqCst);
            }
        });
        let sender = thread::spawn(move || {
            // Each processor has a queue of its own, and only within one of them nothing overtakes.
            stay_on_this_processor();
            while sending.ended.load(Ordering::SeqCst) == 0 {
                for _ in 0..BURST {
                    let phase = sending.phase.load(Ordering::SeqCst);
                    // A full queue, or an error that came back for an earlier one.
                    if source.send(&[u8::try_from(phase).expect("few phases")]).is_ok() {
                        sending.sent[phase].fetch_add(1, Ordering::SeqCst);
                    }
                }
                thread::sleep(PAUSE);
            }
        });
        Self { counts, sink, threads: vec![receiver, sender] }
    }

    /// Begins another phase: when this returns, no datagram of another phase is sent any more.
    ///
    /// # Panics
    /// If there are too many of them, or none of this one leaves.
    pub fn begin(&self, phase: usize) {
        assert!(phase < PHASES, "{phase} is one phase too many");
        self.counts.phase.store(phase, Ordering::SeqCst);
        // The last one of the phase before may have looked at the phase already.
        eventually("the flood has come to the next phase", || self.sent(phase) > 0);
    }

    /// Datagrams that were sent in a phase.
    #[must_use]
    pub fn sent(&self, phase: usize) -> u64 {
        self.counts.sent[phase].load(Ordering::SeqCst)
    }

    /// Datagrams that were sent in a phase and have arrived.
    #[must_use]
    pub fn received(&self, phase: usize) -> u64 {
        self.counts.received[phase].load(Ordering::SeqCst)
    }
}

fn stay_on_this_processor() {
    let mut this = CpuSet::new();
    this.set(sched_getcpu().expect("a processor")).expect("a processor that there is");
    sched_setaffinity(Pid::from_raw(0), &this).expect("stay on a processor");
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.counts.ended.store(1, Ordering::SeqCst);
        // SAFETY: the socket is open as long as `self`. The receiver is woken, though the call itself may answer ENOTCONN.
        unsafe { libc::shutdown(self.sink.as_raw_fd(), libc::SHUT_RDWR) };
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}
