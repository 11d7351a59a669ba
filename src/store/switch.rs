//! Puts another database in the place of the present one, so that a loss of power at any moment leaves the one or the other.
//!
//! Everything new lies whole in a directory beside, which is there from one rename on. Whoever takes the engine's lock next moves it
//! into place, however often that is cut short; what was there before is put aside, never removed.

use super::{Paths, files};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is being written.
pub(crate) const PARTS: &str = "restoring.new";
/// What is whole and has to be moved into place.
pub(crate) const WHOLE: &str = "restoring";
/// The file in there that names the directory for what was there before.
pub(crate) const NAME: &str = "aside";
/// Where what was there before is put, a directory each time.
pub(crate) const ASIDE: &str = "before-restore";
/// The checkpoints beside the audit log, which go with it.
pub(crate) const CHECKPOINTS: &str = "checkpoints";

fn named(database: &Path, name: &str) -> PathBuf {
    database.with_file_name(name)
}

fn ending(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Asked before each move; an error is as a loss of power at this moment.
type Power<'p> = &'p mut dyn FnMut() -> io::Result<()>;

/// Moves a file, and waits until that is on disk in both directories.
fn moved(from: &Path, to: &Path, power: Power<'_>) -> io::Result<()> {
    power()?;
    fs::rename(from, to)?;
    files::sync_dir(to)?;
    files::sync_dir(from)
}

/// Goes on with a restoration that was begun and cut short, if there is one. The engine's lock is held.
pub(super) fn finish(paths: &Paths) -> io::Result<()> {
    finish_by(paths, &mut || Ok(()))
}

/// The same as long as there is power.
pub(crate) fn finish_by(paths: &Paths, power: Power<'_>) -> io::Result<()> {
    let whole = named(&paths.database, WHOLE);
    if !is_there(&whole) {
        return Ok(());
    }
    let name = files::read_small(&whole.join(NAME))?.unwrap_or_default();
    let name = String::from_utf8(name).unwrap_or_default();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a restoration was begun here, and its file `aside` is damaged",
        ));
    }
    let aside = named(&paths.database, ASIDE).join(name);
    files::private_dir(&aside)?;
    files::sync_dir(&aside)?;
    let database = paths.database.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    if is_there(&whole.join(database)) {
        // A log belongs to its database: it goes first, and never to another one.
        for end in ["-wal", "-shm"] {
            let old = ending(&paths.database, end);
            if is_there(&old) {
                moved(&old, &ending(&aside.join(database), end), power)?;
            }
        }
        // The database comes last: as long as the new one is not in its place, all of this is gone through again.
        let checkpoints = named(&paths.database, CHECKPOINTS);
        for old in [&paths.chain_head, &checkpoints, &paths.database] {
            let name = old.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            let new = whole.join(name);
            if !is_there(&new) {
                continue;
            }
            if is_there(old) {
                moved(old, &aside.join(name), power)?;
            }
            moved(&new, old, power)?;
        }
    }
    power()?;
    fs::remove_dir_all(&whole)?;
    files::sync_dir(&whole)
}
