//! Carries what a setup made (`node_modules` and the like) through the image: stored outside of the tree, which is
//! replaced for every step, and linked back into it.

use super::spec::{KeepMode, ShimSpec};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Before the start: links what the image holds into the tree, where nothing of that name is there.
pub(crate) fn link(spec: &ShimSpec, store: &Path) -> Result<(), String> {
    if spec.keep_mode != KeepMode::Link {
        return Ok(());
    }
    for path in &spec.keep {
        let (kept, place) = (store.join(path), Path::new(&spec.work).join(path));
        if fs::symlink_metadata(&kept).is_err() || fs::symlink_metadata(&place).is_ok() {
            continue;
        }
        let made = parents(&place).and_then(|()| std::os::unix::fs::symlink(&kept, &place));
        made.map_err(|error| format!("cannot link {} to {}: {error}", place.display(), kept.display()))?;
    }
    Ok(())
}

/// After a good end: moves what the setup made out of the tree.
pub(crate) fn store(spec: &ShimSpec, store: &Path) -> Result<(), String> {
    if spec.keep_mode != KeepMode::Store {
        return Ok(());
    }
    for path in &spec.keep {
        let (kept, place) = (store.join(path), Path::new(&spec.work).join(path));
        let moved = parents(&kept).and_then(|()| relocate(&place, &kept)).and_then(|()| open_up(&kept));
        moved.map_err(|error| format!("cannot keep {}: {error}", place.display()))?;
    }
    Ok(())
}

/// Lets everybody read what is kept, and execute what its owner may: the setup ran as root, the steps do not.
fn open_up(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let mode = metadata.permissions().mode();
    let execute = if metadata.is_dir() || mode & 0o100 != 0 { 0o111 } else { 0 };
    let open = mode | 0o444 | execute;
    if open != mode {
        fs::set_permissions(path, Permissions::from_mode(open))?;
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            open_up(&entry?.path())?;
        }
    }
    Ok(())
}

fn parents(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Renames, or copies piece by piece where the two lie on different layers of the file system.
fn relocate(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        other => return other,
    }
    let metadata = fs::symlink_metadata(from)?;
    if metadata.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(from)?, to)?;
        fs::remove_file(from)
    } else if metadata.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            relocate(&from.join(&name), &to.join(&name))?;
        }
        fs::set_permissions(to, metadata.permissions())?;
        fs::remove_dir(from)
    } else if metadata.is_file() {
        fs::copy(from, to)?;
        fs::remove_file(from)
    } else {
        Err(io::Error::other(format!("{} is neither a file, a directory nor a link", from.display())))
    }
}
