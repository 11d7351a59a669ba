//! Makes a backup: aside, synced, read from end to end, and only then under its name.

use super::manifest::{self, Manifest};
use super::{BLOBS, BackupError, DATABASE, Name, blobs, io};
use crate::domain::Millis;
use crate::store::{Room, Store, examine, files};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const MIB: u64 = 1 << 20;
/// Held by whoever makes or removes backups in a place.
const LOCK: &str = ".lock";
/// What is not one yet.
const MAKING: &str = ".making";
/// How the name of one begins that is being removed.
pub(super) const GOING: &str = ".going-";

/// A backup that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its name.
    pub name: Name,
    /// Its directory.
    pub dir: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// The right to change what is in a place, until it is dropped.
pub(super) struct Turn {
    _lock: File,
}

impl Turn {
    /// Makes the place where it is missing, waits for whoever changes it now, and removes what was cut short.
    pub(super) fn take(place: &Path) -> Result<Self, BackupError> {
        files::private_dir(place).map_err(io(place))?;
        let path = place.join(LOCK);
        let lock = files::private_file(&path).map_err(io(&path))?;
        lock.lock().map_err(io(&path))?;
        remove(&place.join(MAKING))?;
        for entry in fs::read_dir(place).map_err(io(place))? {
            let entry = entry.map_err(io(place))?;
            if entry.file_name().to_string_lossy().starts_with(GOING) {
                remove(&entry.path())?;
            }
        }
        Ok(Self { _lock: lock })
    }
}

/// Removes a directory, if it is there.
pub(super) fn remove(dir: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io(dir)(error)),
        _ => Ok(()),
    }
}

/// Makes a backup of a store, whose blobs lie in `from`, in `place`. `reserve` bytes and as much again stay free.
pub fn make(store: &Store, from: &Path, place: &Path, reserve: u64, now: Millis) -> Result<Made, BackupError> {
    let _turn = Turn::take(place)?;
    has_room(place, store.bytes()?, reserve)?;
    let making = place.join(MAKING);
    let made = write(store, from, place, &making, now);
    if made.is_err() {
        // The reason is what counts; the next one begins by removing it.
        drop(remove(&making));
    }
    made
}

/// Refuses what would leave too little: the engine's own records go first.
pub(super) fn has_room(place: &Path, need: u64, reserve: u64) -> Result<(), BackupError> {
    let kept = reserve.saturating_mul(2);
    let free = Room::of(&place.join(DATABASE), 0).map_err(io(place))?.free;
    if free >= need.saturating_add(kept) {
        return Ok(());
    }
    let (need, free, reserve) = (need.div_ceil(MIB), free / MIB, kept / MIB);
    Err(BackupError::NoRoom { place: place.to_owned(), need, free, reserve })
}

fn write(store: &Store, from: &Path, place: &Path, making: &Path, now: Millis) -> Result<Made, BackupError> {
    files::private_dir(making).map_err(io(making))?;
    let database = making.join(DATABASE);
    let file = files::private_file(&database).map_err(io(&database))?;
    store.copy_to(&database)?;
    file.sync_all().map_err(io(&database))?;
    let copied = examine(&database, None)?;
    let missing = blobs::bring(&copied.blobs, from, &place.join(BLOBS))?;
    let manifest = Manifest::of(&copied, now, manifest::measure(making)?, missing);
    manifest.write(making)?;
    let (name, dir) = (manifest.name(), place.join(manifest.name().to_string()));
    match fs::rename(making, &dir) {
        Ok(()) => {}
        // One of the same second and the same event: nothing happened in between.
        Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
            remove(making)?;
        }
        Err(error) => return Err(io(&dir)(error)),
    }
    files::sync_dir(&dir).map_err(io(place))?;
    Ok(Made { name, dir, manifest })
}
