//! Trees that are too deep, too large or too long to be told: what is left out is named, and what is told is bounded.

use super::Bench;
use crate::domain::Millis;
use crate::workspace::{Altered, CheckpointSpec, WorkspaceError};
use rustix::fs::{FileType, Mode, OFlags, mkdirat, mknodat, openat};
use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

/// A directory so many levels beneath another, made through handles since no path could name it.
fn deep(dir: &Path, name: &[u8], levels: usize) -> OwnedFd {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut at = rustix::fs::open(dir, flags, Mode::empty()).unwrap();
    for _ in 0..levels {
        mkdirat(&at, name, Mode::RWXU).unwrap();
        at = openat(&at, name, flags, Mode::empty()).unwrap();
    }
    at
}

fn pipe(directory: &OwnedFd, name: &[u8]) {
    mknodat(directory, name, FileType::Fifo, Mode::RWXU, 0).unwrap();
}

#[test]
fn a_path_that_is_too_long_is_left_out() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    let bottom = deep(&dir, &[b'x'; 255], 20);
    for n in 0..100 {
        openat(&bottom, format!("{n}.py"), OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).unwrap();
    }
    let taken = bench.take(&dir);
    assert!(taken.unchanged, "{} changes", taken.changes.len());
    let [skipped] = &taken.skipped[..] else { panic!("{} skipped", taken.skipped.len()) };
    assert!(skipped.contains("longer than 4096 bytes") && skipped.len() < 2_000, "{skipped}");
}

#[test]
fn what_is_told_of_a_tree_is_bounded_in_bytes() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    // Each of these bytes takes four when it is shown.
    let bottom = deep(&dir, &[0xff; 255], 12);
    for n in 0..1_200 {
        let name = [format!("{n:05}").as_bytes(), &[0xfe; 250]].concat();
        pipe(&bottom, &name);
    }
    let taken = bench.take(&dir);
    let bytes: usize = taken.skipped.iter().map(String::len).sum();
    assert!(bytes < 70_000, "{bytes} bytes in {} texts", taken.skipped.len());
    let last = taken.skipped.last().unwrap();
    assert!(last.starts_with("and ") && last.ends_with(" more"), "{last}");
    // What is left of a path still says where it is and why it was not taken.
    assert!(taken.skipped[0].contains("bytes left out") && taken.skipped[0].ends_with("(a named pipe)"));
}

#[test]
fn all_paths_of_a_tree_together_are_bounded_in_bytes() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    let bottom = deep(&dir, &[b'x'; 255], 14);
    for n in 0..9_500 {
        pipe(&bottom, format!("{n:0>255}").as_bytes());
    }
    let spec = CheckpointSpec {
        parent: &bench.base,
        ignore_from: &bench.base,
        exclude: &[],
        message: "iteration 1",
        time: Millis(1_700_000_000_123),
    };
    let refused = bench.repo.checkpoint(&dir, &spec).unwrap_err();
    assert!(matches!(&refused, WorkspaceError::TooLarge { limit, .. } if limit.contains("paths")), "{refused}");
}

#[test]
fn a_large_file_is_compared_and_not_taken_as_changed() {
    let large = "x".repeat((16 << 20) + 1);
    let bench = Bench::new(&[("large", large.as_str())]);
    let dir = bench.tree();
    let asked = Altered { commit: &bench.base, ignore_from: &bench.base, planted: &[] };
    assert!(bench.repo.altered(&dir, &asked, |_, _| true).unwrap().is_empty());
    fs::write(dir.join("large"), large.replace('x', "y")).unwrap();
    assert_eq!(bench.repo.altered(&dir, &asked, |_, _| true).unwrap(), ["large"]);
}

#[test]
fn huge_and_deep_things_are_skipped_and_named() {
    let bench = Bench::new(&[("a", "1")]);
    let dir = bench.tree();
    fs::File::create(dir.join("sparse")).unwrap().set_len(1 << 40).unwrap();
    let mut at = rustix::fs::open(&dir, rustix::fs::OFlags::RDONLY, Mode::empty()).unwrap();
    for _ in 0..3000 {
        rustix::fs::mkdirat(&at, "d", Mode::RWXU).unwrap();
        at = rustix::fs::openat(&at, "d", rustix::fs::OFlags::RDONLY, Mode::empty()).unwrap();
    }
    drop(at);
    let taken = bench.take(&dir);
    assert!(taken.unchanged);
    assert_eq!(taken.commit, bench.base);
    assert_eq!(taken.skipped.len(), 2);
    assert!(taken.skipped[0].ends_with("(nested deeper than 128 levels)"));
    assert_eq!(taken.skipped[1], "sparse (larger than 100 MiB)");
    crate::workspace::remove_tree(&dir).unwrap();
}

#[test]
fn rules_to_ignore_are_bounded_together_and_shared() {
    let text = "build-*/**/[a-f]?x\n".repeat(1_000);
    let places: Vec<String> = (0..3_000).map(|n| format!("d{n}/.gitignore")).collect();
    let mut files: Vec<(&str, &str)> = places.iter().map(|place| (place.as_str(), text.as_str())).collect();
    let bench = Bench::new(&files);
    assert!(bench.repo.survey(&bench.base).is_ok(), "the same file many times is one");
    let dir = bench.tree();
    fs::create_dir_all(dir.join("d7/build-1/a")).unwrap();
    fs::write(dir.join("d7/build-1/a/bzx"), "made").unwrap();
    assert!(bench.take(&dir).unchanged);

    let many: Vec<String> = (0..60).map(|n| format!("{n}\n{text}")).collect();
    files.extend(many.iter().zip(&places).map(|(text, place)| (place.as_str(), text.as_str())));
    let files: std::collections::BTreeMap<_, _> = files.into_iter().collect();
    let bench = Bench::new(&files.into_iter().collect::<Vec<_>>());
    let refused = bench.repo.survey(&bench.base).unwrap_err();
    let WorkspaceError::Unsupported { path, reason } = &refused else { panic!("{refused}") };
    assert!(path.ends_with("/.gitignore") && reason.contains("50000 lines") && reason.contains("fewer"), "{refused}");
    let large = "x".repeat((4 << 20) + 1);
    let bench = Bench::new(&[(".gitignore", large.as_str())]);
    assert!(bench.repo.survey(&bench.base).is_err());
}
