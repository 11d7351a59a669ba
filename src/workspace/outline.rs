//! What an agent should know of a commit before it reads: where the project's rules stand, and which files are large.

use super::error::WorkspaceError;
use super::names::shown;
use super::read::{EntryKind, blob, each};
use super::repo::{Repo, tree_of};
use git2::Oid;
use std::cmp::Reverse;

/// Where projects write rules for those who work in them, at the top of the tree.
const GUIDES: [&str; 4] = ["AGENTS.md", "CLAUDE.md", "GEMINI.md", "CONTRIBUTING.md"];
/// Bytes from which a file is worth a warning: some thousand lines.
const LARGE: usize = 40 * 1024;
/// Bytes beyond which a file is no source that anybody reads.
const LARGEST: usize = 4 * 1024 * 1024;
/// Most files that are looked into, the largest, and most that are named.
const CANDIDATES: usize = 40;
const NAMED: usize = 8;
/// Where binary files show that they are, as git judges it.
const HEAD: usize = 8000;

/// What a commit has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// Files with rules for work in the project.
    pub guides: Vec<String>,
    /// The largest text files with their lines, the largest first; paths are escaped for display.
    pub large: Vec<(String, u64)>,
}

impl Repo {
    /// The outline of a commit. Rules count as of `base`, so that no agent writes them for itself.
    pub fn outline(&self, base: &str, commit: &str) -> Result<Outline, WorkspaceError> {
        let git = self.open_git()?;
        let rules = tree_of(&git, base)?;
        let is_file = |name: &&str| rules.get_name(name).is_some_and(|entry| entry.filemode() & 0o170_000 == 0o100_000);
        let guides = GUIDES.into_iter().filter(is_file).map(str::to_owned).collect();
        let odb = git.odb().map_err(WorkspaceError::git("reading sizes of files"))?;
        let mut found: Vec<(usize, Vec<u8>, Oid)> = Vec::new();
        each(&git, &tree_of(&git, commit)?, |path, kind, id| {
            if matches!(kind, EntryKind::File | EntryKind::Executable) {
                let (size, _) = odb.read_header(id).map_err(WorkspaceError::git("reading the size of a file"))?;
                if (LARGE..=LARGEST).contains(&size) {
                    found.push((size, path.to_vec(), id));
                }
            }
            Ok(())
        })?;
        found.sort_by(|one, other| (Reverse(one.0), &one.1).cmp(&(Reverse(other.0), &other.1)));
        let mut large = Vec::new();
        for (_, path, id) in found.into_iter().take(CANDIDATES) {
            if large.len() >= NAMED {
                break;
            }
            let text = blob(&git, id, LARGEST, &path)?;
            let binary = text.iter().take(HEAD).any(|byte| *byte == 0);
            if !binary {
                large.push((shown(&path), text.split_inclusive(|byte| *byte == b'\n').count() as u64));
            }
        }
        Ok(Outline { guides, large })
    }
}
