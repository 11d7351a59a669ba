//! Branches put into sources.

use super::{Bench, commit};
use crate::workspace::WorkspaceError;
use crate::workspace::rights::own_mask;
use git2::Repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const BRANCH: &str = "dogwatch/run-1";

fn worked(bench: &Bench, text: &str) -> String {
    let dir = bench.tree();
    fs::write(dir.join("a"), text).unwrap();
    bench.take(&dir).commit
}

#[test]
fn a_branch_reaches_a_work_tree_source_without_its_hooks() {
    let bench = Bench::new(&[("a", "1")]);
    let source = bench.path("source");
    let marker = bench.path("marker");
    for hook in ["reference-transaction", "post-receive", "update", "pre-receive"] {
        fs::create_dir_all(source.join(".git/hooks")).unwrap();
        let hook = source.join(".git/hooks").join(hook);
        fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", marker.display())).unwrap();
        fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let first = worked(&bench, "2");
    let deliver = |commit: &str, force| bench.repo.deliver_branch(commit, source.to_str().unwrap(), BRANCH, force);
    let done = deliver(&first, false).unwrap();
    assert_eq!((done.commit.as_str(), done.before), (first.as_str(), None));
    let origin = Repository::open(&source).unwrap();
    let tip = || origin.find_reference("refs/heads/dogwatch/run-1").unwrap().peel_to_commit().unwrap().id().to_string();
    assert_eq!(tip(), first);
    assert_eq!(deliver(&first, false).unwrap().before.as_deref(), Some(first.as_str()), "repeating is harmless");
    let other = worked(&bench, "3");
    assert!(matches!(deliver(&other, false), Err(WorkspaceError::Refused { .. })));
    assert_eq!(tip(), first);
    assert_eq!(deliver(&other, true).unwrap().before, Some(first));
    assert_eq!(tip(), other);
    assert!(!marker.exists());
}

/// Objects in the packs of a repository, pack by pack.
fn packed(repository: &Repository) -> Vec<u32> {
    let packs = fs::read_dir(repository.path().join("objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    let sizes = packs.filter(|path| path.extension().is_some_and(|end| end == "pack")).map(|path| {
        // "PACK", the version, the number of objects; four bytes each.
        u32::from_be_bytes(fs::read(path).unwrap()[8..12].try_into().unwrap())
    });
    sizes.collect()
}

/// The files of a repository's single objects.
fn single(repository: &Repository) -> BTreeSet<PathBuf> {
    let dirs = fs::read_dir(repository.path().join("objects")).unwrap().map(|entry| entry.unwrap().path());
    let dirs = dirs.filter(|path| path.file_name().is_some_and(|name| name.len() == 2));
    dirs.flat_map(|dir| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path())).collect()
}

/// What git's own program thinks of a repository.
fn sound(repository: &Repository) {
    let mut check = std::process::Command::new("git");
    let check = check.arg("-C").arg(repository.path()).args(["fsck", "--full", "--strict"]).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn only_what_is_new_is_written_into_the_source() {
    let bench = Bench::new(&[("a", "1"), ("b", "2"), ("c/d", "3")]);
    let origin = Repository::open(bench.path("source")).unwrap();
    let new = worked(&bench, "new");
    // The person has gone on meanwhile, so that no branch there is where the run began.
    commit(&origin, &[("a", "1"), ("b", "4")]);
    let before = single(&origin);
    bench.repo.deliver_branch(&new, bench.path("source").to_str().unwrap(), BRANCH, false).unwrap();
    let after = single(&origin);
    assert_eq!(after.difference(&before).count(), 3, "a commit, its tree and one file");
    assert!(
        packed(&origin).is_empty(),
        "few objects are no pack: whoever reads there would open one more for each result"
    );
    let remnants = fs::read_dir(origin.path().join("objects")).unwrap();
    let remnants = remnants.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("tmp_"));
    assert_eq!(remnants.count(), 0);
    sound(&origin);
}

#[test]
fn an_object_that_a_loss_of_power_left_empty_is_made_good() {
    let bench = Bench::new(&[("a", "1")]);
    let origin = Repository::open(bench.path("source")).unwrap();
    let new = worked(&bench, "new");
    let (dir, file) = new.split_at(2);
    let broken = origin.path().join("objects").join(dir).join(file);
    fs::create_dir_all(broken.parent().unwrap()).unwrap();
    fs::write(&broken, "").unwrap();
    bench.repo.deliver_branch(&new, bench.path("source").to_str().unwrap(), BRANCH, false).unwrap();
    sound(&origin);
}

#[test]
fn many_objects_are_one_pack_and_so_are_those_for_a_repository_of_others() {
    let bench = Bench::new(&[("a", "1")]);
    let origin = Repository::open(bench.path("source")).unwrap();
    let before = single(&origin);
    let deliver =
        |commit: &str| bench.repo.deliver_branch(commit, bench.path("source").to_str().unwrap(), BRANCH, true).unwrap();
    let dir = bench.tree();
    (0..120).for_each(|n| fs::write(dir.join(format!("f{n}")), format!("text {n}")).unwrap());
    deliver(&bench.take(&dir).commit);
    assert_eq!(packed(&origin), [122], "files, their tree and the commit");
    fs::set_permissions(origin.path().join("objects"), fs::Permissions::from_mode(0o2775)).unwrap();
    deliver(&worked(&bench, "for a group"));
    assert_eq!(packed(&origin).len(), 2);
    assert_eq!(single(&origin), before);
    sound(&origin);
}

/// Everything below a repository's directory that was not there before, with its mode.
fn made(repository: &Repository, before: &BTreeMap<PathBuf, u32>) -> BTreeMap<PathBuf, u32> {
    let mut all = everything(repository.path());
    all.retain(|path, mode| before.get(path) != Some(mode));
    all
}

fn everything(dir: &Path) -> BTreeMap<PathBuf, u32> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(path) = waiting.pop() {
        let seen = path.symlink_metadata().unwrap();
        if seen.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        found.insert(path, seen.permissions().mode() & 0o777);
    }
    found
}

#[test]
fn in_a_shared_repository_the_others_can_use_and_remove_what_was_delivered() {
    // What is asked for, of whom, and what an engine whose mask lets nobody else in leaves there.
    let cases = [
        ("group", 0o755, (0o770, 0o060)),
        ("all", 0o755, (0o775, 0o064)),
        ("0640", 0o755, (0o750, 0o040)),
        ("umask", 0o2775, (0o770, 0o060)),
        ("umask", 0o755, (0o700, 0)),
    ];
    for (said, objects, (directory, file)) in cases {
        let bench = Bench::new(&[("a", "1")]);
        let origin = Repository::open(bench.path("source")).unwrap();
        origin.config().unwrap().set_str("core.sharedRepository", said).unwrap();
        origin.config().unwrap().set_bool("core.logAllRefUpdates", true).unwrap();
        fs::set_permissions(origin.path().join("objects"), fs::Permissions::from_mode(objects)).unwrap();
        let new = worked(&bench, "2");
        let before = everything(origin.path());
        std::thread::scope(|scope| {
            let engine = scope.spawn(|| {
                own_mask(|_| 0o077).unwrap();
                bench.repo.deliver_branch(&new, bench.path("source").to_str().unwrap(), BRANCH, false).unwrap();
            });
            engine.join().unwrap();
        });
        let made = made(&origin, &before);
        assert!(made.keys().any(|path| path.ends_with("logs/refs/heads/dogwatch/run-1")), "{made:?}");
        assert!(made.keys().any(|path| path.ends_with("refs/heads/dogwatch")), "{made:?}");
        for (path, mode) in made {
            let is_object = path.strip_prefix(origin.path().join("objects")).is_ok();
            let others = if path.is_dir() { directory & 0o077 } else { file };
            // Nobody writes in objects, not even their owner.
            let others = if path.is_file() && is_object { others & 0o044 } else { others };
            assert_eq!(mode & 0o077, others, "{said}: {} has {mode:o}", path.display());
        }
        sound(&origin);
    }
}

#[test]
fn where_a_single_object_cannot_be_put_a_pack_goes_through() {
    let bench = Bench::new(&[("a", "1")]);
    let origin = Repository::open(bench.path("source")).unwrap();
    let new = worked(&bench, "new");
    let before = single(&origin);
    // In the way as the directories are that somebody else made there, and for root as well.
    let names = (0..=255).map(|n| origin.path().join(format!("objects/{n:02x}")));
    let barred: Vec<PathBuf> = names.filter(|path| !path.exists()).collect();
    for path in &barred {
        fs::write(path, "").unwrap();
    }
    bench.repo.deliver_branch(&new, bench.path("source").to_str().unwrap(), BRANCH, false).unwrap();
    for path in &barred {
        fs::remove_file(path).unwrap();
    }
    assert_eq!(packed(&origin), [3], "a commit, its tree and one file");
    assert!(single(&origin).is_superset(&before));
    sound(&origin);
}

#[test]
fn a_checked_out_branch_is_left_alone() {
    let bench = Bench::new(&[("a", "1")]);
    let origin = Repository::open(bench.path("source")).unwrap();
    let head = origin.head().unwrap().peel_to_commit().unwrap();
    origin.branch(BRANCH, &head, false).unwrap();
    origin.set_head("refs/heads/dogwatch/run-1").unwrap();
    let new = worked(&bench, "2");
    let source = bench.path("source");
    let deliver = |force| bench.repo.deliver_branch(&new, source.to_str().unwrap(), BRANCH, force);
    assert!(deliver(true).unwrap_err().to_string().contains("checked out"));
    origin.set_head("refs/heads/main").unwrap();
    let linked = origin.find_reference("refs/heads/dogwatch/run-1").unwrap();
    let mut options = git2::WorktreeAddOptions::new();
    options.reference(Some(&linked));
    origin.worktree("other", &bench.path("linked"), Some(&options)).unwrap();
    assert!(deliver(true).unwrap_err().to_string().contains("checked out"));
    fs::remove_dir_all(bench.path("linked")).unwrap();
    deliver(false).unwrap();
}

#[test]
fn a_bare_source_takes_a_branch_and_bad_names_are_refused() {
    let bench = Bench::new(&[("a", "1")]);
    let bare = Repository::init_bare(bench.path("bare.git")).unwrap();
    commit(&bare, &[("else", "x")]);
    let new = worked(&bench, "2");
    let target = bench.path("bare.git");
    bench.repo.deliver_branch(&new, target.to_str().unwrap(), BRANCH, false).unwrap();
    let tip = bare.find_reference("refs/heads/dogwatch/run-1").unwrap().peel_to_commit().unwrap();
    assert_eq!(tip.id().to_string(), new);
    assert_eq!(tip.author().email().ok(), Some("dogwatch@localhost"));
    for name in ["-x", "a..b", "", "x/", "a\nb", "HEAD", "refs/heads/x", "refs/x"] {
        let result = bench.repo.deliver_branch(&new, target.to_str().unwrap(), name, false);
        assert!(matches!(result, Err(WorkspaceError::Refused { .. })), "{name}");
    }
    assert!(bench.repo.deliver_branch(&"0".repeat(40), target.to_str().unwrap(), BRANCH, false).is_err());
}
