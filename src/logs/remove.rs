//! Removes a log with everything that belongs to it.

use super::writer::sync_directory;
use super::{LogError, index_path, packed_path};
use std::io::ErrorKind;
use std::path::Path;

/// Removes the log at `path` in whichever form it is, its index and what the log channel kept beside it. What is absent
/// already is no error. An empty directory goes as well.
pub fn remove(path: &Path) -> Result<(), LogError> {
    let index = index_path(path);
    // The log goes before its index, so that no log without an index is ever seen.
    let fresh = [path, &index].map(super::close::fresh_path);
    let beside = ["state", "state.new"].map(|end| path.with_extension(end));
    let files = [packed_path(path), path.to_owned(), packed_path(&index), index];
    let mut any = false;
    for file in files.iter().chain(&fresh).chain(&beside) {
        match std::fs::remove_file(file) {
            Ok(()) => any = true,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(LogError::io(file, "remove it")(error)),
        }
    }
    if any {
        sync_directory(path)?;
    }
    match path.parent().map(std::fs::remove_dir) {
        Some(Err(error)) if ![ErrorKind::NotFound, ErrorKind::DirectoryNotEmpty].contains(&error.kind()) => {
            Err(LogError::io(path, "remove its directory")(error))
        }
        _ => Ok(()),
    }
}
