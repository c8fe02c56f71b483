//! What the kernel programs and the controller of the firewall share.
//!
//! * [`abi`]: keys and values of the BPF maps, with their layouts asserted.
//! * [`packet`]: parsing a frame over [`packet::Bytes`].
//! * [`verdict`]: what can become of a packet, and why.
//! * [`flow`]: the life of a flow: states, timers, who may keep it alive.
//! * [`mod@decide`]: the decision itself, generic over [`decide::Tables`].
//!
//! Nothing here knows a map, a context or an allocator, and nothing here is unsafe: the same code runs in the kernel and
//! under `cargo test`. No `cfg` changes what is decided.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod abi;
pub mod decide;
pub mod flow;
pub mod packet;
pub mod verdict;
