//! What a directory takes on disk. Links are not followed, and what vanishes meanwhile takes nothing.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Bytes of one block as the system counts them.
const BLOCK: u64 = 512;

/// What the directory with all that is in it takes on disk; nothing where there is none.
pub fn size(dir: &Path) -> io::Result<u64> {
    let mut sum = 0;
    let mut waiting = vec![dir.to_owned()];
    while let Some(path) = waiting.pop() {
        match look(&path, &mut waiting) {
            Ok(size) => sum += size,
            // What is removed meanwhile takes nothing, and what is closed to the engine is the container's own.
            Err(error) if [ErrorKind::NotFound, ErrorKind::PermissionDenied].contains(&error.kind()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sum)
}

fn look(path: &Path, waiting: &mut Vec<std::path::PathBuf>) -> io::Result<u64> {
    let seen = fs::symlink_metadata(path)?;
    if seen.is_dir() {
        for entry in fs::read_dir(path)? {
            waiting.push(entry?.path());
        }
    }
    Ok(seen.blocks() * BLOCK)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn links_lead_nowhere() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("large"), vec![7; 1 << 20]).unwrap();
        let inside = tempfile::tempdir().unwrap();
        fs::create_dir(inside.path().join("a")).unwrap();
        fs::write(inside.path().join("a/b"), vec![7; 100_000]).unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.path().join("a/c")).unwrap();
        let size = size(inside.path()).unwrap();
        assert!((100_000..900_000).contains(&size), "{size}");
        assert_eq!(super::size(&inside.path().join("none")).unwrap(), 0);
    }
}
