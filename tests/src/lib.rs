//! What the kernel tests are made of.
//!
//! * [`packet`]: the packet language.
pub mod packet;
