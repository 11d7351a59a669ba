//! Puts the single objects of the engine's own repository together into packs.
//!
//! Each iteration of a run adds objects, and none is ever taken away: what a run did can be shown, compared and gone back to for as
//! long as the engine has it. As single files they would be millions after a year; in a pack they are one, most of them kept as
//! differences. Nothing is lost on the way and nobody has to stand still: an object is taken away as a single one only after it was
//! read out of the pack that has it, on disk, and whoever misses the one finds the other.

use super::error::WorkspaceError;
use super::repo::{Repo, sync};
use crate::domain::Packed;
use git2::{Odb, Oid};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What git's own clean-up takes for a remnant of ours if we die in the middle.
const PREFIX: &str = "tmp_objdir-dogwatch-pack-";
/// Bytes of one block as the system counts them.
const BLOCK: u64 = 512;
/// The most objects of one pack, so that what is held in memory meanwhile has an end.
const MOST: usize = 20_000;

impl Repo {
    /// How many single objects there are.
    pub fn loose(&self) -> Result<usize, WorkspaceError> {
        Ok(singles(&self.objects())?.len())
    }

    /// Puts the single objects together. One that is damaged stays as it is.
    pub fn pack(&self) -> Result<Packed, WorkspaceError> {
        self.leavings()?;
        let mut packed = Packed::default();
        for batch in singles(&self.objects())?.chunks(MOST) {
            let these = self.pack_these(batch)?;
            packed.objects += these.objects;
            packed.saved += these.saved;
        }
        Ok(packed)
    }

    fn objects(&self) -> PathBuf {
        self.path().join("objects")
    }

    /// Removes what was begun and never finished. It is nobody's: only one engine works here, and one of these at a time.
    fn leavings(&self) -> Result<(), WorkspaceError> {
        for entry in read_dir(&self.objects())? {
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                super::remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }

    fn pack_these(&self, ids: &[Oid]) -> Result<Packed, WorkspaceError> {
        let git = || WorkspaceError::git("putting single objects into a pack");
        let objects = self.objects();
        let bare = self.open_git()?;
        let odb = bare.odb().map_err(git())?;
        let mut builder = bare.packbuilder().map_err(git())?;
        builder.set_threads(1);
        for id in ids {
            // Reading compares the content with the id; a loss of power may have left an empty file.
            if odb.read(*id).is_ok() {
                builder.insert_object(*id, None).map_err(git())?;
            }
        }
        if builder.object_count() == 0 {
            return Ok(Packed::default());
        }
        let staging = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&objects).map_err(io(&objects))?;
        let within = staging.path().join("pack");
        fs::create_dir(&within).map_err(io(&within))?;
        builder.write(&within, 0o400).map_err(git())?;
        let alone = Odb::new().map_err(git())?;
        alone.add_disk_alternate(&staging.path().to_string_lossy()).map_err(git())?;
        let mut there = Vec::with_capacity(ids.len());
        for id in ids {
            if alone.read(*id).is_ok() {
                there.push(*id);
            }
        }
        drop(alone);
        sync(&objects)?;
        let after = place(&within, &objects.join("pack"))?;
        sync(&objects)?;
        let mut before = 0;
        for id in &there {
            let path = single(&objects, *id);
            before += fs::metadata(&path).map_or(0, |seen| on_disk(&seen));
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(&path)(error)),
                _ => {}
            }
        }
        staging.close().map_err(io(&objects))?;
        Ok(Packed { objects: there.len(), saved: before.saturating_sub(after) })
    }
}

/// Moves a pack into place, and what makes it one, its index, last. Gives how many bytes they take.
fn place(from: &Path, to: &Path) -> Result<u64, WorkspaceError> {
    let mut files: Vec<PathBuf> = read_dir(from)?.into_iter().map(|entry| entry.path()).collect();
    files.sort_by_key(|path| path.extension().is_some_and(|ending| ending == "idx"));
    let mut bytes = 0;
    for file in files {
        let target = to.join(file.file_name().unwrap_or_default());
        bytes += on_disk(&fs::metadata(&file).map_err(io(&file))?);
        fs::rename(&file, &target).map_err(io(&target))?;
    }
    Ok(bytes)
}

/// What a file takes on disk in bytes, which for a small one is far more than its length.
fn on_disk(seen: &fs::Metadata) -> u64 {
    seen.blocks() * BLOCK
}

/// The ids of all single objects.
fn singles(objects: &Path) -> Result<Vec<Oid>, WorkspaceError> {
    let mut found = Vec::new();
    for dir in read_dir(objects)? {
        let Some(start) = dir.file_name().to_str().filter(|name| name.len() == 2).map(str::to_owned) else { continue };
        if u8::from_str_radix(&start, 16).is_err() {
            continue;
        }
        for entry in read_dir(&dir.path())? {
            let rest = entry.file_name();
            let id = rest
                .to_str()
                .filter(|rest| rest.len() == 38)
                .and_then(|rest| Oid::from_str(&format!("{start}{rest}")).ok());
            found.extend(id);
        }
    }
    found.sort();
    Ok(found)
}

fn single(objects: &Path, id: Oid) -> PathBuf {
    let name = id.to_string();
    let (dir, file) = name.split_at(2);
    objects.join(dir).join(file)
}

fn read_dir(dir: &Path) -> Result<Vec<fs::DirEntry>, WorkspaceError> {
    fs::read_dir(dir).and_then(Iterator::collect).map_err(io(dir))
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> WorkspaceError {
    move |error| WorkspaceError::io(super::beneath::path_shown(path), error)
}
