//! Ports of UDP that stop being untracked: what leaves from them must not open a flow that the peer could ride on (spec,
//! D4).

use super::layout::Layout;
use super::policy::Policy;
use super::services::open_to_anyone;
use crate::model::L4;
use firewall_common::abi::{LingerKey, OPEN_UDP, V4, V6};

/// Bits of the key that stand before the port.
const BITS_BEFORE_PORT: u32 = 48;

/// A range of ports as a prefix in the table: the bits of the key that count, and the key.
pub type LingerPrefix = (u32, LingerKey);

impl Layout {
    /// The ports of each attachment that are untracked in this layout and not in the next one.
    #[must_use]
    pub fn closed_udp_ports(&self, next: &Self) -> Vec<LingerPrefix> {
        let mut closed = Vec::new();
        for (number, cell) in &self.cells {
            if next.cells.get(number) == Some(cell) {
                continue;
            }
            let (Some(before), Some(after)) = (self.policies(*number), next.policies(*number)) else { continue };
            for family in [V4, V6] {
                let after = untracked(after, family);
                for range in untracked(before, family).into_iter().flat_map(|range| without(range, &after)) {
                    let key = |port| LingerKey::new(*number, family, port);
                    closed.extend(prefixes(range).map(|(port, len)| (BITS_BEFORE_PORT + len, key(port))));
                }
            }
        }
        closed
    }
}

/// The ports of inbound UDP that need no flow.
fn untracked((inbound, outbound): (&Policy, &Policy), family: usize) -> Vec<(u16, u16)> {
    if outbound.families[family].flags(family) & OPEN_UDP == 0 {
        return Vec::new();
    }
    open_to_anyone(&inbound.families[family], L4::Udp, family)
}

/// What of a range lies in none of the others, which are apart from each other and in ascending order.
fn without((from, to): (u16, u16), others: &[(u16, u16)]) -> Vec<(u16, u16)> {
    let mut left = Vec::new();
    // One more than a port can be, so that the end of the last range fits.
    let mut next = u32::from(from);
    for (other_from, other_to) in others {
        let (other_from, other_to) = (u32::from(*other_from), u32::from(*other_to));
        if other_from > next {
            left.push((next, (other_from - 1).min(u32::from(to))));
        }
        next = next.max(other_to + 1);
        if next > u32::from(to) {
            break;
        }
    }
    left.push((next, u32::from(to)));
    let ports = left.into_iter().filter(|(from, to)| from <= to);
    ports.filter_map(|(from, to)| Some((u16::try_from(from).ok()?, u16::try_from(to).ok()?))).collect()
}

/// A range as prefixes: the first port of each, and the bits that count.
fn prefixes((from, to): (u16, u16)) -> impl Iterator<Item = (u16, u32)> {
    let (mut next, end) = (u32::from(from), u32::from(to));
    std::iter::from_fn(move || {
        if next > end {
            return None;
        }
        // The largest block that begins here and does not go beyond the end.
        let mut bits = if next == 0 { 16 } else { next.trailing_zeros().min(16) };
        while next + (1 << bits) - 1 > end {
            bits -= 1;
        }
        let prefix = (u16::try_from(next).ok()?, 16 - bits);
        next += 1 << bits;
        Some(prefix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_cut_out_of_each_other() {
        assert_eq!(without((0, 100), &[]), [(0, 100)]);
        assert_eq!(without((0, 100), &[(0, u16::MAX)]), []);
        assert_eq!(without((10, 100), &[(0, 10), (50, 60), (100, 200)]), [(11, 49), (61, 99)]);
        assert_eq!(without((53, 53), &[(54, 60)]), [(53, 53)]);
        assert_eq!(without((0, u16::MAX), &[(1, u16::MAX - 1)]), [(0, 0), (u16::MAX, u16::MAX)]);
    }

    proptest! {
        #[test]
        fn prefixes_hold_the_range_and_nothing_else(a in any::<u16>(), b in any::<u16>(), probe in any::<u16>()) {
            let range = (a.min(b), a.max(b));
            for port in [range.0, range.1, range.0.wrapping_sub(1), range.1.wrapping_add(1), probe] {
                let holding = prefixes(range).filter(|(first, len)| {
                    let mask = u16::MAX.checked_shl(16 - len).unwrap_or(0);
                    port & mask == *first
                });
                prop_assert_eq!(holding.count(), usize::from((range.0..=range.1).contains(&port)));
            }
        }
    }
}
