//! Handing a result to the project's source as a branch.

use super::error::WorkspaceError;
use super::owned;
use super::program;
use super::repo::{Repo, commit_id, open_source, sync};
use super::rights::Rights;
use super::source::{Source, redacted};
use super::transfer::copy;
use git2::{Oid, Repository};
use std::path::Path;

/// A branch that was put into the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The branch's short name.
    pub branch: String,
    /// The commit it points at now.
    pub commit: String,
    /// Where it pointed before, if it was there and the source is on this machine.
    pub before: Option<String>,
}

impl Repo {
    /// Puts a commit into the source as a branch. No hook runs on this side, and none at all for a local source.
    ///
    /// Refused when the branch is checked out there, or holds commits that the new one does not contain (unless `force`).
    pub fn deliver_branch(
        &self,
        commit: &str,
        source: &str,
        branch: &str,
        force: bool,
    ) -> Result<Delivered, WorkspaceError> {
        let refused = refuses(branch);
        let name = format!("refs/heads/{branch}");
        if branch.starts_with('-') || branch == "HEAD" || !git2::Reference::is_valid_name(&name) {
            return Err(refused("this is not a proper branch name: choose another"));
        }
        if let Some(short) = branch.strip_prefix("refs/") {
            let short = short.strip_prefix("heads/").unwrap_or(short);
            return Err(refused(&format!("a branch is named without refs/heads/ in front: write {short}")));
        }
        let bare = self.open_git()?;
        let id = commit_id(&bare, commit)?;
        let before = match Source::parse(source)? {
            Source::Local(path) => {
                let target = open(&path, source)?;
                owned::look(source, &path, &target)?;
                let rights = Rights::of(&target).map_err(WorkspaceError::git("reading the source's configuration"))?;
                let put = || {
                    let target = open(&path, source)?;
                    owned::look(source, &path, &target)?;
                    self.quieten(&target)?;
                    self.put(id, &target, branch, force)
                };
                rights.give(put).map_err(|error| WorkspaceError::io(redacted(source), error))??
            }
            Source::Url(url) => {
                let refspec = format!("{}{commit}:{name}", if force { "+" } else { "" });
                let arguments = ["push", "--quiet", "--no-verify", "--", &url, &refspec];
                program::git(self.path(), "push to", &url, &arguments).map_err(|error| rejected(error, &refused))?;
                None
            }
        };
        Ok(Delivered { branch: branch.to_owned(), commit: commit.to_owned(), before })
    }

    /// Puts a commit into a repository on this machine as a branch; gives where that pointed before.
    fn put(&self, id: Oid, target: &Repository, branch: &str, force: bool) -> Result<Option<String>, WorkspaceError> {
        let (refused, name) = (refuses(branch), format!("refs/heads/{branch}"));
        if checked_out(target, &name)? {
            return Err(refused("it is checked out in the source: switch to another branch there first"));
        }
        copy(&self.open_git()?, target, &[id]).map_err(WorkspaceError::git("handing the commit over"))?;
        let before = target.refname_to_id(&name).ok();
        if let Some(old) = before
            && old != id
            && !force
            && !target.graph_descendant_of(id, old).map_err(WorkspaceError::git("comparing branches"))?
        {
            return Err(refused(
                "the source's branch of that name has commits that this one lacks: rename it there, or force",
            ));
        }
        // Only over what was looked at: a commit that came meanwhile must not vanish.
        let why = "dogwatch: deliver";
        let set = match before {
            Some(old) => target.reference_matching(&name, id, true, old, why),
            None => target.reference(&name, id, false, why),
        };
        set.map_err(WorkspaceError::git(format!("setting {name} in the source")))?;
        sync(target.commondir())?;
        Ok(before.map(|old| old.to_string()))
    }
}

fn open(path: &Path, source: &str) -> Result<Repository, WorkspaceError> {
    open_source(path).map_err(|error| WorkspaceError::Source {
        name: redacted(source),
        reason: format!("it cannot be opened ({})", error.message()),
    })
}

fn refuses(branch: &str) -> impl Fn(&str) -> WorkspaceError {
    move |reason| WorkspaceError::Refused { branch: branch.to_owned(), reason: reason.into() }
}

/// What the other side rejects, it rejects every time; anything else may be the way there.
fn rejected(error: WorkspaceError, refused: &dyn Fn(&str) -> WorkspaceError) -> WorkspaceError {
    match error {
        WorkspaceError::Program { reason, .. } if reason.contains("rejected]") => {
            refused(&format!("the source rejects it ({reason}): choose another branch, or force"))
        }
        error => error,
    }
}

/// Whether a branch is the HEAD of a repository's work tree or of one of its linked work trees.
fn checked_out(target: &Repository, name: &str) -> Result<bool, WorkspaceError> {
    let what = || WorkspaceError::git("looking at the source's work trees");
    let points = |repository: &Repository| {
        repository.find_reference("HEAD").is_ok_and(|head| head.symbolic_target_bytes() == Some(name.as_bytes()))
    };
    if !target.is_bare() && points(target) {
        return Ok(true);
    }
    for tree in target.worktrees().map_err(what())?.iter().flatten().flatten() {
        // A linked work tree whose directory is gone has nothing checked out.
        if let Ok(linked) = target.find_worktree(tree).and_then(|found| Repository::open_from_worktree(&found))
            && points(&linked)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
