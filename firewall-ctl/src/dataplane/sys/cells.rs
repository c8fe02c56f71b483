//! Arrays of words in the kernel, mapped into memory: one aligned store publishes a policy.

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// A memory-mapped array of 64-bit words.
#[derive(Debug)]
pub(crate) struct Words {
    first: NonNull<u64>,
    count: usize,
}

// SAFETY: the words are only touched as atomics, from whichever thread.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

impl Words {
    /// Maps an array whose values are one or more words, and that was made with `BPF_F_MMAPABLE`.
    pub(crate) fn map(array: BorrowedFd<'_>, count: u32) -> io::Result<Self> {
        let count = count as usize;
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: the kernel chooses an address range that nothing of ours lies in.
        let first = unsafe { mmap(std::ptr::null_mut(), count * size_of::<u64>(), protection, flags, array, 0) }?;
        let first = NonNull::new(first.cast()).ok_or_else(|| io::Error::other("mmap answered with address 0"))?;
        Ok(Self { first, count })
    }

    fn word(&self, index: u32) -> Option<&AtomicU64> {
        let index = index as usize;
        if index >= self.count {
            return None;
        }
        // SAFETY: the mapping holds `count` words, and `index` is below.
        let word = unsafe { self.first.add(index) };
        // SAFETY: the mapping is page-aligned and lives as long as `self`; only atomics touch it on this side, and the
        // programs on the other side load it whole.
        Some(unsafe { AtomicU64::from_ptr(word.as_ptr()) })
    }

    /// The word at an index; zero beyond the end.
    pub(crate) fn load(&self, index: u32) -> u64 {
        self.word(index).map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// Stores a word, after everything that was written before. Beyond the end there is nothing to store, and the
    /// answer is `false`.
    pub(crate) fn store(&self, index: u32, value: u64) -> bool {
        let word = self.word(index);
        if let Some(word) = word {
            word.store(value, Ordering::Release);
        }
        word.is_some()
    }

    /// Adds to a word, if it is there.
    pub(crate) fn add(&self, index: u32, amount: u64) {
        if let Some(word) = self.word(index) {
            word.fetch_add(amount, Ordering::AcqRel);
        }
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.count).unwrap_or(u32::MAX)
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: the range is what `mmap` gave, and no reference into it outlives `self`.
        let _unmapped = unsafe { munmap(self.first.as_ptr().cast(), self.count * size_of::<u64>()) };
    }
}
