//! What an agent's tree comes to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use super::trees::GitTrees;
use crate::config::ProjectConfig;
use crate::domain::{Millis, Project, ProjectId};
use crate::engine::ports::{PLAN_FILE, Places, Take, Trees};
use crate::workspace::volume;
use git2::{Repository, Signature, Time};
use rustix::fs::{FileType, Mode, OFlags, mkdirat, mknodat, openat};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn trees(room: &Path) -> (GitTrees, Project) {
    let place = |name: &str| room.join(name);
    let places = Places { workspaces: place("workspaces"), logs: place("logs"), steps: place("steps") };
    let source = place("source");
    let project = Project {
        id: ProjectId(1),
        name: "p".to_owned(),
        source: source.to_str().unwrap().to_owned(),
        created: Millis(0),
    };
    let repository = Repository::init(&source).unwrap();
    let who = Signature::new("Someone", "someone@example.org", &Time::new(1_600_000_000, 0)).unwrap();
    let mut files = repository.treebuilder(None).unwrap();
    files.insert("a", repository.blob(b"1").unwrap(), 0o100_644).unwrap();
    let tree = repository.find_tree(files.write().unwrap()).unwrap();
    repository.commit(Some("HEAD"), &who, &who, "work", &tree, &[]).unwrap();
    (GitTrees::new(place("repos"), places, (1000, 1000)), project)
}

#[tokio::test]
async fn a_tree_that_is_too_large_is_an_outcome_and_no_fault() {
    let room = tempfile::tempdir().unwrap();
    let (trees, project) = trees(room.path());
    let base = trees.fetch(&project, None).await.unwrap();
    let dir = room.path().join("workspaces/tree");
    trees.checkout(&project, &base, &dir, None, None).await.unwrap();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut at = rustix::fs::open(&dir, flags, Mode::empty()).unwrap();
    for _ in 0..14 {
        mkdirat(&at, "x".repeat(255), Mode::RWXU).unwrap();
        at = openat(&at, "x".repeat(255), flags, Mode::empty()).unwrap();
    }
    for n in 0..9_500 {
        mknodat(&at, format!("{n:0>255}"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    }
    let take = Take { parent: &base, base: &base, exclude: &[], message: "iteration 1", time: Millis(0) };
    let taken = trees.take(&project, &dir, &take).await.unwrap();
    assert_eq!((taken.commit.as_str(), taken.unchanged, taken.planted), (base.as_str(), true, Vec::new()));
    assert_eq!(taken.tree, trees.tree_of(&project, &base).await.unwrap());
    assert_eq!(taken.not_taken.as_deref(), Some("the work tree: more than 32 MiB in all paths together"));
}

#[tokio::test]
async fn a_report_in_a_tree_that_was_locked_is_read() {
    let room = tempfile::tempdir().unwrap();
    let (trees, _) = trees(room.path());
    let dir = room.path().join("tree");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("report.xml"), "<testsuites/>").unwrap();
    // Root reads it whatever the mode is, so the mode is looked at.
    fs::set_permissions(&dir, PermissionsExt::from_mode(0o0)).unwrap();
    let text = "version = 1\n[image]\nreference = \"a\"\n[[suite]]\nname = \"unit\"\ncommand = \"true\"\n\
                format = \"junit\"\nreport = \"report.xml\"\n[agent]\nname = \"command\"\ncommand = \"true\"\n";
    let config = ProjectConfig::parse(text, "dogwatch.toml").unwrap();
    let reports = trees.reports(&dir, &config.suites[0]).await.unwrap().unwrap();
    assert_eq!(reports.len(), 1);
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_plan_is_read_from_a_tree_that_a_start_of_the_machine_unmounted() {
    if let Err(why) = volume::possible() {
        eprintln!("skipped: trees have no file systems of their own here: {why}");
        return;
    }
    let room = tempfile::tempdir().unwrap();
    let (trees, project) = trees(room.path());
    let base = trees.fetch(&project, None).await.unwrap();
    let dir = room.path().join("workspaces/tree");
    trees.checkout(&project, &base, &dir, None, Some(64)).await.unwrap();
    assert!(volume::is_own(&dir).unwrap());
    fs::write(dir.join(PLAN_FILE), "1. mend\n").unwrap();
    rustix::mount::unmount(&dir, rustix::mount::UnmountFlags::NOFOLLOW).unwrap();
    let plan = trees.left(&dir, PLAN_FILE).await;
    trees.remove(&dir).await.unwrap();
    assert_eq!(plan.unwrap().as_deref(), Some("1. mend\n"));
}
