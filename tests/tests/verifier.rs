//! What the verifier makes of the programs.

use firewall_tests::judge::Kernel;

/// The kernel goes through a million instructions on all paths of a program before it gives up.
const LIMIT: u32 = 1_000_000;

#[test]
fn programs_pass_the_verifier_with_room_to_spare() {
    for size in Kernel::shared().programs() {
        println!("{:20} {:6} instructions, {:7} verified", size.name, size.instructions, size.verified);
        assert!(size.verified < LIMIT / 2, "{size:?}: kernels verify differently, so half of the limit is spared");
    }
}
