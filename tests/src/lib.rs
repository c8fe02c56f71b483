//! What the kernel tests are made of.
//!
//! * [`packet`]: the packet language.
//! * [`build`]: models, written briefly.
//! * [`oracle`]: what should become of a packet.
//! * [`pair`]: a host and a workload.
//! * [`play`]: models and packets, performed before the oracle and the tables.
//! * [`judge`]: the loaded programs and the same decision on the host.
//! * [`effort`]: how much a test does.
//! * [`foreign`]: programs of somebody else.
//! * [`fuzzed`]: what has to hold of any octets.
//! * [`killer`]: a process that ends between two of its system calls.
//! * [`large`]: a host of the largest size, and changes of it.
//! * [`ledger`]: the cases that must hold, and what became of them.
//! * [`netns`]: network namespaces, and what connects them.
//! * [`traffic`]: real sockets on both ends.
//! * [`world`]: a host, its peers and their servers.
//! * [`controller`]: the real daemon, and commands against it.
//! * [`wait`]: waiting for conditions.
pub mod build;
pub mod controller;
pub mod effort;
pub mod foreign;
pub mod fuzzed;
pub mod judge;
pub mod killer;
pub mod large;
pub mod ledger;
pub mod netns;
pub mod oracle;
pub mod packet;
pub mod pair;
pub mod play;
pub mod traffic;
pub mod wait;
pub mod world;
