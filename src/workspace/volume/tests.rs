//! Trees with file systems of their own, where this user may mount.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use super::*;
use std::io::Write;
use std::time::{Duration, Instant};

/// Whether they can be tried here; says so where not.
fn possible_here() -> bool {
    possible().map_err(|reason| eprintln!("skipped: {reason}")).is_ok()
}

/// Loop devices that have an image below a directory.
fn devices(home: &Path) -> usize {
    let home = home.canonicalize().unwrap();
    let all = fs::read_dir("/sys/block").unwrap().flatten();
    let backing = all.filter_map(|entry| fs::read_to_string(entry.path().join("loop/backing_file")).ok());
    backing.filter(|file| Path::new(file.trim()).starts_with(&home)).count()
}

#[test]
fn a_tree_of_its_own_has_a_size_and_leaves_nothing() {
    if !possible_here() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let tree = home.path().join("tree");
    // Making it anew takes the one before away, mounted as it is.
    for _ in 0..2 {
        make(&tree, 16).unwrap();
        assert!(is_own(&tree).unwrap());
        assert_eq!(fs::read_dir(&tree).unwrap().count(), 0);
        fs::write(tree.join("a"), "b").unwrap();
        assert_eq!(devices(home.path()), 1);
    }
    let flags = statvfs(&tree).unwrap().f_flag;
    assert!(flags.contains(StatVfsMountFlags::NOSUID | StatVfsMountFlags::NODEV), "{flags:?}");
    let mut file = File::create(tree.join("big")).unwrap();
    file.write_all(&vec![7; 16 << 20]).expect("what it may take fits");
    let error = (0..64).find_map(|_| file.write_all(&vec![7; 1 << 20]).err()).unwrap();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    drop(file);
    assert!(is_whole(&tree).unwrap());
    // As after a new start of the machine: not mounted any more.
    mounts::release(&tree).unwrap();
    assert!(!is_own(&tree).unwrap() && fs::read_dir(&tree).unwrap().count() == 0);
    for _ in 0..2 {
        hold(&tree).unwrap();
        assert_eq!(fs::read_to_string(tree.join("a")).unwrap(), "b");
    }
    for _ in 0..2 {
        release(home.path()).unwrap();
        release(&tree).unwrap();
    }
    assert_eq!((devices(home.path()), image_of(&tree).exists()), (0, false));
    assert!(is_whole(&tree).unwrap());
    hold(&tree).unwrap();
    assert_eq!(fs::read_dir(&tree).unwrap().count(), 0);
}

#[test]
fn a_tree_whose_image_found_no_room_is_known_not_to_be_whole() {
    if !possible_here() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let small = home.path().join("small");
    fs::create_dir(&small).unwrap();
    run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(&small)).unwrap();
    let tree = small.join("tree");
    make(&tree, 64).unwrap();
    assert!(is_whole(&tree).unwrap());
    // The image has room for it, the disk below has not, and the program is told that all is well.
    fs::write(tree.join("big"), vec![7; 48 << 20]).unwrap();
    assert!(!is_whole(&tree).unwrap());
    release(&tree).unwrap();
    // The kernel lets go of the loop device, and with it of the image, when it has given up writing.
    let end = Instant::now() + Duration::from_secs(30);
    while let Err(error) = run(Command::new("umount").arg(&small)) {
        assert!(Instant::now() < end, "{error}");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(devices(home.path()), 0);
}
