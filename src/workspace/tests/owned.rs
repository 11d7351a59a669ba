//! Sources whose owner has the engine read or write elsewhere.

use super::{Bench, source};
use crate::domain::ProjectId;
use crate::workspace::{Repo, WorkspaceError};
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

/// What is said of a source that is refused, both where it is read and where it is written to.
fn refused(bench: &Bench, place: &Path) -> String {
    let text = place.to_str().unwrap();
    let fetched = Repo::fetch(&bench.path("repos"), ProjectId(1), text).unwrap_err();
    let delivered = bench.repo.deliver_branch(&bench.base, text, "dogwatch/run-2", false).unwrap_err();
    for error in [&fetched, &delivered] {
        assert!(matches!(error, WorkspaceError::Source { .. }) && !error.passes(), "{error}");
    }
    assert_eq!(fetched.to_string(), delivered.to_string());
    fetched.to_string()
}

/// Moves something of the source out of it and puts a link in its place; afterwards it is back.
fn through_a_link(bench: &Bench, name: &str, check: impl FnOnce(String)) {
    let (inside, outside) = (bench.path("source").join(name), bench.path("outside"));
    fs::rename(&inside, &outside).unwrap();
    symlink(&outside, &inside).unwrap();
    check(refused(bench, &bench.path("source")));
    fs::remove_file(&inside).unwrap();
    fs::rename(&outside, &inside).unwrap();
}

#[test]
fn a_source_with_links_is_refused() {
    let bench = Bench::new(&[("a", "1")]);
    let git = bench.path("source/.git");
    fs::create_dir_all(git.join("refs/heads/dogwatch")).unwrap();
    fs::create_dir_all(git.join("logs/refs/heads/dogwatch")).unwrap();
    let (directory, object) = bench.base.split_at(2);
    let fan = format!(".git/objects/{directory}");
    let object = format!("{fan}/{object}");
    fs::write(git.join("packed-refs"), "# pack-refs with: peeled fully-peeled sorted \n").unwrap();
    let log = ".git/logs/refs/heads/dogwatch/run-2";
    fs::write(bench.path("source").join(log), "").unwrap();
    let names = [
        ".git",
        ".git/HEAD",
        ".git/config",
        ".git/objects",
        ".git/objects/pack",
        ".git/refs",
        ".git/refs/heads",
        ".git/refs/heads/main",
        ".git/refs/heads/dogwatch",
        ".git/packed-refs",
        ".git/logs",
        log,
        &fan,
        &object,
    ];
    for name in names {
        through_a_link(&bench, name, |said| {
            assert!(
                said.contains(&format!("`{name}")) && said.contains("is a link") && said.contains("put in its"),
                "{said}"
            );
        });
    }
    let whole = bench.path("source");
    Repo::fetch(&bench.path("repos"), ProjectId(1), whole.to_str().unwrap()).unwrap();
    bench.repo.deliver_branch(&bench.base, whole.to_str().unwrap(), "dogwatch/run-2", false).unwrap();
    symlink(&whole, bench.path("other")).unwrap();
    let said = refused(&bench, &bench.path("other"));
    assert!(said.contains("through a link") && said.contains("register"), "{said}");
}

#[test]
fn no_word_of_the_source_is_written_with_a_branch() {
    let bench = Bench::new(&[("a", "1")]);
    let git = bench.path("source/.git");
    let config = fs::read_to_string(git.join("config")).unwrap();
    let evil = "[core]\n\tlogAllRefUpdates = always\n[user]\n\tname = \"x; touch PWNED #\"\n\temail = e@example.org\n";
    fs::write(git.join("config"), config + evil).unwrap();
    let log = git.join("logs/refs/heads/dogwatch");
    fs::create_dir_all(&log).unwrap();
    fs::write(log.join("run-2"), "").unwrap();
    bench.repo.deliver_branch(&bench.base, bench.path("source").to_str().unwrap(), "dogwatch/run-2", false).unwrap();
    assert_eq!(fs::read_to_string(log.join("run-2")).unwrap(), "");
    assert!(git2::Repository::open(&git).unwrap().find_reference("refs/heads/dogwatch/run-2").is_ok());
}

#[test]
fn pointers_to_what_belongs_to_others_are_refused() {
    if !rustix::process::geteuid().is_root() {
        tracing::warn!("skipped: only root can give a repository to somebody else");
        return;
    }
    let bench = Bench::new(&[("a", "1")]);
    let secret = source(&bench.path("secret"), &[("key", "of root")]);
    let text = bench.path("source");
    let theirs = |path: &Path| {
        let all = ignore::WalkBuilder::new(path).standard_filters(false).build();
        all.for_each(|entry| chown(entry.unwrap().path(), Some(4321), Some(4321)).unwrap());
    };
    theirs(&text);
    let fetch = |place: &Path| Repo::fetch(&bench.path("repos"), ProjectId(1), place.to_str().unwrap());
    fetch(&text).unwrap();
    // What the engine itself put there is none of it.
    bench.repo.deliver_branch(&bench.base, text.to_str().unwrap(), "dogwatch/run-1", false).unwrap();
    bench.repo.deliver_branch(&bench.base, text.to_str().unwrap(), "dogwatch/run-2", false).unwrap();

    let alternates = text.join(".git/objects/info/alternates");
    fs::write(&alternates, format!("{}\n", secret.path().join("objects").display())).unwrap();
    let said = refused(&bench, &text);
    assert!(said.contains("objects/info/alternates") && said.contains("git repack"), "{said}");
    theirs(&bench.path("secret"));
    fetch(&text).unwrap();
    let all = ignore::WalkBuilder::new(bench.path("secret")).standard_filters(false).build();
    all.for_each(|entry| chown(entry.unwrap().path(), Some(0), Some(0)).unwrap());
    fs::remove_file(alternates).unwrap();

    chown(text.join(".git/refs/heads"), Some(4322), None).unwrap();
    let said = refused(&bench, &text);
    assert!(said.contains("`.git/refs/heads` belongs to user 4322") && said.contains("4321"), "{said}");
    chown(text.join(".git/refs/heads"), Some(4321), None).unwrap();

    let tree = bench.path("tree");
    git2::Repository::open(&text).unwrap().worktree("linked", &tree, None).unwrap();
    theirs(&tree);
    theirs(&text);
    fetch(&tree).unwrap();
    fs::write(tree.join(".git"), format!("gitdir: {}\n", secret.path().display())).unwrap();
    let said = refused(&bench, &tree);
    assert!(said.contains("belongs to user 0") && said.contains("register"), "{said}");
}
