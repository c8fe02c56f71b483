//! Programs and maps in the kernel: the only place that knows aya.

pub mod object;
