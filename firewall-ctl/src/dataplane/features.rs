//! What the kernel has to be able to do, found out by trying.

use super::sys::{self, bpf};
use std::io;
use std::path::Path;

/// Something that the kernel lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this kernel ({running}) lacks {feature}, which Linux {since} and later have: {remedy}")]
pub struct MissingFeature {
    /// What is missing.
    pub feature: &'static str,
    /// The release that has it.
    pub since: &'static str,
    /// The release that runs.
    pub running: String,
    /// What to do.
    pub remedy: &'static str,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// Release of the kernel.
    pub release: String,
    /// Type information of the kernel itself.
    pub btf: bool,
    /// Arrays that can be mapped into memory.
    pub mmapable_arrays: bool,
    /// Longest-prefix-match tries.
    pub lpm_tries: bool,
    /// Ring buffers.
    pub ring_buffers: bool,
    /// Look-ups of many entries at once.
    pub batches: bool,
    /// A way to wait for running programs.
    pub grace_periods: bool,
    /// Links at TC; without them clsact is used.
    pub tcx: bool,
}

const UPGRADE: &str = "run a newer kernel";

impl Features {
    /// Tries everything out. Nothing of it stays.
    #[must_use]
    pub fn probe() -> Self {
        use bpf::{F_MMAPABLE, F_NO_PREALLOC, map_create, map_type};
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        let array = map_create(map_type::ARRAY, [4, 8], 1, F_MMAPABLE);
        let batches = array.as_ref().is_ok_and(|array| {
            use std::os::fd::AsFd as _;
            bpf::for_each_entry(array.as_fd(), |_: u32, _: u64| {}).is_ok()
        });
        Self {
            release,
            btf: Path::new("/sys/kernel/btf/vmlinux").exists(),
            mmapable_arrays: array.is_ok(),
            lpm_tries: map_create(map_type::LPM_TRIE, [8, 4], 1, F_NO_PREALLOC).is_ok(),
            ring_buffers: map_create(map_type::RINGBUF, [0, 0], 4096, 0).is_ok(),
            batches,
            grace_periods: sys::has_grace_period(),
            tcx: has_tcx(),
        }
    }

    /// Says what is missing of that without which nothing works.
    ///
    /// # Errors
    /// The first feature that is missing.
    pub fn check(&self) -> Result<(), MissingFeature> {
        let Self { release, btf, mmapable_arrays, lpm_tries, ring_buffers, batches, grace_periods, tcx: _ } = self;
        let rebuild = "boot one that was built with it";
        let table = [
            (*lpm_tries, "longest-prefix-match tries (BPF_MAP_TYPE_LPM_TRIE)", "4.11", UPGRADE),
            (*grace_periods, "membarrier(MEMBARRIER_CMD_GLOBAL)", "4.3", "boot without nohz_full"),
            (*btf, "its own type information (CONFIG_DEBUG_INFO_BTF)", "5.2", rebuild),
            (*mmapable_arrays, "memory-mapped arrays (BPF_F_MMAPABLE)", "5.5", UPGRADE),
            (*batches, "batched look-ups (BPF_MAP_LOOKUP_BATCH)", "5.6", UPGRADE),
            (*ring_buffers, "ring buffers (BPF_MAP_TYPE_RINGBUF)", "5.8", UPGRADE),
        ];
        match table.into_iter().find(|(is_there, ..)| !is_there) {
            None => Ok(()),
            Some((_, feature, since, remedy)) => {
                Err(MissingFeature { feature, since, running: release.clone(), remedy })
            }
        }
    }
}

/// Asks for the TCX programs of a device that does not exist: a kernel with TCX misses the device, one without it does not
/// know the question.
fn has_tcx() -> bool {
    match bpf::tcx_query(u32::MAX >> 1, bpf::attach_type::TCX_INGRESS) {
        Ok(_) => true,
        Err(error) => error.raw_os_error() == Some(libc::ENODEV) || error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_feature_is_named_with_its_release() {
        let all = Features {
            release: "6.6.0".to_owned(),
            btf: true,
            mmapable_arrays: true,
            lpm_tries: true,
            ring_buffers: true,
            batches: true,
            grace_periods: true,
            tcx: false,
        };
        assert_eq!(all.check(), Ok(()), "clsact does without TCX");
        for (broken, word) in [
            (Features { btf: false, ..all.clone() }, "BTF"),
            (Features { mmapable_arrays: false, ..all.clone() }, "BPF_F_MMAPABLE"),
            (Features { lpm_tries: false, ..all.clone() }, "LPM_TRIE"),
            (Features { ring_buffers: false, ..all.clone() }, "RINGBUF"),
            (Features { batches: false, ..all.clone() }, "LOOKUP_BATCH"),
            (Features { grace_periods: false, ..all.clone() }, "nohz_full"),
        ] {
            let text = broken.check().unwrap_err().to_string();
            assert!(text.contains(word) && text.contains("6.6.0"), "{text}");
        }
    }
}
