//! Trees as a hostile agent would leave them.

use super::{Bench, kinds};
use crate::workspace::Altered;
use crate::workspace::ChangeKind::{Added, Deleted, Modified, TypeChanged};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Every configuration key by which git runs a program while looking at a tree, hooks and attribute drivers besides.
fn plant(dir: &Path, marker: &Path) {
    let run = format!("touch {}", marker.display());
    let git = dir.join(".git");
    for part in ["objects", "refs/heads", "hooks"] {
        fs::create_dir_all(git.join(part)).unwrap();
    }
    fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {run}\n\tsshCommand = {run}\n\thooksPath = .git/hooks\n\
         \tpager = {run}\n\teditor = {run}\n\taskPass = {run}\n\tgitProxy = {run}\n\talternateRefsCommand = {run}\n\
         [diff]\n\texternal = {run}\n[diff \"x\"]\n\ttextconv = {run}\n\tcommand = {run}\n\
         [filter \"x\"]\n\tclean = {run}\n\tsmudge = {run}\n\tprocess = {run}\n\trequired = true\n\
         [merge \"x\"]\n\tdriver = {run}\n[gpg]\n\tprogram = {run}\n[commit]\n\tgpgSign = true\n\
         [credential]\n\thelper = !{run}\n[uploadpack]\n\tpackObjectsHook = {run}\n[sequence]\n\teditor = {run}\n"
    );
    fs::write(git.join("config"), config).unwrap();
    for hook in ["pre-commit", "post-checkout", "post-index-change", "reference-transaction", "post-commit"] {
        let hook = git.join("hooks").join(hook);
        fs::write(&hook, format!("#!/bin/sh\n{run}\n")).unwrap();
        fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
    }
    fs::write(dir.join(".gitattributes"), "* filter=x diff=x merge=x\n").unwrap();
}

#[test]
fn planted_git_configuration_runs_nothing_over_many_cycles() {
    let bench = Bench::new(&[("a.txt", "0\n")]);
    let marker = bench.path("marker");
    let dir = bench.path("tree");
    let mut parent = bench.base.clone();
    for cycle in 0..20 {
        bench.repo.checkout(&parent, &dir, None).unwrap();
        plant(&dir, &marker);
        fs::write(dir.join("a.txt"), format!("{cycle}\r\n")).unwrap();
        let taken = bench.take_with(&dir, &parent, &[]);
        assert_eq!(taken.planted, [".git", ".gitattributes"]);
        bench.repo.diff(&parent, &taken.commit).unwrap();
        assert_eq!(
            bench.repo.file(&taken.commit, "a.txt", 100).unwrap().unwrap(),
            format!("{cycle}\r\n").into_bytes(),
            "stored as it is, no line ends changed"
        );
        parent = taken.commit;
    }
    let source = bench.path("source");
    bench.repo.deliver_branch(&parent, source.to_str().unwrap(), "dogwatch/run-1", false).unwrap();
    assert!(!marker.exists());
}

#[test]
fn names_that_pass_for_dot_git_are_left_out_and_named() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    let names = [".GIT", ".git ", ".git.", "GIT~1", ".g\u{200c}it", ".git::$INDEX_ALLOCATION", "x\\.git"];
    for name in names {
        fs::create_dir_all(dir.join("sub").join(name)).unwrap();
        fs::write(dir.join("sub").join(name).join("config"), "x").unwrap();
    }
    fs::write(dir.join(".Git"), "gitdir: /elsewhere\n").unwrap();
    fs::create_dir(dir.join("sub/.github")).unwrap();
    fs::write(dir.join("sub/.github/x"), "x").unwrap();
    let taken = bench.take(&dir);
    assert_eq!(taken.planted.len(), names.len() + 1);
    assert!(taken.planted.contains(&"sub/.GIT".to_owned()));
    assert_eq!(kinds(&taken.changes), [("sub/.github/x", Added)]);
    let own = bench.take_with(&dir, &bench.base, &[".Git".into()]);
    assert_eq!(own.planted.len(), names.len());
}

#[test]
fn a_fresh_repository_is_left_out_and_remarked() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    let git = dir.join(".git");
    fs::create_dir_all(git.join("hooks")).unwrap();
    fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(git.join("hooks/pre-commit.sample"), "#!/bin/sh\n").unwrap();
    fs::write(git.join("config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n").unwrap();
    let taken = bench.take(&dir);
    assert_eq!((taken.planted.len(), taken.remarks, taken.unchanged), (0, vec![".git".to_owned()], true));
    // Anything that may run, lead elsewhere or is not plain is planted.
    let plants: [(&str, &str); 4] = [
        ("hooks/pre-commit", "#!/bin/sh\n"),
        ("config.worktree", ""),
        ("commondir", "../x"),
        ("info/attributes", "* filter=x"),
    ];
    for (name, text) in plants {
        fs::create_dir_all(git.join(name).parent().unwrap()).unwrap();
        fs::write(git.join(name), text).unwrap();
        assert_eq!(bench.take(&dir).planted, [".git"], "{name}");
        fs::remove_file(git.join(name)).unwrap();
    }
    fs::remove_file(git.join("config")).unwrap();
    symlink("/etc/gitconfig", git.join("config")).unwrap();
    assert_eq!(bench.take(&dir).planted, [".git"]);
}

#[test]
fn a_repository_without_dot_git_is_left_out_and_named() {
    let parts =
        [("fix.git/HEAD", "ref: x\n"), ("fix.git/objects/a", "1"), ("fix.git/refs/b", "1"), ("fix.git/config", "")];
    let bench = Bench::new(&parts);
    let dir = bench.tree();
    // What the project has itself is as it was.
    assert!(bench.take(&dir).planted.is_empty());
    fs::write(dir.join("fix.git/refs/c"), "1").unwrap();
    assert!(bench.take(&dir).planted.is_empty());
    fs::write(dir.join("fix.git/config"), "[core]\n\tfsmonitor = touch x\n").unwrap();
    for name in ["data/objects", "data/refs"] {
        fs::create_dir_all(dir.join(name)).unwrap();
        fs::write(dir.join(name).join("x"), "").unwrap();
    }
    fs::write(dir.join("data/Head"), "ref: refs/heads/main\n").unwrap();
    let taken = bench.take(&dir);
    assert_eq!(taken.planted, ["data is what git takes for a repository", "fix.git/config"]);
    assert!(taken.changes.iter().all(|change| !change.path.starts_with("data")), "{:?}", taken.changes);
}

#[test]
fn a_tree_that_was_locked_is_taken_all_the_same() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    fs::write(dir.join("new"), "1").unwrap();
    // Root opens it whatever its mode is, so the mode is looked at.
    let mode = || fs::metadata(&dir).unwrap().permissions().mode() & 0o777;
    let lock = || fs::set_permissions(&dir, PermissionsExt::from_mode(0o0)).unwrap();
    lock();
    assert_eq!(kinds(&bench.take(&dir).changes), [("new", Added)]);
    assert_eq!(mode(), 0o700);
    lock();
    let asked = Altered { commit: &bench.base, ignore_from: &bench.base, planted: &[] };
    assert!(bench.repo.altered(&dir, &asked, |_, _| true).unwrap().is_empty());
    assert_eq!(mode(), 0o700);
}

#[test]
fn what_a_run_changed_is_named() {
    let bench = Bench::new(&[
        ("a", "1"),
        ("same", "1"),
        ("dir/gone", "1"),
        ("dir/link@link", "a"),
        ("made.out", "1"),
        (".gitignore", "*.out\n"),
    ]);
    let dir = bench.tree();
    fs::write(dir.join("a"), "2").unwrap();
    fs::write(dir.join("made.out"), "2").unwrap();
    fs::remove_file(dir.join("dir/gone")).unwrap();
    fs::write(dir.join("dir/conftest.py"), "").unwrap();
    fs::write(dir.join("new"), "").unwrap();
    let asked = Altered { commit: &bench.base, ignore_from: &bench.base, planted: &["conftest.py", "a"] };
    let found = bench.repo.altered(&dir, &asked, |_, ignored| !ignored).unwrap();
    assert_eq!(found, ["a", "dir/gone", "dir/conftest.py"]);
    assert!(bench.repo.altered(&dir, &asked, |path, _| path == "made.out").unwrap().contains(&"made.out".to_owned()));
    fs::remove_dir_all(dir.join("dir")).unwrap();
    symlink("/etc", dir.join("dir")).unwrap();
    assert!(bench.repo.altered(&dir, &asked, |_, _| true).unwrap().contains(&"dir/gone".to_owned()));
}

#[test]
fn pipes_sockets_devices_and_links_are_harmless() {
    let bench = Bench::new(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let dir = bench.tree();
    mknodat(CWD, dir.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.join("socket")).unwrap();
    let mut odd = vec!["pipe (a named pipe)", "socket (a socket)"];
    // Devices can be made by root alone, and not in every container.
    if mknodat(CWD, dir.join("device"), FileType::CharacterDevice, Mode::RUSR, rustix::fs::makedev(1, 5)).is_ok() {
        odd.insert(0, "device (a device)");
    }
    symlink("/etc/passwd", dir.join("link")).unwrap();
    symlink("loop", dir.join("loop")).unwrap();
    symlink("..", dir.join("up")).unwrap();
    fs::remove_file(dir.join("a")).unwrap();
    symlink("/etc/passwd", dir.join("a")).unwrap();
    fs::remove_file(dir.join("b")).unwrap();
    mknodat(CWD, dir.join("b"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    odd.insert(0, "b (a named pipe)");
    let taken = bench.take(&dir);
    assert_eq!(taken.skipped, odd);
    assert_eq!(
        kinds(&taken.changes),
        [("a", TypeChanged), ("b", Deleted), ("link", Added), ("loop", Added), ("up", Added)]
    );
    assert!(taken.changes.iter().filter(|c| c.kind != Deleted).all(|c| c.link));
    assert_eq!(
        bench.repo.escaping_links(&taken.commit).unwrap(),
        [("a".into(), "/etc/passwd".into()), ("link".into(), "/etc/passwd".into()), ("up".into(), "..".into())]
    );
}

#[test]
fn a_linked_directory_is_never_entered() {
    let bench = Bench::new(&[("dir/inner", "1")]);
    let dir = bench.tree();
    fs::remove_dir_all(dir.join("dir")).unwrap();
    fs::create_dir(bench.path("outside")).unwrap();
    fs::write(bench.path("outside/inner"), "secret").unwrap();
    symlink(bench.path("outside"), dir.join("dir")).unwrap();
    let taken = bench.take(&dir);
    assert_eq!(kinds(&taken.changes), [("dir", Added), ("dir/inner", Deleted)]);
    assert_eq!(bench.repo.file(&taken.commit, "dir/inner", 100).unwrap(), None);
}

#[test]
fn odd_names_are_kept_exactly_and_shown_safely() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    for name in
        [b"new\nline".as_slice(), b"esc\x1b[2J", b"bad\xff\xfe", b"\xe2\x80\xaertl", b"back\\slash", "grün".as_bytes()]
    {
        fs::write(dir.join(OsStr::from_bytes(name)), "x").unwrap();
    }
    let taken = bench.take(&dir);
    let mut shown: Vec<_> = taken.changes.iter().map(|c| c.path.as_str()).collect();
    shown.sort_unstable();
    let mut wanted = [r"back\\slash", r"bad\xff\xfe", r"esc\u{1b}[2J", "grün", r"new\nline", r"\u{202e}rtl"];
    wanted.sort_unstable();
    assert_eq!(shown, wanted);
    assert!(taken.changes.iter().any(|c| c.raw == b"bad\xff\xfe"));
    let copy = bench.path("copy");
    bench.repo.checkout(&taken.commit, &copy, None).unwrap();
    assert!(copy.join(OsStr::from_bytes(b"bad\xff\xfe")).exists());
}

#[test]
fn ignore_rules_of_the_base_decide_whatever_the_agent_writes() {
    let bench = Bench::new(&[
        (".gitignore", "build/\n*.log\n!keep.log\n/only-top\n"),
        ("sub/.gitignore", "!loud.log\nlocal\n"),
        ("build/tracked", "1"),
        ("was.log", "1"),
    ]);
    let dir = bench.tree();
    fs::write(dir.join(".gitignore"), "*\n").unwrap();
    fs::create_dir_all(dir.join("build/deep")).unwrap();
    fs::create_dir_all(dir.join("sub/only-top")).unwrap();
    fs::create_dir_all(dir.join("cache/x")).unwrap();
    for path in [
        "build/new",
        "build/deep/new",
        "build/tracked",
        "was.log",
        "a.log",
        "keep.log",
        "only-top",
        "sub/only-top/y",
        "sub/loud.log",
        "sub/quiet.log",
        "sub/local",
        "local",
        "cache/x/y",
        "hidden",
    ] {
        fs::write(dir.join(path), "new").unwrap();
    }
    let taken = bench.take_with(&dir, &bench.base, &["cache/".into()]);
    assert_eq!(
        kinds(&taken.changes),
        [
            (".gitignore", Modified),
            ("build/tracked", Modified),
            ("hidden", Added),
            ("keep.log", Added),
            ("local", Added),
            ("sub/loud.log", Added),
            ("sub/only-top/y", Added),
            ("was.log", Modified),
        ]
    );
}

#[test]
fn a_tree_that_changes_while_it_is_read_does_no_harm() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for n in 0..50 {
                    let place = dir.join(format!("v{n}"));
                    match n % 3 {
                        0 => drop(fs::create_dir(&place)),
                        1 => drop(symlink("/etc/passwd", &place)),
                        _ => drop(fs::write(&place, "x".repeat(5000))),
                    }
                    let next = dir.join(format!("v{}", (n + 1) % 50));
                    drop(fs::remove_dir(&next));
                    drop(fs::remove_file(&next));
                }
            }
        });
        for _ in 0..20 {
            let taken = bench.take(&dir);
            bench.repo.list(&taken.commit).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_text_that_was_left_is_read_only_where_it_is_a_plain_file() {
    use crate::workspace::left_text;
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    let read = || left_text(&dir, "plan.md", 10).unwrap();
    assert_eq!(read(), None);
    fs::write(dir.join("plan.md"), b"1. m\xffnd").unwrap();
    assert_eq!(read().as_deref(), Some("1. m\u{fffd}nd"));
    fs::write(dir.join("plan.md"), "0123456789abc").unwrap();
    assert_eq!(read().as_deref(), Some("0123456789\n[cut here: there is room for 10 bytes]\n"));
    let other = |make: &dyn Fn(&Path)| {
        let place = dir.join("plan.md");
        fs::remove_file(&place).or_else(|_| fs::remove_dir(&place)).unwrap();
        make(&place);
        assert_eq!(read(), None);
    };
    other(&|place| symlink("/etc/passwd", place).unwrap());
    other(&|place| symlink("plan.md", place).unwrap());
    other(&|place| fs::create_dir(place).unwrap());
    other(&|place| mknodat(CWD, place, FileType::Fifo, Mode::RWXU, 0).unwrap());
    other(&|place| drop(std::os::unix::net::UnixListener::bind(place).unwrap()));
}
