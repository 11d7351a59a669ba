//! Single objects that are put together: nothing is lost, whatever else goes on, and whatever was damaged before.

use super::Bench;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Changes the tree and takes it, so many times, one after the other.
fn history(bench: &Bench, dir: &Path, from: usize, to: usize) -> Vec<String> {
    let mut commits = Vec::new();
    for n in from..to {
        let line = |line: usize| format!("line {line} of {}", if line == n % 200 { n } else { 0 });
        let text = (0..200).map(line).collect::<Vec<_>>().join("\n");
        fs::write(dir.join("a"), text).unwrap();
        let parent = commits.last().unwrap_or(&bench.base).clone();
        commits.push(bench.take_with(dir, &parent, &[]).commit);
    }
    commits
}

fn assert_whole(bench: &Bench, commits: &[String]) {
    let place = bench.path("again");
    for (n, commit) in commits.iter().enumerate() {
        bench.repo.checkout(commit, &place, None).unwrap_or_else(|error| panic!("commit {n}: {error}"));
        super::super::remove_tree(&place).unwrap();
    }
}

fn packs(bench: &Bench) -> Vec<PathBuf> {
    let all = fs::read_dir(bench.repo.path().join("objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|ending| ending == "pack")).collect()
}

#[test]
fn a_pack_takes_a_fraction_and_every_commit_can_be_read_from_it() {
    let bench = Bench::new(&[("a", "old")]);
    let dir = bench.tree();
    let commits = history(&bench, &dir, 0, 100);
    let (loose, before) = (bench.repo.loose().unwrap(), packs(&bench).len());
    assert!(loose >= 300, "{loose}");
    // Whoever had the repository open before finds them, too.
    let open = bench.repo.open_git().unwrap();
    let packed = bench.repo.pack().unwrap();
    assert_eq!(packed.objects, loose);
    // Each single one took a block of the file system at least, mostly of 4 KiB.
    assert!(packed.saved > 500_000, "{packed:?}");
    assert_eq!((bench.repo.loose().unwrap(), packs(&bench).len()), (0, before + 1));
    for commit in &commits {
        open.find_commit(git2::Oid::from_str(commit).unwrap()).unwrap().tree().unwrap();
    }
    assert_whole(&bench, &commits);
    assert_eq!(bench.repo.pack().unwrap(), crate::domain::Packed::default());
    let left = fs::read_dir(bench.repo.path().join("objects")).unwrap();
    assert_eq!(left.filter(|entry| entry.as_ref().unwrap().file_name().len() > 4).count(), 0);
}

/// As a loss of power leaves one.
#[test]
fn a_damaged_object_stays_as_it_is_and_keeps_nothing_from_being_packed() {
    let bench = Bench::new(&[("a", "old")]);
    let dir = bench.tree();
    let commits = history(&bench, &dir, 0, 5);
    let name = "ab".repeat(20);
    let place = bench.repo.path().join("objects").join(&name[..2]);
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join(&name[2..]), "").unwrap();
    bench.repo.pack().unwrap();
    assert_eq!(bench.repo.loose().unwrap(), 1);
    let before = packs(&bench);
    assert_eq!(bench.repo.pack().unwrap(), crate::domain::Packed::default());
    assert_eq!(packs(&bench), before, "an empty pack was made");
    assert_whole(&bench, &commits);
}

/// Cut short after each of its parts: what is left lies twice at the most, and the next one clears it up.
#[test]
fn one_that_was_cut_short_is_cleared_up_by_the_next() {
    let bench = Bench::new(&[("a", "old")]);
    let dir = bench.tree();
    let commits = history(&bench, &dir, 0, 5);
    let left = bench.repo.path().join("objects/tmp_objdir-dogwatch-pack-1");
    fs::create_dir_all(left.join("pack")).unwrap();
    fs::write(left.join("pack/pack-x.pack"), "half").unwrap();
    bench.repo.pack().unwrap();
    assert!(!left.exists());
    assert_whole(&bench, &commits);
}

#[test]
fn runs_go_on_while_their_objects_are_put_together() {
    let bench = Bench::new(&[("a", "old")]);
    let done = AtomicBool::new(false);
    let all: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let bench = &bench;
                scope.spawn(move || {
                    let dir = bench.path(&format!("tree {writer}"));
                    bench.repo.checkout(&bench.base, &dir, None).unwrap();
                    // The second writes much that the first wrote before.
                    history(bench, &dir, writer * 20, writer * 20 + 60)
                })
            })
            .collect();
        let packer = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                bench.repo.pack().unwrap();
                rounds += 1;
            }
            rounds
        });
        let commits = writers.into_iter().flat_map(|one| one.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        assert!(packer.join().unwrap() > 1);
        commits
    });
    assert_whole(&bench, &all);
    bench.repo.pack().unwrap();
    assert_eq!(bench.repo.loose().unwrap(), 0);
    assert_whole(&bench, &all);
}

/// A difference is looked for among ten at once, which for large files would fill the memory.
#[test]
fn large_files_are_kept_whole() {
    use rand::{RngExt, SeedableRng};
    let bench = Bench::new(&[("a", "old")]);
    let dir = bench.tree();
    let mut bytes = vec![0; 5 << 20];
    rand::rngs::StdRng::seed_from_u64(1).fill(&mut bytes[..]);
    let mut commits = vec![bench.base.clone()];
    for n in 0..2 {
        bytes[0] = n;
        fs::write(dir.join("large"), &bytes).unwrap();
        commits.push(bench.take_with(&dir, commits.last().unwrap(), &[]).commit);
    }
    let before = packs(&bench);
    bench.repo.pack().unwrap();
    let made =
        packs(&bench).into_iter().filter(|path| !before.contains(path)).map(|path| fs::metadata(path).unwrap().len());
    assert!(made.sum::<u64>() > 10 << 20);
    assert_whole(&bench, &commits);
}
