//! Numbers for contents: equal contents share a number, and a number is used again only after a grace period.

use imbl::{OrdMap, OrdSet};
use std::sync::Arc;

/// Gives out numbers below a limit, the smallest free one first.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    first: u32,
    limit: u32,
    /// No number from here on was ever given out.
    next: u32,
    free: OrdSet<u32>,
    /// No longer wanted, but programs that run at this moment may still read what they stand for.
    unused: OrdSet<u32>,
}

impl Numbers {
    /// Numbers from `first` up to, but without, `limit`.
    pub(super) fn new(first: u32, limit: u32) -> Self {
        Self { first, limit, next: first, free: OrdSet::new(), unused: OrdSet::new() }
    }

    /// A free number, or `None` if there is none.
    pub(super) fn take(&mut self) -> Option<u32> {
        if let Some(number) = self.free.get_min().copied() {
            self.free.remove(&number);
            return Some(number);
        }
        let number = self.next;
        if number >= self.limit {
            return None;
        }
        self.next += 1;
        Some(number)
    }

    /// Marks a number as given out although nobody asked: something found in the tables holds it.
    pub(super) fn reserve(&mut self, number: u32) {
        for between in self.next..number {
            self.free.insert(between);
        }
        self.next = self.next.max(number.saturating_add(1));
        self.free.remove(&number);
    }

    /// The number is to become free at the next [`Numbers::reclaim`].
    pub(super) fn retire(&mut self, number: u32) {
        self.unused.insert(number);
    }

    /// The number is wanted again after all.
    fn revive(&mut self, number: u32) {
        self.unused.remove(&number);
    }

    /// Frees what was retired, and says what it was.
    pub(super) fn reclaim(&mut self) -> OrdSet<u32> {
        let unused = std::mem::take(&mut self.unused);
        self.free.extend(unused.iter().copied());
        unused
    }

    /// Whether some wait for [`Numbers::reclaim`].
    pub(super) fn has_unused(&self) -> bool {
        !self.unused.is_empty()
    }

    /// How many are given out, retired ones included.
    pub(super) fn taken(&self) -> u32 {
        self.next - self.first - self.free.len() as u32
    }
}

/// A content with its references.
#[derive(Debug, Clone)]
struct Entry<K> {
    content: Arc<K>,
    references: u32,
}

/// Contents by number and numbers by content, with reference counts.
///
/// A content that nobody refers to keeps its place until [`Interner::reclaim`], and is found again until then: it is
/// still in the tables as it was.
#[derive(Debug, Clone)]
pub(super) struct Interner<K: Ord + Clone> {
    numbers: Numbers,
    by_content: OrdMap<Arc<K>, u32>,
    by_number: OrdMap<u32, Entry<K>>,
}

impl<K: Ord + Clone> Interner<K> {
    pub(super) fn new(first: u32, limit: u32) -> Self {
        Self { numbers: Numbers::new(first, limit), by_content: OrdMap::new(), by_number: OrdMap::new() }
    }

    pub(super) const fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    /// The number of a content, and whether it has just been given out. The caller retains it before the next reclaim.
    pub(super) fn intern(&mut self, content: Arc<K>) -> Result<(u32, bool), u32> {
        if let Some(number) = self.by_content.get(&content) {
            return Ok((*number, false));
        }
        let number = self.numbers.take().ok_or(self.numbers.limit)?;
        self.numbers.retire(number);
        self.by_content.insert(Arc::clone(&content), number);
        self.by_number.insert(number, Entry { content, references: 0 });
        Ok((number, true))
    }

    /// A number for a content that no other holder of the content has.
    pub(super) fn intern_apart(&mut self, content: Arc<K>) -> Result<u32, u32> {
        let number = self.numbers.take().ok_or(self.numbers.limit)?;
        self.bind(number, content);
        Ok(number)
    }

    /// Gives a content to a number that something in the tables already holds.
    pub(super) fn bind(&mut self, number: u32, content: Arc<K>) {
        self.numbers.retire(number);
        if !self.by_content.contains_key(&content) {
            self.by_content.insert(Arc::clone(&content), number);
        }
        self.by_number.insert(number, Entry { content, references: 0 });
    }

    pub(super) fn get(&self, number: u32) -> Option<&Arc<K>> {
        self.by_number.get(&number).map(|entry| &entry.content)
    }

    /// The number that a content is found by.
    pub(super) fn find(&self, content: &Arc<K>) -> Option<u32> {
        self.by_content.get(content).copied()
    }

    /// Adds a reference, and says whether it is the first.
    pub(super) fn retain(&mut self, number: u32) -> bool {
        let Some(entry) = self.by_number.get_mut(&number) else { return false };
        entry.references += 1;
        let first = entry.references == 1;
        if first {
            self.numbers.revive(number);
        }
        first
    }

    /// Takes a reference away, and says whether it was the last.
    pub(super) fn release(&mut self, number: u32) -> bool {
        let Some(entry) = self.by_number.get_mut(&number) else { return false };
        entry.references = entry.references.saturating_sub(1);
        let last = entry.references == 0;
        if last {
            self.numbers.retire(number);
        }
        last
    }

    /// The content is not to be found again: its next user gets another number.
    pub(super) fn forget(&mut self, number: u32) {
        if let Some(entry) = self.by_number.remove(&number)
            && self.by_content.get(&entry.content) == Some(&number)
        {
            self.by_content.remove(&entry.content);
        }
    }

    /// Frees the places that nobody refers to.
    pub(super) fn reclaim(&mut self) {
        for number in self.numbers.reclaim() {
            self.forget(number);
        }
    }

    /// Whether some contents wait for [`Interner::reclaim`].
    pub(super) fn has_unused(&self) -> bool {
        self.numbers.has_unused()
    }

    /// How many contents hold a place.
    pub(super) fn taken(&self) -> u32 {
        self.numbers.taken()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_reused_after_reclaim_only() {
        let mut interner = Interner::new(1, 3);
        let (a, fresh) = interner.intern(Arc::new("a")).unwrap();
        assert!(fresh && interner.retain(a));
        let (b, _) = interner.intern(Arc::new("b")).unwrap();
        assert!(interner.retain(b));
        assert_eq!(interner.intern(Arc::new("c")), Err(3));
        assert!(interner.release(a));
        assert_eq!(interner.intern(Arc::new("c")), Err(3), "retired, but not free");
        assert_eq!(interner.intern(Arc::new("a")), Ok((a, false)), "found again until reclaimed");
        interner.reclaim();
        assert_eq!(interner.intern(Arc::new("c")), Ok((a, true)));
    }

    #[test]
    fn reserved_numbers_are_left_alone() {
        let mut numbers = Numbers::new(1, 10);
        numbers.reserve(3);
        numbers.reserve(2);
        assert_eq!([numbers.take(), numbers.take(), numbers.take()], [Some(1), Some(4), Some(5)]);
        numbers.retire(3);
        assert!(numbers.reclaim().contains(&3));
        assert_eq!(numbers.take(), Some(3));
    }
}
