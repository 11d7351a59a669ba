//! Differences between commits as patches.

use super::error::WorkspaceError;
use super::repo::{Repo, tree_of};
use git2::{Diff, DiffFindOptions, DiffFormat, DiffOptions, Repository};

/// Longest patch that is made.
const MAX_PATCH: usize = 256 << 20;

impl Repo {
    /// The difference between two commits as a unified patch that `git apply` takes: binary contents included, renames
    /// found. The bytes are the project's and hostile to a terminal.
    pub fn diff(&self, from: &str, to: &str) -> Result<Vec<u8>, WorkspaceError> {
        let (patch, full) = self.printed(from, to, MAX_PATCH)?;
        if full {
            let limit = format!("{} MiB", MAX_PATCH >> 20);
            return Err(WorkspaceError::TooLarge { what: "the patch".into(), limit });
        }
        Ok(patch)
    }

    /// The beginning of that patch, about so many bytes, for reading.
    pub fn beginning_of_diff(&self, from: &str, to: &str, most: usize) -> Result<Vec<u8>, WorkspaceError> {
        let (mut patch, _full) = self.printed(from, to, most)?;
        patch.truncate(most);
        Ok(patch)
    }

    /// A patch, and whether it would be longer than so many bytes.
    fn printed(&self, from: &str, to: &str, most: usize) -> Result<(Vec<u8>, bool), WorkspaceError> {
        let bare = self.open_git()?;
        let diff = compare(&bare, from, to)?;
        let mut patch = Vec::new();
        let mut full = false;
        let printed = diff.print(DiffFormat::Patch, |_, _, line| {
            if matches!(line.origin(), '+' | '-' | ' ') {
                patch.push(line.origin() as u8);
            }
            patch.extend_from_slice(line.content());
            full = patch.len() > most;
            !full
        });
        if !full {
            printed.map_err(WorkspaceError::git("making the patch"))?;
        }
        Ok((patch, full))
    }

    /// A run's result as a patch against its base, for `git apply`.
    pub fn patch(&self, base: &str, commit: &str) -> Result<Vec<u8>, WorkspaceError> {
        self.diff(base, commit)
    }
}

fn compare<'r>(bare: &'r Repository, from: &str, to: &str) -> Result<Diff<'r>, WorkspaceError> {
    let mut options = DiffOptions::new();
    options.show_binary(true).id_abbrev(40).include_typechange(false);
    let (from, to) = (tree_of(bare, from)?, tree_of(bare, to)?);
    let mut diff = bare
        .diff_tree_to_tree(Some(&from), Some(&to), Some(&mut options))
        .map_err(WorkspaceError::git("comparing two commits"))?;
    diff.find_similar(Some(DiffFindOptions::new().renames(true))).map_err(WorkspaceError::git("finding renames"))?;
    Ok(diff)
}
