//! What the kernel tests are made of.
//!
//! * [`controller`]: the real daemon, and commands against it.
//! * [`packet`]: the packet language.
//! * [`netns`]: network namespaces, and what connects them.
//! * [`traffic`]: real sockets on both ends.
//! * [`wait`]: waiting for conditions.
pub mod controller;
pub mod netns;
pub mod packet;
pub mod traffic;
pub mod wait;
