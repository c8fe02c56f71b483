//! The kernel programs, as embedded by the build script.

use thiserror::Error;

/// The object file with the kernel programs; empty in a binary that was built without them.
pub static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/firewall-ebpf.o"));

/// This binary was built without the kernel programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "this firewall-ctl was built without the kernel programs and cannot filter anything; \
     build it with `cargo xtask build`, and start that one"
)]
pub struct MissingObject;

/// The object file, or the reason why there is none to load.
pub fn object() -> Result<&'static [u8], MissingObject> {
    present(OBJECT)
}

fn present(object: &[u8]) -> Result<&[u8], MissingObject> {
    if object.is_empty() { Err(MissingObject) } else { Ok(object) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_is_none_and_the_error_says_how_to_get_one() {
        let error = present(&[]).unwrap_err();
        assert!(error.to_string().contains("`cargo xtask build`"), "{error}");
        assert_eq!(present(b"\x7fELF"), Ok(b"\x7fELF".as_slice()));
    }

    #[test]
    fn an_embedded_object_is_an_elf_file_at_an_aligned_address() {
        if let Ok(object) = object() {
            assert!(object.starts_with(b"\x7fELF"));
            assert_eq!(object.as_ptr().align_offset(8), 0);
        }
    }
}
