//! Blobs beside backups: each once, a second name of the same file where the file system can do that, else a copy. A blob is called by
//! its content and never changed, so whatever is there once is there for all backups.

use super::{BackupError, io};
use crate::audit::hex;
use crate::store::{BlobName, files};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Whether a file of this size is there.
fn is_there(path: &Path, size: u64) -> bool {
    fs::symlink_metadata(path).is_ok_and(|seen| seen.is_file() && seen.len() == size)
}

/// Brings the blobs that are not in `to` there, and gives how many `from` does not have.
pub(super) fn bring(blobs: &[(BlobName, u64)], from: &Path, to: &Path) -> Result<u64, BackupError> {
    files::private_dir(to).map_err(io(to))?;
    let (mut missing, mut brought) = (0, false);
    for (name, size) in blobs {
        let (source, target) = (from.join(name.to_string()), to.join(name.to_string()));
        if is_there(&target, *size) {
            continue;
        }
        if !is_there(&source, *size) {
            missing += 1;
            continue;
        }
        one(&source, &target).map_err(io(&target))?;
        brought = true;
    }
    if brought {
        fs::File::open(to).and_then(|dir| dir.sync_all()).map_err(io(to))?;
    }
    Ok(missing)
}

fn one(source: &Path, target: &Path) -> std::io::Result<()> {
    match fs::remove_file(target) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Another file system, or one without second names; whatever else is wrong the copy says as well.
    if fs::hard_link(source, target).is_ok() {
        return Ok(());
    }
    files::replace(target, &fs::read(source)?)
}

/// How many of the blobs are missing in a directory or are not what their names say.
pub(super) fn damaged(blobs: &[(BlobName, u64)], dir: &Path) -> u64 {
    let whole = |name: &BlobName, size: u64| {
        let path = dir.join(name.to_string());
        is_there(&path, size) && fs::read(&path).is_ok_and(|bytes| hex(&Sha256::digest(&bytes)) == name.to_string())
    };
    blobs.iter().filter(|(name, size)| !whole(name, *size)).count() as u64
}
