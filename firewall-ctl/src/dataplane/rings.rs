//! Which places of the rings of half-open flows an attachment has.
//!
//! The places are cut into regions of one size. The first region is shared by all attachments for which none is left; its
//! bound then holds for them together.

use crate::compile::Limits;
use firewall_common::abi::{Interface, RINGS};
use std::collections::BTreeSet;

/// A region, as the entry of an interface names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) base: u32,
    /// Places of each ring on each CPU.
    pub(super) share: u32,
    /// Whether other attachments have it, too.
    pub(super) is_shared: bool,
}

/// The region for another attachment, given the entries of those that there are.
pub(super) fn region<'a>(limits: &Limits, cpus: u32, present: impl Iterator<Item = &'a Interface>) -> Region {
    let rings = RINGS as u32 * cpus;
    // A region has a place for each ring at least; where not even one region fits, there are no rings.
    let size = limits.half_open_per_interface.max(rings);
    let regions = limits.half_open / size;
    let share = if regions == 0 { 0 } else { size / rings };
    let taken: BTreeSet<u32> = present.filter(|entry| entry.ring_share != 0).map(|entry| entry.ring_base).collect();
    let free = (1..regions).map(|number| number * size).find(|base| !taken.contains(base));
    match free {
        Some(base) => Region { base, share, is_shared: false },
        None => Region { base: 0, share, is_shared: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_lie_apart_until_none_is_left() {
        let limits = Limits { half_open: 1000, half_open_per_interface: 300, ..Limits::default() };
        let mut present: Vec<Interface> = Vec::new();
        let mut found = Vec::new();
        for _ in 0..4 {
            let region = region(&limits, 2, present.iter());
            present.push(Interface { ring_base: region.base, ring_share: region.share, ..Interface::default() });
            found.push((region.base, region.share, region.is_shared));
        }
        assert_eq!(found, [(300, 37, false), (600, 37, false), (0, 37, true), (0, 37, true)]);
        present.remove(0);
        assert_eq!(region(&limits, 2, present.iter()).base, 300, "it is free again");
    }

    #[test]
    fn every_ring_has_a_place_on_every_cpu() {
        let limits = Limits { half_open: 4096, half_open_per_interface: 64, ..Limits::default() };
        let Region { base, share, is_shared } = region(&limits, 256, std::iter::empty());
        assert_eq!((base, share, is_shared), (1024, 1, false));
        assert_eq!(region(&limits, 2048, std::iter::empty()).share, 0);
    }
}
