//! Reading commits: files, lists of entries, and what the project's rules about unsupported features need to see.

use super::beneath::MAX_DEPTH;
use super::error::WorkspaceError;
use super::ignored::RulesSize;
use super::names::{is_safe, join, shown};
use super::repo::{Repo, tree_of};
use git2::{ObjectType, Oid, Repository};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Entries of one commit that are looked at.
pub(super) const MAX_ENTRIES: usize = 200_000;
/// Entries that are named when a commit cannot be worked with.
const MAX_UNFIT: usize = 5;
/// Why a name is refused, and what to do.
pub(super) const UNSAFE: &str = "this name is never written to a disk: remove it from the project";
/// Why a submodule is refused, and what to do.
pub(super) const SUBMODULE: &str = "submodules are not supported: copy its content into the project";
/// Bytes of all attribute files of a commit.
const MAX_ATTRIBUTES: usize = 4 << 20;

/// What an entry of a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A plain file.
    File,
    /// A file with the executable bit.
    Executable,
    /// A symbolic link; the blob is its target.
    Link,
    /// A submodule; the id is a commit of another repository.
    Submodule,
}

/// One file, link or submodule of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as stored, separated by `/`; any bytes but NUL.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// The id of its blob in hexadecimal.
    pub blob: String,
}

/// What a commit brings along that decides whether it can be worked with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// The texts of `.gitmodules` and of all `.gitattributes`, as (path, content). What they mean for the project
    /// (submodules, large file storage) is decided elsewhere.
    pub special: Vec<(String, Vec<u8>)>,
    /// Entries that are never written to a disk, each with the rule and the remedy; the first few.
    pub unfit: Vec<String>,
}

impl EntryKind {
    pub(super) fn of(mode: i32) -> Self {
        match mode & 0o170_000 {
            0o120_000 => Self::Link,
            0o160_000 => Self::Submodule,
            _ if mode & 0o100 != 0 => Self::Executable,
            _ => Self::File,
        }
    }
}

impl Repo {
    /// The content of a file of a commit. Nothing when there is no such file (links and directories are none); an error
    /// when it has more than `cap` bytes.
    pub fn file(&self, commit: &str, path: &str, cap: usize) -> Result<Option<Vec<u8>>, WorkspaceError> {
        self.file_at(commit, path.as_bytes(), cap)
    }

    /// As [`Self::file`], for a path as it is stored.
    pub fn file_at(&self, commit: &str, path: &[u8], cap: usize) -> Result<Option<Vec<u8>>, WorkspaceError> {
        let bare = self.open_git()?;
        let tree = tree_of(&bare, commit)?;
        let Ok(entry) = tree.get_path(Path::new(OsStr::from_bytes(path))) else { return Ok(None) };
        if entry.kind() != Some(ObjectType::Blob) || EntryKind::of(entry.filemode()) == EntryKind::Link {
            return Ok(None);
        }
        blob(&bare, entry.id(), cap, path).map(Some)
    }

    /// Everything in a commit but directories, in the order of its tree.
    pub fn list(&self, commit: &str) -> Result<Vec<Entry>, WorkspaceError> {
        let bare = self.open_git()?;
        let tree = tree_of(&bare, commit)?;
        let mut found = Vec::new();
        each(&bare, &tree, |path, kind, id| {
            found.push(Entry { path: path.to_vec(), kind, blob: id.to_string() });
            Ok(())
        })?;
        Ok(found)
    }

    /// What must be known of a commit before it is worked with. What this refuses, a checkout would refuse later.
    pub fn survey(&self, commit: &str) -> Result<Survey, WorkspaceError> {
        let bare = self.open_git()?;
        let tree = tree_of(&bare, commit)?;
        let mut survey = Survey::default();
        let (mut rules, mut attributes) = (RulesSize::default(), 0);
        each(&bare, &tree, |path, kind, id| {
            let name = path.rsplit(|&b| b == b'/').next().unwrap_or_default();
            if kind != EntryKind::Submodule && (path == b".gitmodules" || name == b".gitattributes") {
                let text = blob(&bare, id, MAX_ATTRIBUTES - attributes, path)?;
                attributes += text.len();
                survey.special.push((shown(path), text));
            }
            if matches!(kind, EntryKind::File | EntryKind::Executable) && name == b".gitignore" {
                rules.add(&bare, id, path)?;
            }
            let why = if path.split(|&b| b == b'/').any(|part| !is_safe(part)) {
                UNSAFE
            } else if kind == EntryKind::Submodule {
                SUBMODULE
            } else {
                return Ok(());
            };
            if survey.unfit.len() < MAX_UNFIT {
                survey.unfit.push(format!("{}: {why}", shown(path)));
            }
            Ok(())
        })?;
        Ok(survey)
    }

    /// Symbolic links of a commit that lead out of its tree, as (path, target) escaped for display.
    pub fn escaping_links(&self, commit: &str) -> Result<Vec<(String, String)>, WorkspaceError> {
        let bare = self.open_git()?;
        let tree = tree_of(&bare, commit)?;
        let mut found = Vec::new();
        each(&bare, &tree, |path, kind, id| {
            if kind == EntryKind::Link {
                let target = blob(&bare, id, 4096, path)?;
                if escapes(path, &target) {
                    found.push((shown(path), shown(&target)));
                }
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// Whether a link at a path leads out of the tree by its own text. A link through another link is judged by that one.
fn escapes(path: &[u8], target: &[u8]) -> bool {
    if target.starts_with(b"/") {
        return true;
    }
    let mut depth = path.split(|&b| b == b'/').count() - 1;
    for part in target.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    false
}

/// The bytes of a blob, unless there are more than `cap`; the size is looked at before the content is loaded.
pub(super) fn blob(bare: &Repository, id: Oid, cap: usize, path: &[u8]) -> Result<Vec<u8>, WorkspaceError> {
    let what = || format!("reading {}", shown(path));
    let odb = bare.odb().map_err(WorkspaceError::git(what()))?;
    let (size, _) = odb.read_header(id).map_err(WorkspaceError::git(what()))?;
    if size > cap {
        return Err(WorkspaceError::TooLarge { what: shown(path), limit: format!("{cap} bytes") });
    }
    Ok(odb.read(id).map_err(WorkspaceError::git(what()))?.data().to_vec())
}

/// What is called for an entry: path, kind, blob.
type Visit<'a> = dyn FnMut(&[u8], EntryKind, Oid) -> Result<(), WorkspaceError> + 'a;

/// Calls back for every entry below a tree but directories, in order, within bounds of number and depth.
pub(super) fn each(
    bare: &Repository,
    tree: &git2::Tree<'_>,
    mut call: impl FnMut(&[u8], EntryKind, Oid) -> Result<(), WorkspaceError>,
) -> Result<(), WorkspaceError> {
    let mut count = 0;
    below(bare, tree, &[], 0, &mut count, &mut call)
}

fn below(
    bare: &Repository,
    tree: &git2::Tree<'_>,
    directory: &[u8],
    depth: usize,
    count: &mut usize,
    call: &mut Visit<'_>,
) -> Result<(), WorkspaceError> {
    if depth > MAX_DEPTH {
        return Err(WorkspaceError::TooLarge { what: shown(directory), limit: format!("{MAX_DEPTH} levels") });
    }
    for entry in tree {
        *count += 1;
        if *count > MAX_ENTRIES {
            return Err(WorkspaceError::TooLarge { what: "the tree".into(), limit: format!("{MAX_ENTRIES} entries") });
        }
        let path = join(directory, entry.name_bytes());
        if entry.filemode_raw() & 0o170_000 == 0o040_000 {
            let inner = bare.find_tree(entry.id()).map_err(WorkspaceError::git(format!("reading {}", shown(&path))))?;
            below(bare, &inner, &path, depth + 1, count, call)?;
        } else {
            call(&path, EntryKind::of(entry.filemode_raw()), entry.id())?;
        }
    }
    Ok(())
}
