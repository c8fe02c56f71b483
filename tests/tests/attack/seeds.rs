//! What the fuzz targets begin with. The seeds are made here, from the diaries and from chance, and stand in the repository
//! so that a fuzzer needs nothing of this to be built.

use super::all;
use super::diary::ether_type_of;
use arbitrary::{Arbitrary as _, Unstructured};
use firewall_common::abi::Interface;
use firewall_ctl::model::{Model, Side};
use firewall_tests::fuzzed;
use firewall_tests::judge::{Host, small_limits};
use firewall_tests::play::{Met, Play, Spectator};
use rand::{RngExt as _, SeedableRng as _};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Says that the seeds are to be written, not compared.
const WRITE: &str = "FIREWALL_WRITE_SEEDS";

type Seeds = BTreeMap<String, Vec<u8>>;

fn directory(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target)
}

/// Writes the seeds, or sees that they are those that stand there; and runs the target on each.
fn check(target: &str, seeds: &Seeds, body: fn(&[u8])) {
    let directory = directory(target);
    seeds.values().for_each(|octets| body(octets));
    if std::env::var_os(WRITE).is_some() {
        drop(fs::remove_dir_all(&directory));
        fs::create_dir_all(&directory).expect("make the directory of the seeds");
        seeds.iter().for_each(|(name, octets)| fs::write(directory.join(name), octets).expect("write a seed"));
    }
    let files = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let files = files.map(|file| file.expect("a directory").path());
    let found: Seeds = files
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            (name, fs::read(path).expect("read a seed"))
        })
        .collect();
    let differing: BTreeSet<&String> =
        seeds.keys().chain(found.keys()).filter(|name| seeds.get(*name) != found.get(*name)).collect();
    assert!(differing.is_empty(), "make them anew with `cargo xtask fuzz --write-seeds`: {differing:?}");
}

/// Of the frames of the diaries, the first for each outcome, EtherType, protocol and side.
#[test]
fn of_packets_are_current() {
    let mut kinds = BTreeSet::new();
    let mut seeds = Seeds::new();
    for diary in all().iter().filter(|diary| !diary.is_bare()) {
        for step in diary.steps() {
            let frame = step.frame;
            let ether_type = ether_type_of(&frame);
            // Where the protocol of IPv4 and that of IPv6 stand, behind an Ethernet header without tags.
            let protocols = [frame.get(23).copied(), frame.get(20).copied()];
            if kinds.insert((step.expected.outcome(), ether_type, protocols[usize::from(ether_type != Some(0x0800))])) {
                let received = step.direction == firewall_common::verdict::Direction::Inbound;
                let host = diary.side() == Side::Host;
                let how = u8::from(host) << 2 | u8::from(received == host) << 3;
                let name = format!("{:03}-{}-{}", seeds.len(), step.expected.kind(), step.expected.name());
                seeds.insert(name, [&[how], frame.as_slice()].concat());
            }
        }
    }
    check("packet", &seeds, fuzzed::packet);
}

/// Of many octets by chance, those whose play comes to something that none before has come to.
#[test]
fn of_decisions_are_current() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let mut classes = Classes::default();
    let mut seeds = Seeds::new();
    for _ in 0..200 {
        let octets: Vec<u8> = (0..rng.random_range(64..1200)).map(|_| rng.random()).collect();
        let play = Play::arbitrary(&mut Unstructured::new(&octets)).expect("any octets make a play");
        let before = classes.0.len();
        play.perform(&mut Host::new(small_limits()), &mut classes).unwrap_or_else(|error| panic!("{error}"));
        if classes.0.len() > before {
            seeds.insert(format!("{:03}", seeds.len()), octets);
        }
    }
    check("decision", &seeds, fuzzed::decision);
}

/// Directions, outcomes and kinds of peers that were seen.
#[derive(Default)]
struct Classes(BTreeSet<(u8, u8, Option<firewall_tests::oracle::PeerKind>)>);

impl Spectator for Classes {
    fn scene(&mut self, _: &Model, _: &BTreeSet<IpAddr>, _: Interface) {}

    fn packet(&mut self, met: &Met<'_>) -> Result<(), String> {
        self.0.insert((met.direction as u8, met.expected.verdict.outcome(), met.expected.peer));
        Ok(())
    }
}
