//! Models and packets, before the compiled tables and the oracle.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| firewall_tests::fuzzed::decision(octets));
