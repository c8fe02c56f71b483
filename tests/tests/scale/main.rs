//! A change costs what it touches, however large the host is. `cargo xtask test scale --cases 1000 -- --nocapture` has a
//! host of 1 000 interfaces and a million members, takes gigabytes of memory, and prints how long each step took.

use firewall_tests::effort;
use firewall_tests::large::{Counts, LargeHost, SHELVES, Scale, Step};

/// Interfaces, unless another number is asked for.
const INTERFACES: u64 = 6;

#[test]
fn a_change_costs_what_it_touches() {
    let interfaces = effort::cases(INTERFACES) as u32;
    let scale = Scale::full(interfaces);
    let host = LargeHost::new(scale);
    if interfaces <= INTERFACES as u32 {
        host.model.check().unwrap_or_else(|error| panic!("the model contradicts itself: {error}"));
    }
    let steps = host.steps();
    for Step { name, edit, follow, plan, counts } in &steps {
        println!("{name}: edit {edit:.1?}, follow {follow:.1?}, plan {plan:.1?}, {counts:?}");
    }
    let [all, joins, goes, changes, own, shared, entry] = steps.map_counts();
    assert_eq!((all.policies as u32, all.members as u32), (2 * interfaces, 1000 * interfaces));
    // The first interface has a list of IPv6 besides.
    assert_eq!(all.entries as u32, scale.entries * (interfaces + 1));
    let one_member = Counts { members: 1, ..Counts::default() };
    assert_eq!([joins, goes, changes], [one_member; 3]);
    // The rule is inbound, and one of both directions has gone for it.
    let nothing_else = |counts: Counts| (counts.members, counts.entries);
    assert_eq!((own.policies, nothing_else(own)), (2, (0, 0)));
    assert!(own.others < 3000, "{own:?}");
    let holding = interfaces.div_ceil(SHELVES) as usize;
    assert_eq!((shared.policies, nothing_else(shared)), (2 * holding, (0, 0)));
    // The one that has come, the one that has gone for it, and those four. Two policies name one of both lists.
    assert_eq!((entry.policies, entry.members, entry.entries), (0, 0, 6));
    assert!(entry.others <= 6, "{entry:?}");
}

/// The counts of all steps, in order.
trait MapCounts {
    fn map_counts(&self) -> [Counts; 7];
}

impl MapCounts for Vec<Step> {
    fn map_counts(&self) -> [Counts; 7] {
        self.iter().map(|step| step.counts).collect::<Vec<_>>().try_into().expect("seven steps")
    }
}
