//! Where things are pinned. No other module makes a path below bpffs.
//!
//! ```text
//! <bpffs>/maps/NAME
//! <bpffs>/programs/NAME
//! <bpffs>/links/NUMBER-in, NUMBER-out, and NUMBER-in_next while one takes the place of another
//! <bpffs>/released/IFINDEX    a directory: emergency-detach was here, and no controller puts programs back by itself
//! ```
//! Links are named by attachment number, since bpffs allows no dot in a name and devices have some (`eth0.100`).

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// What the name of something ends with that waits to take the place of what has the name.
const NEXT: &str = "_next";

/// Which of an attachment's two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Leg {
    /// Judges what the device receives.
    In,
    /// Judges what the device sends.
    Out,
}

impl Leg {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::In, Self::Out];

    /// `in` or `out`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

impl std::fmt::Display for Leg {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

/// The directory of one controller on bpffs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pins {
    root: PathBuf,
}

impl Pins {
    /// Below a directory.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of the maps.
    #[must_use]
    pub fn maps(&self) -> PathBuf {
        self.root.join("maps")
    }

    /// A map.
    #[must_use]
    pub fn map(&self, name: &str) -> PathBuf {
        self.maps().join(name)
    }

    /// The directory of the programs.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.root.join("programs")
    }

    /// A program.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs().join(name)
    }

    /// Where a program waits to take the place of an older one.
    #[must_use]
    pub fn next_program(&self, name: &str) -> PathBuf {
        self.programs().join(format!("{name}{NEXT}"))
    }

    /// The directory of the links.
    #[must_use]
    pub fn links(&self) -> PathBuf {
        self.root.join("links")
    }

    /// A link.
    #[must_use]
    pub fn link(&self, number: u32, leg: Leg) -> PathBuf {
        self.links().join(format!("{number}-{leg}"))
    }

    /// Where a link waits to take the place of an older one.
    #[must_use]
    pub fn next_link(&self, number: u32, leg: Leg) -> PathBuf {
        self.links().join(format!("{number}-{leg}{NEXT}"))
    }

    /// The directory of the devices that were taken off in an emergency.
    fn released(&self) -> PathBuf {
        self.root.join("released")
    }

    /// Notes that the programs of a device were taken off in an emergency. bpffs holds no files of ours, but directories.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn release(&self, ifindex: u32) -> io::Result<()> {
        std::fs::create_dir_all(self.released().join(ifindex.to_string()))
    }

    /// Whether the programs of a device were taken off in an emergency.
    #[must_use]
    pub fn is_released(&self, ifindex: u32) -> bool {
        self.released().join(ifindex.to_string()).exists()
    }

    /// Takes back [`Pins::release`].
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn take_up(&self, ifindex: u32) -> io::Result<()> {
        ignore_missing(std::fs::remove_dir(self.released().join(ifindex.to_string())))
    }

    /// The pinned links, by attachment number. Names that are not ours are left out.
    ///
    /// # Errors
    /// The directory exists and cannot be read.
    pub fn list_links(&self) -> io::Result<Vec<(u32, Leg)>> {
        let mut links: Vec<_> = names(&self.links())?.iter().filter_map(|name| parse_link(name)).collect();
        links.sort_unstable();
        Ok(links)
    }

    /// The links that wait to take the place of others, as [`Pins::list_links`].
    ///
    /// # Errors
    /// The directory exists and cannot be read.
    pub fn list_next_links(&self) -> io::Result<Vec<(u32, Leg)>> {
        let names = names(&self.links())?;
        Ok(names.iter().filter_map(|name| parse_link(name.strip_suffix(NEXT)?)).collect())
    }

    /// Makes the directories.
    ///
    /// # Errors
    /// A directory cannot be made.
    pub fn make_directories(&self) -> io::Result<()> {
        [self.maps(), self.programs(), self.links()].iter().try_for_each(std::fs::create_dir_all)
    }

    /// Removes what is pinned under `maps` and `programs`.
    ///
    /// # Errors
    /// A pin cannot be removed.
    pub fn remove_maps_and_programs(&self) -> io::Result<()> {
        for directory in [self.programs(), self.maps()] {
            for name in names(&directory)? {
                std::fs::remove_file(directory.join(name))?;
            }
        }
        Ok(())
    }

    /// Removes the directories, which have to be empty. The root may be a mount point, and stays then.
    ///
    /// # Errors
    /// A directory is not empty.
    pub fn remove_directories(&self) -> io::Result<()> {
        for name in names(&self.released())? {
            ignore_missing(std::fs::remove_dir(self.released().join(name)))?;
        }
        for directory in [self.released(), self.links(), self.programs(), self.maps()] {
            ignore_missing(std::fs::remove_dir(directory))?;
        }
        match std::fs::remove_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Ok(()),
            result => ignore_missing(result),
        }
    }
}

/// Treats what is not there as removed.
pub(super) fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn parse_link(name: &str) -> Option<(u32, Leg)> {
    let (number, leg) = name.split_once('-')?;
    let leg = Leg::ALL.into_iter().find(|known| known.name() == leg)?;
    Some((number.parse().ok()?, leg))
}

/// Names in a directory; none when it does not exist.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    entries.map(|entry| entry.map(|entry| OsStr::to_string_lossy(&entry.file_name()).into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_again_by_their_name() {
        let pins = Pins::new(Path::new("/sys/fs/bpf/firewall"));
        for leg in Leg::ALL {
            let path = pins.link(12, leg);
            let name = path.file_name().and_then(OsStr::to_str).unwrap();
            assert!(!name.contains('.'));
            assert_eq!(parse_link(name), Some((12, leg)));
        }
        for other in ["", "12", "x-in", "12-up", "12-in-next", "12-in_next"] {
            assert_eq!(parse_link(other), None, "{other}");
        }
    }
}
