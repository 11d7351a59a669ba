//! Which files of a commit differ in a tree that programs have worked in since.

use super::beneath::{open_dir, open_file, open_own};
use super::error::WorkspaceError;
use super::names::shown;
use super::read::EntryKind;
use super::repo::Repo;
use git2::{ObjectType, Oid};
use rustix::fs::{FileType, fstat};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Larger files are taken as altered rather than read.
const LARGEST: u64 = 16 << 20;

impl Repo {
    /// The paths of a commit's regular files that `pick` chooses and that are not as committed in `dir` any more: changed,
    /// gone, or something else than a file. Escaped for display. Nothing is followed, and nothing is written.
    pub fn altered(
        &self,
        commit: &str,
        dir: &Path,
        pick: impl Fn(&str) -> bool,
    ) -> Result<Vec<String>, WorkspaceError> {
        let top = open_own(dir)?;
        let mut found = Vec::new();
        for entry in self.list(commit)? {
            let path = shown(&entry.path);
            let file = matches!(entry.kind, EntryKind::File | EntryKind::Executable);
            if file && pick(&path) && blob_of(&top, &entry.path).is_none_or(|blob| blob != entry.blob) {
                found.push(path);
            }
        }
        Ok(found)
    }
}

/// The blob id of a regular file beneath a directory, or `None` for anything else.
fn blob_of(top: &OwnedFd, path: &[u8]) -> Option<String> {
    let mut parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let name = parts.pop()?;
    let mut parent = top.try_clone().ok()?;
    for part in parts {
        // Whatever cannot be opened is not as it was.
        parent = open_dir(parent.as_fd(), part).ok()?;
    }
    let file = open_file(parent.as_fd(), name).ok()?;
    let about = fstat(&file).ok()?;
    if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile {
        return None;
    }
    let mut bytes = Vec::new();
    File::from(file).take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > LARGEST {
        return None;
    }
    Oid::hash_object(ObjectType::Blob, &bytes).ok().map(|id| id.to_string())
}
