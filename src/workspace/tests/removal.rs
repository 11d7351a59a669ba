//! Removing trees that resist.

use crate::workspace::remove_tree;
use rustix::fs::{Mode, OFlags, mkdirat, openat};
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn ten_thousand_levels_go() {
    let room = tempfile::tempdir().unwrap();
    let top = room.path().join("deep");
    std::fs::create_dir(&top).unwrap();
    let mut at = rustix::fs::open(&top, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    for level in 0..10_000 {
        mkdirat(&at, "d", Mode::RWXU).unwrap();
        if level % 1000 == 0 {
            mkdirat(&at, "e", Mode::RWXU).unwrap();
        }
        at = openat(&at, "d", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    drop(at);
    remove_tree(&top).unwrap();
    assert!(!top.exists());
}

#[test]
fn locked_directories_go_and_links_are_not_followed() {
    let room = tempfile::tempdir().unwrap();
    let (top, other) = (room.path().join("top"), room.path().join("other"));
    std::fs::create_dir_all(top.join("a/b")).unwrap();
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("keep"), "x").unwrap();
    std::fs::set_permissions(other.join("keep"), PermissionsExt::from_mode(0o400)).unwrap();
    symlink(&other, top.join("a/b/link")).unwrap();
    symlink("loop", top.join("loop")).unwrap();
    std::fs::write(top.join(".dogwatch-removing-1"), "in the way").unwrap();
    for (path, mode) in [("a/b", 0o000), ("a", 0o500), ("", 0o000)] {
        std::fs::set_permissions(top.join(path), PermissionsExt::from_mode(mode)).unwrap();
    }
    remove_tree(&top).unwrap();
    assert!(!top.exists());
    assert!(other.join("keep").exists());
    remove_tree(&top).unwrap();
    remove_tree(&room.path().join("no/such/place")).unwrap();
    symlink(&other, &top).unwrap();
    remove_tree(&top).unwrap();
    assert!(top.symlink_metadata().is_err() && other.join("keep").exists());
}
