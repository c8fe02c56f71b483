//! Diaries whose frames are spoilt: the loaded programs and the host's tables have to agree about every one, whatever it
//! has become, and its counter has to move.
//!
//! Nobody says what should become of such a frame: the oracle judges what it knows the meaning of, in the suite
//! `differential`. Here the point is that the programs, which read packets and tables in their own ways, see in any octets
//! what the decision sees when it is run on a slice.

use super::diary::{ATTACHMENT, Step};
use super::{all, stage};
use firewall_common::verdict::{Direction, Reason, Verdict};
use firewall_ctl::model::Side;
use firewall_tests::effort;
use firewall_tests::judge::{Hook, Host, Kernel, Moved, Outcome, SharedKernel, entry, small_limits};
use firewall_tests::ledger::Line;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;

/// Frames that are judged, unless another number is asked for.
const FRAMES: u64 = 50_000;
/// Frames become no longer than this; what is beyond the headers is never looked at.
const LONGEST: usize = 1500;

#[test]
fn spoilt_frames_are_judged_alike() {
    let (cases, seed) = (effort::cases(FRAMES), effort::seed());
    let mut rng = StdRng::seed_from_u64(seed);
    let diaries: Vec<(Side, Vec<Step>)> =
        all().iter().filter(|diary| !diary.is_bare()).map(|diary| (diary.side(), diary.steps())).collect();
    let others: Vec<&[u8]> = diaries.iter().flat_map(|(_, steps)| steps).map(|step| step.frame.as_slice()).collect();
    let mut bench = Bench::new();
    let progress = effort::progress(cases);
    let mut seen = Seen::default();
    let mut stories = 0;
    while seen.frames < cases {
        let (side, steps) = diaries.choose(&mut rng).expect("there are diaries");
        let receive = *[Hook::Xdp, Hook::TcReceive].choose(&mut rng).expect("there are two");
        let story: Vec<Judged> = steps
            .iter()
            .map(|step| {
                let direction = if rng.random_bool(0.1) { step.direction.reverse() } else { step.direction };
                let hook = if receive.direction(*side) == direction { receive } else { Hook::TcSend };
                let spoilt = rng.random_bool(0.8);
                let frame = if spoilt { mutated(&step.frame, &others, &mut rng) } else { step.frame.clone() };
                Judged { hook, direction, frame }
            })
            .collect();
        let before = seen.frames;
        if let Err(difference) = bench.tell(*side, &story, &mut seen) {
            let shortest = bench.shorten(*side, story);
            panic!("seed {seed}, a {side:?}: {difference}; the shortest story with a difference is {shortest:#?}");
        }
        progress.inc(seen.frames - before);
        stories += 1;
        if stories % STORIES == 0 || seen.frames >= cases {
            bench.look().unwrap_or_else(|difference| panic!("seed {seed}, up to story {stories}: {difference}"));
        }
    }
    progress.finish_and_clear();
    println!("{} frames from seed {seed}, judged alike:\n{seen}", seen.frames);
    // Fewer frames than by itself need not show everything.
    if cases >= FRAMES {
        assert_eq!(seen.missing(), Vec::<&str>::new(), "never occurred:\n{seen}");
    }
    for (hook, name) in [(Hook::Xdp, "xdp"), (Hook::TcReceive, "tc-in"), (Hook::TcSend, "tc-out")] {
        let frames = seen.by_hook.get(&hook).copied().unwrap_or(0);
        let result = format!("{frames} frames judged as by the host's tables, {} outcomes", seen.by_outcome.len());
        let line = Line {
            case: 5,
            name: "frames that are spoilt at random",
            hook: name,
            family: "both",
            side: "both",
            result: &result,
            is_expected: true,
        };
        line.write();
    }
}

/// A frame, and where it is met.
#[derive(Debug, Clone)]
struct Judged {
    hook: Hook,
    direction: Direction,
    frame: Vec<u8>,
}

/// What the frames came to.
#[derive(Default)]
struct Seen {
    frames: u64,
    by_hook: BTreeMap<Hook, u64>,
    by_outcome: BTreeMap<u8, u64>,
}

impl Seen {
    /// The reasons to drop that are about the frame itself, and that no frame was dropped for.
    fn missing(&self) -> Vec<&'static str> {
        let about_frames = Reason::FrameTooShort.number()..=Reason::TcpFlags.number();
        let reasons = Reason::ALL.iter().filter(|reason| about_frames.contains(&reason.number()));
        reasons.filter(|reason| !self.by_outcome.contains_key(&reason.number())).map(|reason| reason.name()).collect()
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { frames: _, by_hook, by_outcome } = self;
        by_hook.iter().try_for_each(|(hook, count)| writeln!(f, "{count:>8}  {hook:?}"))?;
        by_outcome.iter().try_for_each(|(outcome, count)| {
            let verdict = Verdict::from_outcome(*outcome).expect("outcomes have names");
            writeln!(f, "{count:>8}  {} {}", verdict.kind(), verdict.name())
        })
    }
}

/// Stories after which all counters are looked at, and not only those that should have moved.
const STORIES: usize = 50;

struct Bench {
    kernel: SharedKernel,
    host: Host,
    /// What the kernel should have counted since all its counters were looked at.
    tally: BTreeMap<(Direction, u8), Moved>,
}

impl Bench {
    fn new() -> Self {
        let (mut kernel, mut host) = (Kernel::shared(), Host::new(small_limits()));
        kernel.publish(&stage::model());
        host.publish(&stage::model());
        Self { kernel, host, tally: BTreeMap::new() }
    }

    /// Has both judge frames one after the other, beginning without flows, up to the first difference.
    fn tell(&mut self, side: Side, story: &[Judged], seen: &mut Seen) -> Result<(), String> {
        let Self { kernel, host, tally } = self;
        kernel.forget();
        host.forget();
        kernel.place(entry(ATTACHMENT, side));
        host.place(entry(ATTACHMENT, side));
        for (number, Judged { hook, direction, frame }) in story.iter().enumerate() {
            let Ok(passed) = kernel.run(*hook, frame) else { continue };
            let on_host = host.judge(*hook, frame);
            let verdict = on_host.verdict(ATTACHMENT, *direction, frame.len())?;
            let Outcome { passed: should_pass, moved, rules: _ } = on_host;
            let [Moved { attachment, direction, outcome, packets, bytes }] = moved[..] else {
                return Err(format!("frame {number} moves one counter, not {moved:?}"));
            };
            let nothing = Moved { attachment, direction, outcome, packets: 0, bytes: 0 };
            let sum = tally.entry((direction, outcome)).or_insert(nothing);
            sum.packets += packets;
            sum.bytes += bytes;
            let counted = kernel.moved_at(attachment, direction, outcome);
            if (passed, counted) != (should_pass, *sum) {
                let action = if passed { "passes" } else { "is dropped" };
                let counters = self.look().err().unwrap_or_default();
                return Err(format!(
                    "frame {number} by {hook:?}: the host's tables say {verdict:?}; in the kernel it {action}; {counters}"
                ));
            }
            seen.frames += 1;
            *seen.by_hook.entry(*hook).or_default() += 1;
            *seen.by_outcome.entry(outcome).or_default() += 1;
        }
        Ok(())
    }

    /// Looks at all counters, and begins anew.
    fn look(&mut self) -> Result<(), String> {
        let (all, _rules) = self.kernel.moved();
        let tally: Vec<Moved> = std::mem::take(&mut self.tally).into_values().collect();
        if all == tally { Ok(()) } else { Err(format!("counted: {all:?} instead of {tally:?}")) }
    }

    /// Leaves frames out as long as there is a difference.
    fn shorten(&mut self, side: Side, mut story: Vec<Judged>) -> Vec<Judged> {
        let mut at = story.len();
        while at > 0 {
            at -= 1;
            let mut shorter = story.clone();
            shorter.remove(at);
            if self.tell(side, &shorter, &mut Seen::default()).is_err() {
                story = shorter;
            }
        }
        story
    }
}

/// A frame with one or a few faults.
fn mutated(frame: &[u8], others: &[&[u8]], rng: &mut StdRng) -> Vec<u8> {
    let mut frame = frame.to_vec();
    for _ in 0..*[1, 1, 1, 2, 3, 5].choose(rng).expect("there are some") {
        spoil(&mut frame, others, rng);
        frame.truncate(LONGEST);
    }
    frame
}

/// Octets and 16-bit words that mean something somewhere in a header.
const OCTETS: [u8; 22] = [0, 1, 2, 4, 5, 6, 8, 17, 41, 43, 44, 47, 51, 58, 59, 60, 0x45, 0x4f, 0x60, 0x7f, 0x80, 0xff];
const WORDS: [u16; 16] = [0, 1, 7, 8, 20, 40, 53, 443, 0x0800, 0x0806, 0x2000, 0x3fff, 0x8100, 0x86dd, 0x88a8, 0xffff];

fn spoil(frame: &mut Vec<u8>, others: &[&[u8]], rng: &mut StdRng) {
    let length = frame.len();
    // Mostly in the headers, of which the longest that matter end about here.
    let place = |rng: &mut StdRng, size: usize| {
        let places = length.saturating_sub(size - 1);
        let places = if rng.random_bool(0.8) { places.min(96) } else { places };
        (places > 0).then(|| rng.random_range(0..places))
    };
    match rng.random_range(0..9) {
        0 => {
            if let Some(at) = place(rng, 1) {
                frame[at] ^= 1 << rng.random_range(0..8);
            }
        }
        1 => {
            if let Some(at) = place(rng, 1) {
                frame[at] = *OCTETS.choose(rng).expect("there are some");
            }
        }
        2 => {
            if let Some(at) = place(rng, 2) {
                frame[at..at + 2].copy_from_slice(&WORDS.choose(rng).expect("there are some").to_be_bytes());
            }
        }
        3 => {
            if let Some(at) = place(rng, 2) {
                let word = u16::from_be_bytes([frame[at], frame[at + 1]]);
                let by = rng.random_range(1..=8);
                let word = if rng.random_bool(0.5) { word.wrapping_add(by) } else { word.wrapping_sub(by) };
                frame[at..at + 2].copy_from_slice(&word.to_be_bytes());
            }
        }
        4 => frame.truncate(rng.random_range(0..=length)),
        5 => frame.extend((0..rng.random_range(1..64)).map(|_| rng.random::<u8>())),
        6 => {
            // The head of this one, and the tail of another.
            let other = others.choose(rng).expect("there are diaries");
            frame.truncate(rng.random_range(0..=length));
            frame.extend(&other[rng.random_range(0..=other.len())..]);
        }
        7 => {
            // A part of it once more, somewhere.
            let from = rng.random_range(0..=length);
            let part = frame[from..rng.random_range(from..=length)].to_vec();
            let at = rng.random_range(0..=length);
            frame.splice(at..at, part);
        }
        _ => {
            let from = rng.random_range(0..=length);
            frame.drain(from..rng.random_range(from..=(from + 40).min(length)));
        }
    }
}
