//! The oracle, the compiled tables on the host and the loaded programs agree on everything.
//!
//! Rules, members and packets are made up so that they meet: addresses, blocks and ports come from small pools, and many
//! packets answer an earlier one. Tables are never made anew: each model is reached from the one before, so that places
//! in the tables are reused. What the packets came to is counted, and the test fails if some class of outcome never occurred.

mod coverage;
mod scene;
mod strategy;

use coverage::Coverage;
use firewall_common::verdict::Verdict;
use firewall_tests::judge::{Hook, Host, Kernel, SharedKernel, small_limits};
use firewall_tests::oracle::{Judgement, Oracle};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use scene::{ATTACHMENT, Play, Scene};
use std::cell::RefCell;

/// Plays of one run. Each has a few models and some dozens of packets.
const PLAYS: u32 = 300;

#[test]
fn all_three_agree() {
    let bench = RefCell::new(Bench { kernel: Kernel::shared(), host: Host::new(small_limits()) });
    let coverage = RefCell::new(Coverage::default());
    let config = Config { cases: Config::default().cases.max(PLAYS), failure_persistence: None, ..Config::default() };
    // The same plays in every run: what fails once fails again.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(&strategy::play(), |play| {
        bench.borrow_mut().play(&play, &mut coverage.borrow_mut()).map_err(TestCaseError::fail)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let coverage = coverage.into_inner();
    println!("{coverage}");
    assert_eq!(coverage.missing(), Vec::<String>::new(), "never occurred:\n{coverage}");
}

/// What judges beside the oracle.
struct Bench {
    kernel: SharedKernel,
    host: Host,
}

impl Bench {
    fn play(&mut self, play: &Play, coverage: &mut Coverage) -> Result<(), String> {
        let Self { kernel, host } = self;
        let mut oracle = Oracle::default();
        kernel.forget();
        host.forget();
        let receive = if play.over_xdp { Hook::Xdp } else { Hook::TcReceive };
        let mut shown = Vec::new();
        for (number, scene) in play.scenes.iter().enumerate() {
            let Scene { model, interface, entry } = scene.build(play.side);
            kernel.publish(&model);
            host.publish(&model);
            kernel.place(entry);
            host.place(entry);
            for packet in &scene.packets {
                let (direction, sketch) = packet.resolve(scene, &shown);
                shown.push((direction, sketch.clone()));
                let frame = sketch.frame();
                let hook = if receive.direction(play.side) == direction { receive } else { Hook::TcSend };
                let expected = oracle.judge(&model, interface, direction, &sketch);
                let on_host = host.judge(hook, &frame);
                let in_kernel = kernel.judge(hook, &frame).map_err(|_| format!("not run: {sketch:?}"))?;
                let explain = |what: &str| {
                    format!(
                        "{what} in scene {number}, {hook:?} of a {:?}, {direction:?}\n{sketch:#?}\noracle {expected:?}\n\
                         host {on_host:?}\nkernel {in_kernel:?}",
                        play.side
                    )
                };
                for outcome in [&on_host, &in_kernel] {
                    let verdict = outcome.verdict(ATTACHMENT, direction, frame.len()).map_err(|text| explain(&text))?;
                    if verdict != expected.verdict {
                        return Err(explain(&format!("{verdict:?} instead of {:?}", expected.verdict)));
                    }
                }
                if on_host.rules != in_kernel.rules || !names_the_rule(expected, &in_kernel.rules) {
                    return Err(explain("another rule is counted"));
                }
                coverage.note(play, hook, direction, &sketch, expected);
            }
        }
        Ok(())
    }
}

/// A packet that a rule let through moves the counter of that rule, one of a flow that of the rule which admitted it, and
/// others move none.
fn names_the_rule(expected: Judgement, counted: &[u32]) -> bool {
    match (expected.verdict, expected.rule) {
        (_, Some(rule)) => counted == [rule],
        (Verdict::Allow(firewall_common::verdict::Pass::Flow), None) => counted.len() == 1,
        (Verdict::Allow(_) | Verdict::Drop(_) | Verdict::WouldDrop(_), None) => counted.is_empty(),
    }
}
