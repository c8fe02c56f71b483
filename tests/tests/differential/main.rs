//! The oracle, the compiled tables on the host and the loaded programs agree on everything.
//!
//! Rules, members and packets are made up so that they meet: addresses, blocks and ports come from small pools, and many
//! packets answer an earlier one. Tables are never made anew: each model is reached from the one before, so that places
//! in the tables are reused. What the packets came to is counted, and the test fails if some class of outcome never occurred.

mod coverage;
mod explained;
mod strategy;

use coverage::Coverage;
use firewall_common::abi::Interface;
use firewall_common::verdict::Direction;
use firewall_ctl::model::Model;
use firewall_tests::effort;
use firewall_tests::judge::{Host, Kernel, Moved, Outcome, RuleMoved, small_limits};
use firewall_tests::play::{Met, Play, Spectator};
use indicatif::ProgressBar;
use proptest::strategy::Strategy as _;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Packets of one run, unless another number is asked for.
const PACKETS: u64 = 24_000;
/// Packets of a lot. What is in a lot follows from its number and the seed, whoever plays it.
const LOT: u64 = 4_000;

#[test]
fn all_three_agree() {
    let (cases, seed) = (effort::cases(PACKETS), effort::seed());
    let lots = cases.div_ceil(LOT);
    let next = AtomicU64::new(0);
    let progress = effort::progress(cases);
    let players = thread::available_parallelism().map_or(1, |number| number.get() as u64).min(lots);
    let play_lots = || {
        let mut bench = Bench::new();
        let mut coverage = Coverage::default();
        loop {
            let lot = next.fetch_add(1, Ordering::Relaxed);
            if lot >= lots {
                return Ok(coverage);
            }
            if let Err(error) = bench.lot(seed, lot, LOT.min(cases - lot * LOT), &progress, &mut coverage) {
                // Nobody begins another one.
                next.store(lots, Ordering::Relaxed);
                return Err(format!("seed {seed}, lot {lot}: {error}"));
            }
        }
    };
    let results: Vec<Result<Coverage, String>> = thread::scope(|scope| {
        let players: Vec<_> = (0..players).map(|_| scope.spawn(play_lots)).collect();
        players
            .into_iter()
            .map(|player| player.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    progress.finish_and_clear();
    let mut coverage = Coverage::default();
    for result in results {
        coverage += result.unwrap_or_else(|error| panic!("{error}"));
    }
    println!("{} packets from seed {seed}, judged alike by all three:\n{coverage}", coverage.packets());
    assert_eq!(coverage.missing(), Vec::<String>::new(), "never occurred:\n{coverage}");
}

/// What judges beside the oracle.
struct Bench {
    kernel: Kernel,
    host: Host,
}

impl Bench {
    fn new() -> Self {
        Self { kernel: Kernel::load(small_limits()), host: Host::new(small_limits()) }
    }

    /// Plays made-up plays until enough packets have been judged. An error is about the smallest play that has it.
    fn lot(
        &mut self,
        seed: u64,
        lot: u64,
        packets: u64,
        progress: &ProgressBar,
        coverage: &mut Coverage,
    ) -> Result<(), String> {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&lot.to_le_bytes());
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &key));
        let plays = strategy::play();
        let this = RefCell::new((self, coverage));
        let mut judged = 0;
        while judged < packets {
            let play = plays.new_tree(&mut runner).map_err(|reason| format!("no play: {reason}"))?;
            let before = this.borrow().1.packets();
            let result = runner.run_one(play, |play| {
                let (bench, coverage) = &mut *this.borrow_mut();
                bench.play(&play, coverage).map_err(TestCaseError::fail)
            });
            result.map_err(|error| error.to_string())?;
            let played = this.borrow().1.packets() - before;
            judged += played;
            progress.inc(played);
        }
        Ok(())
    }

    /// Plays a play to all three. Most plays show no difference, so only the counters that should move are looked at after
    /// each packet, and all others once at the end; with a difference, it is played again to see where it begins.
    fn play(&mut self, play: &Play, coverage: &mut Coverage) -> Result<(), String> {
        let Self { kernel, host } = self;
        let (mut seen, mut tally) = (Coverage::default(), Tally::default());
        kernel.forget();
        let quickly = play.perform(
            host,
            &mut InKernel(kernel, |kernel: &mut Kernel, met: &Met<'_>| {
                seen.note(play, met);
                tally.check(kernel, met)
            }),
        );
        let Err(difference) = quickly.and_then(|()| tally.finish(kernel)) else {
            *coverage += seen;
            return Ok(());
        };
        kernel.forget();
        kernel.moved();
        let carefully = play.perform(
            host,
            &mut InKernel(kernel, |kernel: &mut Kernel, met: &Met<'_>| {
                let in_kernel = kernel.judge(met.hook, met.frame).map_err(|_| "not run".to_owned())?;
                if in_kernel == *met.on_host { Ok(()) } else { Err(format!("kernel {in_kernel:?}")) }
            }),
        );
        Err(carefully.err().unwrap_or(difference))
    }
}

/// The kernel as a spectator, and what is looked at after a packet.
struct InKernel<'a, F>(&'a mut Kernel, F);

impl<F: FnMut(&mut Kernel, &Met<'_>) -> Result<(), String>> Spectator for InKernel<'_, F> {
    fn scene(&mut self, model: &Model, always: &BTreeSet<IpAddr>, entry: Interface) {
        self.0.publish(model);
        self.0.allow_always(always);
        self.0.place(entry);
    }

    fn packet(&mut self, met: &Met<'_>) -> Result<(), String> {
        (self.1)(self.0, met)
    }
}

/// What the kernel should have counted since a play began.
#[derive(Default)]
struct Tally {
    interfaces: BTreeMap<(u32, Direction, u8), Moved>,
    rules: BTreeMap<u32, RuleMoved>,
}

impl Tally {
    /// Has the kernel judge a packet, and looks at the counters that the host's tables have moved.
    fn check(&mut self, kernel: &Kernel, met: &Met<'_>) -> Result<(), String> {
        let Outcome { passed, moved, rules } = met.on_host;
        if kernel.run(met.hook, met.frame) != Ok(*passed) {
            return Err(format!("the kernel does {}", if *passed { "not let it pass" } else { "let it pass" }));
        }
        for Moved { attachment, direction, outcome, packets, bytes } in moved.iter().copied() {
            let nothing = Moved { attachment, direction, outcome, packets: 0, bytes: 0 };
            let sum = self.interfaces.entry((attachment, direction, outcome)).or_insert(nothing);
            sum.packets += packets;
            sum.bytes += bytes;
            let seen = kernel.moved_at(attachment, direction, outcome);
            if seen != *sum {
                return Err(format!("the kernel's counter is {seen:?} instead of {sum:?}"));
            }
        }
        for RuleMoved { rule, flows, packets, bytes } in rules.iter().copied() {
            let sum = self.rules.entry(rule).or_insert(RuleMoved { rule, flows: 0, packets: 0, bytes: 0 });
            sum.flows += flows;
            sum.packets += packets;
            sum.bytes += bytes;
            let seen = kernel.rule_moved_at(rule);
            if seen != *sum {
                return Err(format!("the kernel's counter is {seen:?} instead of {sum:?}"));
            }
        }
        Ok(())
    }

    /// Looks whether any other counter has moved, and begins anew.
    fn finish(self, kernel: &mut Kernel) -> Result<(), String> {
        let (moved, rules) = kernel.moved();
        let (interfaces, of_rules): (Vec<_>, Vec<_>) =
            (self.interfaces.into_values().collect(), self.rules.into_values().collect());
        if (&moved, &rules) != (&interfaces, &of_rules) {
            return Err(format!("the kernel counted {moved:?} {rules:?} instead of {interfaces:?} {of_rules:?}"));
        }
        Ok(())
    }
}
