//! What differs between two trees, path by path.

use super::error::WorkspaceError;
use super::names::shown;
use super::repo::{Repo, tree_of};
use git2::{Delta, DiffOptions, FileMode, Repository, Tree};

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or executable bit differs.
    Modified,
    /// It is gone.
    Deleted,
    /// A file became a link or the other way round.
    TypeChanged,
}

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path, escaped for display.
    pub path: String,
    /// The path as stored.
    pub raw: Vec<u8>,
    /// How it differs.
    pub kind: ChangeKind,
    /// Whether it is a symbolic link now (before, for one that is gone).
    pub link: bool,
}

impl Repo {
    /// What differs between two commits, ordered by path. Renames show as one path gone and one new.
    pub fn changes(&self, from: &str, to: &str) -> Result<Vec<Change>, WorkspaceError> {
        let bare = self.open_git()?;
        changes(&bare, &tree_of(&bare, from)?, &tree_of(&bare, to)?)
    }
}

pub(super) fn changes(bare: &Repository, from: &Tree<'_>, to: &Tree<'_>) -> Result<Vec<Change>, WorkspaceError> {
    let mut options = DiffOptions::new();
    options.include_typechange(true);
    let diff = bare
        .diff_tree_to_tree(Some(from), Some(to), Some(&mut options))
        .map_err(WorkspaceError::git("comparing two trees"))?;
    let mut found = Vec::new();
    for delta in diff.deltas() {
        let (kind, side) = match delta.status() {
            Delta::Added => (ChangeKind::Added, delta.new_file()),
            Delta::Deleted => (ChangeKind::Deleted, delta.old_file()),
            Delta::Typechange => (ChangeKind::TypeChanged, delta.new_file()),
            _ => (ChangeKind::Modified, delta.new_file()),
        };
        let raw = side.path_bytes().unwrap_or_default().to_vec();
        found.push(Change { path: shown(&raw), raw, kind, link: side.mode() == FileMode::Link });
    }
    found.sort_by(|a, b| a.raw.cmp(&b.raw));
    Ok(found)
}
