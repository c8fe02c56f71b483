//! The types of the tables, as aya wants them.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A value that is nothing but its octets.
#[repr(transparent)]
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain<T>(pub T);

// SAFETY: `IntoBytes` says that there is no padding, and `FromBytes` that all octets are valid.
unsafe impl<T: FromBytes + IntoBytes + Immutable + Copy + 'static> aya::Pod for Plain<T> {}
