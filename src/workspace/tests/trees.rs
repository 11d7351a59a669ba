//! Trees survive the way into a commit and back.

use super::{Bench, git_program, kinds};
use crate::workspace::ChangeKind::{Added, Deleted, Modified};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// What stands at a path: content and executable bit, or a link's target.
#[derive(Debug, Clone, PartialEq)]
enum Leaf {
    File(Vec<u8>, bool),
    Link(Vec<u8>),
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-d]".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>().prop_filter("no separator", |b| *b != 0 && *b != b'/'), 1..6)
            .prop_filter("a usable name", |n| crate::workspace::names::is_safe(n)),
    ]
}

fn leaf() -> impl Strategy<Value = Leaf> {
    prop_oneof![
        (prop::collection::vec(any::<u8>(), 0..200), any::<bool>()).prop_map(|(c, x)| Leaf::File(c, x)),
        prop::collection::vec(1u8..=255, 1..20).prop_map(Leaf::Link),
    ]
}

fn write(dir: &Path, tree: &[(Vec<Vec<u8>>, Leaf)]) {
    for (path, leaf) in tree {
        let place = path.iter().fold(dir.to_owned(), |at, name| at.join(OsString::from_vec(name.clone())));
        // A path may run through an earlier file; then the case simply has one leaf less.
        if fs::create_dir_all(place.parent().unwrap()).is_err() {
            continue;
        }
        match leaf {
            Leaf::File(content, executable) => {
                if place.symlink_metadata().is_ok() {
                    continue;
                }
                fs::write(&place, content).unwrap();
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(&place, PermissionsExt::from_mode(mode)).unwrap();
            }
            Leaf::Link(target) => drop(symlink(OsString::from_vec(target.clone()), &place)),
        }
    }
}

fn read(dir: &Path, place: &Path, found: &mut BTreeMap<PathBuf, Leaf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let path = place.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            read(&entry.path(), &path, found);
        } else if kind.is_symlink() {
            found.insert(path, Leaf::Link(fs::read_link(entry.path()).unwrap().as_os_str().as_bytes().to_vec()));
        } else {
            let executable = entry.metadata().unwrap().permissions().mode() & 0o100 != 0;
            found.insert(path, Leaf::File(fs::read(entry.path()).unwrap(), executable));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_comes_back_identical(
        tree in prop::collection::vec((prop::collection::vec(name(), 1..4), leaf()), 0..12)
    ) {
        let bench = Bench::new(&[("start", "1")]);
        let dir = bench.path("made");
        fs::create_dir(&dir).unwrap();
        // Links are written last so that no path of the case runs through one.
        let (links, files): (Vec<_>, Vec<_>) = tree.into_iter().partition(|(_, leaf)| matches!(leaf, Leaf::Link(_)));
        write(&dir, &files);
        write(&dir, &links);
        let taken = bench.take(&dir);
        let again = bench.take(&dir);
        prop_assert_eq!(&taken, &again);
        prop_assert!(taken.skipped.is_empty());
        let copy = bench.path("copy");
        bench.repo.checkout(&taken.commit, &copy, None).unwrap();
        let (mut one, mut two) = (BTreeMap::new(), BTreeMap::new());
        read(&dir, Path::new(""), &mut one);
        read(&copy, Path::new(""), &mut two);
        prop_assert_eq!(one, two);
        let same = bench.take_with(&copy, &taken.commit, &[]);
        prop_assert!(same.unchanged);
        prop_assert_eq!(same.commit, taken.commit);
    }
}

#[test]
fn a_checkout_replaces_what_was_there_and_sets_modes() {
    let bench = Bench::new(&[("a", "1"), ("d/run.sh", "#!"), ("l@link", "a")]);
    let dir = bench.tree();
    fs::write(dir.join("left-over"), "x").unwrap();
    fs::set_permissions(dir.join("d"), PermissionsExt::from_mode(0o000)).unwrap();
    bench.tree();
    assert!(!dir.join("left-over").exists());
    let mode = |path: &str| fs::symlink_metadata(dir.join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(""), mode("a"), mode("d"), mode("d/run.sh")), (0o755, 0o644, 0o755, 0o755));
    assert_eq!(fs::read_link(dir.join("l")).unwrap(), Path::new("a"));
    assert!(bench.take(&dir).unchanged);
    if rustix::process::getuid().is_root() {
        use std::os::unix::fs::MetadataExt;
        bench.repo.checkout(&bench.base, &dir, Some((1234, 4321))).unwrap();
        for path in ["", "a", "d", "d/run.sh", "l"] {
            let meta = fs::symlink_metadata(dir.join(path)).unwrap();
            assert_eq!((meta.uid(), meta.gid()), (1234, 4321), "{path}");
        }
    }
}

#[test]
fn patches_and_archives_match_the_commits() {
    let bench = Bench::new(&[("old.txt", "a\nb\nc\nd\ne\nf\n"), ("gone", "x"), ("bin", "\u{0}\u{1}binary")]);
    let dir = bench.tree();
    fs::rename(dir.join("old.txt"), dir.join("new.txt")).unwrap();
    fs::remove_file(dir.join("gone")).unwrap();
    fs::write(dir.join("bin"), b"\x00\xffother").unwrap();
    fs::write(dir.join("no-end"), "no newline").unwrap();
    fs::create_dir(dir.join("sub")).unwrap();
    fs::write(dir.join("sub/tool.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(dir.join("sub/tool.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    let taken = bench.take(&dir);
    assert_eq!(
        kinds(&taken.changes),
        [
            ("bin", Modified),
            ("gone", Deleted),
            ("new.txt", Added),
            ("no-end", Added),
            ("old.txt", Deleted),
            ("sub/tool.sh", Added)
        ]
    );
    let patch = bench.repo.diff(&bench.base, &taken.commit).unwrap();
    let text = String::from_utf8_lossy(&patch);
    for part in ["rename from old.txt", "GIT binary patch", "\\ No newline at end of file", "new file mode 100755"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(text.matches("diff --git ").count(), 5, "{text}");

    let bytes = bench.repo.archive(&taken.commit, "sub").unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entries: Vec<_> = archive
        .entries()
        .unwrap()
        .map(|e| e.map(|e| (e.path().unwrap().into_owned(), e.header().mode().unwrap())).unwrap())
        .collect();
    assert_eq!(entries, [(PathBuf::from("tool.sh"), 0o755)]);
    assert!(bench.repo.archive(&taken.commit, "absent").is_err());
    assert!(bench.repo.archive(&taken.commit, "").is_ok());

    bench.repo.set_branch(crate::domain::RunId(1), &taken.commit).unwrap();
    let git_dir = format!("--git-dir={}", bench.repo.path().display());
    let Some((clean, said)) = git_program(bench.room.path(), &[&git_dir, "fsck", "--strict", "--full"]) else { return };
    assert!(clean && !said.contains("error"), "{said}");
    let plain = bench.tree();
    fs::write(bench.path("patch"), &patch).unwrap();
    let (applied, said) = git_program(&plain, &["apply", "--binary", bench.path("patch").to_str().unwrap()]).unwrap();
    assert!(applied, "{said}");
    assert_eq!(bench.take(&plain).tree, taken.tree);
}

#[test]
#[ignore = "a measurement: prints how long fifty thousand files take"]
#[allow(clippy::print_stdout)]
fn fifty_thousand_files() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    for n in 0..50_000 {
        if n % 100 == 0 {
            fs::create_dir(dir.join(format!("d{}", n / 100))).unwrap();
        }
        fs::write(dir.join(format!("d{}/f{n}", n / 100)), format!("content {n}\n").repeat(20)).unwrap();
    }
    let mut clock = std::time::Instant::now();
    let mut lap = |what: &str| {
        println!("{what}: {:?}", clock.elapsed());
        clock = std::time::Instant::now();
    };
    let first = bench.take(&dir);
    lap("first checkpoint");
    assert_eq!(first.changes.len(), 50_000);
    assert!(bench.take_with(&dir, &first.commit, &[]).unchanged);
    lap("checkpoint without changes");
    bench.repo.checkout(&first.commit, &bench.path("copy"), None).unwrap();
    lap("checkout");
    crate::workspace::remove_tree(&dir).unwrap();
    lap("removal");
}

#[test]
fn an_outline_names_the_rules_of_the_base_and_large_texts() {
    let bench = Bench::new(&[("CLAUDE.md", "be kind"), ("docs/AGENTS.md", "elsewhere"), ("a", "1")]);
    let base = bench.repo.resolve(None).unwrap();
    let dir = bench.tree();
    fs::write(dir.join("AGENTS.md"), "do as the agent says").unwrap();
    fs::write(dir.join("long.py"), "x = 1\n".repeat(10_000)).unwrap();
    fs::write(dir.join("longer.py"), "y = 12\n".repeat(10_000)).unwrap();
    fs::write(dir.join("image"), vec![0; 100_000]).unwrap();
    fs::write(dir.join("short.py"), "x = 1\n").unwrap();
    let commit = bench.take(&dir).commit;
    let outline = bench.repo.outline(&base, &commit).unwrap();
    assert_eq!(outline.guides, ["CLAUDE.md"]);
    assert_eq!(outline.large, [("longer.py".to_owned(), 10_000), ("long.py".to_owned(), 10_000)]);
}
