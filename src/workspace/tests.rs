//! Tests of this room. Sources are made with the library, so that neither a git program nor an identity is needed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bounds;
mod delivery;
mod differences;
mod guided;
mod hostile;
mod owned;
mod packs;
mod removal;
mod sources;
mod trees;

use super::{Change, ChangeKind, Checkpoint, CheckpointSpec, Repo};
use crate::domain::{Millis, ProjectId};
use git2::{IndexEntry, IndexTime, Oid, Repository, Signature, Time};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A source with one commit, the engine's copy of it, and a place for work trees.
struct Bench {
    room: TempDir,
    repo: Repo,
    base: String,
}

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        let room = tempfile::tempdir().unwrap();
        source(&room.path().join("source"), files);
        let repo = Repo::fetch(&room.path().join("repos"), ProjectId(1), room.path().join("source").to_str().unwrap())
            .unwrap();
        let base = repo.resolve(None).unwrap();
        Self { room, repo, base }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    /// Writes the base commit to the work tree's place.
    fn tree(&self) -> PathBuf {
        let dir = self.path("tree");
        self.repo.checkout(&self.base, &dir, None).unwrap();
        dir
    }

    fn take(&self, dir: &Path) -> Checkpoint {
        self.take_with(dir, &self.base, &[])
    }

    fn take_with(&self, dir: &Path, parent: &str, exclude: &[String]) -> Checkpoint {
        let spec = CheckpointSpec {
            parent,
            ignore_from: &self.base,
            exclude,
            message: "iteration 1",
            time: Millis(1_700_000_000_123),
        };
        self.repo.checkpoint(dir, &spec).unwrap()
    }
}

/// Adds a commit with these files (and only these) to a repository, on its HEAD.
fn commit(repository: &Repository, files: &[(&str, &str)]) -> Oid {
    let mut index = git2::Index::new().unwrap();
    repository.set_index(&mut index).unwrap();
    for (path, text) in files {
        let mode = if path.strip_suffix(".sh").is_some() { 0o100_755 } else { 0o100_644 };
        let (path, mode) = path.strip_suffix("@link").map_or((*path, mode), |path| (path, 0o120_000));
        let zero = IndexTime::new(0, 0);
        let entry = IndexEntry {
            ctime: zero,
            mtime: zero,
            dev: 0,
            ino: 0,
            mode,
            uid: 0,
            gid: 0,
            file_size: 0,
            id: repository.blob(text.as_bytes()).unwrap(),
            flags: 0,
            flags_extended: 0,
            path: path.as_bytes().to_vec(),
        };
        index.add(&entry).unwrap();
    }
    let tree = repository.find_tree(index.write_tree_to(repository).unwrap()).unwrap();
    let who = Signature::new("Someone", "someone@example.org", &Time::new(1_600_000_000, 0)).unwrap();
    let parents: Vec<_> = repository.head().ok().map(|h| h.peel_to_commit().unwrap()).into_iter().collect();
    repository.commit(Some("HEAD"), &who, &who, "work", &tree, &parents.iter().collect::<Vec<_>>()).unwrap()
}

/// Makes a source repository with a work tree and one commit.
fn source(path: &Path, files: &[(&str, &str)]) -> Repository {
    super::repo::prepare_library();
    let mut options = git2::RepositoryInitOptions::new();
    options.external_template(false).initial_head("main");
    let repository = Repository::init_opts(path, &options).unwrap();
    commit(&repository, files);
    repository
}

fn kinds(changes: &[Change]) -> Vec<(&str, ChangeKind)> {
    changes.iter().map(|change| (change.path.as_str(), change.kind)).collect()
}

/// Runs the git program in a directory, or says why the caller must skip.
fn git_program(dir: &Path, arguments: &[&str]) -> Option<(bool, String)> {
    let output = std::process::Command::new("git")
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env_remove("HOME")
        .output();
    match output {
        Ok(output) => Some((
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )),
        Err(error) => {
            tracing::warn!(%error, "skipped: no git program on this machine to compare with");
            None
        }
    }
}
