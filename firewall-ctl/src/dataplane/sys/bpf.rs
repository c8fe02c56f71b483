//! The bpf(2) commands that aya 0.14 does not offer, or only with a way out that we do not want: links by interface
//! index and without a fall-back to netlink, the order of programs at a hook, and look-ups in batches.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use zerocopy::{FromBytes, FromZeros as _, Immutable, IntoBytes};

/// Commands of bpf(2).
mod command {
    pub const MAP_CREATE: i32 = 0;
    pub const OBJ_PIN: i32 = 6;
    pub const OBJ_GET: i32 = 7;
    pub const PROG_GET_FD_BY_ID: i32 = 13;
    pub const OBJ_GET_INFO_BY_FD: i32 = 15;
    pub const PROG_QUERY: i32 = 16;
    pub const MAP_LOOKUP_BATCH: i32 = 24;
    pub const LINK_CREATE: i32 = 28;
    pub const LINK_UPDATE: i32 = 29;
    pub const LINK_GET_FD_BY_ID: i32 = 30;
    pub const LINK_GET_NEXT_ID: i32 = 31;
    pub const LINK_DETACH: i32 = 34;
}

/// Types of attachment.
pub(crate) mod attach_type {
    pub(crate) const XDP: u32 = 37;
    pub(crate) const TCX_INGRESS: u32 = 46;
    pub(crate) const TCX_EGRESS: u32 = 47;
}

/// Types of links.
mod link_type {
    pub const XDP: u32 = 6;
    pub const TCX: u32 = 11;
}

/// Types of maps that are probed for.
pub(crate) mod map_type {
    pub(crate) const ARRAY: u32 = 2;
    pub(crate) const PERCPU_ARRAY: u32 = 6;
    pub(crate) const LRU_PERCPU_HASH: u32 = 10;
    pub(crate) const LPM_TRIE: u32 = 11;
    pub(crate) const RINGBUF: u32 = 27;
}

/// Flag of a map: what is not written takes no memory. Tries require it.
pub(crate) const F_NO_PREALLOC: u32 = 1;
/// Flag of an array: it can be mapped into memory.
pub(crate) const F_MMAPABLE: u32 = 1 << 10;
/// Flag of an XDP link: behind the driver.
pub(crate) const XDP_SKB_MODE: u32 = 1 << 1;
/// Flag of an XDP link: in the driver.
pub(crate) const XDP_DRIVER_MODE: u32 = 1 << 2;
/// Flag of a TCX link: before all others.
pub(crate) const F_BEFORE: u32 = 1 << 3;
/// The programs at one hook of one device that the kernel allows (`BPF_MPROG_MAX`).
const MAX_PROGRAMS: usize = 64;

/// Runs a command.
///
/// # Safety
/// Every address in the attributes is that of memory that the command may read and write as it does.
unsafe fn bpf<A: IntoBytes + FromBytes + Immutable>(command: i32, attributes: &mut A) -> io::Result<i32> {
    let size = size_of::<A>();
    // SAFETY: the attributes live until the call returns, the kernel reads and writes `size` octets of them at most, and
    // the caller answers for what they refer to.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(i32::try_from(result).unwrap_or_default()) }
}

/// The file descriptor that a command has answered with.
fn owned(descriptor: i32) -> OwnedFd {
    // SAFETY: the kernel has just opened it for us, and nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

fn raw(descriptor: BorrowedFd<'_>) -> u32 {
    descriptor.as_raw_fd().unsigned_abs()
}

fn address<T: ?Sized>(of: &mut T) -> u64 {
    std::ptr::from_mut(of).cast::<u8>() as u64
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct MapCreate {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
}

/// Makes a map, to see whether the kernel can.
pub(crate) fn map_create(
    map_type: u32,
    [key_size, value_size]: [u32; 2],
    max_entries: u32,
    map_flags: u32,
) -> io::Result<OwnedFd> {
    let mut attributes = MapCreate { map_type, key_size, value_size, max_entries, map_flags };
    // SAFETY: no addresses in there.
    unsafe { bpf(command::MAP_CREATE, &mut attributes) }.map(owned)
}

#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct Object {
    pathname: u64,
    bpf_fd: u32,
    file_flags: u32,
}

/// Pins an object to a path of bpffs.
pub(crate) fn pin(object: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    let path = c_path(path)?;
    let mut attributes = Object { pathname: path.as_ptr() as u64, bpf_fd: raw(object), file_flags: 0 };
    // SAFETY: the path is a string with an end, and lives until the call returns.
    unsafe { bpf(command::OBJ_PIN, &mut attributes) }.map(drop)
}

/// Opens a pinned object.
pub(crate) fn get(path: &Path) -> io::Result<OwnedFd> {
    let path = c_path(path)?;
    let mut attributes = Object { pathname: path.as_ptr() as u64, bpf_fd: 0, file_flags: 0 };
    // SAFETY: the path is a string with an end, and lives until the call returns.
    unsafe { bpf(command::OBJ_GET, &mut attributes) }.map(owned)
}

#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct LinkCreate {
    prog_fd: u32,
    target_ifindex: u32,
    attach_type: u32,
    flags: u32,
    relative: u32,
    reserved: u32,
    expected_revision: u64,
}

/// Attaches a program to a device.
pub(crate) fn link_create(
    program: BorrowedFd<'_>,
    target_ifindex: u32,
    attach_type: u32,
    flags: u32,
) -> io::Result<OwnedFd> {
    let mut attributes = LinkCreate {
        prog_fd: raw(program),
        target_ifindex,
        attach_type,
        flags,
        relative: 0,
        reserved: 0,
        expected_revision: 0,
    };
    // SAFETY: no addresses in there.
    unsafe { bpf(command::LINK_CREATE, &mut attributes) }.map(owned)
}

#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct LinkUpdate {
    link_fd: u32,
    new_prog_fd: u32,
    flags: u32,
    old_prog_fd: u32,
}

/// Puts another program into a link.
pub(crate) fn link_update(link: BorrowedFd<'_>, program: BorrowedFd<'_>) -> io::Result<()> {
    let mut attributes = LinkUpdate { link_fd: raw(link), new_prog_fd: raw(program), flags: 0, old_prog_fd: 0 };
    // SAFETY: no addresses in there.
    unsafe { bpf(command::LINK_UPDATE, &mut attributes) }.map(drop)
}

#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct Identifier {
    id: u32,
    next: u32,
    open_flags: u32,
}

/// Takes the program of a link off its device, whoever holds the link.
pub(crate) fn link_detach(link: BorrowedFd<'_>) -> io::Result<()> {
    let mut attributes = Identifier { id: raw(link), next: 0, open_flags: 0 };
    // SAFETY: no addresses in there.
    unsafe { bpf(command::LINK_DETACH, &mut attributes) }.map(drop)
}

/// Opens a link by its identifier.
pub(crate) fn link_by_id(id: u32) -> io::Result<OwnedFd> {
    let mut attributes = Identifier { id, next: 0, open_flags: 0 };
    // SAFETY: no addresses in there.
    unsafe { bpf(command::LINK_GET_FD_BY_ID, &mut attributes) }.map(owned)
}

/// The identifiers of all links of the machine.
pub(crate) fn link_ids() -> io::Result<Vec<u32>> {
    let mut attributes = Identifier { id: 0, next: 0, open_flags: 0 };
    let mut ids = Vec::new();
    loop {
        // SAFETY: no addresses in there.
        match unsafe { bpf(command::LINK_GET_NEXT_ID, &mut attributes) } {
            Ok(_) => ids.push(attributes.next),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(ids),
            Err(error) => return Err(error),
        }
        attributes.id = attributes.next;
    }
}

#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct ObjectInfo {
    bpf_fd: u32,
    info_len: u32,
    info: u64,
}

/// Beginning of `struct bpf_link_info`.
#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct RawLinkInfo {
    kind: u32,
    id: u32,
    prog_id: u32,
    reserved: u32,
    /// XDP: the interface index. TCX: the interface index and the type of attachment.
    rest: [u32; 12],
}

/// What a link attaches where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkInfo {
    /// Identifier of the program.
    pub(crate) program: u32,
    /// Where it is attached.
    pub(crate) target: LinkTarget,
}

/// Where a link attaches its program. Interface index 0 says that the device is gone, or the program was detached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkTarget {
    /// XDP.
    Xdp { ifindex: u32 },
    /// TCX, with its [`attach_type`].
    Tcx { ifindex: u32, attach_type: u32 },
    /// No hook of network devices.
    Other,
}

/// Asks a link what it is.
pub(crate) fn link_info(link: BorrowedFd<'_>) -> io::Result<LinkInfo> {
    let mut info = RawLinkInfo::new_zeroed();
    let info_len = size_of::<RawLinkInfo>() as u32;
    let mut attributes = ObjectInfo { bpf_fd: raw(link), info_len, info: address(&mut info) };
    // SAFETY: the kernel writes `info_len` octets at most, and any octets are a value of the type.
    unsafe { bpf(command::OBJ_GET_INFO_BY_FD, &mut attributes) }?;
    let target = match info.kind {
        link_type::XDP => LinkTarget::Xdp { ifindex: info.rest[0] },
        link_type::TCX => LinkTarget::Tcx { ifindex: info.rest[0], attach_type: info.rest[1] },
        _ => LinkTarget::Other,
    };
    Ok(LinkInfo { program: info.prog_id, target })
}

/// Beginning of `struct bpf_prog_info`.
#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct RawProgramInfo {
    kind: u32,
    id: u32,
    tag: u64,
    jited_len: u32,
    xlated_len: u32,
    jited: u64,
    xlated: u64,
    load_time: u64,
    created_by: u32,
    map_count: u32,
    map_ids: u64,
    name: [u8; 16],
}

/// Identifier and name of a program; the kernel keeps 15 octets of the name.
pub(crate) fn program_name(program: BorrowedFd<'_>) -> io::Result<(u32, String)> {
    let mut info = RawProgramInfo::new_zeroed();
    let info_len = size_of::<RawProgramInfo>() as u32;
    let mut attributes = ObjectInfo { bpf_fd: raw(program), info_len, info: address(&mut info) };
    // SAFETY: the kernel writes `info_len` octets at most, and any octets are a value of the type.
    unsafe { bpf(command::OBJ_GET_INFO_BY_FD, &mut attributes) }?;
    let name: Vec<u8> = info.name.iter().copied().take_while(|octet| *octet != 0).collect();
    Ok((info.id, String::from_utf8_lossy(&name).into_owned()))
}

/// Opens a program by its identifier.
pub(crate) fn program_by_id(id: u32) -> io::Result<OwnedFd> {
    let mut attributes = Identifier { id, next: 0, open_flags: 0 };
    // SAFETY: no addresses in there.
    unsafe { bpf(command::PROG_GET_FD_BY_ID, &mut attributes) }.map(owned)
}

#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct Query {
    target_ifindex: u32,
    attach_type: u32,
    query_flags: u32,
    attach_flags: u32,
    prog_ids: u64,
    count: u32,
    reserved: u32,
    prog_attach_flags: u64,
    link_ids: u64,
    link_attach_flags: u64,
    revision: u64,
}

/// Identifiers of the programs at a TCX hook with those of their links (0 without one), in the order in which they run.
pub(crate) fn tcx_query(target_ifindex: u32, attach_type: u32) -> io::Result<Vec<(u32, u32)>> {
    let (mut programs, mut links) = ([0u32; MAX_PROGRAMS], [0u32; MAX_PROGRAMS]);
    let mut attributes = Query {
        target_ifindex,
        attach_type,
        query_flags: 0,
        attach_flags: 0,
        prog_ids: address(&mut programs),
        count: MAX_PROGRAMS as u32,
        reserved: 0,
        prog_attach_flags: 0,
        link_ids: address(&mut links),
        link_attach_flags: 0,
        revision: 0,
    };
    // SAFETY: both arrays have room for `count` identifiers.
    unsafe { bpf(command::PROG_QUERY, &mut attributes) }?;
    Ok(programs.into_iter().zip(links).take(attributes.count as usize).collect())
}

#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct Batch {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

/// Reads all entries of a hash, a trie or an array, a batch at a time. Entries that come and go meanwhile may be missed.
pub(crate) fn for_each_entry<K, V>(map: BorrowedFd<'_>, mut visit: impl FnMut(K, V)) -> io::Result<()>
where
    K: FromBytes,
    V: FromBytes,
{
    let mut broken = false;
    for_each_octets(map, [size_of::<K>(), size_of::<V>()], |key, value| {
        match (K::read_from_bytes(key), V::read_from_bytes(value)) {
            (Ok(key), Ok(value)) => visit(key, value),
            (Err(_), _) | (_, Err(_)) => broken = true,
        }
    })?;
    if broken { Err(io::Error::from(io::ErrorKind::InvalidData)) } else { Ok(()) }
}

/// As [`for_each_entry`], for keys and values of any size. Values of per-CPU maps are those of all possible CPUs, each
/// rounded up to 8 octets.
///
/// # Errors
/// The sizes are not the map's, or the kernel refuses.
pub(crate) fn for_each_octets(
    map: BorrowedFd<'_>,
    [key_size, value_size]: [usize; 2],
    mut visit: impl FnMut(&[u8], &[u8]),
) -> io::Result<()> {
    let wanted = [key_size, value_size].map(|size| size as u32);
    if map_sizes(map)? != wanted {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    // A batch ends at the end of a bucket of the hash: it has to hold the fullest one.
    let mut capacity = 4096usize;
    // The kernel's cursor: 4 octets, or a key where those are longer.
    let mut cursor = vec![0u8; key_size.max(size_of::<u32>())];
    let mut is_first = true;
    loop {
        let mut keys = vec![0u8; capacity * key_size];
        let mut values = vec![0u8; capacity * value_size];
        let mut next = cursor.clone();
        let mut attributes = Batch {
            in_batch: if is_first { 0 } else { address(cursor.as_mut_slice()) },
            out_batch: address(next.as_mut_slice()),
            keys: address(keys.as_mut_slice()),
            values: address(values.as_mut_slice()),
            count: capacity as u32,
            map_fd: raw(map),
            elem_flags: 0,
            flags: 0,
        };
        // SAFETY: `keys` and `values` have room for `count` entries of the map's sizes, which were just compared, and the
        // cursors have room for a key.
        let result = unsafe { bpf(command::MAP_LOOKUP_BATCH, &mut attributes) };
        let is_last = match result {
            Ok(_) => false,
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
            Err(error) if error.raw_os_error() == Some(libc::ENOSPC) => {
                capacity *= 2;
                continue;
            }
            Err(error) => return Err(error),
        };
        let entries = keys.chunks_exact(key_size).zip(values.chunks_exact(value_size));
        entries.take(attributes.count as usize).for_each(|(key, value)| visit(key, value));
        if is_last {
            return Ok(());
        }
        cursor = next;
        is_first = false;
    }
}

/// Beginning of `struct bpf_map_info`.
#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct RawMapInfo {
    kind: u32,
    id: u32,
    key_size: u32,
    value_size: u32,
}

/// Sizes of keys and values in a batch of a map.
fn map_sizes(map: BorrowedFd<'_>) -> io::Result<[u32; 2]> {
    let mut info = RawMapInfo::new_zeroed();
    let info_len = size_of::<RawMapInfo>() as u32;
    let mut attributes = ObjectInfo { bpf_fd: raw(map), info_len, info: address(&mut info) };
    // SAFETY: the kernel writes `info_len` octets at most, and any octets are a value of the type.
    unsafe { bpf(command::OBJ_GET_INFO_BY_FD, &mut attributes) }?;
    let is_per_cpu = matches!(info.kind, map_type::PERCPU_ARRAY | map_type::LRU_PERCPU_HASH);
    let values = if is_per_cpu { info.value_size.next_multiple_of(8) * possible_cpus()? } else { info.value_size };
    Ok([info.key_size, values])
}

/// CPUs that the kernel keeps per-CPU values for, there or not.
pub(crate) fn possible_cpus() -> io::Result<u32> {
    let cpus = aya::util::nr_cpus().map_err(|(_, error)| error)?;
    u32::try_from(cpus).map_err(io::Error::other)
}
