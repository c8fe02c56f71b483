//! Types of the tables as aya wants them.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A value that is nothing but its octets.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plain<T>(pub T);

// SAFETY: `FromBytes` says that any octets are a value, `IntoBytes` that it has no padding, and `Immutable` that it has no
// interior mutability; the wrapper is transparent.
unsafe impl<T: FromBytes + IntoBytes + Immutable + Copy + 'static> aya::Pod for Plain<T> {}
