//! The cases that an attacker, or chance, may bring about, and the lines that say what became of each.
//!
//! A test that shows a case writes a [`Line`] for it. `cargo xtask test attack` collects the lines of all tests, prints
//! them by case, and fails when a case has none. Without somebody who collects, nothing is written.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Names the file that lines are appended to.
pub const FILE: &str = "FIREWALL_TEST_LEDGER";

/// A case that must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Its number. Numbers are kept: commits and discussions name them.
    pub number: u8,
    /// What it is about.
    pub sentence: &'static str,
    /// The tests that show it with more than frames: names within the suite `attack`.
    pub tests: &'static [&'static str],
}

macro_rules! cases {
    ($($number:literal $sentence:literal [$($test:literal)*];)*) => {
        /// All cases, in the order of their numbers.
        pub const CASES: &[Case] = &[$(Case { number: $number, sentence: $sentence, tests: &[$($test),*] },)*];
    };
}

cases! {
    1 "later fragments whose payload looks like an allowed port" [];
    2 "first fragments that are too short, and fragments that overlap the header" [];
    3 "fragments out of order, without a first one, in floods, with an id used twice"
        ["fragments::fragments_follow_for_a_while_only"
            "fragments::a_flood_of_datagrams_fills_a_table_of_its_own_and_harms_no_flow"];
    4 "atomic fragments" [];
    5 "headers that lie about themselves, and frames cut at every length" [];
    6 "IPv6 extension headers: alone, chained, too many, lying about their length" [];
    7 "VLAN tags" [];
    8 "what is neither IPv4 nor IPv6" [];
    9 "tunnels: the outer header decides" [];
    10 "ICMP errors, true and forged" [];
    11 "echoes: a reply needs a request, and identifiers are no ports" [];
    12 "segments out of nowhere, resets, and ports used again" [];
    13 "segments without a handshake"
        ["states::what_is_taken_up_is_worth_nothing_until_it_is_answered"];
    14 "floods against a small flow table"
        ["tables::a_full_table_refuses_new_flows_and_loses_none"
            "states::half_open_flows_push_out_only_their_like"
            "states::half_open_flows_of_one_interface_leave_those_of_another"
            "states::what_exceeds_the_allowance_is_refused_and_counted"
            "syn_flood::a_flood_over_the_wire_takes_nothing_from_anyone_with_xdp"
            "syn_flood::a_flood_over_the_wire_takes_nothing_from_anyone_with_tc"];
    15 "flows of one interface, or of an earlier life of it, serve no other"
        ["tables::flows_of_one_interface_serve_no_other"
            "drift::a_device_that_comes_back_is_attached_again_and_inherits_nothing"];
    16 "a workload that spoofs, answers for others, routes, or serves DHCP"
        ["origin::a_workload_sends_from_its_own_addresses" "origin::a_workload_asks_for_an_address_before_it_has_one"
        "origin::a_workload_receives_at_its_own_addresses" "origin::a_workload_sends_with_its_own_hardware_address"
        "origin::a_workload_answers_for_itself_only" "origin::without_the_check_nobody_looks"];
    17 "edges of rules" ["tables::a_thousand_rules_are_all_found"];
    18 "members that go while their flow lives, and addresses used again"
        ["tables::a_member_that_goes_leaves_its_flow_and_nothing_else"];
    19 "addresses that no packet has on a wire" [];
    20 "large, scattered and unfinished packets"
        ["large::frames_of_several_pieces_are_judged_whole" "large::packets_of_many_segments_count_as_many"
            "large::checksums_are_not_looked_at"];
    21 "odd segments: simultaneous open, data in a SYN, flags and ports of no use" [];
    22 "two processors that begin one flow at once" ["race::two_processors_begin_one_flow_at_once"];
    23 "somebody else's hands on our programs, pins and filters"
        ["drift::programs_whose_pins_were_removed_are_put_back_with_tcx"
            "drift::programs_whose_pins_were_removed_are_put_back_with_xdp"
            "drift::links_that_are_detached_are_put_back_with_tcx"
            "drift::links_that_are_detached_are_put_back_with_xdp"
            "drift::a_queueing_discipline_that_is_deleted_is_put_back"
            "drift::a_program_that_gets_ahead_is_overtaken"];
    24 "full tables during a change, and a controller killed at any time"
        ["crash::a_change_that_does_not_fit_is_refused_whole"
            "crash::kill_under_load_with_xdp" "crash::kill_under_load_with_tc"
            "revisions::no_packet_sees_half_a_change_with_xdp" "revisions::no_packet_sees_half_a_change_with_tc"];
    25 "floods of what is dropped: verdicts and counters stay right"
        ["floods::a_flood_of_dropped_packets_is_counted_and_fills_nothing"
            "floods::what_is_dropped_is_recorded_by_whose_it_is"
            "floods::a_flood_is_recorded_within_the_budget"];
    26 "revoked rules of untracked flows"
        ["untracked::a_revoked_service_of_tcp_ends_at_once"
            "untracked::a_revoked_service_of_udp_is_not_ridden_on"];
    27 "spoofed handshakes"
        ["states::a_handshake_of_somebody_who_sees_no_answers_establishes_nothing"];
    28 "interfaces that are only watched"
        ["watched::what_would_be_dropped_passes_and_so_do_its_answers"
            "watched::a_rule_redeems_what_was_denied"
            "watched::what_would_be_dropped_takes_the_place_of_nothing_that_was_admitted_or_cut"
            "watched::what_would_be_dropped_keeps_nothing_alive"];
    29 "sources that cannot be where a frame comes from" ["origin::nobody_outside_has_an_address_of_this_host"];
}

/// Cases of what the programs do not do yet, or that no test shows yet: none of them has to have a line.
pub const AWAITED: &[u8] = &[];

/// What became of a case, in one way of trying it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number in [`CASES`]; 0 for what is shown beside them.
    pub case: u8,
    /// The variant.
    pub name: &'a str,
    /// Where it was judged: `xdp`, `tc-in`, `tc-out`, the host's tables, or several of them.
    pub hook: &'a str,
    /// `IPv4`, `IPv6`, both, or `-`.
    pub family: &'a str,
    /// `host`, `workload`, both, or `-`.
    pub side: &'a str,
    /// Verdicts and reasons, or what else there is to see.
    pub result: &'a str,
    /// Whether that was expected.
    pub is_expected: bool,
}

impl Line<'_> {
    /// Writes it down, if somebody collects.
    ///
    /// # Panics
    /// If there is no such case, or the line cannot be written.
    pub fn write(&self) {
        let Self { case, name, hook, family, side, result, is_expected } = self;
        assert!(*case == 0 || CASES.iter().any(|known| known.number == *case), "there is no case {case}");
        let is_expected = if *is_expected { "expected" } else { "unexpected" };
        append(&[&case.to_string(), name, hook, family, side, result, is_expected]);
    }
}

/// Writes the sentences of all cases down, as headings of their lines; each of them has to have some.
///
/// # Panics
/// If they cannot be written.
pub fn write_headings() {
    for Case { number, sentence, tests: _ } in CASES.iter().filter(|case| !AWAITED.contains(&case.number)) {
        append(&[&number.to_string(), sentence]);
    }
}

/// A line of the file: fields between tabs, written at once so that lines of several tests do not mix.
fn append(fields: &[&str]) {
    let Some(file) = std::env::var_os(FILE) else { return };
    assert!(fields.iter().all(|field| !field.contains(['\t', '\n'])), "a field would end early: {fields:?}");
    let line = fields.join("\t") + "\n";
    let written =
        OpenOptions::new().create(true).append(true).open(&file).and_then(|mut file| file.write_all(line.as_bytes()));
    written.unwrap_or_else(|error| panic!("write to {}: {error}", file.display()));
}
