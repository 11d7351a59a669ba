//! Fetching, resolving and reading.

use super::{Bench, commit, source};
use crate::domain::{ProjectId, RunId};
use crate::workspace::program::git_over;
use crate::workspace::source::{Source, redacted};
use crate::workspace::{EntryKind, Repo, WorkspaceError};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_fetched_source_is_read_and_fetched_again() {
    let bench = Bench::new(&[("a.txt", "one\n"), ("bin/run.sh", "#!/bin/sh\n"), ("l@link", "a.txt")]);
    assert_eq!(bench.repo.file(&bench.base, "a.txt", 10).unwrap().as_deref(), Some(b"one\n".as_slice()));
    assert_eq!(bench.repo.file(&bench.base, "l", 10).unwrap(), None);
    assert_eq!(bench.repo.file(&bench.base, "bin", 10).unwrap(), None);
    assert_eq!(bench.repo.file(&bench.base, "none", 10).unwrap(), None);
    assert!(matches!(bench.repo.file(&bench.base, "a.txt", 3), Err(WorkspaceError::TooLarge { .. })));
    let list = bench.repo.list(&bench.base).unwrap();
    let seen: Vec<_> = list.iter().map(|e| (e.path.as_slice(), e.kind)).collect();
    assert_eq!(
        seen,
        [(b"a.txt".as_slice(), EntryKind::File), (b"bin/run.sh", EntryKind::Executable), (b"l", EntryKind::Link)]
    );
    let mode = std::fs::metadata(bench.repo.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(!bench.repo.path().join("hooks").exists());

    let origin = git2::Repository::open(bench.path("source")).unwrap();
    let second = commit(&origin, &[("a.txt", "two\n")]).to_string();
    let again = Repo::fetch(&bench.path("repos"), ProjectId(1), bench.path("source").to_str().unwrap()).unwrap();
    assert_eq!(again.resolve(None).unwrap(), second);
    for name in ["main", "HEAD", "heads/main", "refs/source/heads/main", &second, &second[..9]] {
        assert_eq!(again.resolve(Some(name)).unwrap(), second, "{name}");
    }
    for name in ["", "-x", "nothing", "main~1", ":/work", "ffffffffff", "../HEAD", "@{u}", "a\nb"] {
        assert!(matches!(again.resolve(Some(name)), Err(WorkspaceError::NotFound(_))), "{name}");
    }
    again.set_branch(RunId(3), &bench.base).unwrap();
    again.set_branch(RunId(3), &second).unwrap();
    assert_eq!(Repo::open(&bench.path("repos"), ProjectId(1)).unwrap().branch(RunId(3)).unwrap(), Some(second));
    assert_eq!(again.branch(RunId(4)).unwrap(), None);
    assert!(Repo::open(&bench.path("repos"), ProjectId(2)).is_err());
}

#[test]
fn a_bare_source_and_a_detached_head_are_fetched() {
    let bench = Bench::new(&[("a", "1")]);
    let origin = git2::Repository::open(bench.path("source")).unwrap();
    let second = commit(&origin, &[("a", "2")]);
    origin.set_head_detached(git2::Oid::from_str(&bench.base).unwrap()).unwrap();
    let bare = bench.path("source/.git");
    let repo = Repo::fetch(&bench.path("repos"), ProjectId(2), bare.to_str().unwrap()).unwrap();
    assert_eq!(repo.resolve(None).unwrap(), bench.base);
    assert_eq!(repo.resolve(Some("main")).unwrap(), second.to_string());
    origin.set_head("refs/heads/unborn").unwrap();
    let repo = Repo::fetch(&bench.path("repos"), ProjectId(2), bare.to_str().unwrap()).unwrap();
    assert!(matches!(repo.resolve(None), Err(WorkspaceError::NotFound(_))));
    assert_eq!(repo.resolve(Some("main")).unwrap(), second.to_string());
}

#[test]
fn unusable_sources_are_refused_with_a_reason() {
    let room = tempfile::tempdir().unwrap();
    let refuse = |source: &std::path::Path| {
        Repo::fetch(&room.path().join("repos"), ProjectId(1), source.to_str().unwrap()).unwrap_err().to_string()
    };
    std::fs::create_dir(room.path().join("plain")).unwrap();
    assert!(refuse(&room.path().join("plain")).contains("not a git repository"));
    assert!(refuse(&room.path().join("absent")).contains("existing directory"));
    git2::Repository::init_bare(room.path().join("empty")).unwrap();
    assert!(refuse(&room.path().join("empty")).contains("no commits"));
    let shallow = source(&room.path().join("shallow"), &[("a", "1")]);
    let head = shallow.head().unwrap().target().unwrap();
    shallow.worktree("linked", &room.path().join("linked"), None).unwrap();
    std::fs::write(shallow.path().join("shallow"), format!("{head}\n")).unwrap();
    for place in ["shallow", "linked"] {
        assert!(refuse(&room.path().join(place)).contains("unshallow"), "{place}");
    }
}

/// Names below `refs/source/` in the engine's repository.
fn names(repo: &Repo) -> Vec<String> {
    let bare = git2::Repository::open_bare(repo.path()).unwrap();
    let mut names: Vec<String> = bare
        .references_glob("refs/source/*")
        .unwrap()
        .map(|one| one.unwrap().name().unwrap().strip_prefix("refs/source/").unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn references_that_lead_nowhere_are_passed_over() {
    let room = tempfile::tempdir().unwrap();
    let origin = source(&room.path().join("source"), &[("a", "1")]);
    let head = origin.head().unwrap().target().unwrap();
    // What a clone has after its origin renamed its main branch and the old one was pruned.
    origin.reference_symbolic("refs/remotes/origin/HEAD", "refs/remotes/origin/master", true, "").unwrap();
    origin.reference_symbolic("refs/heads/old", "refs/heads/older", true, "").unwrap();
    origin.reference_symbolic("refs/heads/also", "refs/heads/main", true, "").unwrap();
    for (name, text) in [("heads/lost", "0123456789012345678901234567890123456789\n"), ("tags/junk", "not an id\n")] {
        std::fs::create_dir_all(origin.path().join("refs/tags")).unwrap();
        std::fs::write(origin.path().join("refs").join(name), text).unwrap();
    }
    let place = room.path().join("source");
    let repo = Repo::fetch(&room.path().join("repos"), ProjectId(1), place.to_str().unwrap()).unwrap();
    assert_eq!(repo.resolve(None).unwrap(), head.to_string());
    assert_eq!(names(&repo), ["HEAD", "heads/also", "heads/main"]);
}

#[test]
fn branches_and_tags_come_and_go_with_the_source() {
    let bench = Bench::new(&[("a", "1")]);
    let origin = git2::Repository::open(bench.path("source")).unwrap();
    let head = origin.head().unwrap().peel_to_commit().unwrap();
    origin.branch("topic", &head, false).unwrap();
    let who = git2::Signature::now("x", "x@example.org").unwrap();
    let blob = origin.find_object(origin.blob(b"loose end").unwrap(), None).unwrap();
    let tag = origin.tag("v1", head.as_object(), &who, "one", false).unwrap();
    origin.tag("v2", &origin.find_object(tag, None).unwrap(), &who, "a tag of a tag", false).unwrap();
    origin.tag("file", &blob, &who, "a file", false).unwrap();
    origin.tag_lightweight("tree", head.tree().unwrap().as_object(), false).unwrap();
    let fetch = || Repo::fetch(&bench.path("repos"), ProjectId(1), bench.path("source").to_str().unwrap()).unwrap();
    let repo = fetch();
    let tags = ["tags/file", "tags/tree", "tags/v1", "tags/v2"];
    assert_eq!(names(&repo), [&["HEAD", "heads/main", "heads/topic"], tags.as_slice()].concat());
    assert_eq!(repo.resolve(Some("v2")).unwrap(), head.id().to_string());
    let bare = git2::Repository::open_bare(repo.path()).unwrap();
    assert_eq!(bare.find_blob(blob.id()).unwrap().content(), b"loose end");

    // A branch becomes a directory of branches; another is written anew, and the commit behind it is gone.
    origin.find_branch("topic", git2::BranchType::Local).unwrap().delete().unwrap();
    origin.branch("topic/one", &head, false).unwrap();
    for tag in ["file", "tree", "v1", "v2"] {
        origin.tag_delete(tag).unwrap();
    }
    let first = commit(&origin, &[("a", "2")]);
    fetch();
    origin.reset(head.as_object(), git2::ResetType::Soft, None).unwrap();
    let second = commit(&origin, &[("a", "3")]);
    let id = first.to_string();
    let (directory, file) = id.split_at(2);
    std::fs::remove_file(origin.path().join("objects").join(directory).join(file)).unwrap();
    let repo = fetch();
    assert_eq!(repo.resolve(None).unwrap(), second.to_string());
    assert_eq!(names(&repo), ["HEAD", "heads/main", "heads/topic/one"]);
}

#[test]
fn a_source_with_holes_is_refused_and_changes_nothing() {
    let bench = Bench::new(&[("a", "1")]);
    let origin = git2::Repository::open(bench.path("source")).unwrap();
    let second = commit(&origin, &[("a", "2")]);
    let third = commit(&origin, &[("a", "3")]);
    let fetch = || Repo::fetch(&bench.path("repos"), ProjectId(1), bench.path("source").to_str().unwrap());
    let id = second.to_string();
    let (directory, file) = id.split_at(2);
    let object = origin.path().join("objects").join(directory).join(file);
    let kept = std::fs::read(&object).unwrap();
    std::fs::remove_file(&object).unwrap();
    let refused = fetch().unwrap_err();
    assert!(matches!(&refused, WorkspaceError::Source { reason, .. } if reason.contains("git fsck")), "{refused}");
    assert_eq!(bench.repo.resolve(None).unwrap(), bench.base);

    // Its own walk stops at a graft, so nothing seems to be missing there.
    std::fs::create_dir_all(origin.path().join("info")).unwrap();
    std::fs::write(origin.path().join("info/grafts"), format!("{third}\n")).unwrap();
    assert!(matches!(fetch(), Err(WorkspaceError::Source { .. })));
    std::fs::remove_file(origin.path().join("info/grafts")).unwrap();
    std::fs::write(&object, kept).unwrap();
    assert_eq!(fetch().unwrap().resolve(None).unwrap(), third.to_string());
}

#[test]
fn many_fetches_at_once_do_not_disturb_each_other() {
    let bench = Bench::new(&[("a", "1")]);
    let origin = git2::Repository::open(bench.path("source")).unwrap();
    let head = origin.head().unwrap().peel_to_commit().unwrap();
    for number in 0..20 {
        origin.branch(&format!("b{number}"), &head, false).unwrap();
    }
    let (repos, place) = (bench.path("repos"), bench.path("source"));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| Repo::fetch(&repos, ProjectId(2), place.to_str().unwrap()).unwrap());
        }
    });
}

#[test]
fn only_plain_urls_pass() {
    for good in ["https://example.org/a.git", "ssh://git@example.org:22/a", "git@example.org:a/b.git"] {
        assert_eq!(Source::parse(good).unwrap(), Source::Url(good.into()));
    }
    for bad in [
        "",
        "-upload-pack=x",
        "--help",
        "ext::sh -c touch% /tmp/x",
        "ext://x",
        "file:///etc",
        "http://example.org/a",
        "ssh://-oProxyCommand=x/a",
        "git@-oProxyCommand=x:a",
        "git@host:-x",
        "git@host::ext",
        "https:///a",
        "https://u:p@h/x",
        "https://token@h/x",
        "ssh://u:p@h/x",
        "https://example.org/\na",
    ] {
        assert!(Source::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(redacted("https://user:secret@example.org/a?b"), "https://example.org/a?b");
    assert_eq!(redacted("git:secret@example.org:a"), "example.org:a");
    assert_eq!((redacted("git@example.org:a"), redacted("/a:b@c")), ("git@example.org:a".into(), "/a:b@c".into()));
}

#[test]
fn the_git_program_fetches_into_the_engine_repository_and_closes_other_transports() {
    let bench = Bench::new(&[("a", "1")]);
    if super::git_program(bench.room.path(), &["--version"]).is_none() {
        return;
    }
    let url = format!("file://{}", bench.path("source").display());
    let fetch = |url: &str, transports: &str| {
        git_over(bench.repo.path(), "fetch", url, &["fetch", "-q", "--", url, "+HEAD:refs/x/HEAD"], transports)
    };
    fetch(&url, "file").unwrap();
    assert_eq!(bench.repo.resolve(Some("refs/x/HEAD")).err().map(|e| e.to_string()), None);
    assert!(matches!(fetch(&url, "https:ssh"), Err(WorkspaceError::Program { .. })));
    let marker = bench.path("marker");
    assert!(fetch(&format!("ext::touch {}", marker.display()), "https:ssh").is_err());
    assert!(!marker.exists());
}

#[test]
fn escaping_links_and_special_files_are_reported() {
    let bench = Bench::new(&[
        ("a@link", "/etc/passwd"),
        ("d/b@link", "../../x"),
        ("d/c@link", "../a"),
        ("d/.gitattributes", "*.bin filter=lfs\n"),
        (".gitmodules", "[submodule]\n"),
    ]);
    let links = bench.repo.escaping_links(&bench.base).unwrap();
    assert_eq!(links, [("a".into(), "/etc/passwd".into()), ("d/b".into(), "../../x".into())]);
    let survey = bench.repo.survey(&bench.base).unwrap();
    let special: Vec<_> = survey.special.into_iter().map(|(path, _)| path).collect();
    assert_eq!(special, [".gitmodules", "d/.gitattributes"]);
    assert_eq!(survey.unfit, Vec::<String>::new());
}

/// A tree object with one entry, which the library itself would refuse to write.
fn odd_tree(repository: &git2::Repository, mode: &str, name: &str, id: git2::Oid) -> git2::Oid {
    let bytes = [format!("{mode} {name}\0").as_bytes(), id.as_bytes()].concat();
    repository.odb().unwrap().write(git2::ObjectType::Tree, &bytes).unwrap()
}

#[test]
fn what_no_checkout_would_write_is_known_before() {
    let bench = Bench::new(&[("a", "1")]);
    let bare = git2::Repository::open_bare(bench.repo.path()).unwrap();
    let head = bare.find_commit(git2::Oid::from_str(&bench.base).unwrap()).unwrap();
    let blob = head.tree().unwrap().get_name("a").unwrap().id();
    let who = git2::Signature::now("x", "x@example.org").unwrap();
    for (mode, name, word) in
        [("160000", "lib", "submodules"), ("100644", "git~1", "never written"), ("100644", ".GIT ", "never written")]
    {
        let inner = odd_tree(&bare, mode, name, if mode == "160000" { head.id() } else { blob });
        let tree = bare.find_tree(odd_tree(&bare, "40000", "d", inner)).unwrap();
        let commit = bare.commit(None, &who, &who, "odd", &tree, &[]).unwrap().to_string();
        let unfit = bench.repo.survey(&commit).unwrap().unfit;
        assert_eq!(unfit.len(), 1, "{unfit:?}");
        assert!(unfit[0].starts_with(&format!("d/{name}: ")) && unfit[0].contains(word), "{unfit:?}");
        let refused = bench.repo.checkout(&commit, &bench.path("tree"), None).unwrap_err().to_string();
        assert_eq!(refused, unfit[0]);
    }
}

#[test]
fn a_branch_named_like_a_commit_decides_nothing() {
    let bench = Bench::new(&[("a", "1")]);
    let origin = git2::Repository::open(bench.path("source")).unwrap();
    let base = git2::Oid::from_str(&bench.base).unwrap();
    let evil = commit(&origin, &[("a", "evil")]);
    for name in [&bench.base, &bench.base[..9], &evil.to_string()[..12]] {
        origin.reference(&format!("refs/heads/{name}"), evil, true, "").unwrap();
        origin.reference(&format!("refs/tags/{name}"), evil, true, "").unwrap();
    }
    let fetch = || Repo::fetch(&bench.path("repos"), ProjectId(1), bench.path("source").to_str().unwrap()).unwrap();
    let repo = fetch();
    assert_eq!(repo.resolve(Some(&bench.base)).unwrap(), base.to_string());
    assert_eq!(repo.resolve(Some(&bench.base.to_uppercase())).unwrap(), base.to_string());
    assert!(!names(&repo).contains(&format!("heads/{base}")) && !names(&repo).contains(&format!("tags/{base}")));
    let refused = repo.resolve(Some(&bench.base[..9])).unwrap_err();
    assert!(
        matches!(&refused, WorkspaceError::Unsupported { reason, .. } if reason.contains("40 digits")),
        "{refused}"
    );
    let plain = format!("heads/{}", &bench.base[..9]);
    assert_eq!(repo.resolve(Some(&plain)).unwrap(), evil.to_string());
    // Both mean the same.
    assert_eq!(repo.resolve(Some(&evil.to_string()[..12])).unwrap(), evil.to_string());
}
