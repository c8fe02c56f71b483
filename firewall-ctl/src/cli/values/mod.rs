//! Values of flags: what stands behind a flag on the command line, as the JSON that goes on the wire.

pub(super) mod attribute;
pub(super) mod change;
pub(super) mod duration;
pub(super) mod kind;
pub(super) mod port;
pub(super) mod shape;
pub(super) mod shorthand;
pub(super) mod structure;
