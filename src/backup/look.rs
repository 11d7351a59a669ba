//! Which backups there are, and whether one is still what it says.

use super::manifest::{self, Manifest};
use super::{BLOBS, BackupError, DATABASE, Name, blobs, io};
use crate::store::{Copied, examine};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A directory with the name of a backup.
#[derive(Debug)]
pub struct Found {
    /// Its name.
    pub name: Name,
    /// Where it is.
    pub dir: PathBuf,
    /// What it says of itself, or why it does not count.
    pub manifest: Result<Manifest, BackupError>,
}

/// All that are in a place, the newest first. Their databases are not looked into.
pub fn list(place: &Path) -> Result<Vec<Found>, BackupError> {
    let entries = match fs::read_dir(place) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(place)(error)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let dir = entry.map_err(io(place))?.path();
        let name = dir.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<Name>().ok());
        if let Some(name) = name {
            all.push(Found { name, manifest: fits(name, &dir), dir });
        }
    }
    all.sort_by_key(|found| std::cmp::Reverse(found.name));
    Ok(all)
}

/// Reads a manifest, and holds it and the size of the database to the directory.
fn fits(name: Name, dir: &Path) -> Result<Manifest, BackupError> {
    let bad = |reason: &str| BackupError::Bad { place: dir.to_owned(), reason: reason.to_owned() };
    let manifest = Manifest::read(dir)?;
    if manifest.name() != name {
        return Err(bad("its manifest is that of another one"));
    }
    let path = dir.join(DATABASE);
    let seen = fs::symlink_metadata(&path).map_err(io(&path))?;
    if !seen.is_file() || seen.len() != manifest.bytes {
        return Err(bad("its database has another size than it had"));
    }
    Ok(manifest)
}

/// The directory of a backup by its name in `place`, or else by its path.
pub fn find(place: &Path, wanted: &str) -> Result<PathBuf, BackupError> {
    let named = wanted.parse::<Name>().map(|name| place.join(name.to_string()));
    let dir = named.unwrap_or_else(|_| PathBuf::from(wanted));
    if dir.is_dir() {
        return Ok(dir);
    }
    Err(BackupError::Missing { name: wanted.to_owned(), place: place.to_owned() })
}

/// Reads a backup from end to end: digest, pages, schema, audit log, blobs. Gives how many blobs are damaged or missing.
pub fn check(dir: &Path) -> Result<(Manifest, Copied, u64), BackupError> {
    let bad = |reason: String| BackupError::Bad { place: dir.to_owned(), reason };
    let manifest = Manifest::read(dir)?;
    if manifest::measure(dir)? != (manifest.bytes, manifest.sha256.clone()) {
        return Err(bad("its database is not the one that was written".to_owned()));
    }
    let copied = examine(&dir.join(DATABASE), None).map_err(|error| bad(error.to_string()))?;
    if !manifest.ends_with(copied.head) || (manifest.epoch, &manifest.instance) != (copied.epoch, &copied.instance) {
        return Err(bad("its manifest is that of another database".to_owned()));
    }
    let damaged = blobs::damaged(&copied.blobs, &beside(dir));
    Ok((manifest, copied, damaged))
}

/// Where the blobs of a backup are.
pub(super) fn beside(dir: &Path) -> PathBuf {
    dir.parent().unwrap_or(Path::new("/")).join(BLOBS)
}
