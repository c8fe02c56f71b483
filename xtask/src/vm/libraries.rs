//! The libraries that a program is linked with.

use crate::machine::{Here, Machine as _};
use anyhow::{Result, anyhow, bail};
use std::path::{Path, PathBuf};

/// Their paths, the loader's among them.
pub fn of(program: &Path) -> Result<Vec<PathBuf>> {
    let path = program.to_str().ok_or_else(|| anyhow!("{} is not UTF-8", program.display()))?;
    let output = Here.output(Path::new("ldd"), &[path]);
    parse(&output.map_err(|error| anyhow!("cannot tell the libraries of {path}: ldd: {error}"))?)
}

/// The paths in ldd's output, whose lines are `NAME => PATH (ADDRESS)`, or `PATH (ADDRESS)` for the loader. What the kernel
/// hands to each process has no path.
fn parse(output: &str) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for line in output.lines() {
        let path = line.split_once(" => ").map_or(line, |(_, path)| path).trim();
        if path == "not found" {
            bail!("a library is missing: {}", line.trim());
        }
        let path = path.split_once(" (").map_or(path, |(path, _)| path);
        if path.starts_with('/') {
            paths.push(PathBuf::from(path));
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_and_the_kernels_own_object_is_not() {
        let output = "\tlinux-vdso.so.1 (0x00007f)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\
                      \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let paths = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
        assert_eq!(parse(output).unwrap(), paths);
        assert_eq!(parse("\tstatically linked\n").unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_missing_library_is_named() {
        let error = parse("\tlibx.so.1 => not found\n").unwrap_err().to_string();
        assert!(error.contains("libx.so.1"), "{error}");
    }
}
