//! From where the caller is logged in, so that the controller can refuse to lock it out.

use std::fs;
use std::path::Path;

const VARIABLE: &str = "SSH_CONNECTION";

/// More ancestors than a login has; a bound, should /proc ever show a circle.
const ANCESTORS: usize = 64;

/// The caller's `SSH_CONNECTION`: from the environment, else from that of the nearest ancestor that has one. `sudo`
/// drops the variable, and it is with `sudo` that people lock themselves out. Set and empty says that there is none.
pub(super) fn connection() -> Option<String> {
    match std::env::var(VARIABLE) {
        Ok(value) => Some(value).filter(|value| !value.trim().is_empty()),
        Err(_) => of_ancestors(Path::new("/proc"), std::os::unix::process::parent_id()),
    }
}

fn of_ancestors(proc: &Path, parent: u32) -> Option<String> {
    let mut pid = parent;
    for _ in 0..ANCESTORS {
        if pid == 0 {
            return None;
        }
        let directory = proc.join(pid.to_string());
        if let Some(value) = fs::read(directory.join("environ")).ok().and_then(|environ| variable(&environ)) {
            return Some(value);
        }
        pid = parent_of(&fs::read_to_string(directory.join("stat")).ok()?)?;
    }
    None
}

fn variable(environ: &[u8]) -> Option<String> {
    environ
        .split(|&byte| byte == 0)
        .find_map(|entry| entry.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"="))
        .and_then(|value| String::from_utf8(value.to_vec()).ok())
        .filter(|value| !value.trim().is_empty())
}

/// The second field is the program's name in parentheses, and may hold anything, parentheses too.
fn parent_of(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(proc: &Path, pid: u32, parent: u32, environ: &[u8]) {
        let directory = proc.join(pid.to_string());
        fs::create_dir(&directory).expect("a directory");
        fs::write(directory.join("environ"), environ).expect("an environment");
        fs::write(directory.join("stat"), format!("{pid} (a ) b) S {parent} 1 1 0")).expect("a stat");
    }

    #[test]
    fn the_nearest_ancestor_that_has_one_counts() {
        let proc = tempfile::tempdir().expect("a directory");
        process(proc.path(), 30, 20, b"HOME=/root\0SUDO_USER=me\0");
        process(proc.path(), 20, 10, b"A=b\0SSH_CONNECTION=192.0.2.1 50000 192.0.2.2 22\0");
        process(proc.path(), 10, 0, b"SSH_CONNECTION=nearer wins\0");
        assert_eq!(of_ancestors(proc.path(), 30).as_deref(), Some("192.0.2.1 50000 192.0.2.2 22"));
    }

    #[test]
    fn none_is_found_on_a_console_and_in_a_circle() {
        let proc = tempfile::tempdir().expect("a directory");
        process(proc.path(), 3, 2, b"XSSH_CONNECTION=no\0SSH_CONNECTION=\0");
        process(proc.path(), 2, 3, b"");
        assert_eq!(of_ancestors(proc.path(), 3), None);
        assert_eq!(of_ancestors(proc.path(), 0), None);
        assert_eq!(of_ancestors(proc.path(), 4), None);
    }
}
