//! Traffic control without TCX: filters of the clsact queueing discipline.
//!
//! A filter has no link: it stays until somebody deletes it. Ours has a fixed priority, before those that the kernel gives
//! out itself, and one of two fixed handles. Filters of the same priority run in the reverse of the order in which they
//! came; so one that others have got ahead of is put in front by adding it under its other handle, and only then taken
//! away under the first.

use super::device::exchange;
use super::pins::Leg;
use super::programs::Programs;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::tc::{TcAttribute, TcBpfFlags, TcFilterBpfOption, TcHandle, TcMessage, TcOption};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// The lowest that a filter can have.
const PRIORITY: u16 = 1;
const HANDLES: [u32; 2] = [0xf1e, 0xf1f];
/// `ETH_P_ALL`.
const ALL_PROTOCOLS: u16 = 3;

/// A filter of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filter {
    /// Identifier of its program.
    pub(super) program: u32,
    priority: u16,
    handle: u32,
    /// Whether no filter of others runs before it.
    pub(super) is_first: bool,
}

fn parent(leg: Leg) -> TcHandle {
    let minor = match leg {
        Leg::In => TcHandle::MIN_INGRESS,
        Leg::Out => TcHandle::MIN_EGRESS,
    };
    TcHandle { minor, ..TcHandle::CLSACT }
}

fn message(ifindex: u32, leg: Leg, priority: u16, handle: u32) -> TcMessage {
    let mut message = TcMessage::default();
    message.header.index = ifindex.cast_signed();
    message.header.parent = parent(leg);
    message.header.handle = TcHandle::from(handle);
    message.header.info = u32::from(priority) << 16 | u32::from(ALL_PROTOCOLS.to_be());
    message
}

/// Puts a program into our filter, making it if need be, and the filter before all others. There is no moment without it.
///
/// # Errors
/// The kernel has no clsact, a filter of another kind or protocol has our priority, or the device is gone.
pub(super) fn attach(ifindex: u32, leg: Leg, program: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    add_queueing_discipline(ifindex)?;
    let before = ours(ifindex, leg)?;
    let in_front = before.iter().find(|filter| filter.is_first && filter.priority == PRIORITY);
    let is_free = |handle: &&u32| before.iter().all(|filter| filter.handle != **handle);
    // Both are taken when an earlier call was interrupted; the kernel puts the new program into the filter then.
    let handle = in_front.map(|filter| filter.handle).or_else(|| HANDLES.iter().find(is_free).copied());
    let handle = handle.unwrap_or(HANDLES[0]);
    let mut message = message(ifindex, leg, PRIORITY, handle);
    let options = [
        TcFilterBpfOption::ProgFd(program.as_raw_fd().unsigned_abs()),
        TcFilterBpfOption::ProgName(name.to_owned()),
        TcFilterBpfOption::Flags(TcBpfFlags::DirectAction),
    ];
    message.attributes.push(TcAttribute::Kind("bpf".to_owned()));
    message.attributes.push(TcAttribute::Options(options.into_iter().map(TcOption::Bpf).collect()));
    // Without NLM_F_EXCL the program of a filter that is there already is replaced.
    exchange(RouteNetlinkMessage::NewTrafficFilter(message), NLM_F_CREATE)?;
    before.iter().filter(|filter| filter.handle != handle).try_for_each(|filter| delete(ifindex, leg, *filter))
}

fn add_queueing_discipline(ifindex: u32) -> io::Result<()> {
    let mut message = TcMessage::default();
    message.header.index = ifindex.cast_signed();
    message.header.handle = TcHandle { minor: 0, ..TcHandle::CLSACT };
    message.header.parent = TcHandle::CLSACT;
    message.attributes.push(TcAttribute::Kind("clsact".to_owned()));
    match exchange(RouteNetlinkMessage::NewQueueDiscipline(message), NLM_F_CREATE | NLM_F_EXCL) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map(drop),
    }
}

/// Our filter of a device.
///
/// # Errors
/// The kernel does not answer.
pub(super) fn find(ifindex: u32, leg: Leg) -> io::Result<Option<Filter>> {
    Ok(ours(ifindex, leg)?.first().copied())
}

/// Our filters of a device in the order in which they run. More than one is left by an interrupted call.
fn ours(ifindex: u32, leg: Leg) -> io::Result<Vec<Filter>> {
    let mut request = TcMessage::default();
    request.header.index = ifindex.cast_signed();
    request.header.parent = parent(leg);
    let answers = match exchange(RouteNetlinkMessage::GetTrafficFilter(request), NLM_F_DUMP) {
        // No queueing discipline, no filters.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOENT | libc::ENODEV)) => Vec::new(),
        answers => answers?,
    };
    let mut found = Vec::new();
    let mut is_first = true;
    // The kernel tells them as it runs them: by priority, and within one by their list.
    for answer in &answers {
        let RouteNetlinkMessage::NewTrafficFilter(answer) = answer else { continue };
        let priority = (answer.header.info >> 16) as u16;
        let handle = u32::from(answer.header.handle);
        // Every priority is announced by a message without a handle. Packets begin at chain 0.
        if handle == 0 || answer.attributes.iter().any(|attribute| matches!(attribute, TcAttribute::Chain(1..))) {
            continue;
        }
        match our_program(answer) {
            Some(program) => found.push(Filter { program, priority, handle, is_first }),
            None => is_first = false,
        }
    }
    Ok(found)
}

fn our_program(message: &TcMessage) -> Option<u32> {
    let options = message.attributes.iter().find_map(|attribute| match attribute {
        TcAttribute::Options(options) => Some(options),
        _ => None,
    })?;
    let (mut is_ours, mut program) = (false, None);
    for option in options {
        match option {
            TcOption::Bpf(TcFilterBpfOption::ProgName(name)) => is_ours = Programs::is_ours(name),
            TcOption::Bpf(TcFilterBpfOption::ProgId(id)) => program = Some(*id),
            _ => {}
        }
    }
    program.filter(|_| is_ours)
}

/// Deletes our filter, and says whether there was one. The queueing discipline stays: others may have filters there.
///
/// # Errors
/// The kernel refuses.
pub(super) fn detach(ifindex: u32, leg: Leg) -> io::Result<bool> {
    let filters = ours(ifindex, leg)?;
    filters.iter().try_for_each(|filter| delete(ifindex, leg, *filter))?;
    Ok(!filters.is_empty())
}

fn delete(ifindex: u32, leg: Leg, filter: Filter) -> io::Result<()> {
    let mut message = message(ifindex, leg, filter.priority, filter.handle);
    message.attributes.push(TcAttribute::Kind("bpf".to_owned()));
    exchange(RouteNetlinkMessage::DelTrafficFilter(message), 0).map(drop)
}
