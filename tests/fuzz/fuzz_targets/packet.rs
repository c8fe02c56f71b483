//! Any frame, before the parser and the whole decision.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| firewall_tests::fuzzed::packet(octets));
