//! Atomic operations on map values. The target has no stable ones; these compile to single BPF instructions.

/// Changes the word if it still is `old`, and says whether it did.
///
/// # Safety
///
/// `word` points to an aligned word in a map value.
#[inline(always)]
pub unsafe fn compare_exchange(word: *mut u64, old: u64, new: u64) -> bool {
    #[cfg(target_arch = "bpf")]
    {
        use core::intrinsics::{AtomicOrdering::SeqCst, atomic_cxchg};
        // SAFETY: the caller's promise.
        let (_, changed) = unsafe { atomic_cxchg::<u64, { SeqCst }, { SeqCst }>(word, old, new) };
        changed
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        use core::sync::atomic::{AtomicU64, Ordering};
        // SAFETY: the caller's promise.
        let word = unsafe { AtomicU64::from_ptr(word) };
        word.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

/// Adds to a word.
///
/// # Safety
///
/// `word` points to an aligned word in a map value.
#[inline(always)]
pub unsafe fn add(word: *mut u64, amount: u64) {
    #[cfg(target_arch = "bpf")]
    {
        use core::intrinsics::{AtomicOrdering::SeqCst, atomic_xadd};
        // SAFETY: the caller's promise.
        unsafe { atomic_xadd::<u64, u64, { SeqCst }>(word, amount) };
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        use core::sync::atomic::{AtomicU64, Ordering};
        // SAFETY: the caller's promise.
        unsafe { AtomicU64::from_ptr(word) }.fetch_add(amount, Ordering::SeqCst);
    }
}
