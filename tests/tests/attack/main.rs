//! What an attacker, or chance, may bring about: the cases of [`firewall_tests::ledger::CASES`], on every hook.
//!
//! Most are diaries of frames. Each is run with XDP and with TC for received frames, and on the host; and after each
//! frame the verdict, its reason, and that exactly its counter moved are checked. What frames alone cannot show has a test
//! with other tables, several processors, devices or a daemon, which the table of cases names. `cargo xtask test attack`
//! prints a line for each of them.

mod always;
mod bare;
mod court;
mod crash;
mod diary;
mod drift;
mod floods;
mod flows;
mod fragments;
mod guide;
mod headers;
mod icmp;
mod large;
mod link;
mod mutated;
mod origin;
mod race;
mod revisions;
mod rules;
mod seeds;
mod stage;
mod states;
mod syn_flood;
mod tables;
mod untracked;
mod watched;

use diary::Diary;
use firewall_common::verdict::{Pass, Reason, Verdict};
use firewall_tests::ledger::{self, AWAITED, CASES};
use std::collections::BTreeSet;

/// The cases by topic; each topic is a test, so that they run side by side.
macro_rules! topics {
    ($($topic:ident)*) => {
        $(#[test] fn $topic() { diary::run(&stage::model(), &$topic::cases()); })*

        fn all() -> Vec<Diary> {
            [$($topic::cases(),)*].concat()
        }
    };
}

topics! { always bare flows fragments headers icmp link rules }

/// A case that neither a diary shows nor a test that there is would be one that nobody has tried.
#[test]
fn every_case_is_shown() {
    ledger::write_headings();
    let program = std::env::current_exe().expect("the path of this program");
    let output = std::process::Command::new(program).arg("--list").output().expect("list the tests of this program");
    let listed = String::from_utf8(output.stdout).expect("names of tests are text");
    let tests: BTreeSet<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let by_diaries: BTreeSet<u8> = all().iter().flat_map(|diary| diary.cases().to_vec()).collect();
    for case in CASES {
        for test in case.tests {
            assert!(tests.contains(test), "case {}: there is no test {test} in {listed}", case.number);
        }
    }
    let missing: Vec<u8> = CASES
        .iter()
        .filter(|case| case.tests.is_empty() && !by_diaries.contains(&case.number))
        .map(|case| case.number)
        .filter(|number| !AWAITED.contains(number))
        .collect();
    assert_eq!(missing, Vec::<u8>::new());
}

/// A reason that no case shows would be one that nobody has seen.
#[test]
fn every_outcome_has_a_case() {
    let shown: BTreeSet<u8> = all().iter().flat_map(Diary::expected).map(Verdict::outcome).collect();
    // These need other tables, and have tests of their own in `tables` and `origin`; the last of them must never be seen.
    let elsewhere = [
        Reason::NoInterface,
        Reason::NoPolicy,
        Reason::AllowanceExceeded,
        Reason::Internal,
        Reason::SourceNotOwn,
        Reason::DestinationNotOwn,
        Reason::SourceHeldHere,
        Reason::NeighbourNotOwn,
        Reason::CutFlow,
        Reason::DeniedFlow,
        Reason::HiddenHeader,
    ];
    let elsewhere_passes = [Pass::Adopted, Pass::Untracked, Pass::AlwaysAllowed];
    let missing: Vec<_> = Reason::ALL
        .iter()
        .filter(|reason| !elsewhere.contains(reason) && !shown.contains(&reason.number()))
        .map(|reason| reason.name())
        .chain(
            Pass::ALL
                .iter()
                .filter(|pass| !elsewhere_passes.contains(pass) && !shown.contains(&pass.number()))
                .map(|pass| pass.name()),
        )
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
