//! Builds, tests and demonstrates the firewall.
fn main() {}
