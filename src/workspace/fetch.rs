//! Bringing the engine's repository up to date with its source.

use super::beneath::path_shown;
use super::error::WorkspaceError;
use super::owned;
use super::program;
use super::repo::{Repo, is_full_id, open_source};
use super::source::{Source, redacted};
use super::transfer::copy;
use crate::domain::ProjectId;
use git2::{ErrorCode, Oid, Repository};
use std::collections::BTreeMap;
use std::path::Path;

/// Everything that is taken from a source: branches, tags, and what its HEAD names.
const REFSPECS: [&str; 3] =
    ["+HEAD:refs/source/HEAD", "+refs/heads/*:refs/source/heads/*", "+refs/tags/*:refs/source/tags/*"];

const SHALLOW: &str = "it is a shallow clone; run `git fetch --unshallow` in it first";
const EMPTY: &str = "it has no commits yet; commit something first";

impl Repo {
    /// Makes or updates `<repos_dir>/p<id>.git` from a source: a path, `https://`, `ssh://` or `user@host:path`.
    ///
    /// Branches, tags and HEAD arrive under `refs/source/`; the engine's own branches under `refs/heads/dogwatch/` stay.
    /// Refused are sources without commits and shallow ones. References of the source that lead nowhere, or are called as a
    /// commit's id is written, are passed over.
    pub fn fetch(repos_dir: &Path, project: ProjectId, source: &str) -> Result<Self, WorkspaceError> {
        let parsed = Source::parse(source)?;
        let (repo, _alone) = Self::make(repos_dir, project)?;
        let refused = |reason: &str| WorkspaceError::Source { name: redacted(source), reason: reason.into() };
        match &parsed {
            Source::Local(path) => repo.fetch_local(path, source)?,
            Source::Url(url) => {
                let mut arguments =
                    vec!["fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--", url];
                arguments.extend(REFSPECS);
                program::git(repo.path(), "fetch", url, &arguments)?;
            }
        }
        let bare = repo.open_git()?;
        if bare.is_shallow() {
            return Err(refused(SHALLOW));
        }
        let mut any = bare.references_glob("refs/source/*").map_err(WorkspaceError::git("reading the branches"))?;
        if any.next().is_none() {
            return Err(refused(EMPTY));
        }
        repo.sync()?;
        Ok(repo)
    }

    /// Takes everything from a repository on this machine, in this process.
    fn fetch_local(&self, path: &Path, source: &str) -> Result<(), WorkspaceError> {
        let bad = |reason: String| WorkspaceError::Source { name: redacted(source), reason };
        let origin = open_source(path).map_err(|error| bad(not_a_repository(&error)))?;
        owned::look(source, path, &origin)?;
        if is_shallow(&origin) {
            return Err(bad(SHALLOW.into()));
        }
        let wanted = offered(&origin).map_err(|error| bad(error.message().into()))?;
        if wanted.is_empty() {
            return Err(bad(EMPTY.into()));
        }
        let bare = self.open_git()?;
        let ids: Vec<Oid> = wanted.values().copied().collect();
        copy(&origin, &bare, &ids).map_err(|error| match error.code() {
            ErrorCode::NotFound => {
                bad(format!("something is missing in it ({}); `git fsck --full` in it tells more", error.message()))
            }
            _ => WorkspaceError::Git { what: format!("copying from {}", redacted(source)), error },
        })?;
        // Objects first: a reference must never be on the disk before what it names.
        self.sync()?;
        point(&bare, &wanted).map_err(WorkspaceError::git("setting the source's branches"))
    }
}

fn not_a_repository(error: &git2::Error) -> String {
    format!("not a git repository that can be read ({}); give the top of a clone", error.message())
}

/// A linked work tree is as shallow as the repository that it belongs to.
fn is_shallow(origin: &Repository) -> bool {
    let mark = std::fs::metadata(origin.commondir().join("shallow"));
    origin.is_shallow() || mark.is_ok_and(|mark| mark.len() > 0)
}

/// The source's HEAD, branches and tags by the names that they get here. Those that lead to nothing are left out, as git
/// itself does.
fn offered(origin: &Repository) -> Result<BTreeMap<String, Oid>, git2::Error> {
    let odb = origin.odb()?;
    let mut wanted = BTreeMap::new();
    for reference in origin.references_glob("refs/*")?.chain(Some(origin.find_reference("HEAD"))) {
        let reference = reference?;
        let Ok(name) = reference.name() else {
            tracing::warn!("a reference of {} is passed over: its name is not UTF-8", path_shown(origin.path()));
            continue;
        };
        if name.splitn(3, '/').nth(2).is_some_and(is_full_id) {
            tracing::warn!(
                "{name} of {} is passed over: its name could pass for a commit's id",
                path_shown(origin.path())
            );
            continue;
        }
        let here = match name.strip_prefix("refs/") {
            Some(short) if short.starts_with("heads/") || short.starts_with("tags/") => format!("refs/source/{short}"),
            Some(_) => continue,
            None => format!("refs/source/{name}"),
        };
        let target = reference.resolve().ok().and_then(|resolved| resolved.target());
        if let Some(id) = target.filter(|id| odb.exists(*id)) {
            wanted.insert(here, id);
        } else {
            tracing::warn!("{name} of {} is passed over: it leads nowhere", path_shown(origin.path()));
        }
    }
    Ok(wanted)
}

/// Makes `refs/source/` what the source has now. What vanished goes first: a branch may have become a directory of others.
fn point(bare: &Repository, wanted: &BTreeMap<String, Oid>) -> Result<(), git2::Error> {
    let mut there = BTreeMap::new();
    for reference in bare.references_glob("refs/source/*")? {
        let mut reference = reference?;
        match reference.name().ok().map(str::to_owned).filter(|name| wanted.contains_key(name)) {
            Some(name) => drop(there.insert(name, reference.target())),
            None => reference.delete()?,
        }
    }
    for (name, id) in wanted {
        if there.get(name) != Some(&Some(*id)) {
            bare.reference(name, *id, true, "dogwatch")?;
        }
    }
    Ok(())
}
