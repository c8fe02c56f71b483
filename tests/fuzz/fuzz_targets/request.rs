//! Any request, of both wires.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| firewall_tests::fuzzed::request(octets));
