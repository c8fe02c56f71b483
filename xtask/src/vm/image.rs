//! The file system in memory that the virtual machine starts in.

use super::libraries;
use crate::machine::{Here, Machine as _};
use crate::workspace;
use anyhow::{Context as _, Result};
use cpio::newc::{self, ModeFileType};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// An archive of what the kernel unpacks: `cpio` in the format `newc`, not compressed.
pub struct Image {
    archive: Vec<u8>,
    /// Paths that are there, without the leading `/`.
    present: BTreeSet<String>,
}

impl Image {
    pub fn new() -> Self {
        Self { archive: Vec::new(), present: BTreeSet::new() }
    }

    /// Puts a device for characters in, by its numbers.
    pub fn device(&mut self, path: &str, [major, minor]: [u32; 2]) -> Result<()> {
        let entry = |entry: newc::Builder| {
            entry.mode(0o600).set_mode_file_type(ModeFileType::Char).rdev_major(major).rdev_minor(minor)
        };
        self.entry(path, entry, &[])
    }

    /// Puts a file in, with its permissions.
    pub fn file(&mut self, path: &str, mode: u32, content: impl AsRef<[u8]>) -> Result<()> {
        self.entry(path, |entry| entry.mode(mode).set_mode_file_type(ModeFileType::Regular), content.as_ref())
    }

    /// Puts a program in, without what only a debugger reads, and the libraries that it is linked with where it looks
    /// for them.
    pub fn program(&mut self, path: &str, program: &Path) -> Result<()> {
        for library in libraries::of(program)? {
            let at = library.to_str().with_context(|| format!("{} is not UTF-8", library.display()))?.to_owned();
            if !self.present.contains(at.trim_start_matches('/')) {
                let content = fs::read(&library).with_context(|| format!("cannot read {}", library.display()))?;
                self.file(&at, 0o755, content)?;
            }
        }
        self.file(path, 0o755, stripped(program)?)
    }

    /// Writes it out.
    pub fn write(self, path: &Path) -> Result<()> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut file = BufWriter::new(file);
        let written = file.write_all(&self.archive).and_then(|()| newc::trailer(&mut file)?.flush());
        written.with_context(|| format!("cannot write {}", path.display()))
    }

    /// Puts something in, and the directories that it is in before.
    fn entry(
        &mut self,
        path: &str,
        describe: impl FnOnce(newc::Builder) -> newc::Builder,
        content: &[u8],
    ) -> Result<()> {
        let path = path.trim_start_matches('/');
        for (end, _) in path.match_indices('/') {
            if self.present.insert(path[..end].to_owned()) {
                let directory =
                    newc::Builder::new(&path[..end]).mode(0o755).set_mode_file_type(ModeFileType::Directory);
                directory.write(&mut self.archive, 0).finish()?;
            }
        }
        self.present.insert(path.to_owned());
        let length = u32::try_from(content.len()).with_context(|| format!("{path} is too large for the archive"))?;
        let mut writer = describe(newc::Builder::new(path)).write(&mut self.archive, length);
        writer.write_all(content)?;
        writer.finish()?;
        Ok(())
    }
}

/// A program's content without what only a debugger reads, which is most of it.
fn stripped(program: &Path) -> Result<Vec<u8>> {
    let path = workspace::root().join("target/vm/stripped");
    let (from, to) = (program.to_str(), path.to_str());
    let (from, to) = from.zip(to).with_context(|| format!("{} is not UTF-8", program.display()))?;
    Here.output(Path::new("strip"), &["--strip-debug", "-o", to, from])
        .map_err(|error| anyhow::anyhow!("cannot strip {from}: {error} (strip is in the package binutils)"))?;
    let content = fs::read(&path).with_context(|| format!("cannot read {to}"))?;
    fs::remove_file(&path).with_context(|| format!("cannot remove {to}"))?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read as _};

    #[test]
    fn directories_come_before_what_is_in_them_and_once() {
        let mut image = Image::new();
        image.file("/a/b/one", 0o644, "1").unwrap();
        image.file("/a/b/two", 0o755, "22").unwrap();
        image.device("/a/console", [5, 1]).unwrap();
        newc::trailer(&mut image.archive).unwrap();
        let mut input = Cursor::new(image.archive);
        let mut found = Vec::new();
        loop {
            let mut reader = newc::Reader::new(input).unwrap();
            if reader.entry().is_trailer() {
                break;
            }
            let mut content = String::new();
            reader.read_to_string(&mut content).unwrap();
            found.push(format!("{} {:o} {content}", reader.entry().name(), reader.entry().mode()));
            input = reader.finish().unwrap();
        }
        assert_eq!(found, ["a 40755 ", "a/b 40755 ", "a/b/one 100644 1", "a/b/two 100755 22", "a/console 20600 "]);
    }
}
