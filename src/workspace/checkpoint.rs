//! Turning a work tree that an agent wrote into a commit of the engine's repository.

use super::beneath::open_tree;
use super::change::{Change, changes};
use super::error::WorkspaceError;
use super::ignored::Ignores;
use super::repo::{Repo, commit_id, tree_of};
use super::walk::{Found, Walk};
use crate::domain::Millis;
use git2::{ObjectType, Signature, Time};
use std::os::fd::AsFd;
use std::path::Path;

/// What a checkpoint is made from.
#[derive(Debug, Clone, Copy)]
pub struct CheckpointSpec<'a> {
    /// The commit that the new one follows. What it tracks always counts, ignored or not.
    pub parent: &'a str,
    /// The commit whose `.gitignore` files decide about untracked files, so that nothing is hidden by editing them.
    pub ignore_from: &'a str,
    /// Paths from the top whose untracked content never counts, such as kept caches. Naming `.git` here says that the
    /// engine itself put one there.
    pub exclude: &'a [String],
    /// The commit message.
    pub message: &'a str,
    /// The time of the commit; git keeps whole seconds.
    pub time: Millis,
}

/// A work tree as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The new commit, or the parent when nothing differs.
    pub commit: String,
    /// Its tree.
    pub tree: String,
    /// Whether the tree is the parent's.
    pub unchanged: bool,
    /// What differs from the parent, ordered by path.
    pub changes: Vec<Change>,
    /// Paths by which git could be made to run programs: anything that passes for `.git` unless it is as `git init` makes
    /// it, other directories that git takes for repositories and that are not as in the parent, and attribute files that
    /// name drivers and are not as in the `ignore_from` commit. Escaped for display; the list is bounded.
    pub planted: Vec<String>,
    /// Repositories as `git init` makes them. They were not taken either. Escaped for display; the list is bounded.
    pub remarks: Vec<String>,
    /// Paths that were not taken, with the reason in brackets. Escaped for display; the list is bounded.
    pub skipped: Vec<String>,
}

impl Repo {
    /// Takes the tree in `dir` as a commit. The same tree, parent, message and time give the same commit id, so the call
    /// may be repeated after a crash. No reference is changed.
    ///
    /// An error when the tree has too many entries, bytes or bytes of paths; anything that is merely odd is skipped and named.
    pub fn checkpoint(&self, dir: &Path, spec: &CheckpointSpec<'_>) -> Result<Checkpoint, WorkspaceError> {
        let bare = self.open_git()?;
        let old = tree_of(&bare, spec.parent)?;
        let ignores = Ignores::of(&bare, &tree_of(&bare, spec.ignore_from)?)?;
        let top = open_tree(dir)?;
        let mut walk = Walk::new(&bare, &ignores, spec.exclude)?;
        let tree = walk.run(top.as_fd(), old.id())?;
        let Found { planted, skipped, remarks } = walk.finish();
        let unchanged = tree == old.id();
        let new = bare.find_tree(tree).map_err(WorkspaceError::git("reading the new tree"))?;
        let commit = if unchanged {
            spec.parent.to_owned()
        } else {
            let git = || WorkspaceError::git("writing the commit");
            let seconds = spec.time.0.div_euclid(1000);
            let signature = Signature::new("dogwatch", "dogwatch@localhost", &Time::new(seconds, 0)).map_err(git())?;
            let parent = bare.find_commit(commit_id(&bare, spec.parent)?).map_err(git())?;
            let message = spec.message.replace('\0', " ");
            let text = bare.commit_create_buffer(&signature, &signature, &message, &new, &[&parent]).map_err(git())?;
            let odb = bare.odb().map_err(git())?;
            odb.write(ObjectType::Commit, &text).map_err(git())?.to_string()
        };
        if !unchanged {
            self.sync()?;
        }
        let changes = changes(&bare, &old, &new)?;
        Ok(Checkpoint { commit, tree: tree.to_string(), unchanged, changes, planted, remarks, skipped })
    }
}
