//! The parts of the tables that could be made otherwise, each beside the other way: look-ups alone, of random keys, by
//! programs that do nothing else.

mod code;

use super::{Report, median};
use code::{Code, R0, R1, R6, R7, Table, kind};
use firewall_tests::judge::time_program;
use firewall_tests::packet::eth;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Runs whose average is taken.
const REPEAT: u32 = 1_000_000;
/// Rounds whose median is taken.
const ROUNDS: usize = 5;
/// Prefixes of a policy.
const PREFIXES: u32 = 512;
/// Ports of a policy that its rules name.
const PORTS: u32 = 256;
/// Octets of a set of rules.
const RULE_SET: usize = 128;
/// Bits of the number of a policy's slot, on a small and on a large host.
const SLOT_BITS: [u32; 2] = [1, 11];

/// Where a program has the key of a trie: its length in bits, and what it is compared by.
const LENGTH: i16 = 16;
const FIRST: i16 = 12;
const SECOND: i16 = 8;
/// Where it has the key of an array.
const INDEX: i16 = 20;

/// What one way takes.
struct Way {
    name: &'static str,
    program: OwnedFd,
    memory: u64,
    /// What it took to fill in one policy.
    fill: Duration,
    /// Tables that the program does not hold by itself.
    _tables: Vec<Table>,
}

pub fn report() -> Report {
    let mut rows = Vec::new();
    for bits in SLOT_BITS {
        let random = keys(bits).finish();
        let ways = [one_trie(bits, false), one_trie(bits, true), trie_each(bits), ports_trie(bits), ports_radix(bits)];
        for Way { name, program, memory, fill, _tables } in &ways {
            let (mut ours, mut nothing) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ours.push(time(program));
                nothing.push(time(&random));
            }
            let over = median(ours).saturating_sub(median(nothing));
            rows.push(vec![
                format!("{} policies: {name}", 1 << bits),
                over.as_nanos().to_string(),
                format!("{:.1}", *memory as f64 / f64::from(1 << 20)),
                fill.as_micros().to_string(),
            ]);
        }
    }
    Report {
        title: format!("Ways to look up: policies of {PREFIXES} prefixes and {PORTS} ports, keys at random"),
        head: vec!["way", "ns", "MiB", "us to fill in a policy"],
        rows,
    }
}

fn time(program: &OwnedFd) -> Duration {
    time_program(program.as_fd(), &eth().build(), REPEAT).unwrap_or_else(|error| panic!("time a look-up: {error}"))
}

/// Draws a policy into R6, and 16 random bits into R7.
fn keys(slot_bits: u32) -> Code {
    Code::default().random().copy(R6, R0).copy(R7, R0).and(R6, (1 << slot_bits) - 1).right(R7, 16).and(R7, 0xffff)
}

/// Makes an address of a prefix out of R7.
fn address(code: Code) -> Code {
    code.and(R7, (PREFIXES - 1).cast_signed()).left(R7, 8).or(R7, 0x0a00_0005).big_endian(R7)
}

/// Fills all policies in, and says what the last of them took.
fn fill(slots: u32, mut policy: impl FnMut(u32)) -> Duration {
    (0..slots).fold(Duration::ZERO, |_, slot| {
        let begun = Instant::now();
        policy(slot);
        begun.elapsed()
    })
}

fn prefix(number: u32) -> [u8; 4] {
    (0x0a00_0000 | number << 8).to_be_bytes()
}

fn key<const N: usize>(length: u32, parts: &[[u8; 4]]) -> [u8; N] {
    let octets = [&length.to_ne_bytes()[..], parts.as_flattened()].concat();
    octets.try_into().unwrap_or_else(|octets: Vec<u8>| panic!("a key of {} octets, not {N}", octets.len()))
}

/// One trie for all policies, with the index of a set of rules, which lies in an array; or with the set itself.
fn one_trie(slot_bits: u32, by_value: bool) -> Way {
    let slots = 1 << slot_bits;
    let value = vec![1; if by_value { RULE_SET } else { 4 }];
    let trie = Table::new(kind::LPM_TRIE, [12, value.len()], slots * PREFIXES, None);
    let sets = Table::new(kind::ARRAY, [4, RULE_SET], 4096, None);
    let value = if by_value { value } else { 1u32.to_ne_bytes().to_vec() };
    let fill = fill(slots, |slot| {
        for number in 0..PREFIXES {
            trie.put(&key::<12>(56, &[slot.to_be_bytes(), prefix(number)]), &value);
        }
    });
    let code = address(keys(slot_bits)).big_endian(R6).set(R1, 64).store(LENGTH, R1).store(FIRST, R6).store(SECOND, R7);
    let code = code.look_up(&trie, LENGTH);
    let code = if by_value { code } else { code.load(R1, R0, 0).store(INDEX, R1).look_up(&sets, INDEX) };
    Way {
        name: if by_value { "one trie for all, sets in it" } else { "one trie for all, indexes of sets (ours)" },
        memory: trie.memory() + if by_value { 0 } else { sets.memory() },
        program: code.load(R1, R0, 0).finish(),
        fill,
        _tables: vec![trie, sets],
    }
}

/// A trie for each policy, in an array.
fn trie_each(slot_bits: u32) -> Way {
    let slots = 1 << slot_bits;
    let inner = || Table::new(kind::LPM_TRIE, [8, 4], PREFIXES, None);
    let template = inner();
    let outer = Table::new(kind::ARRAY_OF_MAPS, [4, 4], slots, Some(&template));
    let sets = Table::new(kind::ARRAY, [4, RULE_SET], 4096, None);
    let mut memory = outer.memory() + sets.memory();
    let fill = fill(slots, |slot| {
        let trie = inner();
        for number in 0..PREFIXES {
            trie.put(&key::<8>(24, &[prefix(number)]), &1u32.to_ne_bytes());
        }
        outer.put(&slot.to_ne_bytes(), &trie.number().to_ne_bytes());
        memory += trie.memory();
    });
    let code = address(keys(slot_bits)).set(R1, 32).store(LENGTH, R1).store(FIRST, R7).store(INDEX, R6);
    let code = code.look_up(&outer, INDEX).copy(R1, R0).look_up_in(LENGTH);
    let code = code.load(R1, R0, 0).store(INDEX, R1).look_up(&sets, INDEX).load(R1, R0, 0);
    Way {
        name: "a trie for each, indexes of sets",
        program: code.finish(),
        memory,
        fill,
        _tables: vec![outer, sets, template],
    }
}

/// One trie from policy, protocol and port to the index of a set.
fn ports_trie(slot_bits: u32) -> Way {
    const TCP: u32 = 6 << 16;
    let slots = 1 << slot_bits;
    let trie = Table::new(kind::LPM_TRIE, [12, 4], slots * PORTS, None);
    let fill = fill(slots, |slot| {
        for port in 0..PORTS {
            let port = TCP | port << 8;
            trie.put(&key::<12>(56, &[slot.to_be_bytes(), port.to_be_bytes()]), &1u32.to_ne_bytes());
        }
    });
    let code = keys(slot_bits).or(R7, TCP.cast_signed()).big_endian(R7).big_endian(R6).set(R1, 64).store(LENGTH, R1);
    let code = code.store(FIRST, R6).store(SECOND, R7).look_up(&trie, LENGTH).load(R1, R0, 0);
    Way { name: "ports by a trie", memory: trie.memory(), program: code.finish(), fill, _tables: vec![trie] }
}

/// Three pages for each policy: by protocol, high and low octet of the port.
fn ports_radix(slot_bits: u32) -> Way {
    const PAGE: usize = 1024;
    const LEVELS: u32 = 3;
    let slots = 1 << slot_bits;
    let pages = Table::new(kind::ARRAY, [4, PAGE], slots * LEVELS, None);
    let fill = fill(slots, |slot| {
        for level in 0..LEVELS {
            let next = (slot * LEVELS + (level + 1) % LEVELS).to_ne_bytes();
            pages.put(&(slot * LEVELS + level).to_ne_bytes(), &next.repeat(PAGE / 4));
        }
    });
    // The number of the policy's first page is three times the policy's.
    let mut code = keys(slot_bits).copy(R1, R6).add(R6, R1).add(R6, R1);
    for shift in [16, 8, 0] {
        code = code.store(INDEX, R6).look_up(&pages, INDEX).copy(R1, R7).right(R1, shift).and(R1, 0xff).left(R1, 2);
        code = code.add(R0, R1).load(R6, R0, 0);
    }
    Way { name: "ports by a radix (ours)", memory: pages.memory(), program: code.finish(), fill, _tables: vec![pages] }
}
