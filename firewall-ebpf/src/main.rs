//! The XDP and TC programs.
fn main() {}
