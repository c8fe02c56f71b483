//! The controller: one writer, snapshots for readers, and the reconcile loop.
