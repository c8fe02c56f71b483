//! What keeps one caller from taking everything: buckets that fill again, and the memory of signatures.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Buckets by key: what is taken from one comes back after a while.
#[derive(Debug)]
pub struct Buckets<K> {
    /// How much a full one holds.
    burst: u32,
    /// After how long one more is in it.
    refill: Duration,
    /// Most that are remembered; those that are full are not.
    most: usize,
    /// When each will be full again.
    full_at: BTreeMap<K, Instant>,
}

impl<K: Ord + Clone> Buckets<K> {
    /// Buckets that are full.
    #[must_use]
    pub const fn new(burst: u32, refill: Duration, most: usize) -> Self {
        Self { burst, refill, most, full_at: BTreeMap::new() }
    }

    /// Takes one, if something is left.
    pub fn take(&mut self, key: &K, now: Instant) -> bool {
        let full_at = self.full_at.get(key).copied().unwrap_or(now);
        let Some(full_at) = self.after_one(full_at, now) else { return false };
        if self.full_at.len() >= self.most && !self.full_at.contains_key(key) {
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        // Those that do not fit are as good as new; there are then so many that none is worth much.
        if self.full_at.len() < self.most || self.full_at.contains_key(key) {
            self.full_at.insert(key.clone(), full_at);
        }
        true
    }

    /// When the bucket will be full, if one more is taken; none when nothing is left.
    fn after_one(&self, full_at: Instant, now: Instant) -> Option<Instant> {
        let full_at = full_at.max(now) + self.refill;
        (full_at <= now + self.refill * self.burst).then_some(full_at)
    }
}

/// Whom an address stands for: of IPv6 a block of 64 bits, since its holder has all of them.
#[must_use]
pub fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// Signatures that came, for as long as they could come again.
#[derive(Debug)]
pub struct Signatures {
    most: usize,
    seen: BTreeSet<[u8; 32]>,
    until: BTreeSet<(Timestamp, [u8; 32])>,
}

/// What a signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It comes for the first time.
    First,
    /// It came before.
    Again,
    /// There are too many to remember.
    TooMany,
}

impl Signatures {
    /// None, and room for this many.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { most, seen: BTreeSet::new(), until: BTreeSet::new() }
    }

    /// Notes a signature that could come again until a time.
    pub fn note(&mut self, signature: [u8; 32], until: Timestamp, now: Timestamp) -> Freshness {
        while let Some((time, old)) = self.until.first().copied()
            && time < now
        {
            self.until.remove(&(time, old));
            self.seen.remove(&old);
        }
        if self.seen.contains(&signature) {
            return Freshness::Again;
        }
        if self.seen.len() >= self.most {
            return Freshness::TooMany;
        }
        self.seen.insert(signature);
        self.until.insert((until, signature));
        Freshness::First
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_emptied_and_fills_again() {
        let mut buckets = Buckets::new(3, Duration::from_secs(1), 10);
        let start = Instant::now();
        for _ in 0..3 {
            assert!(buckets.take(&1, start));
        }
        assert!(!buckets.take(&1, start));
        assert!(buckets.take(&2, start), "others have their own");
        let later = start + Duration::from_secs(1);
        assert!(buckets.take(&1, later) && !buckets.take(&1, later));
        let much_later = start + Duration::from_secs(100);
        assert_eq!((0..10).filter(|_| buckets.take(&1, much_later)).count(), 3, "never more than full");
    }

    #[test]
    fn memory_is_bounded() {
        let mut buckets = Buckets::new(1, Duration::from_secs(1), 10);
        let start = Instant::now();
        for key in 0..1000 {
            assert!(buckets.take(&key, start));
        }
        assert_eq!(buckets.full_at.len(), 10);
        assert!(!buckets.take(&0, start), "those that are remembered stay empty");
        assert!(buckets.take(&1000, start + Duration::from_secs(2)));
        assert_eq!(buckets.full_at.len(), 1);
    }

    #[test]
    fn a_block_of_ipv6_is_one_party() {
        let told = |text: &str| party(text.parse().unwrap()).to_string();
        assert_eq!(told("2001:db8::1:2:3:4"), "2001:db8::");
        assert_eq!(told("192.0.2.7"), "192.0.2.7");
        assert_eq!(told("::ffff:192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn signatures_are_forgotten_when_they_are_worthless() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut seen = Signatures::new(2);
        assert_eq!(seen.note([1; 32], at(10), at(0)), Freshness::First);
        assert_eq!(seen.note([1; 32], at(10), at(10)), Freshness::Again);
        assert_eq!(seen.note([2; 32], at(20), at(10)), Freshness::First);
        assert_eq!(seen.note([3; 32], at(20), at(10)), Freshness::TooMany);
        assert_eq!(seen.note([3; 32], at(20), at(11)), Freshness::First);
        assert_eq!(seen.seen.len(), 2);
    }
}
