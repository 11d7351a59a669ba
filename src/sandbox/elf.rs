//! Whether an executable needs a dynamic loader: a reader for the one ELF program header that says so.
//!
//! Source: System V ABI, chapter "Object Files" (header and program header layouts of the 64-bit class).

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// Type of the program header that names the loader.
const PT_INTERP: u32 = 3;
/// Bytes of a 64-bit program header.
const HEADER_BYTES: u16 = 56;
/// More than this many headers is not an executable of ours.
const HEADERS_MAX: u16 = 512;
/// Longest path of a loader that is believed.
const INTERPRETER_MAX: u64 = 4096;

/// The loader that a 64-bit little-endian ELF file asks for; `None` for a static one. Anything else is `InvalidData`.
pub(super) fn interpreter(path: &Path) -> Result<Option<String>, Error> {
    let mut file = File::open(path)?;
    let mut head = [0_u8; 64];
    file.read_exact(&mut head)?;
    if head.get(..6) != Some(b"\x7fELF\x02\x01") {
        return Err(invalid("not a 64-bit little-endian ELF file"));
    }
    let table = u64_at(&head, 32)?;
    let (entry, count) = (u16_at(&head, 54)?, u16_at(&head, 56)?);
    if entry != HEADER_BYTES || count > HEADERS_MAX {
        return Err(invalid("unusual program headers"));
    }
    let mut headers = vec![0_u8; usize::from(entry) * usize::from(count)];
    file.seek(SeekFrom::Start(table))?;
    file.read_exact(&mut headers)?;
    for header in headers.chunks_exact(usize::from(entry)) {
        if u32_at(header, 0)? != PT_INTERP {
            continue;
        }
        let (offset, size) = (u64_at(header, 8)?, u64_at(header, 32)?);
        if size > INTERPRETER_MAX {
            return Err(invalid("the loader's path is too long"));
        }
        file.seek(SeekFrom::Start(offset))?;
        let mut name = Vec::new();
        Read::by_ref(&mut file).take(size).read_to_end(&mut name)?;
        let name = name.strip_suffix(b"\0").unwrap_or(&name);
        return match std::str::from_utf8(name) {
            Ok(text) if text.starts_with('/') => Ok(Some(text.to_owned())),
            _ => Err(invalid("the loader's path cannot be read")),
        };
    }
    Ok(None)
}

fn invalid(reason: &str) -> Error {
    Error::new(ErrorKind::InvalidData, reason)
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Error> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or_else(|| invalid("cut off"))
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Error> {
    bytes_at(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Error> {
    bytes_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, Error> {
    bytes_at(bytes, at).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    /// A file with one program header of the given type and the text it points to.
    fn sample(kind: u32, text: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0_u8; 120];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&1_u16.to_le_bytes());
        bytes[64..68].copy_from_slice(&kind.to_le_bytes());
        bytes[72..80].copy_from_slice(&120_u64.to_le_bytes());
        bytes[96..104].copy_from_slice(&u64::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(text);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Option<String>, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        interpreter(file.path())
    }

    #[test]
    fn the_loader_is_found() {
        assert_eq!(read(&sample(3, b"/lib64/ld.so\0")).unwrap().as_deref(), Some("/lib64/ld.so"));
        assert_eq!(read(&sample(1, b"/lib64/ld.so\0")).unwrap(), None);
        assert!(read(&sample(3, b"relative\0")).is_err());
        assert!(read(b"#!/bin/sh\n").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), magic: bool) {
            if magic && bytes.len() > 6 {
                bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
            }
            drop(read(&bytes));
        }
    }
}
