//! What the programs say, through the ring buffer of aya-log.

use super::Dataplane;
use aya_log::EbpfLogger;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// Messages of the programs. The descriptor is readable when there are some; [`ProgramLog::flush`] hands them to the
/// logger of the process.
pub struct ProgramLog {
    descriptor: OwnedFd,
    flush: Box<dyn FnMut() + Send>,
}

impl ProgramLog {
    /// Hands over all messages that are there.
    pub fn flush(&mut self) {
        (self.flush)();
    }
}

impl AsRawFd for ProgramLog {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl AsFd for ProgramLog {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Dataplane {
    /// The messages of the programs; none when they are built without any.
    ///
    /// # Errors
    /// The ring buffer is there and cannot be opened.
    pub fn log(&self) -> Result<Option<ProgramLog>, aya_log::Error> {
        let program = self.programs.for_hook(super::Hook::Tcx, true);
        let id = super::sys::bpf::program_name(program.as_fd()).map(|(id, _)| id).unwrap_or_default();
        let mut logger = match EbpfLogger::init_from_id(id) {
            Err(aya_log::Error::MapNotFound | aya_log::Error::ProgramNotFound) => return Ok(None),
            logger => logger?,
        };
        let Ok(descriptor) = logger.as_fd().try_clone_to_owned() else { return Ok(None) };
        Ok(Some(ProgramLog { descriptor, flush: Box::new(move || logger.flush()) }))
    }
}
