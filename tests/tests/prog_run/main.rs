//! Frames and verdicts: what must hold of every program, whatever else changes.
//!
//! Each case is a diary of frames. It is run with XDP and with TC for received frames, and on the host; and after each
//! frame the verdict, its reason, and that exactly its counter moved are checked.

mod always;
mod diary;
mod flows;
mod fragments;
mod headers;
mod icmp;
mod link;
mod rules;
mod stage;
mod tables;

use diary::Diary;
use firewall_common::verdict::{Pass, Reason, Verdict};
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

topics! { always flows fragments headers icmp link rules }

/// A reason that no case shows would be one that nobody has seen.
#[test]
fn every_outcome_has_a_case() {
    let shown: BTreeSet<u8> = all().iter().flat_map(Diary::expected).map(Verdict::outcome).collect();
    // These need other tables, and have tests of their own in `tables`; the last of them must never be seen.
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
