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
    std::fs::write(shallow.path().join("shallow"), format!("{head}\n")).unwrap();
    assert!(refuse(&room.path().join("shallow")).contains("unshallow"));
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
    let special: Vec<_> = bench.repo.special_files(&bench.base).unwrap().into_iter().map(|(path, _)| path).collect();
    assert_eq!(special, [".gitmodules", "d/.gitattributes"]);
}
