//! Which files of a commit differ in a tree that programs have worked in since.

use super::beneath::{open_dir, open_file, open_tree};
use super::error::WorkspaceError;
use super::ignored::Ignores;
use super::names::{join, shown};
use super::read::{EntryKind, each};
use super::repo::{Repo, tree_of};
use git2::{ObjectType, Oid};
use rustix::fs::{AtFlags, FileType, fstat, statat};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// Larger files are read piece by piece, by the library.
const LARGEST: u64 = 16 << 20;

/// What is asked of a tree.
pub struct Altered<'a> {
    /// The commit that was checked out.
    pub commit: &'a str,
    /// The commit whose `.gitignore` files say what is made by tools.
    pub ignore_from: &'a str,
    /// Names that are looked for in every directory of the commit, where the commit has none.
    pub planted: &'a [&'a str],
}

impl Repo {
    /// The paths of a commit's regular files that `pick` chooses (by path, and whether ignore rules cover it) and that are
    /// not as committed in `dir` any more: changed, gone, or something else than a file. Then the new files of the names
    /// asked for. Escaped for display. Nothing is followed, and nothing is written.
    pub fn altered(
        &self,
        dir: &Path,
        asked: &Altered<'_>,
        pick: impl Fn(&str, bool) -> bool,
    ) -> Result<Vec<String>, WorkspaceError> {
        let bare = self.open_git()?;
        let odb = bare.odb().map_err(WorkspaceError::git("opening the object store"))?;
        let ignores = Ignores::of(&bare, &tree_of(&bare, asked.ignore_from)?)?;
        let top = open_tree(dir)?;
        let mut found = Vec::new();
        let mut directories: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::from([(Vec::new(), BTreeSet::new())]);
        each(&bare, &tree_of(&bare, asked.commit)?, |path, kind, blob| {
            let (directory, name) = parted(path);
            directories.entry(directory.to_vec()).or_default().insert(name.to_vec());
            let file = matches!(kind, EntryKind::File | EntryKind::Executable);
            let name = shown(path);
            if file && pick(&name, ignores.covers(path)) {
                // An object that cannot be asked for its size is compared by reading.
                let size = odb.read_header(blob).ok().map(|(size, _)| size as u64);
                if blob_of(&top, path, size) != Some(blob) {
                    found.push(name);
                }
            }
            Ok(())
        })?;
        for (directory, names) in &directories {
            let Some(handle) = open(&top, directory) else { continue };
            for name in asked.planted.iter().filter(|name| !names.contains(name.as_bytes())) {
                let there = statat(&handle, *name, AtFlags::SYMLINK_NOFOLLOW);
                if !matches!(there, Err(Errno::NOENT)) {
                    found.push(shown(&join(directory, name.as_bytes())));
                }
            }
        }
        Ok(found)
    }
}

fn parted(path: &[u8]) -> (&[u8], &[u8]) {
    let at = path.iter().rposition(|byte| *byte == b'/');
    let directory = at.and_then(|at| path.get(..at)).unwrap_or_default();
    (directory, path.get(at.map_or(0, |at| at + 1)..).unwrap_or_default())
}

/// A directory beneath another. Whatever cannot be opened is not as it was.
fn open(top: &OwnedFd, path: &[u8]) -> Option<OwnedFd> {
    let mut handle = top.try_clone().ok()?;
    for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
        handle = open_dir(handle.as_fd(), part).ok()?;
    }
    Some(handle)
}

/// The blob id of a regular file beneath a directory, or `None` for anything else and for one of another size.
fn blob_of(top: &OwnedFd, path: &[u8], size: Option<u64>) -> Option<Oid> {
    let (directory, name) = parted(path);
    let file = open_file(open(top, directory)?.as_fd(), name).ok()?;
    let about = fstat(&file).ok()?;
    let length = u64::try_from(about.st_size).ok()?;
    if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile || size.is_some_and(|size| size != length) {
        return None;
    }
    if length > LARGEST {
        let handle = format!("/proc/self/fd/{}", file.as_raw_fd());
        return Oid::hash_file(ObjectType::Blob, handle).ok();
    }
    let mut bytes = Vec::new();
    File::from(file).take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    Oid::hash_object(ObjectType::Blob, &bytes).ok()
}
