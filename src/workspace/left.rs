//! A text that a program left in its tree for the engine.

use super::beneath::{open_file, open_tree};
use super::error::WorkspaceError;
use super::names::shown;
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Reads a plain file at the top of a tree, `most` bytes at most; what is longer is cut and says so. Nothing where there is no
/// such file, or something else in its place: links are not followed, pipes and devices are not read.
pub fn left_text(tree: &Path, name: &str, most: u64) -> Result<Option<String>, WorkspaceError> {
    let directory = open_tree(tree)?;
    let fault = |error: std::io::Error| WorkspaceError::io(shown(name.as_bytes()), error);
    let handle = match open_file(&directory, name.as_bytes()) {
        Ok(handle) => handle,
        // Taken away from its owner, a socket, or a link: what the program left is no text.
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO | Errno::ACCESS | Errno::MLINK) => return Ok(None),
        Err(error) => return Err(fault(error.into())),
    };
    let stat = fstat(&handle).map_err(|error| fault(error.into()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::from(handle).take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(fault)?;
    let cut = bytes.len() as u64 > most;
    bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if cut {
        text.push_str("\n[cut here: there is room for ");
        text.push_str(&most.to_string());
        text.push_str(" bytes]\n");
    }
    Ok(Some(text))
}
