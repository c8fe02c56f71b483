//! Reading a whole array of counters by one system call, which aya has no word for: a test reads them after every frame.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Sums over CPUs.
pub(super) fn sum<const N: usize>(values: impl IntoIterator<Item = [u64; N]>) -> [u64; N] {
    values.into_iter().fold([0; N], |mut sum, one| {
        sum.iter_mut().zip(one).for_each(|(sum, one)| *sum += one);
        sum
    })
}

/// `BPF_MAP_LOOKUP_BATCH` of `enum bpf_cmd`.
const MAP_LOOKUP_BATCH: libc::c_int = 24;

/// The part of `union bpf_attr` that is named `batch`.
#[repr(C)]
struct Attributes {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

/// Sums over all CPUs of an array of `N` numbers for each CPU, by index, for the first `count` indexes; those that are all
/// zero are left out.
pub(super) fn per_cpu_array<const N: usize>(map: BorrowedFd<'_>, count: u32) -> io::Result<Vec<(u32, [u64; N])>> {
    let cpus = aya::util::nr_cpus().map_err(|(_, error)| error)?;
    let mut keys = vec![0_u32; count as usize];
    let mut values = vec![0_u64; count as usize * cpus * N];
    let mut position = 0_u32;
    let mut attributes = Attributes {
        in_batch: 0,
        out_batch: (&raw mut position).addr() as u64,
        keys: keys.as_mut_ptr().addr() as u64,
        values: values.as_mut_ptr().addr() as u64,
        count,
        map_fd: map.as_raw_fd().cast_unsigned(),
        elem_flags: 0,
        flags: 0,
    };
    // SAFETY: the kernel writes `count` keys of four octets and `count` values, each of `N` numbers for every possible
    // CPU, which is what the vectors have room for; and the position, which is as large as a key.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, MAP_LOOKUP_BATCH, &raw mut attributes, size_of::<Attributes>()) };
    let error = io::Error::last_os_error();
    // The end of the array is said by ENOENT, after all of it has been read.
    if result != 0 && error.raw_os_error() != Some(libc::ENOENT) {
        return Err(error);
    }
    // Most rows are empty, and comparing octets is quicker than adding them up.
    let empty = vec![0; cpus * N];
    let rows = (0..).zip(values.chunks(cpus * N)).filter(|(_, row)| **row != *empty);
    Ok(rows.map(|(index, row)| (index, sum(row.chunks(N).map(|one| one.try_into().expect("chunks of N"))))).collect())
}
