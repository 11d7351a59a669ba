//! Trees over real repositories.
#![allow(clippy::unwrap_used)]

use super::GitTrees;
use crate::config::ProjectConfig;
use crate::domain::{Millis, Project, ProjectId};
use crate::engine::ports::{Places, Trees};
use git2::{IndexEntry, IndexTime, Repository, Signature};
use std::path::Path;

/// A repository with one commit of these files; a name that ends in `@` is a link.
fn source(path: &Path, files: &[(&str, &str)]) {
    let repository = Repository::init(path).unwrap();
    let mut index = git2::Index::new().unwrap();
    repository.set_index(&mut index).unwrap();
    for (name, text) in files {
        let (name, mode) = name.strip_suffix('@').map_or((*name, 0o100_644), |name| (name, 0o120_000));
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
            path: name.as_bytes().to_vec(),
        };
        index.add(&entry).unwrap();
    }
    let tree = repository.find_tree(index.write_tree_to(&repository).unwrap()).unwrap();
    let who = Signature::now("x", "x@example.org").unwrap();
    repository.commit(Some("HEAD"), &who, &who, "x", &tree, &[]).unwrap();
}

#[tokio::test]
async fn a_report_place_that_the_work_replaced_is_met_when_the_report_is_read() {
    let room = tempfile::tempdir().unwrap();
    let place = |name: &str| room.path().join(name);
    source(&place("source"), &[("old/r.xml", "<testsuite/>"), ("reports@", "old")]);
    let places = Places { workspaces: place("w"), logs: place("l"), steps: place("s") };
    let trees = GitTrees::new(place("repos"), places, (0, 0));
    let source = place("source").to_str().unwrap().to_owned();
    let project = Project { id: ProjectId(1), name: "x".to_owned(), source, created: Millis(0) };
    let commit = trees.fetch(&project, None).await.unwrap();
    let text = "[image]\nreference = \"x\"\n[[suite]]\nname = \"unit\"\ncommand = \"true\"\nformat = \"junit\"\n\
                report = \"reports/*.xml\"\n";
    let config = ProjectConfig::parse(text, "dogwatch.toml").unwrap();
    let suite = &config.suites[0];
    trees.checkout(&project, &commit, &place("w/tree"), Some(suite), None).await.unwrap();
    let fault = trees.reports(&place("w/tree"), suite).await.unwrap().unwrap_err();
    assert!(fault.is_tampering(), "{fault}");
}
